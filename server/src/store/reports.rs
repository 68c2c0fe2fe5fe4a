//! What each session was given last.

use aitk_shared::api::Session;
use aitk_shared::event::{Actor, Offset};
use aitk_shared::id::ProjectId;
use aitk_shared::limits;
use aitk_shared::time::Timestamp;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::Write;
use super::row::{Columns, big};
use crate::error::Result;

/// A session, and what it was given.
#[derive(Clone, Debug)]
pub struct Report {
    /// The project.
    pub project: ProjectId,
    /// Whose credential asked.
    pub actor: Actor,
    /// The session; empty for a run by hand.
    pub session: String,
    /// The agent.
    pub agent: Option<String>,
    /// What it has now.
    pub revision: Option<Offset>,
    /// The version of aitk.
    pub version: Option<String>,
    /// When it asked.
    pub at: Timestamp,
    /// Since when it is blocked, as far as is known here.
    pub blocked_since: Option<Timestamp>,
    /// Whether it is known here that it was free before that.
    pub was_free: bool,
}

/// Writes a report over the session's last one; drops it where its project is gone.
pub async fn put(write: &mut Write, report: &Report) -> Result<()> {
    let upsert = "INSERT INTO reports \
                  (project_id, subject, session, name, agent, revision, version, at, blocked_since) \
                  SELECT $1, $2, $3, $4, $5, CAST($6 AS BIGINT), $7, CAST($8 AS BIGINT), CAST($9 AS BIGINT) \
                  WHERE EXISTS (SELECT 1 FROM projects WHERE id = $1) \
                  ON CONFLICT (project_id, subject, session) DO UPDATE SET name = excluded.name, \
                  agent = excluded.agent, revision = excluded.revision, version = excluded.version, \
                  at = excluded.at, blocked_since = CASE \
                  WHEN excluded.blocked_since IS NULL OR CAST($10 AS BIGINT) = 1 THEN excluded.blocked_since \
                  ELSE COALESCE(reports.blocked_since, excluded.blocked_since) END";
    sqlx::query(upsert)
        .bind(report.project.as_str().to_owned())
        .bind(report.actor.id.clone())
        .bind(report.session.clone())
        .bind(report.actor.name.clone())
        .bind(report.agent.clone())
        .bind(report.revision.map(big))
        .bind(report.version.clone())
        .bind(report.at.as_millis())
        .bind(report.blocked_since.map(Timestamp::as_millis))
        .bind(i64::from(report.was_free))
        .execute(write.connection())
        .await?;
    let crowd = "DELETE FROM reports WHERE project_id = $1 AND subject = $2 AND session IN \
                 (SELECT session FROM reports WHERE project_id = $1 AND subject = $2 \
                  ORDER BY at DESC, session LIMIT 1000000 OFFSET $3)";
    sqlx::query(crowd)
        .bind(report.project.as_str().to_owned())
        .bind(report.actor.id.clone())
        .bind(big(limits::SESSIONS_PER_KEY))
        .execute(write.connection())
        .await?;
    Ok(())
}

/// Drops what was not heard of for long.
pub async fn trim(write: &mut Write) -> Result<()> {
    let limit = i64::try_from(limits::SESSION_KEPT.as_millis()).unwrap_or(i64::MAX);
    let oldest = write.now().as_millis().saturating_sub(limit);
    sqlx::query("DELETE FROM reports WHERE at < $1").bind(oldest).execute(write.connection()).await?;
    Ok(())
}

/// Drops the reports of a credential that ended.
pub async fn drop_those_of(write: &mut Write, subject: &str) -> Result<()> {
    sqlx::query("DELETE FROM reports WHERE subject = $1")
        .bind(subject.to_owned())
        .execute(write.connection())
        .await?;
    Ok(())
}

/// A project's sessions that were heard of since, newest first.
pub async fn list(db: &mut AnyConnection, project: &ProjectId, since: Timestamp) -> Result<Vec<Session>> {
    let rows =
        sqlx::query("SELECT * FROM reports WHERE project_id = $1 AND at >= $2 ORDER BY at DESC, session")
            .bind(project.as_str().to_owned())
            .bind(since.as_millis())
            .fetch_all(db)
            .await?;
    rows.iter().map(|row| Ok(decode(row)?)).collect()
}

fn decode(row: &AnyRow) -> sqlx::Result<Session> {
    let revision: Option<i64> = sqlx::Row::try_get(row, "revision")?;
    Ok(Session {
        actor: Actor { id: row.text("subject")?, name: row.text("name")? },
        session: Some(row.text("session")?).filter(|session| !session.is_empty()),
        agent: row.maybe_text("agent")?,
        revision: revision.map(|_| row.uint("revision")).transpose()?,
        version: row.maybe_text("version")?,
        last_seen_at: row.time("at")?,
        blocked_since: row.maybe_time("blocked_since")?,
    })
}
