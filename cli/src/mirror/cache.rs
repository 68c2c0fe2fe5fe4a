//! The docs' bytes a second time, by hash, in the user's cache folder: for all worktrees and
//! projects, so that a new one is filled and a damaged one repaired without the network.
//!
//! An entry is written under another name and renamed, hashed on every read, and never shared
//! with a mirror as one file. It may vanish at any time. Nothing depends on it: a cache that
//! cannot be written costs speed and nothing else.

use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use aitk_shared::hash::ContentHash;

use super::scan::open_plain;
use crate::credentials::create_private_dir;

/// An entry's time of use is not written again within this.
const TOUCH_EVERY: Duration = Duration::from_secs(3600);
/// The start of the name of an entry that is being written.
const STAGED: &str = ".new-";
/// A staged entry so old belongs to a dead run.
const DEAD: Duration = Duration::from_secs(3600);
/// What was written since the last count, one number a line. Only appended to, so that no run's is lost.
const LEDGER: &str = ".sizes";
/// A ledger so long is counted anew, in bytes.
const LEDGER_BYTES: u64 = 16 * 1024;

/// Content by hash.
#[derive(Debug)]
pub struct Cache {
    folder: PathBuf,
    /// Bytes written by this run and not in the ledger yet.
    written: AtomicU64,
    /// Whether the file system may share blocks.
    can_clone: AtomicBool,
}

impl Cache {
    /// The cache below the user's cache folder; it need not exist.
    pub fn at(cache: &Path) -> Self {
        Cache {
            folder: cache.join("content"),
            written: AtomicU64::new(0),
            can_clone: AtomicBool::new(cfg!(target_os = "linux")),
        }
    }

    /// Keeps `bytes`, whose hash is `hash`.
    pub fn put(&self, hash: &ContentHash, bytes: &[u8]) -> io::Result<()> {
        let path = self.place(hash);
        let folder = path.parent().unwrap_or(&self.folder);
        let staged = tempfile::Builder::new().prefix(STAGED).tempfile_in(folder).or_else(|error| {
            if error.kind() != ErrorKind::NotFound {
                return Err(error);
            }
            create_private_dir(folder).map_err(|error| io::Error::other(error.message))?;
            tempfile::Builder::new().prefix(STAGED).tempfile_in(folder)
        });
        let mut staged = staged?;
        staged.write_all(bytes)?;
        staged.into_temp_path().persist(&path).map_err(|error| error.error)?;
        self.written.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        Ok(())
    }

    /// Whether there is an entry of this size; its bytes are proven when they are read.
    pub fn seems_to_hold(&self, hash: &ContentHash, size: u64) -> bool {
        fs::symlink_metadata(self.place(hash)).is_ok_and(|meta| meta.is_file() && meta.len() == size)
    }

    /// The size of a proven entry.
    pub fn verify(&self, hash: &ContentHash) -> Option<u64> {
        let mut size = 0;
        self.read(hash, |file| {
            size = file.metadata()?.len();
            ContentHash::of_reader(file)
        })
        .then_some(size)
    }

