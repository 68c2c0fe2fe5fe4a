//! A clock that goes on while the machine sleeps, as leases do, and that nobody sets.

use std::time::Duration;

use aitk_shared::limits;
use tokio::time::sleep;

/// A moment, by that clock.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Moment(Duration);

impl Moment {
    /// The moment now.
    #[cfg(unix)]
    pub fn now() -> Self {
        use rustix::time::{ClockId, clock_gettime};
        // Elsewhere the monotonic clock itself counts sleep.
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let time = clock_gettime(ClockId::Boottime);
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        let time = clock_gettime(ClockId::Monotonic);
        let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
        Moment(Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or_default()))
    }

    /// The moment now.
    #[cfg(not(unix))]
    pub fn now() -> Self {
        static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
        Moment(START.get_or_init(std::time::Instant::now).elapsed())
    }

    /// The moment `later` after this one.
    pub fn plus(self, later: Duration) -> Self {
        Moment(self.0.saturating_add(later))
    }

    /// The moment `earlier` before this one.
    pub fn minus(self, earlier: Duration) -> Self {
        Moment(self.0.saturating_sub(earlier))
    }

    /// What is left until then.
    pub fn left(self) -> Duration {
        self.0.saturating_sub(Moment::now().0)
    }

    /// Waits until then; a sleep of the machine counts, and is noticed soon after it.
    pub async fn wait(self) {
        while !self.left().is_zero() {
            sleep(self.left().min(limits::LEASE_TICK)).await;
        }
    }
}
