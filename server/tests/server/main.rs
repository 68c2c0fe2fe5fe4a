//! Handlers and sockets of a real server on a real database, over HTTP.

#![allow(missing_docs, clippy::unwrap_used)]

mod browsers;
mod doors;
mod jwt;
mod live;
mod platform;
mod routes;
mod tokens;
