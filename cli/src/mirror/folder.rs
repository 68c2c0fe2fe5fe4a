//! A folder that is open: what is in it is reached by its name alone, which spares the kernel the
//! whole way to each of thousands of files.

use std::io;
use std::path::{Path, PathBuf};
use std::thread;

use aitk_shared::path::DocPath;

use super::stamp::Stamp;

#[cfg(not(unix))]
pub use elsewhere::Folder;
#[cfg(unix)]
pub use unix::Folder;

/// From so many files on, two threads are faster than one.
const MANY: usize = 256;

/// The folders below one, of which the last used is open.
#[derive(Debug)]
pub struct Folders {
    root: PathBuf,
    open: Option<(String, Folder)>,
}

impl Folders {
    /// Those below `root`.
    pub fn below(root: &Path) -> Self {
        Folders { root: root.to_owned(), open: None }
    }

    /// Opens the folder that a doc is in; returns it and the doc's name there.
    pub fn of<'d>(&mut self, doc: &'d DocPath) -> io::Result<(&Folder, &'d str)> {
        let (inside, name) = doc.as_str().rsplit_once('/').unwrap_or(("", doc.as_str()));
        let open = match self.open.take() {
            Some((open, folder)) if open == inside => (open, folder),
            _ => (inside.to_owned(), Folder::open(&self.root.join(inside))?),
        };
        Ok((&self.open.insert(open).1, name))
    }
}

/// How docs below `root` look.
pub fn looks(root: &Path, docs: &[&DocPath]) -> Vec<Option<Stamp>> {
    let look = |docs: &[&DocPath]| -> Vec<_> {
        let mut folders = Folders::below(root);
        docs.iter().map(|doc| folders.of(doc).and_then(|(folder, name)| folder.stamp(name)).ok()).collect()
    };
    in_halves(docs, docs.len(), look).concat()
}

/// Gives two threads a half each, if so many `files` are enough to do.
pub fn in_halves<T: Sync, R: Send>(all: &[T], files: usize, work: impl Fn(&[T]) -> R + Sync) -> Vec<R> {
    if files < MANY {
        return vec![work(all)];
    }
    let (one, other) = all.split_at(all.len() / 2);
    thread::scope(|scope| match thread::Builder::new().spawn_scoped(scope, || work(one)) {
        Ok(first) => {
            let second = work(other);
            match first.join() {
                Ok(first) => vec![first, second],
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        Err(_) => vec![work(one), work(other)],
    })
}

#[cfg(unix)]
mod unix {
    use std::fs::File;
    use std::io;
    use std::os::fd::OwnedFd;
    use std::path::Path;

    use rustix::fs::{AtFlags, Mode, OFlags, linkat, openat, statat};

    use super::Stamp;

    /// An open folder.
    #[derive(Debug)]
    pub struct Folder(OwnedFd);

    impl Folder {
        /// Opens the folder at `path`; a link there is not followed.
        pub fn open(path: &Path) -> io::Result<Self> {
            let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            Ok(Folder(rustix::fs::open(path, flags, Mode::empty())?))
        }

        /// Makes a new file in it, which nobody else may write.
        pub fn create(&self, name: &str) -> io::Result<File> {
            let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::CLOEXEC;
            Ok(openat(&self.0, name, flags, Mode::from_raw_mode(0o444))?.into())
        }

        /// Gives the file of this name in `from` the same name here.
        pub fn link(&self, name: &str, from: &Folder) -> io::Result<()> {
            Ok(linkat(&from.0, name, &self.0, name, AtFlags::empty())?)
        }

        /// How a file in it looks; a link is not followed.
        pub fn stamp(&self, name: &str) -> io::Result<Stamp> {
            Ok(Stamp::of_stat(&statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW)?))
        }
    }
}

#[cfg(not(unix))]
mod elsewhere {
    use std::fs::{self, File};
    use std::io;
    use std::path::{Path, PathBuf};

    use super::Stamp;

    /// Where a folder is.
    #[derive(Debug)]
    pub struct Folder(PathBuf);

    impl Folder {
        /// The folder at `path`.
        pub fn open(path: &Path) -> io::Result<Self> {
            Ok(Folder(path.to_owned()))
        }

        /// Makes a new file in it.
        pub fn create(&self, name: &str) -> io::Result<File> {
            File::create_new(self.0.join(name))
        }

        /// Gives the file of this name in `from` the same name here.
        pub fn link(&self, name: &str, from: &Folder) -> io::Result<()> {
            fs::hard_link(from.0.join(name), self.0.join(name))
        }

        /// How a file in it looks; a link is not followed.
        pub fn stamp(&self, name: &str) -> io::Result<Stamp> {
            Ok(Stamp::of(&fs::symlink_metadata(self.0.join(name))?))
        }
    }
}
