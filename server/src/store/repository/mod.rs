//! What is known of the repositories that keep projects' docs: where both met last ([`meeting`]),
//! what waits to be pushed ([`outgoing`]), and when to look again ([`timetable`]).

mod meeting;
mod outgoing;
mod timetable;

use aitk_shared::api::{RepoFailure, RepoState, SkippedFile};
use aitk_shared::event::Offset;
use aitk_shared::hash::ContentHash;
use aitk_shared::id::ProjectId;
use aitk_shared::repo::{Branch, CommitId};
use aitk_shared::time::Timestamp;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use crate::crypto;
use crate::error::Result;
use crate::store::Write;
use crate::store::row::{Columns, big, damaged};

pub use meeting::*;
pub use outgoing::*;
pub use timetable::*;

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
    /// When it is to be looked at next.
    pub due_at: Option<Timestamp>,
    /// What was no doc there.
    pub skipped: Vec<SkippedFile>,
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

fn maybe_hash(row: &AnyRow, column: &str) -> sqlx::Result<Option<ContentHash>> {
    match row.maybe_text(column)? {
        Some(_) => Ok(Some(row.parsed(column, ContentHash::parse)?)),
        None => Ok(None),
    }
}
