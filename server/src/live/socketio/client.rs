//! One client: its packets, and what its rooms put into its outboxes.

use std::collections::HashSet;
use std::future::pending;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use aitk_shared::event::{Room, RoomKind};
use aitk_shared::frame::ServerFrame;
use aitk_shared::rate::{Meter, Quota};
use aitk_shared::socketio::{self, ClientPacket, Namespace, Received};
use engineioxide::{Socket, Str};
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, sleep_until, timeout};

use super::Inbox;
use super::calls::Problem;
use super::line::{Broken, Line};
use crate::auth::Credential;
use crate::error::Error;
use crate::http::Refusal;
use crate::live::socket::LAST_WORD;
use crate::live::{Closing, Frame, Missed, Reader};
use crate::origin::Origin;
use crate::state::App;

/// Why a client, or its part in one namespace, is over.
pub(super) enum End {
    /// The client left or the line is dead.
    Gone,
    /// The server closes the connection.
    Close(Closing),
    /// The server shows the client out of one namespace.
    ShowOut(Namespace, Closing),
}

pub(super) type Step<T = ()> = Result<T, End>;

/// A client in one namespace, with the credential that it showed there.
pub(super) struct Member {
    pub reader: Reader,
    pub rooms: HashSet<Room>,
}

/// One connection.
pub(super) struct Client {
    pub app: App,
    line: Line,
    inbox: UnboundedReceiver<Str>,
    members: [Option<Member>; 2],
    origin: Option<Origin>,
    /// Packets that came, and of those the ones that were too many.
    packets: Meter,
    refused_packets: Meter,
}

impl Client {
    pub fn new(app: App, socket: Arc<Socket<Inbox>>, inbox: UnboundedReceiver<Str>) -> Self {
        Client {
            line: Line::new(app.clone(), socket.clone()),
            app,
            inbox,
            members: [None, None],
            origin: socket.req_parts.extensions.get::<Origin>().cloned(),
            packets: Meter::default(),
            refused_packets: Meter::default(),
        }
    }

    pub async fn run(mut self) {
        let app = self.app.clone();
        // The server waits until nobody holds one of these any more.
        let _open = app.draining.subscribe();
        let mut drained = pin!(app.drained());
        let mut alone_since = Some(Instant::now());
        loop {
            let step = tokio::select! {
                biased;
                message = self.inbox.recv() => match message {
                    Some(message) => {
                        self.line.socket().data.taken(&message);
                        self.receive(&message).await
                    }
                    None => Err(End::Gone),
                },
                namespace = filled(&self.members) => self.deliver(namespace).await,
                end = expired(&self.members) => Err(end),
                () = sleep_until(alone_since.unwrap_or_else(Instant::now) + app.limits.socket_auth),
                    if alone_since.is_some() => Err(End::Close(Closing::UNAUTHENTICATED)),
                () = &mut drained => Err(End::Close(Closing::GOING_AWAY)),
            };
            match step {
                Ok(()) => {}
                Err(End::ShowOut(namespace, closing)) => self.show_out(namespace, closing),
                Err(End::Close(closing)) => {
                    self.say_closed(closing);
                    self.line.close();
                    // The engine still brings the last word there, and then says that it is done.
                    let done = async { while self.inbox.recv().await.is_some() {} };
                    let _ = timeout(LAST_WORD, done).await;
                    return;
                }
                Err(End::Gone) => return self.line.close(),
            }
            alone_since = match self.members {
                [None, None] => alone_since.or_else(|| Some(Instant::now())),
                _ => None,
            };
        }
    }

    async fn receive(&mut self, message: &str) -> Step {
        let received = match Received::parse(message) {
            Ok(received) => received,
            Err(_) => return Err(End::Gone),
        };
        let wait = self.count()?;
        let (namespace, packet) = match received {
            Received::To(namespace, packet) => (namespace, packet),
            Received::Elsewhere(name) => {
                return self.send(None, socketio::no_such_namespace(&name)).await;
            }
        };
        let too_many = wait.map(|after| Error::RateLimited { what: "too many packets", after });
        match (packet, too_many) {
            (ClientPacket::Answer, _) => Ok(()),
            (ClientPacket::Disconnect, _) => {
                self.members[namespace.index()] = None;
                Ok(())
            }
            (ClientPacket::Connect(_), Some(error)) => self.refuse(namespace, error.into()).await,
            (ClientPacket::Connect(auth), None) => self.connect(namespace, &auth).await,
            (ClientPacket::Call { ack, .. }, Some(error)) => {
                self.answer(namespace, ack, Err(error.into())).await
            }
            (ClientPacket::Call { name, argument, ack }, None) => {
                self.call(namespace, &name, argument, ack).await
            }
        }
    }

