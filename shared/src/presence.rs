//! Who is in a room: people, however many sockets each has open.
//!
//! - A person comes with the first socket and leaves when the last has been gone for
//!   [`limits::PRESENCE_GRACE`], so that a page that is loaded anew is no leaving.
//! - `away` is said by one socket and counts when all of the person's are away; `busy` is said for all
//!   of them and stays, also for later ones, until any of them says something else.
//! - Who changed within [`limits::PRESENCE_BATCH`] is told together, as they are in the end. Above [`limits::PRESENCE_LISTED`] people a room is told how many there are, no more.
//!
//! Nobody keeps time in here: [`Attendance::due`] says when [`Attendance::tick`] has something to do.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::event::Actor;
use crate::limits;
use crate::time::Timestamp;

/// Names one socket of a server.
pub type SocketId = u64;

/// How a person is there.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Looking.
    Online,
    /// Connected, but not looking.
    Away,
    /// Not to be disturbed.
    Busy,
}

/// One person who is there.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Member {
    /// A key id or a JWT's `sub`.
    pub id: String,
    /// For people.
    pub name: String,
    /// How.
    pub status: Status,
    /// Since when the person is there.
    pub since: Timestamp,
}

/// Everybody in a room.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Presence {
    /// How many people are there.
    pub count: usize,
    /// Each of them, by id; absent where they are too many to list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members: Option<Vec<Member>>,
}

/// What `presence:update` carries: what changed since the last one, or everybody.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Update {
    /// Applied in this order, and to be taken as true whatever was known before.
    Changes {
        /// How many people are there now.
        count: usize,
        /// Who is new.
        joined: Vec<Member>,
        /// The ids of those who are gone.
        left: Vec<String>,
        /// Who has another status or name.
        changed: Vec<Member>,
    },
    /// Everybody, in place of all that was known; without a list, nobody is known any more.
    Everybody(Presence),
}

