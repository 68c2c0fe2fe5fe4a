//! The rules and wire types that `aitk` and `aitk-server` both speak.
//!
//! Everything here is pure: no I/O, no clock, no randomness, no async. Time and
//! chance come in as arguments, so that every rule can be tested by a table.
//! Values from outside are parsed once, at the door, into types with private
//! fields ([`path::DocPath`], [`id::ProjectId`], [`time::Ttl`] …); whoever holds
//! one need not check again.

#![forbid(unsafe_code)]

pub mod address;
pub mod api;
pub mod commit;
pub mod event;
pub mod frame;
pub mod guard;
pub mod hash;
pub mod id;
pub mod json;
pub mod limits;
pub mod lock;
pub mod manifest;
pub mod path;
pub mod plan;
pub mod presence;
pub mod rate;
pub mod reconcile;
pub mod repo;
pub mod role;
#[cfg(feature = "schema")]
mod schema;
pub mod socketio;
pub mod text;
pub mod time;
pub mod typing;
