//! Whole databases as files: copied while they are used, proved, and made ready to go on.

use std::path::Path;
use std::str::FromStr;

use aitk_shared::api::action;
use aitk_shared::hash::ContentHash;
use aitk_shared::id::Epoch;
use aitk_shared::limits;
use aitk_shared::time::Timestamp;
use anyhow::{Context, bail};
use futures_util::StreamExt;
use serde_json::json;
use sqlx::any::AnyConnectOptions;
use sqlx::{AnyConnection, Connection, Row};

use super::audit::{self, Line};
use super::row::{Columns, big};
use super::{docs, migrate, migrator, percent_encoded, projects};
use crate::crypto;

/// What a backup carries as SQLite's application id, at byte 68 of the file: "aitb".
const BACKUP_ID: [u8; 4] = *b"aitb";

/// Whether a file that begins like this is a backup.
pub fn is_backup(head: &[u8; 72]) -> bool {
    head.starts_with(b"SQLite format 3\0") && head[68..] == BACKUP_ID
}

/// Copies `database` into the empty file `into`, as it is at one moment, and marks that as a backup.
pub async fn copy(database: &Path, into: &Path, now: Timestamp) -> anyhow::Result<()> {
    let mut from = open(database).await?;
    let name = into.to_str().with_context(|| format!("{} is not UTF-8", into.display()))?;
    let epoch = sqlx::query("SELECT value FROM meta WHERE name = 'epoch'").fetch_optional(&mut from).await;
    if epoch.ok().flatten().is_none() {
        bail!("this is no database of aitk-server");
    }
    sqlx::query("VACUUM INTO $1").bind(name.to_owned()).execute(&mut from).await?;
    from.close().await?;
    let mut copy = open(into).await?;
    let mark = "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    sqlx::query("PRAGMA journal_mode = DELETE").execute(&mut copy).await?;
    // The number that BACKUP_ID is.
    sqlx::query("PRAGMA application_id = 1634301026").execute(&mut copy).await?;
    sqlx::query(mark).bind("backup_at").bind(now.to_string()).execute(&mut copy).await?;
    Ok(copy.close().await?)
}

/// The last migration that was applied, where others have to follow; `None` for a database that is up
/// to date, new, or of a later server.
pub async fn pending(database: &Path) -> anyhow::Result<Option<i64>> {
    if !std::fs::exists(database)? {
        return Ok(None);
    }
    let mut connection = open(database).await?;
    let applied = sqlx::query("SELECT version FROM _sqlx_migrations WHERE success ORDER BY version")
        .fetch_all(&mut connection)
        .await;
    connection.close().await?;
    // A new database has no such table.
    let Ok(rows) = applied else { return Ok(None) };
    let applied = rows.iter().map(|row| row.try_get("version")).collect::<sqlx::Result<Vec<i64>>>()?;
    let Some(last) = applied.last().copied() else { return Ok(None) };
    let is_missing = migrator().iter().any(|migration| !applied.contains(&migration.version));
    Ok(is_missing.then_some(last))
}

/// Brings everything that `database` keeps in its log into its file.
pub async fn gather(database: &Path) -> anyhow::Result<()> {
    let mut connection = open(database).await?;
    let row = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut connection).await?;
    let busy: i64 = row.try_get(0)?;
    connection.close().await?;
    match busy {
        0 => Ok(()),
        _ => bail!("something else uses {}", database.display()),
    }
}

/// A backup that is ready to go on.
pub struct Restored {
    /// When it was made.
    pub taken_at: String,
    /// How many projects it has.
    pub projects: u64,
    /// How many docs.
    pub docs: u64,
    /// What the replaced database tells of the time since.
    pub since: Option<Since>,
}

/// What happened after the backup was made.
#[derive(Default)]
pub struct Since {
    /// Keys that it has and that were revoked.
    pub revoked: u64,
    /// Keys that it does not have.
    pub made: u64,
    /// Lines of the audit log.
    pub audit_lines: u64,
}

/// Proves a copy of a backup, byte by byte, brings its tables up to date, and lets it begin a new epoch:
/// its offsets may be given a second time, its fencing tokens never.
pub async fn make_ready(copy: &Path, replaced: Option<&Path>, now: Timestamp) -> anyhow::Result<Restored> {
    let mut db = open(copy).await.context("it is damaged")?;
    require_sound(&mut db).await?;
    migrate(&mut db).await?;
    let (projects, docs) = require_docs(&mut db).await?;
    let taken_at = sqlx::query("SELECT value FROM meta WHERE name = 'backup_at'").fetch_one(&mut db).await?;
    let taken_at = taken_at.text("value")?;
    let is_related = match replaced {
        Some(replaced) => attach(&mut db, replaced).await.unwrap_or_else(|error| {
            tracing::warn!("the replaced database cannot be read: {error:#}");
            false
        }),
        None => false,
    };
    let mut tx = db.begin().await?;
    let since = match is_related {
        true => Some(carry_over(&mut tx).await?),
        false => None,
    };
    renew(&mut tx).await?;
    let epoch = sqlx::query("SELECT value FROM meta WHERE name = 'epoch'").fetch_one(&mut *tx).await?;
    let detail = json!({"backupAt": taken_at, "epoch": epoch.text("value")?});
    let line = Line { action: action::DATABASE_RESTORED, projects: &[], actor: None, detail };
    audit::insert(&mut tx, now, line, None).await?;
    tx.commit().await?;
    sqlx::query("PRAGMA application_id = 0").execute(&mut db).await?;
    db.close().await?;
    Ok(Restored { taken_at, projects, docs, since })
}

