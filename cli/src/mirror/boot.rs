//! What a power cut may take, and how that is seen.
//!
//! A new mirror is not flushed before it is switched in: that would be most of a sync's time. After
//! `kill -9` nothing of it is lost, since what was written is the kernel's. After a power cut a
//! file may be shorter than it was written, or empty: so a state names the boot in which the looks of
//! its files were noted, and in any other boot they prove nothing: the next run reads every byte,
//! and brings back what is missing, before it calls a mirror current or lets it stand in for the
//! platform. A full disk is seen while files are written, on the file systems that set the space
//! aside then; on others (NFS tells when files are closed), and where boots have no name, everything
//! is flushed.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

/// From so many new files on, one flush of the file system is cheaper than one of each.
const FLUSH_ALL: usize = 64;

/// The machine's time between two starts.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Boot(String);

impl Boot {
    /// This one, where the machine gives it a name (Linux: `random(4)`, `boot_id`).
    pub fn now() -> Option<Self> {
        static NOW: OnceLock<Option<Boot>> = OnceLock::new();
        let read = || {
            let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
            Some(Boot(text.trim().to_owned())).filter(|boot| !boot.0.is_empty())
        };
        NOW.get_or_init(|| if cfg!(target_os = "linux") { read() } else { None }).clone()
    }
}

/// Makes new files in `folder` last, and the names in their folders, where that has to be.
pub fn flush(folder: &Path, files: &[PathBuf]) -> io::Result<()> {
    match is_needed(folder) {
        true => flush_now(folder, files),
        false => Ok(()),
    }
}

/// Makes the names in a folder last, where that has to be.
pub fn flush_folder(folder: &Path) -> io::Result<()> {
    match is_needed(folder) {
        true => sync_folder(folder),
        false => Ok(()),
    }
}

fn is_needed(folder: &Path) -> bool {
    Boot::now().is_none() || !sets_space_aside(folder)
}

/// Whether a write fails at once on this file system when the disk is full, as `statfs(2)` names it.
#[cfg(target_os = "linux")]
fn sets_space_aside(folder: &Path) -> bool {
    const EXT: u64 = 0xef53;
    const XFS: u64 = 0x5846_5342;
    const BTRFS: u64 = 0x9123_683e;
    const F2FS: u64 = 0xf2f5_2010;
    const TMPFS: u64 = 0x0102_1994;
    const OVERLAY: u64 = 0x794c_7630;
    let kind = rustix::fs::statfs(folder).ok().and_then(|stat| u64::try_from(stat.f_type).ok());
    kind.is_some_and(|kind| [EXT, XFS, BTRFS, F2FS, TMPFS, OVERLAY].contains(&kind))
}

#[cfg(not(target_os = "linux"))]
fn sets_space_aside(_: &Path) -> bool {
    false
}

fn flush_now(folder: &Path, files: &[PathBuf]) -> io::Result<()> {
    if files.len() >= FLUSH_ALL && flush_file_system(folder)? {
        return Ok(());
    }
    files.iter().try_for_each(|path| File::open(path)?.sync_all())?;
    // A folder of links alone loses nothing that the next run does not see and bring back.
    let folders: std::collections::BTreeSet<_> = files.iter().filter_map(|path| path.parent()).collect();
    folders.into_iter().try_for_each(sync_folder)
}

fn sync_folder(path: &Path) -> io::Result<()> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_to_last_can_be_flushed_file_by_file_or_as_a_whole() {
        let folder = tempfile::tempdir().unwrap();
        for count in [1, FLUSH_ALL] {
            let files: Vec<_> = (0..count).map(|n| folder.path().join(n.to_string())).collect();
            files.iter().for_each(|path| std::fs::write(path, "x").unwrap());
            flush_now(folder.path(), &files).unwrap();
        }
        assert!(flush_now(folder.path(), &[folder.path().join("gone")]).is_err());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_system_that_tells_of_a_full_disk_late_is_flushed() {
        assert!(is_needed(Path::new("/proc")));
    }
}