    /// Counts a packet; tells how long to wait where it is one too many.
    fn count(&mut self) -> Step<Option<Duration>> {
        let quota = Quota::a_minute(self.app.limits.client_frames);
        let now = self.app.clock.now();
        let Err(after) = self.packets.take(quota, now) else { return Ok(None) };
        match self.refused_packets.take(quota, now) {
            Ok(()) => Ok(Some(after)),
            Err(_) => {
                Namespace::ALL.into_iter().for_each(|namespace| self.show_out(namespace, Closing::UNRULY));
                Err(End::Gone)
            }
        }
    }

    /// Lets a client into a namespace, and into the rooms of its workspaces.
    async fn connect(&mut self, namespace: Namespace, auth: &Value) -> Step {
        if self.members[namespace.index()].is_some() {
            return Ok(());
        }
        let reader = match self.admit(auth).await {
            Ok(reader) => reader,
            Err(error) => return self.refuse(namespace, error.into()).await,
        };
        let sid = format!("c{}", reader.connection.id);
        let workspaces: Vec<Room> = reader
            .who
            .workspaces
            .iter()
            .filter_map(|id| Room::parse(&format!("{}:{id}", RoomKind::Workspace.as_str())).ok())
            .take(self.app.limits.socket_rooms as usize)
            .collect();
        self.members[namespace.index()] = Some(Member { reader, rooms: HashSet::new() });
        self.send(Some(namespace), socketio::connected(namespace, &sid)).await?;
        for room in workspaces {
            match self.join(namespace, &room, None, None).await? {
                Ok((answer, missed)) => {
                    let answer = serde_json::to_value(&answer).unwrap_or_default();
                    self.send(Some(namespace), socketio::say(namespace, "subscribed", &answer)).await?;
                    self.catch_up(namespace, missed).await?;
                }
                Err(problem) => self.complain(namespace, problem).await?,
            }
        }
        Ok(())
    }

