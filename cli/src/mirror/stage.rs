//! A complete new mirror, built beside the old one under a name of its own.
//!
//! Until it is switched in, nobody reads it and dropping it removes it: a full disk or
//! an error leaves the old mirror as it was.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, FileTimes, Metadata, Permissions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use aitk_shared::hash::ContentHash;
use aitk_shared::path::{DocPath, SYNC_HASH_FILE};
use tempfile::TempDir;

use super::folder::{Folder, Folders, in_halves};
use super::scan::open_plain;
use super::stamp::Stamp;
use super::state::{STATE_FILE, State};
use super::{boot, failed};
use crate::error::{Error, Kind, Result};

/// A mirror in the making.
#[derive(Debug)]
pub struct Stage {
    folder: TempDir,
    /// Held while its maker lives, where folders can be locked.
    alive: Option<File>,
    made: BTreeSet<String>,
    places: Folders,
    written: BTreeMap<DocPath, (ContentHash, Stamp)>,
}

impl Stage {
    /// Starts an empty one in `parent`, named `prefix` and something random.
    pub fn begin(parent: &Path, prefix: &str) -> Result<Self> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(prefix);
        // As `mkdir` would: the user's umask decides.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777));
        let folder = builder.tempdir_in(parent).map_err(failed("make a folder in", parent))?;
        let alive = hold(folder.path());
        let places = Folders::below(folder.path());
        Ok(Stage { folder, alive, made: BTreeSet::new(), places, written: BTreeMap::new() })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Whether nobody takes it for a dead run's, though its maker does not have the turn.
    pub fn is_held(&self) -> bool {
        self.alive.is_some()
    }

    /// Writes a doc of this hash as `fill` fills its file; false where `fill` could not.
    pub fn write(
        &mut self,
        doc: &DocPath,
        hash: ContentHash,
        fill: impl FnOnce(&File) -> io::Result<bool>,
    ) -> Result<bool> {
        self.make_room(doc)?;
        let write = || -> io::Result<_> {
            let (folder, name) = self.places.of(doc)?;
            let file = folder.create(name)?;
            Ok(if fill(&file)? { Some(write_protect(&file)?) } else { None })
        };
        let filled = write().map_err(failed("write", &self.folder.path().join(doc.as_str())))?;
        Ok(filled.map(|meta| self.written.insert(doc.clone(), (hash, Stamp::of(&meta)))).is_some())
    }

    /// Takes docs over from the old mirror, keeping their times.
    ///
    /// A file that was put in the place of one since the scan is taken over, too: it shows when the
    /// stamps are taken after the switch.
    pub fn reuse(&mut self, docs: &[(&DocPath, ContentHash)], old: &Path) -> Result<()> {
        docs.iter().try_for_each(|(doc, _)| self.make_room(doc))?;
        let link = |docs: &[(&DocPath, ContentHash)]| -> Vec<_> {
            let (mut from, mut to) = (Folders::below(old), Folders::below(self.path()));
            let mut link = |doc: &DocPath| -> io::Result<()> {
                let ((from, name), (to, _)) = (from.of(doc)?, to.of(doc)?);
                to.link(name, from)
            };
            docs.iter()
                .filter(|(doc, _)| link(doc).is_err())
                .map(|(doc, hash)| ((*doc).clone(), *hash))
                .collect()
        };
        in_halves(docs, docs.len(), link)
            .into_iter()
            .flatten()
            .try_for_each(|(doc, hash)| self.copy(&doc, old, hash))
    }

    /// Writes the state and the mark of completeness; after this the stage is a mirror.
    pub fn finish(&mut self, state: &State) -> Result<()> {
        let (state_file, mark) = (self.path().join(STATE_FILE), self.path().join(SYNC_HASH_FILE));
        let bytes = state.encode().map_err(anyhow::Error::from)?;
        let top = Folder::open(self.path()).map_err(failed("open", self.path()))?;
        create(&top, STATE_FILE, &bytes).map_err(failed("write", &state_file))?;
        let mut written: Vec<_> = self.written.keys().map(|doc| self.path().join(doc.as_str())).collect();
        written.push(state_file);
        boot::flush(self.path(), &written).map_err(failed("flush", self.path()))?;
        create(&top, SYNC_HASH_FILE, state.mark().as_bytes())
            .and_then(|()| boot::flush(self.path(), std::slice::from_ref(&mark)))
            .map_err(failed("write", &mark))
    }

