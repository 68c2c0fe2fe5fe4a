//! What a mirror knows of itself: the private state file in it.
//!
//! Decoded strictly. A state that cannot be read, or of another version, is no state:
//! then everything is compared and fetched anew, and nothing is ever taken for fine.

use std::fs;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use aitk_shared::api::{Lock, OnLock, SyncAnswer, nullable};
use aitk_shared::event::Offset;
use aitk_shared::hash::{ContentHash, DocsHash};
use aitk_shared::id::Epoch;
use aitk_shared::lock::FencingToken;
use aitk_shared::manifest::{Entry, Manifest};
use aitk_shared::path::{DocPath, OWN_PREFIX, SYNC_HASH_FILE};
use aitk_shared::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::boot::Boot;
use super::stamp::Stamp;
use crate::context::Context;
use crate::error::Result;

/// The state's file, at the top of the mirror.
pub const STATE_FILE: &str = ".aitk-state.json";
/// Grows with every change that an older reader would misread.
pub const VERSION: u32 = 1;

/// The state of a complete mirror.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct State {
    /// Of this file's layout.
    pub version: u32,
    /// Whose copy it is.
    pub owner: Owner,
    /// The epoch in which `revision` counts.
    pub epoch: Epoch,
    /// The revision that it is a copy of.
    pub revision: Offset,
    /// The docs hash.
    pub hash: DocsHash,
    /// When the platform last said that this is current.
    pub synced_at: Timestamp,
    /// The project's own docs folder, below the root.
    pub docs_path: DocPath,
    /// What agents may do while somebody else holds the lock.
    pub on_lock: OnLock,
    /// The lock that the last answer told of.
    #[serde(deserialize_with = "nullable")]
    pub lock: Option<SeenLock>,
    /// The boot in which the docs' stamps were noted; in another they prove nothing.
    #[serde(deserialize_with = "nullable")]
    pub boot: Option<Boot>,
    /// What was written, sorted by path bytes.
    pub docs: Vec<DocState>,
}

/// Which docs a mirror is a copy of.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Owner {
    /// The server's origin.
    pub origin: String,
    /// The project, as it is configured.
    pub project: String,
}

impl Owner {
    /// The docs that a run is about.
    pub fn of(context: &Context) -> Result<Self> {
        let origin = context.server()?.origin().as_str().to_owned();
        Ok(Owner { origin, project: context.project()?.to_owned() })
    }
}

/// A lock as it was last seen; its end is reckoned by this machine's clock.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SeenLock {
    /// The holder's name.
    pub locked_by: String,
    /// Since when, by the server's clock.
    pub locked_at: Timestamp,
    /// Why.
    #[serde(deserialize_with = "nullable")]
    pub reason: Option<String>,
    /// The fencing token.
    pub token: FencingToken,
    /// The moment of the answer and what was left of the lease then.
    pub until: Timestamp,
    /// Whether the asking credential holds it.
    pub is_yours: bool,
}

impl SeenLock {
    /// Remembers `lock` as it came at `now`.
    pub fn new(lock: &Lock, is_yours: bool, now: Timestamp) -> Self {
        SeenLock {
            locked_by: lock.locked_by.clone(),
            locked_at: lock.locked_at,
            reason: lock.reason.clone(),
            token: lock.token,
            until: now.plus(Duration::from_millis(lock.remaining_ms)),
            is_yours,
        }
    }

    /// What an answer says of the lock; a lease that is over binds nobody.
    pub fn of<D>(answer: &SyncAnswer<D>, now: Timestamp) -> Option<Self> {
        let live = answer.lock.as_ref().filter(|lock| lock.remaining_ms > 0);
        live.map(|lock| SeenLock::new(lock, answer.lock_is_yours, now))
    }

    /// Whether two answers told of the same lock.
    pub fn is_the_same(old: Option<&Self>, new: Option<&Self>) -> bool {
        match (old, new) {
            (None, None) => true,
            // The end is reckoned anew with every answer; only a renewal moves it by more than the way here.
            (Some(old), Some(new)) => {
                let moved = new.until.since(old.until).max(old.until.since(new.until));
                moved < Duration::from_secs(1) && SeenLock { until: old.until, ..new.clone() } == *old
            }
            _ => false,
        }
    }

    /// Whether it binds at `now`.
    pub fn is_live(&self, now: Timestamp) -> bool {
        now < self.until
    }
}

/// One doc that was written.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DocState {
    /// Where.
    pub path: DocPath,
    /// The hash of its bytes.
    pub hash: ContentHash,
    /// Their number.
    pub size: u64,
    /// How the file looked; `null` where it was too fresh to tell a later change by it.
    #[serde(deserialize_with = "nullable")]
    pub stamp: Option<Stamp>,
}

impl State {
    /// The state of a mirror that is to hold what `answer` and `manifest` say.
    pub fn new<D>(owner: Owner, answer: &SyncAnswer<D>, manifest: &Manifest, now: Timestamp) -> Self {
        State {
            version: VERSION,
            owner,
            epoch: answer.epoch.clone(),
            revision: answer.revision,
            hash: manifest.docs_hash(),
            synced_at: now,
            docs_path: answer.docs_path.clone(),
            on_lock: answer.on_lock,
            lock: SeenLock::of(answer, now),
            boot: Boot::now(),
            docs: State::docs_of(manifest),
        }
    }

