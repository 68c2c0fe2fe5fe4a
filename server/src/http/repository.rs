//! `/projects/{id}/docs/sync` and `/publish`: pull from the project's repository, and push to it.

use aitk_shared::api::{PublishDone, PullDone, PullRequest};
use aitk_shared::lock::{Refusal, may_write};
use aitk_shared::role::Right;
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;

use super::body::{At, MaybeJson};
use super::precondition::claim;
use crate::auth::Credential;
use crate::error::{Error, Result};
use crate::repository::{Asker, Emptied, Way, visit};
use crate::state::App;
use crate::store::{locks, repository};

/// Brings what is new in the repository here; 423 while another holds the lock.
pub async fn pull(
    State(app): State<App>,
    who: Credential,
    At(id): At<String>,
    headers: HeaderMap,
    MaybeJson(ask): MaybeJson<PullRequest>,
) -> Result<Json<PullDone>> {
    let token = claim(&headers, &who.actor)?.token;
    let project = {
        let mut read = app.store.read().await?;
        who.project(&mut read, &id, Right::Write).await?.public.id
    };
    let emptied = match ask.unwrap_or_default().accept_empty {
        true => Emptied::Accepted,
        false => Emptied::Refused,
    };
    let asker = Asker::Person { actor: who.actor, token, emptied };
    Ok(Json(visit(&app, &project, asker, Way::Pull).await?.pull))
}

/// Commits what was saved so far and pushes it; 423 while another holds the lock.
pub async fn publish(
    State(app): State<App>,
    who: Credential,
    At(id): At<String>,
    headers: HeaderMap,
) -> Result<Json<PublishDone>> {
    let claim = claim(&headers, &who.actor)?;
    let token = claim.token;
    let mut write = app.store.write().await?;
    let project = who.project(write.connection(), &id, Right::Write).await?.public.id;
    let now = write.now();
    let held = locks::live(write.connection(), &project, now).await?;
    let lock = held.as_ref().map(|lease| Box::new(lease.view(now)));
    match (may_write(held.as_ref(), claim), lock) {
        (Ok(()), _) => {}
        (Err(Refusal::Held), Some(lock)) => return Err(Error::Locked(lock)),
        (Err(_), lock) => return Err(Error::LockLost(lock)),
    }
    let reason = held.as_ref().and_then(|lease| lease.reason.as_deref());
    repository::mark(&mut write, &project, reason).await?;
    write.commit().await?;
    let asker = Asker::Person { actor: who.actor, token, emptied: Emptied::Refused };
    Ok(Json(visit(&app, &project, asker, Way::PullAndPush).await?))
}
