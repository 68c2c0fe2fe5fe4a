//! Who asks, and what they may see.

mod api_key;
mod failures;
mod jwt;

use std::net::IpAddr;

use aitk_shared::api::API_KEY_HEADER;
use aitk_shared::event::{Actor, Room, RoomKind};
use aitk_shared::id::{KeyId, ProjectId};
use aitk_shared::role::{Right, Role};
use aitk_shared::time::Timestamp;
use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use sqlx::AnyConnection;

pub use failures::{Door, Failures};
pub use jwt::Jwt;

use crate::crypto;
use crate::error::{Error, Result};
use crate::origin::Origin;
use crate::state::App;
use crate::store::projects::{self, StoredProject};

const TOO_MANY_FAILURES: &str = "too many failed authentications from your address";

/// A credential that holds at this moment.
#[derive(Clone, Debug)]
pub struct Credential {
    /// Its id and name, as events show them.
    pub actor: Actor,
    /// What it may do.
    pub role: Role,
    /// The projects that it covers; a server-wide role needs none.
    pub projects: Vec<ProjectId>,
    /// The workspaces that a token names.
    pub workspaces: Vec<String>,
    /// Patterns of the rooms that a service or a token covers.
    pub rooms: Vec<String>,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// What vouches for it.
    pub source: Source,
}

/// What vouches for a credential.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Source {
    /// A key of ours, which may be revoked.
    Key(KeyId),
    /// A signature; it holds until the token ends.
    Token,
}

impl Credential {
    /// Checks a key or a token that a request from `from` shows, unless too many failed from there.
    pub async fn admit(app: &App, presented: &str, from: IpAddr) -> Result<Self> {
        match app.failures.door(from, &crypto::hash_api_key(presented), app.clock.now()) {
            Door::Open => Credential::judge(app, presented, from).await,
            Door::Closed(after) => {
                app.metrics.credentials_refused.add(1);
                Err(Error::RateLimited { what: TOO_MANY_FAILURES, after })
            }
            // More to the point than that too many failed; it is not looked at again either.
            Door::Repeated(_) => {
                app.metrics.credentials_refused.add(1);
                Err(Error::Unauthorized(
                    "this credential was refused a moment ago, as others from your address",
                ))
            }
        }
    }

    /// Checks what a request shows, in the course of that request.
    pub async fn of_request(app: &App, presented: Option<&str>) -> Result<Self> {
        match presented {
            Some(presented) => {
                let who = Credential::admit(app, presented, Origin::current_network()).await?;
                Origin::identify(&who.actor);
                Ok(who)
            }
            None => Err(Error::Unauthorized("no credential: send your key in X-API-Key or as Bearer")),
        }
    }

    /// The same as [`Self::admit`] for a socket, which is told nothing but to wait.
    pub async fn admit_to_socket(app: &App, presented: &str, from: IpAddr) -> Result<Self> {
        Credential::knock(app, presented, from)?;
        Credential::judge(app, presented, from).await
    }

    /// Refuses a credential that will not be looked at, before a socket is made for it.
    pub fn knock(app: &App, presented: &str, from: IpAddr) -> Result<()> {
        match app.failures.door(from, &crypto::hash_api_key(presented), app.clock.now()) {
            Door::Open => Ok(()),
            Door::Closed(after) | Door::Repeated(after) => {
                app.metrics.credentials_refused.add(1);
                Err(Error::RateLimited { what: TOO_MANY_FAILURES, after })
            }
        }
    }

    async fn judge(app: &App, presented: &str, from: IpAddr) -> Result<Self> {
        let verdict = Credential::verify(app, presented).await;
        let credential = crypto::hash_api_key(presented);
        match &verdict {
            Ok(_) => app.failures.held(credential),
            Err(Error::Unauthorized(_)) => app.failures.failed(from, credential, app.clock.now()),
            Err(_) => {}
        }
        verdict
    }

    /// Checks a key or a token as it came from outside.
    pub async fn verify(app: &App, presented: &str) -> Result<Self> {
        match &app.jwt {
            _ if presented.starts_with("sk_") => api_key::verify(app, presented).await,
            Some(jwt) => jwt::verify(app, jwt, presented).await,
            None => {
                Err(Error::Unauthorized("this is no key: a key begins with sk_; tokens are not taken here"))
            }
        }
    }

    /// The same credential as it is at this moment, for who has held it for a while.
    pub async fn renewed(&self, app: &App) -> Result<Self> {
        match &self.source {
            Source::Key(id) => api_key::again(app, id).await,
            Source::Token if self.expires_at.is_some_and(|end| end <= app.clock.now()) => {
                Err(Error::Unauthorized("this token has expired"))
            }
            Source::Token => Ok(self.clone()),
        }
    }

    /// Whether this is a key that lost all that it covered: no project comes to a key later.
    pub fn is_spent(&self) -> bool {
        matches!(self.source, Source::Key(_)) && !self.role.is_server_wide() && self.projects.is_empty()
    }

    /// Refuses unless the credential's role carries `right` at all.
    pub fn require(&self, right: Right) -> Result<()> {
        match self.role.may(right) {
            true => Ok(()),
            false => Err(Error::Forbidden(format!("{} '{}' may not do this", self.role, self.actor.name))),
        }
    }

    /// Whether the credential covers a project.
    pub fn covers(&self, project: &ProjectId) -> bool {
        match self.role {
            Role::Admin => true,
            Role::Developer | Role::Lead => self.projects.contains(project),
            Role::Service => false,
        }
    }

