//! Who listens to which room on this instance.
//!
//! Joining is done in two steps, so that a subscriber gets the state of one
//! moment and then every later event, with none missing and none twice:
//! [`Hub::join`] starts to hold back the room's events for it; then the caller
//! reads a snapshot, which stands at some offset; [`Hub::start`] sends what was
//! held back and is later than that offset, and everything after.

mod company;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use aitk_shared::api::RoomStats;
use aitk_shared::event::{Event, Offset, Room};
use aitk_shared::limits;
use aitk_shared::time::Timestamp;
use axum::extract::ws::Utf8Bytes;
use tokio::sync::{Notify, watch};

use super::{Closing, Frame, Outbox};
use crate::metrics::Metrics;
use company::Company;

pub use company::tell_of_company;

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

/// An event on its way.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// The event.
    pub event: Event,
    /// The subject that does not get it.
    pub exclude: Option<String>,
}

/// All rooms that somebody listens to. Cheap to clone.
#[derive(Clone, Default)]
pub struct Hub(Arc<Shared>);

#[derive(Default)]
struct Shared {
    metrics: Arc<Metrics>,
    rooms: Mutex<Rooms>,
    /// Wakes who tells of company when something is due sooner than it was.
    due_sooner: Notify,
}

#[derive(Default)]
struct Rooms {
    by_name: HashMap<Room, Listeners>,
    /// Each with its credential, once it showed one.
    sockets: HashMap<ConnectionId, (Option<String>, Arc<Outbox>)>,
    /// By credential (key id, JWT `sub`), to count them and to reach them.
    by_subject: HashMap<String, HashSet<ConnectionId>>,
    /// When there is something to do for the company of which room.
    calendar: BTreeSet<(Timestamp, Room)>,
    next_id: ConnectionId,
}

#[derive(Default)]
struct Listeners {
    sockets: HashMap<ConnectionId, Subscription>,
    pollers: Option<watch::Sender<Offset>>,
    company: Option<Box<Company>>,
}

struct Subscription {
    outbox: Arc<Outbox>,
    position: Position,
}

enum Position {
    /// Its snapshot is being read; these events, of so many bytes, came meanwhile.
    Joining(Vec<Passing>, usize),
    /// The next offset that it must get, and the last one before that was meant for it.
    Live { next: Offset, given: Offset },
}

/// An event as it passes one subscriber.
#[derive(Clone)]
struct Passing {
    /// `None` for an ephemeral one.
    offset: Option<Offset>,
    /// `None` where it is not meant for this subscriber.
    frame: Option<Frame>,
}

/// Who is connected at a moment.
pub struct Census {
    /// Sockets.
    pub connections: usize,
    /// Credentials that they belong to.
    pub users: usize,
    /// Rooms that somebody listens to.
    pub rooms: Vec<RoomStats>,
    /// What waits to be sent, in bytes.
    pub queued_bytes: usize,
}

impl Hub {
    /// No room yet; counts what passes.
    pub fn new(metrics: Arc<Metrics>) -> Self {
        Hub(Arc::new(Shared { metrics, ..Shared::default() }))
    }

    /// What passes is counted here.
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// How many sockets there are.
    pub fn connections(&self) -> usize {
        self.lock().sockets.len()
    }

    /// Counts who is connected.
    pub fn census(&self) -> Census {
        let rooms = self.lock();
        let of_room = |(room, listeners): (&Room, &Listeners)| RoomStats {
            room: room.clone(),
            subscribers: listeners.sockets.len(),
            people: listeners.company.as_ref().map_or(0, |company| company.count()),
        };
        Census {
            connections: rooms.sockets.len(),
            users: rooms.by_subject.len(),
            rooms: rooms.by_name.iter().map(of_room).collect(),
            queued_bytes: rooms.sockets.values().map(|(_, outbox)| outbox.bytes()).sum(),
        }
    }

    /// Registers a socket, unless there are `most` already; nobody's, until [`Self::identify`] says whose.
    pub fn connect(&self, most: u32) -> Option<Connection> {
        let mut rooms = self.lock();
        if rooms.sockets.len() >= most as usize {
            return None;
        }
        rooms.next_id += 1;
        let connection = Connection { id: rooms.next_id, outbox: Arc::default() };
        rooms.sockets.insert(connection.id, (None, connection.outbox.clone()));
        Some(connection)
    }

