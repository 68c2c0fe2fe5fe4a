//! The clock, read once at the edge of each request. Tests turn it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aitk_shared::time::Timestamp;
use tokio::sync::Notify;

/// The server's clock: the system's, plus what a test added.
#[derive(Clone, Default)]
pub struct Clock(Arc<Inner>);

#[derive(Default)]
struct Inner {
    skew_ms: AtomicI64,
    turned: Notify,
}

impl Clock {
    /// The moment now.
    pub fn now(&self) -> Timestamp {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let millis = i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX);
        Timestamp::from_millis(millis.saturating_add(self.0.skew_ms.load(Ordering::SeqCst)))
    }

    /// Turns the clock forward.
    pub fn advance(&self, by: Duration) {
        let millis = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.0.skew_ms.fetch_add(millis, Ordering::SeqCst);
        self.0.turned.notify_waiters();
    }

    /// Waits until `at`, also when the clock is turned meanwhile.
    pub async fn sleep_until(&self, at: Timestamp) {
        loop {
            let turned = self.0.turned.notified();
            let left = at.since(self.now());
            if left.is_zero() {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(left) => {}
                () = turned => {}
            }
        }
    }
}
