//! Where files go that are not ours, and edits of files that are: the user's `kept` folder.
//!
//! Nothing that only the disk has is ever deleted. A file is linked or copied here while
//! the mirror still holds it, so that a run that dies in between loses nothing.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use aitk_shared::time::Timestamp;

use super::failed;
use super::turn::short_name;
use crate::error::{Error, Kind, Result};

/// One run's folder of kept files; made when the first comes.
#[derive(Debug)]
pub struct Kept {
    folder: PathBuf,
    paths: Vec<PathBuf>,
}

impl Kept {
    /// Prepares to keep files of `mirror` as of `now`.
    pub fn new(mirror: &Path, data: &Path, now: Timestamp) -> Self {
        let time: String = now.to_string().chars().filter(char::is_ascii_alphanumeric).collect();
        let folder = data.join("kept").join(format!("{time}-{}", short_name(mirror)));
        Kept { folder, paths: Vec::new() }
    }

    /// Keeps what is at `path` below `mirror`; it stays there, too.
    pub fn keep(&mut self, mirror: &Path, path: &Path) -> Result<()> {
        let (from, mut to) = (mirror.join(path), self.folder.join(path));
        while to.symlink_metadata().is_ok() {
            to.as_mut_os_string().push("~");
        }
        let parent = to.parent().unwrap_or(&self.folder);
        crate::credentials::create_private_dir(parent)?;
        // A link needs no space and goes on with whoever still writes; it cannot leave the file system.
        fs::hard_link(&from, &to)
            .or_else(|_| copy(&from, &to))
            .and_then(|()| File::open(parent)?.sync_all())
            .map_err(failed("keep", &from))?;
        self.paths.push(path.to_owned());
        Ok(())
    }

    /// Where the files are, if there are any.
    pub fn folder(&self) -> Option<&Path> {
        (!self.paths.is_empty()).then_some(&self.folder)
    }

    /// What was kept, relative to the mirror.
    pub fn paths(&self) -> &[PathBuf] {
        &self.paths
    }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let kind = fs::symlink_metadata(from)?.file_type();
    if kind.is_symlink() {
        return copy_link(&fs::read_link(from)?, to);
    }
    if !kind.is_file() {
        return Err(io::Error::other("it is neither a file nor a link; move it away by hand"));
    }
    // `io::copy` rather than `fs::copy`: the copy must stay writable for its flush.
    let mut source = super::scan::open_plain(from)?;
    let mut target = File::create_new(to)?;
    io::copy(&mut source, &mut target)?;
    target.sync_all()
}

#[cfg(unix)]
fn copy_link(target: &Path, to: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, to)
}

#[cfg(not(unix))]
fn copy_link(target: &Path, to: &Path) -> io::Result<()> {
    fs::write(to, target.as_os_str().as_encoded_bytes())
}

/// An error for files that could not be kept after the switch: they are in `left` now.
pub fn left_behind(left: &Path, cause: Error) -> Error {
    Error::new(
        Kind::Failed,
        format!("{}; the docs are in place, your other files are in {}", cause.message, left.display()),
    )
    .hint("move them where they belong")
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    #[test]
    fn files_and_links_are_kept_with_their_folders() {
        let (mirror, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::create_dir(mirror.path().join("a")).unwrap();
        fs::write(mirror.path().join("a/mine"), "bytes").unwrap();
        std::os::unix::fs::symlink("/nowhere", mirror.path().join("link")).unwrap();
        let mut kept = Kept::new(mirror.path(), data.path(), Timestamp::from_millis(0));
        assert_eq!(kept.folder(), None);
        for path in ["a/mine", "link"] {
            kept.keep(mirror.path(), Path::new(path)).unwrap();
        }
        let folder = kept.folder().unwrap();
        assert!(folder.starts_with(data.path().join("kept")));
        assert_eq!(fs::read(folder.join("a/mine")).unwrap(), b"bytes");
        assert_eq!(fs::read_link(folder.join("link")).unwrap(), Path::new("/nowhere"));
    }

    #[test]
    fn what_cannot_be_linked_is_copied() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::write(at("file"), "bytes").unwrap();
        std::os::unix::fs::symlink("file", at("link")).unwrap();
        copy(&at("file"), &at("file2")).unwrap();
        copy(&at("link"), &at("link2")).unwrap();
        assert_eq!(fs::read(at("file2")).unwrap(), b"bytes");
        assert_eq!(fs::read_link(at("link2")).unwrap(), Path::new("file"));
        assert!(copy(dir.path(), &at("folder2")).is_err());
    }
}
