//! What is remembered of each project beyond a single mirror: its last revision and lock, so that
//! a new worktree needs neither the network nor all docs again.
//!
//! A small file a project in the user's data folder. Which docs the revision has is in the content
//! cache: the listing whose hash is the docs hash.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aitk_shared::api::{OnLock, SyncAnswer, nullable};
use aitk_shared::event::Offset;
use aitk_shared::hash::{ContentHash, DocsHash};
use aitk_shared::id::Epoch;
use aitk_shared::manifest::{Entry, Manifest};
use aitk_shared::path::DocPath;
use aitk_shared::plan::Found;
use aitk_shared::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::boot::Boot;
use super::cache::Cache;
use super::state::{Owner, SeenLock, State};
use super::turn::file_name_of;
use super::{Local, Mirror};
use crate::credentials::create_private_dir;

/// Grows with every change that an older reader would misread.
const VERSION: u32 = 1;
/// What says nothing new is written again only when it is older than this.
const WRITE_EVERY: Duration = Duration::from_secs(10);

/// The last that a project's platform said to anybody here.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Memory {
    version: u32,
    owner: Owner,
    epoch: Epoch,
    revision: Offset,
    hash: DocsHash,
    /// When the revision was current.
    synced_at: Timestamp,
    /// When the lock was as it is here.
    seen_at: Timestamp,
    docs_path: DocPath,
    on_lock: OnLock,
    #[serde(deserialize_with = "nullable")]
    lock: Option<SeenLock>,
}

impl Mirror {
    /// Remembers a good answer, and what it made of this mirror. What cannot be kept is not missed.
    pub fn remember(&self, state: &State) {
        let new = Memory::of(state);
        let old = Memory::read(&self.data, &state.owner);
        if old.as_ref().is_some_and(|old| new.says_the_same(old)) {
            return;
        }
        if old.is_none_or(|old| old.hash != new.hash) {
            let listing = state.manifest().listing();
            let _ = self.cache.put(&as_content(&new.hash), listing.as_bytes());
        }
        new.write(&self.data);
    }

    /// Remembers who is in the way; the docs stay as they are known.
    pub fn remember_lock<D>(&self, owner: &Owner, answer: &SyncAnswer<D>, now: Timestamp) {
        if let Some(old) = Memory::read(&self.data, owner) {
            let lock = SeenLock::of(answer, now);
            let docs_path = answer.docs_path.clone();
            Memory { lock, docs_path, on_lock: answer.on_lock, seen_at: now, ..old }.write(&self.data);
        }
    }

    /// Remembers that this user took, prolonged or ended a lock.
    pub fn remember_own_lock(&self, owner: &Owner, lock: Option<SeenLock>, now: Timestamp) {
        if let Some(old) = Memory::read(&self.data, owner)
            && (lock.is_some() || old.lock.as_ref().is_some_and(|lock| lock.is_yours))
        {
            Memory { lock, seen_at: now, ..old }.write(&self.data);
        }
    }

    /// The lock of `owner` as it was seen last, here or by another mirror. What a mirror says itself
    /// counts only where nothing is remembered: an agent's script may write there.
    pub fn last_lock(&self, local: &Local, owner: &Owner) -> Option<SeenLock> {
        let here = local.state.as_ref().filter(|state| state.owner == *owner);
        match Memory::read(&self.data, owner) {
            Some(memory) => memory.lock,
            None => here.and_then(|state| state.lock.clone()),
        }
    }

    /// The last known state of which every doc is at hand: in the mirror, or in the cache. Each is
    /// proven, but for those in the mirror that the scan took for unchanged.
    pub fn at_hand(&self, local: &Local, owner: &Owner) -> Option<State> {
        if let Some(state) = local.verified().filter(|state| state.owner == *owner) {
            return Some(state.clone());
        }
        let is_in_mirror = |path: &DocPath, hash: &ContentHash| {
            local.scan.disk.get(Path::new(path.as_str())) == Some(&Found::File(*hash))
        };
        let cached = |hash: &ContentHash| self.cache.verify(hash).is_some();
        if let Some(state) = local.state.as_ref().filter(|state| state.owner == *owner)
            && state.docs.iter().all(|doc| is_in_mirror(&doc.path, &doc.hash) || cached(&doc.hash))
        {
            return Some(state.clone());
        }
        let memory = Memory::read(&self.data, owner)?;
        let mut docs = Manifest::default();
        for (path, hash) in listed(&self.cache, &memory.hash)? {
            let size = match is_in_mirror(&path, &hash) {
                true => fs::symlink_metadata(self.folder().join(path.as_str())).ok()?.len(),
                false => self.cache.verify(&hash)?,
            };
            docs.insert(path, Entry { hash, size });
        }
        Some(memory.state(&docs)).filter(|state| state.hash == docs.docs_hash())
    }
}

