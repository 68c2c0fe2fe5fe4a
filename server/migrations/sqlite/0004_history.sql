-- How far back a project's history goes. Portable as the tables before.

-- The docs as they were before this revision are not kept as a whole any more.
ALTER TABLE projects ADD COLUMN history_from BIGINT NOT NULL DEFAULT 0;

-- Who refers to a content, asked whenever an old version goes.
CREATE INDEX docs_by_hash ON docs (hash);
CREATE INDEX doc_versions_by_hash ON doc_versions (hash);
