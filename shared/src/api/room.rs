//! `/rooms/{room}/events` and `/events`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::nullable;
use crate::event::{Event, Offset, Room};
use crate::id::{Epoch, EventId};

/// Names a publication, so that repeating it publishes nothing twice.
pub const IDEMPOTENCY_KEY_HEADER: &str = "idempotency-key";
/// `true` where an answer is that of an earlier publication with the same key.
pub const IDEMPOTENT_REPLAY_HEADER: &str = "idempotent-replayed";

/// A page of a room's events.
///
/// `E` is an event: typed, or the JSON that came where all of it has to be passed on.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct EventPage<E = Event> {
    /// The epoch in which offsets count.
    pub epoch: Epoch,
    /// The room's head.
    pub offset: Offset,
    /// Whether everything after `since` is still there; if not, the first event's offset shows
    /// how much is gone.
    pub recovered: bool,
    /// Events after `since`, in order.
    pub events: Vec<E>,
}

/// An event as a backend publishes it. A body is one of them, or a list.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Publish {
    /// Such as `issue.updated`.
    #[serde(rename = "type")]
    pub kind: String,
    /// By type.
    #[serde(default)]
    pub data: Value,
    /// Goes to whoever listens now, and is kept nowhere.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ephemeral: bool,
    /// The subject (a key id or a JWT's `sub`) that does not get it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exclude: Option<String>,
    /// Passed through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
}

/// Answers a publication in one room.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Published {
    /// The epoch in which the offset counts.
    pub epoch: Epoch,
    /// Of the last event; `null` where all were ephemeral.
    #[serde(deserialize_with = "nullable")]
    pub offset: Option<Offset>,
}

/// Answers a publication in several rooms.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PublishedInto {
    /// Of the last event, in every room.
    pub id: EventId,
    /// The epoch in which the offsets count.
    pub epoch: Epoch,
    /// Of the last event in each room; `null` where all were ephemeral.
    #[cfg_attr(feature = "schema", schema(value_type = Object))]
    pub offsets: BTreeMap<Room, Option<Offset>>,
}
