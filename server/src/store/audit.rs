//! The audit log: lines are added in the transaction of what they tell of, and never changed.

use std::collections::BTreeMap;

use aitk_shared::api::{AuditEntry, action};
use aitk_shared::event::{Actor, ReleaseCause};
use aitk_shared::id::ProjectId;
use aitk_shared::lock::Lease;
use aitk_shared::time::Timestamp;
use serde_json::{Value, json};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::Write;
use super::row::{Columns, big, damaged};
use crate::error::Result;
use crate::origin::Origin;

/// What a line tells.
pub struct Line<'a> {
    /// One of [`action`].
    pub action: &'static str,
    /// What it is about.
    pub projects: &'a [ProjectId],
    /// Who did it.
    pub actor: Option<&'a Actor>,
    /// The rest, as a JSON object. No secrets.
    pub detail: Value,
}

/// Adds a line about the request that this change belongs to.
pub async fn add(write: &mut Write, line: Line<'_>) -> Result<()> {
    add_from(write, line, Origin::current().as_ref()).await
}

/// The same for a request that was answered before.
pub async fn add_from(write: &mut Write, line: Line<'_>, from: Option<&Origin>) -> Result<()> {
    let now = write.now();
    Ok(insert(write.connection(), now, line, from).await?)
}

/// The same for a change of another kind.
pub async fn insert(
    db: &mut AnyConnection,
    now: Timestamp,
    line: Line<'_>,
    from: Option<&Origin>,
) -> sqlx::Result<()> {
    let bump = "UPDATE audit_head SET seq = seq + 1 WHERE one = 1 RETURNING seq";
    let seq = sqlx::query(bump).fetch_one(&mut *db).await?.uint("seq")?;
    let insert = "INSERT INTO audit (seq, at, action, actor_id, actor_name, address, request_id, detail) \
                  VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    sqlx::query(insert)
        .bind(big(seq))
        .bind(now.as_millis())
        .bind(line.action)
        .bind(line.actor.map(|actor| actor.id.clone()))
        .bind(line.actor.map(|actor| actor.name.clone()))
        .bind(from.map(|from| from.address.to_string()))
        .bind(from.and_then(|from| from.request_id.clone()))
        .bind(line.detail.to_string())
        .execute(&mut *db)
        .await?;
    for project in line.projects {
        sqlx::query("INSERT INTO audit_projects (project_id, seq) VALUES ($1, $2)")
            .bind(project.as_str().to_owned())
            .bind(big(seq))
            .execute(&mut *db)
            .await?;
    }
    Ok(())
}

/// Adds the line of a lock that was taken.
pub async fn lock_acquired(write: &mut Write, lease: &Lease, actor: &Actor) -> Result<()> {
    let detail = json!({
        "lockedBy": lease.locked_by, "token": lease.token, "expiresAt": lease.expires_at, "reason": lease.reason,
    });
    let projects = std::slice::from_ref(&lease.project);
    add(write, Line { action: action::LOCK_ACQUIRED, projects, actor: Some(actor), detail }).await
}

/// Adds the line of a lock that ended.
pub async fn lock_ended(
    write: &mut Write,
    lease: &Lease,
    cause: ReleaseCause,
    by: Option<&Actor>,
    reason: Option<&str>,
) -> Result<()> {
    let action = match cause {
        ReleaseCause::Released => action::LOCK_RELEASED,
        ReleaseCause::Expired => action::LOCK_EXPIRED,
        ReleaseCause::Forced => action::LOCK_FORCED,
        ReleaseCause::Stolen => action::LOCK_STOLEN,
    };
    let mut detail = json!({"lockedBy": lease.locked_by, "token": lease.token});
    if let Some(reason) = reason {
        detail["reason"] = reason.into();
    }
    let line = Line { action, projects: std::slice::from_ref(&lease.project), actor: by, detail };
    // A lapsed lease ends by the clock, whoever's request noticed it.
    match cause {
        ReleaseCause::Expired => add_from(write, line, None).await,
        _ => add(write, line).await,
    }
}

/// Lines before a number, newest first; of one project or of all.
pub async fn page(
    db: &mut AnyConnection,
    project: Option<&ProjectId>,
    before: Option<u64>,
    limit: u64,
) -> Result<Vec<AuditEntry>> {
    let rows = match project {
        Some(project) => {
            let select = "SELECT a.* FROM audit_projects p JOIN audit a ON a.seq = p.seq \
                          WHERE p.project_id = $1 AND p.seq < $2 ORDER BY p.seq DESC LIMIT $3";
            let query = sqlx::query(select).bind(project.as_str().to_owned());
            query.bind(big(before.unwrap_or(u64::MAX))).bind(big(limit)).fetch_all(&mut *db).await?
        }
        None => {
            let select = "SELECT * FROM audit WHERE seq < $1 ORDER BY seq DESC LIMIT $2";
            let query = sqlx::query(select).bind(big(before.unwrap_or(u64::MAX))).bind(big(limit));
            query.fetch_all(&mut *db).await?
        }
    };
    let mut entries = rows.iter().map(decode).collect::<sqlx::Result<Vec<_>>>()?;
    let (Some(newest), Some(oldest)) = (entries.first(), entries.last()) else { return Ok(entries) };
    let select = "SELECT seq, project_id FROM audit_projects WHERE seq <= $1 AND seq >= $2";
    let rows = sqlx::query(select).bind(big(newest.seq)).bind(big(oldest.seq)).fetch_all(&mut *db).await?;
    let mut projects = BTreeMap::<u64, Vec<ProjectId>>::new();
    for row in &rows {
        projects.entry(row.uint("seq")?).or_default().push(row.parsed("project_id", ProjectId::parse)?);
    }
    for entry in &mut entries {
        entry.projects = projects.remove(&entry.seq).unwrap_or_default();
    }
    Ok(entries)
}

/// Whether a project of this id was ever told of.
pub async fn knows(db: &mut AnyConnection, project: &ProjectId) -> Result<bool> {
    let select = "SELECT seq FROM audit_projects WHERE project_id = $1 LIMIT 1";
    Ok(sqlx::query(select).bind(project.as_str().to_owned()).fetch_optional(db).await?.is_some())
}

fn decode(row: &AnyRow) -> sqlx::Result<AuditEntry> {
    let actor_name = row.maybe_text("actor_name")?.unwrap_or_default();
    Ok(AuditEntry {
        seq: row.uint("seq")?,
        at: row.time("at")?,
        action: row.text("action")?,
        projects: Vec::new(),
        actor: row.maybe_text("actor_id")?.map(|id| Actor { id, name: actor_name }),
        from: row.maybe_text("address")?,
        request_id: row.maybe_text("request_id")?,
        detail: serde_json::from_str(&row.text("detail")?).map_err(|e| damaged("detail", e))?,
    })
}
