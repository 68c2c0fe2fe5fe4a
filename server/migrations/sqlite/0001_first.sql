-- Times are milliseconds since 1970 UTC. Sizes are bytes. Hashes are lower-case hex.
-- Only types that every engine has: TEXT, BIGINT, BLOB.

-- Facts about the database itself, such as its epoch.
CREATE TABLE meta (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE projects (
    id             TEXT   NOT NULL PRIMARY KEY,
    slug           TEXT   NOT NULL UNIQUE,
    name           TEXT   NOT NULL,
    repo_url       TEXT,
    branch         TEXT,
    docs_path      TEXT   NOT NULL,
    on_lock        TEXT   NOT NULL,
    sealed_token   BLOB,
    sealed_webhook BLOB,
    -- The docs' identity; changes in the same transaction as the docs.
    revision       BIGINT NOT NULL,
    docs_hash      TEXT   NOT NULL,
    docs_count     BIGINT NOT NULL,
    created_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL
);

-- The head of each room's log. Never goes back, so that no offset is used twice.
CREATE TABLE rooms (
    room TEXT   NOT NULL PRIMARY KEY,
    head BIGINT NOT NULL
);

CREATE TABLE events (
    room           TEXT   NOT NULL,
    seq            BIGINT NOT NULL,
    id             TEXT   NOT NULL,
    kind           TEXT   NOT NULL,
    at             BIGINT NOT NULL,
    actor_id       TEXT,
    actor_name     TEXT,
    correlation_id TEXT,
    data           TEXT   NOT NULL,
    PRIMARY KEY (room, seq)
);

CREATE TABLE blobs (
    hash    TEXT NOT NULL PRIMARY KEY,
    content BLOB NOT NULL
);

CREATE TABLE docs (
    project_id TEXT   NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    path       TEXT   NOT NULL,
    -- Equal for paths that some file system cannot tell apart.
    twin_key   TEXT   NOT NULL,
    id         TEXT   NOT NULL,
    hash       TEXT   NOT NULL REFERENCES blobs (hash),
    size       BIGINT NOT NULL,
    version    BIGINT NOT NULL,
    revision   BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    updated_by TEXT   NOT NULL,
    PRIMARY KEY (project_id, path),
    UNIQUE (project_id, twin_key)
);

-- Every version of every doc; `hash` is NULL where the doc was deleted.
CREATE TABLE doc_versions (
    project_id TEXT   NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    revision   BIGINT NOT NULL,
    path       TEXT   NOT NULL,
    doc_id     TEXT   NOT NULL,
    version    BIGINT NOT NULL,
    hash       TEXT   REFERENCES blobs (hash),
    size       BIGINT NOT NULL,
    at         BIGINT NOT NULL,
    actor_id   TEXT   NOT NULL,
    actor_name TEXT   NOT NULL,
    message    TEXT,
    PRIMARY KEY (project_id, revision)
);
CREATE INDEX doc_versions_by_path ON doc_versions (project_id, path, revision);

-- The docs hash of every revision, so that a copy of any age gets a delta.
CREATE TABLE revisions (
    project_id TEXT   NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    revision   BIGINT NOT NULL,
    hash       TEXT   NOT NULL,
    PRIMARY KEY (project_id, revision)
);
CREATE INDEX revisions_by_hash ON revisions (project_id, hash, revision);

-- One row a project, kept when the lock ends, so that `token` only grows.
-- `holder` is NULL when nobody holds it.
CREATE TABLE locks (
    project_id TEXT   NOT NULL PRIMARY KEY REFERENCES projects (id) ON DELETE CASCADE,
    token      BIGINT NOT NULL,
    holder     TEXT,
    locked_by  TEXT   NOT NULL,
    reason     TEXT,
    locked_at  BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX locks_by_expiry ON locks (expires_at) WHERE holder IS NOT NULL;

CREATE TABLE keys (
    id           TEXT   NOT NULL PRIMARY KEY,
    -- SHA-256 of the key; the key itself is kept nowhere.
    hash         TEXT   NOT NULL UNIQUE,
    prefix       TEXT   NOT NULL,
    name         TEXT   NOT NULL,
    role         TEXT   NOT NULL,
    -- JSON list of room patterns; service keys only.
    rooms        TEXT   NOT NULL,
    created_at   BIGINT NOT NULL,
    created_by   TEXT   NOT NULL,
    expires_at   BIGINT,
    last_used_at BIGINT
);

CREATE TABLE key_projects (
    key_id     TEXT NOT NULL REFERENCES keys (id) ON DELETE CASCADE,
    project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    PRIMARY KEY (key_id, project_id)
);
CREATE INDEX key_projects_by_project ON key_projects (project_id);