    /// Docs of which no file was seen yet.
    pub fn docs_of(manifest: &Manifest) -> Vec<DocState> {
        let doc = |(path, entry): (&DocPath, &Entry)| DocState {
            path: path.clone(),
            hash: entry.hash,
            size: entry.size,
            stamp: None,
        };
        manifest.iter().map(doc).collect()
    }

    /// What was written.
    pub fn manifest(&self) -> Manifest {
        self.docs.iter().map(|d| (d.path.clone(), Entry { hash: d.hash, size: d.size })).collect()
    }

    /// Reads the state in `folder`; `None` for one that is not there or not to be trusted.
    pub fn read(folder: &Path) -> Option<Self> {
        State::decode(&State::bytes(folder)?)
    }

    /// The state file in `folder` as it is.
    pub fn bytes(folder: &Path) -> Option<Vec<u8>> {
        let path = folder.join(STATE_FILE);
        let plain = fs::symlink_metadata(&path).ok()?.is_file();
        fs::read(path).ok().filter(|_| plain)
    }

    /// A state; `None` for bytes that are not to be trusted.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let state: State = serde_json::from_slice(bytes).ok()?;
        let sorted = state.docs.windows(2).all(|two| two[0].path < two[1].path);
        (state.version == VERSION && sorted && state.manifest().docs_hash() == state.hash).then_some(state)
    }

    /// The bytes of the state file.
    pub fn encode(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(self)
    }

    /// Whether `folder` carries the mark of a complete mirror with this state's docs.
    pub fn is_marked(&self, folder: &Path) -> bool {
        let path = folder.join(SYNC_HASH_FILE);
        let plain = fs::symlink_metadata(&path).is_ok_and(|meta| meta.is_file());
        plain && fs::read(path).is_ok_and(|mark| mark == self.mark().as_bytes())
    }

    /// The text of [`SYNC_HASH_FILE`].
    pub fn mark(&self) -> String {
        format!("{}\n", self.hash)
    }
}

/// Whether a name at the top of a mirror is ours rather than a doc's.
pub fn is_own_name(name: &str) -> bool {
    name == SYNC_HASH_FILE || name.starts_with(OWN_PREFIX)
}

/// The clock, read at the edge.
pub fn now() -> Timestamp {
    let since = UNIX_EPOCH.elapsed().unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> State {
        let manifest: Manifest = [("a.md", "1"), ("b/c.md", "2")]
            .into_iter()
            .map(|(path, text)| {
                let hash = ContentHash::of(text.as_bytes());
                (DocPath::parse(path).unwrap(), Entry { hash, size: 1 })
            })
            .collect();
        let lock = Lock {
            project_id: "p".to_owned().try_into().unwrap(),
            locked_by: "Ann".into(),
            locked_at: Timestamp::from_millis(0),
            expires_at: Timestamp::from_millis(9),
            remaining_ms: 60_000,
            reason: None,
            token: FencingToken::new(1),
        };
        let answer: SyncAnswer = SyncAnswer {
            hash: manifest.docs_hash(),
            revision: 12,
            epoch: Epoch::parse("e").unwrap(),
            lock: Some(lock),
            on_lock: OnLock::Warn,
            docs_path: DocPath::parse("docs").unwrap(),
            base: None,
            docs: vec![],
            removed: vec![],
            lock_is_yours: false,
        };
        let owner = Owner { origin: "http://localhost:3001".into(), project: "web".into() };
        State::new(owner, &answer, &manifest, Timestamp::from_millis(1_000))
    }

    #[test]
    fn a_state_survives_its_file() {
        let mut state = state();
        state.docs[0].stamp = Some(serde_json::from_str("[1,-2,18446744073709551615]").unwrap());
        assert_eq!(State::decode(&state.encode().unwrap()), Some(state));
    }

    #[test]
    fn what_is_cut_changed_or_of_another_version_is_no_state() {
        let text = String::from_utf8(state().encode().unwrap()).unwrap();
        let hash = ContentHash::of(b"1").to_string();
        for bad in [
            "",
            &text[..text.len() - 1],
            &text.replace("\"version\":1", "\"version\":2"),
            &text.replace("\"revision\":12", "\"revision\":\"12\""),
            &text.replace("\"lock\":{", "\"luck\":{"),
            &text.replace(&hash, &hash.replace('a', "b")),
            &text.replace("a.md", "../a.md"),
            &text.replace("a.md", "z.md"),
            &text.replacen('{', "{\"more\":1,", 1),
        ] {
            assert_ne!(bad, text);
            assert_eq!(State::decode(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn a_remembered_lease_ends_by_this_clock() {
        let lock = state().lock.unwrap();
        assert!(lock.is_live(Timestamp::from_millis(60_999)));
        assert!(!lock.is_live(Timestamp::from_millis(61_000)));
    }
}
