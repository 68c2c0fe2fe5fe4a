//! `/projects`: what a server keeps docs for.

use aitk_shared::api::{CreateProject, OnLock, Project, UpdateProject, action};
use aitk_shared::event::Room;
use aitk_shared::frame::ServerFrame;
use aitk_shared::id::{ProjectId, Slug};
use aitk_shared::manifest::Manifest;
use aitk_shared::path::DocPath;
use aitk_shared::repo::{Branch, RepoUrl};
use aitk_shared::role::Right;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::body::{At, Json as Body, maybe_short_text, short_text};
use crate::auth::Credential;
use crate::crypto;
use crate::error::{Error, Result};
use crate::state::App;
use crate::store::Write;
use crate::store::audit::{self, Line};
use crate::store::keys;
use crate::store::projects::{self, StoredProject};
use crate::store::repository;

/// The projects that the credential covers, by slug.
pub async fn list(State(app): State<App>, who: Credential) -> Result<Json<Vec<Project>>> {
    let mut read = app.store.read().await?;
    let all = projects::all(&mut read).await?;
    Ok(Json(
        all.into_iter().map(|project| project.public).filter(|project| who.covers(&project.id)).collect(),
    ))
}

/// One project.
pub async fn show(State(app): State<App>, who: Credential, At(id): At<String>) -> Result<Json<Project>> {
    let mut read = app.store.read().await?;
    let mut project = who.project(&mut read, &id, Right::Read).await?.public;
    project.repo = repository::state(&mut read, &project.id).await?;
    Ok(Json(project))
}

/// Makes a project.
pub async fn create(
    State(app): State<App>,
    who: Credential,
    Body(ask): Body<CreateProject>,
) -> Result<(StatusCode, Json<Project>)> {
    who.require(Right::Administer)?;
    let name = short_text("name", &ask.name)?;
    let slug = match &ask.slug {
        Some(slug) => parse_slug(slug)?,
        None => Slug::from_name(&name).ok_or_else(|| {
            Error::Invalid("slug: the name has no letter or digit to make one of; give one".into())
        })?,
    };
    let id = ProjectId::from_random(crypto::random());
    let sealed_token = sealed(&app, &id, "token", ask.token.as_deref())?;
    let sealed_webhook = sealed(&app, &id, "webhookSecret", ask.webhook_secret.as_deref())?;

    let mut write = app.store.write().await?;
    let mut project = StoredProject {
        public: Project {
            id,
            slug,
            name,
            repo_url: repo_url(ask.repo_url.as_deref())?,
            branch: branch(ask.branch.as_deref())?,
            docs_path: parse_docs_path(ask.docs_path.as_deref().unwrap_or("docs"))?,
            on_lock: ask.on_lock.unwrap_or(OnLock::Warn),
            has_token: sealed_token.is_some(),
            has_webhook_secret: sealed_webhook.is_some(),
            repo: None,
            revision: 0,
            docs_count: 0,
            created_at: write.now(),
            updated_at: write.now(),
        },
        docs_hash: Manifest::default().docs_hash(),
        sealed_token,
        sealed_webhook,
    };
    require_free_slug(&mut write, &project.public).await?;
    projects::insert(&mut write, &project).await?;
    told(&mut write, action::PROJECT_CREATED, &who, &project.public, json!({})).await?;
    if project.public.repo_url.is_some() {
        repository::connect(&mut write, &project.public.id).await?;
    }
    project.public.repo = repository::state(write.connection(), &project.public.id).await?;
    write.commit().await?;
    Ok((StatusCode::CREATED, Json(project.public)))
}

/// Changes any subset of a project's settings.
pub async fn update(
    State(app): State<App>,
    who: Credential,
    At(id): At<String>,
    Body(ask): Body<UpdateProject>,
) -> Result<Json<Project>> {
    let mut write = app.store.write().await?;
    let mut project = who.project(write.connection(), &id, Right::Administer).await?;
    let before = project.clone();
    let public = &mut project.public;
    if let Some(name) = &ask.name {
        public.name = short_text("name", name)?;
    }
    if let Some(slug) = &ask.slug {
        public.slug = parse_slug(slug)?;
    }
    if let Some(url) = &ask.repo_url {
        public.repo_url = repo_url(url.as_deref())?;
    }
    if let Some(name) = &ask.branch {
        public.branch = branch(name.as_deref())?;
    }
    if let Some(path) = &ask.docs_path {
        public.docs_path = parse_docs_path(path)?;
    }
    public.on_lock = ask.on_lock.unwrap_or(public.on_lock);
    // A token was given for one host, and goes to no other.
    if before.public.repo_url.is_some()
        && !same_host(before.public.repo_url.as_deref(), public.repo_url.as_deref())
    {
        project.sealed_token = None;
    }
    if let Some(token) = &ask.token {
        project.sealed_token = sealed(&app, &public.id, "token", token.as_deref())?;
    }
    if let Some(secret) = &ask.webhook_secret {
        project.sealed_webhook = sealed(&app, &public.id, "webhookSecret", secret.as_deref())?;
    }
    require_free_slug(&mut write, &project.public).await?;
    projects::update(&mut write, &project).await?;
    let fields = json!({"fields": fields(&ask)});
    told(&mut write, action::PROJECT_CHANGED, &who, &project.public, fields).await?;
    let moved = reconnect(&mut write, &before, &project).await?;
    let stored = projects::find(write.connection(), project.public.id.as_str()).await?;
    let mut public = stored.map_or(project.public, |stored| stored.public);
    public.repo = repository::state(write.connection(), &public.id).await?;
    write.commit().await?;
    if moved == Moved::Elsewhere {
        forget_copy(&app, &public.id);
    }
    Ok(Json(public))
}

