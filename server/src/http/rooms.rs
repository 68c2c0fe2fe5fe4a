//! `/rooms/{room}/events`: the log by plain requests, also where sockets are blocked; and who is there.
//! Pages and long polls, or one answer that does not end for who asks for `text/event-stream`.

use std::time::Duration;

use aitk_shared::api::EventPage;
use aitk_shared::event::{Offset, Room};
use aitk_shared::id::Epoch;
use aitk_shared::limits;
use aitk_shared::presence::Presence;
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::ACCEPT;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::body::{At, Params};
use crate::auth::{Credential, presented};
use crate::error::{Error, Result};
use crate::live::{Reader, Stream, parse_id};
use crate::state::App;
use crate::store::events as log;

/// Where a client of an event stream stood when it lost the line.
const LAST_EVENT_ID: &str = "last-event-id";

/// `?since=&epoch=&limit=&wait=`, and `token` for event streams of browsers, which cannot set headers.
#[derive(Deserialize)]
pub struct Ask {
    since: Option<Offset>,
    epoch: Option<Epoch>,
    limit: Option<u64>,
    #[serde(default)]
    wait: u64,
    token: Option<String>,
}

/// The room's events, in the form that is accepted.
pub async fn events(
    State(app): State<App>,
    headers: HeaderMap,
    At(room): At<String>,
    Params(ask): Params<Ask>,
) -> Result<Response> {
    let streams = wants_stream(&headers);
    let token = ask.token.as_deref().filter(|_| streams);
    let who = Credential::of_request(&app, presented(&headers).or(token)).await?;
    let room = Room::parse(&room).map_err(|error| Error::Invalid(format!("room: {error}")))?;
    if !who.may_hear(&room) {
        return Err(Error::NotFound(format!("no room '{room}'")));
    }
    match streams {
        true => stream(&app, who, room, &headers, ask).await,
        false => Ok(poll(&app, who, &room, &ask).await?.into_response()),
    }
}

async fn stream(app: &App, who: Credential, room: Room, headers: &HeaderMap, ask: Ask) -> Result<Response> {
    // A browser that reconnects asks with the same address again: only the header knows more.
    let (epoch, since) = match headers.get(LAST_EVENT_ID) {
        Some(id) => id.to_str().ok().and_then(parse_id).map_or((None, None), |(e, o)| (Some(e), Some(o))),
        None => (ask.epoch, ask.since),
    };
    Stream::open(Reader::admit(app, who).await?, room, since, epoch).await
}

/// Events after `since`, in order; waits up to `wait` seconds for the first.
async fn poll(app: &App, who: Credential, room: &Room, ask: &Ask) -> Result<Json<EventPage>> {
    if ask.wait > limits::LONG_POLL_SECONDS {
        return Err(Error::Invalid(format!("wait must be at most {} seconds", limits::LONG_POLL_SECONDS)));
    }
    // Before the first look, so that nothing falls between the look and the wait.
    let mut news = app.hub.wake(room);
    let page = read_page(app, &who, room, ask).await?;
    // A `since` from another epoch, or from beyond the head: say so at once.
    if !page.events.is_empty() || ask.wait == 0 || !page.recovered {
        return Ok(Json(page));
    }
    tokio::select! {
        _ = news.changed() => {}
        () = tokio::time::sleep(Duration::from_secs(ask.wait)) => {}
        () = app.drained() => {}
    }
    // The credential may have ended while we waited.
    let who = who.renewed(app).await?;
    match who.may_hear(room) {
        true => Ok(Json(read_page(app, &who, room, ask).await?)),
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

/// Whether an answer that does not end was asked for by name, and nothing else is liked better
/// (RFC 9110, 12.5.1).
fn wants_stream(headers: &HeaderMap) -> bool {
    let (mut stream, mut page) = (0.0_f32, 0.0_f32);
    let accepted = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    for range in accepted.flat_map(|list| list.split(',')) {
        let mut parts = range.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
        let weight = parts.find_map(|part| part.strip_prefix("q=")).map_or(Ok(1.0), str::parse::<f32>);
        let weight = weight.unwrap_or(0.0);
        match kind.as_str() {
            "text/event-stream" => stream = stream.max(weight),
            "application/json" | "application/*" => page = page.max(weight),
            _ => {}
        }
    }
    stream > 0.0 && stream >= page
}

async fn read_page(app: &App, who: &Credential, room: &Room, ask: &Ask) -> Result<EventPage> {
    let limit = ask.limit.unwrap_or(limits::EVENTS_PAGE).clamp(1, limits::EVENTS_PAGE_MAX);
    let epoch = app.store.epoch().clone();
    let mut read = app.store.read().await?;
    let offset = log::head(&mut read, room).await?;
    if ask.epoch.as_ref().is_some_and(|asked| *asked != epoch) {
        // What was counted there says nothing here.
        return Ok(EventPage { epoch, offset, recovered: false, events: Vec::new() });
    }
    let since = ask.since.unwrap_or_default();
    let recovered = since <= offset && log::reaches_back(&mut read, room, since, offset).await?;
    let mut events = log::page(&mut read, &epoch, room, since, offset, limit, &who.actor.id).await?;
    if let (false, Some(first)) = (recovered, events.first_mut()) {
        // What lies before it is gone, rather than meant for others.
        first.after = None;
    }
    Ok(EventPage { epoch, offset, recovered, events })
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn a_stream_is_for_who_asks_for_one() {
        for (accepted, wants) in [
            ("text/event-stream", true),
            ("Text/Event-Stream, */*", true),
            ("application/json, text/event-stream;q=0.5", false),
            ("application/json;q=0.5, text/event-stream", true),
            ("text/event-stream;q=0", false),
            ("text/event-stream; q=x", false),
            ("text/*", false),
            ("*/*", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accepted))]);
            assert_eq!(wants_stream(&headers), wants, "{accepted}");
        }
        assert!(!wants_stream(&HeaderMap::new()));
    }
}
