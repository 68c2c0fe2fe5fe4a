//! What is known of a project without asking: the first lines of its mirror's state, and what other
//! mirrors and hooks heard of its lock since.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use aitk_shared::api::{OnLock, nullable};
use aitk_shared::event::Offset;
use aitk_shared::path::{DocPath, SYNC_HASH_FILE};
use aitk_shared::time::Timestamp;
use serde::Deserialize;

use crate::mirror::memory;
use crate::mirror::state::{Owner, STATE_FILE, SeenLock, now};
use crate::sessions::{Heard, Sessions};

/// More than everything before the list of docs ever is, in bytes.
const HEAD: u64 = 16 * 1024;
/// Where the list of docs begins. The quotation marks can stand in no text of JSON.
const DOCS: &[u8] = b",\"docs\":[";

/// What a mirror and its user's notes tell.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Known {
    /// What the mirror says, if there is a complete one.
    pub state: Option<Head>,
    /// The lock as it was heard of last, by anybody here, and when.
    pub heard: Option<Heard>,
    /// Whether the project stops agents while somebody else holds the lock.
    pub denies: bool,
}

/// The first lines of a state.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Head {
    /// Whose docs they are.
    pub owner: Owner,
    /// The revision that the mirror holds.
    pub revision: Offset,
    /// The project's own docs folder, below the root.
    pub docs_path: DocPath,
    synced_at: Timestamp,
    on_lock: OnLock,
    #[serde(deserialize_with = "nullable")]
    lock: Option<SeenLock>,
}

impl Known {
    /// What is known of the mirror in `folder`, an absolute path without links; `data` is the user's
    /// data folder.
    pub fn of(folder: &Path, data: Option<&Path>) -> Self {
        let state = Head::read(folder).filter(|_| folder.join(SYNC_HASH_FILE).symlink_metadata().is_ok());
        let sessions = data.and_then(|data| Sessions::of(data, folder).heard());
        let memory =
            data.zip(state.as_ref()).and_then(|(data, state)| memory::last_heard(data, &state.owner));
        // A mirror lies where an agent's script may write: of the lock it is asked only where nobody
        // else knows, and never whether it is this user's.
        let (heard, on_lock) = match memory {
            Some((at, lock, says)) => (Some(Heard { at, lock }), Some(says)),
            None => {
                let others = |state: &Head| state.lock.clone().filter(|lock| !lock.is_yours);
                let heard = state.as_ref().map(|state| Heard { at: state.synced_at, lock: others(state) });
                (heard, state.as_ref().map(|state| state.on_lock))
            }
        };
        Known { state, heard: newer(heard, sessions), denies: on_lock == Some(OnLock::Deny) }
    }

    /// The lock, while its lease runs.
    pub fn lock(&self) -> Option<&SeenLock> {
        self.heard.as_ref()?.lock.as_ref().filter(|lock| lock.is_live(now()))
    }
}

/// The later of two; of the same time the second.
fn newer(a: Option<Heard>, b: Option<Heard>) -> Option<Heard> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if a.at > b.at { a } else { b }),
        (a, b) => a.or(b),
    }
}

impl Head {
    /// Reads no more of a state than it needs: the docs come last, and may be thousands.
    fn read(folder: &Path) -> Option<Self> {
        let mut file = File::open(folder.join(STATE_FILE)).ok()?;
        let mut bytes = Vec::with_capacity(1024);
        while bytes.len() < 64 * 1024 * 1024 {
            let had = bytes.len();
            if (&mut file).take(if had == 0 { 2 * 1024 } else { HEAD }).read_to_end(&mut bytes).ok()? == 0 {
                return serde_json::from_slice(&bytes).ok();
            }
            let from = had.saturating_sub(DOCS.len());
            if let Some(at) = bytes[from..].windows(DOCS.len()).position(|part| part == DOCS) {
                bytes.truncate(from + at);
                bytes.push(b'}');
                return serde_json::from_slice(&bytes).ok();
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::fs;

    fn state(docs: usize, reason: &str) -> String {
        let doc = json!({"path": "a.md", "hash": "0", "size": 1, "stamp": null});
        json!({
            "version": 1,
            "owner": {"origin": "http://localhost:3001", "project": "web"},
            "epoch": "e",
            "revision": 12,
            "hash": "0",
            "syncedAt": "2026-11-20T09:30:00Z",
            "docsPath": "handbook",
            "onLock": "deny",
            "lock": {"lockedBy": "Ann", "lockedAt": "2026-11-20T09:30:00Z", "reason": reason, "token": 1,
                "until": "2999-01-01T00:00:00Z", "isYours": false},
            "docs": vec![doc; docs],
        })
        .to_string()
    }

    #[test]
    fn the_head_of_a_state_is_enough_however_long_it_is() {
        let folder = tempfile::tempdir().unwrap();
        for (docs, reason) in [(0, ""), (1, "x"), (3_000, ",\"docs\":["), (2, &*"x".repeat(40_000))] {
            fs::write(folder.path().join(STATE_FILE), state(docs, reason)).unwrap();
            let head = Head::read(folder.path()).unwrap();
            assert_eq!((head.revision, head.docs_path.as_str()), (12, "handbook"));
            assert_eq!(head.lock.unwrap().reason.as_deref(), Some(reason));
        }
        for cut in ["", "{", &state(1, "x")[..60]] {
            fs::write(folder.path().join(STATE_FILE), cut).unwrap();
            assert_eq!(Head::read(folder.path()), None, "{cut}");
        }
    }

    #[test]
    fn the_latest_word_on_the_lock_counts() {
        let (folder, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(folder.path().join(STATE_FILE), state(1, "x")).unwrap();
        assert_eq!(Known::of(folder.path(), None), Known::default(), "without its mark it is not complete");
        fs::write(folder.path().join(SYNC_HASH_FILE), "").unwrap();
        let known = Known::of(folder.path(), Some(data.path()));
        assert!(known.denies && known.lock().is_some());
        let sessions = Sessions::of(data.path(), folder.path());
        sessions.hear(&Heard { at: now(), lock: None });
        assert_eq!(Known::of(folder.path(), Some(data.path())).lock(), None);
        sessions.hear(&Heard { at: Timestamp::from_millis(0), lock: None });
        assert!(Known::of(folder.path(), Some(data.path())).lock().is_some());
    }
}
