//! Follows rooms over the server's WebSocket, or by plain requests where none gets through: every
//! event once and in order, across reconnects.
//!
//! A [`Follower`] remembers where it stands in each room. After a break it asks for what came
//! since; what the server cannot give any more is told as a gap, never passed over.

mod link;
mod poll;

use std::collections::BTreeMap;
use std::time::Duration;

use aitk_shared::event::{Event, Offset, Room};
use aitk_shared::frame::{ClientFrame, RoomState, ServerFrame, Subscribe};
use aitk_shared::id::Epoch;
use aitk_shared::limits;
use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use serde_json::Value;
use tokio::time::{Instant, sleep, sleep_until};

use crate::client::Client;
use crate::error::{Error, Kind, Result};
use crate::output::shown;
use link::{Break, Frame, Link, again};
use poll::{Came, Poll};

/// Where a follower stands in a room.
#[derive(Clone, PartialEq, Debug)]
pub struct Position {
    /// In which `offset` counts; `None` where the caller did not know.
    pub epoch: Option<Epoch>,
    /// The last event seen.
    pub offset: Offset,
}

/// What a follower has to tell.
pub enum News {
    /// An event, and all of it as it came.
    Event(Box<Event>, Value),
    /// A room is followed (again); the events after `offset` come next.
    Joined {
        /// The room.
        room: Room,
        /// Where the follower stands in it.
        offset: Offset,
        /// Whether events before `offset` were lost.
        gap: bool,
        /// The room as of `offset`, where the server told.
        state: Option<Box<RoomState>>,
    },
    /// No socket gets through; plain requests bring the events from now on.
    Polling {
        /// What became of the socket.
        why: String,
    },
    /// The connection is gone, and is tried again after `delay`.
    Broken {
        /// What happened.
        why: String,
        /// How long until the next try.
        delay: Duration,
    },
}

/// Follows rooms.
pub struct Follower {
    client: Client,
    rooms: BTreeMap<Room, Option<Position>>,
    line: Option<Line>,
    /// Until when no socket is tried.
    blocked: Option<Instant>,
    pause: Option<Duration>,
    /// The server's wish before it goes away.
    wish: Option<Duration>,
    max_retries: u32,
    failures: u32,
    delays: ExponentialBackoff,
}

/// The way by which events come.
enum Line {
    Socket(Box<Link>),
    Poll(Box<Poll>),
}

impl Follower {
    /// Follows `rooms`, each from its position, or from now on.
    pub fn new(client: Client, rooms: BTreeMap<Room, Option<Position>>, max_retries: u32) -> Self {
        let delays = delays();
        Follower {
            client,
            rooms,
            line: None,
            blocked: None,
            pause: None,
            wish: None,
            max_retries,
            failures: 0,
            delays,
        }
    }

    /// Waits for news; an error is the end.
    pub async fn next(&mut self) -> Result<News> {
        loop {
            if let Some(delay) = self.pause {
                sleep(delay).await;
                self.pause = None;
            }
            match self.step().await {
                Ok(Some(news)) => return Ok(news),
                Ok(None) => {}
                Err(Break::Stop(error)) => return Err(error),
                Err(Break::Again { why, after }) => return self.broken(why, after),
                Err(Break::Blocked(why)) => {
                    self.blocked = Some(Instant::now() + limits::SOCKET_AGAIN);
                    self.line = Some(Line::Poll(Box::new(Poll::new(&self.client, &self.rooms))));
                    return Ok(News::Polling { why });
                }
            }
        }
    }

    async fn step(&mut self) -> std::result::Result<Option<News>, Break> {
        let blocked = self.blocked.filter(|until| Instant::now() < *until);
        match &mut self.line {
            Some(Line::Socket(link)) => {
                let frame = link.next().await?;
                self.hear(frame)
            }
            Some(Line::Poll(poll)) => {
                tokio::select! {
                    biased;
                    came = poll.next() => Ok(self.take(came?)),
                    () = sleep_until(blocked.unwrap_or_else(Instant::now)) => self.try_socket().await,
                }
            }
            None if blocked.is_some() => {
                self.line = Some(Line::Poll(Box::new(Poll::new(&self.client, &self.rooms))));
                Ok(None)
            }
            None => {
                self.line = Some(Line::Socket(Box::new(self.open().await?)));
                Ok(None)
            }
        }
    }

