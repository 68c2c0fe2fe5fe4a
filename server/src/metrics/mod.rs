//! What the server counts of itself, since it started; in numbers alone, never by room or person.

mod histogram;
mod text;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

pub use histogram::Histogram;
pub use text::{MEDIA_TYPE, Now};

/// A count that only grows.
#[derive(Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Counts so many more.
    pub fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    /// How many so far.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A request, as it is counted: method, route template, status.
type Answered = (&'static str, String, u16);

/// All that is counted.
#[derive(Default)]
pub struct Metrics {
    /// Events that were brought to rooms.
    pub published: Counter,
    /// Events that were queued to sockets: one for each socket.
    pub delivered: Counter,
    /// Events that sockets did not get, because they were closed as slow; they recover by offset.
    pub dropped: Counter,
    /// Events from the log that sockets got when they came back.
    pub recovered: Counter,
    /// Frames of clients that were too many.
    pub frames_refused: Counter,
    /// Credentials that were not looked at, because too many had failed.
    pub credentials_refused: Counter,
    /// From the commit until its events are queued to all sockets.
    pub fan_out: Histogram,
    /// A change, from the beginning of its transaction until it is made.
    pub write: Histogram,
    answered: Mutex<BTreeMap<Answered, u64>>,
}

impl Metrics {
    /// Counts an answered request; `route` is its template, so that there are few of them.
    pub fn answered(&self, method: &'static str, route: &str, status: u16) {
        let mut answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        *answered.entry((method, route.to_owned(), status)).or_default() += 1;
    }

    fn all_answered(&self) -> BTreeMap<Answered, u64> {
        self.answered.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
