//! Docs, their versions, and what lies between two revisions.

use std::collections::BTreeMap;

use aitk_shared::api::{DocInfo, Version, action};
use aitk_shared::event::{Actor, Offset, Room, types};
use aitk_shared::hash::{ContentHash, DocsHash};
use aitk_shared::id::{DocId, ProjectId};
use aitk_shared::manifest::{Delta, Entry, Manifest};
use aitk_shared::path::DocPath;
use futures_util::{Stream, StreamExt};
use serde_json::json;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::row::{Columns, big};
use super::{Write, audit, projects};
use crate::crypto;
use crate::error::Result;

/// What each doc shall be: these bytes, or gone.
pub type Changes = BTreeMap<DocPath, Option<Vec<u8>>>;

/// What a change of docs led to.
pub struct Applied {
    /// The docs hash now.
    pub hash: DocsHash,
    /// The revision now.
    pub revision: Offset,
    /// What really changed.
    pub delta: Delta,
}

/// All docs without content, sorted by path bytes.
pub async fn list(db: &mut AnyConnection, project: &ProjectId) -> Result<Vec<DocInfo>> {
    let select = "SELECT d.*, (SELECT COUNT(*) FROM repository_conflicts c \
                  WHERE c.project_id = d.project_id AND c.path = d.path) AS conflicts \
                  FROM docs d WHERE d.project_id = $1 ORDER BY d.path";
    let rows = sqlx::query(select).bind(project.as_str().to_owned()).fetch_all(db).await?;
    let mut docs = rows.iter().map(decode).collect::<sqlx::Result<Vec<_>>>()?;
    docs.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(docs)
}

/// The docs as a manifest.
pub async fn manifest(db: &mut AnyConnection, project: &ProjectId) -> Result<Manifest> {
    let rows = sqlx::query("SELECT path, hash, size FROM docs WHERE project_id = $1")
        .bind(project.as_str().to_owned())
        .fetch_all(db)
        .await?;
    let entry = |row: &AnyRow| {
        let hash = row.parsed("hash", ContentHash::parse)?;
        Ok((row.parsed("path", DocPath::parse)?, Entry { hash, size: row.uint("size")? }))
    };
    Ok(rows.iter().map(entry).collect::<sqlx::Result<_>>()?)
}

/// The doc at `path` now.
pub async fn find(db: &mut AnyConnection, project: &ProjectId, path: &DocPath) -> Result<Option<DocInfo>> {
    let select = "SELECT d.*, (SELECT COUNT(*) FROM repository_conflicts c \
                  WHERE c.project_id = d.project_id AND c.path = d.path) AS conflicts \
                  FROM docs d WHERE d.project_id = $1 AND d.path = $2";
    let row = sqlx::query(select)
        .bind(project.as_str().to_owned())
        .bind(path.as_str().to_owned())
        .fetch_optional(db)
        .await?;
    Ok(row.as_ref().map(decode).transpose()?)
}

/// The version of `path` that stood at `revision`; one without a hash was a deletion.
pub async fn at_revision(
    db: &mut AnyConnection,
    project: &ProjectId,
    path: &DocPath,
    revision: Offset,
) -> Result<Option<(DocId, Version)>> {
    let select = "SELECT * FROM doc_versions WHERE project_id = $1 AND path = $2 AND revision <= $3 \
                  ORDER BY revision DESC LIMIT 1";
    let row = sqlx::query(select)
        .bind(project.as_str().to_owned())
        .bind(path.as_str().to_owned())
        .bind(big(revision))
        .fetch_optional(db)
        .await?;
    Ok(row
        .map(|row| Ok::<_, sqlx::Error>((row.parsed("doc_id", DocId::parse)?, decode_version(&row)?)))
        .transpose()?)
}

/// All docs as they were at `revision`, sorted by path bytes. Within the change of several docs, where
/// each has a revision of its own, it is that whole change.
pub async fn list_at(db: &mut AnyConnection, project: &ProjectId, revision: Offset) -> Result<Vec<DocInfo>> {
    let whole = "SELECT MIN(r.revision) AS revision FROM revisions r WHERE r.project_id = $1 AND r.revision >= $2 \
                 AND EXISTS (SELECT 1 FROM doc_versions v WHERE v.project_id = $1 AND v.revision = $2)";
    let row =
        sqlx::query(whole).bind(project.as_str().to_owned()).bind(big(revision)).fetch_one(&mut *db).await?;
    let revision = row.try_get::<Option<i64>, _>("revision")?.unwrap_or(big(revision));
    let select = "SELECT v.* FROM doc_versions v WHERE v.project_id = $1 AND v.hash IS NOT NULL AND v.revision = \
                  (SELECT MAX(w.revision) FROM doc_versions w \
                   WHERE w.project_id = $1 AND w.path = v.path AND w.revision <= $2)";
    let rows = sqlx::query(select).bind(project.as_str().to_owned()).bind(revision).fetch_all(db).await?;
    let doc = |row: &AnyRow| Ok(as_doc(row.parsed("doc_id", DocId::parse)?, decode_version(row)?));
    let mut docs = rows.iter().filter_map(|row| doc(row).transpose()).collect::<sqlx::Result<Vec<_>>>()?;
    docs.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(docs)
}

