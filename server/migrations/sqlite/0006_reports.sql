-- What each session of an agent was given last, so that a lead sees who reads what. Written late.
-- Portable as the tables before.

CREATE TABLE reports (
    project_id    TEXT   NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    -- A key's id or another credential's subject.
    subject       TEXT   NOT NULL,
    -- As the agent calls it; empty for a run by hand.
    session       TEXT   NOT NULL,
    name          TEXT   NOT NULL,
    agent         TEXT,
    -- NULL while it has no revision of ours.
    revision      BIGINT,
    -- Of aitk; NULL for another client.
    version       TEXT,
    at            BIGINT NOT NULL,
    -- Since when its answers say that somebody else holds the lock.
    blocked_since BIGINT,
    PRIMARY KEY (project_id, subject, session)
);
CREATE INDEX reports_by_time ON reports (at);
