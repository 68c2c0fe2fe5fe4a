//! `/projects/{id}/lock`: take, look at, prolong, release.

use aitk_shared::api::{Lock, Released, RenewLock, TakeLock};
use aitk_shared::event::ReleaseCause;
use aitk_shared::lock::{Lease, Refusal, Release, may_release, may_renew};
use aitk_shared::role::Right;
use aitk_shared::time::{Timestamp, Ttl};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;

use super::body::{At, MaybeJson, Params, maybe_short_text};
use super::precondition::claim;
use crate::auth::Credential;
use crate::error::{Error, Result};
use crate::state::App;
use crate::store::locks::{self, Take, Wanted};

/// The live lock, or `null`.
pub async fn show(State(app): State<App>, who: Credential, At(id): At<String>) -> Result<Json<Option<Lock>>> {
    let mut read = app.store.read().await?;
    let project = who.project(&mut read, &id, Right::Read).await?;
    let now = app.clock.now();
    let lease = locks::live(&mut read, &project.public.id, now).await?;
    Ok(Json(lease.map(|lease| lease.view(now))))
}

/// Takes the lock: 201; 200 with the same lock for its holder; 409 while another holds it.
pub async fn take(
    State(app): State<App>,
    who: Credential,
    At(id): At<String>,
    MaybeJson(ask): MaybeJson<TakeLock>,
) -> Result<(StatusCode, Json<Lock>)> {
    let ask = ask.unwrap_or_default();
    let ttl = ttl(ask.ttl_seconds)?.unwrap_or(Ttl::DEFAULT);
    let reason = maybe_short_text("reason", ask.reason.as_deref())?;
    let locked_by = maybe_short_text("lockedBy", ask.locked_by.as_deref())?;
    if ask.steal && reason.is_none() {
        return Err(Error::Invalid("reason: taking a lock from its holder needs one".into()));
    }
    let mut write = app.store.write().await?;
    let project = who.project(write.connection(), &id, Right::Write).await?.public.id;
    let now = write.now();
    let held = locks::live(write.connection(), &project, now).await?;
    if let Some(own) = held.as_ref().filter(|lease| lease.holder == who.actor.id) {
        return Ok((StatusCode::OK, Json(own.view(now))));
    }
    let wanted = Wanted {
        project: &project,
        actor: &who.actor,
        locked_by: locked_by.as_deref().unwrap_or(&who.actor.name),
        reason: reason.as_deref(),
        expires_at: now.plus(ttl.as_duration()),
    };
    let how = if ask.steal { Take::Steal } else { Take::IfFree };
    let Some(lease) = locks::take(&mut write, wanted, how).await? else {
        let held = locks::live(write.connection(), &project, now).await?;
        let held = held.ok_or_else(|| anyhow::anyhow!("a lock was refused and nobody holds it"))?;
        return Err(Error::LockHeld(Box::new(held.view(now))));
    };
    write.commit().await?;
    app.leases_moved.notify_one();
    Ok((StatusCode::CREATED, Json(lease.view(now))))
}

/// Prolongs the asker's lease. Without `ttlSeconds` it is never made shorter.
pub async fn renew(
    State(app): State<App>,
    who: Credential,
    At(id): At<String>,
    headers: HeaderMap,
    MaybeJson(ask): MaybeJson<RenewLock>,
) -> Result<Json<Lock>> {
    let ttl = ttl(ask.unwrap_or_default().ttl_seconds)?;
    let claim = claim(&headers, &who.actor)?;
    let mut write = app.store.write().await?;
    let project = who.project(write.connection(), &id, Right::Write).await?.public.id;
    let now = write.now();
    let held = locks::live(write.connection(), &project, now).await?;
    may_renew(held.as_ref(), claim).map_err(|refusal| refused(refusal, held.as_ref(), now))?;
    let Some(lease) = held else { return Err(Error::LockLost(None)) };
    let until = match ttl {
        Some(ttl) => now.plus(ttl.as_duration()),
        None => now.plus(Ttl::DEFAULT.as_duration()).max(lease.expires_at),
    };
    let renewed = locks::renew(&mut write, &lease, until, &who.actor).await?;
    write.commit().await?;
    app.leases_moved.notify_one();
    Ok(Json(renewed.view(now)))
}

/// `?force=true&reason=`.
#[derive(Deserialize)]
pub struct Force {
    #[serde(default)]
    force: bool,
    reason: Option<String>,
}

/// Releases the asker's lease; with force and a reason also another's.
pub async fn release(
    State(app): State<App>,
    who: Credential,
    At(id): At<String>,
    Params(ask): Params<Force>,
    headers: HeaderMap,
) -> Result<Json<Released>> {
    let reason = maybe_short_text("reason", ask.reason.as_deref())?;
    let claim = claim(&headers, &who.actor)?;
    let mut write = app.store.write().await?;
    let project = who.project(write.connection(), &id, Right::Write).await?.public.id;
    let now = write.now();
    let held = locks::live(write.connection(), &project, now).await?;
    let release = may_release(held.as_ref(), claim, ask.force)
        .map_err(|refusal| refused(refusal, held.as_ref(), now))?;
    let (Some(lease), Release::Own | Release::Forced) = (held, release) else {
        let message = Some("nobody holds the lock".into());
        return Ok(Json(Released { released: false, message }));
    };
    let cause = match release {
        Release::Forced if reason.is_none() => {
            return Err(Error::Invalid("reason: breaking somebody else's lock needs one".into()));
        }
        Release::Forced => ReleaseCause::Forced,
        _ => ReleaseCause::Released,
    };
    locks::release(&mut write, &lease, cause, &who.actor, reason.as_deref()).await?;
    write.commit().await?;
    app.leases_moved.notify_one();
    Ok(Json(Released { released: true, message: None }))
}

fn ttl(seconds: Option<i64>) -> Result<Option<Ttl>> {
    seconds.map(Ttl::parse).transpose().map_err(|error| Error::Invalid(error.to_string()))
}

fn refused(refusal: Refusal, held: Option<&Lease>, now: Timestamp) -> Error {
    let lock = held.map(|lease| Box::new(lease.view(now)));
    match (refusal, lock) {
        (Refusal::Held, Some(lock)) => Error::LockHeld(lock),
        (_, lock) => Error::LockLost(lock),
    }
}
