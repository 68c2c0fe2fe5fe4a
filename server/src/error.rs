//! What a request can end in, and the one place that chooses HTTP statuses.

use std::time::Duration;

use aitk_shared::api::{Line, Lock, PROBLEM_JSON, PathProblem, Problem, ProblemCode};
use aitk_shared::event::Room;
use aitk_shared::path::PathError;
use aitk_shared::text::printable;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// A handler's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything that a request can end in but success.
#[derive(Debug)]
pub enum Error {
    /// Another credential holds the lock that was asked for.
    LockHeld(Box<Lock>),
    /// The same, for who may wait for it.
    InLine {
        /// The lock in the way.
        lock: Box<Lock>,
        /// Who waits.
        line: Line,
    },
    /// Another credential holds the lock, so docs cannot be written.
    Locked(Box<Lock>),
    /// The asker's acquisition is over; the lock that is live now, if any.
    LockLost(Option<Box<Lock>>),
    /// A precondition on a doc failed.
    Stale(String),
    /// No such thing, or not for this credential to see: the two read alike.
    NotFound(String),
    /// No credential that holds.
    Unauthorized(&'static str),
    /// The credential may not do this.
    Forbidden(String),
    /// A doc path that cannot be.
    InvalidPath {
        /// As it came.
        path: String,
        /// What is wrong with it.
        why: PathError,
    },
    /// A field whose value cannot be: names the field and the fix.
    Invalid(String),
    /// A body that cannot be read at all.
    Malformed(String),
    /// Over a limit.
    TooLarge(String),
    /// Too often; it may be tried again after a while.
    RateLimited {
        /// What was too often.
        what: &'static str,
        /// How long to wait.
        after: Duration,
    },
    /// Paths of a batch, each at fault.
    Batch(Vec<PathProblem>),
    /// Rooms of a publication, each with its refusal.
    Rooms(Vec<(Room, Error)>),
    /// More waits already than the server takes.
    Busy(&'static str),
    /// A method that the path does not have.
    MethodNotAllowed,
    /// A project's repository cannot be read or written.
    Repository {
        /// Whether trying again may help by itself.
        lasting: Lasting,
        /// What went wrong, and the fix where there is one; safe to show.
        detail: String,
    },
    /// The store cannot answer now.
    Unavailable(anyhow::Error),
    /// Our fault; the cause goes to the log alone.
    Internal(anyhow::Error),
}

/// How long a fault stays.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lasting {
    /// It may pass by itself.
    Passing,
    /// Until somebody mends it.
    UntilMended,
}

impl Error {
    /// What a thing that is not there, or not to be seen, is called.
    pub fn no_project(id: &str) -> Self {
        Error::NotFound(format!("no project '{}'", printable(id, 80)))
    }

    /// A project whose docs are kept here alone.
    pub fn no_repository(slug: &str) -> Self {
        Error::NotFound(format!("no repository is connected to project '{slug}'"))
    }

    /// A doc that is not there.
    pub fn no_doc(path: &str) -> Self {
        Error::NotFound(format!("no doc '{}'", printable(path, 200)))
    }

    /// The status, the stable code, and what to say.
    fn verdict(&self) -> (StatusCode, ProblemCode, String) {
        use ProblemCode as Code;
        match self {
            Error::LockHeld(lock) | Error::InLine { lock, .. } => {
                (StatusCode::CONFLICT, Code::LockHeld, held(lock))
            }
            Error::Locked(lock) => (StatusCode::LOCKED, Code::LockHeld, held(lock)),
            Error::LockLost(None) => (
                StatusCode::CONFLICT,
                Code::LockLost,
                "the lock is not yours any more: it lapsed or was released".into(),
            ),
            Error::LockLost(Some(lock)) => (
                StatusCode::CONFLICT,
                Code::LockLost,
                format!("this acquisition of the lock is over; now {}", held(lock)),
            ),
            Error::Stale(detail) => (StatusCode::PRECONDITION_FAILED, Code::StaleVersion, detail.clone()),
            Error::NotFound(detail) => (StatusCode::NOT_FOUND, Code::NotFound, detail.clone()),
            Error::Unauthorized(detail) => (StatusCode::UNAUTHORIZED, Code::Unauthorized, (*detail).into()),
            Error::Forbidden(detail) => (StatusCode::FORBIDDEN, Code::Forbidden, detail.clone()),
            Error::InvalidPath { path, why } => (
                StatusCode::UNPROCESSABLE_ENTITY,
                Code::InvalidPath,
                format!("path '{}' {why}", printable(path, 200)),
            ),
            Error::Invalid(detail) => {
                (StatusCode::UNPROCESSABLE_ENTITY, Code::InvalidRequest, detail.clone())
            }
            Error::Malformed(detail) => (StatusCode::BAD_REQUEST, Code::InvalidRequest, detail.clone()),
            Error::TooLarge(detail) => (StatusCode::PAYLOAD_TOO_LARGE, Code::TooLarge, detail.clone()),
            Error::RateLimited { what, after } => (
                StatusCode::TOO_MANY_REQUESTS,
                Code::RateLimited,
                format!("{what}; try again in {} s", whole_seconds(*after)),
            ),
            Error::Batch(errors) => batch_verdict(errors),
            Error::Rooms(refusals) => rooms_verdict(refusals),
            Error::Busy(detail) => (StatusCode::SERVICE_UNAVAILABLE, Code::Unavailable, (*detail).into()),
            Error::MethodNotAllowed => (
                StatusCode::METHOD_NOT_ALLOWED,
                Code::Unsupported,
                "this path does not take this method".into(),
            ),
            Error::Repository { lasting: Lasting::Passing, detail } => {
                (StatusCode::SERVICE_UNAVAILABLE, Code::Unavailable, detail.clone())
            }
            Error::Repository { lasting: Lasting::UntilMended, detail } => {
                (StatusCode::UNPROCESSABLE_ENTITY, Code::InvalidRequest, detail.clone())
            }
            Error::Unavailable(_) => (
                StatusCode::SERVICE_UNAVAILABLE,
                Code::Unavailable,
                "the store cannot answer now; try again".into(),
            ),
            Error::Internal(_) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                Code::Internal,
                "the server failed; its log tells why".into(),
            ),
        }
    }

