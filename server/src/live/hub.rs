//! Who listens to which room on this instance.
//!
//! Joining is done in two steps, so that a subscriber gets the state of one
//! moment and then every later event, with none missing and none twice:
//! [`Hub::join`] starts to hold back the room's events for it; then the caller
//! reads a snapshot, which stands at some offset; [`Hub::start`] sends what was
//! held back and is later than that offset, and everything after.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aitk_shared::event::{Event, Offset, Room};
use aitk_shared::limits;
use axum::extract::ws::Utf8Bytes;
use tokio::sync::watch;

use super::{Closing, Outbox};

/// Names one socket on this instance.
pub type ConnectionId = u64;

/// A socket as the hub knows it.
#[derive(Clone)]
pub struct Connection {
    /// Its name here.
    pub id: ConnectionId,
    /// What waits to be sent over it.
    pub outbox: Arc<Outbox>,
}

/// All rooms that somebody listens to. Cheap to clone.
#[derive(Clone, Default)]
pub struct Hub(Arc<Mutex<Rooms>>);

#[derive(Default)]
struct Rooms {
    by_name: HashMap<Room, Listeners>,
    /// By credential, so that a revoked one can be closed.
    sockets: HashMap<ConnectionId, (String, Arc<Outbox>)>,
    next_id: ConnectionId,
}

#[derive(Default)]
struct Listeners {
    sockets: HashMap<ConnectionId, Subscription>,
    pollers: Option<watch::Sender<Offset>>,
}

struct Subscription {
    outbox: Arc<Outbox>,
    position: Position,
}

enum Position {
    /// Its snapshot is being read; these events, of so many bytes, came meanwhile.
    Joining(Vec<(Offset, Utf8Bytes)>, usize),
    /// The next offset that it must get.
    Live(Offset),
}

impl Hub {
    /// Registers a socket; nobody's, until [`Self::identify`] says whose.
    pub fn connect(&self) -> Connection {
        let mut rooms = self.lock();
        rooms.next_id += 1;
        let connection = Connection { id: rooms.next_id, outbox: Arc::default() };
        rooms.sockets.insert(connection.id, (String::new(), connection.outbox.clone()));
        connection
    }

    /// Notes the credential (key id, JWT `sub`) that a socket showed.
    pub fn identify(&self, id: ConnectionId, subject: &str) {
        if let Some((of, _)) = self.lock().sockets.get_mut(&id) {
            *of = subject.to_owned();
        }
    }

    /// Forgets a socket and its subscriptions.
    pub fn disconnect(&self, id: ConnectionId) {
        let mut rooms = self.lock();
        rooms.sockets.remove(&id);
        rooms.by_name.retain(|_, listeners| {
            listeners.sockets.remove(&id);
            !listeners.is_idle()
        });
    }

    /// Closes the sockets of a credential that ended.
    pub fn expel(&self, subject: &str) {
        for (_, outbox) in self.lock().sockets.values().filter(|(of, _)| of == subject) {
            outbox.close(Closing::UNAUTHENTICATED);
        }
    }

    /// Step one of a subscription: holds back the room's events from now on.
    pub fn join(&self, room: &Room, connection: &Connection) {
        let position = Position::Joining(Vec::new(), 0);
        let subscription = Subscription { outbox: connection.outbox.clone(), position };
        self.lock().by_name.entry(room.clone()).or_default().sockets.insert(connection.id, subscription);
    }

    /// Step two: sends every event later than `head`.
    pub fn start(&self, room: &Room, connection: &Connection, head: Offset) {
        let mut rooms = self.lock();
        let Some(subscription) =
            rooms.by_name.get_mut(room).and_then(|listeners| listeners.sockets.get_mut(&connection.id))
        else {
            return;
        };
        let held = std::mem::replace(&mut subscription.position, Position::Live(head + 1));
        if let Position::Joining(held, _) = held {
            held.iter().for_each(|(offset, frame)| subscription.send(*offset, frame));
        }
    }

    /// Ends a subscription.
    pub fn leave(&self, room: &Room, id: ConnectionId) {
        let mut rooms = self.lock();
        if let Some(listeners) = rooms.by_name.get_mut(room) {
            listeners.sockets.remove(&id);
            if listeners.is_idle() {
                rooms.by_name.remove(room);
            }
        }
    }

    /// Ends all subscriptions of a room that is no more; each socket gets `last`.
    pub fn dissolve(&self, room: &Room, last: &Utf8Bytes) {
        if let Some(listeners) = self.lock().by_name.remove(room) {
            listeners.sockets.values().for_each(|subscription| subscription.outbox.push(last.clone()));
        }
    }

