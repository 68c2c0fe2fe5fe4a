//! `/healthz` and `/readyz`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::time::Timestamp;

/// A server that lives.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Alive {
    /// `ok`.
    pub status: String,
    /// The server's own version.
    #[serde(default)]
    pub version: Option<String>,
    /// The server's clock, which leases end by.
    #[serde(default)]
    pub server_time: Option<Timestamp>,
}

/// The state of a part of the server, for operators.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Ready {
    /// `ok` or `unavailable`.
    pub status: String,
    /// By part: `ok`, or what is wrong.
    pub checks: Value,
}
