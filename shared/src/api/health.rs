//! `/readyz`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The state of a part of the server, for operators.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Ready {
    /// `ok` or `unavailable`.
    pub status: String,
    /// By part: `ok`, or what is wrong.
    pub checks: Value,
}
