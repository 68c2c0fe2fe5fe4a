//! Saving and deleting docs: one by one, or several as one revision.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use aitk_shared::api::{Batch, BatchDone, Content, Encoding, PathProblem, ProblemCode, PutDoc};
use aitk_shared::id::ProjectId;
use aitk_shared::lock::{Refusal, may_write};
use aitk_shared::manifest::{Collision, Manifest};
use aitk_shared::path::DocPath;
use aitk_shared::role::Right;
use axum::Json;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;

use super::parse_path;
use crate::auth::Credential;
use crate::config::Limits;
use crate::error::{Error, Result};
use crate::http::body::{self, At, Json as Body, Params, Raw, maybe_short_text};
use crate::http::precondition::{Precondition, claim, tagged};
use crate::state::App;
use crate::store::docs::{self, Applied, Changes};
use crate::store::{Write, locks, repository};

/// `?message=`, for a change whose body has no place for it.
#[derive(Deserialize)]
pub struct Why {
    message: Option<String>,
}

/// Saves a doc: 201 for a new one, else 200. JSON as [`PutDoc`], or raw bytes with any other content type.
pub async fn save(
    State(app): State<App>,
    who: Credential,
    At((id, path)): At<(String, String)>,
    Params(why): Params<Why>,
    headers: HeaderMap,
    Raw(bytes): Raw,
) -> Result<Response> {
    let path = parse_path(&path)?;
    let (content, message) = match is_json(&headers) {
        false => (bytes.to_vec(), why.message),
        true => {
            let put: PutDoc = body::parse(&bytes)?;
            (decoded(put.content, put.encoding).map_err(Error::Invalid)?, put.message)
        }
    };
    let mut edit = Edit::begin(&app, &who, &id, &headers).await?;
    let before = edit.hash_of(&path);
    edit.demand(path.as_str(), before.as_deref())?;
    edit.apply(message.as_deref(), Changes::from([(path.clone(), Some(content))])).await?;
    let info = docs::find(edit.write.connection(), &edit.project, &path).await?;
    let info = info.ok_or_else(|| anyhow::anyhow!("a saved doc is not there"))?;
    edit.write.commit().await?;
    let status = if before.is_none() { StatusCode::CREATED } else { StatusCode::OK };
    Ok(tagged(&info.hash.to_string(), (status, Json(info))))
}

/// Deletes a doc.
pub async fn remove(
    State(app): State<App>,
    who: Credential,
    At((id, path)): At<(String, String)>,
    Params(why): Params<Why>,
    headers: HeaderMap,
) -> Result<Json<BatchDone>> {
    let path = parse_path(&path)?;
    let mut edit = Edit::begin(&app, &who, &id, &headers).await?;
    let before = edit.hash_of(&path);
    edit.demand(path.as_str(), before.as_deref())?;
    if before.is_none() {
        return Err(Error::no_doc(path.as_str()));
    }
    let done = edit.apply(why.message.as_deref(), Changes::from([(path, None)])).await?;
    edit.write.commit().await?;
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
    let message = batch.message.clone();
    let mut faults = Vec::new();
    let steps = parse_batch(batch, &mut faults);
    let mut edit = Edit::begin(&app, &who, &id, &headers).await?;
    edit.demand("the docs", Some(&edit.old.docs_hash().to_string()))?;
    let mut changes = Changes::new();
    for (path, (content, if_match)) in steps {
        let before = edit.hash_of(&path);
        let checked = if_match.map_or(Ok(()), |demand| demand.check(path.as_str(), before.as_deref()));
        if let Err(Error::Stale(detail)) = checked {
            faults.push(fault(path.as_str(), ProblemCode::StaleVersion, detail));
        } else if content.is_none() && before.is_none() {
            faults.push(fault(path.as_str(), ProblemCode::NotFound, "does not exist".into()));
        } else {
            changes.insert(path, content);
        }
    }
    if !faults.is_empty() {
        return Err(Error::Batch(faults));
    }
    let done = edit.apply(message.as_deref(), changes).await?;
    edit.write.commit().await?;
    Ok(Json(done.into()))
}

/// A change of a project's docs in the making, by a credential that may make it at this
/// moment: by its role, and by the lock, compared in the change's own transaction.
struct Edit<'a> {
    who: &'a Credential,
    limits: Limits,
    write: Write,
    project: ProjectId,
    /// The docs before the change.
    old: Manifest,
    precondition: Option<Precondition>,
}

impl<'a> Edit<'a> {
    async fn begin(app: &App, who: &'a Credential, id: &str, headers: &HeaderMap) -> Result<Edit<'a>> {
        let precondition = Precondition::of(headers)?;
        let claim = claim(headers, &who.actor)?;
        let mut write = app.store.write().await?;
        let project = who.project(write.connection(), id, Right::Write).await?.public.id;
        let now = write.now();
        let held = locks::live(write.connection(), &project, now).await?;
        let lock = || held.as_ref().map(|lease| Box::new(lease.view(now)));
        match (may_write(held.as_ref(), claim), lock()) {
            (Ok(()), _) => {}
            (Err(Refusal::Held), Some(lock)) => return Err(Error::Locked(lock)),
            (Err(_), lock) => return Err(Error::LockLost(lock)),
        }
        let old = docs::manifest(write.connection(), &project).await?;
        Ok(Edit { who, limits: app.limits, write, project, old, precondition })
    }

    /// The doc's content hash before the change.
    fn hash_of(&self, path: &DocPath) -> Option<String> {
        self.old.get(path).map(|entry| entry.hash.to_string())
    }

    /// Compares what the headers demand with the present hash of what is called `name`.
    fn demand(&self, name: &str, now: Option<&str>) -> Result<()> {
        self.precondition.as_ref().map_or(Ok(()), |demand| demand.check(name, now))
    }

    async fn apply(&mut self, message: Option<&str>, changes: Changes) -> Result<Applied> {
        let message = maybe_short_text("message", message)?;
        check(self.limits, &self.old, &changes)?;
        let paths: Vec<_> = changes.keys().cloned().collect();
        let (project, actor) = (&self.project, &self.who.actor);
        let done =
            docs::apply(&mut self.write, project, actor, message.as_deref(), &self.old, changes).await?;
        repository::saved(&mut self.write, project, paths.iter()).await?;
        Ok(done)
    }
}

/// What the docs would be after `changes` must be within the limits and fit on every file system.
pub fn check(limits: Limits, old: &Manifest, changes: &Changes) -> Result<()> {
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

fn decoded(content: String, encoding: Option<Encoding>) -> Result<Vec<u8>, String> {
    Content { content, encoding }.into_bytes().map_err(|error| format!("content is no base64: {error}"))
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
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