    /// The bytes of a proven entry.
    pub fn get(&self, hash: &ContentHash) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        self.read(hash, |mut file| {
            file.read_to_end(&mut bytes)?;
            Ok(ContentHash::of(&bytes))
        })
        .then_some(bytes)
    }

    /// Writes a proven entry's bytes into the empty file `to`; where it is false, `to` may hold anything.
    pub fn copy_into(&self, hash: &ContentHash, to: &File) -> io::Result<bool> {
        let mut lost = None;
        let done = self.read(hash, |file| {
            if self.clone_file(file, to) {
                return ContentHash::of_reader(file);
            }
            let mut tee = Tee { from: file, to, lost: &mut lost };
            ContentHash::of_reader(&mut tee)
        });
        // A full disk is no fault of the entry's.
        lost.map_or(Ok(done), Err)
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// How many bytes it holds.
    pub fn size(&self) -> u64 {
        self.entries().iter().map(|entry| entry.size).sum()
    }

    /// Ends a run that may have written: once it holds more than `limit` bytes, what was not used
    /// for longest goes. Looks at the entries only when it may hold too much.
    pub fn settle(&self, limit: u64) {
        let written = self.written.swap(0, Ordering::Relaxed);
        if written == 0 {
            return;
        }
        let ledger = self.folder.join(LEDGER);
        let known = fs::read_to_string(&ledger).ok().filter(|text| text.len() as u64 <= LEDGER_BYTES);
        let sum = known.and_then(|text| {
            let numbers = text.lines().map(|line| line.parse::<u64>().ok());
            numbers.sum::<Option<u64>>()?.checked_add(written)
        });
        // A ledger that cannot be written is read as unknown, and counted anew.
        let _ = match sum.filter(|sum| *sum <= limit) {
            Some(_) => File::options()
                .append(true)
                .open(&ledger)
                .and_then(|mut file| file.write_all(format!("{written}\n").as_bytes())),
            None => fs::write(&ledger, format!("{}\n", self.trim(limit))),
        };
    }

    /// Removes what was not used for longest until a quarter of `limit` is free, if it is passed;
    /// returns what is left, in bytes.
    fn trim(&self, limit: u64) -> u64 {
        let mut entries = self.entries();
        let age = |entry: &Entry| entry.used.elapsed().unwrap_or_default();
        let (staged, kept): (Vec<_>, Vec<_>) = entries.drain(..).partition(|entry| entry.is_staged);
        // Another run may have been faster.
        staged.iter().filter(|entry| age(entry) > DEAD).for_each(|entry| drop(fs::remove_file(&entry.path)));
        entries = kept;
        entries.sort_by_key(|entry| entry.used);
        let mut sum: u64 = entries.iter().map(|entry| entry.size).sum();
        let goal = if sum > limit { limit / 4 * 3 } else { limit };
        for entry in entries {
            if sum <= goal {
                break;
            }
            if fs::remove_file(&entry.path).is_ok() {
                sum -= entry.size;
            }
        }
        sum
    }

    fn entries(&self) -> Vec<Entry> {
        let shelves = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let files = shelves.flat_map(|shelf| fs::read_dir(shelf.path()).into_iter().flatten().flatten());
        let entry = |file: fs::DirEntry| {
            let meta = file.metadata().ok().filter(Metadata::is_file)?;
            Some(Entry {
                path: file.path(),
                size: meta.len(),
                used: meta.modified().ok()?,
                is_staged: file.file_name().to_string_lossy().starts_with(STAGED),
            })
        };
        files.filter_map(entry).collect()
    }

    fn place(&self, hash: &ContentHash) -> PathBuf {
        let name = hash.to_string();
        self.folder.join(&name[..2]).join(name)
    }

    /// Whether `hashed`, given the entry, finds the hash in its name; an entry of other bytes is removed.
    fn read(&self, hash: &ContentHash, hashed: impl FnOnce(&File) -> io::Result<ContentHash>) -> bool {
        let path = self.place(hash);
        let Ok(file) = open_plain(&path) else { return false };
        match hashed(&file) {
            Ok(found) if found == *hash => {
                touch(&file);
                true
            }
            Ok(_) => {
                let _ = fs::remove_file(&path);
                false
            }
            Err(_) => false,
        }
    }

    /// Lets `to` have the blocks of `from` until one of them is written to, where that can be done.
    #[cfg(target_os = "linux")]
    fn clone_file(&self, from: &File, to: &File) -> bool {
        let cloned = self.can_clone.load(Ordering::Relaxed) && rustix::fs::ioctl_ficlone(to, from).is_ok();
        self.can_clone.store(cloned, Ordering::Relaxed);
        cloned
    }

    #[cfg(not(target_os = "linux"))]
    fn clone_file(&self, _: &File, _: &File) -> bool {
        self.can_clone.load(Ordering::Relaxed)
    }
}

struct Entry {
    path: PathBuf,
    size: u64,
    used: SystemTime,
    is_staged: bool,
}

/// Notes that an entry was used.
fn touch(file: &File) {
    let used = file.metadata().and_then(|meta| meta.modified()).ok();
    if used.and_then(|used| used.elapsed().ok()).is_some_and(|since| since > TOUCH_EVERY) {
        let _ = file.set_modified(SystemTime::now());
    }
}

/// Passes on what is read.
struct Tee<'a> {
    from: &'a File,
    to: &'a File,
    lost: &'a mut Option<io::Error>,
}

