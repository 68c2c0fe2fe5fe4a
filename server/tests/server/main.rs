//! Handlers and sockets of a real server on a real database, over HTTP.

#![allow(missing_docs, clippy::unwrap_used)]

mod browsers;
mod doors;
mod jwt;
mod live;
mod platform;
mod presence;
#[allow(dead_code, reason = "shared with the scenarios, which need all of it")]
#[path = "../../../tests/world/remote.rs"]
mod remote;
mod repository;
mod routes;
mod socketio;
mod streams;
mod tokens;
