//! What clients call by name, and how they are answered.

use aitk_shared::api::ProblemCode;
use aitk_shared::event::{Offset, Room, RoomKind};
use aitk_shared::frame::ServerFrame;
use aitk_shared::id::Epoch;
use aitk_shared::presence::Status;
use aitk_shared::role::Role;
use aitk_shared::socketio::{self, Namespace};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::client::{Client, Step};
use crate::error::Error;
use crate::live::{Missed, Reader};

/// A refusal as Socket.IO clients see it.
pub(super) struct Problem {
    code: ProblemCode,
    pub message: String,
    room: Option<Room>,
    retry_after_ms: Option<u64>,
}

impl Problem {
    fn new(code: ProblemCode, message: impl Into<String>) -> Self {
        Problem { code, message: message.into(), room: None, retry_after_ms: None }
    }

    /// As JSON.
    pub fn data(&self) -> Value {
        let mut data = json!({"code": self.code, "message": self.message});
        if let Some(room) = &self.room {
            data["room"] = json!(room);
        }
        if let Some(ms) = self.retry_after_ms {
            data["retryAfterMs"] = ms.into();
        }
        data
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        if let Error::Internal(cause) | Error::Unavailable(cause) = &error {
            tracing::error!("socket.io: {cause:#}");
        }
        let (code, message) = error.code_and_detail();
        let retry_after_ms = match error {
            Error::RateLimited { after, .. } => u64::try_from(after.as_millis()).ok(),
            _ => None,
        };
        Problem { retry_after_ms, ..Problem::new(code, message) }
    }
}

type Verdict<T = Value> = Result<T, Problem>;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OfProject {
    project_id: String,
}

#[derive(Deserialize)]
struct OfRoom {
    room: Room,
    since: Option<Offset>,
    epoch: Option<Epoch>,
}

#[derive(Deserialize)]
struct OfPresence {
    room: Room,
    status: Status,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OfChat {
    chat_id: String,
}

impl OfProject {
    fn room(&self) -> Verdict<Room> {
        room_of(RoomKind::Project, &self.project_id)
    }
}

impl Client {
    /// Does what was called; the answer comes before what follows from it.
    pub(super) async fn call(
        &mut self,
        namespace: Namespace,
        name: &str,
        argument: Value,
        ack: Option<u64>,
    ) -> Step {
        if self.member(namespace).is_none() {
            return Ok(());
        }
        let verdict = match name {
            "join" => match read::<OfProject>(argument).and_then(|ask| ask.room()) {
                Ok(room) => return self.enter(namespace, ack, room, None, None, Tells::Room).await,
                Err(problem) => Err(problem),
            },
            "subscribe" => match read::<OfRoom>(argument) {
                Ok(OfRoom { room, since, epoch }) => {
                    return self.enter(namespace, ack, room, since, epoch, Tells::Position).await;
                }
                Err(problem) => Err(problem),
            },
            "leave" => {
                read::<OfProject>(argument).and_then(|ask| ask.room()).map(|room| self.left(namespace, &room))
            }
            "unsubscribe" => read::<OfRoom>(argument).map(|ask| self.left(namespace, &ask.room)),
            "presence.update" => read(argument).and_then(|ask| self.be_present(namespace, ask)),
            "typing.start" => read(argument).and_then(|ask| self.type_in(namespace, &ask, Typing::Starts)),
            "typing.stop" => read(argument).and_then(|ask| self.type_in(namespace, &ask, Typing::Stops)),
            _ => Err(Problem::new(ProblemCode::Unsupported, "no such call")),
        };
        self.answer(namespace, ack, verdict).await
    }

    /// Answers who waits for an answer; others are told only of failures.
    pub(super) async fn answer(&mut self, namespace: Namespace, ack: Option<u64>, verdict: Verdict) -> Step {
        let answer = match (verdict, ack) {
            (Ok(answer), Some(_)) => answer,
            (Ok(_), None) => return Ok(()),
            (Err(problem), Some(_)) => json!({"success": false, "error": problem.data()}),
            (Err(problem), None) => return self.complain(namespace, problem).await,
        };
        self.send(Some(namespace), socketio::ack(namespace, ack.unwrap_or_default(), &answer)).await
    }