    /// The project with this id or slug, if the credential may see it and has `right`
    /// in it. One that it may not see does not exist for it.
    pub async fn project(
        &self,
        db: &mut AnyConnection,
        id_or_slug: &str,
        right: Right,
    ) -> Result<StoredProject> {
        match projects::find(db, id_or_slug).await? {
            Some(project) if self.covers(&project.public.id) => {
                self.require(right)?;
                Ok(project)
            }
            _ => Err(Error::no_project(id_or_slug)),
        }
    }

    /// Whether the credential may subscribe to a room.
    pub fn may_hear(&self, room: &Room) -> bool {
        let by_pattern = || self.rooms.iter().any(|pattern| matches_room(pattern, room));
        match (self.role, room.kind()) {
            (Role::Admin, _) => true,
            (Role::Service, _) => by_pattern(),
            (_, RoomKind::User) => room.id() == self.actor.id,
            (_, RoomKind::Project) => self.projects.iter().any(|project| project.as_str() == room.id()),
            (_, RoomKind::Workspace) => self.workspaces.iter().any(|id| id == room.id()) || by_pattern(),
            _ => by_pattern(),
        }
    }

    /// Refuses unless the credential may publish in a room. One that it may not hear does not
    /// exist for it, but a service knows its rooms by their patterns.
    pub fn may_publish(&self, room: &Room) -> Result<()> {
        match (self.role, self.may_hear(room), room.kind()) {
            (Role::Admin, ..) | (Role::Service, true, _) | (Role::Lead, true, RoomKind::Project) => Ok(()),
            (Role::Service, false, _) => Err(Error::Forbidden(format!(
                "service '{}' may not publish in '{room}': its rooms are {}",
                self.actor.name,
                self.rooms.join(", ")
            ))),
            (Role::Lead, true, _) => Err(Error::Forbidden(format!(
                "lead '{}' may not publish in '{room}': leads do in the rooms of their projects",
                self.actor.name
            ))),
            (Role::Developer, true, _) => Err(Error::Forbidden(format!(
                "developer '{}' may not publish in '{room}': leads and services do",
                self.actor.name
            ))),
            (Role::Developer | Role::Lead, false, _) => Err(Error::NotFound(format!("no room '{room}'"))),
        }
    }
}

/// `issue:*` covers every room of that kind; anything else covers the room of that name.
fn matches_room(pattern: &str, room: &Room) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => prefix.ends_with(':') && room.as_str().starts_with(prefix),
        None => pattern == room.as_str(),
    }
}

/// Whether a text is a room or all rooms of a kind.
pub fn is_pattern(text: &str) -> bool {
    match text.strip_suffix('*') {
        Some(prefix) => prefix.ends_with(':') && Room::parse(&format!("{prefix}any")).is_ok(),
        None => Room::parse(text).is_ok(),
    }
}

/// The key or token that a request shows, if any: `X-API-Key`, or `Authorization: Bearer`.
pub fn presented(headers: &HeaderMap) -> Option<&str> {
    let text = |value: &'static str| headers.get(value).and_then(|value: &HeaderValue| value.to_str().ok());
    text(API_KEY_HEADER).or_else(|| {
        let (scheme, token) = text(AUTHORIZATION.as_str())?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
    })
}

impl FromRequestParts<App> for Credential {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        Credential::of_request(app, presented(&parts.headers)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aitk_shared::api::ProblemCode;

    #[test]
    fn a_pattern_covers_a_kind_or_one_room() {
        let room = |text| Room::parse(text).unwrap();
        assert!(matches_room("issue:*", &room("issue:1")));
        assert!(matches_room("issue:1", &room("issue:1")));
        for (pattern, name) in
            [("issue:1", "issue:12"), ("iss*", "issue:1"), ("*", "issue:1"), ("issue:*", "chat:1")]
        {
            assert!(!matches_room(pattern, &room(name)), "{pattern} {name}");
        }
    }

    #[test]
    fn who_may_publish_where() {
        use ProblemCode::{Forbidden, NotFound};
        let credential = |role| Credential {
            actor: Actor { id: "key_1".into(), name: "Ann".into() },
            role,
            projects: vec![ProjectId::parse("own").unwrap()],
            rooms: vec!["issue:*".into(), "chat:7".into(), "project:own".into()],
            workspaces: Vec::new(),
            expires_at: None,
            source: Source::Token,
        };
        for (role, name, refused) in [
            (Role::Admin, "project:other", None),
            (Role::Admin, "user:x", None),
            (Role::Service, "issue:1", None),
            (Role::Service, "chat:7", None),
            (Role::Service, "project:own", None),
            (Role::Service, "chat:8", Some(Forbidden)),
            (Role::Service, "project:other", Some(Forbidden)),
            (Role::Lead, "project:own", None),
            (Role::Lead, "project:other", Some(NotFound)),
            (Role::Lead, "issue:1", Some(Forbidden)),
            (Role::Lead, "chat:8", Some(NotFound)),
            (Role::Developer, "project:own", Some(Forbidden)),
            (Role::Developer, "project:other", Some(NotFound)),
        ] {
            let verdict = credential(role).may_publish(&Room::parse(name).unwrap());
            let code = verdict.err().map(|error| error.code_and_detail().0);
            assert_eq!(code, refused, "{role} {name}");
        }
    }

    #[test]
    fn a_key_is_read_from_either_header() {
        let mut headers = HeaderMap::new();
        assert_eq!(presented(&headers), None);
        headers.insert("authorization", HeaderValue::from_static("bearer sk_a"));
        assert_eq!(presented(&headers), Some("sk_a"));
        headers.insert("x-api-key", HeaderValue::from_static("sk_b"));
        assert_eq!(presented(&headers), Some("sk_b"));
        headers.clear();
        headers.insert("authorization", HeaderValue::from_static("Basic sk_a"));
        assert_eq!(presented(&headers), None);
    }
}
