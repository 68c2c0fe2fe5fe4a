//! The real store, hub and publisher against a reference model: whatever is published, dropped,
//! resumed, trimmed or restarted, each reader is told exactly what the log holds for it, in order,
//! once, or is told that something is gone.
//!
//! `AITK_TEST_CASES=5000` tries more stories.
#![allow(clippy::unwrap_used)]

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::path::Path;

use aitk_shared::event::{Actor, Event, Offset, Room};
use aitk_shared::frame::ServerFrame;
use futures_util::future::join_all;
use proptest::prelude::*;
use proptest::test_runner::{Config as Cases, TestRunner};

use super::Connection;
use super::socket::{missed, snapshot};
use crate::publishing::{Draft, Publication};
use crate::retention::EventBounds;
use crate::{Clock, Config, Server, retention};

const READERS: usize = 3;
/// What a trim leaves.
const KEPT: u64 = 3;

#[derive(Clone, Debug)]
enum Act {
    /// Events, each ephemeral or not, and kept from a reader or not.
    Publish(Vec<(bool, Option<usize>)>),
    /// Several publications at once, one event each.
    Crowd(usize),
    /// A subscription, from where the reader stands; more is published in its midst.
    Subscribe {
        reader: usize,
        meanwhile: usize,
    },
    /// The reader's socket is gone.
    Drop(usize),
    /// The reader reads what has come.
    Read(usize),
    Trim,
    Restart,
}

fn act() -> impl Strategy<Value = Act> {
    let reader = 0..READERS;
    let event = (prop::bool::weighted(0.2), prop::option::weighted(0.3, reader.clone()));
    prop_oneof![
        5 => prop::collection::vec(event, 1..4).prop_map(Act::Publish),
        1 => (2..6_usize).prop_map(Act::Crowd),
        5 => (reader.clone(), 0..3_usize)
            .prop_map(|(reader, meanwhile)| Act::Subscribe { reader, meanwhile }),
        2 => reader.clone().prop_map(Act::Drop),
        4 => reader.prop_map(Act::Read),
        1 => Just(Act::Trim),
        1 => Just(Act::Restart),
    ]
}

/// What should be: every event of the room, and from which on they are kept.
#[derive(Default)]
struct Model {
    log: Vec<Option<usize>>,
    first: Offset,
}

impl Model {
    fn head(&self) -> Offset {
        self.log.len() as Offset
    }

    /// What a reader is due after `since`.
    fn due(&self, reader: usize, since: Offset) -> VecDeque<Offset> {
        (since + 1..=self.head()).filter(|offset| self.log[*offset as usize - 1] != Some(reader)).collect()
    }
}

/// A reader and what it is due.
#[derive(Default)]
struct Reader {
    socket: Option<Connection>,
    /// Where it stands: its next event must follow this.
    at: Option<Offset>,
    due: VecDeque<Offset>,
    ephemeral: usize,
}

struct World {
    server: Server,
    room: Room,
    model: Model,
    readers: [Reader; READERS],
}

async fn start(folder: &Path) -> Server {
    let mut config = Config::in_folder(folder);
    // Only the story's own trims.
    config.events = EventBounds { events: None, time: None };
    Server::start(config, Clock::default()).await.unwrap()
}

fn subject(reader: usize) -> String {
    format!("reader-{reader}")
}

impl World {
    fn publication(&self, events: &[(bool, Option<usize>)]) -> Publication {
        let draft = |(ephemeral, exclude): &(bool, Option<usize>)| Draft {
            kind: "a.b".into(),
            data: serde_json::Value::Null,
            ephemeral: *ephemeral,
            exclude: exclude.map(subject),
            correlation_id: None,
        };
        Publication {
            actor: Actor { id: "key_1".into(), name: "Ann".into() },
            rooms: vec![self.room.clone()],
            events: events.iter().map(draft).collect(),
            once: None,
        }
    }

    /// Publishes, and notes what that makes due.
    async fn publish(&mut self, events: &[(bool, Option<usize>)]) {
        let outcome = self.server.app.publishing.publish(self.publication(events), 1).await.unwrap();
        for (ephemeral, exclude) in events {
            self.note(*ephemeral, *exclude);
        }
        let last = events.iter().any(|(ephemeral, _)| !ephemeral).then_some(self.model.head());
        assert_eq!(outcome.answer.offsets[&self.room], last, "the answer names the last offset");
    }

    fn note(&mut self, ephemeral: bool, exclude: Option<usize>) {
        if !ephemeral {
            self.model.log.push(exclude);
        }
        for (n, reader) in self.readers.iter_mut().enumerate() {
            match reader.socket {
                Some(_) if exclude == Some(n) => {}
                Some(_) if ephemeral => reader.ephemeral += 1,
                Some(_) => reader.due.push_back(self.model.log.len() as Offset),
                None => {}
            }
        }
    }

    async fn crowd(&mut self, count: usize) {
        let all =
            (0..count).map(|_| self.server.app.publishing.publish(self.publication(&[(false, None)]), 1));
        let outcomes = join_all(all).await;
        let mut offsets: Vec<_> = outcomes
            .into_iter()
            .map(|outcome| outcome.unwrap().answer.offsets[&self.room].unwrap())
            .collect();
        offsets.sort_unstable();
        let head = self.model.head();
        assert!(offsets.into_iter().eq(head + 1..=head + count as u64), "dense");
        (0..count).for_each(|_| self.note(false, None));
    }

