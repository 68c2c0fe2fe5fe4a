//! `GET /ws`: one task a socket. It answers the client's frames and sends what
//! its rooms put into its outbox; all that is queued leaves in one write.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::pin;
use std::time::Duration;

use aitk_shared::event::{Event, Offset, Room, RoomKind};
use aitk_shared::frame::{ClientFrame, RoomState, ServerFrame, Subscribe};
use aitk_shared::id::Epoch;
use aitk_shared::limits;
use aitk_shared::presence::Presence;
use aitk_shared::rate::{Meter, Quota};
use aitk_shared::role::Role;
use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::http::HeaderMap;
use axum::response::Response;
use futures_util::SinkExt;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, MissedTickBehavior, sleep_until, timeout};

use super::{Closing, Connection};
use crate::auth::{Credential, presented};
use crate::crypto;
use crate::error::{Error, Result};
use crate::http::{Params, Refusal};
use crate::origin::Origin;
use crate::state::App;
use crate::store::{events, locks, projects};

/// Grows only while a client sends or is sent something: a quiet socket stays small.
const READ_BUFFER_BYTES: usize = 4 * 1024;
/// A write leaves at the latest when so much has gathered.
const WRITE_BUFFER_BYTES: usize = 32 * 1024;
/// Missed events are read from the log in pages of so many.
const RECOVERY_PAGE: u64 = 500;
/// A last word to a client that may not read any more.
pub(super) const LAST_WORD: Duration = Duration::from_secs(1);

/// `?token=`, for browsers, which cannot set headers.
#[derive(Deserialize)]
pub struct Query {
    token: Option<String>,
}

