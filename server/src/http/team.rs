//! `/projects/{id}/team`: who reads which revision, and whom the lock keeps from it.

use aitk_shared::api::Team;
use aitk_shared::limits;
use aitk_shared::role::Right;
use aitk_shared::time::Timestamp;
use axum::Json;
use axum::extract::State;

use super::body::At;
use crate::auth::Credential;
use crate::error::Result;
use crate::notes::{self, Due};
use crate::state::App;
use crate::store::{locks, reports};

/// The sessions that were heard of lately, newest first.
pub async fn show(State(app): State<App>, who: Credential, At(id): At<String>) -> Result<Json<Team>> {
    let mut read = app.store.read().await?;
    let project = who.project(&mut read, &id, Right::Oversee).await?.public.id;
    drop(read);
    notes::write(&app, Due::All).await?;
    let mut read = app.store.read().await?;
    let project = who.project(&mut read, project.as_str(), Right::Oversee).await?.public;
    let now = app.clock.now();
    let kept = i64::try_from(limits::SESSION_KEPT.as_millis()).unwrap_or(i64::MAX);
    let since = Timestamp::from_millis(now.as_millis().saturating_sub(kept));
    let mut sessions = reports::list(&mut read, &project.id, since).await?;
    // Whoever was blocked and did not ask since is not blocked by a lock that is over.
    let lease = locks::live(&mut read, &project.id, now).await?;
    for session in &mut sessions {
        let blocks = lease.as_ref().is_some_and(|lease| lease.holder != session.actor.id);
        session.blocked_since = session.blocked_since.filter(|_| blocks);
    }
    Ok(Json(Team { epoch: app.store.epoch().clone(), revision: project.revision, sessions }))
}