    /// The same steps as a socket's: join, snapshot, what was missed, start.
    async fn subscribe(&mut self, n: usize, meanwhile: usize) {
        self.drop_socket(n);
        let app = self.server.app.clone();
        let socket = app.hub.connect(u32::MAX).unwrap();
        app.hub.identify(socket.id, &subject(n), u32::MAX).unwrap();
        app.hub.join(&self.room, &socket);
        let since = self.readers[n].at;
        let (answer, from) = snapshot(&app, &self.room, since, None).await.unwrap();
        let ServerFrame::Subscribed { offset: head, recovered, .. } = answer else { panic!("{answer:?}") };
        let can =
            since.is_some_and(|since| since <= head && (since == head || since + 1 >= self.model.first));
        assert_eq!((head, recovered), (self.model.head(), can));
        let due = self.model.due(n, since.filter(|_| can).unwrap_or(head));
        self.readers[n] = Reader { socket: Some(socket.clone()), at: self.readers[n].at, due, ephemeral: 0 };
        for _ in 0..meanwhile {
            self.publish(&[(false, Some((n + 1) % READERS)), (true, None), (false, Some(n))]).await;
        }
        match from {
            None => {
                self.readers[n].at = Some(head);
                app.hub.start(&self.room, &socket, head);
            }
            Some(mut given) => {
                loop {
                    let page = missed(&app, &self.room, given, head, &subject(n)).await.unwrap();
                    let Some(last) = page.last().and_then(|event| event.offset) else { break };
                    page.iter().for_each(|event| self.readers[n].take(event));
                    given = last;
                }
                app.hub.start_after(&self.room, &socket, head, given);
            }
        }
    }

    fn drop_socket(&mut self, n: usize) {
        if let Some(socket) = self.readers[n].socket.take() {
            self.server.app.hub.disconnect(socket.id, self.server.app.clock.now());
        }
    }

    fn read(&mut self, n: usize) {
        let Some(socket) = &self.readers[n].socket else { return };
        let frames = socket.outbox.take().unwrap();
        for frame in frames {
            self.readers[n].take(&serde_json::from_str(&frame).unwrap());
        }
        let reader = &self.readers[n];
        assert!(reader.due.is_empty() && reader.ephemeral == 0, "{:?} did not come", reader.due);
    }

    async fn trim(&mut self) {
        let keep = EventBounds { events: Some(KEPT), time: None };
        retention::events::trim_once(&self.server.app, keep).await.unwrap();
        self.model.first = self.model.first.max((self.model.head() + 1).saturating_sub(KEPT));
    }

    async fn restart(self, folder: &Path) -> Self {
        let World { server, room, model, mut readers } = self;
        readers.iter_mut().for_each(|reader| reader.socket = None);
        server.stop().await.unwrap();
        World { server: start(folder).await, room, model, readers }
    }
}

impl Reader {
    /// One event: the one that is due, and following where the reader stands.
    fn take(&mut self, event: &Event) {
        let Some(offset) = event.offset else {
            assert!(self.ephemeral > 0, "an ephemeral event that nobody published");
            self.ephemeral -= 1;
            return;
        };
        assert_eq!(Some(offset), self.due.pop_front());
        let at = self.at.unwrap();
        assert!(event.after.unwrap_or(offset - 1) <= at && at < offset, "{event:?} after {at}");
        self.at = Some(offset);
    }
}

#[test]
fn every_reader_is_told_what_the_log_holds_for_it_whatever_happens() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // One database for all stories, each in a room of its own: they are cheap then.
    let (folder, rooms) = (tempfile::tempdir().unwrap(), Cell::new(0));
    let last_server = RefCell::new(None);
    let cases = std::env::var("AITK_TEST_CASES").map_or(150, |text| text.parse().unwrap());
    let mut runner = TestRunner::new(Cases { cases, failure_persistence: None, ..Cases::default() });
    let stories = prop::collection::vec(act(), 1..25);
    let told = runner.run(&stories, |acts| {
        let story = async {
            let last = last_server.take();
            let server = match last {
                Some(server) => server,
                None => start(folder.path()).await,
            };
            rooms.set(rooms.get() + 1);
            let room = Room::parse(&format!("issue:{}", rooms.get())).unwrap();
            let model = Model { log: Vec::new(), first: 1 };
            let mut world = World { server, room, model, readers: Default::default() };
            for act in acts {
                match act {
                    Act::Publish(events) => world.publish(&events).await,
                    Act::Crowd(count) => world.crowd(count).await,
                    Act::Subscribe { reader, meanwhile } => world.subscribe(reader, meanwhile).await,
                    Act::Drop(reader) => world.drop_socket(reader),
                    Act::Read(reader) => world.read(reader),
                    Act::Trim => world.trim().await,
                    Act::Restart => world = world.restart(folder.path()).await,
                }
            }
            (0..READERS).for_each(|n| world.read(n));
            (0..READERS).for_each(|n| world.drop_socket(n));
            last_server.replace(Some(world.server));
        };
        runtime.block_on(story);
        Ok(())
    });
    told.unwrap();
}
