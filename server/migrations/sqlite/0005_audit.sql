-- Who did what, when, and from where. Portable as the tables before, but for the triggers.

-- The number of the last line. A row of its own, so that numbers stay dense on every engine.
CREATE TABLE audit_head (
    one BIGINT NOT NULL PRIMARY KEY,
    seq BIGINT NOT NULL
);
INSERT INTO audit_head (one, seq) VALUES (1, 0);

-- Refers to nothing: a line outlives whatever it tells of.
CREATE TABLE audit (
    seq        BIGINT NOT NULL PRIMARY KEY,
    at         BIGINT NOT NULL,
    action     TEXT   NOT NULL,
    -- NULL where the server itself acted, or nobody knows who asked.
    actor_id   TEXT,
    actor_name TEXT,
    -- NULL where no request was the cause.
    address    TEXT,
    request_id TEXT,
    -- A JSON object, never with a secret in it.
    detail     TEXT   NOT NULL
);

-- The projects that a line is about; none for what is about the server.
CREATE TABLE audit_projects (
    project_id TEXT   NOT NULL,
    seq        BIGINT NOT NULL,
    PRIMARY KEY (project_id, seq)
);
CREATE INDEX audit_projects_by_seq ON audit_projects (seq);

CREATE TRIGGER audit_stays BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_is_not_rewritten BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
