//! `/projects/{id}/team`.

use serde::{Deserialize, Serialize};

use super::nullable;
use crate::event::{Actor, Offset};
use crate::id::Epoch;
use crate::time::Timestamp;

/// Who reads which revision, as far as they asked within the last days.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Team {
    /// The epoch in which revisions count.
    pub epoch: Epoch,
    /// The docs' revision now.
    pub revision: Offset,
    /// Newest first.
    pub sessions: Vec<Session>,
}

/// One session of an agent, or a person's own runs, as the server saw it last.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// Whose credential asked.
    pub actor: Actor,
    /// The session, as the agent calls it; `null` for runs by hand.
    #[serde(deserialize_with = "nullable")]
    pub session: Option<String>,
    /// The agent.
    #[serde(deserialize_with = "nullable")]
    pub agent: Option<String>,
    /// What it has; `null` where that is no revision of this server.
    #[serde(deserialize_with = "nullable")]
    pub revision: Option<Offset>,
    /// The version of aitk; `null` for another client.
    #[serde(deserialize_with = "nullable")]
    pub version: Option<String>,
    /// When it asked last.
    pub last_seen_at: Timestamp,
    /// Since when somebody else's lock, which still runs, keeps it from its docs.
    #[serde(deserialize_with = "nullable")]
    pub blocked_since: Option<Timestamp>,
}
