//! What can go wrong, and the exit code of each kind.
//!
//! Every failure of a command is an [`Error`]: the fact, and a hint that says what to do now.
//! Exit codes are chosen here and nowhere else.

use std::time::Duration;

use aitk_shared::api::{Line, Lock, ProblemCode};
use aitk_shared::time::humanize;
use serde_json::{Value, json};

use crate::output::shown;

/// The result of everything that can fail.
pub type Result<T> = std::result::Result<T, Error>;

/// The kinds of failure that callers tell apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// I/O, the server's fault, a protocol error, a bug.
    Failed,
    /// Somebody else holds the lock, or the guard denied.
    Blocked,
    /// Credentials are missing, wrong or revoked, or do not allow this.
    Credentials,
    /// Nothing is configured, or there is no such project or doc.
    NotFound,
    /// The platform is out of reach.
    Unreachable,
    /// Two things differ that were asked to be equal.
    Differs,
    /// The doc changed meanwhile, or the lock was lost.
    Conflict,
    /// The command line is wrong.
    Usage,
    /// A command that was run for the user ended with this code, or could not be run.
    Command(u8),
}

/// The exit code of a run that did what it was asked.
pub const DONE: u8 = 0;

impl Kind {
    /// The exit code; agents read 2 as "block", so nothing of ours but [`Kind::Blocked`] may use it.
    pub fn exit_code(self) -> u8 {
        match self {
            Kind::Failed => 1,
            Kind::Blocked => 2,
            Kind::Credentials => 3,
            Kind::NotFound => 4,
            Kind::Unreachable => 5,
            Kind::Differs => 6,
            Kind::Conflict => 7,
            Kind::Usage => 64,
            Kind::Command(code) => code,
        }
    }

    /// The kind's stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Failed => "failed",
            Kind::Blocked => "blocked",
            Kind::Credentials => "credentials",
            Kind::NotFound => "not_found",
            Kind::Unreachable => "unreachable",
            Kind::Differs => "differs",
            Kind::Conflict => "conflict",
            Kind::Usage => "usage",
            Kind::Command(_) => "command",
        }
    }
}

/// A failure as a person, a script or an agent is told of it.
#[derive(Debug)]
pub struct Error {
    /// Decides the exit code.
    pub kind: Kind,
    /// The fact, lower-case and without a full stop; empty where it was told already.
    pub message: String,
    /// What to do now.
    pub hint: Option<String>,
    /// The lock in the way.
    pub lock: Option<Box<Lock>>,
    /// Who waits for it.
    pub line: Option<Box<Line>>,
    /// The server's own name for the problem.
    pub code: Option<ProblemCode>,
    /// What caused it, for `--verbose`.
    pub source: Option<anyhow::Error>,
}

impl Error {
    /// A failure and its fact.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Error { kind, message: message.into(), hint: None, lock: None, line: None, code: None, source: None }
    }

    /// Only an exit code: what it means is on standard output already.
    pub fn told(kind: Kind) -> Self {
        Error::new(kind, "")
    }

    /// Somebody else holds the lock: who, why, since when, how long, and what to do.
    pub fn locked(lock: Lock) -> Self {
        let who = shown(&lock.locked_by);
        let reason = lock.reason.as_deref().map(|reason| format!(": {}", shown(reason))).unwrap_or_default();
        let left = humanize(Duration::from_millis(lock.remaining_ms));
        let message =
            format!("the docs are locked by {who} since {}, for another {left}{reason}", lock.locked_at);
        let mut error = Error::new(Kind::Blocked, message)
            .hint(format!("wait until it ends, or ask {who}; `aitk watch` tells when the docs are free"));
        error.code = Some(ProblemCode::LockHeld);
        error.lock = Some(Box::new(lock));
        error
    }

    /// Says what to do now.
    pub fn hint(mut self, text: impl Into<String>) -> Self {
        self.hint = Some(text.into());
        self
    }

    /// Names the lock in the way.
    pub fn lock(mut self, lock: Option<Lock>) -> Self {
        self.lock = lock.map(Box::new);
        self
    }

    /// Keeps the cause.
    pub fn source(mut self, cause: impl Into<anyhow::Error>) -> Self {
        self.source = Some(cause.into());
        self
    }

    /// Whether the message is out already and only the exit code remains.
    pub fn is_told(&self) -> bool {
        self.message.is_empty()
    }

    /// The one JSON document of a run that failed.
    pub fn to_json(&self) -> Value {
        let code = self.code.and_then(|code| serde_json::to_value(code).ok());
        let mut error = json!({
            "code": code.unwrap_or_else(|| self.kind.as_str().into()),
            "kind": self.kind.as_str(),
            "message": self.message,
            "hint": self.hint,
            "exitCode": self.kind.exit_code(),
        });
        if let Some(lock) = &self.lock {
            error["lock"] = json!(lock);
        }
        if let Some(line) = &self.line {
            error["position"] = json!(line.position);
            error["waiting"] = json!(line.waiting);
        }
        json!({ "error": error })
    }
}

impl From<anyhow::Error> for Error {
    fn from(cause: anyhow::Error) -> Self {
        Error::new(Kind::Failed, cause.to_string()).source(cause)
    }
}

impl From<std::io::Error> for Error {
    fn from(cause: std::io::Error) -> Self {
        Error::new(Kind::Failed, cause.to_string()).source(cause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_block_exits_with_2() {
        use Kind::*;
        for (kind, code) in [
            (Failed, 1),
            (Blocked, 2),
            (Credentials, 3),
            (NotFound, 4),
            (Unreachable, 5),
            (Differs, 6),
            (Conflict, 7),
            (Usage, 64),
        ] {
            assert_eq!(kind.exit_code(), code);
        }
    }

    #[test]
    fn a_failure_is_one_json_object_with_its_exit_code() {
        let mut error = Error::new(Kind::Blocked, "locked by Ann").hint("wait");
        error.code = Some(ProblemCode::LockHeld);
        assert_eq!(
            error.to_json().to_string(),
            r#"{"error":{"code":"lock_held","kind":"blocked","message":"locked by Ann","hint":"wait","exitCode":2}}"#
        );
        let json = Error::new(Kind::Usage, "no").to_json();
        assert_eq!((&json["error"]["code"], &json["error"]["hint"]), (&json!("usage"), &Value::Null));
    }
}
