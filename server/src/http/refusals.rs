//! Says where each request comes from, and notes those that are refused.

use std::net::SocketAddr;

use aitk_shared::api::{ProblemCode, action};
use aitk_shared::event::Actor;
use aitk_shared::text::printable;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::Response;

use super::request_id::Correlation;
use crate::auth::presented;
use crate::origin::Origin;
use crate::state::App;

/// The path is kept up to so many characters: enough for a project and the doc that was asked for.
const PATH_CHARS: usize = 200;

/// A request that was refused, but for when and from where.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Refusal {
    /// What the audit log calls it.
    pub action: &'static str,
    /// Who asked, where that is known.
    pub actor: Option<Actor>,
    /// The rest.
    pub asked: Option<Asked>,
}

/// What was refused, and how.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Asked {
    /// The HTTP status; a socket's close code.
    pub status: u16,
    /// The problem's code.
    pub code: String,
    /// The method.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The first characters of a key that is none here.
    pub key_prefix: Option<String>,
}

impl Refusal {
    /// A socket's credential that does not hold.
    pub fn of_socket(token: &str, path: &str, status: u16) -> Self {
        let asked = Asked {
            status,
            code: "unauthorized".into(),
            method: "GET".into(),
            path: path.into(),
            key_prefix: key_prefix(token),
        };
        Refusal { action: action::REQUEST_REFUSED, actor: None, asked: Some(asked) }
    }

    /// The id or slug of the project that was asked for.
    pub fn project(&self) -> Option<&str> {
        let mut segments = self.asked.as_ref()?.path.split('/').skip(1);
        match (segments.next()?, segments.next()?) {
            ("api", "projects") => segments.next(),
            ("api", "hook") => segments.nth(1),
            _ => None,
        }
    }
}

/// Answers a request in the course of its origin.
pub async fn note(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    let mut origin = Origin::of(request.headers(), peer, app.trusted_proxies);
    origin.correlation_id = request.extensions().get().and_then(|Correlation(id)| id.clone());
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let key_prefix = unknown_key(request.headers());
    let response = origin.clone().scope(next.run(request)).await;
    let code = response.extensions().get::<ProblemCode>().copied();
    let is_noted = matches!(
        code,
        Some(
            ProblemCode::Unauthorized
                | ProblemCode::Forbidden
                | ProblemCode::LockHeld
                | ProblemCode::LockLost
        )
    );
    if let Some(code) = code.filter(|_| is_noted) {
        let actor = origin.actor().cloned();
        let asked = Asked {
            status: response.status().as_u16(),
            code: serde_json::to_value(code)
                .ok()
                .and_then(|code| code.as_str().map(str::to_owned))
                .unwrap_or_default(),
            method: method.to_string(),
            path: printable(uri.path(), PATH_CHARS),
            key_prefix: key_prefix.filter(|_| actor.is_none()),
        };
        let action = match asked.path.as_str() {
            "/api/join" => action::INVITATION_REFUSED,
            _ => action::REQUEST_REFUSED,
        };
        app.notes.refused(Refusal { action, actor, asked: Some(asked) }, &origin, app.clock.now());
    }
    response
}

fn unknown_key(headers: &HeaderMap) -> Option<String> {
    presented(headers).and_then(key_prefix)
}

/// A key's first characters, which lists show too; nothing of what is no key: it may be a password.
fn key_prefix(token: &str) -> Option<String> {
    let rest = token.strip_prefix("sk_")?;
    let fits = rest.len() == 43 && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    fits.then(|| token.chars().take(8).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_key_only_the_beginning_is_kept_and_of_anything_else_nothing() {
        let key = crate::crypto::new_api_key();
        assert_eq!(key_prefix(&key).as_deref(), Some(&key[..8]));
        for other in ["", "hunter2", "sk_short", &format!("{key}x"), &key.replace("sk_", "pk_")] {
            assert_eq!(key_prefix(other), None, "{other}");
        }
    }

    #[test]
    fn the_project_is_read_from_the_path() {
        for (path, project) in [
            ("/api/projects/web/lock", Some("web")),
            ("/api/projects/web", Some("web")),
            ("/api/projects", None),
            ("/api/hook/sync/web", Some("web")),
            ("/api/keys/web", None),
            ("/ws", None),
        ] {
            let mut refusal = Refusal::of_socket("", "/ws", 4401);
            refusal.asked.as_mut().unwrap().path = path.into();
            assert_eq!(refusal.project(), project, "{path}");
        }
    }
}