impl Update {
    /// The person whose coming is all that it tells: who comes knows it.
    pub fn newcomer(&self) -> Option<&str> {
        match self {
            Update::Changes { joined, left, changed, .. } if left.is_empty() && changed.is_empty() => {
                match &joined[..] {
                    [one] => Some(&one.id),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

/// The people of one room.
#[derive(Default, Debug)]
pub struct Attendance {
    people: BTreeMap<Arc<str>, Person>,
    sockets: HashMap<SocketId, Arc<str>>,
    /// Who leaves when, unless they come back.
    leaving: BTreeSet<(Timestamp, Arc<str>)>,
    /// Who changed since the room was told last, with what they were then.
    changed: BTreeMap<Arc<str>, Was>,
    /// What the room knows.
    known: Known,
    /// When it is told.
    tell_at: Option<Timestamp>,
}

#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
enum Known {
    /// Each person.
    #[default]
    Everybody,
    /// This count; `None` where it was told nothing since they became too many.
    Count(Option<usize>),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Was {
    Absent,
    Present,
}

#[derive(Debug)]
struct Person {
    name: Arc<str>,
    since: Timestamp,
    /// Each socket, with whether it is away.
    sockets: Vec<(SocketId, bool)>,
    busy: bool,
    status: Status,
    leaves_at: Option<Timestamp>,
}

impl Attendance {
    /// A socket of `who` is in the room; again, under another name or as somebody else, it takes that over.
    pub fn join(&mut self, socket: SocketId, who: &Actor, now: Timestamp) {
        match self.sockets.get(&socket) {
            Some(id) if **id == *who.id => {
                let id = id.clone();
                if self.people.get(&id).is_some_and(|person| *person.name != *who.name) {
                    self.change(&id, now, |person| person.name = who.name.as_str().into());
                }
                return;
            }
            Some(_) => self.leave(socket, now),
            None => {}
        }
        let id: Arc<str> = self
            .people
            .get_key_value(who.id.as_str())
            .map_or_else(|| who.id.as_str().into(), |(id, _)| id.clone());
        self.sockets.insert(socket, id.clone());
        self.change(&id, now, |person| {
            person.sockets.push((socket, false));
            if *person.name != *who.name {
                person.name = who.name.as_str().into();
            }
        });
        if let Some(at) = self.people.get_mut(&id).and_then(|person| person.leaves_at.take()) {
            self.leaving.remove(&(at, id));
        }
    }

    /// A socket is in the room no more.
    pub fn leave(&mut self, socket: SocketId, now: Timestamp) {
        let Some(id) = self.sockets.remove(&socket) else { return };
        self.change(&id, now, |person| person.sockets.retain(|(other, _)| *other != socket));
        let Some(person) = self.people.get_mut(&id) else { return };
        if person.sockets.is_empty() {
            let at = now.plus(limits::PRESENCE_GRACE);
            person.leaves_at = Some(at);
            self.leaving.insert((at, id));
        }
    }

    /// Takes a status from a socket; false where the socket is nobody's here.
    pub fn set(&mut self, socket: SocketId, status: Status, now: Timestamp) -> bool {
        let Some(id) = self.sockets.get(&socket).cloned() else { return false };
        self.change(&id, now, |person| {
            person.busy = status == Status::Busy;
            let of_socket = person.sockets.iter_mut().find(|(other, _)| *other == socket);
            if let Some((_, is_away)) = of_socket {
                *is_away = status == Status::Away;
            }
        });
        true
    }

    /// When there is something to do next.
    pub fn due(&self) -> Option<Timestamp> {
        let leaves = self.leaving.first().map(|(at, _)| *at);
        leaves.into_iter().chain(self.tell_at).min()
    }

    /// Does what is due; returns what the room is to be told.
    pub fn tick(&mut self, now: Timestamp) -> Option<Update> {
        while self.leaving.first().is_some_and(|(at, _)| *at <= now) {
            let Some((_, id)) = self.leaving.pop_first() else { break };
            self.note(&id, Was::Present, now);
            self.people.remove(&id);
        }
        if self.tell_at.is_none_or(|at| at > now) {
            return None;
        }
        self.tell_at = None;
        let count = self.people.len();
        match self.known {
            Known::Everybody => {
                let (mut joined, mut left, mut changed) = (Vec::new(), Vec::new(), Vec::new());
                // Also who is as before: somebody may have come and looked in between.
                for (id, was) in std::mem::take(&mut self.changed) {
                    match (was, self.people.get(&id)) {
                        (Was::Absent, Some(person)) => joined.push(person.view(&id)),
                        (Was::Present, Some(person)) => changed.push(person.view(&id)),
                        (_, None) => left.push(id.to_string()),
                    }
                }
                Some(Update::Changes { count, joined, left, changed })
            }
            Known::Count(_) if count <= limits::PRESENCE_LISTED => {
                self.known = Known::Everybody;
                Some(Update::Everybody(self.view()))
            }
            Known::Count(told) => {
                self.known = Known::Count(Some(count));
                (told != Some(count)).then_some(Update::Everybody(Presence { count, members: None }))
            }
        }
    }

    /// Who is there now.
    pub fn view(&self) -> Presence {
        let count = self.people.len();
        let list = || self.people.iter().map(|(id, person)| person.view(id)).collect();
        Presence { count, members: (count <= limits::PRESENCE_LISTED).then(list) }
    }

    /// How many are there now.
    pub fn count(&self) -> usize {
        self.people.len()
    }

    /// Whether nobody is there and nothing is left to tell.
    pub fn is_empty(&self) -> bool {
        self.people.is_empty() && self.tell_at.is_none()
    }

    /// Changes a person, who is there from then on, and has the room told where that shows.
    fn change(&mut self, id: &Arc<str>, now: Timestamp, change: impl FnOnce(&mut Person)) {
        let before = self.people.get(id).map(|person| (person.name.clone(), person.status));
        let person = self.people.entry(id.clone()).or_insert_with(|| Person::new(now));
        change(person);
        person.status = person.combined();
        match before {
            None => self.note(id, Was::Absent, now),
            Some((name, status)) if name != person.name || status != person.status => {
                self.note(id, Was::Present, now);
            }
            Some(_) => {}
        }
    }

    /// Has the room told of somebody who changed.
    fn note(&mut self, id: &Arc<str>, was: Was, now: Timestamp) {
        if self.people.len() > limits::PRESENCE_LISTED && self.known == Known::Everybody {
            // At once: from now on newcomers are shown no list that changes could be applied to.
            self.known = Known::Count(None);
            self.changed.clear();
        }
        let wait = match self.known {
            Known::Everybody => {
                self.changed.entry(id.clone()).or_insert(was);
                limits::PRESENCE_BATCH
            }
            Known::Count(None) => limits::PRESENCE_BATCH,
            Known::Count(Some(_)) => limits::PRESENCE_COUNT_BATCH,
        };
        self.tell_at.get_or_insert(now.plus(wait));
    }
}

impl Person {
    fn new(now: Timestamp) -> Self {
        Person {
            name: "".into(),
            since: now,
            sockets: Vec::new(),
            busy: false,
            status: Status::Online,
            leaves_at: None,
        }
    }

    /// The one status of all sockets. Without any it stays what it was.
    fn combined(&self) -> Status {
        match &self.sockets[..] {
            [] => self.status,
            _ if self.busy => Status::Busy,
            sockets if sockets.iter().all(|(_, is_away)| *is_away) => Status::Away,
            _ => Status::Online,
        }
    }

    fn view(&self, id: &str) -> Member {
        Member { id: id.into(), name: (*self.name).into(), status: self.status, since: self.since }
    }
}
