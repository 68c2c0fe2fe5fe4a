//! Mirrors the URLs.

mod audit;
mod docs;
mod hook;
mod invitations;
mod keys;
mod line;
mod lock;
mod metrics;
mod openapi;
mod projects;
mod publish;
mod request_id;
mod rooms;
mod team;
