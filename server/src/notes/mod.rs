//! What is noted beside requests, which do not wait for it: kept in memory, written together every few
//! seconds and when the server stops.
//!
//! Nothing here decides anything. What a power cut takes is a few seconds of notes.

mod refusals;
mod reports;
mod uses;

use std::sync::{Mutex, MutexGuard, PoisonError};

use aitk_shared::id::KeyId;
use aitk_shared::limits;
use aitk_shared::time::Timestamp;

use crate::error::Result;
use crate::http::Refusal;
use crate::origin::Origin;
use crate::state::App;

use refusals::Refusals;
use reports::Reports;
use uses::Uses;

pub use reports::Given;

/// What waits to be written.
#[derive(Default)]
pub struct Notes {
    refusals: Mutex<Refusals>,
    reports: Mutex<Reports>,
    uses: Mutex<Uses>,
    /// Held while notes are written, so that whoever waited for it reads them all.
    writing: tokio::sync::Mutex<()>,
}

/// What is to be written now.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// What has waited long enough.
    Due,
    /// Everything: somebody wants to read it, or the server stops.
    All,
}

impl Notes {
    /// Notes a request that was refused.
    pub fn refused(&self, refusal: Refusal, from: &Origin, now: Timestamp) {
        lock(&self.refusals).note(refusal, from, now);
    }

    /// Notes what a session was given.
    pub fn given(&self, given: &Given<'_>, now: Timestamp) {
        lock(&self.reports).note(given, now);
    }

    /// Notes that a key was used.
    pub fn used(&self, key: &KeyId, now: Timestamp) {
        lock(&self.uses).note(key, now);
    }

    /// Forgets a credential that ended.
    pub fn forget(&self, subject: &str) {
        lock(&self.reports).forget(subject);
    }
}

/// Writes notes as long as the server runs.
pub async fn keep_writing(app: App) {
    let mut ticks = tokio::time::interval(limits::NOTES_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = write(&app, Due::Due).await {
            tracing::warn!(?error, "cannot write down what was noted yet");
        }
    }
}

/// Writes notes; what cannot be written now stays for the next time.
pub async fn write(app: &App, due: Due) -> Result<()> {
    let _writing = app.notes.writing.lock().await;
    let refused = lock(&app.notes.refusals).take(due, app.clock.now());
    let given = lock(&app.notes.reports).take();
    let used = lock(&app.notes.uses).take();
    if refused.is_empty() && given.is_empty() && used.is_empty() {
        return Ok(());
    }
    let done = async {
        let mut write = app.store.write().await?;
        refusals::write(&mut write, &refused).await?;
        uses::write(&mut write, &used).await?;
        if !given.is_empty() {
            reports::write(&mut write, &given).await?;
        }
        write.commit().await
    };
    let done = done.await;
    if done.is_err() {
        lock(&app.notes.refusals).put_back(refused);
        lock(&app.notes.reports).put_back(given);
        lock(&app.notes.uses).put_back(used);
    }
    done
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
