-- Repositories that keep projects' docs. Portable as the tables before.

CREATE TABLE repositories (
    project_id      TEXT   NOT NULL PRIMARY KEY REFERENCES projects (id) ON DELETE CASCADE,
    -- Another one whenever URL, branch, folder or token change: what was begun for the one
    -- before is not written down.
    connection      TEXT   NOT NULL,
    -- As the repository itself has it; NULL until it was seen.
    branch          TEXT,
    commit_id       TEXT,
    pulled_at       BIGINT,
    -- Saves up to this revision are in the repository, or came from there.
    pushed_revision BIGINT NOT NULL,
    -- When the repository is to be looked at next; NULL where nothing is to be done.
    due_at          BIGINT,
    -- Counts the wishes to look at it, so that one made meanwhile is not overwritten.
    wishes          BIGINT NOT NULL,
    -- What failed last, since when, and how often; `failed_in` is 'pull' or 'push'.
    failed_in       TEXT,
    failure         TEXT,
    failing_since   BIGINT,
    tries           BIGINT NOT NULL,
    -- JSON list of names that are no docs, and why.
    skipped         TEXT   NOT NULL
);
CREATE INDEX repositories_by_due ON repositories (due_at) WHERE due_at IS NOT NULL;

-- What platform and repository had when they met last.
CREATE TABLE repository_docs (
    project_id TEXT   NOT NULL REFERENCES repositories (project_id) ON DELETE CASCADE,
    path       TEXT   NOT NULL,
    hash       TEXT   NOT NULL REFERENCES blobs (hash),
    size       BIGINT NOT NULL,
    -- Git's own id of these bytes.
    git_blob   TEXT   NOT NULL,
    PRIMARY KEY (project_id, path)
);

-- Docs that were changed on both sides; gone as soon as somebody saves them again.
CREATE TABLE repository_conflicts (
    project_id      TEXT   NOT NULL REFERENCES repositories (project_id) ON DELETE CASCADE,
    path            TEXT   NOT NULL,
    ours_hash       TEXT   NOT NULL REFERENCES blobs (hash),
    -- NULL where the repository deleted it.
    theirs_hash     TEXT   REFERENCES blobs (hash),
    theirs_size     BIGINT NOT NULL,
    theirs_blob     TEXT,
    -- Where the repository's text stands in the doc's history.
    theirs_revision BIGINT,
    -- Both texts in one, with git's marks; NULL where they cannot be.
    merged          TEXT,
    at              BIGINT NOT NULL,
    PRIMARY KEY (project_id, path)
);

-- Each is a commit to come: the saves since the one before, up to this revision.
CREATE TABLE repository_commits (
    project_id TEXT   NOT NULL REFERENCES repositories (project_id) ON DELETE CASCADE,
    revision   BIGINT NOT NULL,
    reason     TEXT,
    PRIMARY KEY (project_id, revision)
);

-- The push under way: should nobody hear how it ended, the next pull knows its texts again.
CREATE TABLE repository_sent (
    project_id TEXT NOT NULL REFERENCES repositories (project_id) ON DELETE CASCADE,
    path       TEXT NOT NULL,
    -- NULL for a deletion.
    hash       TEXT,
    PRIMARY KEY (project_id, path)
);

-- Projects that named a repository before it was of any use.
INSERT INTO repositories (project_id, connection, pushed_revision, due_at, wishes, tries, skipped)
    SELECT id, 'first', 0, 0, 0, 0, '[]' FROM projects WHERE repo_url IS NOT NULL;
