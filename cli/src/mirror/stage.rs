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

use super::failed;
use super::scan::open_plain;
use super::stamp::Stamp;
use super::state::{STATE_FILE, State};
use crate::error::{Error, Kind, Result};

/// From so many new files on, one flush of the file system is cheaper than one of each.
const FLUSH_ALL: usize = 64;

/// A mirror in the making.
#[derive(Debug)]
pub struct Stage {
    folder: TempDir,
    folders: BTreeSet<PathBuf>,
    written: Vec<PathBuf>,
    stamps: BTreeMap<DocPath, Stamp>,
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
        Ok(Stage { folder, folders: BTreeSet::new(), written: Vec::new(), stamps: BTreeMap::new() })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a doc as `fill` fills its file; false where `fill` could not.
    pub fn write(&mut self, doc: &DocPath, fill: impl FnOnce(&File) -> io::Result<bool>) -> Result<bool> {
        let path = self.place(doc)?;
        let filled = create(&path, fill).map_err(failed("write", &path))?;
        self.written.push(path);
        Ok(filled.map(|meta| self.stamps.insert(doc.clone(), Stamp::of(&meta))).is_some())
    }

    /// Takes a doc over from the old mirror, keeping its times; `seen` is how the scan saw it.
    ///
    /// A file that was put in its place since is taken over, too: it shows when the stamps are
    /// taken after the switch.
    pub fn reuse(&mut self, doc: &DocPath, old: &Path, hash: ContentHash, seen: Stamp) -> Result<()> {
        let (from, path) = (old.join(doc.as_str()), self.place(doc)?);
        if fs::hard_link(&from, &path).is_ok() {
            self.stamps.insert(doc.clone(), seen);
            return Ok(());
        }
        if copy(&from, &path).map_err(failed("take over", &from))? != hash {
            let fact = format!("'{doc}' changed while the mirror was being brought up to date");
            return Err(Error::new(Kind::Failed, fact).hint("run the command again"));
        }
        let meta = read_only(&path).map_err(failed("take over", &from))?;
        self.stamps.insert(doc.clone(), Stamp::of(&meta));
        Ok(())
    }

    /// Writes the state and, last, the mark of completeness; after this the stage is a mirror.
    pub fn finish(&mut self, state: &State) -> Result<()> {
        let (state_file, mark) = (self.path().join(STATE_FILE), self.path().join(SYNC_HASH_FILE));
        let bytes = state.encode().map_err(anyhow::Error::from)?;
        create(&state_file, whole(&bytes)).map_err(failed("write", &state_file))?;
        self.written.push(state_file);
        self.flush().map_err(failed("flush", self.path()))?;
        create(&mark, whole(state.mark().as_bytes()))
            .and_then(|_| File::open(&mark)?.sync_all())
            .and_then(|()| sync_folder(self.path()))
            .map_err(failed("write", &mark))
    }

    /// How each doc looked when it was staged.
    pub fn stamps(&self) -> &BTreeMap<DocPath, Stamp> {
        &self.stamps
    }

    /// Gives the folder up to whoever switches it in; nothing removes it any more.
    pub fn keep(self) -> PathBuf {
        self.folder.keep()
    }

    fn place(&mut self, doc: &DocPath) -> Result<PathBuf> {
        for folder in doc.folders() {
            let path = self.path().join(folder);
            if !self.folders.contains(&path) {
                fs::create_dir(&path).map_err(failed("make", &path))?;
                self.folders.insert(path);
            }
        }
        Ok(self.path().join(doc.as_str()))
    }

    fn flush(&self) -> io::Result<()> {
        if self.written.len() >= FLUSH_ALL && flush_file_system(self.path())? {
            return Ok(());
        }
        self.written.iter().try_for_each(|path| File::open(path)?.sync_all())?;
        // A folder of links alone loses nothing that the next run does not see and bring back.
        let folders: BTreeSet<_> = self.written.iter().filter_map(|path| path.parent()).collect();
        folders.into_iter().try_for_each(sync_folder)
    }
}

/// Makes a file that nobody else may write, and fills it; `None` where `fill` could not.
fn create(path: &Path, fill: impl FnOnce(&File) -> io::Result<bool>) -> io::Result<Option<Metadata>> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o444);
    let file = options.open(path)?;
    if !fill(&file)? {
        return Ok(None);
    }
    write_protect(&file).map(Some)
}

fn whole(bytes: &[u8]) -> impl FnOnce(&File) -> io::Result<bool> {
    move |mut file| file.write_all(bytes).map(|()| true)
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

/// Makes the names in a folder last, where folders can be flushed.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    match cfg!(unix) {
        true => File::open(path)?.sync_all(),
        false => Ok(()),
    }
}

#[cfg(target_os = "linux")]
fn flush_file_system(path: &Path) -> io::Result<bool> {
    rustix::fs::syncfs(File::open(path)?)?;
    Ok(true)
}

#[cfg(not(target_os = "linux"))]
fn flush_file_system(_: &Path) -> io::Result<bool> {
    Ok(false)
}