    /// The code and the sentence, for transports that have no status.
    pub fn code_and_detail(&self) -> (ProblemCode, String) {
        let (_, code, detail) = self.verdict();
        (code, detail)
    }
}

fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

fn held(lock: &Lock) -> String {
    let reason = lock.reason.as_deref().map(|reason| format!(" ({})", printable(reason, 200)));
    format!(
        "locked by {} until {}{}",
        printable(&lock.locked_by, 100),
        lock.expires_at,
        reason.unwrap_or_default()
    )
}

/// A batch is refused as its first path is.
fn batch_verdict(errors: &[PathProblem]) -> (StatusCode, ProblemCode, String) {
    let code = errors.first().map_or(ProblemCode::InvalidRequest, |error| error.code);
    let status = match code {
        ProblemCode::StaleVersion => StatusCode::PRECONDITION_FAILED,
        ProblemCode::NotFound => StatusCode::NOT_FOUND,
        ProblemCode::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let list: Vec<_> =
        errors.iter().take(5).map(|e| format!("'{}' {}", printable(&e.path, 200), e.detail)).collect();
    let more = if errors.len() > 5 { format!(" and {} more", errors.len() - 5) } else { String::new() };
    (status, code, format!("nothing was changed: {}{more}", list.join("; ")))
}

/// A publication is refused as its first room is.
fn rooms_verdict(refusals: &[(Room, Error)]) -> (StatusCode, ProblemCode, String) {
    let (status, code, _) = match refusals.first() {
        Some((_, error)) => error.verdict(),
        None => (StatusCode::UNPROCESSABLE_ENTITY, ProblemCode::InvalidRequest, String::new()),
    };
    let list: Vec<_> = refusals.iter().map(|(_, error)| error.verdict().2).collect();
    (status, code, format!("nothing was published: {}", list.join("; ")))
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let (status, code, detail) = self.verdict();
        let word =
            serde_json::to_value(code).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default();
        let mut problem = Problem {
            kind: format!("urn:aitk:problem:{word}"),
            title: word.replace('_', " "),
            status: status.as_u16(),
            detail,
            code,
            lock: None,
            line: Line::default(),
            errors: Vec::new(),
        };
        let retry_after = match &self {
            Error::RateLimited { after, .. } => Some(whole_seconds(*after)),
            Error::Unavailable(_) => Some(1),
            _ => None,
        };
        match self {
            Error::LockHeld(lock) | Error::Locked(lock) | Error::LockLost(Some(lock)) => {
                problem.lock = Some(*lock);
            }
            Error::InLine { lock, line } => (problem.lock, problem.line) = (Some(*lock), line),
            Error::Batch(errors) => problem.errors = errors,
            Error::Internal(cause) => tracing::error!("internal error: {cause:#}"),
            Error::Unavailable(cause) => tracing::warn!("store unavailable: {cause:#}"),
            _ => {}
        }
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        let mut response = (status, [(header::CONTENT_TYPE, PROBLEM_JSON)], body).into_response();
        response.extensions_mut().insert(code);
        let headers = response.headers_mut();
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_) => {
                Error::Unavailable(error.into())
            }
            error => Error::Internal(error.into()),
        }
    }
}

impl From<anyhow::Error> for Error {
    fn from(error: anyhow::Error) -> Self {
        Error::Internal(error)
    }
}