    /// Opens a socket and asks for every room.
    async fn open(&self) -> std::result::Result<Link, Break> {
        let mut link = Link::open(&self.client).await?;
        for (room, position) in &self.rooms {
            let (since, epoch) = match position {
                Some(position) => (Some(position.offset), position.epoch.clone()),
                None => (None, None),
            };
            let ask = Subscribe { room: Some(room.clone()), rooms: Vec::new(), since, epoch };
            link.send(&ClientFrame::Subscribe(ask)).await?;
        }
        Ok(link)
    }

    /// Looks whether sockets get through by now; goes on as before where they do not.
    async fn try_socket(&mut self) -> std::result::Result<Option<News>, Break> {
        match self.open().await {
            Ok(link) => self.line = Some(Line::Socket(Box::new(link))),
            Err(Break::Stop(error)) => return Err(Break::Stop(error)),
            Err(_) => self.blocked = Some(Instant::now() + limits::SOCKET_AGAIN),
        }
        Ok(None)
    }

    /// What a request brought.
    fn take(&mut self, came: Came) -> Option<News> {
        match came {
            Came::Event(event, raw) => {
                if let (Some(Some(position)), Some(offset)) = (self.rooms.get_mut(&event.room), event.offset)
                {
                    position.offset = offset;
                }
                Some(News::Event(event, raw))
            }
            Came::Joined { room, position, gap } => {
                (self.failures, self.delays) = (0, delays());
                let offset = position.offset;
                self.rooms.insert(room.clone(), Some(position));
                Some(News::Joined { room, offset, gap, state: None })
            }
        }
    }

    /// What a frame says.
    fn hear(&mut self, frame: Frame) -> std::result::Result<Option<News>, Break> {
        match frame {
            Frame::Event(event, raw) => {
                let is_new = advance(&mut self.rooms, &event)?;
                Ok(is_new.then_some(News::Event(event, raw)))
            }
            Frame::Server(ServerFrame::Subscribed { room, epoch, offset, recovered, state, .. }) => {
                (self.failures, self.delays) = (0, delays());
                let (offset, gap) = join(&mut self.rooms, &room, epoch, offset, recovered);
                Ok(Some(News::Joined { room, offset, gap, state: state.map(Box::new) }))
            }
            Frame::Server(ServerFrame::Unsubscribed { room }) => {
                let why = format!("the key does not cover {} any more", shown(room.as_str()));
                Err(Break::Stop(Error::new(Kind::Credentials, why)))
            }
            Frame::Server(ServerFrame::Error { code, message, room, retry_after_ms }) => {
                let after = retry_after_ms.map(Duration::from_millis);
                let message = shown(&message);
                let what = room.map_or_else(String::new, |room| format!(" {}", shown(room.as_str())));
                let stop = |kind, why: &str| {
                    Err(Break::Stop(Error::new(kind, format!("the server {why}{what}: {message}"))))
                };
                match code.as_str() {
                    "not_found" => stop(Kind::NotFound, "does not have room"),
                    "forbidden" | "unauthorized" => stop(Kind::Credentials, "does not allow"),
                    "unavailable" if what.is_empty() => {
                        self.wish = after;
                        Ok(None)
                    }
                    _ => Err(Break::Again { why: message, after }),
                }
            }
            Frame::Server(ServerFrame::Connected { .. } | ServerFrame::Pong { .. }) => Ok(None),
        }
    }

    fn broken(&mut self, why: String, after: Option<Duration>) -> Result<News> {
        self.line = None;
        self.failures += 1;
        if self.failures > self.max_retries {
            return Err(Error::new(
                Kind::Unreachable,
                format!("{why}; gave up after {} tries", self.failures),
            )
            .hint("look at the network, the URL and the server; --max-retries tries longer"));
        }
        let wish = after.or(self.wish.take()).unwrap_or_default();
        let delay = self.delays.next().unwrap_or(LONGEST_DELAY).max(wish);
        self.pause = Some(delay);
        Ok(News::Broken { why, delay })
    }
}

/// Longest wait between two tries, before jitter.
const LONGEST_DELAY: Duration = Duration::from_secs(30);

/// 1, 2, 4 … 30 s, each with jitter, so that many clients do not come back at once.
fn delays() -> ExponentialBackoff {
    ExponentialBuilder::new()
        .with_min_delay(Duration::from_secs(1))
        .with_max_delay(LONGEST_DELAY)
        .without_max_times()
        .with_jitter()
        .build()
}

