//! What an agent's hook need not ask twice: a good answer of a moment ago, a server that did not
//! answer in time.
//!
//! A small file a mirror in the user's data folder, for hooks alone: whoever runs a command wants
//! to know. A refusal is never remembered.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use aitk_shared::api::nullable;
use aitk_shared::hash::DocsHash;
use aitk_shared::limits;
use aitk_shared::path::SYNC_HASH_FILE;
use aitk_shared::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::Mirror;
use super::state::{Owner, State, now};
use super::turn::short_name;
use crate::credentials::create_private_dir;

/// The last answer, or the lack of one.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Recent {
    owner: Owner,
    at: Timestamp,
    /// The docs hash that was current; `null` where the server did not answer in time.
    #[serde(deserialize_with = "nullable")]
    hash: Option<DocsHash>,
}

impl Mirror {
    /// Whether this copy was current, and the docs free, so short a while ago that nobody asks again.
    pub fn was_good(&self, owner: &Owner) -> bool {
        let Some((recent, age)) = self.recent(owner) else { return false };
        let mark = recent.hash.map(|hash| format!("{hash}\n"));
        age < limits::HOOK_GOOD
            && mark.is_some_and(|mark| {
                fs::read(self.folder().join(SYNC_HASH_FILE)).is_ok_and(|found| found == mark.as_bytes())
            })
    }

    /// How long ago the server did not answer in time, while that still counts.
    pub fn was_down(&self, owner: &Owner) -> Option<Duration> {
        let (recent, age) = self.recent(owner)?;
        (recent.hash.is_none() && age < limits::HOOK_DOWN).then_some(age)
    }

    /// Notes a good answer.
    pub fn note_good(&self, state: &State) {
        self.write_recent(&Recent { owner: state.owner.clone(), at: now(), hash: Some(state.hash) });
    }

    /// Notes that the server did not answer in time.
    pub fn note_down(&self, owner: &Owner) {
        self.write_recent(&Recent { owner: owner.clone(), at: now(), hash: None });
    }

    /// Has the next hook ask again.
    pub fn ask_again(&self) {
        let _ = fs::remove_file(self.recent_file());
    }

    fn recent(&self, owner: &Owner) -> Option<(Recent, Duration)> {
        let recent: Recent = serde_json::from_slice(&fs::read(self.recent_file()).ok()?).ok()?;
        let now = now();
        let age = now.since(recent.at);
        (recent.owner == *owner && recent.at <= now).then_some((recent, age))
    }

    /// What cannot be written is asked again.
    fn write_recent(&self, recent: &Recent) {
        let path = self.recent_file();
        let write = || -> crate::error::Result<()> {
            let folder = path.parent().unwrap_or(&self.data);
            create_private_dir(folder)?;
            // A reader of a half-written file asks again.
            Ok(fs::write(&path, serde_json::to_vec(recent).map_err(anyhow::Error::from)?)?)
        };
        let _ = write();
    }

    fn recent_file(&self) -> PathBuf {
        self.data.join("recent").join(format!("{}.json", short_name(&self.folder())))
    }
}