/// The copy is a cache, and a visit that is still under way would hold the answer up.
fn forget_copy(app: &App, project: &ProjectId) {
    let (app, project) = (app.clone(), project.clone());
    tokio::spawn(async move { app.repositories.forget(&project).await });
}

/// Whether two URLs are of one host, so that one's token may go to the other.
fn same_host(one: Option<&str>, other: Option<&str>) -> bool {
    let origin = |url: Option<&str>| RepoUrl::parse(url?).ok().map(|url| url.origin());
    origin(one).is_some() && origin(one) == origin(other)
}

/// Whether a project's docs are kept elsewhere now.
#[derive(PartialEq, Eq)]
enum Moved {
    No,
    Elsewhere,
}

/// Makes the connection to the repository what the settings say. At another URL nothing of what
/// was known holds; another branch, folder or token only needs a new look.
async fn reconnect(write: &mut Write, before: &StoredProject, now: &StoredProject) -> Result<Moved> {
    let (old, new) = (&before.public, &now.public);
    let moved = old.repo_url != new.repo_url;
    if moved {
        repository::disconnect(write, &new.id).await?;
    }
    let differs = moved
        || old.branch != new.branch
        || old.docs_path != new.docs_path
        || before.sealed_token != now.sealed_token;
    if differs && new.repo_url.is_some() {
        repository::connect(write, &new.id).await?;
    }
    Ok(if moved { Moved::Elsewhere } else { Moved::No })
}

/// Removes a project with all that belongs to it.
pub async fn remove(State(app): State<App>, who: Credential, At(id): At<String>) -> Result<StatusCode> {
    let mut write = app.store.write().await?;
    let project = who.project(write.connection(), &id, Right::Administer).await?.public;
    let docs = json!({"docs": project.docs_count});
    told(&mut write, action::PROJECT_DELETED, &who, &project, docs).await?;
    let project = project.id;
    let keys = keys::list(write.connection(), Some(&project)).await?;
    projects::delete(&mut write, &project).await?;
    write.commit().await?;
    app.leases_moved.notify_one();
    forget_copy(&app, &project);
    let room = Room::project(&project);
    let gone = ServerFrame::Error {
        code: "not_found".into(),
        message: "the project was removed".into(),
        room: Some(room.clone()),
        retry_after_ms: None,
    };
    if let Ok(frame) = serde_json::to_string(&gone) {
        app.hub.dissolve(&room, &frame.into());
    }
    keys.iter().for_each(|key| app.hub.recheck(key.info.id.as_str()));
    Ok(StatusCode::NO_CONTENT)
}

async fn told(
    write: &mut Write,
    action: &'static str,
    who: &Credential,
    project: &Project,
    mut detail: Value,
) -> Result<()> {
    detail["slug"] = project.slug.as_str().into();
    detail["name"] = project.name.as_str().into();
    let projects = std::slice::from_ref(&project.id);
    audit::add(write, Line { action, projects, actor: Some(&who.actor), detail }).await
}

/// The names of what somebody changes; never a value, which may be a secret.
fn fields(ask: &UpdateProject) -> Vec<String> {
    let given = serde_json::to_value(ask).unwrap_or_default();
    given.as_object().map(|given| given.keys().cloned().collect()).unwrap_or_default()
}

/// Ids and slugs are found by the same route, so neither may stand for another project.
async fn require_free_slug(write: &mut Write, project: &Project) -> Result<()> {
    match projects::find(write.connection(), project.slug.as_str()).await? {
        Some(other) if other.public.id != project.id => {
            Err(Error::Invalid(format!("slug: '{}' is taken", project.slug)))
        }
        _ => Ok(()),
    }
}

fn sealed(app: &App, project: &ProjectId, field: &str, secret: Option<&str>) -> Result<Option<Vec<u8>>> {
    let Some(secret) = secret else { return Ok(None) };
    // A key for ssh has lines.
    let is_odd = |c: char| c.is_control() && !(field == "token" && c == '\n');
    if secret.is_empty() || secret.len() > 4096 || secret.chars().any(is_odd) {
        return Err(Error::Invalid(format!("{field} must be 1 to 4096 bytes without control characters")));
    }
    // Bound to project and purpose: one cannot be passed off as the other.
    Ok(Some(app.secret.seal(&format!("{project}/{field}"), secret)?))
}

fn repo_url(text: Option<&str>) -> Result<Option<String>> {
    let Some(text) = maybe_short_text("repoUrl", text)? else { return Ok(None) };
    let url = RepoUrl::parse(&text).map_err(|why| Error::Invalid(format!("repoUrl: {why}")))?;
    Ok(Some(url.as_str().to_owned()))
}

fn branch(text: Option<&str>) -> Result<Option<String>> {
    let Some(text) = maybe_short_text("branch", text)? else { return Ok(None) };
    let branch = Branch::parse(&text).map_err(|why| Error::Invalid(format!("branch: {why}")))?;
    Ok(Some(branch.as_str().to_owned()))
}

fn parse_slug(text: &str) -> Result<Slug> {
    Slug::parse(text).map_err(|error| Error::Invalid(error.to_string()))
}

fn parse_docs_path(text: &str) -> Result<DocPath> {
    DocPath::parse(text).map_err(|why| Error::Invalid(format!("docsPath {why}")))
}