/// Moves on by one event; false for one that was seen before.
fn advance(rooms: &mut BTreeMap<Room, Option<Position>>, event: &Event) -> std::result::Result<bool, Break> {
    let Some(offset) = event.offset else { return Ok(true) };
    // Before the answer to its subscription nothing of a room is due.
    let Some(Some(position)) = rooms.get_mut(&event.room) else { return Ok(false) };
    if position.epoch.as_ref().is_some_and(|epoch| *epoch != event.epoch) {
        return Err(again("the server's log began anew"));
    }
    if offset <= position.offset {
        return Ok(false);
    }
    // What was kept from this reader is no hole: the event says which it follows.
    if event.after.unwrap_or(offset.saturating_sub(1)) > position.offset {
        return Err(again(format!("the event after {} is missing", position.offset)));
    }
    position.offset = offset;
    Ok(true)
}

/// Takes the answer to a subscription: where the follower stands now, and whether events were lost.
fn join(
    rooms: &mut BTreeMap<Room, Option<Position>>,
    room: &Room,
    epoch: Epoch,
    head: Offset,
    recovered: bool,
) -> (Offset, bool) {
    let Some(position) = rooms.get_mut(room) else { return (head, false) };
    let before = position.take();
    let (offset, gap) = match &before {
        Some(before) if recovered => (before.offset, false),
        Some(before) => (head, before.epoch.as_ref() != Some(&epoch) || before.offset != head),
        None => (head, false),
    };
    *position = Some(Position { epoch: Some(epoch), offset });
    (offset, gap)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aitk_shared::id::EventId;
    use aitk_shared::time::Timestamp;

    fn room() -> Room {
        Room::parse("project:p").unwrap()
    }

    fn epoch(text: &str) -> Epoch {
        Epoch::parse(text).unwrap()
    }

    fn event(offset: Option<Offset>) -> Event {
        Event {
            kind: "doc:updated".into(),
            id: EventId::parse("e").unwrap(),
            room: room(),
            epoch: epoch("x"),
            offset,
            at: Timestamp::from_millis(0),
            actor: None,
            correlation_id: None,
            data: Value::Null,
            after: None,
        }
    }

    fn at(epoch_text: &str, offset: Offset) -> BTreeMap<Room, Option<Position>> {
        BTreeMap::from([(room(), Some(Position { epoch: Some(epoch(epoch_text)), offset }))])
    }

    #[test]
    fn an_event_is_told_once_and_a_hole_breaks_the_line() {
        let mut rooms = at("x", 5);
        for (offset, told) in [
            (Some(5), Some(false)),
            (Some(6), Some(true)),
            (Some(6), Some(false)),
            (None, Some(true)),
            (Some(8), None),
            (Some(7), Some(true)),
        ] {
            assert_eq!(advance(&mut rooms, &event(offset)).ok(), told, "{offset:?}");
        }
        assert!(advance(&mut at("y", 5), &event(Some(6))).is_err());
        assert_eq!(advance(&mut BTreeMap::from([(room(), None)]), &event(Some(1))).ok(), Some(false));
    }

    #[test]
    fn what_was_kept_from_this_reader_is_no_hole() {
        for (after, told) in [(5, Some(true)), (4, Some(true)), (6, None)] {
            let event = Event { after: Some(after), ..event(Some(8)) };
            assert_eq!(advance(&mut at("x", 5), &event).ok(), told, "{after}");
        }
    }

    #[test]
    fn what_cannot_be_recovered_is_a_gap() {
        // before, epoch and head of the answer, recovered → position, gap
        for (before, answer, head, recovered, offset, gap) in [
            (None, "x", 9, false, 9, false),
            (Some(("x", 5)), "x", 9, true, 5, false),
            (Some(("x", 5)), "x", 9, false, 9, true),
            (Some(("x", 9)), "x", 9, false, 9, false),
            (Some(("y", 9)), "x", 9, false, 9, true),
        ] {
            let mut rooms = BTreeMap::from([(
                room(),
                before.map(|(e, offset)| Position { epoch: Some(epoch(e)), offset }),
            )]);
            let joined = join(&mut rooms, &room(), epoch(answer), head, recovered);
            assert_eq!(joined, (offset, gap), "{before:?}");
            assert_eq!(rooms, at("x", offset), "{before:?}");
        }
    }
}
