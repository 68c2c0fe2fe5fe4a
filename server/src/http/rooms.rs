//! `/rooms/{room}/events`: the log by plain requests, also where sockets are blocked; and who is there.

use std::time::Duration;

use aitk_shared::api::EventPage;
use aitk_shared::event::{Offset, Room};
use aitk_shared::limits;
use aitk_shared::presence::Presence;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;

use super::body::{At, Params};
use crate::auth::Credential;
use crate::error::{Error, Result};
use crate::state::App;
use crate::store::events as log;

/// `?since=&limit=&wait=`.
#[derive(Deserialize)]
pub struct Ask {
    #[serde(default)]
    since: Offset,
    limit: Option<u64>,
    #[serde(default)]
    wait: u64,
}

/// Events after `since`, in order; waits up to `wait` seconds for the first.
pub async fn events(
    State(app): State<App>,
    who: Credential,
    At(room): At<String>,
    Params(ask): Params<Ask>,
) -> Result<Json<EventPage>> {
    let room = Room::parse(&room).map_err(|error| Error::Invalid(format!("room: {error}")))?;
    if !who.may_hear(&room) {
        return Err(Error::NotFound(format!("no room '{room}'")));
    }
    if ask.wait > limits::LONG_POLL_SECONDS {
        return Err(Error::Invalid(format!("wait must be at most {} seconds", limits::LONG_POLL_SECONDS)));
    }
    // Before the first look, so that nothing falls between the look and the wait.
    let mut news = app.hub.wake(&room);
    let page = read_page(&app, &who, &room, &ask).await?;
    // A `since` from beyond the head belongs to another epoch: say so at once.
    if !page.events.is_empty() || ask.wait == 0 || ask.since > page.offset {
        return Ok(Json(page));
    }
    tokio::select! {
        _ = news.changed() => {}
        () = tokio::time::sleep(Duration::from_secs(ask.wait)) => {}
        () = app.drained() => {}
    }
    // The credential may have ended while we waited.
    let who = who.renewed(&app).await?;
    match who.may_hear(&room) {
        true => Ok(Json(read_page(&app, &who, &room, &ask).await?)),
        false => Err(Error::NotFound(format!("no room '{room}'"))),
    }
}

/// Who is in a room.
pub async fn presence(
    State(app): State<App>,
    who: Credential,
    At(room): At<String>,
) -> Result<Json<Presence>> {
    let room = Room::parse(&room).map_err(|error| Error::Invalid(format!("room: {error}")))?;
    match who.may_hear(&room) {
        true => Ok(Json(app.hub.presence(&room))),
        false => Err(Error::NotFound(format!("no room '{room}'"))),
    }
}

async fn read_page(app: &App, who: &Credential, room: &Room, ask: &Ask) -> Result<EventPage> {
    let limit = ask.limit.unwrap_or(limits::EVENTS_PAGE).clamp(1, limits::EVENTS_PAGE_MAX);
    let epoch = app.store.epoch().clone();
    let mut read = app.store.read().await?;
    let offset = log::head(&mut read, room).await?;
    let recovered = ask.since <= offset && log::reaches_back(&mut read, room, ask.since, offset).await?;
    let mut events = log::page(&mut read, &epoch, room, ask.since, offset, limit, &who.actor.id).await?;
    if let (false, Some(first)) = (recovered, events.first_mut()) {
        // What lies before it is gone, rather than meant for others.
        first.after = None;
    }
    Ok(EventPage { epoch, offset, recovered, events })
}
