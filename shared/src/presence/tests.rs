use super::*;
use proptest::prelude::*;
use std::time::Duration;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn who(id: &str) -> Actor {
    Actor { id: id.into(), name: id.to_uppercase() }
}

fn millis(time: Duration) -> i64 {
    time.as_millis() as i64
}

/// A reader: who it believes to be there, as far as it was told.
#[derive(Default, PartialEq, Debug)]
struct Reader(Option<BTreeMap<String, Status>>, usize);

impl Reader {
    fn of(view: &Presence) -> Self {
        let list = |members: &Vec<Member>| members.iter().map(|m| (m.id.clone(), m.status)).collect();
        Reader(view.members.as_ref().map(list), view.count)
    }

    fn hear(&mut self, update: &Update) {
        match update {
            Update::Everybody(view) => *self = Reader::of(view),
            Update::Changes { count, joined, left, changed } => {
                let people = self.0.as_mut().expect("changes only for who has a list");
                people.extend(joined.iter().chain(changed).map(|m| (m.id.clone(), m.status)));
                people.retain(|id, _| !left.contains(id));
                self.1 = *count;
            }
        }
    }
}

#[test]
fn a_page_loaded_anew_is_no_leaving() {
    let mut room = Attendance::default();
    room.join(1, &who("ann"), at(0));
    assert_eq!(room.due(), Some(at(200)));
    assert_eq!(room.tick(at(199)), None);
    assert_eq!(room.tick(at(200)).unwrap().newcomer(), Some("ann"));
    room.set(1, Status::Busy, at(300));
    assert!(matches!(room.tick(at(500)).unwrap(), Update::Changes { changed, .. } if changed.len() == 1));
    room.leave(1, at(1_000));
    assert_eq!(room.due(), Some(at(6_000)));
    room.join(2, &who("ann"), at(5_999));
    assert_eq!((room.due(), room.view().members.unwrap()[0].status), (None, Status::Busy));
    room.leave(2, at(10_000));
    assert_eq!(room.tick(at(15_000)), None);
    assert_eq!(room.view().count, 0);
    let gone = Update::Changes { count: 0, joined: vec![], left: vec!["ann".into()], changed: vec![] };
    assert_eq!(room.tick(room.due().unwrap()), Some(gone));
    assert!(room.is_empty() && room.sockets.is_empty() && room.changed.is_empty() && room.leaving.is_empty());
}

#[test]
fn several_tabs_are_one_person() {
    let mut room = Attendance::default();
    let status = |room: &Attendance| room.view().members.unwrap()[0].status;
    (1..=3).for_each(|tab| room.join(tab, &who("ann"), at(0)));
    assert_eq!(room.view().count, 1);
    assert!(room.set(1, Status::Away, at(1)) && room.set(2, Status::Away, at(1)));
    assert_eq!(status(&room), Status::Online, "the third is looking");
    room.set(3, Status::Away, at(2));
    assert_eq!(status(&room), Status::Away);
    room.set(1, Status::Busy, at(3));
    room.join(4, &who("ann"), at(4));
    assert_eq!(status(&room), Status::Busy, "said for all of them");
    room.set(2, Status::Away, at(5));
    assert_eq!(status(&room), Status::Online, "the first and the fourth are looking");
    assert!(!room.set(9, Status::Away, at(6)));
    let update = room.tick(at(200)).unwrap();
    assert!(
        matches!(update, Update::Changes { joined, changed, .. } if joined.len() == 1 && changed.is_empty())
    );
}

#[test]
fn a_socket_that_becomes_somebody_elses_moves() {
    let mut room = Attendance::default();
    room.join(1, &who("ann"), at(0));
    room.tick(at(200));
    room.join(1, &Actor { id: "ann".into(), name: "Ann B.".into() }, at(300));
    assert!(
        matches!(room.tick(at(500)).unwrap(), Update::Changes { changed, .. } if changed[0].name == "Ann B.")
    );
    room.join(1, &who("bob"), at(1_000));
    assert_eq!(room.view().count, 2);
    room.tick(at(6_000));
    assert_eq!(room.view().members.unwrap()[0].id, "bob");
}

#[test]
fn a_crowd_is_counted_and_listed_again_when_it_is_small() {
    let mut room = Attendance::default();
    let many = limits::PRESENCE_LISTED as u64;
    (0..many).for_each(|n| room.join(n, &who(&n.to_string()), at(0)));
    assert!(
        matches!(room.tick(at(200)).unwrap(), Update::Changes { joined, .. } if joined.len() == many as usize)
    );
    room.join(many, &who("one more"), at(1_000));
    assert_eq!(room.view(), Presence { count: many as usize + 1, members: None });
    let counted = Update::Everybody(Presence { count: many as usize + 1, members: None });
    assert_eq!(room.tick(at(1_200)), Some(counted));
    room.set(3, Status::Busy, at(2_000));
    assert_eq!(room.tick(at(3_000)), None, "how each of a crowd is there is not told");
    room.leave(many, at(4_000));
    room.tick(at(9_000));
    let Some(Update::Everybody(view)) = room.tick(at(10_000)) else { panic!() };
    assert_eq!(view.members.unwrap().len(), many as usize);
}