/// The database's own structure.
async fn require_sound(db: &mut AnyConnection) -> anyhow::Result<()> {
    let found =
        sqlx::query("PRAGMA integrity_check(3)").fetch_all(&mut *db).await.context("it is damaged")?;
    let found = found.iter().map(|row| row.try_get::<String, _>(0)).collect::<sqlx::Result<Vec<_>>>()?;
    if found != ["ok"] {
        bail!("it is damaged: {}", found.join("; "));
    }
    if !sqlx::query("PRAGMA foreign_key_check").fetch_all(db).await?.is_empty() {
        bail!("it is damaged: rows refer to others that are not there");
    }
    Ok(())
}

/// What is ours to prove: that every doc's bytes are those of its hash, and all docs those of their project's.
async fn require_docs(db: &mut AnyConnection) -> anyhow::Result<(u64, u64)> {
    let mut blobs = sqlx::query("SELECT hash, content FROM blobs").fetch(&mut *db);
    while let Some(row) = blobs.next().await {
        let row = row?;
        let (hash, content): (String, Vec<u8>) = (row.text("hash")?, row.try_get("content")?);
        if ContentHash::of(&content).to_string() != hash {
            bail!("it is damaged: the bytes of {hash} are others");
        }
    }
    drop(blobs);
    let mut docs = 0;
    let projects = projects::all(db).await.map_err(crate::internal)?;
    for project in &projects {
        let manifest = docs::manifest(db, &project.public.id).await.map_err(crate::internal)?;
        if manifest.docs_hash() != project.docs_hash {
            bail!("it is damaged: the docs of project '{}' are not those that it names", project.public.slug);
        }
        docs += manifest.len() as u64;
    }
    Ok((projects.len() as u64, docs))
}

/// Makes the replaced database readable as `replaced`; whether it is of the same life as this one: its own
/// epoch, or an audit log that began alike.
async fn attach(db: &mut AnyConnection, replaced: &Path) -> anyhow::Result<bool> {
    let name = replaced.to_str().with_context(|| format!("{} is not UTF-8", replaced.display()))?;
    sqlx::query("ATTACH DATABASE $1 AS replaced").bind(name.to_owned()).execute(&mut *db).await?;
    let found = sqlx::query("PRAGMA replaced.quick_check(1)").fetch_all(&mut *db).await?;
    if found.first().map(|row| row.try_get::<String, _>(0)).transpose()?.as_deref() != Some("ok") {
        bail!("it is damaged");
    }
    let epochs = "SELECT COUNT(*) AS n FROM main.meta a JOIN replaced.meta b ON a.name = b.name AND a.value = b.value \
                  WHERE a.name = 'epoch'";
    if sqlx::query(epochs).fetch_one(&mut *db).await?.uint("n")? > 0 {
        return Ok(true);
    }
    let logs = "SELECT COUNT(*) AS n FROM main.audit a JOIN replaced.audit b \
                ON a.seq = b.seq AND a.at = b.at AND a.action = b.action AND a.detail = b.detail \
                WHERE a.seq = (SELECT MIN(seq) FROM (SELECT seq FROM main.audit_head UNION ALL \
                SELECT seq FROM replaced.audit_head))";
    Ok(sqlx::query(logs).fetch_one(db).await?.uint("n")? > 0)
}

/// Takes over what a restore must not undo: tokens that were given, keys that were revoked, the audit log.
async fn carry_over(db: &mut AnyConnection) -> anyhow::Result<Since> {
    let tokens = "UPDATE main.locks SET token = MAX(token, COALESCE(\
                  (SELECT r.token FROM replaced.locks r WHERE r.project_id = main.locks.project_id), 0))";
    sqlx::query(tokens).execute(&mut *db).await?;
    let made = "SELECT COUNT(*) AS n FROM replaced.keys WHERE id NOT IN (SELECT id FROM main.keys)";
    let made = sqlx::query(made).fetch_one(&mut *db).await?.uint("n")?;
    let revoked = "DELETE FROM main.keys WHERE id NOT IN (SELECT id FROM replaced.keys)";
    let revoked = sqlx::query(revoked).execute(&mut *db).await?.rows_affected();
    let mut since = Since { revoked, made, audit_lines: 0 };
    let has_log = "SELECT name FROM replaced.sqlite_master WHERE name = 'audit_head'";
    if sqlx::query(has_log).fetch_optional(&mut *db).await?.is_none() {
        return Ok(since);
    }
    let last = sqlx::query("SELECT seq FROM main.audit_head").fetch_one(&mut *db).await?.uint("seq")?;
    let lines = "INSERT INTO main.audit (seq, at, action, actor_id, actor_name, address, request_id, detail) \
                 SELECT seq, at, action, actor_id, actor_name, address, request_id, detail \
                 FROM replaced.audit WHERE seq > $1";
    since.audit_lines = sqlx::query(lines).bind(big(last)).execute(&mut *db).await?.rows_affected();
    for step in [
        "INSERT INTO main.audit_projects (project_id, seq) \
         SELECT project_id, seq FROM replaced.audit_projects WHERE seq > $1",
        "UPDATE main.audit_head SET seq = MAX(seq, (SELECT seq FROM replaced.audit_head)) WHERE $1 = $1",
    ] {
        sqlx::query(step).bind(big(last)).execute(&mut *db).await?;
    }
    Ok(since)
}

