//! The HTTP interface: every route on one screen.

mod answers;
mod audit;
mod body;
mod browsers;
pub(crate) mod docs;
mod everything;
mod health;
mod hook;
mod invitations;
mod keys;
mod line;
mod locks;
mod metrics;
mod openapi;
mod precondition;
mod projects;
mod publish;
mod refusals;
mod repository;
mod request_id;
mod rooms;
mod team;
mod webhooks;

use std::time::Duration;

use aitk_shared::limits;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tower_http::CompressionLevel;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};
use tower_http::trace::TraceLayer;
use tracing::Span;

use crate::error::Error;
use crate::live;
use crate::origin::{REQUEST_ID_HEADER, named};
use crate::state::App;

pub use answers::Answers;
pub use body::Params;
pub use keys::detail as key_detail;
pub use refusals::Refusal;

/// Smaller answers fit into one packet as they are.
const COMPRESS_FROM: u16 = 1024;

/// Anybody may send this body.
const JOIN_BYTES: usize = 16 * 1024;

/// All routes of the server.
pub fn router(app: App) -> Router {
    // base64 makes four bytes of three; names and quotes come on top.
    let body_of = |bytes: u64| usize::try_from(bytes / 3 * 4 + 64 * 1024).unwrap_or(usize::MAX);
    let one_doc = DefaultBodyLimit::max(body_of(app.limits.doc_bytes));
    let many_docs = DefaultBodyLimit::max(body_of(app.limits.project_bytes).saturating_mul(2));
    // Spaces and escapes may double what the events take.
    let many_events = DefaultBodyLimit::max(limits::PUBLISH_EVENTS * limits::EVENT_DATA_BYTES * 2);

    let api = Router::new()
        .route("/projects", get(projects::list).post(projects::create))
        .route("/projects/{id}", get(projects::show).put(projects::update).delete(projects::remove))
        .route("/projects/{id}/docs", get(docs::list))
        .route("/projects/{id}/docs/sync", post(repository::pull))
        .route("/projects/{id}/docs/publish", post(repository::publish))
        .route("/webhooks/git/{id}", post(webhooks::pushed).layer(DefaultBodyLimit::disable()))
        .route("/projects/{id}/docs/batch", post(docs::edit::batch).layer(many_docs))
        .route(
            "/projects/{id}/docs/{*path}",
            get(docs::show).put(docs::edit::save).delete(docs::edit::remove).layer(one_doc),
        )
        .route("/projects/{id}/history", get(docs::history_of_all))
        .route(
            "/projects/{id}/lock",
            get(locks::show).post(locks::take).put(locks::renew).delete(locks::release),
        )
        .route("/projects/{id}/keys", get(keys::list_of_project).post(keys::create_in_project))
        .route("/projects/{id}/keys/{key}", axum::routing::delete(keys::revoke_in_project))
        .route("/projects/{id}/audit", get(audit::of_project))
        .route("/projects/{id}/team", get(team::show))
        .route("/audit", get(audit::of_server))
        .route("/keys", get(keys::list).post(keys::create))
        .route("/keys/{key}", axum::routing::delete(keys::revoke))
        .route("/invitations", post(invitations::create))
        .route("/join", post(invitations::join).layer(DefaultBodyLimit::max(JOIN_BYTES)))
        .route("/hook/status/{id}", get(hook::status))
        .route("/hook/docs/{id}", get(hook::docs))
        .route("/hook/sync/{id}", post(hook::sync))
        .route("/rooms/{room}/events", get(rooms::events).post(publish::into_room).layer(many_events))
        .route("/rooms/{room}/presence", get(rooms::presence))
        .route("/ws/stats", get(metrics::stats))
        .route("/openapi.json", get(openapi::show))
        .route("/events", post(publish::into_rooms).layer(many_events));

    let compression = CompressionLayer::new()
        .gzip(true)
        .zstd(true)
        .quality(CompressionLevel::Fastest)
        .compress_when(SizeAbove::new(COMPRESS_FROM).and(NotForContentType::SSE));
    Router::new()
        .nest("/api", api)
        .route("/join", get(invitations::explain))
        .route("/ws", get(live::upgrade).layer(from_fn_with_state(app.clone(), browsers::check)))
        .merge(live::socketio::routes(&app).layer(from_fn_with_state(app.clone(), browsers::check)))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(metrics::metrics))
        .fallback(async || Error::NotFound("no such path on this server".into()))
        .method_not_allowed_fallback(async || Error::MethodNotAllowed)
        .layer(from_fn_with_state(app.clone(), refusals::note))
        .layer(from_fn_with_state(app.clone(), metrics::count))
        .layer(compression)
        .layer(browsers::cors(&app.origins))
        .layer(CatchPanicLayer::custom(|_| internal_error()))
        .layer(TraceLayer::new_for_http().make_span_with(request_span).on_response(log_response))
        .layer(from_fn(request_id::name))
        .with_state(app)
}

/// A panic in a handler is our bug and the end of that request alone.
fn internal_error() -> Response {
    Error::Internal(anyhow::anyhow!("a handler panicked")).into_response()
}

/// Without the query: it may hold a credential (`/ws?token=`).
fn request_span(request: &Request) -> Span {
    let id = named(request.headers(), REQUEST_ID_HEADER);
    tracing::info_span!("request", id, method = %request.method(), path = request.uri().path())
}

fn log_response(response: &Response, latency: Duration, _: &Span) {
    tracing::info!(status = response.status().as_u16(), ms = latency.as_millis(), "answered");
}