    /// What was written: its hash, and how it looked then.
    pub fn written(&self) -> &BTreeMap<DocPath, (ContentHash, Stamp)> {
        &self.written
    }

    /// Gives the folder up to whoever switches it in; nothing removes it any more.
    pub fn keep(self) -> PathBuf {
        self.folder.keep()
    }

    /// Makes the folders that a doc goes into.
    fn make_room(&mut self, doc: &DocPath) -> Result<()> {
        for inside in doc.folders() {
            if !self.made.contains(inside) {
                let path = self.folder.path().join(inside);
                fs::create_dir(&path).map_err(failed("make", &path))?;
                self.made.insert(inside.to_owned());
            }
        }
        Ok(())
    }

    /// Where files cannot have two names.
    fn copy(&mut self, doc: &DocPath, old: &Path, hash: ContentHash) -> Result<()> {
        let (from, path) = (old.join(doc.as_str()), self.path().join(doc.as_str()));
        if copy(&from, &path).map_err(failed("take over", &from))? != hash {
            let fact = format!("'{doc}' changed while the mirror was being brought up to date");
            return Err(Error::new(Kind::Failed, fact).hint("run the command again"));
        }
        let meta = read_only(&path).map_err(failed("take over", &from))?;
        self.written.insert(doc.clone(), (hash, Stamp::of(&meta)));
        Ok(())
    }
}

/// Holds a folder's own lock, which ends with the process, also by `kill -9`; `None` where somebody
/// else does, or folders cannot be locked.
fn hold(folder: &Path) -> Option<File> {
    File::open(folder).ok().filter(|file| file.try_lock().is_ok())
}

/// Removes what a dead run left in `folder`; leaves alone what somebody still works on. A live run may
/// be done with it, and have removed it, at any moment.
pub fn remove_dead(folder: &Path) -> io::Result<()> {
    let remove = || match File::open(folder)?.try_lock() {
        Err(fs::TryLockError::WouldBlock) => Ok(()),
        // Where folders cannot be locked, whoever works on one has the turn.
        _ => fs::remove_dir_all(folder),
    };
    match remove() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

fn create(folder: &Folder, name: &str, bytes: &[u8]) -> io::Result<()> {
    let mut file = folder.create(name)?;
    file.write_all(bytes)?;
    write_protect(&file).map(drop)
}

/// Copies a file with its time of change; returns the hash of what arrived.
fn copy(from: &Path, to: &Path) -> io::Result<ContentHash> {
    let mut source = open_plain(from)?;
    let modified = source.metadata()?.modified()?;
    let mut target = File::create_new(to)?;
    io::copy(&mut source, &mut target)?;
    target.set_times(FileTimes::new().set_modified(modified))?;
    open_plain(to).and_then(ContentHash::of_reader)
}

/// Takes everybody's right to write a file away: 0444. A link is not followed.
pub fn read_only(path: &Path) -> io::Result<Metadata> {
    write_protect(&open_plain(path)?)
}

fn write_protect(file: &File) -> io::Result<Metadata> {
    let meta = file.metadata()?;
    let wanted = read_only_permissions(&meta);
    if meta.permissions() == wanted {
        return Ok(meta);
    }
    file.set_permissions(wanted)?;
    file.metadata()
}

#[cfg(unix)]
fn read_only_permissions(meta: &Metadata) -> Permissions {
    use std::os::unix::fs::PermissionsExt;
    let mut permissions = meta.permissions();
    permissions.set_mode((permissions.mode() & !0o7777) | 0o444);
    permissions
}

#[cfg(not(unix))]
fn read_only_permissions(meta: &Metadata) -> Permissions {
    let mut permissions = meta.permissions();
    permissions.set_readonly(true);
    permissions
}
