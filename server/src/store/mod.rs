//! The database. Nothing outside this folder speaks SQL.
//!
//! Reads take a snapshot ([`Store::read`]); changes go through [`Store::write`],
//! one at a time, and hand their events to the hub when, and only when, they are
//! committed. Queries are functions over a connection, grouped by noun.

pub mod audit;
pub mod backup;
pub mod docs;
pub mod events;
pub mod history;
pub mod invitations;
pub mod keys;
pub mod locks;
pub mod projects;
pub mod publications;
pub mod reports;
pub mod repository;
mod row;
pub mod secrets;
mod write;

use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use aitk_shared::id::Epoch;
use anyhow::{Context, bail};
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::{Any, AnyConnection, AnyPool, Row, Transaction};
use tokio::sync::{Mutex, Notify};

use crate::clock::Clock;
use crate::crypto;
use crate::error::Result;
use crate::live::Hub;

pub use write::Write;

/// A snapshot: everything read through it is of one moment.
pub type Read = Transaction<'static, Any>;

/// The database of one server.
pub struct Store {
    reader: AnyPool,
    writer: AnyPool,
    /// Held from the start of a change until its events are with the hub, so that
    /// rooms see changes in the order of their commits.
    turn: Arc<Mutex<()>>,
    epoch: Epoch,
    clock: Clock,
    hub: Hub,
    woken: Arc<Notify>,
}

impl Store {
    /// Opens the SQLite database in `file`, makes it where it does not exist, and
    /// brings its tables up to date.
    pub async fn open(file: &Path, clock: Clock, hub: Hub) -> anyhow::Result<Self> {
        sqlx::any::install_default_drivers();
        let url = format!("sqlite://{}?mode=rwc", percent_encoded(file)?);
        let options = AnyConnectOptions::from_str(&url)?;
        let writer = pool(1).connect_with(options.clone()).await;
        let writer = writer.with_context(|| format!("cannot open the database {}", file.display()))?;
        let mut connection = writer.acquire().await?;
        migrate(&mut connection).await?;
        let epoch = load_or_make_epoch(&mut connection).await?;
        note_version(&mut connection).await?;
        drop(connection);
        let reader = pool(8).connect_with(options).await?;
        Ok(Store { reader, writer, turn: Arc::default(), epoch, clock, hub, woken: Arc::default() })
    }

    /// The database's present life.
    pub fn epoch(&self) -> &Epoch {
        &self.epoch
    }

    /// Waits for a change that gives the repositories' worker something to do.
    pub async fn woken(&self) {
        self.woken.notified().await;
    }

    /// Begins a snapshot.
    pub async fn read(&self) -> Result<Read> {
        Ok(self.reader.begin().await?)
    }

    /// Waits for its turn and begins a change. Dropped without [`Write::commit`], it never was.
    pub async fn write(&self) -> Result<Write> {
        let turn = self.turn.clone().lock_owned().await;
        let tx = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        Ok(Write::new(tx, turn, self.clock.now(), self.epoch.clone(), self.hub.clone(), self.woken.clone()))
    }

    /// Asks both pools for a sign of life.
    pub async fn ping(&self) -> Result<()> {
        sqlx::query("SELECT 1").execute(&self.reader).await?;
        let _turn = self.turn.lock().await;
        sqlx::query("SELECT 1").execute(&self.writer).await?;
        Ok(())
    }

    /// Lets changes in flight finish and closes the database.
    pub async fn close(&self) {
        let _turn = self.turn.lock().await;
        self.reader.close().await;
        self.writer.close().await;
    }
}

fn pool(connections: u32) -> AnyPoolOptions {
    AnyPoolOptions::new().max_connections(connections).acquire_timeout(Duration::from_secs(10)).after_connect(
        |connection, _| {
            Box::pin(async move {
                // FULL: what was acknowledged survives a power cut.
                for pragma in [
                    "PRAGMA journal_mode = WAL",
                    "PRAGMA synchronous = FULL",
                    "PRAGMA foreign_keys = ON",
                    "PRAGMA busy_timeout = 10000",
                    "PRAGMA cache_size = -4000",
                ] {
                    sqlx::query(pragma).execute(&mut *connection).await?;
                }
                Ok(())
            })
        },
    )
}

fn migrator() -> Migrator {
    sqlx::migrate!("migrations/sqlite")
}

async fn migrate(connection: &mut AnyConnection) -> anyhow::Result<()> {
    let migrator = migrator();
    match migrator.run(&mut *connection).await {
        Ok(()) => Ok(()),
        Err(MigrateError::VersionMissing(version)) => {
            let known = migrator.iter().map(|migration| migration.version).max().unwrap_or_default();
            let by = sqlx::query("SELECT value FROM meta WHERE name = 'written_by'")
                .fetch_optional(&mut *connection)
                .await?;
            let by = by.map_or(Ok("a later aitk-server".to_owned()), |row| {
                row.try_get::<String, _>("value").map(|version| format!("aitk-server {version}"))
            })?;
            bail!(
                "the database is newer than this server: {by} brought it to migration {version}, and aitk-server {} \
                 knows {known}; start the one that wrote it, or a later one",
                env!("CARGO_PKG_VERSION"),
            )
        }
        Err(error) => Err(error).context("cannot bring the database up to date"),
    }
}

/// Notes which server wrote last, for an older one that will not understand it.
async fn note_version(connection: &mut AnyConnection) -> anyhow::Result<()> {
    let note = "INSERT INTO meta (name, value) VALUES ('written_by', $1) \
                ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE meta.value <> excluded.value";
    sqlx::query(note).bind(env!("CARGO_PKG_VERSION")).execute(connection).await?;
    Ok(())
}

async fn load_or_make_epoch(connection: &mut AnyConnection) -> anyhow::Result<Epoch> {
    let made = Epoch::from_random(crypto::random());
    sqlx::query("INSERT INTO meta (name, value) VALUES ('epoch', $1) ON CONFLICT (name) DO NOTHING")
        .bind(made.as_str().to_owned())
        .execute(&mut *connection)
        .await?;
    let row = sqlx::query("SELECT value FROM meta WHERE name = 'epoch'").fetch_one(&mut *connection).await?;
    Ok(Epoch::parse(row.try_get("value")?)?)
}

/// A path as it stands in a database URL.
fn percent_encoded(file: &Path) -> anyhow::Result<String> {
    let text = file.to_str().with_context(|| format!("{} is not UTF-8", file.display()))?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"/._-".contains(&b);
    Ok(text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_database_keeps_its_epoch_in_any_folder_and_refuses_older_servers() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("über uns? 100%.db");
        let open = || Store::open(&file, Clock::default(), Hub::default());
        let store = open().await.unwrap();
        let epoch = store.epoch().clone();
        store.close().await;
        assert!(file.exists());
        let store = open().await.unwrap();
        assert_eq!(store.epoch(), &epoch);
        let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9999, 'later', TRUE, x'00', 0)";
        sqlx::query(newer).execute(&store.writer).await.unwrap();
        store.close().await;
        let refused = open().await.err().unwrap().to_string();
        for word in ["newer than this server", "migration 9999", env!("CARGO_PKG_VERSION"), "a later one"] {
            assert!(refused.contains(word), "{refused}");
        }
    }
}
