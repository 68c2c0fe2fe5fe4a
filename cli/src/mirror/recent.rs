//! What an agent's hook need not ask twice: a good answer of a moment ago, a server that did not
//! answer in time.
//!
//! A small file a project in the user's data folder, for hooks alone: whoever runs a command wants
//! to know. A refusal is never remembered.
//!
//! Who had a good answer just now and asks again is spared all of it: that file says so, and two looks
//! tell that the project and the mirror are the same as then ([`is_spared`]).

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aitk_shared::api::nullable;
use aitk_shared::hash::DocsHash;
use aitk_shared::limits;
use aitk_shared::path::SYNC_HASH_FILE;
use aitk_shared::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::Mirror;
use super::stamp::Stamp;
use super::state::{Owner, State, now};
use super::turn::short_name;
use crate::config::PROJECT_FILE;
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
    #[serde(deserialize_with = "nullable")]
    spared: Option<Spared>,
}

/// Somebody who had a good answer, and how things looked then.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Spared {
    asker: String,
    /// The mark of the mirror's completeness, and its looks.
    mark: PathBuf,
    mark_looks: Stamp,
    /// The looks of the project file.
    #[serde(deserialize_with = "nullable")]
    project_looks: Option<Stamp>,
}

/// Whether `asker` had a good answer about the project in `root` a moment ago, and nothing moved since.
pub fn is_spared(data: &Path, root: &Path, asker: &str) -> bool {
    let read = || serde_json::from_slice::<Recent>(&fs::read(file_of(data, root)).ok()?).ok();
    let Some(Recent { at, hash: Some(_), spared: Some(spared), .. }) = read() else { return false };
    let now = now();
    at <= now
        && now.since(at) < limits::HOOK_GOOD
        && spared.asker == asker
        && looks(&spared.mark) == Some(spared.mark_looks)
        && looks(&root.join(PROJECT_FILE)) == spared.project_looks
}

fn looks(path: &Path) -> Option<Stamp> {
    fs::symlink_metadata(path).ok().map(|meta| Stamp::of(&meta))
}

fn file_of(data: &Path, root: &Path) -> PathBuf {
    data.join("recent").join(format!("{}.json", short_name(root)))
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
        let (owner, hash) = (state.owner.clone(), Some(state.hash));
        self.write_recent(&Recent { owner, at: now(), hash, spared: None });
    }

    /// Spares `asker` the same question while the good answer counts, if there is one.
    pub fn spare(&self, owner: &Owner, asker: String) {
        let mark = self.folder().join(SYNC_HASH_FILE);
        let project_looks = looks(&self.root.join(PROJECT_FILE));
        if self.was_good(owner)
            && let (Some((recent, _)), Some(mark_looks)) = (self.recent(owner), looks(&mark))
        {
            let spared = Some(Spared { asker, mark, mark_looks, project_looks });
            if recent.spared != spared {
                self.write_recent(&Recent { spared, ..recent });
            }
        }
    }

    /// Notes that the server did not answer in time.
    pub fn note_down(&self, owner: &Owner) {
        self.write_recent(&Recent { owner: owner.clone(), at: now(), hash: None, spared: None });
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
        file_of(&self.data, &self.root)
    }
}
