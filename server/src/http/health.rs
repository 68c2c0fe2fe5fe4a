//! Whether the server lives, and whether it can work.

use aitk_shared::api::{Alive, Ready};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::json;

use crate::state::App;

/// The process answers.
pub async fn alive(State(app): State<App>) -> Json<Alive> {
    Json(Alive {
        status: "ok".into(),
        version: Some(env!("CARGO_PKG_VERSION").into()),
        server_time: Some(app.clock.now()),
    })
}

/// The store answers and nobody asked the server to go away.
pub async fn ready(State(app): State<App>) -> (StatusCode, Json<Ready>) {
    let store = match app.store.ping().await {
        Ok(()) => "ok",
        Err(_) => "unavailable",
    };
    let draining = *app.draining.borrow();
    let ok = store == "ok" && !draining;
    let ready = Ready {
        status: if ok { "ok" } else { "unavailable" }.into(),
        checks: json!({"store": store, "draining": draining}),
    };
    (if ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, Json(ready))
}
