//! `/audit` and `/projects/{id}/audit`: who did what, when, and from where.

use aitk_shared::api::AuditPage;
use aitk_shared::id::ProjectId;
use aitk_shared::limits;
use aitk_shared::role::{Right, Role};
use axum::Json;
use axum::extract::State;
use serde::Deserialize;

use super::body::{At, Params};
use crate::auth::Credential;
use crate::error::{Error, Result};
use crate::notes::{self, Due};
use crate::state::App;
use crate::store::{Read, audit};

/// `?before=&limit=`.
#[derive(Deserialize)]
pub struct Which {
    before: Option<u64>,
    limit: Option<u64>,
}

/// The lines about a project, newest first. An admin also reads those of a project that is no more, by its id.
pub async fn of_project(
    State(app): State<App>,
    who: Credential,
    At(id): At<String>,
    Params(which): Params<Which>,
) -> Result<Json<AuditPage>> {
    notes::write(&app, Due::All).await?;
    let mut read = app.store.read().await?;
    let project = match who.project(&mut read, &id, Right::Oversee).await {
        Ok(project) => project.public.id,
        Err(Error::NotFound(why)) if who.role == Role::Admin => match ProjectId::parse(&id) {
            Ok(id) if audit::knows(&mut read, &id).await? => id,
            _ => return Err(Error::NotFound(why)),
        },
        Err(error) => return Err(error),
    };
    page(read, &who, Some(&project), which).await
}

/// All lines, newest first.
pub async fn of_server(
    State(app): State<App>,
    who: Credential,
    Params(which): Params<Which>,
) -> Result<Json<AuditPage>> {
    who.require(Right::Administer)?;
    notes::write(&app, Due::All).await?;
    page(app.store.read().await?, &who, None, which).await
}

async fn page(
    mut read: Read,
    who: &Credential,
    project: Option<&ProjectId>,
    which: Which,
) -> Result<Json<AuditPage>> {
    let limit = which.limit.unwrap_or(limits::AUDIT_PAGE).clamp(1, limits::AUDIT_PAGE_MAX);
    let mut entries = audit::page(&mut read, project, which.before, limit).await?;
    for entry in &mut entries {
        entry.projects.retain(|project| who.covers(project));
    }
    let is_full = entries.len() as u64 == limit;
    let before = entries.last().filter(|entry| is_full && entry.seq > 1).map(|entry| entry.seq);
    Ok(Json(AuditPage { entries, before }))
}
