//! The calls about docs and their lock, one method each: what is sent, and the type of what
//! comes back.

use std::sync::Arc;
use std::time::Duration;

use aitk_shared::api::{
    Batch, BatchDone, Doc, DocInfo, DocList, EventPage, History, LOCK_TOKEN_HEADER, Line, Lock, PutDoc,
    Released, RenewLock, SyncAnswer, SyncRequest, TakeLock,
};
use aitk_shared::event::{Offset, Room};
use aitk_shared::hash::{ContentHash, DocsHash};
use aitk_shared::id::ProjectId;
use aitk_shared::lock::FencingToken;
use aitk_shared::path::DocPath;
use reqwest::header::{IF_MATCH, IF_NONE_MATCH};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::Value;

use super::{Client, Repeat, answer};
use crate::error::{Error, Kind, Result};
use crate::mirror::contents::{Arrived, Contents};
use crate::output::shown;

/// What asking for the lock led to.
pub enum Taken {
    /// It is ours now.
    New(Lock),
    /// It was this key's already, and stays as it was.
    Own(Lock),
    /// It is free, or was; who is first in this line may take it now, by asking again.
    Turn(Line),
}

/// What must be where a doc is saved.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expected {
    /// Whatever is there.
    Anything,
    /// No doc.
    Nothing,
    /// The version with this content hash.
    Version(ContentHash),
}

impl Client {
    /// Lock, revision and docs of one snapshot.
    ///
    /// The docs are taken in while they come.
    pub async fn sync(
        &self,
        project: &str,
        request: &SyncRequest,
        contents: &Arc<Contents>,
    ) -> Result<SyncAnswer<Arrived>> {
        let (id, what) = (checked(project)?, named(project));
        let request = self.request(Method::POST, &["hook", "sync", id]).json(request);
        let taken = async |answer| self.take_in(answer, &what, contents).await;
        self.shown(contents, self.send_and(request, &what, Repeat::Safe, taken)).await
    }

    /// Events of a room after `since`; the server waits for the first of them, up to `wait`.
    ///
    /// Whoever follows a room paces their tries themselves, so there is one.
    pub async fn events(
        &self,
        room: &Room,
        since: Offset,
        limit: u64,
        wait: Duration,
    ) -> Result<EventPage<Value>> {
        let patient = Client { patience: self.patience + wait, ..self.clone() };
        let request = patient.request(Method::GET, &["rooms", room.as_str(), "events"]);
        let query = [("since", since), ("limit", limit), ("wait", wait.as_secs())];
        let what = format!("the events of {}", shown(room.as_str()));
        patient.ask(request.query(&query), &what, Repeat::Never).await
    }

    /// All docs without their content.
    pub async fn doc_list(&self, project: &str) -> Result<DocList> {
        let id = checked(project)?;
        self.ask(self.request(Method::GET, &["projects", id, "docs"]), &named(id), Repeat::Safe).await
    }

    /// All docs without their content, as they were at a revision.
    pub async fn doc_list_at(&self, project: &str, revision: Offset) -> Result<DocList> {
        let id = checked(project)?;
        let request = self.request(Method::GET, &["projects", id, "docs"]).query(&[("revision", revision)]);
        self.ask(request, &format!("revision {revision} of {}", named(id)), Repeat::Safe).await
    }

    /// A page of versions, newest first: of one doc, or of all.
    pub async fn history(
        &self,
        project: &str,
        path: Option<&DocPath>,
        before: Option<Offset>,
    ) -> Result<History> {
        let id = checked(project)?;
        let segments: Vec<_> = match path {
            None => vec!["projects", id, "history"],
            Some(path) => ["projects", id, "docs"]
                .into_iter()
                .chain(path.as_str().split('/'))
                .chain(["history"])
                .collect(),
        };
        let mut request = self.request(Method::GET, &segments);
        if let Some(before) = before {
            request = request.query(&[("before", before)]);
        }
        let what = path.map_or_else(|| named(id), |path| format!("doc '{path}' of {}", named(id)));
        self.ask(request, &what, Repeat::Safe).await
    }

    /// One doc with its content, now or at a revision.
    pub async fn doc(&self, project: &str, path: &DocPath, revision: Option<Offset>) -> Result<Doc> {
        let id = checked(project)?;
        let mut request = self.doc_request(Method::GET, id, path);
        let mut what = format!("doc '{path}' of {}", named(id));
        if let Some(revision) = revision {
            request = request.query(&[("revision", revision)]);
            what.push_str(&format!(" at revision {revision}"));
        }
        self.ask(request, &what, Repeat::Safe).await
    }