    /// Brings committed events, in the order of their commits, to all who listen.
    /// Each is encoded once.
    pub fn deliver(&self, events: &[Event]) {
        let mut rooms = self.lock();
        for event in events {
            let (Some(listeners), Some(offset)) = (rooms.by_name.get_mut(&event.room), event.offset) else {
                continue;
            };
            let Ok(text) = serde_json::to_string(event) else { continue };
            let frame = Utf8Bytes::from(text);
            listeners.sockets.values_mut().for_each(|subscription| subscription.send(offset, &frame));
            if let Some(pollers) = &listeners.pollers {
                pollers.send_replace(offset);
            }
        }
    }

    /// A receiver that wakes when the room gets an event, for long polls.
    pub fn wake(&self, room: &Room) -> watch::Receiver<Offset> {
        let mut rooms = self.lock();
        // Rooms whose polls have all ended are dropped here rather than when a poll
        // ends: a poll may be cut off at any point.
        rooms.by_name.retain(|_, listeners| !listeners.is_idle());
        let listeners = rooms.by_name.entry(room.clone()).or_default();
        listeners.pollers.get_or_insert_with(|| watch::channel(0).0).subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, Rooms> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listeners {
    fn is_idle(&self) -> bool {
        self.sockets.is_empty() && self.pollers.as_ref().is_none_or(|pollers| pollers.is_closed())
    }
}

impl Subscription {
    /// Passes an event on if it is the next one; a gap closes the socket, which then
    /// recovers by offset: better late than with a hole.
    fn send(&mut self, offset: Offset, frame: &Utf8Bytes) {
        match &mut self.position {
            Position::Joining(held, bytes) => {
                *bytes += frame.len();
                match *bytes > limits::SOCKET_QUEUE_BYTES {
                    true => self.outbox.close(Closing::SLOW),
                    false => held.push((offset, frame.clone())),
                }
            }
            Position::Live(next) if offset == *next => {
                *next += 1;
                self.outbox.push(frame.clone());
            }
            Position::Live(next) if offset < *next => {}
            Position::Live(_) => self.outbox.close(Closing::SLOW),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aitk_shared::id::{Epoch, EventId};
    use aitk_shared::time::Timestamp;

    fn event(offset: Offset) -> Event {
        Event {
            kind: "doc:updated".into(),
            id: EventId::parse("e").unwrap(),
            room: room(),
            epoch: Epoch::parse("e").unwrap(),
            offset: Some(offset),
            at: Timestamp::from_millis(0),
            actor: None,
            correlation_id: None,
            data: serde_json::Value::Null,
        }
    }

    fn room() -> Room {
        Room::parse("project:p").unwrap()
    }

    fn offsets(connection: &Connection) -> Vec<Option<u64>> {
        let frames = connection.outbox.take().unwrap();
        frames
            .iter()
            .map(|f| serde_json::from_str::<serde_json::Value>(f).unwrap()["offset"].as_u64())
            .collect()
    }

    #[test]
    fn a_subscriber_gets_its_snapshot_and_then_every_later_event_once() {
        let hub = Hub::default();
        let socket = hub.connect();
        hub.deliver(&[event(1)]);
        hub.join(&room(), &socket);
        hub.deliver(&[event(2), event(3), event(4)]);
        // The snapshot was read after event 3 was committed.
        hub.start(&room(), &socket, 3);
        hub.deliver(&[event(5)]);
        assert_eq!(offsets(&socket), [Some(4), Some(5)]);
    }

    #[test]
    fn a_gap_closes_the_socket_instead_of_passing_as_complete() {
        let hub = Hub::default();
        let socket = hub.connect();
        hub.join(&room(), &socket);
        hub.start(&room(), &socket, 3);
        hub.deliver(&[event(5)]);
        assert_eq!(socket.outbox.take(), Err(Closing::SLOW));
    }

    #[test]
    fn nothing_is_kept_of_those_who_left() {
        let hub = Hub::default();
        let socket = hub.connect();
        hub.join(&room(), &socket);
        drop(hub.wake(&room()));
        hub.disconnect(socket.id);
        let rooms = hub.lock();
        assert!(rooms.by_name.is_empty() && rooms.sockets.is_empty());
    }

    #[test]
    fn a_credential_that_ended_loses_its_sockets_and_no_others() {
        let hub = Hub::default();
        let (one, two) = (hub.connect(), hub.connect());
        hub.identify(one.id, "a");
        hub.identify(two.id, "b");
        hub.expel("a");
        assert_eq!(one.outbox.take(), Err(Closing::UNAUTHENTICATED));
        assert!(two.outbox.take().unwrap().is_empty());
    }
}
