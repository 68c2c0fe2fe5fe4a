//! What an answer means: the kind of each refusal, and strict decoding of the rest.

use aitk_shared::api::{Line, Lock, Problem, ProblemCode};
use reqwest::StatusCode;
use serde::de::DeserializeOwned;

use crate::credentials::Server;
use crate::error::{Error, Kind};
use crate::output::shown;

/// Paths at fault that one message names.
const NAMED_FAULTS: usize = 20;

/// Decodes a body strictly; an error names the field at fault.
pub fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    decode_at(None, body)
}

/// The same for one item of a list in a body.
pub fn decode_at<T: DeserializeOwned>(list: Option<(&str, usize)>, body: &[u8]) -> Result<T, String> {
    if body.trim_ascii().is_empty() {
        return Err("an empty body".into());
    }
    let mut input = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut input).map_err(|error| at_fault(list, error))?;
    input.end().map_err(|_| "more than one JSON document".to_owned())?;
    Ok(value)
}

/// The field at fault, and what is wrong with it.
fn at_fault(list: Option<(&str, usize)>, error: serde_path_to_error::Error<serde_json::Error>) -> String {
    let field = match (list, error.path().to_string().as_str()) {
        (None, ".") => None,
        (None, field) => Some(field.to_owned()),
        (Some((list, item)), ".") => Some(format!("{list}[{item}]")),
        (Some((list, item)), field) => Some(format!("{list}[{item}].{field}")),
    };
    let why = shown(&error.into_inner().to_string());
    field.map_or_else(|| why.clone(), |field| format!("{}: {why}", shown(&field)))
}

/// What a status other than 2xx and 3xx means.
pub fn refusal(server: &Server, what: &str, status: StatusCode, body: &[u8]) -> Error {
    let Ok(problem) = serde_json::from_slice::<Problem>(body) else {
        return foreign(server, what, status);
    };
    let kind = kind_of(status, problem.code);
    let detail = shown(&problem.detail);
    let mut error = match (kind, problem.lock) {
        (Kind::Blocked, Some(lock)) => Error::locked(lock),
        (Kind::Conflict, lock) if problem.code == ProblemCode::LockLost => lost(lock),
        (Kind::NotFound, _) if problem.errors.is_empty() => {
            Error::new(kind, format!("{detail} (asked {server} for {what})")).hint(
                "look at the name, or ask for a key that covers it; `aitk project ls` shows what yours does",
            )
        }
        (Kind::Credentials, _) if problem.code == ProblemCode::Forbidden => {
            Error::new(kind, format!("{server} does not allow this: {detail}"))
        }
        (Kind::Credentials, _) => Error::new(kind, format!("{server} refuses the key: {detail}"))
            .hint(format!("get a new key and run `aitk login {server}`")),
        (Kind::Unreachable, _) => Error::new(kind, format!("{server} cannot answer now: {detail}")),
        (_, lock) => Error::new(kind, detail).lock(lock),
    };
    if problem.code == ProblemCode::StaleVersion {
        error.hint.get_or_insert("look at what changed, bring both together, and try again".into());
    }
    if problem.code == ProblemCode::ClientTooOld {
        error.hint.get_or_insert("install a current aitk".into());
    }
    if !problem.errors.is_empty() {
        let more = problem.errors.len().saturating_sub(NAMED_FAULTS);
        let faults = problem.errors.iter().take(NAMED_FAULTS);
        error.message = faults.fold("nothing was changed".to_owned(), |list, fault| {
            format!("{list}\n  '{}' {}", shown(&fault.path), shown(&fault.detail))
        });
        if more > 0 {
            error.message.push_str(&format!("\n  and {more} more"));
        }
    }
    error.line = Some(problem.line).filter(|line| *line != Line::default()).map(Box::new);
    error.code = Some(problem.code).filter(|code| *code != ProblemCode::Unknown);
    error
}

