//! `/ws/stats`.

use serde::{Deserialize, Serialize};

use crate::event::Room;

/// What goes through the sockets of a server; counts are since it started.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Stats {
    /// Open sockets.
    pub connections: usize,
    /// Credentials that they belong to.
    pub users: usize,
    /// Rooms that somebody listens to.
    pub rooms: usize,
    /// Those with most subscribers first; of very many only these.
    pub per_room: Vec<RoomStats>,
    /// What was too often.
    pub rate_limiter: RateLimiter,
    /// Events brought to rooms.
    pub published: u64,
    /// Events queued to sockets, one for each socket.
    pub delivered: u64,
    /// Events not queued, because the socket was slow; it recovers by offset.
    pub dropped: u64,
    /// Events sent again to sockets that came back.
    pub recovered: u64,
    /// Bytes that wait to be sent over sockets.
    pub queued_bytes: usize,
}

/// One room of a server.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct RoomStats {
    /// Its name.
    pub room: Room,
    /// Sockets that listen to it.
    pub subscribers: usize,
    /// People who are there.
    pub people: usize,
}

/// What was refused because it was too often.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct RateLimiter {
    /// Frames of clients.
    pub frames_refused: u64,
    /// Credentials that were not looked at, because too many from there had failed.
    pub credentials_refused: u64,
}
