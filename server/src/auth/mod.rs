//! Who asks, and what they may see.

mod api_key;

use aitk_shared::api::API_KEY_HEADER;
use aitk_shared::event::{Actor, Room, RoomKind};
use aitk_shared::id::ProjectId;
use aitk_shared::role::{Right, Role};
use aitk_shared::time::Timestamp;
use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use sqlx::AnyConnection;

use crate::error::{Error, Result};
use crate::state::App;
use crate::store::projects::{self, StoredProject};

/// A credential that holds at this moment.
#[derive(Clone, Debug)]
pub struct Credential {
    /// Its id and name, as events show them.
    pub actor: Actor,
    /// What it may do.
    pub role: Role,
    /// The projects that it covers; a server-wide role needs none.
    pub projects: Vec<ProjectId>,
    /// Patterns of the rooms that a service covers.
    pub rooms: Vec<String>,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
}

impl Credential {
    /// Checks a key as it came from outside.
    pub async fn verify(app: &App, presented: &str) -> Result<Self> {
        api_key::verify(app, presented).await
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
        match (self.role, room.kind()) {
            (Role::Admin, _) => true,
            (Role::Service, _) => self.rooms.iter().any(|pattern| matches_room(pattern, room)),
            (_, RoomKind::Project) => self.projects.iter().any(|project| project.as_str() == room.id()),
            _ => false,
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

/// The key that a request shows, if any: `X-API-Key`, or `Authorization: Bearer`.
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
        match presented(&parts.headers) {
            Some(presented) => Credential::verify(app, presented).await,
            None => Err(Error::Unauthorized("no credential: send your key in X-API-Key or as Bearer")),
        }
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
            expires_at: None,
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
            (Role::Lead, "issue:1", Some(NotFound)),
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