/// The kind of a refusal: by its stable code, and by its status where the code says nothing.
fn kind_of(status: StatusCode, code: ProblemCode) -> Kind {
    match code {
        ProblemCode::LockHeld => Kind::Blocked,
        ProblemCode::LockLost | ProblemCode::StaleVersion => Kind::Conflict,
        ProblemCode::NotFound => Kind::NotFound,
        ProblemCode::Unauthorized | ProblemCode::Forbidden => Kind::Credentials,
        ProblemCode::RateLimited | ProblemCode::Unavailable => Kind::Unreachable,
        ProblemCode::InvalidPath
        | ProblemCode::InvalidRequest
        | ProblemCode::TooLarge
        | ProblemCode::Unsupported
        | ProblemCode::ClientTooOld => Kind::Failed,
        ProblemCode::Internal | ProblemCode::Unknown => kind_of_status(status),
    }
}

fn kind_of_status(status: StatusCode) -> Kind {
    match status.as_u16() {
        401 | 403 => Kind::Credentials,
        404 | 410 => Kind::NotFound,
        409 | 412 => Kind::Conflict,
        423 => Kind::Blocked,
        408 | 429 | 500.. => Kind::Unreachable,
        _ => Kind::Failed,
    }
}

/// An answer that is no problem document: of a proxy, or of something else altogether.
fn foreign(server: &Server, what: &str, status: StatusCode) -> Error {
    let kind = kind_of_status(status);
    let message = match kind {
        Kind::NotFound => format!("{server} does not have {what}, and answers unlike an aitk-server"),
        Kind::Credentials => format!("{server} refuses the key (HTTP {})", status.as_u16()),
        _ => format!("{server} answers HTTP {} for {what}", status.as_u16()),
    };
    Error::new(kind, message).hint(match status.as_u16() {
        426 => "install a current aitk",
        408 | 429 | 500.. => "try again later; the server's log tells more",
        401 | 403 => "look at the URL, and at the key that `aitk login` stored",
        _ => "look at the URL: is an aitk-server there?",
    })
}

fn lost(lock: Option<Lock>) -> Error {
    let now = match &lock {
        Some(lock) => format!("{} has it now", shown(&lock.locked_by)),
        None => "nobody has it now".into(),
    };
    Error::new(Kind::Conflict, format!("your lock has ended, so nothing was changed; {now}")).lock(lock).hint(
        "others may have changed docs since: look, then `aitk lock` again, or `aitk unlock` to go on without",
    )
}

/// No answer, half of one, or one that is no HTTP.
pub fn broken(server: &Server, error: reqwest::Error) -> Error {
    let why = shown(&innermost(&error).to_string());
    if error.is_builder() {
        return Error::new(Kind::Failed, format!("cannot ask {server}: {why}"));
    }
    if is_no_http(&error) {
        return Error::new(Kind::Failed, format!("{server} does not speak HTTP: {why}"))
            .source(error.without_url());
    }
    let what = match error.is_body() || error.is_decode() {
        true => format!("the answer of {server} broke off"),
        false => format!("cannot reach {server}"),
    };
    unreachable(format!("{what}: {why}")).source(error.without_url())
}

/// No answer in time.
pub fn timed_out(server: &Server) -> Error {
    unreachable(format!("{server} did not answer in time")).source(TimedOut)
}

/// Whether a failure is that there was no answer in time, rather than none at all.
pub fn is_time_out(error: &Error) -> bool {
    error.source.as_ref().is_some_and(|cause| {
        cause.is::<TimedOut>()
            || cause.downcast_ref::<reqwest::Error>().is_some_and(reqwest::Error::is_timeout)
    })
}

#[derive(Debug)]
struct TimedOut;

impl std::fmt::Display for TimedOut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("time-out")
    }
}

impl std::error::Error for TimedOut {}

fn unreachable(message: String) -> Error {
    Error::new(Kind::Unreachable, message)
        .hint("look at the network, the URL and the server; --timeout waits longer")
}

