//! What is known of the repositories that keep projects' docs: where platform and repository met
//! last, what waits to be pushed, what failed, and when to look again.

use std::collections::BTreeMap;

use aitk_shared::api::{Conflict as ConflictView, RepoFailure, RepoState, SkippedFile};
use aitk_shared::commit::Save;
use aitk_shared::event::{Actor, Offset};
use aitk_shared::hash::ContentHash;
use aitk_shared::id::ProjectId;
use aitk_shared::limits;
use aitk_shared::lock::Lease;
use aitk_shared::manifest::Entry;
use aitk_shared::path::DocPath;
use aitk_shared::repo::{Branch, CommitId};
use aitk_shared::time::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::Write;
use super::row::{Columns, big, damaged};
use crate::crypto;
use crate::error::Result;

/// Who brings what comes from a repository; no credential has this id.
pub const GIT: &str = "git";

/// What is known of a project's repository.
#[derive(Clone, Debug)]
pub struct Repository {
    /// Names the present connection.
    pub connection: String,
    /// The branch as the repository has it.
    pub branch: Option<Branch>,
    /// The last commit that was seen.
    pub commit: Option<CommitId>,
    /// When.
    pub pulled_at: Option<Timestamp>,
    /// Saves up to here are in the repository, or came from there.
    pub pushed_revision: Offset,
    /// Counts the wishes to look at it.
    pub wishes: u64,
    /// Failures in a row.
    pub tries: u64,
    failed_in: Option<String>,
    failure: Option<String>,
    failing_since: Option<Timestamp>,
    due_at: Option<Timestamp>,
    skipped: Vec<SkippedFile>,
}

/// A doc as the repository has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Known {
    /// Its hash and size.
    pub entry: Entry,
    /// Git's own id of the bytes.
    pub git_blob: String,
}

/// An undecided conflict.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Conflict {
    /// The platform's text.
    pub ours: ContentHash,
    /// The repository's; `None` where it deleted the doc.
    pub theirs: Option<Known>,
    /// Where the repository's text stands in the doc's history.
    pub theirs_revision: Option<Offset>,
    /// Both in one, with marks.
    pub merged: Option<String>,
}

/// A commit to come: the saves up to `revision`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mark {
    /// The last save's revision.
    pub revision: Offset,
    /// The lock's reason.
    pub reason: Option<String>,
}

/// One version of a doc since the last push.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Saved {
    /// The doc.
    pub path: DocPath,
    /// Its revision.
    pub revision: Offset,
    /// Its text; `None` for a deletion.
    pub hash: Option<ContentHash>,
    /// Who, why, when.
    pub save: Save,
}

/// How a look at a repository failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Doing {
    /// While pulling.
    Pull,
    /// While pushing.
    Push,
}

impl Doing {
    /// The lower-case name.
    pub fn as_str(self) -> &'static str {
        match self {
            Doing::Pull => "pull",
            Doing::Push => "push",
        }
    }
}

/// Connects a project to its repository, or anew where it was: it is looked at at once. What
/// both had in common stays known.
pub async fn connect(write: &mut Write, project: &ProjectId) -> Result<()> {
    let upsert = "INSERT INTO repositories (project_id, connection, pushed_revision, due_at, wishes, tries, skipped) \
                  VALUES ($1, $2, 0, $3, 1, 0, '[]') \
                  ON CONFLICT (project_id) DO UPDATE SET connection = excluded.connection, \
                  due_at = excluded.due_at, wishes = repositories.wishes + 1, tries = 0, \
                  failed_in = NULL, failure = NULL, failing_since = NULL";
    let now = write.now();
    let connection = format!("{:032x}", u128::from_be_bytes(crypto::random()));
    sqlx::query(upsert)
        .bind(project.as_str().to_owned())
        .bind(connection)
        .bind(now.as_millis())
        .execute(write.connection())
        .await?;
    write.wake();
    Ok(())
}

