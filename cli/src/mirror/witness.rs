//! What the user's data folder remembers of a mirror, so that nobody can rewrite docs together with
//! the state beside them and have it taken for the platform's.
//!
//! A small file a mirror. A mirror without one is believed: an older aitk wrote it, or it was moved.

use std::fs;
use std::path::PathBuf;

use aitk_shared::api::OnLock;
use aitk_shared::event::Offset;
use aitk_shared::hash::DocsHash;
use aitk_shared::id::Epoch;
use aitk_shared::path::DocPath;
use serde::{Deserialize, Serialize};

use super::Mirror;
use super::memory;
use super::state::{Owner, State};
use super::turn::short_name;
use crate::credentials::create_private_dir;
use crate::error::Result;

/// What a state says that nobody but us may change.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Witness {
    owner: Owner,
    epoch: Epoch,
    revision: Offset,
    hash: DocsHash,
    docs_path: DocPath,
    on_lock: OnLock,
}

impl Mirror {
    /// Remembers what was just written as this mirror's state. The caller has the turn. What cannot
    /// be remembered is not compared.
    pub fn attest(&self, state: &State) {
        let new = Witness::of(state);
        if self.witness().as_ref() == Some(&new) {
            return;
        }
        let path = self.witness_file();
        let write = || -> Result<()> {
            create_private_dir(path.parent().unwrap_or(&self.data))?;
            Ok(fs::write(&path, serde_json::to_vec(&new).map_err(anyhow::Error::from)?)?)
        };
        if write().is_err() {
            // An old one would contradict the new state.
            let _ = fs::remove_file(&path);
        }
    }

    /// Whether `state` is what was written here last, or what another mirror of the project has.
    pub fn is_attested(&self, state: &State) -> bool {
        self.witness().is_none_or(|witness| {
            witness == Witness::of(state)
                || witness.owner == state.owner && memory::has_revision(&self.data, state)
        })
    }

    fn witness(&self) -> Option<Witness> {
        serde_json::from_slice(&fs::read(self.witness_file()).ok()?).ok()
    }

    fn witness_file(&self) -> PathBuf {
        self.data.join("mirrors").join(format!("{}.json", short_name(&self.folder())))
    }
}

impl Witness {
    fn of(state: &State) -> Self {
        Witness {
            owner: state.owner.clone(),
            epoch: state.epoch.clone(),
            revision: state.revision,
            hash: state.hash,
            docs_path: state.docs_path.clone(),
            on_lock: state.on_lock,
        }
    }
}