/// What the outer causes only repeat.
fn innermost<'a>(error: &'a (dyn std::error::Error + 'static)) -> &'a (dyn std::error::Error + 'static) {
    error.source().map_or(error, innermost)
}

/// Not an outage: somebody answered, and nothing that could be an answer.
fn is_no_http(error: &(dyn std::error::Error + 'static)) -> bool {
    match error.downcast_ref::<hyper::Error>() {
        Some(error) => error.is_parse(),
        None => error.source().is_some_and(is_no_http),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn refused(status: u16, body: &str) -> Error {
        let server = Server::parse("https://docs.example.com").unwrap();
        refusal(&server, "project 'web'", StatusCode::from_u16(status).unwrap(), body.as_bytes())
    }

    fn problem(status: u16, code: &str) -> String {
        json!({ "type": "t", "title": "t", "status": status, "detail": "d\u{1b}", "code": code }).to_string()
    }

    #[test]
    fn every_refusal_has_its_kind() {
        use Kind::*;
        for (status, code, kind) in [
            (409, "lock_lost", Conflict),
            (412, "stale_version", Conflict),
            (404, "not_found", NotFound),
            (401, "unauthorized", Credentials),
            (403, "forbidden", Credentials),
            (422, "invalid_path", Failed),
            (422, "invalid_request", Failed),
            (413, "too_large", Failed),
            (405, "unsupported", Failed),
            (426, "client_too_old", Failed),
            (429, "rate_limited", Unreachable),
            (503, "unavailable", Unreachable),
            (500, "internal", Unreachable),
            (409, "lock_held", Blocked),
            (423, "lock_held", Blocked),
            (403, "a_newer_code", Credentials),
        ] {
            let error = refused(status, &problem(status, code));
            assert_eq!(error.kind, kind, "{status} {code}");
            assert!(!error.message.contains('\u{1b}'), "{status} {code}");
        }
        for (status, kind) in [
            (400, Failed),
            (401, Credentials),
            (403, Credentials),
            (404, NotFound),
            (408, Unreachable),
            (410, NotFound),
            (423, Blocked),
            (426, Failed),
            (429, Unreachable),
            (500, Unreachable),
            (502, Unreachable),
        ] {
            for body in ["", "<html>", "{}", "null"] {
                assert_eq!(refused(status, body).kind, kind, "{status} {body}");
            }
        }
    }

    #[test]
    fn what_is_not_found_names_the_project_and_the_server() {
        for body in [problem(404, "not_found").as_str(), "<html>"] {
            let message = refused(404, body).message;
            assert!(message.contains("'web'") && message.contains("https://docs.example.com"), "{message}");
        }
    }

    #[test]
    fn a_lock_says_who_why_and_how_long() {
        let mut body: serde_json::Value = serde_json::from_str(&problem(423, "lock_held")).unwrap();
        body["lock"] = json!({
            "projectId": "p", "lockedBy": "Ann\n", "lockedAt": "2026-11-20T19:10:00Z",
            "expiresAt": "2026-11-20T19:40:00Z", "remainingMs": 90_000, "reason": "guide", "token": 7,
        });
        let error = refused(423, &body.to_string());
        assert_eq!(error.lock.unwrap().token.as_u64(), 7);
        for part in ["Ann\\u{a}", "guide", "2026-11-20T19:10:00", "1 min"] {
            assert!(error.message.contains(part), "{part}: {}", error.message);
        }
    }

    #[test]
    fn a_batch_names_each_path_at_fault() {
        let mut body: serde_json::Value = serde_json::from_str(&problem(412, "stale_version")).unwrap();
        let faults = (0..25)
            .map(|n| json!({ "path": format!("{n}.md"), "code": "stale_version", "detail": "changed" }));
        body["errors"] = faults.collect();
        let message = refused(412, &body.to_string()).message;
        assert!(message.contains("'0.md' changed") && message.ends_with("and 5 more"), "{message}");
    }

    #[test]
    fn what_cannot_be_decoded_names_the_field() {
        use aitk_shared::api::HookDocs;
        let error = |body: &str| decode::<HookDocs>(body.as_bytes()).unwrap_err();
        assert_eq!(error(" \n"), "an empty body");
        assert!(error("{}").contains("`hash`"));
        assert!(error(r#"{"hash":1}"#).starts_with("hash: "));
        assert!(decode::<u8>(b"1 2").unwrap_err().contains("more than one"));
    }
}
