//! What waits to be sent over one socket: encoded frames, bounded in bytes.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aitk_shared::frame::{Closed, close};
use aitk_shared::limits;
use tokio::sync::Notify;

use super::Frame;
use super::hub::ConnectionId;

/// Why the server closes a socket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Closing {
    /// A code of [`close`].
    pub code: u16,
    /// For people.
    pub reason: &'static str,
}

impl Closing {
    /// The reader does not keep up; it recovers by offset.
    pub const SLOW: Closing =
        Closing { code: close::SLOW, reason: "too slow: reconnect and recover by offset" };
    /// No credential, or one that ended.
    pub const UNAUTHENTICATED: Closing =
        Closing { code: close::UNAUTHENTICATED, reason: "authenticate again" };
    /// Too many sockets, of this user or in all.
    pub const TOO_MANY: Closing = Closing { code: close::TOO_MANY, reason: "too many connections" };
    /// The client goes on sending though it was told to wait.
    pub const UNRULY: Closing = Closing { code: close::FORBIDDEN, reason: "too many frames: stop" };
    /// The one room of a connection is no more, or not for this credential any more.
    pub const NO_ROOM: Closing =
        Closing { code: close::FORBIDDEN, reason: "no such room for this credential: stop" };
    /// The server stops.
    pub const GOING_AWAY: Closing =
        Closing { code: close::GOING_AWAY, reason: "the server goes away: reconnect" };
    /// The frame was larger than the limit (RFC 6455 §7.4.1).
    pub const TOO_BIG: Closing = Closing { code: 1009, reason: "a frame over the limit" };
}

impl Closing {
    /// The same as a word, for transports that have no close codes. Who is slow, or has to go because
    /// the server does, is told when to come back; others have to do something first.
    pub fn word(self, connection: ConnectionId) -> Closed {
        let comes_back = self == Closing::SLOW || self == Closing::GOING_AWAY;
        let spread = u64::try_from(limits::RECONNECT_SPREAD.as_millis()).unwrap_or(1);
        let after = limits::RECONNECT_AFTER + Duration::from_millis(connection % spread);
        Closed {
            code: self.code,
            reason: self.reason.into(),
            retry_after_ms: comes_back.then_some(u64::try_from(after.as_millis()).unwrap_or_default()),
        }
    }
}

/// Filled by rooms, emptied by the socket's own task.
#[derive(Default)]
pub struct Outbox {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    frames: VecDeque<Frame>,
    bytes: usize,
    closing: Option<Closing>,
    /// What the socket's credential covers may have changed.
    recheck: bool,
}

impl Outbox {
    /// Queues a frame; over the bound the socket is closed as slow instead. Returns how many frames
    /// that cost.
    pub fn push(&self, frame: impl Into<Frame>) -> usize {
        let frame = frame.into();
        let mut state = self.lock();
        if state.closing.is_some() {
            return 1;
        }
        state.bytes += frame.len();
        let dropped = if state.bytes > limits::SOCKET_QUEUE_BYTES {
            let dropped = state.frames.len() + 1;
            *state = State { closing: Some(Closing::SLOW), ..State::default() };
            dropped
        } else {
            state.frames.push_back(frame);
            0
        };
        drop(state);
        self.changed.notify_one();
        dropped
    }

    /// What is queued, in bytes.
    pub fn bytes(&self) -> usize {
        self.lock().bytes
    }

    /// Asks the socket's task to close; what is queued is dropped.
    pub fn close(&self, closing: Closing) {
        let mut state = self.lock();
        let closing = state.closing.unwrap_or(closing);
        *state = State { closing: Some(closing), ..State::default() };
        drop(state);
        self.changed.notify_one();
    }

    /// Asks the socket's task to look at its credential again, once what is queued has gone out.
    pub fn recheck(&self) {
        self.lock().recheck = true;
        self.changed.notify_one();
    }

    /// Whether it was asked to, since the last time.
    pub fn take_recheck(&self) -> bool {
        std::mem::take(&mut self.lock().recheck)
    }

    /// Takes all that is queued, or tells why to close.
    pub fn take(&self) -> Result<VecDeque<Frame>, Closing> {
        let mut state = self.lock();
        match state.closing {
            Some(closing) => Err(closing),
            None => {
                state.bytes = 0;
                Ok(std::mem::take(&mut state.frames))
            }
        }
    }

    /// Waits until there is something to take, or to look at again. Meant for one waiter.
    pub async fn filled(&self) {
        loop {
            {
                let state = self.lock();
                if state.closing.is_some() || state.recheck || !state.frames.is_empty() {
                    return;
                }
            }
            self.changed.notified().await;
        }
    }

    /// Waits until the socket shall close. Meant for the same one waiter, while it writes.
    pub async fn closed(&self) -> Closing {
        loop {
            if let Some(closing) = self.lock().closing {
                return closing;
            }
            self.changed.notified().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::extract::ws::Utf8Bytes;

    #[tokio::test]
    async fn a_reader_that_does_not_keep_up_is_closed_and_its_queue_dropped() {
        let outbox = Outbox::default();
        let frame = Utf8Bytes::from("x".repeat(limits::SOCKET_QUEUE_BYTES / 2));
        outbox.push(frame.clone());
        outbox.push(frame.clone());
        assert_eq!(outbox.take().unwrap().len(), 2);
        for _ in 0..3 {
            outbox.push(frame.clone());
        }
        assert_eq!(outbox.closed().await, Closing::SLOW);
        assert_eq!(outbox.take().unwrap_err(), Closing::SLOW);
        outbox.close(Closing::UNAUTHENTICATED);
        assert_eq!(outbox.take().unwrap_err(), Closing::SLOW, "the first reason stays");
    }
}