/// Forgets the repository, what both had in common and what waits for it.
pub async fn disconnect(write: &mut Write, project: &ProjectId) -> Result<()> {
    sqlx::query("DELETE FROM repositories WHERE project_id = $1")
        .bind(project.as_str().to_owned())
        .execute(write.connection())
        .await?;
    Ok(())
}

/// What is known of a project's repository, if one is connected.
pub async fn find(db: &mut AnyConnection, project: &ProjectId) -> Result<Option<Repository>> {
    let row = sqlx::query("SELECT * FROM repositories WHERE project_id = $1")
        .bind(project.as_str().to_owned())
        .fetch_optional(db)
        .await?;
    Ok(row.as_ref().map(decode).transpose()?)
}

/// How a project stands to its repository, for whoever looks at the project.
pub async fn state(db: &mut AnyConnection, project: &ProjectId) -> Result<Option<RepoState>> {
    let Some(known) = find(db, project).await? else { return Ok(None) };
    let unpublished = unpublished(db, project).await?;
    let saves = "SELECT (SELECT COUNT(*) FROM repository_commits WHERE project_id = $1) AS marks, \
                 (SELECT COUNT(*) FROM doc_versions WHERE project_id = $1 AND actor_id <> 'git' AND revision > $2 \
                  AND revision > COALESCE((SELECT MAX(revision) FROM repository_commits WHERE project_id = $1), 0)) AS loose";
    let row = sqlx::query(saves)
        .bind(project.as_str().to_owned())
        .bind(big(known.pushed_revision))
        .fetch_one(&mut *db)
        .await?;
    let commits = row.uint("marks")? + row.uint("loose")?.min(1);
    let conflicts = conflicts(db, project).await?.into_keys().collect();
    let failure = match (known.failed_in, known.failure, known.failing_since) {
        (Some(doing), Some(message), Some(since)) => {
            Some(RepoFailure { doing, message, since, tries: known.tries, next_try_at: known.due_at })
        }
        _ => None,
    };
    Ok(Some(RepoState {
        branch: known.branch.map(|branch| branch.as_str().to_owned()),
        commit: known.commit.map(|commit| commit.as_str().to_owned()),
        pulled_at: known.pulled_at,
        ahead: if unpublished == 0 { 0 } else { commits.max(1) },
        unpublished,
        conflicts,
        skipped: known.skipped,
        failure,
    }))
}

/// The number of docs that the repository has otherwise, conflicts left out.
pub async fn unpublished(db: &mut AnyConnection, project: &ProjectId) -> Result<u64> {
    let count = "SELECT (SELECT COUNT(*) FROM docs d LEFT JOIN repository_docs r ON r.project_id = $1 AND r.path = d.path \
                  WHERE d.project_id = $1 AND (r.hash IS NULL OR r.hash <> d.hash) \
                  AND d.path NOT IN (SELECT path FROM repository_conflicts WHERE project_id = $1)) \
                 + (SELECT COUNT(*) FROM repository_docs r LEFT JOIN docs d ON d.project_id = $1 AND d.path = r.path \
                  WHERE r.project_id = $1 AND d.hash IS NULL \
                  AND r.path NOT IN (SELECT path FROM repository_conflicts WHERE project_id = $1)) AS count";
    let row = sqlx::query(count).bind(project.as_str().to_owned()).fetch_one(db).await?;
    Ok(row.uint("count")?)
}

/// Projects whose repository is to be looked at; one that somebody locked waits for that.
pub async fn due(db: &mut AnyConnection, now: Timestamp) -> Result<Vec<ProjectId>> {
    let select = "SELECT r.project_id AS project_id FROM repositories r LEFT JOIN locks l \
                  ON l.project_id = r.project_id AND l.holder IS NOT NULL AND l.expires_at > $1 \
                  WHERE r.due_at <= $1 AND l.project_id IS NULL ORDER BY r.due_at";
    let rows = sqlx::query(select).bind(now.as_millis()).fetch_all(db).await?;
    Ok(rows.iter().map(|row| row.parsed("project_id", ProjectId::parse)).collect::<sqlx::Result<_>>()?)
}

