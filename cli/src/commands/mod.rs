//! The commands, one file each; a file's own comment is its manual.

pub mod check;
pub mod completions;
pub mod diff;
pub mod docs;
pub mod doctor;
pub mod guard;
pub mod init;
pub mod invite;
pub mod join;
pub mod key;
pub mod lock;
pub mod login;
pub mod logout;
pub mod man;
pub mod project;
pub mod publish;
pub mod status;
pub mod sync;
pub mod unlock;
pub mod verify;
pub mod watch;