    /// Saves a doc on top of what is expected there.
    pub async fn put_doc(
        &self,
        project: &str,
        path: &DocPath,
        doc: &PutDoc,
        expected: Expected,
        token: Option<FencingToken>,
    ) -> Result<DocInfo> {
        let id = checked(project)?;
        let mut request = self.doc_request(Method::PUT, id, path).json(doc);
        request = match expected {
            Expected::Anything => request,
            Expected::Nothing => request.header(IF_NONE_MATCH, "*"),
            Expected::Version(hash) => request.header(IF_MATCH, format!("\"{hash}\"")),
        };
        self.ask(under(request, token), &named(id), Repeat::Never).await
    }

    /// Several saves and deletions as one revision; with `seen`, only while the docs are those.
    pub async fn batch(
        &self,
        project: &str,
        batch: &Batch,
        seen: Option<DocsHash>,
        token: Option<FencingToken>,
    ) -> Result<BatchDone> {
        let id = checked(project)?;
        let mut request = self.request(Method::POST, &["projects", id, "docs", "batch"]).json(batch);
        if let Some(seen) = seen {
            request = request.header(IF_MATCH, format!("\"{seen}\""));
        }
        self.ask(under(request, token), &named(id), Repeat::Never).await
    }

    /// The live lock.
    pub async fn lock_state(&self, project: &str) -> Result<Option<Lock>> {
        let id = checked(project)?;
        self.ask(self.lock_request(Method::GET, id), &named(id), Repeat::Safe).await
    }

    /// Takes the lock.
    pub async fn take_lock(&self, project: &str, wish: &TakeLock) -> Result<Taken> {
        let id = checked(project)?;
        let request = self.lock_request(Method::POST, id).json(wish);
        let waits = Duration::from_secs(wish.wait_seconds.unwrap_or(0));
        let answer = self.clone().with_more_patience(waits).send(request, &named(id), Repeat::Never).await?;
        let taken = match answer.status {
            StatusCode::CREATED => answer::decode(&answer.body).map(Taken::New),
            StatusCode::ACCEPTED => answer::decode(&answer.body).map(Taken::Turn),
            _ => answer::decode(&answer.body).map(Taken::Own),
        };
        taken.map_err(|why| self.protocol_error(&named(id), &why))
    }

    /// Prolongs the lease.
    pub async fn renew_lock(
        &self,
        project: &str,
        wish: &RenewLock,
        token: Option<FencingToken>,
    ) -> Result<Lock> {
        let id = checked(project)?;
        let request = self.lock_request(Method::PUT, id).json(wish);
        self.ask(under(request, token), &named(id), Repeat::Never).await
    }

    /// Ends the own lease.
    pub async fn release_lock(&self, project: &str, token: Option<FencingToken>) -> Result<Released> {
        let id = checked(project)?;
        self.ask(under(self.lock_request(Method::DELETE, id), token), &named(id), Repeat::Never).await
    }

    /// Ends whoever's lease it is.
    pub async fn force_release_lock(&self, project: &str, reason: &str) -> Result<Released> {
        let id = checked(project)?;
        let request = self.lock_request(Method::DELETE, id).query(&[("force", "true"), ("reason", reason)]);
        self.ask(request, &named(id), Repeat::Never).await
    }

    fn lock_request(&self, method: Method, project: &str) -> RequestBuilder {
        self.request(method, &["projects", project, "lock"])
    }

    fn doc_request(&self, method: Method, project: &str, path: &DocPath) -> RequestBuilder {
        let segments: Vec<_> =
            ["projects", project, "docs"].into_iter().chain(path.as_str().split('/')).collect();
        self.request(method, &segments)
    }
}

/// Shows the fencing token, so that nothing is written under a lock that is over.
pub(super) fn under(request: RequestBuilder, token: Option<FencingToken>) -> RequestBuilder {
    match token {
        Some(token) => request.header(LOCK_TOKEN_HEADER, token.as_u64()),
        None => request,
    }
}

/// A project's id or slug, before it becomes part of a URL.
pub(super) fn checked(project: &str) -> Result<&str> {
    ProjectId::parse(project).map_err(|why| {
        Error::new(Kind::NotFound, format!("there cannot be a project '{}': {why}", shown(project)))
            .hint("`aitk project ls` lists the projects of your key")
    })?;
    Ok(project)
}

pub(super) fn named(project: &str) -> String {
    format!("project '{project}'")
}
