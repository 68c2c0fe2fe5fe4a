//! Projects and their settings.

use aitk_shared::api::{OnLock, Project};
use aitk_shared::event::Offset;
use aitk_shared::hash::DocsHash;
use aitk_shared::id::{ProjectId, Slug};
use aitk_shared::manifest::Manifest;
use aitk_shared::path::DocPath;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::Write;
use super::row::{Columns, big};
use crate::error::Result;

/// A project as it is stored; secrets are sealed.
#[derive(Clone, Debug)]
pub struct StoredProject {
    /// What everybody who may see it sees.
    pub public: Project,
    /// The docs hash at the project's revision.
    pub docs_hash: DocsHash,
    /// The repository's access token.
    pub sealed_token: Option<Vec<u8>>,
    /// The webhook's secret.
    pub sealed_webhook: Option<Vec<u8>>,
}

/// The project with this id or slug.
pub async fn find(db: &mut AnyConnection, id_or_slug: &str) -> Result<Option<StoredProject>> {
    let row = sqlx::query("SELECT * FROM projects WHERE id = $1 OR slug = $1")
        .bind(id_or_slug.to_owned())
        .fetch_optional(db)
        .await?;
    Ok(row.as_ref().map(decode).transpose()?)
}

/// The id of the project with this id or slug.
pub async fn id_of(db: &mut AnyConnection, id_or_slug: &str) -> Result<Option<ProjectId>> {
    let row = sqlx::query("SELECT id FROM projects WHERE id = $1 OR slug = $1")
        .bind(id_or_slug.to_owned())
        .fetch_optional(db)
        .await?;
    Ok(row.map(|row| row.parsed("id", ProjectId::parse)).transpose()?)
}

/// All projects, by slug.
pub async fn all(db: &mut AnyConnection) -> Result<Vec<StoredProject>> {
    let rows = sqlx::query("SELECT * FROM projects ORDER BY slug").fetch_all(db).await?;
    rows.iter().map(|row| Ok(decode(row)?)).collect()
}

/// Adds a project without docs.
pub async fn insert(write: &mut Write, project: &StoredProject) -> Result<()> {
    let public = &project.public;
    let insert = "INSERT INTO projects (id, slug, name, repo_url, branch, docs_path, on_lock, sealed_token, \
                  sealed_webhook, revision, docs_hash, docs_count, created_at, updated_at) \
                  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10, 0, $11, $11)";
    let empty = Manifest::default().docs_hash();
    sqlx::query(insert)
        .bind(public.id.as_str().to_owned())
        .bind(public.slug.as_str().to_owned())
        .bind(public.name.clone())
        .bind(public.repo_url.clone())
        .bind(public.branch.clone())
        .bind(public.docs_path.as_str().to_owned())
        .bind(public.on_lock.as_str())
        .bind(project.sealed_token.clone())
        .bind(project.sealed_webhook.clone())
        .bind(empty.to_string())
        .bind(public.created_at.as_millis())
        .execute(write.connection())
        .await?;
    record_revision(write, &public.id, 0, empty).await
}

/// Changes a project's settings; its id and docs stay.
pub async fn update(write: &mut Write, project: &StoredProject) -> Result<()> {
    let public = &project.public;
    let update = "UPDATE projects SET slug = $2, name = $3, repo_url = $4, branch = $5, docs_path = $6, \
                  on_lock = $7, sealed_token = $8, sealed_webhook = $9, updated_at = $10 WHERE id = $1";
    let now = write.now();
    sqlx::query(update)
        .bind(public.id.as_str().to_owned())
        .bind(public.slug.as_str().to_owned())
        .bind(public.name.clone())
        .bind(public.repo_url.clone())
        .bind(public.branch.clone())
        .bind(public.docs_path.as_str().to_owned())
        .bind(public.on_lock.as_str())
        .bind(project.sealed_token.clone())
        .bind(project.sealed_webhook.clone())
        .bind(now.as_millis())
        .execute(write.connection())
        .await?;
    Ok(())
}

/// Removes a project with its docs, history, lock and log. Its room's head stays,
/// so that no offset is ever used twice.
pub async fn delete(write: &mut Write, id: &ProjectId) -> Result<()> {
    for statement in
        ["DELETE FROM events WHERE room = 'project:' || $1", "DELETE FROM projects WHERE id = $1"]
    {
        sqlx::query(statement).bind(id.as_str().to_owned()).execute(write.connection()).await?;
    }
    Ok(())
}

/// Brings the project to a new revision of its docs.
pub async fn advance(
    write: &mut Write,
    id: &ProjectId,
    revision: Offset,
    docs_hash: DocsHash,
    docs_count: u64,
) -> Result<()> {
    let update = "UPDATE projects SET revision = $2, docs_hash = $3, docs_count = $4 WHERE id = $1";
    sqlx::query(update)
        .bind(id.as_str().to_owned())
        .bind(big(revision))
        .bind(docs_hash.to_string())
        .bind(big(docs_count))
        .execute(write.connection())
        .await?;
    record_revision(write, id, revision, docs_hash).await
}

async fn record_revision(
    write: &mut Write,
    id: &ProjectId,
    revision: Offset,
    docs_hash: DocsHash,
) -> Result<()> {
    sqlx::query("INSERT INTO revisions (project_id, revision, hash) VALUES ($1, $2, $3)")
        .bind(id.as_str().to_owned())
        .bind(big(revision))
        .bind(docs_hash.to_string())
        .execute(write.connection())
        .await?;
    Ok(())
}

fn decode(row: &AnyRow) -> sqlx::Result<StoredProject> {
    let sealed_token: Option<Vec<u8>> = row.try_get("sealed_token")?;
    let sealed_webhook: Option<Vec<u8>> = row.try_get("sealed_webhook")?;
    let public = Project {
        id: row.parsed("id", ProjectId::parse)?,
        slug: row.parsed("slug", Slug::parse)?,
        name: row.text("name")?,
        repo_url: row.maybe_text("repo_url")?,
        branch: row.maybe_text("branch")?,
        docs_path: row.parsed("docs_path", DocPath::parse)?,
        on_lock: if row.text("on_lock")? == OnLock::Deny.as_str() { OnLock::Deny } else { OnLock::Warn },
        has_token: sealed_token.is_some(),
        has_webhook_secret: sealed_webhook.is_some(),
        repo: None,
        revision: row.uint("revision")?,
        docs_count: row.uint("docs_count")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    };
    let docs_hash = row.parsed("docs_hash", DocsHash::parse)?;
    Ok(StoredProject { public, docs_hash, sealed_token, sealed_webhook })
}