impl Read for Tee<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(buffer)?;
        if let Err(error) = self.to.write_all(&buffer[..read]) {
            *self.lost = Some(error);
            return Err(ErrorKind::BrokenPipe.into());
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache() -> (tempfile::TempDir, Cache) {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path());
        (folder, cache)
    }

    fn put(cache: &Cache, text: &str) -> ContentHash {
        let hash = ContentHash::of(text.as_bytes());
        cache.put(&hash, text.as_bytes()).unwrap();
        hash
    }

    #[test]
    fn what_is_put_in_comes_out_as_it_was() {
        let (folder, cache) = cache();
        let large = "x".repeat(200_000);
        for text in ["", "a", &large] {
            let hash = put(&cache, text);
            assert_eq!(cache.get(&hash).unwrap(), text.as_bytes());
            assert_eq!(cache.verify(&hash), Some(text.len() as u64));
            assert!(cache.seems_to_hold(&hash, text.len() as u64));
            let path = folder.path().join("copy");
            assert!(cache.copy_into(&hash, &File::create(&path).unwrap()).unwrap());
            assert_eq!(fs::read(&path).unwrap(), text.as_bytes());
        }
        assert_eq!(cache.size(), 200_001);
        let unknown = ContentHash::of(b"unknown");
        assert!(cache.get(&unknown).is_none() && cache.verify(&unknown).is_none());
    }

    #[cfg(unix)]
    #[test]
    fn only_the_user_may_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let (_folder, cache) = cache();
        let path = cache.place(&put(&cache, "a"));
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        assert_eq!((mode(path.parent().unwrap()), mode(&cache.folder)), (0o700, 0o700));
    }

    #[test]
    fn an_entry_with_other_bytes_is_missing_and_removed() {
        let (folder, cache) = cache();
        type Use = fn(&Cache, &ContentHash, &Path) -> bool;
        let uses: [Use; 3] = [
            |cache, hash, _| cache.get(hash).is_some(),
            |cache, hash, _| cache.verify(hash).is_some(),
            |cache, hash, to| cache.copy_into(hash, &File::create(to).unwrap()).unwrap(),
        ];
        for reads in uses {
            let hash = put(&cache, "right");
            fs::write(cache.place(&hash), "wrong").unwrap();
            assert!(!reads(&cache, &hash, &folder.path().join("copy")));
            assert!(!cache.seems_to_hold(&hash, 5));
            put(&cache, "right");
            assert!(reads(&cache, &hash, &folder.path().join("copy")));
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_in_its_place_is_not_followed() {
        let (folder, cache) = cache();
        let hash = put(&cache, "a");
        fs::write(folder.path().join("a"), "a").unwrap();
        fs::remove_file(cache.place(&hash)).unwrap();
        std::os::unix::fs::symlink(folder.path().join("a"), cache.place(&hash)).unwrap();
        assert_eq!(cache.get(&hash), None);
    }

    #[test]
    fn what_was_not_used_for_longest_goes_when_it_is_full() {
        let (_folder, cache) = cache();
        let hashes: Vec<_> = (0..10).map(|n| put(&cache, &n.to_string().repeat(100))).collect();
        let old = SystemTime::now() - Duration::from_secs(86_400);
        for (n, hash) in hashes.iter().enumerate() {
            let at = old + Duration::from_secs(n as u64);
            File::open(cache.place(hash)).unwrap().set_modified(at).unwrap();
        }
        // The oldest is used, so it is the youngest now.
        assert!(cache.verify(&hashes[0]).is_some());
        cache.settle(1_000);
        assert_eq!(cache.size(), 1_000, "it is not over its limit");
        put(&cache, "more");
        cache.settle(1_000);
        let left: Vec<_> = hashes.iter().map(|hash| cache.verify(hash).is_some()).collect();
        assert_eq!(left, [true, false, false, false, true, true, true, true, true, true]);
        assert_eq!(cache.size(), 704);
    }

    #[test]
    fn what_many_runs_write_is_added_up() {
        let (folder, cache) = cache();
        for n in 0..20 {
            let run = Cache::at(folder.path());
            put(&run, &format!("{n:0>100}"));
            run.settle(1_000);
            assert!(cache.size() <= 1_000, "after run {n}: {}", cache.size());
        }
    }

    #[test]
    fn an_entry_that_a_dead_run_left_half_is_removed() {
        let (_folder, cache) = cache();
        let shelf = cache.place(&put(&cache, "a")).parent().unwrap().to_owned();
        let (dead, young) = (shelf.join(".new-dead"), shelf.join(".new-young"));
        fs::write(&young, "").unwrap();
        File::create(&dead).unwrap().set_modified(SystemTime::now() - DEAD * 2).unwrap();
        cache.settle(1_000);
        assert!(!dead.exists() && young.exists());
    }
}