#[derive(Clone, Debug)]
enum Act {
    Join(u64, u8),
    Leave(u64),
    Set(u64, Status),
    Wait(i64),
    Look,
}

fn act() -> impl Strategy<Value = Act> {
    let socket = 0_u64..12;
    let status = prop_oneof![Just(Status::Online), Just(Status::Away), Just(Status::Busy)];
    prop_oneof![
        5 => (socket.clone(), 0_u8..5).prop_map(|(socket, person)| Act::Join(socket, person)),
        4 => socket.clone().prop_map(Act::Leave),
        3 => (socket, status).prop_map(|(socket, status)| Act::Set(socket, status)),
        6 => prop_oneof![0_i64..400, 0_i64..7_000].prop_map(Act::Wait),
        1 => Just(Act::Look),
    ]
}

/// What should be: every socket with its person, whether it is away, and since when nobody is left.
#[derive(Default)]
struct Model {
    sockets: BTreeMap<u64, (u8, bool)>,
    gone: BTreeMap<u8, i64>,
    busy: BTreeSet<u8>,
    last: BTreeMap<u8, Status>,
}

impl Model {
    fn leave(&mut self, socket: u64, now: i64) {
        let Some((person, _)) = self.sockets.remove(&socket) else { return };
        if !self.sockets.values().any(|(other, _)| *other == person) {
            self.gone.insert(person, now);
        }
    }

    fn people(&mut self, now: i64) -> BTreeMap<String, Status> {
        let over: Vec<_> = self
            .gone
            .iter()
            .filter(|(_, at)| *at + millis(limits::PRESENCE_GRACE) <= now)
            .map(|(p, _)| *p)
            .collect();
        for person in over {
            self.gone.remove(&person);
            self.busy.remove(&person);
        }
        let mut people: BTreeSet<u8> = self.gone.keys().copied().collect();
        people.extend(self.sockets.values().map(|(person, _)| *person));
        for person in &people {
            let mut away = self.sockets.values().filter(|(other, _)| other == person).map(|(_, away)| *away);
            if self.sockets.values().any(|(other, _)| other == person) {
                let status = match (self.busy.contains(person), away.all(|away| away)) {
                    (true, _) => Status::Busy,
                    (false, true) => Status::Away,
                    (false, false) => Status::Online,
                };
                self.last.insert(*person, status);
            }
        }
        people.into_iter().map(|person| (person.to_string(), self.last[&person])).collect()
    }
}

proptest! {
    #[test]
    fn who_was_told_every_update_knows_who_is_there(acts in prop::collection::vec(act(), 1..80)) {
        let (mut room, mut model, mut now) = (Attendance::default(), Model::default(), 0);
        let mut readers = vec![Reader::of(&room.view())];
        let run = |room: &mut Attendance, readers: &mut Vec<Reader>, until: i64| {
            let mut updates = 0;
            while let Some(due) = room.due().filter(|due| *due <= at(until)) {
                if let Some(update) = room.tick(due) {
                    readers.iter_mut().for_each(|reader| reader.hear(&update));
                    updates += 1;
                }
            }
            updates
        };
        for act in acts {
            match act {
                Act::Join(socket, person) => {
                    if model.sockets.get(&socket).is_none_or(|(before, _)| *before != person) {
                        model.leave(socket, now);
                        model.gone.remove(&person);
                        model.sockets.insert(socket, (person, false));
                    }
                    room.join(socket, &who(&person.to_string()), at(now));
                }
                Act::Leave(socket) => {
                    model.leave(socket, now);
                    room.leave(socket, at(now));
                }
                Act::Set(socket, status) => {
                    let known = room.set(socket, status, at(now));
                    prop_assert_eq!(known, model.sockets.contains_key(&socket));
                    if let Some((person, away)) = model.sockets.get_mut(&socket) {
                        *away = status == Status::Away;
                        match status {
                            Status::Busy => model.busy.insert(*person),
                            _ => model.busy.remove(person),
                        };
                    }
                }
                Act::Wait(time) => {
                    let updates = run(&mut room, &mut readers, now + time);
                    now += time;
                    prop_assert!(i64::from(updates) <= time / millis(limits::PRESENCE_BATCH) + 1, "batched");
                }
                Act::Look => readers.push(Reader::of(&room.view())),
            }
            let people = model.people(now);
            prop_assert_eq!(Reader::of(&room.view()), Reader(Some(people.clone()), people.len()));
        }
        // After one batch of quiet every reader knows what is; after the grace nothing is kept of those gone.
        now += millis(limits::PRESENCE_GRACE + limits::PRESENCE_BATCH);
        run(&mut room, &mut readers, now);
        let people = model.people(now);
        for reader in readers {
            prop_assert_eq!(reader, Reader(Some(people.clone()), people.len()));
        }
        prop_assert_eq!(room.due(), None);
        model.sockets.keys().for_each(|socket| room.leave(*socket, at(now)));
        run(&mut room, &mut Vec::new(), now + 60_000);
        prop_assert!(room.is_empty() && room.sockets.is_empty() && room.changed.is_empty());
    }
}
