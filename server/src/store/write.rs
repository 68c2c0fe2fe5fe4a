//! One change: what it does to the tables, and the events that tell of it, as one.

use std::sync::Arc;
use std::time::Instant;

use aitk_shared::event::{Actor, Event, Offset, Room};
use aitk_shared::id::{Epoch, EventId};
use aitk_shared::time::Timestamp;
use anyhow::anyhow;
use serde_json::Value;
use sqlx::{Any, AnyConnection, Transaction};
use tokio::sync::{Notify, OwnedMutexGuard};

use super::row::{Columns, big};
use crate::crypto;
use crate::error::{Error, Result};
use crate::live::{Hub, Outgoing};
use crate::origin::Origin;

/// A change in the making.
pub struct Write {
    tx: Transaction<'static, Any>,
    turn: OwnedMutexGuard<()>,
    began: Instant,
    now: Timestamp,
    epoch: Epoch,
    hub: Hub,
    events: Vec<Outgoing>,
    woken: Arc<Notify>,
    wakes: bool,
}

impl Write {
    pub(super) fn new(
        tx: Transaction<'static, Any>,
        turn: OwnedMutexGuard<()>,
        now: Timestamp,
        epoch: Epoch,
        hub: Hub,
        woken: Arc<Notify>,
    ) -> Self {
        Write { tx, turn, began: Instant::now(), now, epoch, hub, events: Vec::new(), woken, wakes: false }
    }

    /// The moment of this change, read when its turn had come.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The connection, for queries of this folder.
    pub fn connection(&mut self) -> &mut AnyConnection {
        &mut self.tx
    }

    /// Takes the next `count` offsets of a room; returns the first.
    pub async fn reserve(&mut self, room: &Room, count: u64) -> Result<Offset> {
        let bump = "INSERT INTO rooms (room, head) VALUES ($1, $2) \
                    ON CONFLICT (room) DO UPDATE SET head = rooms.head + excluded.head RETURNING head";
        let row = sqlx::query(bump)
            .bind(room.as_str().to_owned())
            .bind(big(count))
            .fetch_one(&mut *self.tx)
            .await?;
        Ok(row.uint("head")? - count + 1)
    }

    /// Logs one event at an offset that [`Self::reserve`] gave.
    pub async fn log(
        &mut self,
        room: &Room,
        offset: Offset,
        kind: &str,
        actor: Option<&Actor>,
        data: Value,
    ) -> Result<()> {
        let id = EventId::from_random(crypto::random());
        let mut event = self.event(id, room, kind, actor, data);
        event.offset = Some(offset);
        self.publish(event, None).await
    }

    /// An event of this change, without an offset yet.
    pub fn event(&self, id: EventId, room: &Room, kind: &str, actor: Option<&Actor>, data: Value) -> Event {
        Event {
            kind: kind.to_owned(),
            id,
            room: room.clone(),
            epoch: self.epoch.clone(),
            offset: None,
            at: self.now,
            actor: actor.cloned(),
            correlation_id: Origin::current_correlation(),
            data,
            after: None,
        }
    }

    /// Brings an event to its room, without `exclude`: into the log where it has an offset (one
    /// that [`Self::reserve`] gave), else only to who listens when the change is made.
    pub async fn publish(&mut self, event: Event, exclude: Option<String>) -> Result<()> {
        if let Some(offset) = event.offset {
            let insert = "INSERT INTO events \
                          (room, seq, id, kind, at, actor_id, actor_name, correlation_id, data, exclude) \
                          VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
            sqlx::query(insert)
                .bind(event.room.as_str().to_owned())
                .bind(big(offset))
                .bind(event.id.as_str().to_owned())
                .bind(event.kind.clone())
                .bind(event.at.as_millis())
                .bind(event.actor.as_ref().map(|actor| actor.id.clone()))
                .bind(event.actor.as_ref().map(|actor| actor.name.clone()))
                .bind(event.correlation_id.clone())
                .bind(event.data.to_string())
                .bind(exclude.clone())
                .execute(&mut *self.tx)
                .await?;
        }
        self.events.push(Outgoing { event, exclude });
        Ok(())
    }

    /// Logs one event at the room's next offset.
    pub async fn emit(
        &mut self,
        room: &Room,
        kind: &str,
        actor: Option<&Actor>,
        data: Value,
    ) -> Result<Offset> {
        let offset = self.reserve(room, 1).await?;
        self.log(room, offset, kind, actor, data).await?;
        Ok(offset)
    }

    /// Has the commit wake the repositories' worker.
    pub(super) fn wake(&mut self) {
        self.wakes = true;
    }

    /// Makes the change and tells the rooms.
    ///
    /// Runs to its end even when the asker goes away in the middle: a commit whose
    /// events nobody hears of must not be.
    pub async fn commit(self) -> Result<()> {
        let finish = async move {
            let Write { tx, turn, began, hub, events, woken, wakes, .. } = self;
            tx.commit().await?;
            hub.metrics().write.note(began.elapsed());
            hub.deliver(&events);
            if wakes {
                woken.notify_one();
            }
            drop(turn);
            Ok(())
        };
        tokio::spawn(finish).await.map_err(|e| Error::Internal(anyhow!(e)))?
    }
}