/// The bytes with this hash.
pub async fn content(db: &mut AnyConnection, hash: &ContentHash) -> Result<Vec<u8>> {
    let row =
        sqlx::query("SELECT content FROM blobs WHERE hash = $1").bind(hash.to_string()).fetch_one(db).await?;
    Ok(row.try_get("content")?)
}

/// A doc with its bytes.
pub struct FullDoc {
    /// Where it is.
    pub path: DocPath,
    /// The hash of its bytes.
    pub hash: ContentHash,
    row: AnyRow,
}

impl FullDoc {
    /// Its bytes.
    pub fn content(&self) -> Result<&[u8]> {
        Ok(self.row.try_get("content")?)
    }
}

/// All docs with their bytes, sorted by path, while they are read.
pub fn contents<'a>(
    db: &'a mut AnyConnection,
    project: &ProjectId,
) -> impl Stream<Item = Result<FullDoc>> + Send + 'a {
    let select = "SELECT d.path AS path, d.hash AS hash, b.content AS content \
                  FROM docs d JOIN blobs b ON b.hash = d.hash WHERE d.project_id = $1 ORDER BY d.path";
    let rows = sqlx::query(select).bind(project.as_str().to_owned()).fetch(db);
    rows.map(|row| {
        let row = row?;
        let path = row.parsed("path", DocPath::parse)?;
        Ok(FullDoc { path, hash: row.parsed("hash", ContentHash::parse)?, row })
    })
}

/// Versions before an offset, newest first; of one doc or of all.
pub async fn history(
    db: &mut AnyConnection,
    project: &ProjectId,
    path: Option<&DocPath>,
    before: Option<Offset>,
    limit: u64,
) -> Result<Vec<Version>> {
    let select = "SELECT * FROM doc_versions WHERE project_id = $1 \
                  AND (CAST($2 AS TEXT) IS NULL OR path = $2) AND revision < $3 ORDER BY revision DESC LIMIT $4";
    let rows = sqlx::query(select)
        .bind(project.as_str().to_owned())
        .bind(path.map(|path| path.as_str().to_owned()))
        .bind(big(before.unwrap_or(u64::MAX)))
        .bind(big(limit))
        .fetch_all(db)
        .await?;
    rows.iter().map(|row| Ok(decode_version(row)?)).collect()
}

/// The latest revision at which the docs had this hash.
pub async fn revision_of(
    db: &mut AnyConnection,
    project: &ProjectId,
    hash: &DocsHash,
) -> Result<Option<Offset>> {
    let select = "SELECT MAX(revision) AS revision FROM revisions WHERE project_id = $1 AND hash = $2";
    let row =
        sqlx::query(select).bind(project.as_str().to_owned()).bind(hash.to_string()).fetch_one(db).await?;
    let found: Option<i64> = row.try_get("revision")?;
    Ok(found.map(|_| row.uint("revision")).transpose()?)
}

/// What leads from an old revision to now: docs with their hash, and docs that are gone.
pub async fn since(
    db: &mut AnyConnection,
    project: &ProjectId,
    revision: Offset,
) -> Result<Vec<(DocPath, Option<ContentHash>)>> {
    let select = "SELECT c.path AS path, d.hash AS now_hash, \
                  (SELECT v.hash FROM doc_versions v WHERE v.project_id = $1 AND v.path = c.path \
                   AND v.revision <= $2 ORDER BY v.revision DESC LIMIT 1) AS then_hash \
                  FROM (SELECT DISTINCT path FROM doc_versions WHERE project_id = $1 AND revision > $2) c \
                  LEFT JOIN docs d ON d.project_id = $1 AND d.path = c.path ORDER BY c.path";
    let rows =
        sqlx::query(select).bind(project.as_str().to_owned()).bind(big(revision)).fetch_all(db).await?;
    let mut steps = Vec::new();
    for row in &rows {
        if row.maybe_text("now_hash")? == row.maybe_text("then_hash")? {
            continue;
        }
        let now = match row.maybe_text("now_hash")? {
            Some(_) => Some(row.parsed("now_hash", ContentHash::parse)?),
            None => None,
        };
        steps.push((row.parsed("path", DocPath::parse)?, now));
    }
    Ok(steps)
}

