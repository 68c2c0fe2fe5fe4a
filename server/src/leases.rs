//! Ends leases at their moment and tells their rooms. Being late changes nothing
//! but the news: whoever compares a lease with the clock sees it lapsed by itself.

use std::time::Duration;

use crate::error::Result;
use crate::state::App;
use crate::store::locks;

/// Waits before another try when the store cannot answer.
const RETRY: Duration = Duration::from_millis(500);

/// Runs as long as the server.
pub async fn expire(app: App) {
    loop {
        if let Err(error) = until_next(&app).await {
            tracing::warn!(?error, "cannot end a lapsed lease yet");
            tokio::time::sleep(RETRY).await;
        }
    }
}

/// Waits for the next lease to lapse, or for news of one, and ends what has lapsed.
async fn until_next(app: &App) -> Result<()> {
    let next = {
        let mut read = app.store.read().await?;
        locks::next_expiry(&mut read).await?
    };
    let Some(at) = next else {
        app.leases_moved.notified().await;
        return Ok(());
    };
    tokio::select! {
        () = app.clock.sleep_until(at) => {}
        () = app.leases_moved.notified() => return Ok(()),
    }
    let mut write = app.store.write().await?;
    locks::lapse(&mut write, None).await?;
    write.commit().await
}
