//! Errors as RFC 9457 `application/problem+json`.

use serde::{Deserialize, Serialize};

use super::{Line, Lock};

/// Stable names of problems; the HTTP status follows from them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ProblemCode {
    /// Another holds the lock; the document carries it in `lock`.
    LockHeld,
    /// The asker's acquisition of the lock is over.
    LockLost,
    /// The doc changed meanwhile (If-Match, If-None-Match).
    StaleVersion,
    /// No such thing, or not for this credential to see.
    NotFound,
    /// No credential, or one that does not hold.
    Unauthorized,
    /// The credential may not do this.
    Forbidden,
    /// A doc path that cannot be.
    InvalidPath,
    /// Another field or header that cannot be.
    InvalidRequest,
    /// Over a limit.
    TooLarge,
    /// Too many requests.
    RateLimited,
    /// Not something that this server does.
    Unsupported,
    /// Try again later.
    Unavailable,
    /// The client is older than this server takes.
    ClientTooOld,
    /// The server's fault.
    Internal,
    /// A code of a newer server.
    #[serde(other)]
    Unknown,
}

/// An error as RFC 9457 `application/problem+json`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Problem {
    /// `urn:aitk:problem:<code>`.
    #[serde(rename = "type")]
    pub kind: String,
    /// A few words.
    pub title: String,
    /// The HTTP status again.
    pub status: u16,
    /// What is wrong here and now.
    pub detail: String,
    /// Stable name.
    pub code: ProblemCode,
    /// The lock in the way (`lock_held`, and `lock_lost` where somebody else has it).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock: Option<Lock>,
    /// Who waits for the lock in the way.
    #[serde(default, flatten)]
    pub line: Line,
    /// Each path at fault in a batch.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<PathProblem>,
}

/// One path at fault.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PathProblem {
    /// The path as it came.
    pub path: String,
    /// Stable name.
    pub code: ProblemCode,
    /// What is wrong with it.
    pub detail: String,
}