    async fn admit(&self, auth: &Value) -> Result<Reader, Error> {
        let from = self.origin.as_ref().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), Origin::network);
        let token = auth.get("token").and_then(Value::as_str);
        let token =
            token.ok_or(Error::Unauthorized("no credential: send your key or token in auth.token"))?;
        let admitted = match Credential::admit_to_socket(&self.app, token, from).await {
            Ok(who) => Reader::admit(&self.app, who).await,
            Err(error) => Err(error),
        };
        if let (Err(Error::Unauthorized(_)), Some(origin)) = (&admitted, &self.origin) {
            let refusal = Refusal::of_socket(token, "/socket.io", Closing::UNAUTHENTICATED.code);
            self.app.notes.refused(refusal, origin, self.app.clock.now());
        }
        admitted
    }

    async fn refuse(&mut self, namespace: Namespace, problem: Problem) -> Step {
        let packet = socketio::connect_error(namespace, &problem.message, &problem.data());
        self.send(None, packet).await
    }

    /// Tells what went wrong where nobody waits for an answer.
    pub(super) async fn complain(&mut self, namespace: Namespace, problem: Problem) -> Step {
        self.send(Some(namespace), socketio::say(namespace, "error", &problem.data())).await
    }

    /// Sends what a namespace's rooms put into its outbox, then does what else was asked of it.
    async fn deliver(&mut self, namespace: Namespace) -> Step {
        self.flush(namespace).await?;
        let Some(member) = &mut self.members[namespace.index()] else { return Ok(()) };
        member.reader.recheck().await.map_err(|closing| end_of(namespace, closing))?;
        let lost: Vec<Room> =
            member.rooms.iter().filter(|room| !member.reader.who.may_hear(room)).cloned().collect();
        for room in lost {
            self.leave(namespace, &room);
            let word = json!({"room": room});
            self.send(Some(namespace), socketio::say(namespace, "unsubscribed", &word)).await?;
        }
        Ok(())
    }

    /// Sends all that waits for a namespace.
    pub(super) async fn flush(&mut self, namespace: Namespace) -> Step {
        let Some(member) = &self.members[namespace.index()] else { return Ok(()) };
        let frames = member.reader.connection.outbox.take().map_err(|closing| end_of(namespace, closing))?;
        for frame in frames {
            let packet = match &frame {
                Frame::Event(event) => event.packet(namespace),
                Frame::Word(text) => self.word(namespace, text),
            };
            if let Some(packet) = packet {
                self.send(Some(namespace), packet).await?;
            }
        }
        Ok(())
    }

    /// What a room says besides events: that it is no more.
    fn word(&mut self, namespace: Namespace, text: &str) -> Option<Str> {
        let ServerFrame::Error { code, message, room, .. } = serde_json::from_str(text).ok()? else {
            return None;
        };
        if let Some(room) = &room {
            self.leave(namespace, room);
        }
        let word = json!({"code": code, "message": message, "room": room});
        Some(socketio::say(namespace, "error", &word).into())
    }

    /// Sends what was missed; live events follow.
    pub(super) async fn catch_up(&mut self, namespace: Namespace, mut missed: Missed) -> Step {
        loop {
            let Some(member) = &self.members[namespace.index()] else { return Ok(()) };
            let page = missed.next(&member.reader).await.map_err(|closing| end_of(namespace, closing))?;
            let Some(page) = page else { return Ok(()) };
            for event in page {
                if let Ok(packet) = socketio::event(namespace, &event) {
                    self.send(Some(namespace), packet).await?;
                }
            }
        }
    }

    /// Sends a packet at the client's own pace; gives up where `namespace` is to be closed.
    pub(super) async fn send(&mut self, namespace: Option<Namespace>, packet: impl Into<Str>) -> Step {
        let member = namespace.and_then(|namespace| self.members[namespace.index()].as_ref());
        let closed = async {
            match member {
                Some(member) => member.reader.connection.outbox.closed().await,
                None => pending().await,
            }
        };
        match (self.line.send(packet, closed).await, namespace) {
            (Ok(()), _) => Ok(()),
            (Err(Broken::Gone), _) => Err(End::Gone),
            (Err(Broken::Closed(closing)), Some(namespace)) => Err(end_of(namespace, closing)),
            (Err(Broken::Closed(closing)), None) => Err(End::Close(closing)),
        }
    }

    pub(super) fn member(&mut self, namespace: Namespace) -> Option<&mut Member> {
        self.members[namespace.index()].as_mut()
    }

    /// Ends a namespace; the client has to do something before it comes back.
    fn show_out(&mut self, namespace: Namespace, closing: Closing) {
        if let Some(member) = self.members[namespace.index()].take() {
            self.line.send_last(closed(namespace, &member, closing));
            self.line.send_last(socketio::disconnect(namespace));
        }
    }

    /// Says why the connection ends; the client comes back.
    fn say_closed(&mut self, closing: Closing) {
        for namespace in Namespace::ALL {
            if let Some(member) = self.members[namespace.index()].take() {
                self.line.send_last(closed(namespace, &member, closing));
            }
        }
    }
}

fn closed(namespace: Namespace, member: &Member, closing: Closing) -> String {
    let word = closing.word(member.reader.connection.id);
    socketio::say(namespace, "closed", &serde_json::to_value(word).unwrap_or_default())
}

/// Who is slow, or has to go because the server does, comes back by itself; others have to do
/// something first, and only in that namespace.
fn end_of(namespace: Namespace, closing: Closing) -> End {
    match closing {
        Closing::SLOW | Closing::GOING_AWAY => End::Close(closing),
        closing => End::ShowOut(namespace, closing),
    }
}

/// Waits until something waits for one of the namespaces.
async fn filled(members: &[Option<Member>; 2]) -> Namespace {
    let of = async |namespace: Namespace| match &members[namespace.index()] {
        Some(member) => member.reader.connection.outbox.filled().await,
        None => pending().await,
    };
    tokio::select! {
        () = of(Namespace::Main) => Namespace::Main,
        () = of(Namespace::Realtime) => Namespace::Realtime,
    }
}

/// Waits until one of the credentials ends by the clock.
async fn expired(members: &[Option<Member>; 2]) -> End {
    let of = async |namespace: Namespace| match &members[namespace.index()] {
        Some(member) => End::ShowOut(namespace, member.reader.expired().await),
        None => pending().await,
    };
    tokio::select! {
        end = of(Namespace::Main) => end,
        end = of(Namespace::Realtime) => end,
    }
}
