//! Old versions, and how they go. What is current never does.

use aitk_shared::event::Offset;
use aitk_shared::id::ProjectId;
use aitk_shared::time::Timestamp;
use sqlx::{AnyConnection, Connection};

use super::Write;
use super::row::{Columns, big};
use crate::error::Result;

/// What is kept of the history of each doc, besides its last version. A version stays as long as one of
/// the two keeps it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Keep {
    /// So many of its last versions; the last one where absent.
    pub versions: Option<u64>,
    /// What stood at this moment or later; any moment where absent.
    pub since: Option<Timestamp>,
}

/// From which revision on the docs are known as a whole; 0 where nothing was ever trimmed.
pub async fn reaches_back_to(db: &mut AnyConnection, project: &ProjectId) -> Result<Offset> {
    let row = sqlx::query("SELECT history_from FROM projects WHERE id = $1")
        .bind(project.as_str().to_owned())
        .fetch_one(db)
        .await?;
    Ok(row.uint("history_from")?)
}

/// Removes at most `limit` versions that are not to be kept, oldest first, and the contents that nothing
/// refers to any more; returns how many. A copy of a revision that is not whole any more is not known
/// any more either, so that its owner gets everything.
pub async fn trim(write: &mut Write, project: &ProjectId, keep: Keep, limit: u64) -> Result<usize> {
    let select = "SELECT revision, hash, next_revision FROM (\
                  SELECT revision, hash, \
                  ROW_NUMBER() OVER (PARTITION BY path ORDER BY revision DESC) AS age, \
                  LEAD(revision) OVER (PARTITION BY path ORDER BY revision) AS next_revision, \
                  LEAD(at) OVER (PARTITION BY path ORDER BY revision) AS next_at \
                  FROM doc_versions WHERE project_id = $1) aged \
                  WHERE next_revision IS NOT NULL AND age > $2 AND next_at < $3 ORDER BY revision LIMIT $4";
    let rows = sqlx::query(select)
        .bind(project.as_str().to_owned())
        .bind(big(keep.versions.unwrap_or(1)))
        .bind(keep.since.map_or(i64::MAX, Timestamp::as_millis))
        .bind(big(limit))
        .fetch_all(write.connection())
        .await?;
    let mut whole_from = 0;
    for row in &rows {
        whole_from = whole_from.max(row.uint("next_revision")?);
        sqlx::query("DELETE FROM doc_versions WHERE project_id = $1 AND revision = $2")
            .bind(project.as_str().to_owned())
            .bind(big(row.uint("revision")?))
            .execute(write.connection())
            .await?;
        if let Some(hash) = row.maybe_text("hash")? {
            forget_content(write.connection(), &hash).await?;
        }
    }
    if rows.is_empty() {
        return Ok(0);
    }
    sqlx::query("UPDATE projects SET history_from = $2 WHERE id = $1 AND history_from < $2")
        .bind(project.as_str().to_owned())
        .bind(big(whole_from))
        .execute(write.connection())
        .await?;
    sqlx::query(
        "DELETE FROM revisions WHERE project_id = $1 AND revision < \
         (SELECT history_from FROM projects WHERE id = $1)",
    )
    .bind(project.as_str().to_owned())
    .execute(write.connection())
    .await?;
    Ok(rows.len())
}

/// Removes a content that nothing refers to. What refers to it from elsewhere keeps it: the engine
/// refuses, and that is no failure.
async fn forget_content(db: &mut AnyConnection, hash: &str) -> Result<()> {
    let delete = "DELETE FROM blobs WHERE hash = $1 AND NOT EXISTS (SELECT 1 FROM docs WHERE hash = $1) \
                  AND NOT EXISTS (SELECT 1 FROM doc_versions WHERE hash = $1)";
    let mut attempt = db.begin().await?;
    match sqlx::query(delete).bind(hash.to_owned()).execute(&mut *attempt).await {
        Ok(_) => attempt.commit().await?,
        Err(sqlx::Error::Database(error)) if error.is_foreign_key_violation() => attempt.rollback().await?,
        Err(error) => return Err(error.into()),
    }
    Ok(())
}
