-- Links that turn into keys. Portable as the tables before.

CREATE TABLE invitations (
    -- SHA-256 of the token; the token itself is kept nowhere.
    hash            TEXT   NOT NULL PRIMARY KEY,
    role            TEXT   NOT NULL,
    created_at      BIGINT NOT NULL,
    -- The credential that made it, by id and by name. It need not be a key of ours.
    created_by_id   TEXT   NOT NULL,
    created_by_name TEXT   NOT NULL,
    expires_at      BIGINT NOT NULL,
    uses_left       BIGINT NOT NULL
);
CREATE INDEX invitations_by_creator ON invitations (created_by_id);

CREATE TABLE invitation_projects (
    hash       TEXT NOT NULL REFERENCES invitations (hash) ON DELETE CASCADE,
    project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    PRIMARY KEY (hash, project_id)
);
CREATE INDEX invitation_projects_by_project ON invitation_projects (project_id);
