//! Mirrors the URLs.

mod docs;
mod hook;
mod keys;
mod lock;
mod projects;
mod rooms;
