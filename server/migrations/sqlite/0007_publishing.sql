-- Events that backends publish. Portable as the tables before.

-- The subject that does not get the event; NULL for everybody's.
ALTER TABLE events ADD COLUMN exclude TEXT;

-- Answers that a repeated publication gets again. Rows go after a day.
CREATE TABLE publications (
    -- SHA-256 of the credential, the rooms and the Idempotency-Key.
    id          TEXT   NOT NULL PRIMARY KEY,
    -- SHA-256 of what was published, to tell a repetition from another use of the key.
    fingerprint TEXT   NOT NULL,
    answer      TEXT   NOT NULL,
    at          BIGINT NOT NULL
);
CREATE INDEX publications_by_age ON publications (at);
