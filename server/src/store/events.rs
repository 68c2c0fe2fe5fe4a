//! The log of each room: one event a row, in order, without gaps.

use aitk_shared::event::{Actor, Event, Offset, Room};
use aitk_shared::id::{Epoch, EventId};
use aitk_shared::limits;
use aitk_shared::time::Timestamp;
use futures_util::StreamExt;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::Write;
use super::row::{Columns, big, damaged};
use crate::error::Result;

/// The offset of the room's last event; 0 where none was.
pub async fn head(db: &mut AnyConnection, room: &Room) -> Result<Offset> {
    let row = sqlx::query("SELECT head FROM rooms WHERE room = $1")
        .bind(room.as_str().to_owned())
        .fetch_optional(db)
        .await?;
    Ok(row.map(|row| row.uint("head")).transpose()?.unwrap_or(0))
}

/// Whether every event after `since` up to `head` is still there.
pub async fn reaches_back(db: &mut AnyConnection, room: &Room, since: Offset, head: Offset) -> Result<bool> {
    if since >= head {
        return Ok(since == head);
    }
    let row = sqlx::query("SELECT MIN(seq) AS first FROM events WHERE room = $1 AND seq > $2")
        .bind(room.as_str().to_owned())
        .bind(big(since))
        .fetch_one(db)
        .await?;
    Ok(sqlx::Row::try_get::<Option<i64>, _>(&row, "first")? == Some(big(since + 1)))
}

/// At most `limit` events, and few where they are large, after `since`, up to and with `until`, in order, but those that `reader`
/// shall not get. The caller knows that the log [reaches back](reaches_back) to `since`.
pub async fn page(
    db: &mut AnyConnection,
    epoch: &Epoch,
    room: &Room,
    since: Offset,
    until: Offset,
    limit: u64,
    reader: &str,
) -> Result<Vec<Event>> {
    let select = "SELECT room, seq, id, kind, at, actor_id, actor_name, correlation_id, data \
                  FROM events WHERE room = $1 AND seq > $2 AND seq <= $3 \
                  AND (exclude IS NULL OR exclude <> $5) ORDER BY seq LIMIT $4";
    let mut rows = sqlx::query(select)
        .bind(room.as_str().to_owned())
        .bind(big(since))
        .bind(big(until))
        .bind(big(limit))
        .bind(reader.to_owned())
        .fetch(db);
    let (mut events, mut bytes, mut before) = (Vec::new(), 0, since);
    while let Some(row) = rows.next().await {
        let row = row?;
        bytes += row.text("data")?.len();
        let mut event = decode(&row, epoch)?;
        let offset = event.offset.unwrap_or_default();
        event.after = (offset != before + 1).then_some(before);
        before = offset;
        events.push(event);
        if bytes >= limits::EVENTS_PAGE_BYTES {
            break;
        }
    }
    Ok(events)
}

/// A room's log, from its first event that is kept to its head.
pub struct Kept {
    /// The room.
    pub room: Room,
    /// Its head.
    pub head: Offset,
    /// Its first event that is kept.
    pub first: Offset,
    /// When that was.
    pub first_at: Timestamp,
}

/// What rooms keep, by name, some of those after `after`.
pub async fn kept(db: &mut AnyConnection, after: Option<&Room>) -> Result<Vec<Kept>> {
    let select = "SELECT r.room AS room, r.head AS head, e.seq AS first, e.at AS first_at \
                  FROM rooms r JOIN events e ON e.room = r.room \
                  AND e.seq = (SELECT MIN(f.seq) FROM events f WHERE f.room = r.room) \
                  WHERE r.room > $1 ORDER BY r.room LIMIT $2";
    let rows = sqlx::query(select)
        .bind(after.map_or(String::new(), |room| room.as_str().to_owned()))
        .bind(big(limits::TRIM_STEP))
        .fetch_all(db)
        .await?;
    let kept = |row: &AnyRow| {
        Ok(Kept {
            room: row.parsed("room", Room::parse)?,
            head: row.uint("head")?,
            first: row.uint("first")?,
            first_at: row.time("first_at")?,
        })
    };
    rows.iter().map(kept).collect()
}

/// The first event of a room that is not older than `since`; the one after the head where all are.
pub async fn first_since(db: &mut AnyConnection, kept: &Kept, since: Timestamp) -> Result<Offset> {
    let select = "SELECT seq FROM events WHERE room = $1 AND at >= $2 ORDER BY seq LIMIT 1";
    let row = sqlx::query(select)
        .bind(kept.room.as_str().to_owned())
        .bind(since.as_millis())
        .fetch_optional(db)
        .await?;
    Ok(row.map(|row| row.uint("seq")).transpose()?.unwrap_or(kept.head + 1))
}

/// Drops a room's events before `offset`: always a beginning of the log, so that what is left has
/// no hole.
pub async fn drop_before(write: &mut Write, room: &Room, offset: Offset) -> Result<()> {
    sqlx::query("DELETE FROM events WHERE room = $1 AND seq < $2")
        .bind(room.as_str().to_owned())
        .bind(big(offset))
        .execute(write.connection())
        .await?;
    Ok(())
}

fn decode(row: &AnyRow, epoch: &Epoch) -> sqlx::Result<Event> {
    let actor_name = row.maybe_text("actor_name")?.unwrap_or_default();
    Ok(Event {
        kind: row.text("kind")?,
        id: row.parsed("id", EventId::parse)?,
        room: row.parsed("room", Room::parse)?,
        epoch: epoch.clone(),
        offset: Some(row.uint("seq")?),
        at: row.time("at")?,
        actor: row.maybe_text("actor_id")?.map(|id| Actor { id, name: actor_name }),
        correlation_id: row.maybe_text("correlation_id")?,
        data: serde_json::from_str(&row.text("data")?).map_err(|e| damaged("data", e))?,
        after: None,
    })
}
