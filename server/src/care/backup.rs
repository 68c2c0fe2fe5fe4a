//! `aitk-server backup`, and the backup before tables are changed.

use std::fs;
use std::path::{Path, PathBuf};

use aitk_shared::limits;
use aitk_shared::time::Timestamp;
use anyhow::{Context, bail};
use tempfile::Builder;

use super::{folder_of, settle, stamp};
use crate::config::Config;
use crate::store::backup;

/// What becomes of a file that is there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Present {
    /// It stays, and the backup is refused.
    Stays,
    /// It is replaced.
    Goes,
}

impl From<bool> for Present {
    fn from(force: bool) -> Self {
        if force { Present::Goes } else { Present::Stays }
    }
}

/// Saves the database as `file`.
pub async fn to_file(
    config: &Config,
    file: &Path,
    present: Present,
    now: Timestamp,
) -> anyhow::Result<String> {
    let bytes = save(&config.database, file, present, now).await?;
    Ok(format!(
        "saved {} as {} ({} KiB)\nThe secret key {} is not in it: keep a copy of it elsewhere, and not beside the \
         backup. Without it the projects' access tokens have to be set again.",
        config.database.display(),
        file.display(),
        bytes.div_ceil(1024),
        config.secret_key_file.display(),
    ))
}

/// Saves `database` as `file`; returns its size in bytes.
async fn save(database: &Path, file: &Path, present: Present, now: Timestamp) -> anyhow::Result<u64> {
    if !database.exists() {
        bail!("there is no database {}: say with --data where it is", database.display());
    }
    if present == Present::Stays && fs::symlink_metadata(file).is_ok() {
        bail!("{} exists; give another name, or --force to replace it", file.display());
    }
    let folder = folder_of(file);
    let staged = Builder::new().prefix(".aitk-backup-").tempfile_in(folder);
    let staged = staged.with_context(|| format!("cannot write in {}", folder.display()))?;
    backup::copy(database, staged.path(), now)
        .await
        .with_context(|| format!("cannot back {} up", database.display()))?;
    staged.as_file().sync_all()?;
    let bytes = staged.as_file().metadata()?.len();
    let named = match present {
        Present::Goes => staged.persist(file),
        Present::Stays => staged.persist_noclobber(file),
    };
    named.with_context(|| format!("cannot name the backup {}", file.display()))?;
    settle(folder)?;
    Ok(bytes)
}

/// Saves a database whose tables are about to be changed, and drops older backups of this kind.
pub async fn before_migration(config: &Config, now: Timestamp) -> anyhow::Result<Option<PathBuf>> {
    let Some(from) = backup::pending(&config.database).await? else { return Ok(None) };
    let folder = config.data.join("backups");
    let file = folder.join(format!("{PREFIX}{from:04}-{}.db", stamp(now)));
    let saved = async {
        fs::create_dir_all(&folder)?;
        save(&config.database, &file, Present::Goes, now).await
    };
    saved.await.with_context(|| {
        format!(
            "the database has to be brought up to date, and cannot be backed up before, so it was left as it is; \
             make room or mend {}",
            folder.display()
        )
    })?;
    keep_newest(&folder)?;
    Ok(Some(file))
}

const PREFIX: &str = "before-migration-";

fn keep_newest(folder: &Path) -> anyhow::Result<()> {
    let mut saved = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(PREFIX) {
            saved.push((entry.metadata()?.modified()?, entry.path()));
        }
    }
    saved.sort();
    let surplus = saved.len().saturating_sub(limits::MIGRATION_BACKUPS);
    for (_, path) in saved.iter().take(surplus) {
        fs::remove_file(path)?;
    }
    Ok(())
}