/// When the next one is due after `now`.
pub async fn next_due(db: &mut AnyConnection, now: Timestamp) -> Result<Option<Timestamp>> {
    let row = sqlx::query("SELECT MIN(due_at) AS next FROM repositories WHERE due_at > $1")
        .bind(now.as_millis())
        .fetch_one(db)
        .await?;
    Ok(row.maybe_time("next")?)
}

/// Wishes that the repository be looked at as soon as may be.
pub async fn wish(write: &mut Write, project: &ProjectId) -> Result<()> {
    let now = write.now();
    sqlx::query("UPDATE repositories SET due_at = $2, wishes = wishes + 1 WHERE project_id = $1")
        .bind(project.as_str().to_owned())
        .bind(now.as_millis())
        .execute(write.connection())
        .await?;
    write.wake();
    Ok(())
}

/// Notes that docs were saved: it decides their conflicts, and without a lock they go to the
/// repository once it was quiet for a while. While it fails, its next try is not hurried.
pub async fn saved<'a>(
    write: &mut Write,
    project: &ProjectId,
    paths: impl Iterator<Item = &'a DocPath>,
) -> Result<()> {
    if find(write.connection(), project).await?.is_none() {
        return Ok(());
    }
    let undecided = conflicts(write.connection(), project).await?;
    for path in paths {
        if let Some(conflict) = undecided.get(path) {
            settle(write, project, path, conflict.theirs.as_ref()).await?;
        }
    }
    let update = "UPDATE repositories SET wishes = wishes + 1, \
                  due_at = CASE WHEN tries > 0 AND due_at IS NOT NULL THEN due_at ELSE $2 END WHERE project_id = $1";
    let quiet = write.now().plus(limits::REPOSITORY_QUIET);
    sqlx::query(update)
        .bind(project.as_str().to_owned())
        .bind(quiet.as_millis())
        .execute(write.connection())
        .await?;
    write.wake();
    Ok(())
}

/// A lock begins: what was saved before is no part of what will be saved under it.
pub async fn lock_begins(write: &mut Write, project: &ProjectId) -> Result<()> {
    mark(write, project, None).await
}

/// A lock ended, in whatever way: what was saved under it is one commit to come.
pub async fn lock_ended(write: &mut Write, lease: &Lease) -> Result<()> {
    mark(write, &lease.project, lease.reason.as_deref()).await?;
    wish(write, &lease.project).await
}

/// Makes one commit to come of all saves since the last.
pub async fn mark(write: &mut Write, project: &ProjectId, reason: Option<&str>) -> Result<()> {
    let insert = "INSERT INTO repository_commits (project_id, revision, reason) \
                  SELECT r.project_id, p.revision, $2 FROM repositories r JOIN projects p ON p.id = r.project_id \
                  WHERE r.project_id = $1 AND EXISTS (SELECT 1 FROM doc_versions v WHERE v.project_id = $1 \
                  AND v.actor_id <> 'git' AND v.revision > r.pushed_revision AND v.revision > COALESCE( \
                  (SELECT MAX(revision) FROM repository_commits WHERE project_id = $1), 0)) \
                  ON CONFLICT (project_id, revision) DO NOTHING";
    sqlx::query(insert)
        .bind(project.as_str().to_owned())
        .bind(reason.map(str::to_owned))
        .execute(write.connection())
        .await?;
    Ok(())
}

/// What both had when they met last.
pub async fn base(db: &mut AnyConnection, project: &ProjectId) -> Result<BTreeMap<DocPath, Known>> {
    let rows = sqlx::query("SELECT * FROM repository_docs WHERE project_id = $1")
        .bind(project.as_str().to_owned())
        .fetch_all(db)
        .await?;
    let known = |row: &AnyRow| {
        let entry = Entry { hash: row.parsed("hash", ContentHash::parse)?, size: row.uint("size")? };
        Ok((row.parsed("path", DocPath::parse)?, Known { entry, git_blob: row.text("git_blob")? }))
    };
    Ok(rows.iter().map(known).collect::<sqlx::Result<_>>()?)
}