    /// Notes the credential (key id, JWT `sub`) that a socket showed, unless it has `most` others.
    pub fn identify(&self, id: ConnectionId, subject: &str, most: u32) -> Result<(), Closing> {
        let mut rooms = self.lock();
        let rooms = &mut *rooms;
        let others =
            rooms.by_subject.get(subject).map_or(0, |ids| ids.len() - usize::from(ids.contains(&id)));
        if others >= most as usize {
            return Err(Closing::TOO_MANY);
        }
        if let Some((of, _)) = rooms.sockets.get_mut(&id) {
            if let Some(before) = of.replace(subject.to_owned()) {
                drop_from(&mut rooms.by_subject, &before, id);
            }
            rooms.by_subject.entry(subject.to_owned()).or_default().insert(id);
        }
        Ok(())
    }

    /// Forgets a socket and its subscriptions.
    pub fn disconnect(&self, id: ConnectionId, now: Timestamp) {
        let mut rooms = self.lock();
        if let Some((Some(subject), _)) = rooms.sockets.remove(&id) {
            drop_from(&mut rooms.by_subject, &subject, id);
        }
        let mut left = Vec::new();
        rooms.by_name.retain(|room, listeners| {
            if listeners.sockets.remove(&id).is_some() && listeners.company.is_some() {
                left.push(room.clone());
            }
            !listeners.is_idle()
        });
        for room in left {
            rooms.depart(&room, id, now);
            rooms.schedule(&room, &self.0.due_sooner);
        }
    }

    /// Closes the sockets of a credential that ended.
    pub fn expel(&self, subject: &str) {
        self.lock().of_subject(subject).for_each(|outbox| outbox.close(Closing::UNAUTHENTICATED));
    }

    /// Has the sockets of a credential look again at what it covers.
    pub fn recheck(&self, subject: &str) {
        self.lock().of_subject(subject).for_each(Outbox::recheck);
    }

    /// Step one of a subscription: holds back the room's events from now on.
    pub fn join(&self, room: &Room, connection: &Connection) {
        let position = Position::Joining(Vec::new(), 0);
        let subscription = Subscription { outbox: connection.outbox.clone(), position };
        self.lock().by_name.entry(room.clone()).or_default().sockets.insert(connection.id, subscription);
    }

    /// Step two: sends every event later than `head`.
    pub fn start(&self, room: &Room, connection: &Connection, head: Offset) {
        self.start_after(room, connection, head, head);
    }

    /// The same for a subscriber that recovered up to `head`, where `given` was the last event that
    /// was meant for it.
    pub fn start_after(&self, room: &Room, connection: &Connection, head: Offset, given: Offset) {
        let mut rooms = self.lock();
        let Some(subscription) =
            rooms.by_name.get_mut(room).and_then(|listeners| listeners.sockets.get_mut(&connection.id))
        else {
            return;
        };
        let live = Position::Live { next: head + 1, given };
        if let Position::Joining(held, _) = std::mem::replace(&mut subscription.position, live) {
            let mut tally = Tally::default();
            held.iter().for_each(|event| subscription.pass(event, &mut tally));
            self.count(&tally);
        }
    }

    /// Ends a subscription.
    pub fn leave(&self, room: &Room, id: ConnectionId, now: Timestamp) {
        let mut rooms = self.lock();
        rooms.depart(room, id, now);
        rooms.schedule(room, &self.0.due_sooner);
        if let Some(listeners) = rooms.by_name.get_mut(room) {
            listeners.sockets.remove(&id);
            if listeners.is_idle() {
                rooms.by_name.remove(room);
            }
        }
    }

    /// Ends all subscriptions of a room that is no more; each socket gets `last`.
    pub fn dissolve(&self, room: &Room, last: &Utf8Bytes) {
        let mut rooms = self.lock();
        if let Some(listeners) = rooms.by_name.remove(room) {
            for subscription in listeners.sockets.values() {
                subscription.outbox.push(last.clone());
            }
            rooms.forget(room, listeners.company);
        }
    }

