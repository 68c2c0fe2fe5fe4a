//! When each repository is looked at: what was wished for, what failed, and when to try again.

use aitk_shared::id::ProjectId;
use aitk_shared::limits;
use aitk_shared::path::DocPath;
use aitk_shared::time::Timestamp;
use sqlx::AnyConnection;

use super::{Repository, conflicts, find, settle};
use crate::error::Result;
use crate::store::Write;
use crate::store::row::{Columns, big};

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
