//! `/projects/{id}/docs`: read, save, delete; one by one or as one revision.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use aitk_shared::api::{
    Batch, BatchDone, Content, Doc, DocInfo, DocList, Encoding, History, PathProblem, ProblemCode, PutDoc,
};
use aitk_shared::event::Offset;
use aitk_shared::id::ProjectId;
use aitk_shared::limits;
use aitk_shared::lock::{Claim, Refusal, may_write};
use aitk_shared::manifest::{Collision, Manifest};
use aitk_shared::path::DocPath;
use aitk_shared::role::Right;
use axum::Json;
use axum::extract::State;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::body::{self, At, Json as Body, Params, Raw, maybe_short_text};
use super::precondition::{Precondition, claim, is_known, tagged};
use crate::auth::Credential;
use crate::config::Limits;
use crate::error::{Error, Result};
use crate::state::App;
use crate::store::docs::{self, Applied, Changes};
use crate::store::{Write, locks};

/// All docs without content; 304 for who has this docs hash.
pub async fn list(
    State(app): State<App>,
    who: Credential,
    At(id): At<String>,
    headers: HeaderMap,
) -> Result<Response> {
    let mut read = app.store.read().await?;
    let project = who.project(&mut read, &id, Right::Read).await?;
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

/// `?revision=N&before=N`.
#[derive(Deserialize)]
pub struct Which {
    revision: Option<Offset>,
    before: Option<Offset>,
    message: Option<String>,
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
    let info = info.ok_or_else(|| Error::no_doc(&path))?;
    let hash = info.hash.to_string();
    if is_known(&headers, &hash) {
        return Ok(tagged(&hash, StatusCode::NOT_MODIFIED));
    }
    let bytes = docs::content(&mut read, &info.hash).await?;
    if wants_raw(&headers) {
        return Ok(tagged(&hash, ([(CONTENT_TYPE, "application/octet-stream")], bytes)));
    }
    Ok(tagged(&hash, Json(Doc { info, content: Content::from_bytes(bytes) })))
}

/// Saves a doc: 201 for a new one, else 200. JSON as [`PutDoc`], or raw bytes with any other content type.
pub async fn save(
    State(app): State<App>,
    who: Credential,
    At((id, path)): At<(String, String)>,
    Params(which): Params<Which>,
    headers: HeaderMap,
    Raw(bytes): Raw,
) -> Result<Response> {
    let path = parse_path(&path)?;
    let (content, message) = match is_json(&headers) {
        false => (bytes.to_vec(), which.message),
        true => {
            let put: PutDoc = body::parse(&bytes)?;
            (decoded(put.content, put.encoding).map_err(Error::Invalid)?, put.message)
        }
    };
    let message = maybe_short_text("message", message.as_deref())?;
    let demand = Precondition::of(&headers)?;
    let claim = claim(&headers, &who.actor)?;

    let mut write = app.store.write().await?;
    let project = writable(&mut write, &who, &id, claim).await?;
    let old = docs::manifest(write.connection(), &project).await?;
    let before = old.get(&path).map(|entry| entry.hash.to_string());
    if let Some(demand) = demand {
        demand.check(path.as_str(), before.as_deref())?;
    }
    let changes = Changes::from([(path.clone(), Some(content))]);
    check(app.limits, &old, &changes)?;
    docs::apply(&mut write, &project, &who.actor, message.as_deref(), &old, changes).await?;
    let info = docs::find(write.connection(), &project, &path).await?;
    let info = info.ok_or_else(|| anyhow::anyhow!("a saved doc is not there"))?;
    write.commit().await?;
    let status = if before.is_none() { StatusCode::CREATED } else { StatusCode::OK };
    Ok(tagged(&info.hash.to_string(), (status, Json(info))))
}

/// Deletes a doc.
pub async fn remove(
    State(app): State<App>,
    who: Credential,
    At((id, path)): At<(String, String)>,
    Params(which): Params<Which>,
    headers: HeaderMap,
) -> Result<Json<BatchDone>> {
    let path = parse_path(&path)?;
    let message = maybe_short_text("message", which.message.as_deref())?;
    let demand = Precondition::of(&headers)?;
    let claim = claim(&headers, &who.actor)?;
    let mut write = app.store.write().await?;
    let project = writable(&mut write, &who, &id, claim).await?;
    let old = docs::manifest(write.connection(), &project).await?;
    let before = old.get(&path).map(|entry| entry.hash.to_string());
    if let Some(demand) = demand {
        demand.check(path.as_str(), before.as_deref())?;
    }
    if before.is_none() {
        return Err(Error::no_doc(path.as_str()));
    }
    let changes = Changes::from([(path, None)]);
    let done = docs::apply(&mut write, &project, &who.actor, message.as_deref(), &old, changes).await?;
    write.commit().await?;
    Ok(Json(done.into()))
}

/// Several saves and deletions as one revision, all or nothing. `If-Match` with a docs
/// hash demands that all docs still are what the asker saw.
pub async fn batch(
    State(app): State<App>,
    who: Credential,
    At(id): At<String>,
    headers: HeaderMap,
    Body(batch): Body<Batch>,
) -> Result<Json<BatchDone>> {
    let message = maybe_short_text("message", batch.message.as_deref())?;
    let claim = claim(&headers, &who.actor)?;
    let demand = Precondition::of(&headers)?;
    let mut faults = Vec::new();
    let steps = parse_batch(batch, &mut faults);

    let mut write = app.store.write().await?;
    let project = writable(&mut write, &who, &id, claim).await?;
    let old = docs::manifest(write.connection(), &project).await?;
    if let Some(demand) = demand {
        demand.check("the docs", Some(&old.docs_hash().to_string()))?;
    }
    let mut changes = Changes::new();
    for (path, (content, if_match)) in steps {
        let before = old.get(&path).map(|entry| entry.hash.to_string());
        let checked = if_match.map_or(Ok(()), |demand| demand.check(path.as_str(), before.as_deref()));
        if let Err(Error::Stale(detail)) = checked {
            faults.push(fault(path.as_str(), ProblemCode::StaleVersion, detail));
            continue;
        }
        if content.is_none() && before.is_none() {
            faults.push(fault(path.as_str(), ProblemCode::NotFound, "does not exist".into()));
            continue;
        }
        changes.insert(path, content);
    }
    if !faults.is_empty() {
        return Err(Error::Batch(faults));
    }
    check(app.limits, &old, &changes)?;
    let done = docs::apply(&mut write, &project, &who.actor, message.as_deref(), &old, changes).await?;
    write.commit().await?;
    Ok(Json(done.into()))
}

/// Versions of all docs, newest first.
pub async fn history(
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

/// The project, if the credential may write its docs at this moment: by its role,
/// and by the lock, compared in the write's own transaction.
async fn writable(write: &mut Write, who: &Credential, id: &str, claim: Claim<'_>) -> Result<ProjectId> {
    let project = who.project(write.connection(), id, Right::Write).await?.public.id;
    let now = write.now();
    let held = locks::live(write.connection(), &project, now).await?;
    let lock = || held.as_ref().map(|lease| Box::new(lease.view(now)));
    match (may_write(held.as_ref(), claim), lock()) {
        (Ok(()), _) => Ok(project),
        (Err(Refusal::Held), Some(lock)) => Err(Error::Locked(lock)),
        (Err(_), lock) => Err(Error::LockLost(lock)),
    }
}

/// What the docs would be after `changes` must be within the limits and fit on every file system.
fn check(limits: Limits, old: &Manifest, changes: &Changes) -> Result<()> {
    let mut sizes: BTreeMap<&DocPath, u64> = old.iter().map(|(path, entry)| (path, entry.size)).collect();
    let mut faults = Vec::new();
    for (path, content) in changes {
        match content {
            None => sizes.remove(path),
            Some(bytes) => sizes.insert(path, bytes.len() as u64),
        };
        if content.as_ref().is_some_and(|bytes| bytes.len() as u64 > limits.doc_bytes) {
            let detail = format!("is larger than {} bytes", limits.doc_bytes);
            faults.push(fault(path.as_str(), ProblemCode::TooLarge, detail));
        }
    }
    if !faults.is_empty() {
        return Err(Error::Batch(faults));
    }
    if sizes.len() as u64 > limits.project_docs {
        return Err(Error::TooLarge(format!("a project holds at most {} docs", limits.project_docs)));
    }
    if sizes.values().sum::<u64>() > limits.project_bytes {
        return Err(Error::TooLarge(format!("a project's docs hold at most {} bytes", limits.project_bytes)));
    }
    match Manifest::collision_of(sizes.into_keys()) {
        None => Ok(()),
        Some(collision) => Err(Error::Batch(vec![collision_fault(&collision, changes)])),
    }
}

fn collision_fault(collision: &Collision, changes: &Changes) -> PathProblem {
    let (Collision::Twins(one, two) | Collision::Folder(one, two)) = collision;
    let (at_fault, other) = if changes.contains_key(two) { (two, one) } else { (one, two) };
    let detail = match collision {
        Collision::Twins(..) => format!("differs from '{other}' only by case or normalisation"),
        Collision::Folder(..) => format!("collides with '{other}': a doc cannot be a folder too"),
    };
    fault(at_fault.as_str(), ProblemCode::InvalidPath, detail)
}

type Steps = BTreeMap<DocPath, (Option<Vec<u8>>, Option<Precondition>)>;

/// The batch by path; whatever cannot be becomes a fault of its path.
fn parse_batch(batch: Batch, faults: &mut Vec<PathProblem>) -> Steps {
    let mut steps = Steps::new();
    let puts = batch.puts.into_iter().map(|put| (put.path, Some((put.content, put.encoding)), put.if_match));
    let deletes = batch.deletes.into_iter().map(|delete| (delete.path, None, delete.if_match));
    for (text, content, if_match) in puts.chain(deletes) {
        let path = match DocPath::parse(&text) {
            Ok(path) => path,
            Err(why) => {
                faults.push(fault(&text, ProblemCode::InvalidPath, why.to_string()));
                continue;
            }
        };
        let content = match content.map(|(content, encoding)| decoded(content, encoding)).transpose() {
            Ok(content) => content,
            Err(why) => {
                faults.push(fault(&text, ProblemCode::InvalidRequest, why));
                continue;
            }
        };
        let demand = if_match.map(|hash| Precondition::Hash(vec![hash.to_string()]));
        match steps.entry(path) {
            Entry::Vacant(free) => drop(free.insert((content, demand))),
            Entry::Occupied(_) => {
                faults.push(fault(&text, ProblemCode::InvalidRequest, "stands in the batch twice".into()));
            }
        }
    }
    steps
}

fn fault(path: &str, code: ProblemCode, detail: String) -> PathProblem {
    PathProblem { path: path.to_owned(), code, detail }
}

fn parse_path(text: &str) -> Result<DocPath> {
    DocPath::parse(text).map_err(|why| Error::InvalidPath { path: text.to_owned(), why })
}

fn decoded(content: String, encoding: Option<Encoding>) -> Result<Vec<u8>, String> {
    Content { content, encoding }.into_bytes().map_err(|error| format!("content is no base64: {error}"))
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

fn wants_raw(headers: &HeaderMap) -> bool {
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accept.split(',').any(|kind| {
        kind.split(';')
            .next()
            .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/octet-stream"))
    })
}

fn paged(versions: Vec<aitk_shared::api::Version>) -> History {
    let full = versions.len() as u64 == limits::HISTORY_PAGE;
    let before = versions.last().filter(|_| full).map(|version| version.revision);
    History { versions, before }
}

/// A past version as if it were now; `None` for a deletion.
fn version_as_doc(found: Option<(aitk_shared::id::DocId, aitk_shared::api::Version)>) -> Option<DocInfo> {
    let (id, version) = found?;
    Some(DocInfo {
        id,
        file_name: version.path.clone(),
        path: version.path,
        hash: version.hash?,
        size: version.size,
        version: version.version,
        revision: version.revision,
        updated_at: version.at,
        updated_by: version.by.name,
    })
}

impl From<Applied> for BatchDone {
    fn from(done: Applied) -> Self {
        let delta = done.delta;
        BatchDone {
            hash: done.hash,
            revision: done.revision,
            added: delta.added,
            changed: delta.changed,
            removed: delta.removed,
        }
    }
}
