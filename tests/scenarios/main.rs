//! The product as its users meet it: real binaries, a real server, real git.

#![allow(clippy::unwrap_used, missing_docs)]

mod agents;
mod audit;
mod backup;
mod crowded;
mod doctor;
mod editing;
mod faults;
mod first_light;
mod guarding;
mod history;
mod joining;
mod local;
mod managed;
mod old_hooks;
mod owed;
mod publishing;
mod refusals;
mod remote_host;
mod repository;
mod running;
mod team;
mod trust;
mod waiting;
mod watching;
