//! Rooms, and the events in them.

mod kind;
pub mod known;

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::id::{Epoch, EventId, ProjectId};
use crate::time::Timestamp;

pub use kind::{EventType, EventTypeError};

/// An event's place in its room: dense, from 1 on, within one epoch.
pub type Offset = u64;

/// The event types of the docs platform. Backends publish others.
pub mod types {
    /// A project's lock was taken.
    pub const LOCK_ACQUIRED: &str = "lock:acquired";
    /// Its lease was prolonged.
    pub const LOCK_RENEWED: &str = "lock:renewed";
    /// It ended; `data.cause` tells how.
    pub const LOCK_RELEASED: &str = "lock:released";
    /// A doc was added or got other bytes.
    pub const DOC_UPDATED: &str = "doc:updated";
    /// A doc is gone.
    pub const DOC_DELETED: &str = "doc:deleted";
    /// The docs were brought together with the repository's.
    pub const DOCS_SYNCED: &str = "docs:synced";
    /// What was saved here was pushed to the repository.
    pub const DOCS_PUBLISHED: &str = "docs:published";
    /// The repository cannot be read or written; told once, until it works again.
    pub const DOCS_FAILED: &str = "docs:failed";
    /// A doc was changed both here and in the repository, in the same place.
    pub const DOCS_CONFLICT: &str = "docs:conflict";
    /// Who came to the room, left it, or is there in another way; in no log.
    pub const PRESENCE_UPDATE: &str = "presence:update";
    /// Somebody types, or stopped; in no log.
    pub const USER_TYPING: &str = "user:typing";
}

/// How a lock ended (`data.cause` of `lock:released`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReleaseCause {
    /// By its holder.
    Released,
    /// By the clock.
    Expired,
    /// By somebody else, who gave a reason.
    Forced,
    /// By somebody else, who took it over.
    Stolen,
}

/// What a room is about.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum RoomKind {
    /// All projects of a company.
    Workspace,
    /// A team.
    Team,
    /// A project: the room of its lock and docs.
    Project,
    /// An issue.
    Issue,
    /// A planning cycle.
    Cycle,
    /// One person, and nobody else.
    User,
    /// A conversation.
    Chat,
}

impl RoomKind {
    const ALL: [(RoomKind, &str); 7] = [
        (RoomKind::Workspace, "workspace"),
        (RoomKind::Team, "team"),
        (RoomKind::Project, "project"),
        (RoomKind::Issue, "issue"),
        (RoomKind::Cycle, "cycle"),
        (RoomKind::User, "user"),
        (RoomKind::Chat, "chat"),
    ];

    /// The word before the colon.
    pub fn as_str(self) -> &'static str {
        RoomKind::ALL.iter().find(|(kind, _)| *kind == self).map_or("", |(_, word)| word)
    }
}

/// A text that is no room's name.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "a room is workspace:, team:, project:, issue:, cycle:, user: or chat: and an id of 1 to 128 visible characters"
)]
pub struct RoomError;

/// A room's name: `project:prj_…`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Room {
    name: String,
    kind: RoomKind,
}

impl Room {
    /// Parses `<kind>:<id>`.
    pub fn parse(text: &str) -> Result<Self, RoomError> {
        let (word, id) = text.split_once(':').ok_or(RoomError)?;
        let (kind, _) = RoomKind::ALL.iter().find(|(_, w)| *w == word).ok_or(RoomError)?;
        let fits = (1..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic());
        match fits {
            true => Ok(Room { name: text.to_owned(), kind: *kind }),
            false => Err(RoomError),
        }
    }

    /// The room of a project.
    pub fn project(id: &ProjectId) -> Self {
        Room { name: format!("project:{id}"), kind: RoomKind::Project }
    }

    /// The whole name.
    pub fn as_str(&self) -> &str {
        &self.name
    }

    /// What it is about.
    pub fn kind(&self) -> RoomKind {
        self.kind
    }

    /// What stands behind the colon.
    pub fn id(&self) -> &str {
        self.name.split_once(':').map_or("", |(_, id)| id)
    }
}

impl fmt::Display for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl TryFrom<String> for Room {
    type Error = RoomError;
    fn try_from(text: String) -> Result<Self, RoomError> {
        Room::parse(&text)
    }
}

impl From<Room> for String {
    fn from(room: Room) -> String {
        room.name
    }
}

/// Who did it: a credential's id and name.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Actor {
    /// A key id or a JWT's `sub`.
    pub id: String,
    /// For people.
    pub name: String,
}

/// One event as every transport shows it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// Such as `doc:updated`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The same in every room that got a copy.
    pub id: EventId,
    /// Where it happened.
    pub room: Room,
    /// The life of the database in which `offset` counts.
    pub epoch: Epoch,
    /// Its place in the room; ephemeral events have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<Offset>,
    /// When it was committed.
    pub at: Timestamp,
    /// Who caused it; `null` where the server did.
    pub actor: Option<Actor>,
    /// Passed through from the request that caused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
    /// By type.
    pub data: Value,
    /// The offset before this one that its reader got, where those between were not meant for it
    /// (`exclude`); nothing is missing then. Without it, that is `offset - 1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Offset>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rooms_are_a_kind_and_an_id() {
        for (text, kind, id) in [
            ("project:prj_1", RoomKind::Project, "prj_1"),
            ("user:ann@example.com", RoomKind::User, "ann@example.com"),
            ("issue:a:b", RoomKind::Issue, "a:b"),
        ] {
            let room = Room::parse(text).unwrap();
            assert_eq!((room.kind(), room.id(), room.as_str()), (kind, id, text));
        }
        for bad in ["", "project", "project:", "Project:x", "planet:x", "team:a b", "team:ä", "team:a\n"] {
            assert_eq!(Room::parse(bad), Err(RoomError), "{bad:?}");
        }
    }

    #[test]
    fn an_event_starts_with_its_type() {
        let event = Event {
            kind: types::LOCK_ACQUIRED.into(),
            id: EventId::parse("evt_1").unwrap(),
            room: Room::parse("project:p").unwrap(),
            epoch: Epoch::parse("e").unwrap(),
            offset: Some(42),
            at: Timestamp::from_millis(0),
            actor: Some(Actor { id: "key_1".into(), name: "Ann".into() }),
            correlation_id: None,
            data: serde_json::json!({"projectId": "p"}),
            after: None,
        };
        assert_eq!(
            serde_json::to_string(&event).unwrap(),
            r#"{"type":"lock:acquired","id":"evt_1","room":"project:p","epoch":"e","offset":42,"at":"1970-01-01T00:00:00.000Z","actor":{"id":"key_1","name":"Ann"},"data":{"projectId":"p"}}"#
        );
    }
}
