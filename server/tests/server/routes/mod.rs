//! Mirrors the URLs.

mod docs;
mod hook;
mod invitations;
mod keys;
mod lock;
mod projects;
mod publish;
mod rooms;
