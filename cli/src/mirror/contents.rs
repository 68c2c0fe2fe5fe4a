//! Where the bytes of docs are before a mirror holds them: in the content cache, or, where that
//! cannot be written, in a nameless file beside the mirror. While they come they are also written
//! where a new mirror will need them: its draft.
//!
//! Docs are taken in one by one, each proven by its hash, so that memory holds one at a time.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aitk_shared::api::SyncDoc;
use aitk_shared::hash::ContentHash;
use aitk_shared::path::DocPath;

use super::cache::Cache;
use super::stage::Stage;
use super::stamp::Stamp;
use super::swap::staging_prefix;
use super::{answer, failed};
use crate::error::Result;
use crate::output::shown;

/// A doc of an answer whose bytes are at hand.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Arrived {
    /// Where it goes.
    pub path: DocPath,
    /// The proven hash of its bytes.
    pub hash: ContentHash,
    /// Their number.
    pub size: u64,
}

/// The bytes at hand.
#[derive(Debug)]
pub struct Contents {
    cache: Arc<Cache>,
    /// Whether the cache takes what comes.
    caches: AtomicBool,
    /// Where the nameless file goes.
    beside: PathBuf,
    spool: Mutex<Option<Spool>>,
    draft: Mutex<Draft>,
    /// Docs that were taken in.
    count: AtomicU64,
    /// Docs that will have come, where that is known.
    expected: AtomicU64,
}

/// A mirror in the making that holds what came, as long as all goes well: whatever goes wrong here
/// is told by whoever makes the mirror from the other places.
#[derive(Debug)]
enum Draft {
    /// It may be begun, for the mirror that is here.
    Possible(PathBuf),
    Begun(Box<Stage>),
    GivenUp,
}

/// Bytes in a file without a name, which ends with the process.
#[derive(Debug)]
struct Spool {
    file: File,
    /// Where each begins, and its size.
    places: HashMap<ContentHash, (u64, u64)>,
    end: u64,
}

impl Contents {
    /// What `cache` has and takes; `beside` is a folder on the mirror's file system.
    pub fn new(cache: Arc<Cache>, beside: &Path) -> Self {
        Contents {
            cache,
            caches: AtomicBool::new(true),
            beside: beside.to_owned(),
            spool: Mutex::new(None),
            draft: Mutex::new(Draft::GivenUp),
            count: AtomicU64::new(0),
            expected: AtomicU64::new(0),
        }
    }

    /// The same, which drafts the next mirror in `folder` from what comes.
    pub fn drafting(self, folder: &Path) -> Self {
        Contents { draft: Mutex::new(Draft::Possible(folder.to_owned())), ..self }
    }

    /// The draft, if it has these docs and no others.
    pub fn take_draft(&self, docs: &BTreeMap<&DocPath, ContentHash>) -> Option<Stage> {
        let mut draft = self.draft.lock().unwrap_or_else(PoisonError::into_inner);
        let Draft::Begun(stage) = std::mem::replace(&mut *draft, Draft::GivenUp) else { return None };
        let is_wanted = |(doc, (hash, _)): (&DocPath, &(ContentHash, Stamp))| docs.get(doc) == Some(hash);
        Some(*stage).filter(|stage| stage.written().iter().all(is_wanted))
    }

    /// Takes one doc in; refuses bytes that are not its hash.
    pub fn take_in(&self, doc: SyncDoc) -> Result<Arrived> {
        let name = shown(doc.file_name.as_str());
        let bytes = doc
            .content
            .into_bytes()
            .map_err(|error| answer::refused(&format!("the content of '{name}' is no base64: {error}")))?;
        if ContentHash::of(&bytes) != doc.hash {
            let why = format!("the bytes of '{name}' do not have the hash that it gives them");
            return Err(answer::refused(&why));
        }
        self.draft(&doc.file_name, doc.hash, &bytes);
        self.keep(doc.hash, &bytes)?;
        self.count.fetch_add(1, Ordering::Relaxed);
        Ok(Arrived { path: doc.file_name, hash: doc.hash, size: bytes.len() as u64 })
    }

    /// Puts no more into the cache, which lost what it was given.
    pub fn distrust_cache(&self) {
        self.caches.store(false, Ordering::Relaxed);
    }

    /// Whether the bytes of a doc with this hash seem to be at hand.
    pub fn has(&self, doc: &DocPath, hash: &ContentHash, size: u64) -> bool {
        if let Draft::Begun(stage) = &*self.draft.lock().unwrap_or_else(PoisonError::into_inner)
            && stage.written().get(doc).is_some_and(|(written, _)| written == hash)
        {
            return true;
        }
        let spooled = self.spool().as_ref().is_some_and(|spool| spool.places.contains_key(hash));
        spooled || self.cache.seems_to_hold(hash, size)
    }