/// What was under way to the repository when nobody heard how it ended.
pub async fn sent(
    db: &mut AnyConnection,
    project: &ProjectId,
) -> Result<BTreeMap<DocPath, Option<ContentHash>>> {
    let rows = sqlx::query("SELECT * FROM repository_sent WHERE project_id = $1")
        .bind(project.as_str().to_owned())
        .fetch_all(db)
        .await?;
    let sent = |row: &AnyRow| Ok((row.parsed("path", DocPath::parse)?, maybe_hash(row, "hash")?));
    Ok(rows.iter().map(sent).collect::<sqlx::Result<_>>()?)
}

/// Notes what is about to be pushed, instead of what was before.
pub async fn send(
    write: &mut Write,
    project: &ProjectId,
    docs: &BTreeMap<DocPath, Option<ContentHash>>,
) -> Result<()> {
    sqlx::query("DELETE FROM repository_sent WHERE project_id = $1")
        .bind(project.as_str().to_owned())
        .execute(write.connection())
        .await?;
    for (path, hash) in docs {
        sqlx::query("INSERT INTO repository_sent (project_id, path, hash) VALUES ($1, $2, $3)")
            .bind(project.as_str().to_owned())
            .bind(path.as_str().to_owned())
            .bind(hash.map(|hash| hash.to_string()))
            .execute(write.connection())
            .await?;
    }
    Ok(())
}

/// Undecided conflicts.
pub async fn conflicts(db: &mut AnyConnection, project: &ProjectId) -> Result<BTreeMap<DocPath, Conflict>> {
    let rows = sqlx::query("SELECT * FROM repository_conflicts WHERE project_id = $1")
        .bind(project.as_str().to_owned())
        .fetch_all(db)
        .await?;
    let conflict = |row: &AnyRow| Ok((row.parsed("path", DocPath::parse)?, decode_conflict(row)?));
    Ok(rows.iter().map(conflict).collect::<sqlx::Result<_>>()?)
}

/// A doc's undecided conflict, for its readers.
pub async fn conflict(
    db: &mut AnyConnection,
    project: &ProjectId,
    path: &DocPath,
) -> Result<Option<ConflictView>> {
    let row = sqlx::query("SELECT * FROM repository_conflicts WHERE project_id = $1 AND path = $2")
        .bind(project.as_str().to_owned())
        .bind(path.as_str().to_owned())
        .fetch_optional(db)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let Conflict { theirs, theirs_revision, merged, .. } = decode_conflict(&row)?;
    let theirs_hash = theirs.map(|theirs| theirs.entry.hash);
    Ok(Some(ConflictView { theirs_hash, theirs_revision, merged, at: row.time("at")? }))
}

/// Notes a conflict, instead of an older one of the doc.
pub async fn dispute(
    write: &mut Write,
    project: &ProjectId,
    path: &DocPath,
    conflict: &Conflict,
) -> Result<()> {
    let upsert = "INSERT INTO repository_conflicts (project_id, path, ours_hash, theirs_hash, theirs_size, \
                  theirs_blob, theirs_revision, merged, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
                  ON CONFLICT (project_id, path) DO UPDATE SET ours_hash = excluded.ours_hash, \
                  theirs_hash = excluded.theirs_hash, theirs_size = excluded.theirs_size, \
                  theirs_blob = excluded.theirs_blob, theirs_revision = excluded.theirs_revision, \
                  merged = excluded.merged, at = excluded.at";
    let now = write.now();
    let theirs = conflict.theirs.as_ref();
    sqlx::query(upsert)
        .bind(project.as_str().to_owned())
        .bind(path.as_str().to_owned())
        .bind(conflict.ours.to_string())
        .bind(theirs.map(|theirs| theirs.entry.hash.to_string()))
        .bind(big(theirs.map_or(0, |theirs| theirs.entry.size)))
        .bind(theirs.map(|theirs| theirs.git_blob.clone()))
        .bind(conflict.theirs_revision.map(big))
        .bind(conflict.merged.clone())
        .bind(now.as_millis())
        .execute(write.connection())
        .await?;
    Ok(())
}