/// Makes one revision of `changes`, with an event for each doc; does nothing where
/// every doc already is what it shall be. The caller has checked the rules.
pub async fn apply(
    write: &mut Write,
    project: &ProjectId,
    actor: &Actor,
    message: Option<&str>,
    old: &Manifest,
    changes: Changes,
) -> Result<Applied> {
    let mut target = old.clone();
    let mut effective = Vec::new();
    for (path, content) in changes {
        let entry =
            content.as_deref().map(|bytes| Entry { hash: ContentHash::of(bytes), size: bytes.len() as u64 });
        if old.get(&path) == entry.as_ref() {
            continue;
        }
        match entry {
            Some(entry) => target.insert(path.clone(), entry),
            None => target.remove(&path),
        };
        effective.push((path, content, entry));
    }
    let hash = target.docs_hash();
    let delta = old.delta_to(&target);
    if effective.is_empty() {
        let now = projects::find(write.connection(), project.as_str()).await?;
        let revision = now.map_or(0, |project| project.public.revision);
        return Ok(Applied { hash, revision, delta });
    }
    // Deletions first: a doc may be renamed to its own twin (`Readme.md` to `README.md`).
    effective.sort_by_key(|(_, content, _)| content.is_some());
    let room = Room::project(project);
    let count = effective.len() as u64;
    let before = projects::find(write.connection(), project.as_str()).await?;
    let first = write.reserve(&room, count).await?;
    let revision = first + count - 1;
    let mut detail = json!({
        "from": before.map_or(0, |project| project.public.revision), "revision": revision,
        "added": delta.added.len(), "changed": delta.changed.len(), "removed": delta.removed.len(),
    });
    if let [(path, ..)] = &effective[..] {
        detail["path"] = path.as_str().into();
    }
    if let Some(message) = message {
        detail["message"] = message.into();
    }
    let line = audit::Line {
        action: action::DOCS_CHANGED,
        projects: std::slice::from_ref(project),
        actor: Some(actor),
        detail,
    };
    audit::add(write, line).await?;
    for (offset, (path, content, entry)) in (first..).zip(effective) {
        let step = Step { project, actor, message, offset, path: &path };
        match (content, entry) {
            (Some(content), Some(entry)) => {
                let id = step.save(write, content, entry).await?;
                let data = json!({
                    "projectId": project, "docId": id, "path": path, "hash": entry.hash, "revision": revision,
                });
                write.log(&room, offset, types::DOC_UPDATED, Some(actor), data).await?;
            }
            _ => {
                let id = step.delete(write).await?;
                let data = json!({"projectId": project, "docId": id, "path": path, "revision": revision});
                write.log(&room, offset, types::DOC_DELETED, Some(actor), data).await?;
            }
        }
    }
    projects::advance(write, project, revision, hash, target.len() as u64).await?;
    Ok(Applied { hash, revision, delta })
}

/// Keeps bytes by their hash.
pub async fn keep(write: &mut Write, hash: ContentHash, content: Vec<u8>) -> Result<()> {
    sqlx::query("INSERT INTO blobs (hash, content) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING")
        .bind(hash.to_string())
        .bind(content)
        .execute(write.connection())
        .await?;
    Ok(())
}

/// Keeps a text in a doc's history beside the doc's own, which stays what readers get: it follows
/// at once as the next version, by whom it was saved. Returns the revision that holds the other text.
pub async fn keep_beside(
    write: &mut Write,
    project: &ProjectId,
    path: &DocPath,
    other: Vec<u8>,
    actor: &Actor,
    message: &str,
) -> Result<Offset> {
    let gone = || anyhow::anyhow!("a doc to keep a text beside is not there");
    let info = find(write.connection(), project, path).await?.ok_or_else(gone)?;
    let own = content(write.connection(), &info.hash).await?;
    let (_, last) = at_revision(write.connection(), project, path, info.revision).await?.ok_or_else(gone)?;
    let now = projects::find(write.connection(), project.as_str()).await?.ok_or_else(gone)?;
    let room = Room::project(project);
    let first = write.reserve(&room, 2).await?;
    let other_entry = Entry { hash: ContentHash::of(&other), size: other.len() as u64 };
    let step = Step { project, actor, message: Some(message), offset: first, path };
    step.save(write, other, other_entry).await?;
    let data = json!({
        "projectId": project, "docId": info.id, "path": path, "hash": info.hash,
        "theirsHash": other_entry.hash, "revision": first + 1,
    });
    write.log(&room, first, types::DOCS_CONFLICT, Some(actor), data).await?;
    let step = Step { project, actor: &last.by, message: last.message.as_deref(), offset: first + 1, path };
    step.save(write, own, Entry { hash: info.hash, size: info.size }).await?;
    let data = json!({
        "projectId": project, "docId": info.id, "path": path, "hash": info.hash, "revision": first + 1,
    });
    write.log(&room, first + 1, types::DOC_UPDATED, Some(actor), data).await?;
    projects::advance(write, project, first + 1, now.docs_hash, now.public.docs_count).await?;
    Ok(first)
}

