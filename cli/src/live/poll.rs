//! The same events by plain requests, where no socket gets through: the server holds each answer
//! back until there is news. Ephemeral events do not come this way.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use aitk_shared::api::EventPage;
use aitk_shared::event::{Event, Room};
use aitk_shared::limits;
use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;
use serde_json::Value;

use super::Position;
use super::link::{Break, again};
use crate::client::{self, Client};
use crate::error::{Error, Kind, Result};
use crate::output::shown;

/// What a request brought.
#[derive(Debug)]
pub enum Came {
    /// A room is followed (again) after this position.
    Joined {
        /// The room.
        room: Room,
        /// Where the follower stands in it.
        position: Position,
        /// Whether events before it were lost.
        gap: bool,
    },
    /// An event, and all of it as it came.
    Event(Box<Event>, Value),
}

/// A room that is asked for.
struct Asked {
    room: Room,
    /// Where the follower stood; nowhere before the first answer.
    before: Option<Position>,
    /// Whether it was joined in this series of requests.
    joined: bool,
}

/// Rooms that are asked for, each with one request under way.
pub struct Poll {
    client: Client,
    asked: FuturesUnordered<LocalBoxFuture<'static, (Asked, Result<EventPage<Value>>)>>,
    came: VecDeque<Came>,
}

impl Poll {
    /// Begins to ask for every room, from its position or from now on.
    pub fn new(client: &Client, rooms: &BTreeMap<Room, Option<Position>>) -> Self {
        let mut poll = Poll { client: client.clone(), asked: FuturesUnordered::new(), came: VecDeque::new() };
        for (room, before) in rooms {
            poll.ask(Asked { room: room.clone(), before: before.clone(), joined: false });
        }
        poll
    }

    /// Waits for what comes next.
    pub async fn next(&mut self) -> std::result::Result<Came, Break> {
        loop {
            if let Some(came) = self.came.pop_front() {
                return Ok(came);
            }
            let Some((asked, page)) = self.asked.next().await else {
                return Err(again("no room is left to ask for"));
            };
            let page = page.map_err(|error| match error.kind {
                Kind::Unreachable => again(error.message),
                _ => Break::Stop(error),
            })?;
            let (position, came) = take(&asked, page).map_err(|why| {
                let fact = format!("{} sent events that cannot be: {why}", self.client.server());
                Break::Stop(Error::new(Kind::Failed, fact))
            })?;
            self.came = came;
            self.ask(Asked { before: Some(position), joined: true, ..asked });
        }
    }

    fn ask(&mut self, asked: Asked) {
        let client = self.client.clone();
        self.asked.push(Box::pin(async move {
            let (since, limit) = match &asked.before {
                Some(position) => (position.offset, limits::EVENTS_PAGE),
                // Only to hear where the room stands.
                None => (0, 1),
            };
            // The first answer comes at once: it proves that this way is open.
            let wait = if asked.joined { limits::POLL_WAIT } else { Duration::ZERO };
            let page = client.events(&asked.room, since, limit, wait).await;
            (asked, page)
        }));
    }
}

/// Where a page leads to, and what there is to tell of it. What the server does not have any more
/// is a gap.
fn take(asked: &Asked, page: EventPage<Value>) -> std::result::Result<(Position, VecDeque<Came>), String> {
    let head = Position { epoch: Some(page.epoch.clone()), offset: page.offset };
    let join =
        |position: &Position, gap| Came::Joined { room: asked.room.clone(), position: position.clone(), gap };
    let Some(before) = &asked.before else {
        let came = VecDeque::from([join(&head, false)]);
        return Ok((head, came));
    };
    if !page.recovered || before.epoch.as_ref().is_some_and(|epoch| *epoch != page.epoch) {
        let came = VecDeque::from([join(&head, true)]);
        return Ok((head, came));
    }
    let mut came = VecDeque::new();
    let mut position = Position { epoch: Some(page.epoch), offset: before.offset };
    if !asked.joined {
        came.push_back(join(&position, false));
    }
    for raw in page.events {
        let event: Event = client::decode(raw.to_string().as_bytes()).map_err(|why| shown(&why))?;
        let offset = event.offset.filter(|offset| event.room == asked.room && *offset > position.offset);
        let Some(offset) = offset.filter(|offset| event.after.unwrap_or(offset - 1) <= position.offset)
        else {
            return Err(format!("the event after {} is another", position.offset));
        };
        position.offset = offset;
        came.push_back(Came::Event(Box::new(event), raw));
    }
    if !came.iter().any(|came| matches!(came, Came::Event(..))) {
        // What there was since was meant for others.
        position.offset = page.offset;
    }
    Ok((position, came))
}

