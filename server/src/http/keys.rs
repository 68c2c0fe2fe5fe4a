//! `/keys` and `/projects/{id}/keys`: who may do what. A key is shown once.

use aitk_shared::api::{CreateKey, CreateProjectKey, Key, NewKey, action};
use aitk_shared::id::{KeyId, ProjectId};
use aitk_shared::role::{Right, Role};
use aitk_shared::time::Timestamp;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::body::{At, Json as Body, short_text};
use crate::auth::{Credential, is_pattern};
use crate::crypto;
use crate::error::{Error, Result};
use crate::state::App;
use crate::store::keys::{self, StoredKey};
use crate::store::{Write, audit, invitations, reports};

/// The keys that cover a project.
pub async fn list_of_project(
    State(app): State<App>,
    who: Credential,
    At(id): At<String>,
) -> Result<Json<Vec<Key>>> {
    let mut read = app.store.read().await?;
    let project = who.project(&mut read, &id, Right::DeveloperKeys).await?.public.id;
    let keys = keys::list(&mut read, Some(&project)).await?;
    Ok(Json(keys.into_iter().map(|key| visible(&who, key.info)).collect()))
}

/// Makes a key of one project. A lead makes developers' keys, an admin also leads'.
pub async fn create_in_project(
    State(app): State<App>,
    who: Credential,
    At(id): At<String>,
    Body(ask): Body<CreateProjectKey>,
) -> Result<(StatusCode, Json<NewKey>)> {
    let mut write = app.store.write().await?;
    let project = who.project(write.connection(), &id, Right::DeveloperKeys).await?.public.id;
    if ask.role.is_server_wide() {
        return Err(Error::Invalid(format!(
            "role: a key of one project is developer or lead, not {}",
            ask.role
        )));
    }
    if ask.role != Role::Developer {
        who.require(Right::Administer)?;
    }
    let wanted = Wanted {
        name: &ask.name,
        role: ask.role,
        expires_at: ask.expires_at,
        projects: vec![project],
        rooms: vec![],
    };
    make(write, &who, wanted).await
}

/// Ends a key that covers a project.
pub async fn revoke_in_project(
    State(app): State<App>,
    who: Credential,
    At((id, key)): At<(String, String)>,
) -> Result<StatusCode> {
    let mut write = app.store.write().await?;
    let project = who.project(write.connection(), &id, Right::DeveloperKeys).await?.public.id;
    let found =
        keys::by_id(write.connection(), &key).await?.filter(|key| key.info.projects.contains(&project));
    let found = found.ok_or_else(|| Error::NotFound("no such key in this project".into()))?;
    if found.info.role != Role::Developer || found.info.projects.len() > 1 {
        who.require(Right::Administer)?;
    }
    end(&app, write, &who, &found.info).await
}

/// All keys.
pub async fn list(State(app): State<App>, who: Credential) -> Result<Json<Vec<Key>>> {
    who.require(Right::Administer)?;
    let mut read = app.store.read().await?;
    Ok(Json(keys::list(&mut read, None).await?.into_iter().map(|key| key.info).collect()))
}

/// Makes a key over several projects, or a server-wide one.
pub async fn create(
    State(app): State<App>,
    who: Credential,
    Body(ask): Body<CreateKey>,
) -> Result<(StatusCode, Json<NewKey>)> {
    who.require(Right::Administer)?;
    let needs = |field: &str, role: Role| Error::Invalid(format!("{field}: a {role} key needs at least one"));
    match ask.role {
        Role::Developer | Role::Lead if ask.projects.is_empty() => return Err(needs("projects", ask.role)),
        Role::Service if ask.rooms.is_empty() => return Err(needs("rooms", ask.role)),
        role if role.is_server_wide() && !ask.projects.is_empty() => {
            return Err(Error::Invalid(format!("projects: a {role} key is server-wide and takes none")));
        }
        role if role != Role::Service && !ask.rooms.is_empty() => {
            return Err(Error::Invalid("rooms: only a service key takes patterns".into()));
        }
        _ => {}
    }
    ask.rooms.iter().try_for_each(|pattern| check_pattern(pattern))?;
    let mut write = app.store.write().await?;
    let mut projects: Vec<ProjectId> = Vec::new();
    for id in &ask.projects {
        let project = who.project(write.connection(), id, Right::Administer).await?.public.id;
        if !projects.contains(&project) {
            projects.push(project);
        }
    }
    let wanted =
        Wanted { name: &ask.name, role: ask.role, expires_at: ask.expires_at, projects, rooms: ask.rooms };
    make(write, &who, wanted).await
}