/// One doc's part of a revision.
struct Step<'a> {
    project: &'a ProjectId,
    actor: &'a Actor,
    message: Option<&'a str>,
    offset: Offset,
    path: &'a DocPath,
}

impl Step<'_> {
    async fn save(&self, write: &mut Write, content: Vec<u8>, entry: Entry) -> Result<DocId> {
        keep(write, entry.hash, content).await?;
        let (id, version) = self.next_version(write).await?;
        let upsert = "INSERT INTO docs (project_id, path, twin_key, id, hash, size, version, revision, updated_at, updated_by) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
                      ON CONFLICT (project_id, path) DO UPDATE SET hash = excluded.hash, size = excluded.size, \
                      version = excluded.version, revision = excluded.revision, \
                      updated_at = excluded.updated_at, updated_by = excluded.updated_by";
        let now = write.now();
        sqlx::query(upsert)
            .bind(self.project.as_str().to_owned())
            .bind(self.path.as_str().to_owned())
            .bind(self.path.twin_key())
            .bind(id.as_str().to_owned())
            .bind(entry.hash.to_string())
            .bind(big(entry.size))
            .bind(big(version))
            .bind(big(self.offset))
            .bind(now.as_millis())
            .bind(self.actor.name.clone())
            .execute(write.connection())
            .await?;
        self.record(write, &id, version, Some(entry)).await?;
        Ok(id)
    }

    async fn delete(&self, write: &mut Write) -> Result<DocId> {
        let (id, version) = self.next_version(write).await?;
        sqlx::query("DELETE FROM docs WHERE project_id = $1 AND path = $2")
            .bind(self.project.as_str().to_owned())
            .bind(self.path.as_str().to_owned())
            .execute(write.connection())
            .await?;
        self.record(write, &id, version, None).await?;
        Ok(id)
    }

    /// The doc's id and the number of its next version; both go on after a deletion.
    async fn next_version(&self, write: &mut Write) -> Result<(DocId, u64)> {
        Ok(match at_revision(write.connection(), self.project, self.path, self.offset).await? {
            Some((id, last)) => (id, last.version + 1),
            None => (DocId::from_random(crypto::random()), 1),
        })
    }

    async fn record(&self, write: &mut Write, id: &DocId, version: u64, entry: Option<Entry>) -> Result<()> {
        let insert = "INSERT INTO doc_versions \
                      (project_id, revision, path, doc_id, version, hash, size, at, actor_id, actor_name, message) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
        let now = write.now();
        sqlx::query(insert)
            .bind(self.project.as_str().to_owned())
            .bind(big(self.offset))
            .bind(self.path.as_str().to_owned())
            .bind(id.as_str().to_owned())
            .bind(big(version))
            .bind(entry.map(|entry| entry.hash.to_string()))
            .bind(big(entry.map_or(0, |entry| entry.size)))
            .bind(now.as_millis())
            .bind(self.actor.id.clone())
            .bind(self.actor.name.clone())
            .bind(self.message.map(str::to_owned))
            .execute(write.connection())
            .await?;
        Ok(())
    }
}

fn decode(row: &AnyRow) -> sqlx::Result<DocInfo> {
    let path = row.parsed("path", DocPath::parse)?;
    Ok(DocInfo {
        id: row.parsed("id", DocId::parse)?,
        file_name: path.clone(),
        path,
        hash: row.parsed("hash", ContentHash::parse)?,
        size: row.uint("size")?,
        version: row.uint("version")?,
        revision: row.uint("revision")?,
        updated_at: row.time("updated_at")?,
        updated_by: row.text("updated_by")?,
        conflicted: row.uint("conflicts")? > 0,
    })
}

/// A past version as if it were now; `None` for a deletion.
pub fn as_doc(id: DocId, version: Version) -> Option<DocInfo> {
    Some(DocInfo {
        id,
        file_name: version.path.clone(),
        path: version.path,
        hash: version.hash?,
        size: version.size,
        version: version.version,
        revision: version.revision,
        updated_at: version.at,
        updated_by: version.by.name,
        conflicted: false,
    })
}

fn decode_version(row: &AnyRow) -> sqlx::Result<Version> {
    let hash = match row.maybe_text("hash")? {
        Some(_) => Some(row.parsed("hash", ContentHash::parse)?),
        None => None,
    };
    Ok(Version {
        path: row.parsed("path", DocPath::parse)?,
        revision: row.uint("revision")?,
        version: row.uint("version")?,
        hash,
        size: row.uint("size")?,
        at: row.time("at")?,
        by: Actor { id: row.text("actor_id")?, name: row.text("actor_name")? },
        message: row.maybe_text("message")?,
    })
}