#[cfg(test)]
mod tests {
    use super::*;
    use aitk_shared::id::Epoch;
    use serde_json::json;

    fn position(epoch: &str, offset: u64) -> Position {
        Position { epoch: Some(Epoch::parse(epoch).unwrap()), offset }
    }

    fn page(head: u64, recovered: bool, offsets: impl IntoIterator<Item = u64>) -> EventPage<Value> {
        let event = |offset| {
            json!({
                "type": "doc:updated", "id": "e", "room": "project:p", "epoch": "x", "offset": offset,
                "at": "2026-11-20T19:10:00Z", "actor": null, "data": {}, "more": 1,
            })
        };
        let events = offsets.into_iter().map(event).collect();
        EventPage { epoch: Epoch::parse("x").unwrap(), offset: head, recovered, events }
    }

    #[test]
    fn a_page_leads_on_or_tells_of_a_gap() {
        // before, joined, head, recovered, events → told first, then offsets, and the position
        for (before, joined, head, recovered, events, told, then, at) in [
            (None, false, 9, true, vec![1], Some((9, false)), vec![], 9),
            (Some(("x", 7)), false, 9, true, vec![8, 9], Some((7, false)), vec![8, 9], 9),
            (Some(("x", 7)), true, 9, true, vec![8], None, vec![8], 8),
            (Some(("x", 9)), true, 9, true, vec![], None, vec![], 9),
            (Some(("x", 9)), false, 9, true, vec![], Some((9, false)), vec![], 9),
            (Some(("x", 7)), true, 9, true, vec![], None, vec![], 9),
            (Some(("x", 3)), true, 9, false, vec![8, 9], Some((9, true)), vec![], 9),
            (Some(("x", 3)), true, 9, false, vec![], Some((9, true)), vec![], 9),
            (Some(("x", 12)), false, 9, false, vec![], Some((9, true)), vec![], 9),
            (Some(("y", 8)), false, 9, true, vec![9], Some((9, true)), vec![], 9),
        ] {
            let before = before.map(|(epoch, offset)| position(epoch, offset));
            let asked = Asked { room: Room::parse("project:p").unwrap(), before, joined };
            let (after, mut came) = take(&asked, page(head, recovered, events)).unwrap();
            if let Some(told) = told {
                let Some(Came::Joined { position, gap, .. }) = came.pop_front() else { panic!() };
                assert_eq!((position.offset, gap), told);
            }
            let offsets = came.iter().map(|came| match came {
                Came::Event(event, raw) => (event.offset, raw["more"].as_u64()),
                Came::Joined { .. } => (None, None),
            });
            assert!(offsets.eq(then.iter().map(|offset| (Some(*offset), Some(1)))), "{came:?}");
            assert_eq!(after, position("x", at));
        }
        let asked =
            Asked { room: Room::parse("project:p").unwrap(), before: Some(position("x", 7)), joined: true };
        assert!(take(&asked, page(10, true, [8, 10])).is_err());
        let mut for_others = page(10, true, [10]);
        for_others.events[0]["after"] = 7.into();
        assert_eq!(take(&asked, for_others).unwrap().0, position("x", 10));
    }
}