    /// Brings events to all who listen: committed ones in the order of their commits, ephemeral
    /// ones between them. Each is encoded once.
    pub fn deliver(&self, events: &[Outgoing]) {
        let (began, mut tally) = (Instant::now(), Tally::default());
        let mut rooms = self.lock();
        let Rooms { by_name, sockets, .. } = &mut *rooms;
        for Outgoing { event, exclude } in events {
            let Some(listeners) = by_name.get_mut(&event.room) else { continue };
            let Ok(frame) = Frame::of_event(event) else { continue };
            let passing = Passing { offset: event.offset, frame: Some(frame) };
            let passed_over = Passing { offset: event.offset, frame: None };
            let is_excluded =
                |id| exclude.is_some() && sockets.get(id).is_some_and(|(subject, _)| subject == exclude);
            for (id, subscription) in &mut listeners.sockets {
                subscription.pass(if is_excluded(id) { &passed_over } else { &passing }, &mut tally);
            }
            if let (Some(pollers), Some(offset)) = (&listeners.pollers, event.offset) {
                pollers.send_replace(offset);
            }
        }
        drop(rooms);
        self.count(&tally);
        if !events.is_empty() {
            self.0.metrics.published.add(events.len() as u64);
            self.0.metrics.fan_out.note(began.elapsed());
        }
    }

