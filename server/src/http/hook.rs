//! `/hook/…`: what runs before an agent's session asks, old clients' scripts included.

use aitk_shared::api::{Content, HookDocs, HookStatus, SyncAnswer, SyncDoc, SyncRequest};
use aitk_shared::role::Right;
use axum::Json;
use axum::extract::State;

use super::body::{At, MaybeJson};
use crate::auth::Credential;
use crate::error::Result;
use crate::state::App;
use crate::store::{docs, locks};

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

/// Lock, revision and docs of one snapshot; with a known `have`, only what changed since.
pub async fn sync(
    State(app): State<App>,
    who: Credential,
    At(id): At<String>,
    MaybeJson(ask): MaybeJson<SyncRequest>,
) -> Result<Json<SyncAnswer>> {
    let have = ask.unwrap_or_default().have;
    let mut read = app.store.read().await?;
    let found = who.project(&mut read, &id, Right::Read).await?;
    let project = &found.public;
    let now = app.clock.now();
    let lease = locks::live(&mut read, &project.id, now).await?;

    // The asker's copy, if it is one of our revisions.
    let base = match have {
        Some(have) => {
            docs::revision_of(&mut read, &project.id, &have).await?.map(|revision| (have, revision))
        }
        None => None,
    };
    let (mut changed, mut removed) = (Vec::new(), Vec::new());
    let mut change = |file_name, hash, bytes| {
        changed.push(SyncDoc { file_name, content: Content::from_bytes(bytes), hash });
    };
    match base {
        Some((have, _)) if have == found.docs_hash => {}
        Some((_, revision)) => {
            for (path, hash) in docs::since(&mut read, &project.id, revision).await? {
                match hash {
                    Some(hash) => change(path, hash, docs::content(&mut read, &hash).await?),
                    None => removed.push(path),
                }
            }
        }
        None => {
            let all = docs::contents(&mut read, &project.id).await?;
            all.into_iter().for_each(|(path, hash, bytes)| change(path, hash, bytes));
        }
    }
    Ok(Json(SyncAnswer {
        hash: found.docs_hash,
        revision: project.revision,
        epoch: app.store.epoch().clone(),
        lock_is_yours: lease.as_ref().is_some_and(|lease| lease.holder == who.actor.id),
        lock: lease.map(|lease| lease.view(now)),
        on_lock: project.on_lock,
        docs_path: project.docs_path.clone(),
        base: base.map(|(have, _)| have),
        docs: changed,
        removed,
    }))
}