    /// Writes the bytes into the empty file `to`; false where they are not at hand after all.
    pub fn copy_into(&self, hash: &ContentHash, to: &File) -> io::Result<bool> {
        match self.spool().as_mut().and_then(|spool| Some((*spool.places.get(hash)?, &mut spool.file))) {
            Some((place, file)) => copy_part(file, place, to).map(|found| found == *hash),
            None => self.cache.copy_into(hash, to),
        }
    }

    /// How many docs were taken in.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// Notes how many docs will have come.
    pub fn expect(&self, count: u64) {
        self.expected.store(count, Ordering::Relaxed);
    }

    /// How many docs will have come; `None` where that is not known yet.
    pub fn expected(&self) -> Option<u64> {
        Some(self.expected.load(Ordering::Relaxed)).filter(|count| *count > 0)
    }

    fn draft(&self, doc: &DocPath, hash: ContentHash, bytes: &[u8]) {
        let mut draft = self.draft.lock().unwrap_or_else(PoisonError::into_inner);
        if let Draft::Possible(folder) = &*draft {
            let parent = folder.parent().unwrap_or(&self.beside);
            let stage = Stage::begin(parent, &staging_prefix(folder)).ok().filter(Stage::is_held);
            *draft = stage.map_or(Draft::GivenUp, |stage| Draft::Begun(Box::new(stage)));
        }
        if let Draft::Begun(stage) = &mut *draft
            && !stage.write(doc, hash, |mut file| file.write_all(bytes).map(|()| true)).unwrap_or(false)
        {
            *draft = Draft::GivenUp;
        }
    }

    fn keep(&self, hash: ContentHash, bytes: &[u8]) -> Result<()> {
        if self.caches.load(Ordering::Relaxed) && self.cache.put(&hash, bytes).is_ok() {
            return Ok(());
        }
        self.distrust_cache();
        let spooled = || -> io::Result<()> {
            let mut spool = self.spool();
            if spool.is_none() {
                let file = tempfile::tempfile_in(&self.beside)?;
                *spool = Some(Spool { file, places: HashMap::new(), end: 0 });
            }
            let Some(spool) = spool.as_mut() else { return Ok(()) };
            spool.file.seek(SeekFrom::Start(spool.end))?;
            spool.file.write_all(bytes)?;
            spool.places.insert(hash, (spool.end, bytes.len() as u64));
            spool.end += bytes.len() as u64;
            Ok(())
        };
        spooled().map_err(failed("keep docs in", &self.beside))
    }

    fn spool(&self) -> MutexGuard<'_, Option<Spool>> {
        self.spool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn copy_part(file: &mut File, (start, size): (u64, u64), mut to: &File) -> io::Result<ContentHash> {
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(size).read_to_end(&mut bytes)?;
    to.write_all(&bytes)?;
    Ok(ContentHash::of(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use aitk_shared::api::Content;

    fn doc(name: &str, text: &str) -> SyncDoc {
        SyncDoc {
            file_name: DocPath::parse(name).unwrap(),
            content: Content::from_bytes(text.as_bytes().to_vec()),
            hash: ContentHash::of(text.as_bytes()),
        }
    }

    fn read(contents: &Contents, text: &str) -> Option<Vec<u8>> {
        let (hash, mut file) = (ContentHash::of(text.as_bytes()), tempfile::tempfile().unwrap());
        contents.copy_into(&hash, &file).unwrap().then(|| {
            let mut bytes = Vec::new();
            file.rewind().unwrap();
            file.read_to_end(&mut bytes).unwrap();
            bytes
        })
    }

    #[test]
    fn docs_are_at_hand_also_where_there_can_be_no_cache() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("file"), "").unwrap();
        for cache in ["cache", "file"] {
            let cache = Arc::new(Cache::at(&folder.path().join(cache)));
            let contents = Contents::new(cache, folder.path());
            for (name, text) in [("a", "1"), ("b", "two"), ("c", ""), ("d", "1")] {
                let arrived = contents.take_in(doc(name, text)).unwrap();
                assert_eq!((arrived.path.as_str(), arrived.size), (name, text.len() as u64));
                assert!(contents.has(&arrived.path, &arrived.hash, arrived.size));
            }
            for text in ["two", "1", ""] {
                assert_eq!(read(&contents, text).unwrap(), text.as_bytes());
            }
            assert_eq!(read(&contents, "other"), None);
            assert_eq!(contents.count(), 4);
        }
        let names: Vec<_> =
            std::fs::read_dir(folder.path()).unwrap().flatten().map(|e| e.file_name()).collect();
        assert_eq!(names.len(), 2, "a spool has no name: {names:?}");
    }

    #[test]
    fn bytes_that_are_not_their_hash_are_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let contents = Contents::new(Arc::new(Cache::at(folder.path())), folder.path());
        let forged = SyncDoc { hash: ContentHash::of(b"2"), ..doc("a", "1") };
        assert!(contents.take_in(forged).unwrap_err().message.contains("'a'"));
        assert!(!["1", "2"].iter().any(|text| contents.has(
            &DocPath::parse("a").unwrap(),
            &ContentHash::of(text.as_bytes()),
            1
        )));
    }
}
