//! Leases: taken, prolonged and ended, each by one statement that decides.

use aitk_shared::api::Lock;
use aitk_shared::event::{Actor, ReleaseCause, Room, types};
use aitk_shared::id::ProjectId;
use aitk_shared::lock::{FencingToken, Lease};
use aitk_shared::time::Timestamp;
use serde_json::{Value, json};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::row::{Columns, big};
use super::{Write, audit, repository};
use crate::error::Result;

/// A lease that somebody asks for.
pub struct Wanted<'a> {
    /// The project to lock.
    pub project: &'a ProjectId,
    /// The credential that will hold it.
    pub actor: &'a Actor,
    /// The holder's name, for people.
    pub locked_by: &'a str,
    /// Why.
    pub reason: Option<&'a str>,
    /// When it will end.
    pub expires_at: Timestamp,
}

/// Whether a live lease may be taken from its holder.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Take {
    /// Only when nobody holds it.
    IfFree,
    /// Also from its holder.
    Steal,
}

/// The lease that binds at `now`.
pub async fn live(db: &mut AnyConnection, project: &ProjectId, now: Timestamp) -> Result<Option<Lease>> {
    let select = "SELECT * FROM locks WHERE project_id = $1 AND holder IS NOT NULL AND expires_at > $2";
    let row = sqlx::query(select)
        .bind(project.as_str().to_owned())
        .bind(now.as_millis())
        .fetch_optional(db)
        .await?;
    Ok(row.as_ref().map(decode).transpose()?)
}

/// Takes the lock and tells the room. `None`: it is held, and stays as it is.
pub async fn take(write: &mut Write, wanted: Wanted<'_>, how: Take) -> Result<Option<Lease>> {
    let now = write.now();
    lapse(write, Some(wanted.project)).await?;
    let robbed = match how {
        Take::Steal => live(write.connection(), wanted.project, now).await?,
        Take::IfFree => None,
    };
    let upsert = "INSERT INTO locks (project_id, token, holder, locked_by, reason, locked_at, expires_at) \
                  VALUES ($1, 1, $2, $3, $4, $5, $6) \
                  ON CONFLICT (project_id) DO UPDATE SET token = locks.token + 1, holder = excluded.holder, \
                  locked_by = excluded.locked_by, reason = excluded.reason, locked_at = excluded.locked_at, \
                  expires_at = excluded.expires_at \
                  WHERE locks.holder IS NULL OR locks.expires_at <= excluded.locked_at OR CAST($7 AS BIGINT) = 1 \
                  RETURNING *";
    let row = sqlx::query(upsert)
        .bind(wanted.project.as_str().to_owned())
        .bind(wanted.actor.id.clone())
        .bind(wanted.locked_by.to_owned())
        .bind(wanted.reason.map(str::to_owned))
        .bind(now.as_millis())
        .bind(wanted.expires_at.as_millis())
        .bind(i64::from(how == Take::Steal))
        .fetch_optional(write.connection())
        .await?;
    let Some(lease) = row.as_ref().map(decode).transpose()? else { return Ok(None) };
    if let Some(robbed) = robbed {
        tell_released(write, &robbed, ReleaseCause::Stolen, Some(wanted.actor), wanted.reason).await?;
    }
    audit::lock_acquired(write, &lease, wanted.actor).await?;
    repository::lock_begins(write, wanted.project).await?;
    let room = Room::project(wanted.project);
    write.emit(&room, types::LOCK_ACQUIRED, Some(wanted.actor), acquired(&lease, now)).await?;
    Ok(Some(lease))
}

/// Moves the end of a live lease and tells the room.
pub async fn renew(write: &mut Write, lease: &Lease, expires_at: Timestamp, actor: &Actor) -> Result<Lease> {
    sqlx::query("UPDATE locks SET expires_at = $3 WHERE project_id = $1 AND token = $2")
        .bind(lease.project.as_str().to_owned())
        .bind(big(lease.token.as_u64()))
        .bind(expires_at.as_millis())
        .execute(write.connection())
        .await?;
    let renewed = Lease { expires_at, ..lease.clone() };
    let data = acquired(&renewed, write.now());
    write.emit(&Room::project(&lease.project), types::LOCK_RENEWED, Some(actor), data).await?;
    Ok(renewed)
}

/// Ends a live lease and tells the room how.
pub async fn release(
    write: &mut Write,
    lease: &Lease,
    cause: ReleaseCause,
    actor: &Actor,
    reason: Option<&str>,
) -> Result<()> {
    sqlx::query("UPDATE locks SET holder = NULL WHERE project_id = $1 AND token = $2")
        .bind(lease.project.as_str().to_owned())
        .bind(big(lease.token.as_u64()))
        .execute(write.connection())
        .await?;
    tell_released(write, lease, cause, Some(actor), reason).await
}

/// Ends what has lapsed, in one project or in all, and tells the rooms.
///
/// Being late changes nothing but the news: a lapsed lease binds nobody.
pub async fn lapse(write: &mut Write, project: Option<&ProjectId>) -> Result<usize> {
    let select = "SELECT * FROM locks WHERE holder IS NOT NULL AND expires_at <= $1 \
                  AND (CAST($2 AS TEXT) IS NULL OR project_id = $2)";
    let rows = sqlx::query(select)
        .bind(write.now().as_millis())
        .bind(project.map(|id| id.as_str().to_owned()))
        .fetch_all(write.connection())
        .await?;
    for row in &rows {
        let lease = decode(row)?;
        sqlx::query("UPDATE locks SET holder = NULL WHERE project_id = $1")
            .bind(lease.project.as_str().to_owned())
            .execute(write.connection())
            .await?;
        tell_released(write, &lease, ReleaseCause::Expired, None, None).await?;
    }
    Ok(rows.len())
}

/// When the next lease ends, if any is held.
pub async fn next_expiry(db: &mut AnyConnection) -> Result<Option<Timestamp>> {
    let row = sqlx::query("SELECT MIN(expires_at) AS next FROM locks WHERE holder IS NOT NULL")
        .fetch_one(db)
        .await?;
    Ok(row.maybe_time("next")?)
}

/// The lock as its room hears of it: like the wire's, without the token.
fn acquired(lease: &Lease, now: Timestamp) -> Value {
    let Lock { project_id, locked_by, locked_at, expires_at, reason, .. } = lease.view(now);
    json!({
        "projectId": project_id, "lockedBy": locked_by, "lockedAt": locked_at,
        "expiresAt": expires_at, "reason": reason,
    })
}

async fn tell_released(
    write: &mut Write,
    lease: &Lease,
    cause: ReleaseCause,
    by: Option<&Actor>,
    reason: Option<&str>,
) -> Result<()> {
    audit::lock_ended(write, lease, cause, by, reason).await?;
    let mut data = json!({
        "projectId": lease.project, "lockedBy": lease.locked_by, "cause": cause,
        "by": by.map(|actor| &actor.name),
    });
    if let Some(reason) = reason {
        data["reason"] = reason.into();
    }
    write.emit(&Room::project(&lease.project), types::LOCK_RELEASED, by, data).await?;
    repository::lock_ended(write, lease).await
}

fn decode(row: &AnyRow) -> sqlx::Result<Lease> {
    Ok(Lease {
        project: row.parsed("project_id", ProjectId::parse)?,
        token: FencingToken::new(row.uint("token")?),
        holder: row.text("holder")?,
        locked_by: row.text("locked_by")?,
        reason: row.maybe_text("reason")?,
        locked_at: row.time("locked_at")?,
        expires_at: row.time("expires_at")?,
    })
}
