//! What platform and repository had when they met last, and what they cannot agree on.

use std::collections::BTreeMap;

use aitk_shared::api::{Conflict as ConflictView, SkippedFile};
use aitk_shared::event::Offset;
use aitk_shared::hash::ContentHash;
use aitk_shared::id::ProjectId;
use aitk_shared::manifest::Entry;
use aitk_shared::path::DocPath;
use aitk_shared::repo::{Branch, CommitId};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::{maybe_hash, send};
use crate::error::Result;
use crate::store::Write;
use crate::store::row::{Columns, big};

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
