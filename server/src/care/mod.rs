//! Care of the data, from the operator's terminal: backups, restores, a new secret key.
//!
//! Every step is either done or not: files are written beside and renamed, changes of the database are
//! one transaction.

pub mod backup;
pub mod restore;
pub mod rotate;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use clap::Subcommand;

use crate::clock::Clock;
use crate::config::Config;

/// What `aitk-server` does instead of serving.
#[derive(Subcommand, Clone, Debug)]
pub enum Task {
    /// Save the database as FILE, also while the server runs
    ///
    /// The secret key is not in it: keep a copy of that elsewhere. FILE is for its owner alone (0600).
    Backup {
        /// The backup
        file: PathBuf,
        /// Replace FILE where it exists
        #[arg(long)]
        force: bool,
    },
    /// Put a backup in the place of the database, while no server runs
    ///
    /// The database that was there is kept beside it. Locks end, invitations end, and keys that were
    /// revoked since the backup stay revoked, where the replaced database tells of them. Clients follow
    /// by themselves.
    Restore {
        /// The backup; it stays as it is
        file: PathBuf,
    },
    /// Make a new secret key and seal all secrets with it, while no server runs
    ///
    /// A run that was cut off is completed by the next one. Older backups need the old key.
    RotateKey,
}

/// Does it; returns what to tell.
pub async fn run(task: Task, config: &Config, clock: Clock) -> anyhow::Result<String> {
    // As at the server's own start.
    aws_lc_rs::init();
    match task {
        Task::Backup { file, force } => backup::to_file(config, &file, force.into(), clock.now()).await,
        Task::Restore { file } => restore::from_file(config, &file, clock.now()).await,
        Task::RotateKey => rotate::rotate(config, clock).await,
    }
}

/// The folder that a file is in.
fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes the names in a folder as durable as its files.
fn settle(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// A path with something at its end.
fn with_suffix(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// A moment as part of a file's name.
fn stamp(at: aitk_shared::time::Timestamp) -> String {
    at.to_string().chars().filter(char::is_ascii_alphanumeric).collect()
}
