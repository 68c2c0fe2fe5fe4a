//! One line at a terminal that says how the watch is doing, below the events.

use std::time::Duration;

use indicatif::ProgressBar;
use tokio::time::{Instant, sleep};

use crate::app::Context;

/// The line; nothing where nobody would see it.
pub struct Status {
    bar: Option<ProgressBar>,
    /// When the next try is due.
    next_try: Option<Instant>,
}

impl Status {
    /// Shows that the connection is being made.
    pub fn new(context: &Context) -> Self {
        let status = Status { bar: context.out.status(), next_try: None };
        status.show("connecting");
        status
    }

    /// Whether there is a line; elsewhere changes are told in lines of their own.
    pub fn is_shown(&self) -> bool {
        self.bar.is_some()
    }

    /// Events come.
    pub fn connected(&mut self, how: &str) {
        self.next_try = None;
        self.show(how);
    }

    /// The connection broke, and is tried again after `delay`.
    pub fn broken(&mut self, delay: Duration) {
        self.next_try = Some(Instant::now() + delay);
        self.count_down();
    }

    /// Whether the line changes by itself.
    pub fn is_counting(&self) -> bool {
        self.is_shown() && self.next_try.is_some()
    }

    /// Waits for the next second of the count.
    pub async fn tick(&mut self) {
        let Some(at) = self.next_try else { return };
        let left = at.saturating_duration_since(Instant::now());
        sleep(Duration::from_nanos(u64::from(left.subsec_nanos()) + 1)).await;
        self.count_down();
    }

    fn count_down(&mut self) {
        let Some(at) = self.next_try else { return };
        let left = at.saturating_duration_since(Instant::now());
        match left.is_zero() {
            true => self.connected("reconnecting"),
            false => self.show(&format!("reconnecting in {}", seconds(left))),
        }
    }

    /// Prints something without the line in its way.
    pub fn aside<T>(&self, print: impl FnOnce() -> T) -> T {
        match &self.bar {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }

    /// Takes the line away.
    pub fn end(&self) {
        self.bar.iter().for_each(ProgressBar::finish_and_clear);
    }

    fn show(&self, text: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(text.to_owned());
            bar.tick();
        }
    }
}

/// Whole seconds, never fewer than are left.
pub fn seconds(time: Duration) -> String {
    format!("{} s", time.as_millis().div_ceil(1000))
}
