//! Lets old events of rooms go. Docs lose nothing by it: their versions are not events.

use std::time::Duration;

use aitk_shared::limits;
use aitk_shared::time::Timestamp;

use crate::error::Result;
use crate::state::App;
use crate::store::{events, publications};

/// What rooms keep of their events, for those who come back.
#[derive(Clone, Copy, Debug)]
pub struct EventBounds {
    /// So many of each room; `None` keeps all.
    pub events: Option<u64>,
    /// So long; `None` is for ever.
    pub time: Option<Duration>,
}

impl Default for EventBounds {
    fn default() -> Self {
        EventBounds { events: Some(limits::KEEP_EVENTS), time: Some(limits::KEEP_EVENTS_FOR) }
    }
}

/// Runs as long as the server.
pub async fn trim(app: App, keep: EventBounds) {
    loop {
        if let Err(error) = trim_once(&app, keep).await {
            tracing::warn!(?error, "cannot let go of old events yet");
        }
        app.clock.sleep_until(app.clock.now().plus(limits::TRIM_EVERY)).await;
    }
}

/// Looks through all rooms once.
pub async fn trim_once(app: &App, keep: EventBounds) -> Result<()> {
    let mut last = None;
    loop {
        let rooms = events::kept(&mut *app.store.read().await?, last.as_ref()).await?;
        for room in &rooms {
            trim_room(app, room, keep).await?;
        }
        match rooms.into_iter().next_back() {
            Some(room) => last = Some(room.room),
            None => break,
        }
    }
    while publications::any_old(&mut *app.store.read().await?, app.clock.now()).await? {
        let mut write = app.store.write().await?;
        publications::trim(&mut write).await?;
        write.commit().await?;
    }
    Ok(())
}

async fn trim_room(app: &App, kept: &events::Kept, keep: EventBounds) -> Result<()> {
    let mut first = kept.first;
    if let Some(count) = keep.events {
        first = first.max((kept.head + 1).saturating_sub(count));
    }
    if let Some(time) = keep.time {
        let now = app.clock.now().as_millis();
        let since =
            Timestamp::from_millis(now.saturating_sub(i64::try_from(time.as_millis()).unwrap_or(i64::MAX)));
        if kept.first_at < since {
            first = first.max(events::first_since(&mut *app.store.read().await?, kept, since).await?);
        }
    }
    let mut next = kept.first;
    while next < first {
        next = first.min(next + limits::TRIM_STEP);
        let mut write = app.store.write().await?;
        events::drop_before(&mut write, &kept.room, next).await?;
        write.commit().await?;
    }
    Ok(())
}
