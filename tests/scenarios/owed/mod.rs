//! What the shell hooks got wrong, each with the same steps: what is owed instead, one test a defect.

mod consistency;
mod content;
mod fails_open;
pub mod guard;
mod names;
mod network;
