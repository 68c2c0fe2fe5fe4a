//! `aitk-server rotate-key`: a new secret key, and every secret sealed with it.
//!
//! Beside the key's file `….new` is the key to come and `….old` the one that goes. The steps, each of
//! which a power cut may follow: the new key is written; the old one is kept; the new one takes its
//! place; all secrets are sealed anew in one transaction; the old one goes. A server that starts in
//! between opens secrets of both, and the next run goes on from where the last one stopped.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::{backup, folder_of, settle, with_suffix};
use crate::clock::Clock;
use crate::config::Config;
use crate::crypto::{self, SecretKey};
use crate::internal;
use crate::live::Hub;
use crate::own_folder;
use crate::store::{Store, secrets};

/// Rotates the key, or completes a rotation that was cut off.
pub async fn rotate(config: &Config, clock: Clock) -> anyhow::Result<String> {
    let _folder = own_folder(config, "stop it first: it seals with the key that goes")?;
    if !fs::exists(&config.database)? {
        bail!("there is no database {}: say with --data where it is", config.database.display());
    }
    let files = Files::of(&config.secret_key_file);
    files.switch()?;
    let key = SecretKey::load(&files.now)?;
    backup::before_migration(config, clock.now()).await?;
    let store = Store::open(&config.database, clock, Hub::default()).await?;
    let done = async {
        let mut write = store.write().await?;
        let done = secrets::reseal(&mut write, &key).await?;
        write.commit().await?;
        Ok(done)
    };
    let done = done.await.map_err(internal);
    store.close().await;
    let done = done?;
    files.finish()?;
    let mut text =
        format!("a new secret key is in {}; {} secrets are sealed with it", files.now.display(), done.sealed);
    if !done.lost.is_empty() {
        text.push_str(&format!(
            "\nNo key opened these, before and now: set them again: {}.",
            done.lost.join(", ")
        ));
    }
    text.push_str("\nBackups from before hold secrets of the old key, which is gone: make a new backup.");
    Ok(text)
}

/// The files of a rotation.
struct Files {
    now: PathBuf,
    new: PathBuf,
    old: PathBuf,
}

impl Files {
    fn of(now: &Path) -> Self {
        Files { now: now.to_owned(), new: with_suffix(now, ".new"), old: crypto::old_key_file(now) }
    }

    /// Puts the new key in place and keeps the old one, unless an earlier run did.
    fn switch(&self) -> anyhow::Result<()> {
        let (new, old) = (fs::exists(&self.new)?, fs::exists(&self.old)?);
        let is_kept = old && fs::read(&self.old)? == fs::read(&self.now)?;
        match (new, old) {
            // Switched: only the secrets are left to do.
            (false, true) if !is_kept => return Ok(()),
            (true, true) if !is_kept => {
                let (new, old) = (self.new.display(), self.old.display());
                bail!("both {new} and {old} are there, which no run leaves behind: move one of them away");
            }
            _ => {}
        }
        let key = SecretKey::load(&self.now)?;
        if !new {
            // One byte tells the two apart.
            while !crypto::write_other_key(&self.new, &key)? {}
        }
        if !old {
            fs::hard_link(&self.now, &self.old)
                .or_else(|_| fs::copy(&self.now, &self.old).map(drop))
                .with_context(|| format!("cannot keep the old key as {}", self.old.display()))?;
            fs::File::open(&self.old)?.sync_all()?;
        }
        settle(folder_of(&self.now))?;
        fs::rename(&self.new, &self.now)?;
        Ok(settle(folder_of(&self.now))?)
    }

    /// Drops the old key: nothing is sealed with it any more.
    fn finish(&self) -> io::Result<()> {
        fs::remove_file(&self.old)?;
        settle(folder_of(&self.old))
    }
}
