//! Lets old versions of docs go, where the settings bound the history.

use std::time::Duration;

use aitk_shared::limits;
use aitk_shared::time::Timestamp;

use crate::error::Result;
use crate::state::App;
use crate::store::history::{self, Keep};
use crate::store::projects;

/// How far the history of each doc goes back; without either, for ever.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct HistoryBounds {
    /// So many versions stay.
    pub versions: Option<u64>,
    /// What stood within this time stays.
    pub time: Option<Duration>,
}

/// Runs as long as the server, if there is anything to do at all.
pub async fn trim(app: App, bounds: HistoryBounds) {
    if bounds == HistoryBounds::default() {
        return;
    }
    loop {
        match once(&app, bounds).await {
            Ok(0) => {}
            Ok(gone) => tracing::info!(gone, "old versions of docs are gone"),
            Err(error) => tracing::warn!(?error, "cannot trim the history yet"),
        }
        app.clock.sleep_until(app.clock.now().plus(limits::HISTORY_TRIM_EVERY)).await;
    }
}

/// Trims all projects, a few versions a transaction, so that saves come in between.
async fn once(app: &App, bounds: HistoryBounds) -> Result<usize> {
    let now = app.clock.now().as_millis();
    let time = bounds.time.map(|time| i64::try_from(time.as_millis()).unwrap_or(i64::MAX));
    let since = time.map(|time| Timestamp::from_millis(now.saturating_sub(time)));
    let keep = Keep { versions: bounds.versions, since };
    let all = {
        let mut read = app.store.read().await?;
        projects::all(&mut read).await?
    };
    let mut gone = 0;
    for project in all {
        loop {
            let mut write = app.store.write().await?;
            let trimmed =
                history::trim(&mut write, &project.public.id, keep, limits::HISTORY_TRIM_STEP).await?;
            if trimmed == 0 {
                break;
            }
            write.commit().await?;
            gone += trimmed;
        }
    }
    Ok(gone)
}