/// Turns the request into a socket. A credential that does not hold closes it with
/// 4401 rather than refusing the upgrade, so that browsers can tell why.
pub async fn upgrade(
    State(app): State<App>,
    headers: HeaderMap,
    Params(query): Params<Query>,
    socket: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response> {
    let socket = socket.map_err(|_| Error::Malformed("this path speaks WebSocket (RFC 6455) only".into()))?;
    let origin = Origin::current();
    let token = presented(&headers).map(str::to_owned).or(query.token);
    if let Some(token) = &token {
        Credential::knock(&app, token, Origin::current_network())?;
    }
    Ok(socket
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(WRITE_BUFFER_BYTES)
        .max_message_size(limits::FRAME_BYTES)
        .max_frame_size(limits::FRAME_BYTES)
        .on_upgrade(async move |mut socket| match app.hub.connect(app.limits.sockets) {
            Some(connection) => Session::open(app, socket, connection, origin).run(token).await,
            None => close(&mut socket, Closing::TOO_MANY).await,
        }))
}

/// Why a session is over.
enum End {
    /// The client left or the line is dead.
    Gone,
    /// The server closes it.
    Close(Closing),
}

type Step<T = ()> = Result<T, End>;

struct Session {
    app: App,
    socket: WebSocket,
    connection: Connection,
    credential: Option<Credential>,
    rooms: HashSet<Room>,
    /// The request that opened it.
    origin: Option<Origin>,
    /// Frames that came, and of those the ones that were too many.
    frames: Meter,
    refused_frames: Meter,
}

impl Session {
    fn open(app: App, socket: WebSocket, connection: Connection, origin: Option<Origin>) -> Self {
        Session {
            app,
            socket,
            connection,
            credential: None,
            rooms: HashSet::new(),
            origin,
            frames: Meter::default(),
            refused_frames: Meter::default(),
        }
    }

    async fn run(mut self, token: Option<String>) {
        // The server waits until nobody holds one of these any more.
        let _open = self.app.draining.subscribe();
        let end = match self.greet(token).await {
            Ok(()) => self.serve().await,
            Err(end) => end,
        };
        self.app.hub.disconnect(self.connection.id, self.app.clock.now());
        if let End::Close(closing) = end {
            close(&mut self.socket, closing).await;
        }
    }

    async fn greet(&mut self, token: Option<String>) -> Step {
        let hello = ServerFrame::Connected {
            connection_id: format!("c{}", self.connection.id),
            server_time: self.app.clock.now(),
            heartbeat_ms: u64::try_from(self.app.limits.heartbeat.as_millis()).unwrap_or(u64::MAX),
        };
        self.send_all([&hello]).await?;
        match token {
            Some(token) => self.authenticate(&token).await,
            None => Ok(()),
        }
    }

    async fn serve(&mut self) -> End {
        let app = self.app.clone();
        let outbox = self.connection.outbox.clone();
        let mut drained = pin!(app.drained());
        let mut heartbeat = tokio::time::interval(app.limits.heartbeat);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        heartbeat.reset();
        let opened = Instant::now();
        let mut heard = opened;
        let mut leaves_at = None;
        loop {
            let ends_at = self.credential.as_ref().map(|credential| credential.expires_at);
            let step = tokio::select! {
                // What has come counts before how long nothing came.
                biased;
                message = self.socket.recv() => {
                    heard = Instant::now();
                    match message {
                        Some(Ok(message)) => self.receive(message).await,
                        Some(Err(error)) if is_too_big(&error) => Err(End::Close(Closing::TOO_BIG)),
                        Some(Err(_)) | None => Err(End::Gone),
                    }
                }
                () = outbox.filled() => self.deliver().await,
                _ = heartbeat.tick() => {
                    self.write(async |socket| socket.send(Message::Ping(Default::default())).await).await
                }
                () = sleep_until(heard + app.limits.socket_dead) => Err(End::Gone),
                () = sleep_until(opened + app.limits.socket_auth), if ends_at.is_none() => {
                    Err(End::Close(Closing::UNAUTHENTICATED))
                }
                () = app.clock.sleep_until(ends_at.flatten().unwrap_or(app.clock.now())),
                    if ends_at.flatten().is_some() => Err(End::Close(Closing::UNAUTHENTICATED)),
                () = &mut drained, if leaves_at.is_none() => {
                    leaves_at = Some(Instant::now() + turn_to_leave(app.hub.connections()));
                    Ok(())
                }
                () = sleep_until(leaves_at.unwrap_or(opened)), if leaves_at.is_some() => {
                    Err(self.farewell().await)
                }
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    async fn receive(&mut self, message: Message) -> Step {
        match message {
            Message::Close(_) => return Err(End::Gone),
            Message::Pong(_) => return Ok(()),
            Message::Text(_) | Message::Binary(_) | Message::Ping(_) => {}
        }
        let quota = Quota::a_minute(self.app.limits.client_frames);
        let now = self.app.clock.now();
        if let Err(after) = self.frames.take(quota, now) {
            self.app.metrics.frames_refused.add(1);
            let Ok(()) = self.refused_frames.take(quota, now) else {
                return Err(End::Close(Closing::UNRULY));
            };
            self.refuse_with(&Error::RateLimited { what: "too many frames", after }, None);
            return Ok(());
        }
        let text = match message {
            Message::Text(text) => text,
            Message::Binary(_) => {
                self.refuse("unsupported", "frames are JSON text", None);
                return Ok(());
            }
            _ => return Ok(()),
        };
        let frame = match serde_json::from_str(&text) {
            Ok(frame) => frame,
            Err(error) => {
                self.refuse("invalid_request", &format!("not a frame: {error}"), None);
                return Ok(());
            }
        };
        match frame {
            ClientFrame::Auth { token } => self.authenticate(&token).await,
            ClientFrame::Ping => {
                self.say(&ServerFrame::Pong { at: self.app.clock.now() });
                Ok(())
            }
            ClientFrame::Subscribe(ask) => self.subscribe(ask).await,
            ClientFrame::Unsubscribe { room } => {
                self.leave(&room);
                Ok(())
            }
            ClientFrame::Presence { room, status } => {
                if let Some(who) = self.speaker(&room) {
                    match who.role {
                        Role::Service => self.refuse(
                            "forbidden",
                            "a service is no person, and so in no room's presence",
                            Some(room),
                        ),
                        _ => self.app.hub.set_status(&room, self.connection.id, status, now),
                    }
                }
                Ok(())
            }
            ClientFrame::Typing { room, on } => {
                if let Some(who) = self.speaker(&room) {
                    self.app.hub.set_typing(&room, self.connection.id, &who.actor, on, now);
                }
                Ok(())
            }
        }
    }

    /// Takes a first or a fresh credential; rooms that it does not cover are left.
    async fn authenticate(&mut self, token: &str) -> Step {
        let from = self.origin.as_ref().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), Origin::network);
        let admitted = match Credential::admit_to_socket(&self.app, token, from).await {
            Ok(credential) => {
                let most = self.app.limits.user_sockets;
                self.app.hub.identify(self.connection.id, &credential.actor.id, most).map_err(End::Close)?;
                // Revoked since it was looked at, nobody would have told this socket.
                credential.renewed(&self.app).await
            }
            refused => refused,
        };
        match admitted {
            Ok(credential) => {
                self.adopt(credential);
                Ok(())
            }
            Err(Error::Unauthorized(_)) => {
                if let Some(origin) = &self.origin {
                    let refusal = Refusal::of_socket(token, "/ws", Closing::UNAUTHENTICATED.code);
                    self.app.notes.refused(refusal, origin, self.app.clock.now());
                }
                Err(End::Close(Closing::UNAUTHENTICATED))
            }
            Err(error @ Error::RateLimited { .. }) => {
                self.refuse_with(&error, None);
                self.flush().await?;
                Err(End::Close(Closing::UNAUTHENTICATED))
            }
            Err(error) => {
                self.refuse_with(&error, None);
                Ok(())
            }
        }
    }

    /// Takes over what a credential covers now; rooms that it does not cover are left.
    fn adopt(&mut self, credential: Credential) {
        let lost: Vec<Room> = self.rooms.iter().filter(|room| !credential.may_hear(room)).cloned().collect();
        lost.iter().for_each(|room| self.leave(room));
        self.rooms.iter().for_each(|room| self.attend(room, &credential));
        self.credential = Some(credential);
    }

    fn attend(&self, room: &Room, who: &Credential) {
        attend(&self.app, &self.connection, room, who);
    }

    /// Who speaks in a room; refuses where this socket is not in it.
    fn speaker(&self, room: &Room) -> Option<&Credential> {
        if !self.rooms.contains(room) {
            self.refuse("invalid_request", "subscribe to the room first", Some(room.clone()));
        }
        self.credential.as_ref().filter(|_| self.rooms.contains(room))
    }

    /// Looks again at a credential that may have changed. While that cannot be known, the client
    /// comes back.
    async fn recheck(&mut self) -> Step {
        let Some(credential) = &self.credential else { return Ok(()) };
        match credential.renewed(&self.app).await {
            Ok(credential) if !credential.is_spent() => {
                self.adopt(credential);
                Ok(())
            }
            Ok(_) | Err(Error::Unauthorized(_)) => Err(End::Close(Closing::UNAUTHENTICATED)),
            Err(error) => {
                tracing::error!(?error, "socket: cannot look at its credential again");
                Err(End::Close(Closing::GOING_AWAY))
            }
        }
    }

    /// A credential that ends ends also what is being sent for it.
    fn must_hold(&self) -> Step {
        let end = self.credential.as_ref().and_then(|credential| credential.expires_at);
        match end.is_some_and(|end| end <= self.app.clock.now()) {
            true => Err(End::Close(Closing::UNAUTHENTICATED)),
            false => Ok(()),
        }
    }

    async fn subscribe(&mut self, ask: Subscribe) -> Step {
        let most = self.app.limits.socket_rooms as usize;
        let mut rooms: Vec<Room> = Vec::new();
        for room in ask.rooms.into_iter().chain(ask.room) {
            if rooms.len() > most {
                break;
            }
            if !rooms.contains(&room) {
                rooms.push(room);
            }
        }
        if rooms.len() > most {
            self.refuse("too_large", &format!("a socket has at most {most} rooms"), None);
            return Ok(());
        }
        if rooms.is_empty() {
            self.refuse("invalid_request", "subscribe needs 'room' or 'rooms'", None);
        }
        for room in rooms {
            let Some(credential) = &self.credential else {
                self.refuse("unauthorized", "authenticate first", Some(room));
                continue;
            };
            if !credential.may_hear(&room) {
                self.refuse("not_found", "no such room for this credential", Some(room));
                continue;
            }
            if self.rooms.len() >= most && !self.rooms.contains(&room) {
                self.refuse("too_large", &format!("a socket has at most {most} rooms"), Some(room));
                continue;
            }
            self.must_hold()?;
            self.join(room, ask.since, ask.epoch.as_ref()).await?;
        }
        Ok(())
    }

    /// Snapshot or missed events first, then live ones: see [`super::hub`].
    async fn join(&mut self, room: Room, since: Option<Offset>, epoch: Option<&Epoch>) -> Step {
        self.app.hub.join(&room, &self.connection);
        self.rooms.insert(room.clone());
        // What an earlier subscription to the same room had queued goes out before the answer.
        self.flush().await?;
        let Some(who) = self.credential.clone() else { return Ok(()) };
        let app = self.app.clone();
        let (mut answer, missed_from) = match snapshot(&app, &room, since, epoch).await {
            Ok(found) => found,
            Err(error) => {
                self.leave_silently(&room);
                self.refuse_with(&error, Some(room));
                return Ok(());
            }
        };
        self.attend(&room, &who);
        seat(&mut answer, self.app.hub.presence(&room));
        let ServerFrame::Subscribed { offset: head, .. } = answer else { return Ok(()) };
        self.send_all([&answer]).await?;
        let Some(mut given) = missed_from else {
            self.app.hub.start(&room, &self.connection, head);
            return Ok(());
        };
        loop {
            self.must_hold()?;
            let page = missed(&app, &room, given, head, &who.actor.id).await;
            // Trimmed under our hands: better to start over than to leave a hole.
            let Ok(page) = page else { return Err(End::Close(Closing::SLOW)) };
            let Some(last) = page.last().and_then(|event| event.offset) else { break };
            self.send_all(&page).await?;
            self.app.metrics.recovered.add(page.len() as u64);
            given = last;
        }
        self.app.hub.start_after(&room, &self.connection, head, given);
        Ok(())
    }

    fn leave(&mut self, room: &Room) {
        self.leave_silently(room);
        self.say(&ServerFrame::Unsubscribed { room: room.clone() });
    }

    fn leave_silently(&mut self, room: &Room) {
        self.app.hub.leave(room, self.connection.id, self.app.clock.now());
        self.rooms.remove(room);
    }

    /// The last frame before a close because the server stops.
    async fn farewell(&mut self) -> End {
        let wait = limits::RECONNECT_AFTER + limits::RECONNECT_SPREAD.mul_f64(chance());
        let word = ServerFrame::Error {
            code: "unavailable".into(),
            message: "the server goes away".into(),
            room: None,
            retry_after_ms: u64::try_from(wait.as_millis()).ok(),
        };
        let _ = timeout(LAST_WORD, self.send_all([&word])).await;
        End::Close(Closing::GOING_AWAY)
    }

    fn refuse_with(&self, error: &Error, room: Option<Room>) {
        if let Error::Internal(cause) | Error::Unavailable(cause) = error {
            tracing::error!("socket: {cause:#}");
        }
        let (code, detail) = error.code_and_detail();
        let code = serde_json::to_value(code).unwrap_or_default();
        let retry_after_ms = match error {
            Error::RateLimited { after, .. } => u64::try_from(after.as_millis()).ok(),
            _ => None,
        };
        self.say(&ServerFrame::Error {
            code: code.as_str().unwrap_or("internal").into(),
            message: detail,
            room,
            retry_after_ms,
        });
    }

    fn refuse(&self, code: &str, message: &str, room: Option<Room>) {
        self.say(&ServerFrame::Error {
            code: code.into(),
            message: message.into(),
            room,
            retry_after_ms: None,
        });
    }

    /// Queues a frame behind what is queued already.
    fn say(&self, frame: &ServerFrame) {
        if let Ok(text) = serde_json::to_string(frame) {
            self.connection.outbox.push(Utf8Bytes::from(text));
        }
    }

    /// Sends all that is queued, then does what else was asked of this socket.
    async fn deliver(&mut self) -> Step {
        self.flush().await?;
        match self.connection.outbox.take_recheck() {
            true => self.recheck().await,
            false => Ok(()),
        }
    }

    /// Sends all that is queued.
    async fn flush(&mut self) -> Step {
        let frames = self.connection.outbox.take().map_err(End::Close)?;
        self.write(async move |socket| {
            for frame in frames {
                socket.feed(Message::Text(frame.text().clone())).await?;
            }
            socket.flush().await
        })
        .await
    }

    /// Sends frames that nothing may overtake, with the client's own pace.
    async fn send_all<'a, T: Serialize + 'a>(&mut self, frames: impl IntoIterator<Item = &'a T>) -> Step {
        let frames: Vec<Utf8Bytes> = frames
            .into_iter()
            .filter_map(|frame| serde_json::to_string(frame).ok().map(Into::into))
            .collect();
        self.write(async move |socket| {
            for frame in frames {
                socket.feed(Message::Text(frame)).await?;
            }
            socket.flush().await
        })
        .await
    }

    /// Writes; gives up on a client that reads nothing, or whose queue ran over meanwhile.
    async fn write(&mut self, write: impl AsyncFnOnce(&mut WebSocket) -> Result<(), axum::Error>) -> Step {
        let outbox = self.connection.outbox.clone();
        tokio::select! {
            written = timeout(self.app.limits.socket_dead, write(&mut self.socket)) => match written {
                Ok(Ok(())) => Ok(()),
                Ok(Err(_)) | Err(_) => Err(End::Gone),
            },
            closing = outbox.closed() => Err(End::Close(closing)),
        }
    }
}

/// When a socket's turn to be closed has come, of so many.
fn turn_to_leave(sockets: usize) -> Duration {
    let sockets = f64::from(u32::try_from(sockets).unwrap_or(u32::MAX));
    let all = Duration::from_secs_f64(sockets / f64::from(limits::DRAIN_SOCKETS_A_SECOND));
    all.min(limits::DRAIN_SPREAD).mul_f64(chance())
}

/// Anything from 0 to 1, each as likely.
fn chance() -> f64 {
    f64::from(u16::from_be_bytes(crypto::random())) / f64::from(u16::MAX)
}

async fn close(socket: &mut WebSocket, closing: Closing) {
    let frame = CloseFrame { code: closing.code, reason: closing.reason.into() };
    let _ = timeout(LAST_WORD, socket.send(Message::Close(Some(frame)))).await;
}

/// The answer to a subscription that the credential may have, and where missed events begin.
pub(super) async fn snapshot(
    app: &App,
    room: &Room,
    since: Option<Offset>,
    epoch: Option<&Epoch>,
) -> Result<(ServerFrame, Option<Offset>)> {
    let now_epoch = app.store.epoch().clone();
    let mut read = app.store.read().await?;
    let head = events::head(&mut read, room).await?;
    let since = since.filter(|since| *since <= head && epoch.is_none_or(|epoch| *epoch == now_epoch));
    let recovered_from = match since {
        Some(since) if events::reaches_back(&mut read, room, since, head).await? => Some(since),
        _ => None,
    };
    let state = match (recovered_from, room.kind()) {
        (None, RoomKind::Project) => {
            let project = projects::find(&mut read, room.id()).await?;
            let project = project.filter(|project| project.public.id.as_str() == room.id());
            let project = project.ok_or_else(|| Error::no_project(room.id()))?;
            let now = app.clock.now();
            let lease = locks::live(&mut read, &project.public.id, now).await?;
            Some(RoomState {
                lock: lease.map(|lease| lease.view(now)),
                hash: project.docs_hash,
                revision: project.public.revision,
                presence: Presence::default(),
            })
        }
        _ => None,
    };
    let recovered = recovered_from.is_some();
    let answer = ServerFrame::Subscribed {
        room: room.clone(),
        epoch: now_epoch,
        offset: head,
        recovered,
        state,
        presence: None,
    };
    Ok((answer, recovered_from))
}

/// Whoever holds the credential is in a room from now on, unless that is a service.
pub(super) fn attend(app: &App, connection: &Connection, room: &Room, who: &Credential) {
    let (id, now) = (connection.id, app.clock.now());
    match who.role {
        Role::Service => app.hub.withdraw(room, id, now),
        Role::Developer | Role::Lead | Role::Admin => app.hub.attend(room, id, &who.actor, now),
    }
}

/// Says in the answer to a subscription who is there.
pub(super) fn seat(answer: &mut ServerFrame, there: Presence) {
    match answer {
        ServerFrame::Subscribed { state: Some(state), .. } => state.presence = there,
        ServerFrame::Subscribed { presence, .. } => *presence = Some(there),
        _ => {}
    }
}

/// Some of the events after `after` up to `head` that are meant for `reader`; none is the end.
pub(super) async fn missed(
    app: &App,
    room: &Room,
    after: Offset,
    head: Offset,
    reader: &str,
) -> Result<Vec<Event>> {
    if after == head {
        return Ok(Vec::new());
    }
    let mut read = app.store.read().await?;
    if !events::reaches_back(&mut read, room, after, head).await? {
        return Err(Error::Internal(anyhow::anyhow!("the log of {room} has no event {}", after + 1)));
    }
    events::page(&mut read, app.store.epoch(), room, after, head, RECOVERY_PAGE, reader).await
}

fn is_too_big(error: &axum::Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        if error.to_string().contains("Space limit exceeded") {
            return true;
        }
        source = error.source();
    }
    false
}
