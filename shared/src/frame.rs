//! The frames of the WebSocket: JSON text, one object each, `type` first.

use serde::{Deserialize, Serialize};

use crate::api::{Lock, nullable};
use crate::event::{Offset, Room};
use crate::hash::DocsHash;
use crate::id::Epoch;
use crate::presence::{Presence, Status};
use crate::time::Timestamp;

/// What a client may send.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum ClientFrame {
    /// Shows a credential, first or later.
    Auth {
        /// A key or a JWT.
        token: String,
    },
    /// Asks for a room's events.
    Subscribe(Subscribe),
    /// Leaves a room.
    Unsubscribe {
        /// The room to leave.
        room: Room,
    },
    /// Says how its user is in a room that it is subscribed to.
    Presence {
        /// The room.
        room: Room,
        /// How.
        status: Status,
    },
    /// Says that its user types in a room that it is subscribed to, still types, or stopped.
    Typing {
        /// The room.
        room: Room,
        /// Whether they type.
        on: bool,
    },
    /// Asks for a sign of life.
    Ping,
}

/// A subscription to one room or several.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
pub struct Subscribe {
    /// One room…
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<Room>,
    /// … or several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rooms: Vec<Room>,
    /// The last offset seen: what came after it is sent first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Offset>,
    /// The epoch in which `since` was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<Epoch>,
}

/// What the server sends, apart from [`crate::event::Event`]s.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", rename_all_fields = "camelCase")]
pub enum ServerFrame {
    /// The first frame.
    Connected {
        /// Names this socket in logs.
        connection_id: String,
        /// The server's clock.
        server_time: Timestamp,
        /// How often the server pings, in milliseconds.
        heartbeat_ms: u64,
    },
    /// Answers a subscription; the missed events follow, then live ones.
    Subscribed {
        /// The room.
        room: Room,
        /// The life of the database in which offsets count.
        epoch: Epoch,
        /// The room's head: the offset that `state` (or the last missed event) stands at.
        offset: Offset,
        /// Whether everything after `since` follows.
        recovered: bool,
        /// The room as of `offset`, where not recovered.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        state: Option<RoomState>,
        /// Who is there, where there is no `state` to say it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        presence: Option<Presence>,
    },
    /// Answers `unsubscribe`.
    Unsubscribed {
        /// The room.
        room: Room,
    },
    /// Answers `ping`.
    Pong {
        /// The server's clock.
        at: Timestamp,
    },
    /// Refuses a frame; the socket stays open.
    Error {
        /// Stable, snake_case; as in problem documents.
        code: String,
        /// For people.
        message: String,
        /// The room that was refused, where one was.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        room: Option<Room>,
        /// When to try again, in milliseconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after_ms: Option<u64>,
    },
}

/// A project room at one offset.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RoomState {
    /// The live lock.
    #[serde(deserialize_with = "nullable")]
    pub lock: Option<Lock>,
    /// The docs hash.
    pub hash: DocsHash,
    /// The docs' revision.
    pub revision: Offset,
    /// Who is there.
    pub presence: Presence,
}

/// The last word of a transport that has no close codes of its own: an event stream, Socket.IO.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename = "closed", rename_all = "camelCase")]
pub struct Closed {
    /// One of [`close`].
    pub code: u16,
    /// For people.
    pub reason: String,
    /// When to come back, in milliseconds, where that helps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

/// Close codes that tell a client what to do next.
pub mod close {
    /// Authenticate again.
    pub const UNAUTHENTICATED: u16 = 4401;
    /// Not allowed: stop.
    pub const FORBIDDEN: u16 = 4403;
    /// Too slow: reconnect and recover by offset.
    pub const SLOW: u16 = 4008;
    /// Too many connections.
    pub const TOO_MANY: u16 = 4009;
    /// The server goes away: reconnect after a while.
    pub const GOING_AWAY: u16 = 4012;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_start_with_their_type() {
        let frame: ClientFrame =
            serde_json::from_str(r#"{"type":"subscribe","room":"project:p","since":3}"#).unwrap();
        let ClientFrame::Subscribe(subscribe) = &frame else { panic!("{frame:?}") };
        assert_eq!((subscribe.since, subscribe.rooms.len()), (Some(3), 0));
        let pong = ServerFrame::Pong { at: Timestamp::from_millis(0) };
        assert_eq!(
            serde_json::to_string(&pong).unwrap(),
            r#"{"type":"pong","at":"1970-01-01T00:00:00.000Z"}"#
        );
        let connected = ServerFrame::Connected {
            connection_id: "c".into(),
            server_time: Timestamp::from_millis(0),
            heartbeat_ms: 30_000,
        };
        assert_eq!(
            serde_json::to_string(&connected).unwrap(),
            r#"{"type":"connected","connectionId":"c","serverTime":"1970-01-01T00:00:00.000Z","heartbeatMs":30000}"#
        );
    }

    #[test]
    fn a_frame_of_another_type_is_an_error_that_names_the_known_ones() {
        let error = serde_json::from_str::<ClientFrame>(r#"{"type":"dance"}"#).unwrap_err().to_string();
        assert!(error.contains("subscribe"), "{error}");
    }
}
