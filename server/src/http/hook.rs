//! `/hook/…`: what runs before an agent's session asks, old clients' scripts included.

use aitk_shared::api::{Content, DOCS_COUNT_HEADER, HookDocs, HookStatus, SyncAnswer, SyncDoc, SyncRequest};
use aitk_shared::limits;
use aitk_shared::role::Right;
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};

use super::body::{At, MaybeJson};
use super::everything;
use crate::auth::Credential;
use crate::error::Result;
use crate::notes::Given;
use crate::repository::{Asker, Way, visit as repository_visit};
use crate::state::App;
use crate::store::{docs, locks, repository};

/// Whether the docs are locked.
pub async fn status(State(app): State<App>, who: Credential, At(id): At<String>) -> Result<Json<HookStatus>> {
    let mut read = app.store.read().await?;
    let project = who.project(&mut read, &id, Right::Read).await?;
    let now = app.clock.now();
    let lock = locks::live(&mut read, &project.public.id, now).await?.map(|lease| lease.view(now));
    Ok(Json(HookStatus {
        locked: lock.is_some(),
        locked_by: lock.as_ref().map(|lock| lock.locked_by.clone()),
        locked_at: lock.as_ref().map(|lock| lock.locked_at),
        expires_at: lock.as_ref().map(|lock| lock.expires_at),
        remaining_ms: lock.as_ref().map(|lock| lock.remaining_ms),
        reason: lock.and_then(|lock| lock.reason),
    }))
}

/// The docs' identity.
pub async fn docs(State(app): State<App>, who: Credential, At(id): At<String>) -> Result<Json<HookDocs>> {
    let mut read = app.store.read().await?;
    let project = who.project(&mut read, &id, Right::Read).await?;
    Ok(Json(HookDocs {
        hash: project.docs_hash,
        docs_count: project.public.docs_count,
        revision: project.public.revision,
        epoch: app.store.epoch().clone(),
    }))
}

/// Old clients expect that a sync pulls. One that would take long goes on by itself, and so does
/// this answer.
async fn pull_first(app: &App, who: &Credential, id: &str) -> Result<()> {
    let mut read = app.store.read().await?;
    let project = who.project(&mut read, id, Right::Read).await?.public.id;
    let Some(known) = repository::find(&mut read, &project).await? else { return Ok(()) };
    drop(read);
    let just_now = known.pulled_at.is_some_and(|at| app.clock.now().since(at) < limits::OLD_SYNC_PULL);
    if just_now || known.tries > 0 {
        return Ok(());
    }
    // How it went is noted with the project, and the docs that are here are right either way.
    let visit = repository_visit(app, &project, Asker::Server, Way::Pull);
    let _ = tokio::time::timeout(limits::OLD_SYNC_PULL, visit).await;
    Ok(())
}

/// Lock, revision and docs of one snapshot; with a known `have`, only what changed since.
pub async fn sync(
    State(app): State<App>,
    who: Credential,
    At(id): At<String>,
    headers: HeaderMap,
    MaybeJson(ask): MaybeJson<SyncRequest>,
) -> Result<Response> {
    if ask.is_none() {
        pull_first(&app, &who, &id).await?;
    }
    let ask = ask.unwrap_or_default();
    let have = ask.have;
    let mut read = app.store.read().await?;
    let found = who.project(&mut read, &id, Right::Read).await?;
    let project = found.public;
    let now = app.clock.now();
    let lease = locks::live(&mut read, &project.id, now).await?;

    // The asker's copy, if it is one of our revisions.
    let base = match have {
        Some(have) => {
            docs::revision_of(&mut read, &project.id, &have).await?.map(|revision| (have, revision))
        }
        None => None,
    };
    let mut answer = SyncAnswer {
        hash: found.docs_hash,
        revision: project.revision,
        epoch: app.store.epoch().clone(),
        lock_is_yours: lease.as_ref().is_some_and(|lease| lease.holder == who.actor.id),
        lock: lease.map(|lease| lease.view(now)),
        on_lock: project.on_lock,
        docs_path: project.docs_path,
        base: base.map(|(have, _)| have),
        removed: Vec::new(),
        docs: Vec::new(),
    };
    app.notes.given(
        &Given {
            project: &project.id,
            actor: &who.actor,
            ask: &ask,
            headers: &headers,
            had: base.map(|(_, revision)| revision),
            now: answer.revision,
            in_the_way: answer.lock.as_ref().filter(|_| !answer.lock_is_yours),
        },
        now,
    );
    match base {
        None => {
            let response = everything::send(&app, read, project.id, answer, &headers).await?;
            return Ok(([(DOCS_COUNT_HEADER, project.docs_count.to_string())], response).into_response());
        }
        Some((have, _)) if have == answer.hash => {}
        Some((_, revision)) => {
            for (file_name, hash) in docs::since(&mut read, &project.id, revision).await? {
                let Some(hash) = hash else {
                    answer.removed.push(file_name);
                    continue;
                };
                let content = Content::from_bytes(docs::content(&mut read, &hash).await?);
                answer.docs.push(SyncDoc { file_name, content, hash });
            }
        }
    }
    Ok(([(DOCS_COUNT_HEADER, answer.docs.len().to_string())], Json(answer)).into_response())
}