/// Ends any key but the last admin's.
pub async fn revoke(State(app): State<App>, who: Credential, At(key): At<String>) -> Result<StatusCode> {
    who.require(Right::Administer)?;
    let mut write = app.store.write().await?;
    let found = keys::by_id(write.connection(), &key).await?;
    let found = found.ok_or_else(|| Error::NotFound("no such key".into()))?;
    if found.info.role == Role::Admin {
        let all = keys::list(write.connection(), None).await?;
        if all.iter().filter(|key| key.info.role == Role::Admin).count() == 1 {
            return Err(Error::Invalid("this is the last admin key: make another one first".into()));
        }
    }
    end(&app, write, &who, &found.info).await
}

/// A key that somebody wants.
pub struct Wanted<'a> {
    /// Whose it will be.
    pub name: &'a str,
    /// What it may do.
    pub role: Role,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// What it covers.
    pub projects: Vec<ProjectId>,
    /// The rooms of a service.
    pub rooms: Vec<String>,
}

async fn make(mut write: Write, who: &Credential, wanted: Wanted<'_>) -> Result<(StatusCode, Json<NewKey>)> {
    let made = add(&mut write, &who.actor.name, wanted).await?;
    audit::add(&mut write, line(action::KEY_CREATED, who, &made.info)).await?;
    write.commit().await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Makes a key within a change. The caller has checked that `creator` may.
pub async fn add(write: &mut Write, creator: &str, wanted: Wanted<'_>) -> Result<NewKey> {
    let now = write.now();
    if wanted.expires_at.is_some_and(|end| end <= now) {
        return Err(Error::Invalid("expiresAt must be in the future".into()));
    }
    let key = crypto::new_api_key();
    let info = Key {
        id: KeyId::from_random(crypto::random()),
        name: short_text("name", wanted.name)?,
        role: wanted.role,
        projects: wanted.projects,
        rooms: wanted.rooms,
        prefix: key.chars().take(8).collect(),
        created_at: now,
        created_by: creator.to_owned(),
        expires_at: wanted.expires_at,
        last_used_at: None,
    };
    keys::insert(write, &StoredKey { hash: crypto::hash_api_key(&key), info: info.clone() }).await?;
    Ok(NewKey { key, info })
}

async fn end(app: &App, mut write: Write, who: &Credential, key: &Key) -> Result<StatusCode> {
    let id = &key.id;
    audit::add(&mut write, line(action::KEY_REVOKED, who, key)).await?;
    keys::delete(&mut write, id).await?;
    // Whoever lost the right to invite must not get in again by a link of their own.
    invitations::end_those_of(&mut write, id.as_str()).await?;
    app.notes.forget(id.as_str());
    reports::drop_those_of(&mut write, id.as_str()).await?;
    write.commit().await?;
    app.hub.expel(id.as_str());
    Ok(StatusCode::NO_CONTENT)
}

fn line<'a>(action: &'static str, who: &'a Credential, key: &'a Key) -> audit::Line<'a> {
    audit::Line { action, projects: &key.projects, actor: Some(&who.actor), detail: detail(key) }
}

/// A key as the audit log tells of it.
pub fn detail(key: &Key) -> Value {
    json!({
        "key": key.id, "name": key.name, "role": key.role, "prefix": key.prefix, "rooms": key.rooms,
        "expiresAt": key.expires_at,
    })
}

/// A key may cover projects that the asker does not: those are not shown.
fn visible(who: &Credential, mut key: Key) -> Key {
    key.projects.retain(|project| who.covers(project));
    key
}

fn check_pattern(pattern: &str) -> Result<()> {
    match is_pattern(pattern) {
        true => Ok(()),
        false => Err(Error::Invalid(format!(
            "rooms: '{}' is no pattern; give a room such as issue:42, or issue:*",
            aitk_shared::text::printable(pattern, 80)
        ))),
    }
}