    async fn enter(
        &mut self,
        namespace: Namespace,
        ack: Option<u64>,
        room: Room,
        since: Option<Offset>,
        epoch: Option<Epoch>,
        tells: Tells,
    ) -> Step {
        let (answer, missed) = match self.join(namespace, &room, since, epoch.as_ref()).await? {
            Ok(joined) => joined,
            Err(problem) => return self.answer(namespace, ack, Err(problem)).await,
        };
        let mut told = json!({"success": true, "room": room});
        if let (Tells::Position, ServerFrame::Subscribed { epoch, offset, recovered, state, .. }) =
            (tells, answer)
        {
            told["epoch"] = json!(epoch);
            told["offset"] = json!(offset);
            told["recovered"] = json!(recovered);
            if let Some(state) = state {
                told["state"] = serde_json::to_value(state).unwrap_or_default();
            }
        }
        self.answer(namespace, ack, Ok(told)).await?;
        self.catch_up(namespace, missed).await
    }

    /// Subscribes a namespace to a room. The caller answers, then sends what was missed.
    pub(super) async fn join(
        &mut self,
        namespace: Namespace,
        room: &Room,
        since: Option<Offset>,
        epoch: Option<&Epoch>,
    ) -> Step<Verdict<(ServerFrame, Missed)>> {
        let most = self.app.limits.socket_rooms as usize;
        let Some(member) = self.member(namespace) else {
            return Ok(Err(Problem::new(ProblemCode::Unauthorized, "connect first")));
        };
        if member.rooms.len() >= most && !member.rooms.contains(room) {
            let message = format!("a connection has at most {most} rooms");
            return Ok(Err(Problem::new(ProblemCode::TooLarge, message)));
        }
        // What an earlier subscription to the same room had queued goes out before the answer.
        member.reader.pause(room);
        self.flush(namespace).await?;
        let Some(member) = self.member(namespace) else {
            return Ok(Err(Problem::new(ProblemCode::Unauthorized, "connect first")));
        };
        match member.reader.subscribe(room, since, epoch).await {
            Ok(joined) => {
                member.rooms.insert(room.clone());
                Ok(Ok(joined))
            }
            Err(error) => {
                member.rooms.remove(room);
                Ok(Err(Problem { room: Some(room.clone()), ..error.into() }))
            }
        }
    }

    pub(super) fn leave(&mut self, namespace: Namespace, room: &Room) {
        if let Some(member) = self.member(namespace) {
            member.reader.pause(room);
            member.rooms.remove(room);
        }
    }

    fn left(&mut self, namespace: Namespace, room: &Room) -> Value {
        self.leave(namespace, room);
        json!({"success": true, "room": room})
    }

    /// Who speaks in a room; refuses where this member is not in it.
    fn speaker(&mut self, namespace: Namespace, room: &Room) -> Verdict<&Reader> {
        let member = self.member(namespace).filter(|member| member.rooms.contains(room));
        member.map(|member| &member.reader).ok_or(Problem {
            room: Some(room.clone()),
            ..Problem::new(ProblemCode::InvalidRequest, "subscribe to the room first")
        })
    }

    /// Sets how available somebody is in a room.
    fn be_present(&mut self, namespace: Namespace, OfPresence { room, status }: OfPresence) -> Verdict {
        let now = self.app.clock.now();
        let reader = self.speaker(namespace, &room)?;
        if reader.who.role == Role::Service {
            let message = "a service is no person, and so in no room's presence";
            return Err(Problem { room: Some(room), ..Problem::new(ProblemCode::Forbidden, message) });
        }
        reader.app.hub.set_status(&room, reader.connection.id, status, now);
        Ok(json!({"success": true, "room": room}))
    }

    /// Tells the others of a chat that somebody types, or stopped.
    fn type_in(&mut self, namespace: Namespace, chat: &OfChat, typing: Typing) -> Verdict {
        let (room, now) = (room_of(RoomKind::Chat, &chat.chat_id)?, self.app.clock.now());
        let reader = self.speaker(namespace, &room)?;
        let on = matches!(typing, Typing::Starts);
        reader.app.hub.set_typing(&room, reader.connection.id, &reader.who.actor, on, now);
        Ok(json!({"success": true, "room": room}))
    }
}

/// What the answer to a subscription tells.
enum Tells {
    Room,
    /// Also where it stands.
    Position,
}

enum Typing {
    Starts,
    Stops,
}

fn room_of(kind: RoomKind, id: &str) -> Verdict<Room> {
    let room = Room::parse(&format!("{}:{id}", kind.as_str()));
    room.map_err(|error| Problem::new(ProblemCode::InvalidRequest, error.to_string()))
}

fn read<T: DeserializeOwned>(argument: Value) -> Verdict<T> {
    serde_json::from_value(argument)
        .map_err(|error| Problem::new(ProblemCode::InvalidRequest, format!("not understood: {error}")))
}
