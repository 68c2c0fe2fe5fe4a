//! API keys: what is kept of them, and which projects they cover.

use aitk_shared::api::Key;
use aitk_shared::hash::ContentHash;
use aitk_shared::id::{KeyId, ProjectId};
use aitk_shared::role::Role;
use aitk_shared::time::Timestamp;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::Write;
use super::row::{Columns, damaged};
use crate::error::Result;

/// A key as it is stored.
#[derive(Clone, Debug)]
pub struct StoredKey {
    /// What lists show.
    pub info: Key,
    /// SHA-256 of the key.
    pub hash: ContentHash,
}

/// The key with this hash.
pub async fn by_hash(db: &mut AnyConnection, hash: &ContentHash) -> Result<Option<StoredKey>> {
    let row = sqlx::query("SELECT * FROM keys WHERE hash = $1")
        .bind(hash.to_string())
        .fetch_optional(&mut *db)
        .await?;
    with_projects(db, row).await
}

/// The key with this id.
pub async fn by_id(db: &mut AnyConnection, id: &str) -> Result<Option<StoredKey>> {
    let row =
        sqlx::query("SELECT * FROM keys WHERE id = $1").bind(id.to_owned()).fetch_optional(&mut *db).await?;
    with_projects(db, row).await
}

/// All keys, oldest first; or those that cover a project.
pub async fn list(db: &mut AnyConnection, project: Option<&ProjectId>) -> Result<Vec<StoredKey>> {
    let select = "SELECT * FROM keys WHERE CAST($1 AS TEXT) IS NULL \
                  OR id IN (SELECT key_id FROM key_projects WHERE project_id = $1) ORDER BY created_at, id";
    let rows = sqlx::query(select).bind(project.map(|id| id.as_str().to_owned())).fetch_all(&mut *db).await?;
    let mut keys = Vec::with_capacity(rows.len());
    for row in rows {
        keys.extend(with_projects(db, Some(row)).await?);
    }
    Ok(keys)
}

/// Whether any admin's key exists.
pub async fn any_admin(db: &mut AnyConnection) -> Result<bool> {
    let row = sqlx::query("SELECT id FROM keys WHERE role = 'admin' LIMIT 1").fetch_optional(db).await?;
    Ok(row.is_some())
}

/// Adds a key.
pub async fn insert(write: &mut Write, key: &StoredKey) -> Result<()> {
    let info = &key.info;
    let insert = "INSERT INTO keys (id, hash, prefix, name, role, rooms, created_at, created_by, expires_at) \
                  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    sqlx::query(insert)
        .bind(info.id.as_str().to_owned())
        .bind(key.hash.to_string())
        .bind(info.prefix.clone())
        .bind(info.name.clone())
        .bind(info.role.as_str())
        .bind(serde_json::to_string(&info.rooms).unwrap_or_default())
        .bind(info.created_at.as_millis())
        .bind(info.created_by.clone())
        .bind(info.expires_at.map(Timestamp::as_millis))
        .execute(write.connection())
        .await?;
    for project in &info.projects {
        sqlx::query("INSERT INTO key_projects (key_id, project_id) VALUES ($1, $2)")
            .bind(info.id.as_str().to_owned())
            .bind(project.as_str().to_owned())
            .execute(write.connection())
            .await?;
    }
    Ok(())
}

/// Ends a key for good.
pub async fn delete(write: &mut Write, id: &KeyId) -> Result<()> {
    sqlx::query("DELETE FROM keys WHERE id = $1")
        .bind(id.as_str().to_owned())
        .execute(write.connection())
        .await?;
    Ok(())
}

/// Notes when a key was used.
pub async fn touch(write: &mut Write, id: &KeyId, at: Timestamp) -> Result<()> {
    sqlx::query("UPDATE keys SET last_used_at = $2 WHERE id = $1")
        .bind(id.as_str().to_owned())
        .bind(at.as_millis())
        .execute(write.connection())
        .await?;
    Ok(())
}

async fn with_projects(db: &mut AnyConnection, row: Option<AnyRow>) -> Result<Option<StoredKey>> {
    let Some(row) = row else { return Ok(None) };
    let id = row.parsed("id", KeyId::parse)?;
    let select = "SELECT project_id FROM key_projects WHERE key_id = $1 ORDER BY project_id";
    let projects = sqlx::query(select).bind(id.as_str().to_owned()).fetch_all(db).await?;
    let info = Key {
        name: row.text("name")?,
        role: Role::parse(&row.text("role")?).ok_or_else(|| damaged("role", std::fmt::Error))?,
        projects: projects
            .iter()
            .map(|row| row.parsed("project_id", ProjectId::parse))
            .collect::<sqlx::Result<_>>()?,
        rooms: serde_json::from_str(&row.text("rooms")?).map_err(|e| damaged("rooms", e))?,
        prefix: row.text("prefix")?,
        created_at: row.time("created_at")?,
        created_by: row.text("created_by")?,
        expires_at: row.maybe_time("expires_at")?,
        last_used_at: row.maybe_time("last_used_at")?,
        id,
    };
    Ok(Some(StoredKey { hash: row.parsed("hash", ContentHash::parse)?, info }))
}
