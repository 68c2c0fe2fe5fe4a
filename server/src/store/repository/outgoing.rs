//! What was saved on the platform and waits to be pushed, commit by commit.

use std::collections::BTreeMap;

use aitk_shared::commit::Save;
use aitk_shared::event::{Actor, Offset};
use aitk_shared::hash::ContentHash;
use aitk_shared::id::ProjectId;
use aitk_shared::lock::Lease;
use aitk_shared::path::DocPath;
use aitk_shared::repo::CommitId;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::{maybe_hash, wish};
use crate::error::Result;
use crate::store::Write;
use crate::store::row::{Columns, big};

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