/// Begins a new life: whatever was promised in the old one is over.
async fn renew(db: &mut AnyConnection) -> anyhow::Result<()> {
    let epoch = Epoch::from_random(crypto::random());
    sqlx::query("UPDATE meta SET value = $1 WHERE name = 'epoch'")
        .bind(epoch.as_str().to_owned())
        .execute(&mut *db)
        .await?;
    let step = big(limits::RESTORED_TOKEN_STEP);
    for tokens in [
        "UPDATE locks SET holder = NULL, token = token + $1",
        "INSERT INTO locks (project_id, token, holder, locked_by, reason, locked_at, expires_at) \
         SELECT id, $1, NULL, '', NULL, 0, 0 FROM projects WHERE id NOT IN (SELECT project_id FROM locks)",
    ] {
        sqlx::query(tokens).bind(step).execute(&mut *db).await?;
    }
    for over in [
        "DELETE FROM meta WHERE name = 'backup_at'",
        // How often each was used since, nobody knows.
        "DELETE FROM invitations",
        "DELETE FROM reports",
    ] {
        sqlx::query(over).execute(&mut *db).await?;
    }
    Ok(())
}

/// Opens a database that must be there, by itself.
async fn open(file: &Path) -> anyhow::Result<AnyConnection> {
    sqlx::any::install_default_drivers();
    let url = format!("sqlite://{}?mode=rw", percent_encoded(file)?);
    let connection = AnyConnection::connect_with(&AnyConnectOptions::from_str(&url)?).await;
    let mut connection = connection.with_context(|| format!("cannot open {}", file.display()))?;
    for pragma in ["PRAGMA busy_timeout = 10000", "PRAGMA synchronous = FULL", "PRAGMA foreign_keys = ON"] {
        sqlx::query(pragma).execute(&mut connection).await?;
    }
    Ok(connection)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Clock, Config, Server};

    /// Makes the database one that the server before the last migration wrote.
    async fn age(file: &Path) {
        let mut db = open(file).await.unwrap();
        let last = migrator().iter().map(|migration| migration.version).max().unwrap();
        sqlx::query("DROP TABLE reports").execute(&mut db).await.unwrap();
        sqlx::query("DELETE FROM _sqlx_migrations WHERE version = 6").execute(&mut db).await.unwrap();
        assert!(last >= 6);
        db.close().await.unwrap();
    }

    fn saved(folder: &Path) -> Vec<std::path::PathBuf> {
        let entries = std::fs::read_dir(folder.join("backups"));
        let mut files: Vec<_> = entries.into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files
    }

    #[tokio::test]
    async fn tables_are_changed_only_after_a_backup_of_which_three_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let (config, clock) = (Config::in_folder(dir.path()), Clock::default());
        let start = async || Server::start(config.clone(), clock.clone()).await;
        start().await.unwrap().stop().await.unwrap();
        start().await.unwrap().stop().await.unwrap();
        assert_eq!(saved(dir.path()), [""; 0].map(std::path::PathBuf::from), "nothing was to be changed");
        for _ in 0..5 {
            clock.advance(std::time::Duration::from_secs(1));
            age(&config.database).await;
            start().await.unwrap().stop().await.unwrap();
        }
        let files = saved(dir.path());
        assert_eq!(files.len(), 3);
        for file in &files {
            let bytes = std::fs::read(file).unwrap();
            assert!(is_backup(bytes[..72].try_into().unwrap()));
            assert!(pending(file).await.unwrap().is_some());
        }

        // Where no backup can be, nothing is changed.
        std::fs::remove_dir_all(dir.path().join("backups")).unwrap();
        std::fs::write(dir.path().join("backups"), "in the way").unwrap();
        age(&config.database).await;
        let refused = format!("{:#}", start().await.err().unwrap());
        assert!(refused.contains("cannot be backed up") && refused.contains("left as it is"), "{refused}");
        assert!(pending(&config.database).await.unwrap().is_some());
        std::fs::remove_file(dir.path().join("backups")).unwrap();
        start().await.unwrap().stop().await.unwrap();
        assert_eq!(pending(&config.database).await.unwrap(), None);
    }
}