    fn count(&self, tally: &Tally) {
        self.0.metrics.delivered.add(tally.delivered);
        self.0.metrics.dropped.add(tally.dropped);
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
        self.0.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rooms {
    fn of_subject(&self, subject: &str) -> impl Iterator<Item = &Outbox> {
        let ids = self.by_subject.get(subject).into_iter().flatten();
        ids.filter_map(|id| self.sockets.get(id)).map(|(_, outbox)| &**outbox)
    }
}

fn drop_from(by_subject: &mut HashMap<String, HashSet<ConnectionId>>, subject: &str, id: ConnectionId) {
    if let Some(ids) = by_subject.get_mut(subject) {
        ids.remove(&id);
        if ids.is_empty() {
            by_subject.remove(subject);
        }
    }
}

impl Listeners {
    fn is_idle(&self) -> bool {
        self.sockets.is_empty()
            && self.company.is_none()
            && self.pollers.as_ref().is_none_or(|pollers| pollers.is_closed())
    }
}

impl Subscription {
    /// Passes an event on if it is the next one; a gap closes the socket, which then
    /// recovers by offset: better late than with a hole.
    fn pass(&mut self, event: &Passing, tally: &mut Tally) {
        match (&mut self.position, event.offset) {
            (Position::Joining(held, bytes), _) => {
                *bytes += event.frame.as_ref().map_or(0, |frame| frame.len());
                match *bytes > limits::SOCKET_QUEUE_BYTES {
                    true => {
                        tally.dropped += 1 + std::mem::take(held).len() as u64;
                        self.outbox.close(Closing::SLOW);
                    }
                    false => held.push(event.clone()),
                }
            }
            (Position::Live { .. }, None) => {
                if let Some(frame) = &event.frame {
                    tally.note(self.outbox.push(frame.clone()));
                }
            }
            (Position::Live { next, given }, Some(offset)) if offset == *next => {
                *next += 1;
                if let Some(frame) = &event.frame {
                    let frame = if *given + 1 == offset { frame.clone() } else { frame.after(*given) };
                    tally.note(self.outbox.push(frame));
                    *given = offset;
                }
            }
            (Position::Live { next, .. }, Some(offset)) if offset < *next => {}
            (Position::Live { .. }, Some(_)) => self.outbox.close(Closing::SLOW),
        }
    }
}

/// What became of events on their way into sockets' queues.
#[derive(Default)]
struct Tally {
    delivered: u64,
    dropped: u64,
}

impl Tally {
    fn note(&mut self, dropped: usize) {
        match dropped {
            0 => self.delivered += 1,
            dropped => self.dropped += dropped as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aitk_shared::id::{Epoch, EventId};

    fn event(offset: Offset) -> Outgoing {
        let event = Event {
            kind: "doc:updated".into(),
            id: EventId::parse("e").unwrap(),
            room: room(),
            epoch: Epoch::parse("e").unwrap(),
            offset: Some(offset),
            at: Timestamp::from_millis(0),
            actor: None,
            correlation_id: None,
            data: serde_json::Value::Null,
            after: None,
        };
        Outgoing { event, exclude: None }
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
        let socket = hub.connect(9).unwrap();
        hub.deliver(&[event(1)]);
        hub.join(&room(), &socket);
        hub.deliver(&[event(2), event(3), event(4)]);
        // The snapshot was read after event 3 was committed.
        hub.start(&room(), &socket, 3);
        hub.deliver(&[event(5)]);
        assert_eq!(offsets(&socket), [Some(4), Some(5)]);
    }

    #[test]
    fn who_is_excluded_gets_all_but_that_and_can_tell_that_nothing_is_missing() {
        let hub = Hub::default();
        let connect = || hub.connect(u32::MAX).unwrap();
        let (ann, bob, late) = (connect(), connect(), connect());
        for (socket, subject) in [(&ann, "ann"), (&bob, "bob"), (&late, "ann")] {
            hub.identify(socket.id, subject, u32::MAX).unwrap();
            hub.join(&room(), socket);
        }
        let not_for_ann = |offset| Outgoing { exclude: Some("ann".into()), ..event(offset) };
        let ephemeral = |mut outgoing: Outgoing| {
            outgoing.event.offset = None;
            outgoing
        };
        hub.start(&room(), &ann, 3);
        hub.start(&room(), &bob, 3);
        hub.deliver(&[
            event(4),
            not_for_ann(5),
            ephemeral(not_for_ann(0)),
            not_for_ann(6),
            event(7),
            ephemeral(event(0)),
            event(8),
        ]);
        // This one recovered up to 6, the last of which that it got was 4.
        hub.start_after(&room(), &late, 6, 4);
        let seen = |connection: &Connection| -> Vec<_> {
            let frames = connection.outbox.take().unwrap();
            let frames = frames.iter().map(|frame| serde_json::from_str::<Event>(frame).unwrap());
            frames.map(|event| (event.offset, event.after)).collect()
        };
        assert_eq!(seen(&ann), [(Some(4), None), (Some(7), Some(4)), (None, None), (Some(8), None)]);
        assert_eq!(seen(&bob).len(), 7);
        assert_eq!(seen(&late), [(Some(7), Some(4)), (None, None), (Some(8), None)]);
    }

    #[test]
    fn a_gap_closes_the_socket_instead_of_passing_as_complete() {
        let hub = Hub::default();
        let socket = hub.connect(9).unwrap();
        hub.join(&room(), &socket);
        hub.start(&room(), &socket, 3);
        hub.deliver(&[event(5)]);
        assert_eq!(socket.outbox.take().unwrap_err(), Closing::SLOW);
    }

    #[test]
    fn nothing_is_kept_of_those_who_left() {
        let hub = Hub::default();
        let socket = hub.connect(9).unwrap();
        hub.join(&room(), &socket);
        hub.identify(socket.id, "a", 1).unwrap();
        drop(hub.wake(&room()));
        hub.disconnect(socket.id, Timestamp::from_millis(0));
        let rooms = hub.lock();
        assert!(rooms.by_name.is_empty() && rooms.sockets.is_empty() && rooms.by_subject.is_empty());
    }

    #[test]
    fn a_credential_that_ended_loses_its_sockets_and_no_others() {
        let hub = Hub::default();
        let (one, two) = (hub.connect(9).unwrap(), hub.connect(9).unwrap());
        hub.identify(one.id, "a", 9).unwrap();
        hub.identify(two.id, "b", 9).unwrap();
        hub.expel("a");
        assert_eq!(one.outbox.take().unwrap_err(), Closing::UNAUTHENTICATED);
        assert!(two.outbox.take().unwrap().is_empty());
    }

    #[test]
    fn sockets_are_counted_by_user_and_in_all() {
        let hub = Hub::default();
        let sockets: Vec<_> = (0..3).map(|_| hub.connect(3).unwrap()).collect();
        assert!(hub.connect(3).is_none());
        for socket in &sockets[..2] {
            assert_eq!(hub.identify(socket.id, "a", 2), Ok(()));
            assert_eq!(hub.identify(socket.id, "a", 2), Ok(()), "the same one again is no other");
        }
        assert_eq!(hub.identify(sockets[2].id, "a", 2), Err(Closing::TOO_MANY));
        assert_eq!(hub.identify(sockets[1].id, "b", 2), Ok(()));
        assert_eq!(hub.identify(sockets[2].id, "a", 2), Ok(()), "one of them became another's");
        hub.disconnect(sockets[0].id, Timestamp::from_millis(0));
        assert!(hub.connect(3).is_some());
    }
}
