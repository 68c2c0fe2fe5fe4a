//! What is on disk in a mirror. Looks, and changes nothing; never follows a link.

use std::collections::HashMap;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use aitk_shared::hash::ContentHash;
use aitk_shared::plan::{Disk, Found};
use aitk_shared::time::Timestamp;

use super::stamp::Stamp;
use super::state::{DocState, State, is_own_name, now};

/// What a scan found.
#[derive(Clone, Debug)]
pub struct Scan {
    /// When it began.
    pub at: Timestamp,
    /// Everything below the mirror but our own files.
    pub disk: Disk,
    /// How each file looked.
    pub stamps: HashMap<PathBuf, Stamp>,
    /// Files with another mode than ours.
    pub loose: Vec<PathBuf>,
    /// Files whose bytes had to be read.
    pub hashed: usize,
}

/// How closely to look.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Depth {
    /// A file that looks as it was written is taken for what was written.
    Stamps,
    /// Every file is read.
    Bytes,
}

/// Scans the mirror in `folder`, which `state` describes; a mirror that is not there is empty.
pub fn scan(folder: &Path, state: Option<&State>, depth: Depth) -> io::Result<Scan> {
    let known = match (state, depth) {
        (Some(state), Depth::Stamps) => {
            state.docs.iter().map(|doc| (Path::new(doc.path.as_str()), doc)).collect()
        }
        _ => HashMap::new(),
    };
    let scan = Scan { at: now(), disk: Disk::new(), stamps: HashMap::new(), loose: Vec::new(), hashed: 0 };
    let mut walk = Walk { folder, known, found: Vec::new(), scan };
    match fs::symlink_metadata(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
        Ok(_) => drop(walk.folder(Path::new(""))?),
    }
    Ok(Scan { disk: walk.found.into_iter().collect(), ..walk.scan })
}

struct Walk<'a> {
    folder: &'a Path,
    known: HashMap<&'a Path, &'a DocState>,
    /// In the order of a disk, so that nothing is left to be sorted.
    found: Vec<(PathBuf, Found)>,
    scan: Scan,
}

impl Walk<'_> {
    /// Takes in everything below `inside`; returns whether there was anything.
    fn folder(&mut self, inside: &Path) -> io::Result<bool> {
        let mut any = false;
        let entries = fs::read_dir(self.folder.join(inside))?.map(|entry| entry.map(|e| (e.file_name(), e)));
        let mut entries = entries.collect::<io::Result<Vec<_>>>()?;
        entries.sort_by(|one, other| one.0.cmp(&other.0));
        for (name, entry) in entries {
            if inside.as_os_str().is_empty() && is_own_name(&name.to_string_lossy()) {
                continue;
            }
            any = true;
            match entry.metadata() {
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                meta => self.entry(inside.join(name), &meta?)?,
            }
        }
        Ok(any)
    }

    fn entry(&mut self, path: PathBuf, meta: &Metadata) -> io::Result<()> {
        let found = if meta.is_symlink() {
            Found::Link
        } else if meta.is_dir() {
            if self.folder(&path)? {
                return Ok(());
            }
            Found::EmptyFolder
        } else if meta.is_file() {
            self.file(&path, meta)
        } else {
            Found::Special
        };
        self.scan.stamps.insert(path.clone(), Stamp::of(meta));
        self.found.push((path, found));
        Ok(())
    }

    /// A file that cannot be read counts as special: it is no doc of ours, and must be moved as it is.
    fn file(&mut self, path: &Path, meta: &Metadata) -> Found {
        if !is_read_only(meta) {
            self.scan.loose.push(path.to_owned());
        }
        if let Some(doc) = self.known.get(path)
            && doc.size == meta.len()
            && doc.stamp == Some(Stamp::of(meta))
        {
            return Found::File(doc.hash);
        }
        self.scan.hashed += 1;
        open_plain(&self.folder.join(path))
            .and_then(ContentHash::of_reader)
            .map_or(Found::Special, Found::File)
    }
}

/// Opens a regular file; a link that was put there meanwhile is not followed, a pipe not waited for.
pub fn open_plain(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt;
        options.custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed());
    }
    options.open(path)
}

/// Whether everybody may read it and nobody write it, as we left it.
#[cfg(unix)]
fn is_read_only(meta: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    meta.permissions().mode() & 0o7777 == 0o444
}

#[cfg(not(unix))]
fn is_read_only(meta: &Metadata) -> bool {
    meta.permissions().readonly()
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_scan_names_everything_and_follows_nothing() {
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("secret"), "x").unwrap();
        let mirror = tempfile::tempdir().unwrap();
        let at = |name: &str| mirror.path().join(name);
        fs::create_dir_all(at("a/b")).unwrap();
        fs::create_dir(at("empty")).unwrap();
        fs::write(at("a/b/c.md"), "c").unwrap();
        fs::write(at(".sync-hash"), "ours").unwrap();
        fs::write(at(".aitk-state.json"), "ours").unwrap();
        fs::write(at("a/.sync-hash"), "theirs").unwrap();
        symlink(outside.path(), at("folder-link")).unwrap();
        symlink(outside.path().join("secret"), at("file-link")).unwrap();

        let scan = scan(mirror.path(), None, Depth::Stamps).unwrap();
        let hash = |text: &str| Found::File(ContentHash::of(text.as_bytes()));
        let expected = Disk::from([
            ("a/.sync-hash".into(), hash("theirs")),
            ("a/b/c.md".into(), hash("c")),
            ("empty".into(), Found::EmptyFolder),
            ("file-link".into(), Found::Link),
            ("folder-link".into(), Found::Link),
        ]);
        assert_eq!(scan.disk, expected);
        assert_eq!(scan.hashed, 2);
        assert_eq!(scan.loose.len(), 2);
    }

    #[test]
    fn no_mirror_is_an_empty_one() {
        let nowhere = tempfile::tempdir().unwrap().path().join("x");
        assert!(scan(&nowhere, None, Depth::Bytes).unwrap().disk.is_empty());
    }
}
