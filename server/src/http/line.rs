//! What waits to be sent to one who asked, and how much of that there may be over all of them.
//!
//! Whoever fills a line holds a reader of the database, so a line takes parts as fast as they come, as
//! long as there is room. Room comes back with every part that is taken, and with all parts of somebody
//! who takes none for too long: his answer breaks off.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use aitk_shared::limits;
use axum::body::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until, timeout};

use crate::error::{Error, Result};

/// The room for all lines of a server.
pub struct Room(Arc<Semaphore>);

impl Default for Room {
    fn default() -> Self {
        Room(Arc::new(Semaphore::new(limits::QUEUED_ANSWERS_BYTES)))
    }
}

/// The end of a line at which parts come in.
pub struct Sender {
    line: Arc<Mutex<Line>>,
    room: Arc<Semaphore>,
    has_sent: bool,
}

/// The end at which they are taken.
pub struct Receiver(Arc<Mutex<Line>>);

struct Line {
    parts: VecDeque<(Bytes, OwnedSemaphorePermit)>,
    end: Option<Result<()>>,
    /// Whether nobody takes parts any more.
    is_left: bool,
    taken_at: Instant,
    waker: Option<Waker>,
}

/// A new line.
pub fn line(room: &Room) -> (Sender, Receiver) {
    let line =
        Line { parts: VecDeque::new(), end: None, is_left: false, taken_at: Instant::now(), waker: None };
    let line = Arc::new(Mutex::new(line));
    tokio::spawn(watch(Arc::downgrade(&line)));
    (Sender { line: line.clone(), room: room.0.clone(), has_sent: false }, Receiver(line))
}

/// Breaks a line off from which nothing is taken.
async fn watch(line: std::sync::Weak<Mutex<Line>>) {
    loop {
        let Some(until) = line.upgrade().map(|line| lock(&line).taken_at + limits::ANSWER_TAKEN) else {
            return;
        };
        sleep_until(until).await;
        let Some(line) = line.upgrade() else { return };
        let mut line = lock(&line);
        let is_stuck = !line.parts.is_empty() && line.taken_at + limits::ANSWER_TAKEN <= Instant::now();
        if is_stuck {
            line.parts.clear();
            line.is_left = true;
            line.end = Some(Err(busy("an answer was not taken in time")));
            return;
        }
        if line.parts.is_empty() {
            // Nothing waits: whoever fills it is slow, and not whoever takes from it.
            line.taken_at = Instant::now();
        }
    }
}

impl Sender {
    /// Puts a part in. The first is refused where there is no room; later ones wait for it. False where
    /// nobody takes it any more.
    pub async fn send(&mut self, part: Bytes) -> Result<bool> {
        // A part larger than all the room would wait for ever.
        let bytes = u32::try_from(part.len().min(limits::QUEUED_ANSWERS_BYTES)).unwrap_or(u32::MAX);
        let room = match self.room.clone().try_acquire_many_owned(bytes) {
            Ok(room) => room,
            Err(_) if !self.has_sent => return Err(busy("too many answers wait to be taken")),
            Err(_) => {
                let room = self.room.clone().acquire_many_owned(bytes);
                let room = timeout(limits::ANSWER_TAKEN, room).await;
                room.map_err(|_| busy("there is no room for an answer"))?.map_err(anyhow::Error::from)?
            }
        };
        self.has_sent = true;
        let mut line = lock(&self.line);
        if !line.is_left {
            line.parts.push_back((part, room));
            line.wake();
        }
        Ok(!line.is_left)
    }

    /// Whether there is room, so that nothing waits.
    pub fn is_easy(&self) -> bool {
        self.room.available_permits() > limits::QUEUED_ANSWERS_BYTES / 2
    }

    /// Whether nobody takes parts any more.
    pub fn is_left(&self) -> bool {
        lock(&self.line).is_left
    }

    /// Ends the line with what went wrong.
    pub fn fail(&self, error: Error) {
        let mut line = lock(&self.line);
        line.end.get_or_insert(Err(error));
        line.wake();
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        let mut line = lock(&self.line);
        line.end.get_or_insert(Ok(()));
        line.wake();
    }
}

impl Receiver {
    /// The next part.
    pub fn poll(&self, context: &Context<'_>) -> Poll<Option<Result<Bytes>>> {
        let mut line = lock(&self.0);
        line.taken_at = Instant::now();
        if let Some((part, _room)) = line.parts.pop_front() {
            return Poll::Ready(Some(Ok(part)));
        }
        match line.end.replace(Ok(())) {
            Some(Ok(())) => Poll::Ready(None),
            Some(Err(error)) => Poll::Ready(Some(Err(error))),
            None => {
                line.end = None;
                line.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let mut line = lock(&self.0);
        line.is_left = true;
        line.parts.clear();
    }
}

impl Line {
    fn wake(&mut self) {
        self.waker.take().into_iter().for_each(Waker::wake);
    }
}

fn lock(line: &Mutex<Line>) -> MutexGuard<'_, Line> {
    line.lock().unwrap_or_else(PoisonError::into_inner)
}

fn busy(why: &'static str) -> Error {
    Error::Unavailable(anyhow::anyhow!(why))
}
