//! `/projects/{id}/docs`: reading docs and their history; [`edit`] changes them.

pub mod edit;

use aitk_shared::api::{Content, Doc, DocInfo, DocList, History, Version};
use aitk_shared::event::{Offset, Room};
use aitk_shared::id::{DocId, ProjectId};
use aitk_shared::limits;
use aitk_shared::manifest::{Entry, Manifest};
use aitk_shared::path::DocPath;
use aitk_shared::role::Right;
use axum::Json;
use axum::extract::State;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::body::{At, Params};
use super::precondition::{is_known, tagged};
use crate::auth::Credential;
use crate::error::{Error, Result};
use crate::state::App;
use crate::store::{Read, docs, events, history, repository};

/// All docs without content, now or at a revision; 304 for who has this docs hash.
pub async fn list(
    State(app): State<App>,
    who: Credential,
    At(id): At<String>,
    Params(which): Params<Which>,
    headers: HeaderMap,
) -> Result<Response> {
    let mut read = app.store.read().await?;
    let project = who.project(&mut read, &id, Right::Read).await?;
    if let Some(revision) = which.revision {
        let list = list_at(&app, &mut read, &project.public.id, revision).await?;
        return Ok(tagged(&list.hash.to_string(), Json(list)));
    }
    let hash = project.docs_hash.to_string();
    if is_known(&headers, &hash) {
        return Ok(tagged(&hash, StatusCode::NOT_MODIFIED));
    }
    let list = DocList {
        hash: project.docs_hash,
        revision: project.public.revision,
        epoch: app.store.epoch().clone(),
        docs: docs::list(&mut read, &project.public.id).await?,
    };
    Ok(tagged(&hash, Json(list)))
}

async fn list_at(app: &App, read: &mut Read, project: &ProjectId, revision: Offset) -> Result<DocList> {
    let head = events::head(read, &Room::project(project)).await?;
    if revision > head {
        return Err(Error::NotFound(format!("no revision {revision} yet: the last one is {head}")));
    }
    let from = history::reaches_back_to(read, project).await?;
    if revision < from {
        return Err(gone("the docs", revision, from));
    }
    let docs = docs::list_at(read, project, revision).await?;
    let entry = |doc: &DocInfo| (doc.path.clone(), Entry { hash: doc.hash, size: doc.size });
    let hash = docs.iter().map(entry).collect::<Manifest>().docs_hash();
    Ok(DocList { hash, revision, epoch: app.store.epoch().clone(), docs })
}

/// A revision from before what is kept, where what is asked for may have been and may not.
fn gone(what: &str, revision: Offset, from: Offset) -> Error {
    Error::NotFound(format!(
        "{what} at revision {revision} is gone: this server keeps the history from revision {from} on"
    ))
}

/// `?revision=N&before=N`.
#[derive(Deserialize)]
pub struct Which {
    revision: Option<Offset>,
    before: Option<Offset>,
}

/// One doc, now or at a revision; or, with `/history` behind it, its versions.
pub async fn show(
    State(app): State<App>,
    who: Credential,
    At((id, path)): At<(String, String)>,
    Params(which): Params<Which>,
    headers: HeaderMap,
) -> Result<Response> {
    let mut read = app.store.read().await?;
    let project = who.project(&mut read, &id, Right::Read).await?.public.id;
    let path_asked = parse_path(&path)?;
    let now = docs::find(&mut read, &project, &path_asked).await?;

    // A doc may itself be called `…/history`; then it is not a doc's folder, so the two never meet.
    if let (None, Some(doc)) = (&now, path.strip_suffix("/history")) {
        let doc = parse_path(doc)?;
        let versions =
            docs::history(&mut read, &project, Some(&doc), which.before, limits::HISTORY_PAGE).await?;
        return match versions.is_empty() && which.before.is_none() {
            true => Err(Error::no_doc(doc.as_str())),
            false => Ok(Json(paged(versions)).into_response()),
        };
    }
    let info = match which.revision {
        None => now,
        Some(revision) => {
            version_as_doc(docs::at_revision(&mut read, &project, &path_asked, revision).await?)
        }
    };
    let Some(info) = info else {
        let from = history::reaches_back_to(&mut read, &project).await?;
        return Err(match which.revision {
            Some(revision) if revision < from => gone(&format!("'{path_asked}'"), revision, from),
            _ => Error::no_doc(&path),
        });
    };
    let hash = info.hash.to_string();
    if is_known(&headers, &hash) {
        return Ok(tagged(&hash, StatusCode::NOT_MODIFIED));
    }
    let conflict = match which.revision {
        None => repository::conflict(&mut read, &project, &path_asked).await?,
        Some(_) => None,
    };
    let bytes = docs::content(&mut read, &info.hash).await?;
    if wants_raw(&headers) {
        return Ok(tagged(&hash, ([(CONTENT_TYPE, "application/octet-stream")], bytes)));
    }
    Ok(tagged(&hash, Json(Doc { info, content: Content::from_bytes(bytes), conflict })))
}

/// Versions of all docs, newest first.
pub async fn history_of_all(
    State(app): State<App>,
    who: Credential,
    At(id): At<String>,
    Params(which): Params<Which>,
) -> Result<Json<History>> {
    let mut read = app.store.read().await?;
    let project = who.project(&mut read, &id, Right::Read).await?.public.id;
    let versions = docs::history(&mut read, &project, None, which.before, limits::HISTORY_PAGE).await?;
    Ok(Json(paged(versions)))
}

fn parse_path(text: &str) -> Result<DocPath> {
    DocPath::parse(text).map_err(|why| Error::InvalidPath { path: text.to_owned(), why })
}

fn wants_raw(headers: &HeaderMap) -> bool {
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accept.split(',').any(|kind| {
        kind.split(';')
            .next()
            .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/octet-stream"))
    })
}

fn paged(versions: Vec<Version>) -> History {
    let full = versions.len() as u64 == limits::HISTORY_PAGE;
    let before = versions.last().filter(|_| full).map(|version| version.revision);
    History { versions, before }
}

/// A past version as if it were now; `None` for a deletion.
fn version_as_doc(found: Option<(DocId, Version)>) -> Option<DocInfo> {
    found.and_then(|(id, version)| docs::as_doc(id, version))
}
