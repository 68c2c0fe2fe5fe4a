//! `aitk-server restore`: a backup takes the place of the database.
//!
//! The backup is copied, proved and made ready beside the database, and then takes its name in one
//! step. What was there keeps its bytes under another name.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use aitk_shared::time::Timestamp;
use anyhow::{Context, bail};
use tempfile::{Builder, NamedTempFile};

use super::{folder_of, settle, stamp, with_suffix};
use crate::config::Config;
use crate::own_folder;
use crate::store::backup::{self, Restored};

/// How the name of a copy begins that is being made ready.
const STAGED: &str = ".aitk-restore-";

/// Restores the database from `file`.
pub async fn from_file(config: &Config, file: &Path, now: Timestamp) -> anyhow::Result<String> {
    require_backup(file)?;
    let _folder = own_folder(config, "stop it first: it would go on with what is replaced")?;
    let database = &config.database;
    let folder = folder_of(database);
    fs::create_dir_all(folder)?;
    forget_unfinished(folder)?;
    let staged = copy_beside(file, folder)?;
    let replaced = fs::exists(database)?.then_some(database.as_path());
    let restored = backup::make_ready(staged.path(), replaced, now)
        .await
        .with_context(|| format!("{} cannot be restored, and nothing was changed", file.display()))?;
    // Whatever the database left beside it while it was made ready is in it by now.
    File::open(staged.path())?.sync_all()?;
    let aside = with_suffix(database, &format!(".before-restore-{}", stamp(now)));
    if replaced.is_some() {
        keep_as(database, &aside).await?;
    }
    move_logs(database, &aside)?;
    staged.persist(database).with_context(|| format!("cannot replace {}", database.display()))?;
    settle(folder)?;
    Ok(tell(file, &restored, replaced.map(|_| aside.as_path())))
}

/// Refuses what is no backup before anything is copied.
fn require_backup(file: &Path) -> anyhow::Result<()> {
    let mut head = [0; 72];
    let read = File::open(file).and_then(|mut file| file.read_exact(&mut head));
    match read {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {}
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", file.display())),
    }
    match backup::is_backup(&head) {
        true => Ok(()),
        false => bail!("{} is no backup that `aitk-server backup` made", file.display()),
    }
}

/// Drops what a run left that was cut off; this one has the folder for itself.
fn forget_unfinished(folder: &Path) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(STAGED) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn copy_beside(file: &Path, folder: &Path) -> anyhow::Result<NamedTempFile> {
    let mut staged = Builder::new()
        .prefix(STAGED)
        .tempfile_in(folder)
        .with_context(|| format!("cannot write in {}", folder.display()))?;
    let mut from = File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
    io::copy(&mut from, staged.as_file_mut()).with_context(|| format!("cannot copy {}", file.display()))?;
    Ok(staged)
}

/// Keeps the database under another name, too. It stays under its own until the backup takes that: at no
/// moment is there none, for which a server would begin anew.
async fn keep_as(database: &Path, aside: &Path) -> anyhow::Result<()> {
    if let Err(error) = backup::gather(database).await {
        tracing::warn!("the replaced database is kept with its log as it is: {error:#}");
    }
    if fs::hard_link(database, aside).is_err() {
        fs::copy(database, aside).with_context(|| format!("cannot keep {}", database.display()))?;
        File::open(aside)?.sync_all()?;
    }
    Ok(settle(folder_of(database))?)
}

/// Moves the log of the database away: that of one must never meet another.
fn move_logs(database: &Path, aside: &Path) -> anyhow::Result<()> {
    for log in ["-wal", "-shm"] {
        match fs::rename(with_suffix(database, log), with_suffix(aside, log)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    Ok(settle(folder_of(database))?)
}

fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn tell(file: &Path, restored: &Restored, aside: Option<&Path>) -> String {
    let mut lines = vec![format!(
        "restored {} of {}: {}, {}, every byte verified",
        file.display(),
        restored.taken_at,
        counted(restored.projects, "project"),
        counted(restored.docs, "doc")
    )];
    if let Some(aside) = aside {
        lines.push(format!("The database that was there is {}.", aside.display()));
    }
    lines.push(
        "All locks are free, and all invitations have ended: make new links with `aitk invite`.".into(),
    );
    match &restored.since {
        Some(since) => lines.push(format!(
            "Keys revoked since the backup stay revoked ({}); keys made since are gone ({}). The audit log goes on ({} \
             lines since).",
            since.revoked, since.made, since.audit_lines
        )),
        None => lines.push(
            "No database of the same life was here to tell of keys revoked since the backup: they hold again. Look at \
             `aitk key ls`."
                .into(),
        ),
    }
    lines.join("\n")
}
