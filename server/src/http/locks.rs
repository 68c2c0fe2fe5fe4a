//! `/projects/{id}/lock`: take, look at, prolong, release.

mod waiting;

use std::time::Duration;

use aitk_shared::api::{Line, Lock, Released, RenewLock, TakeLock};
use aitk_shared::event::ReleaseCause;
use aitk_shared::limits;
use aitk_shared::lock::{Lease, Refusal, Release, may_release, may_renew};
use aitk_shared::role::Right;
use aitk_shared::time::{Timestamp, Ttl};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
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

/// What asking for the lock led to.
pub enum Outcome {
    /// It is the asker's now.
    Taken(Lock),
    /// It was the asker's already, and stays as it was.
    Own(Lock),
    /// It is in the way.
    Held(Lock),
    /// The asker waited and may take it now, by asking again.
    Turn(Line),
}

/// A wish for the lock, parsed.
pub struct Wish {
    reason: Option<String>,
    locked_by: Option<String>,
    ttl: Ttl,
    how: Take,
    /// A lease that the asker holds already is in the way like any other.
    anew: bool,
    wait: Duration,
    ticket: Option<String>,
}

/// Takes the lock: 201; 200 with the same lock for its holder; 409 while another holds it. Who waits
/// for it gets 202 when its turn has come, and asks again with the same ticket.
pub async fn take(
    State(app): State<App>,
    who: Credential,
    At(id): At<String>,
    MaybeJson(ask): MaybeJson<TakeLock>,
) -> Result<Response> {
    let wish = Wish::parse(ask.unwrap_or_default())?;
    let asks_once = wish.ticket.is_none() && wish.wait.is_zero();
    let outcome = match wish.how == Take::Steal || asks_once && app.lines.are_empty() {
        true => try_take(&app, &who, &id, &wish).await?,
        false => waiting::take(&app, &who, &id, &wish).await?,
    };
    Ok(match outcome {
        Outcome::Taken(lock) => (StatusCode::CREATED, Json(lock)).into_response(),
        Outcome::Own(lock) => Json(lock).into_response(),
        Outcome::Turn(line) => (StatusCode::ACCEPTED, Json(line)).into_response(),
        Outcome::Held(lock) => return Err(Error::LockHeld(Box::new(lock))),
    })
}

/// Takes the lock if it is free now, or stolen.
async fn try_take(app: &App, who: &Credential, id: &str, wish: &Wish) -> Result<Outcome> {
    let mut write = app.store.write().await?;
    let project = who.project(write.connection(), id, Right::Write).await?.public.id;
    let now = write.now();
    let held = locks::live(write.connection(), &project, now).await?;
    if let Some(own) = held.as_ref().filter(|lease| lease.holder == who.actor.id) {
        let lock = own.view(now);
        return Ok(if wish.anew { Outcome::Held(lock) } else { Outcome::Own(lock) });
    }
    let wanted = Wanted {
        project: &project,
        actor: &who.actor,
        locked_by: wish.locked_by.as_deref().unwrap_or(&who.actor.name),
        reason: wish.reason.as_deref(),
        expires_at: now.plus(wish.ttl.as_duration()),
    };
    let Some(lease) = locks::take(&mut write, wanted, wish.how).await? else {
        let held = locks::live(write.connection(), &project, now).await?;
        let held = held.ok_or_else(|| anyhow::anyhow!("a lock was refused and nobody holds it"))?;
        return Ok(Outcome::Held(held.view(now)));
    };
    write.commit().await?;
    app.leases_moved.notify_one();
    Ok(Outcome::Taken(lease.view(now)))
}

impl Wish {
    fn parse(ask: TakeLock) -> Result<Self> {
        let reason = maybe_short_text("reason", ask.reason.as_deref())?;
        let how = if ask.steal { Take::Steal } else { Take::IfFree };
        if how == Take::Steal && reason.is_none() {
            return Err(Error::Invalid("reason: taking a lock from its holder needs one".into()));
        }
        let wait = ask.wait_seconds.unwrap_or(0);
        if wait > limits::LOCK_WAIT_SECONDS {
            let most = limits::LOCK_WAIT_SECONDS;
            return Err(Error::Invalid(format!(
                "waitSeconds must be at most {most}; ask again to wait longer"
            )));
        }
        let fits = |ticket: &String| {
            (1..=limits::TICKET_BYTES).contains(&ticket.len()) && ticket.bytes().all(|b| b.is_ascii_graphic())
        };
        if !ask.ticket.as_ref().is_none_or(fits) {
            let most = limits::TICKET_BYTES;
            return Err(Error::Invalid(format!("ticket must be 1 to {most} visible ASCII characters")));
        }
        Ok(Wish {
            reason,
            locked_by: maybe_short_text("lockedBy", ask.locked_by.as_deref())?,
            ttl: ttl(ask.ttl_seconds)?.unwrap_or(Ttl::DEFAULT),
            how,
            anew: ask.anew,
            wait: Duration::from_secs(wait),
            ticket: ask.ticket,
        })
    }
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
        return Ok(Json(Released { released: false, message, waiting: Vec::new() }));
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
    Ok(Json(Released { released: true, message: None, waiting: app.lines.names(&project) }))
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
