//! Who is in the rooms and who types there, on this instance; one task tells the rooms of it.
//!
//! The rules are [`Attendance`]'s and [`Typists`]'. Each room with something due stands in one calendar
//! with the moment of it, so that neither sockets nor quiet rooms cost a timer.

use aitk_shared::event::{Actor, Event, Room, types};
use aitk_shared::id::EventId;
use aitk_shared::presence::{Attendance, Presence, Status, Update};
use aitk_shared::time::Timestamp;
use aitk_shared::typing::{Typing, Typists};

use super::{ConnectionId, Hub, Outgoing, Rooms};
use crate::crypto;
use crate::state::App;

/// The people of one room. Nothing of it is kept where there are none.
#[derive(Default)]
pub(super) struct Company {
    attendance: Attendance,
    typists: Typists,
    /// Where it stands in the calendar.
    due: Option<Timestamp>,
}

impl Company {
    /// How many people are there.
    pub(super) fn count(&self) -> usize {
        self.attendance.count()
    }
}

/// What a room is to be told.
enum Word {
    Presence(Update),
    Typing(Typing),
}

impl Hub {
    /// A person's socket is in a room that it subscribed to.
    pub fn attend(&self, room: &Room, id: ConnectionId, who: &Actor, now: Timestamp) {
        self.with_company(room, id, |company| company.attendance.join(id, who, now));
    }

    /// A socket stays in a room, but is no person's any more.
    pub fn withdraw(&self, room: &Room, id: ConnectionId, now: Timestamp) {
        self.with_company(room, id, |company| company.attendance.leave(id, now));
    }

    /// How the person of a socket is there.
    pub fn set_status(&self, room: &Room, id: ConnectionId, status: Status, now: Timestamp) {
        self.with_company(room, id, |company| company.attendance.set(id, status, now));
    }

    /// Who holds a socket types, or stopped.
    pub fn set_typing(&self, room: &Room, id: ConnectionId, who: &Actor, on: bool, now: Timestamp) {
        self.with_company(room, id, |company| company.typists.say(who, on, now));
    }

    /// Who is in a room.
    pub fn presence(&self, room: &Room) -> Presence {
        let rooms = self.lock();
        let company = rooms.by_name.get(room).and_then(|listeners| listeners.company.as_ref());
        company.map(|company| company.attendance.view()).unwrap_or_default()
    }

    /// Changes the company of a room that a socket is in.
    fn with_company<T>(&self, room: &Room, id: ConnectionId, change: impl FnOnce(&mut Company) -> T) {
        let mut rooms = self.lock();
        let listeners = rooms.by_name.get_mut(room);
        if let Some(listeners) = listeners.filter(|listeners| listeners.sockets.contains_key(&id)) {
            change(listeners.company.get_or_insert_default());
            rooms.schedule(room, &self.0.due_sooner);
        }
    }

    /// Does what is due in all rooms; returns what to tell them, and when there is more.
    fn tick(&self, now: Timestamp) -> (Vec<(Room, Word)>, Option<Timestamp>) {
        let mut rooms = self.lock();
        let mut words = Vec::new();
        let due: Vec<Room> =
            rooms.calendar.iter().take_while(|(at, _)| *at <= now).map(|(_, room)| room.clone()).collect();
        for room in due {
            if let Some(company) =
                rooms.by_name.get_mut(&room).and_then(|listeners| listeners.company.as_mut())
            {
                let update = company.attendance.tick(now).map(Word::Presence);
                let typing = company.typists.tick(now).into_iter().map(Word::Typing);
                words.extend(update.into_iter().chain(typing).map(|word| (room.clone(), word)));
            }
            rooms.schedule(&room, &self.0.due_sooner);
        }
        (words, rooms.calendar.first().map(|(at, _)| *at))
    }
}

impl Rooms {
    /// A socket left a room.
    pub(super) fn depart(&mut self, room: &Room, id: ConnectionId, now: Timestamp) {
        if let Some(company) = self.by_name.get_mut(room).and_then(|listeners| listeners.company.as_mut()) {
            company.attendance.leave(id, now);
        }
    }

    /// Enters in the calendar when the room's company has something to do; forgets a company of nobody.
    pub(super) fn schedule(&mut self, room: &Room, due_sooner: &tokio::sync::Notify) {
        let Some(listeners) = self.by_name.get_mut(room) else { return };
        let Some(company) = &mut listeners.company else { return };
        let due = company.attendance.due().into_iter().chain(company.typists.due()).min();
        let before = std::mem::replace(&mut company.due, due);
        if before != due {
            if let Some(at) = before {
                self.calendar.remove(&(at, room.clone()));
            }
            if let Some(at) = due {
                let is_first = self.calendar.first().is_none_or(|(first, _)| at < *first);
                self.calendar.insert((at, room.clone()));
                if is_first {
                    due_sooner.notify_one();
                }
            }
        }
        if company.attendance.is_empty() && company.typists.is_empty() {
            listeners.company = None;
            if listeners.is_idle() {
                self.by_name.remove(room);
            }
        }
    }

    /// A room is no more, and so is what was due in it.
    pub(super) fn forget(&mut self, room: &Room, company: Option<Box<Company>>) {
        if let Some(at) = company.and_then(|company| company.due) {
            self.calendar.remove(&(at, room.clone()));
        }
    }
}

/// Tells the rooms, as long as the server runs.
pub async fn tell_of_company(app: App) {
    loop {
        let now = app.clock.now();
        let (words, next) = app.hub.tick(now);
        let events: Vec<Outgoing> =
            words.into_iter().filter_map(|(room, word)| event(&app, room, word, now)).collect();
        app.hub.deliver(&events);
        let sooner = app.hub.0.due_sooner.notified();
        match next {
            Some(at) => tokio::select! {
                () = app.clock.sleep_until(at) => {}
                () = sooner => {}
            },
            None => sooner.await,
        }
    }
}

/// What is told, and who knows it already.
fn event(app: &App, room: Room, word: Word, now: Timestamp) -> Option<Outgoing> {
    let (kind, data, actor, exclude) = match word {
        Word::Presence(update) => {
            let newcomer = update.newcomer().map(str::to_owned);
            (types::PRESENCE_UPDATE, serde_json::to_value(&update), None, newcomer)
        }
        Word::Typing(typing) => {
            let data = serde_json::to_value(&typing);
            let id = typing.user.id.clone();
            (types::USER_TYPING, data, Some(typing.user), Some(id))
        }
    };
    let event = Event {
        kind: kind.into(),
        id: EventId::from_random(crypto::random()),
        room,
        epoch: app.store.epoch().clone(),
        offset: None,
        at: now,
        actor,
        correlation_id: None,
        data: data.ok()?,
        after: None,
    };
    Some(Outgoing { event, exclude })
}