/// Platform and repository have met at this text, or at none; a conflict about it is over.
pub async fn settle(
    write: &mut Write,
    project: &ProjectId,
    path: &DocPath,
    known: Option<&Known>,
) -> Result<()> {
    for delete in [
        "DELETE FROM repository_conflicts WHERE project_id = $1 AND path = $2",
        "DELETE FROM repository_docs WHERE project_id = $1 AND path = $2",
    ] {
        sqlx::query(delete)
            .bind(project.as_str().to_owned())
            .bind(path.as_str().to_owned())
            .execute(write.connection())
            .await?;
    }
    let Some(known) = known else { return Ok(()) };
    let insert =
        "INSERT INTO repository_docs (project_id, path, hash, size, git_blob) VALUES ($1, $2, $3, $4, $5)";
    sqlx::query(insert)
        .bind(project.as_str().to_owned())
        .bind(path.as_str().to_owned())
        .bind(known.entry.hash.to_string())
        .bind(big(known.entry.size))
        .bind(known.git_blob.clone())
        .execute(write.connection())
        .await?;
    Ok(())
}

/// Commits to come, oldest first.
pub async fn marks(db: &mut AnyConnection, project: &ProjectId) -> Result<Vec<Mark>> {
    let rows = sqlx::query("SELECT * FROM repository_commits WHERE project_id = $1 ORDER BY revision")
        .bind(project.as_str().to_owned())
        .fetch_all(db)
        .await?;
    let mark = |row: &AnyRow| Ok(Mark { revision: row.uint("revision")?, reason: row.maybe_text("reason")? });
    Ok(rows.iter().map(mark).collect::<sqlx::Result<_>>()?)
}

/// All versions after a revision, oldest first.
pub async fn versions(db: &mut AnyConnection, project: &ProjectId, after: Offset) -> Result<Vec<Saved>> {
    let select = "SELECT path, revision, hash, actor_id, actor_name, message, at FROM doc_versions \
                  WHERE project_id = $1 AND revision > $2 ORDER BY revision";
    let rows = sqlx::query(select).bind(project.as_str().to_owned()).bind(big(after)).fetch_all(db).await?;
    let saved = |row: &AnyRow| {
        let by = Actor { id: row.text("actor_id")?, name: row.text("actor_name")? };
        Ok(Saved {
            path: row.parsed("path", DocPath::parse)?,
            revision: row.uint("revision")?,
            hash: maybe_hash(row, "hash")?,
            save: Save { by, message: row.maybe_text("message")?, at: row.time("at")? },
        })
    };
    Ok(rows.iter().map(saved).collect::<sqlx::Result<_>>()?)
}

/// Notes that the repository was seen at a commit.
pub async fn pulled(
    write: &mut Write,
    project: &ProjectId,
    branch: &Branch,
    commit: Option<&CommitId>,
    skipped: &[SkippedFile],
) -> Result<()> {
    let update = "UPDATE repositories SET branch = $2, commit_id = $3, pulled_at = $4, skipped = $5 WHERE project_id = $1";
    let now = write.now();
    sqlx::query(update)
        .bind(project.as_str().to_owned())
        .bind(branch.as_str().to_owned())
        .bind(commit.map(|commit| commit.as_str().to_owned()))
        .bind(now.as_millis())
        .bind(serde_json::to_string(skipped).unwrap_or_else(|_| "[]".into()))
        .execute(write.connection())
        .await?;
    send(write, project, &BTreeMap::new()).await
}

/// Notes that all saves up to a revision are in the repository, with a new commit or without.
pub async fn pushed(
    write: &mut Write,
    project: &ProjectId,
    revision: Offset,
    commit: Option<&CommitId>,
) -> Result<()> {
    let update = "UPDATE repositories SET pushed_revision = $2, commit_id = COALESCE($3, commit_id) WHERE project_id = $1";
    sqlx::query(update)
        .bind(project.as_str().to_owned())
        .bind(big(revision))
        .bind(commit.map(|commit| commit.as_str().to_owned()))
        .execute(write.connection())
        .await?;
    sqlx::query("DELETE FROM repository_commits WHERE project_id = $1 AND revision <= $2")
        .bind(project.as_str().to_owned())
        .bind(big(revision))
        .execute(write.connection())
        .await?;
    send(write, project, &BTreeMap::new()).await
}

