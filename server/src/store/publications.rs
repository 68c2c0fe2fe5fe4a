//! What was published under an idempotency key, and what was answered.

use aitk_shared::api::PublishedInto;
use aitk_shared::hash::ContentHash;
use aitk_shared::limits;
use aitk_shared::time::Timestamp;
use sqlx::AnyConnection;

use super::Write;
use super::row::{Columns, big, damaged};
use crate::error::Result;

/// A publication under an idempotency key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Once {
    /// The credential, the rooms and the key, as one hash.
    pub id: ContentHash,
    /// The hash of what is published.
    pub fingerprint: ContentHash,
}

/// An earlier publication.
pub struct Earlier {
    /// The hash of what was published.
    pub fingerprint: ContentHash,
    /// What was answered.
    pub answer: PublishedInto,
}

/// The publication with this id, unless it is too long ago.
pub async fn find(db: &mut AnyConnection, id: &ContentHash, now: Timestamp) -> Result<Option<Earlier>> {
    let row = sqlx::query("SELECT fingerprint, answer FROM publications WHERE id = $1 AND at > $2")
        .bind(id.to_string())
        .bind(horizon(now))
        .fetch_optional(db)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let answer = serde_json::from_str(&row.text("answer")?).map_err(|e| damaged("answer", e))?;
    Ok(Some(Earlier { fingerprint: row.parsed("fingerprint", ContentHash::parse)?, answer }))
}

/// Remembers what was answered, in the change that published it.
pub async fn remember(write: &mut Write, once: &Once, answer: &PublishedInto) -> Result<()> {
    let upsert = "INSERT INTO publications (id, fingerprint, answer, at) VALUES ($1, $2, $3, $4) \
                  ON CONFLICT (id) DO UPDATE SET fingerprint = excluded.fingerprint, \
                  answer = excluded.answer, at = excluded.at";
    let now = write.now();
    sqlx::query(upsert)
        .bind(once.id.to_string())
        .bind(once.fingerprint.to_string())
        .bind(serde_json::to_string(answer).map_err(anyhow::Error::from)?)
        .bind(now.as_millis())
        .execute(write.connection())
        .await?;
    Ok(())
}

/// Whether any answer is older than answers are kept.
pub async fn any_old(db: &mut AnyConnection, now: Timestamp) -> Result<bool> {
    let select = "SELECT id FROM publications WHERE at <= $1 LIMIT 1";
    Ok(sqlx::query(select).bind(horizon(now)).fetch_optional(db).await?.is_some())
}

/// Forgets some of the old answers.
pub async fn trim(write: &mut Write) -> Result<()> {
    let delete = "DELETE FROM publications WHERE id IN \
                  (SELECT id FROM publications WHERE at <= $1 ORDER BY at LIMIT $2)";
    let now = write.now();
    sqlx::query(delete).bind(horizon(now)).bind(big(limits::TRIM_STEP)).execute(write.connection()).await?;
    Ok(())
}

fn horizon(now: Timestamp) -> i64 {
    let kept = i64::try_from(limits::IDEMPOTENCY_TIME.as_millis()).unwrap_or(i64::MAX);
    now.as_millis().saturating_sub(kept)
}
