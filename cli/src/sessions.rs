//! What is known of the agents' sessions that work with a mirror: which had a good check, and what
//! each was told; and the lock as a hook last heard of it.
//!
//! A small file a session in the user's data folder, so that no two of them wait for each other. What
//! cannot be written is told, or asked, once more.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use aitk_shared::api::nullable;
use aitk_shared::event::Offset;
use aitk_shared::lock::FencingToken;
use aitk_shared::time::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::credentials::create_private_dir;
use crate::error::Result;
use crate::mirror::state::SeenLock;
use crate::mirror::turn::short_name;

/// Sessions that are remembered for one mirror; the oldest go.
const MOST: usize = 64;
/// The file of the lock, which is no session's.
const LOCK: &str = "lock.json";

/// The sessions of one mirror.
pub struct Sessions(PathBuf);

/// What is known of a session that had a good check.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// The newest revision that it was told of.
    #[serde(deserialize_with = "nullable")]
    pub revision: Option<Offset>,
    /// The lock that it was told of.
    #[serde(deserialize_with = "nullable")]
    pub lock: Option<FencingToken>,
}

/// The lock, or that there is none, as a hook heard of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Heard {
    /// When.
    pub at: Timestamp,
    /// The lock.
    #[serde(deserialize_with = "nullable")]
    pub lock: Option<SeenLock>,
}

impl Sessions {
    /// Those that work with the mirror in `folder`, an absolute path without links; `data` is the
    /// user's data folder.
    pub fn of(data: &Path, folder: &Path) -> Self {
        Sessions(data.join("sessions").join(short_name(folder)))
    }

    /// What is known of the session `id`; `None` where it had no good check.
    pub fn get(&self, id: &str) -> Option<Note> {
        read(&self.file(id))
    }

    /// Remembers it.
    pub fn put(&self, id: &str, note: Note) {
        if write(&self.file(id), &note).is_ok() {
            self.forget_the_oldest();
        }
    }

    /// Notes a good check; `told` is the revision that the session was told of now. A session that
    /// is not new keeps what it was told before.
    pub fn note_good(&self, id: &str, revision: Option<Offset>, told: bool) {
        let old = self.get(id);
        let before = old.unwrap_or_default();
        let revision = if told { revision } else { before.revision.or(revision) };
        let note = Note { revision, ..before };
        if old != Some(note) {
            self.put(id, note);
        }
    }

    /// The lock as a hook heard of it last.
    pub fn heard(&self) -> Option<Heard> {
        read(&self.0.join(LOCK))
    }

    /// Remembers what a hook heard of the lock.
    pub fn hear(&self, heard: &Heard) {
        let _ = write(&self.0.join(LOCK), heard);
    }

    fn file(&self, id: &str) -> PathBuf {
        self.0.join(format!("{}.json", short_name(Path::new(id))))
    }

    fn forget_the_oldest(&self) {
        let entries = fs::read_dir(&self.0).into_iter().flatten().flatten();
        let mut files: Vec<_> = entries
            .filter(|entry| entry.file_name() != LOCK)
            .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
            .collect();
        files.sort();
        for (_, path) in files.iter().take(files.len().saturating_sub(MOST)) {
            let _ = fs::remove_file(path);
        }
    }
}

fn read<T: DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

/// Not flushed: after a power cut nobody's session goes on.
fn write(path: &Path, value: &impl Serialize) -> Result<()> {
    let folder = path.parent().unwrap_or(path);
    create_private_dir(folder)?;
    let mut staged = tempfile::Builder::new().prefix(".aitk-").tempfile_in(folder)?;
    staged.write_all(&serde_json::to_vec(value).map_err(anyhow::Error::from)?)?;
    staged.persist(path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_keeps_what_it_was_told_until_it_is_told_more() {
        let data = tempfile::tempdir().unwrap();
        let sessions = Sessions::of(data.path(), Path::new("/p/.docs"));
        assert_eq!(sessions.get("a"), None);
        sessions.note_good("a", Some(3), true);
        sessions.note_good("a", Some(5), false);
        assert_eq!(sessions.get("a"), Some(Note { revision: Some(3), lock: None }));
        sessions.note_good("a", Some(5), true);
        assert_eq!(sessions.get("a"), Some(Note { revision: Some(5), lock: None }));
        assert_eq!(sessions.get("../a"), None);
        assert_eq!(Sessions::of(data.path(), Path::new("/q/.docs")).get("a"), None);
    }

    #[test]
    fn the_oldest_sessions_are_forgotten_and_the_lock_is_not() {
        let data = tempfile::tempdir().unwrap();
        let sessions = Sessions::of(data.path(), Path::new("/p/.docs"));
        let heard = Heard { at: Timestamp::from_millis(1), lock: None };
        sessions.hear(&heard);
        for n in 0..MOST + 9 {
            sessions.put(&n.to_string(), Note::default());
        }
        let kept = (0..MOST + 9).filter(|n| sessions.get(&n.to_string()).is_some()).count();
        assert_eq!(kept, MOST);
        assert_eq!(sessions.heard(), Some(heard));
    }
}
