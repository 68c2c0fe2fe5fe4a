//! `/metrics` and `/ws/stats`: what an operator watches.

use std::net::SocketAddr;

use aitk_shared::api::{RateLimiter, RoomStats, Stats};
use aitk_shared::limits;
use aitk_shared::role::Role;
use axum::Json;
use axum::extract::{ConnectInfo, FromRequestParts, MatchedPath, Request, State};
use axum::http::header::{CONTENT_TYPE, FORWARDED};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::auth::Credential;
use crate::config::MetricsFor;
use crate::error::{Error, Result};
use crate::metrics::{MEDIA_TYPE, Now};
use crate::state::App;

/// The counters, for Prometheus; open to this machine and to admins, unless set otherwise.
pub async fn metrics(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    mut parts: Parts,
) -> Result<Response> {
    let is_open = match app.metrics_for {
        MetricsFor::Public => true,
        MetricsFor::Local => peer.ip().to_canonical().is_loopback() && !came_by_proxy(&parts.headers),
    };
    if !is_open {
        must_be_admin(&Credential::from_request_parts(&mut parts, &app).await?)?;
    }
    let census = app.hub.census();
    let now =
        Now { connections: census.connections, rooms: census.rooms.len(), queued_bytes: census.queued_bytes };
    Ok(([(CONTENT_TYPE, MEDIA_TYPE)], app.metrics.text(&now)).into_response())
}

/// The same in one document, with the rooms.
pub async fn stats(State(app): State<App>, who: Credential) -> Result<Json<Stats>> {
    must_be_admin(&who)?;
    let census = app.hub.census();
    let rooms = census.rooms.len();
    let mut per_room = census.rooms;
    per_room.sort_by(|a: &RoomStats, b| b.subscribers.cmp(&a.subscribers).then_with(|| a.room.cmp(&b.room)));
    per_room.truncate(limits::STATS_ROOMS);
    let metrics = &app.metrics;
    Ok(Json(Stats {
        connections: census.connections,
        users: census.users,
        rooms,
        per_room,
        rate_limiter: RateLimiter {
            frames_refused: metrics.frames_refused.get(),
            credentials_refused: metrics.credentials_refused.get(),
        },
        published: metrics.published.get(),
        delivered: metrics.delivered.get(),
        dropped: metrics.dropped.get(),
        recovered: metrics.recovered.get(),
        queued_bytes: census.queued_bytes,
    }))
}

/// Counts each answered request by its route's template.
pub async fn count(State(app): State<App>, request: Request, next: Next) -> Response {
    let method = name_of(request.method());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let response = next.run(request).await;
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    app.metrics.answered(method, route, response.status().as_u16());
    response
}

fn must_be_admin(who: &Credential) -> Result<()> {
    match who.role {
        Role::Admin => Ok(()),
        role => Err(Error::Forbidden(format!("{role} '{}' may not see this: admins do", who.actor.name))),
    }
}

/// Whoever asks through a proxy on this machine is not on this machine.
fn came_by_proxy(headers: &HeaderMap) -> bool {
    headers.contains_key(FORWARDED)
        || ["x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"]
            .iter()
            .any(|name| headers.contains_key(*name))
}

/// Anybody may invent methods; they are counted as one.
fn name_of(method: &Method) -> &'static str {
    [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS]
        .iter()
        .zip(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"])
        .find(|(known, _)| *known == method)
        .map_or("other", |(_, name)| name)
}