impl Memory {
    fn of(state: &State) -> Self {
        Memory {
            version: VERSION,
            owner: state.owner.clone(),
            epoch: state.epoch.clone(),
            revision: state.revision,
            hash: state.hash,
            synced_at: state.synced_at,
            seen_at: state.synced_at,
            docs_path: state.docs_path.clone(),
            on_lock: state.on_lock,
            lock: state.lock.clone(),
        }
    }

    fn state(self, docs: &Manifest) -> State {
        let docs = State::docs_of(docs);
        State {
            version: super::state::VERSION,
            owner: self.owner,
            epoch: self.epoch,
            revision: self.revision,
            hash: self.hash,
            synced_at: self.synced_at,
            docs_path: self.docs_path,
            on_lock: self.on_lock,
            lock: self.lock,
            boot: Boot::now(),
            docs,
        }
    }

    fn says_the_same(&self, old: &Memory) -> bool {
        let recent = self.synced_at >= old.synced_at && self.synced_at.since(old.synced_at) < WRITE_EVERY;
        let same_lock = SeenLock::is_the_same(old.lock.as_ref(), self.lock.as_ref());
        let (synced_at, seen_at, lock) = (old.synced_at, old.seen_at, old.lock.clone());
        recent && same_lock && Memory { synced_at, seen_at, lock, ..self.clone() } == *old
    }

    fn read(data: &Path, owner: &Owner) -> Option<Self> {
        let memory: Memory = serde_json::from_slice(&fs::read(file(data, owner)).ok()?).ok()?;
        (memory.version == VERSION && memory.owner == *owner).then_some(memory)
    }

    /// Not flushed: after a power cut an older memory is as good as none.
    fn write(&self, data: &Path) {
        let path = file(data, &self.owner);
        let folder = path.parent().unwrap_or(data);
        let write = || -> crate::error::Result<()> {
            create_private_dir(folder)?;
            let mut staged = tempfile::Builder::new().prefix(".aitk-").tempfile_in(folder)?;
            staged.write_all(&serde_json::to_vec(self).map_err(anyhow::Error::from)?)?;
            staged.persist(&path).map_err(|error| error.error)?;
            Ok(())
        };
        let _ = write();
    }
}

/// The lock of `owner` as any mirror here heard of it last, when that was, and what it does to agents.
pub fn last_heard(data: &Path, owner: &Owner) -> Option<(Timestamp, Option<SeenLock>, OnLock)> {
    Memory::read(data, owner).map(|memory| (memory.seen_at, memory.lock, memory.on_lock))
}

/// Whether `state` is of the revision that its platform had last, as any mirror here heard.
pub fn has_revision(data: &Path, state: &State) -> bool {
    let of = |memory: Memory| (memory.epoch, memory.revision, memory.hash, memory.docs_path, memory.on_lock);
    Memory::read(data, &state.owner).is_some_and(|memory| of(memory) == of(Memory::of(state)))
}

/// The docs of a revision, from the listing in the cache.
fn listed(cache: &Cache, hash: &DocsHash) -> Option<Vec<(DocPath, ContentHash)>> {
    let listing = String::from_utf8(cache.get(&as_content(hash))?).ok()?;
    let doc = |line: &str| {
        let (hash, path) = line.split_once("  ")?;
        Some((DocPath::parse(path).ok()?, ContentHash::parse(hash).ok()?))
    };
    listing.lines().map(doc).collect()
}

/// A docs hash is the content hash of the listing.
fn as_content(hash: &DocsHash) -> ContentHash {
    ContentHash::from_bytes(*hash.as_bytes())
}

fn file(data: &Path, owner: &Owner) -> PathBuf {
    let name = file_name_of(format!("{}\n{}", owner.origin, owner.project).as_bytes(), 32);
    data.join("projects").join(format!("{name}.json"))
}