/// Notes a success, and when to look again unless somebody wished for it meanwhile.
pub async fn succeeded(
    write: &mut Write,
    project: &ProjectId,
    seen: &Repository,
    next: Option<Timestamp>,
) -> Result<()> {
    let update = "UPDATE repositories SET tries = 0, failed_in = NULL, failure = NULL, failing_since = NULL, \
                  due_at = CASE WHEN wishes = $3 THEN CAST($4 AS BIGINT) ELSE due_at END \
                  WHERE project_id = $1 AND connection = $2";
    sqlx::query(update)
        .bind(project.as_str().to_owned())
        .bind(seen.connection.clone())
        .bind(big(seen.wishes))
        .bind(next.map(Timestamp::as_millis))
        .execute(write.connection())
        .await?;
    write.wake();
    Ok(())
}

/// Notes a failure, and when to try again.
pub async fn failed(
    write: &mut Write,
    project: &ProjectId,
    seen: &Repository,
    doing: Doing,
    why: &str,
    next: Option<Timestamp>,
) -> Result<()> {
    let update = "UPDATE repositories SET tries = tries + 1, failed_in = $3, failure = $4, \
                  failing_since = COALESCE(failing_since, $5), due_at = $6 \
                  WHERE project_id = $1 AND connection = $2";
    let now = write.now();
    sqlx::query(update)
        .bind(project.as_str().to_owned())
        .bind(seen.connection.clone())
        .bind(doing.as_str())
        .bind(why.to_owned())
        .bind(now.as_millis())
        .bind(next.map(Timestamp::as_millis))
        .execute(write.connection())
        .await?;
    write.wake();
    Ok(())
}

fn decode(row: &AnyRow) -> sqlx::Result<Repository> {
    let branch = match row.maybe_text("branch")? {
        Some(_) => Some(row.parsed("branch", Branch::parse)?),
        None => None,
    };
    let commit = match row.maybe_text("commit_id")? {
        Some(_) => Some(row.parsed("commit_id", CommitId::parse)?),
        None => None,
    };
    Ok(Repository {
        connection: row.text("connection")?,
        branch,
        commit,
        pulled_at: row.maybe_time("pulled_at")?,
        pushed_revision: row.uint("pushed_revision")?,
        wishes: row.uint("wishes")?,
        tries: row.uint("tries")?,
        failed_in: row.maybe_text("failed_in")?,
        failure: row.maybe_text("failure")?,
        failing_since: row.maybe_time("failing_since")?,
        due_at: row.maybe_time("due_at")?,
        skipped: serde_json::from_str(&row.text("skipped")?).map_err(|e| damaged("skipped", e))?,
    })
}

fn decode_conflict(row: &AnyRow) -> sqlx::Result<Conflict> {
    let theirs = match (maybe_hash(row, "theirs_hash")?, row.maybe_text("theirs_blob")?) {
        (Some(hash), Some(git_blob)) => {
            Some(Known { entry: Entry { hash, size: row.uint("theirs_size")? }, git_blob })
        }
        _ => None,
    };
    let theirs_revision = match row.try_get::<Option<i64>, _>("theirs_revision")? {
        Some(_) => Some(row.uint("theirs_revision")?),
        None => None,
    };
    Ok(Conflict {
        ours: row.parsed("ours_hash", ContentHash::parse)?,
        theirs,
        theirs_revision,
        merged: row.maybe_text("merged")?,
    })
}

fn maybe_hash(row: &AnyRow, column: &str) -> sqlx::Result<Option<ContentHash>> {
    match row.maybe_text(column)? {
        Some(_) => Ok(Some(row.parsed(column, ContentHash::parse)?)),
        None => Ok(None),
    }
}
