//! `/projects/{id}/lock`.

use serde::{Deserialize, Serialize};

use super::nullable;
use crate::id::ProjectId;
use crate::lock::FencingToken;
use crate::time::Timestamp;

/// A live lock.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Lock {
    /// The locked project.
    pub project_id: ProjectId,
    /// The holder's name, for people.
    pub locked_by: String,
    /// Since when.
    pub locked_at: Timestamp,
    /// Until when, by the server's clock.
    pub expires_at: Timestamp,
    /// What is left; the one figure that clients count with.
    pub remaining_ms: u64,
    /// Why.
    #[serde(deserialize_with = "nullable")]
    pub reason: Option<String>,
    /// The fencing token of this acquisition.
    pub token: FencingToken,
}

/// The body that takes a lock.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TakeLock {
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How long, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl_seconds: Option<i64>,
    /// Take it from its holder; needs a reason.
    #[serde(default)]
    pub steal: bool,
    /// A name for people; the credential's own where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locked_by: Option<String>,
    /// Treat a lease that the asker holds already like anybody's: it is in the way.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub anew: bool,
    /// Wait so long for the lock, in seconds, in the order of arrival.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_seconds: Option<u64>,
    /// The asker's own name for its place among those who wait; the same in each request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
}

/// Those who wait for a lock. The whole answer (202) to whoever waited and may take it now, by asking
/// again with the same ticket within a moment.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Line {
    /// The asker's place, from 1 on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<u64>,
    /// Everybody's name, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waiting: Vec<String>,
}

/// The body that prolongs a lease.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RenewLock {
    /// How long from now, in seconds; where absent half an hour, and never shorter than it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl_seconds: Option<i64>,
}

/// The answer to a release.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Released {
    /// Whether a lock ended.
    pub released: bool,
    /// Why none did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Who waited for it, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waiting: Vec<String>,
}
