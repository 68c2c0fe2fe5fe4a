//! The `.docs/` folder: a copy of the platform's docs, byte for byte, switched as a whole.
//!
//! A mirror is read ([`Mirror::read`]), compared with a proven answer ([`answer`]) by the
//! pure planner, staged, and switched ([`apply`]); [`update`] is the whole way. Bytes come by way
//! of a cache ([`cache`]), and what is known of a project outlives its mirrors ([`memory`]).
//! Invariants: a reader sees one revision or the next; nothing is switched away that is not
//! ours; no byte that only the disk has is lost; no link is followed; whoever changes a
//! mirror has the [`turn`].

pub mod answer;
pub mod apply;
pub mod boot;
pub mod cache;
pub mod contents;
pub mod folder;
pub mod git;
pub mod kept;
pub mod memory;
pub mod note;
pub mod recent;
pub mod repair;
pub mod report;
pub mod scan;
pub mod stage;
pub mod stamp;
pub mod state;
pub mod swap;
pub mod turn;
pub mod update;
pub mod witness;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aitk_shared::manifest::Manifest;
use aitk_shared::path::SYNC_HASH_FILE;
use aitk_shared::plan::{Plan, holds, plan};

use crate::context::Context;
use crate::error::{Error, Kind, Result};
use crate::output::shown;
use boot::Boot;
use cache::Cache;
use contents::Contents;
use git::Hiding;
use scan::{Depth, Scan};
use state::{Owner, STATE_FILE, State};
use turn::Turn;

/// A mirror that is switched while it is looked at is looked at again, so often.
const LOOKS: usize = 5;

/// A place for docs.
#[derive(Clone, Debug)]
pub struct Mirror {
    /// The project root; absolute.
    pub root: PathBuf,
    /// The folder, relative to the root.
    pub inside: PathBuf,
    /// The user's data folder: turns, kept files, what is remembered.
    pub data: PathBuf,
    /// The user's content cache.
    pub cache: Arc<Cache>,
}

/// A mirror as it is on disk.
#[derive(Clone, Debug)]
pub struct Local {
    /// What the mirror knows of itself.
    pub state: Option<State>,
    /// The same, as it is on disk.
    pub bytes: Option<Vec<u8>>,
    /// What the last sync wrote; nothing where that is unknown.
    pub base: Manifest,
    /// What is there now.
    pub scan: Scan,
    /// Whether the mark of completeness is there.
    pub marked: bool,
}

impl Mirror {
    /// The mirror of a run's project.
    pub fn of(context: &Context) -> Result<Self> {
        // One name for one folder, or two runs would not wait for each other.
        let root = context.root.canonicalize().map_err(failed("read", &context.root))?;
        let cache = Arc::new(Cache::at(&context.dirs.cache));
        Ok(Mirror { root, inside: context.config.mirror.clone(), data: context.dirs.data.clone(), cache })
    }

    /// Where the docs are; absolute.
    pub fn folder(&self) -> PathBuf {
        self.root.join(&self.inside)
    }

    /// What is at hand of the docs' bytes, and room for more.
    pub fn contents(&self) -> Contents {
        Contents::new(self.cache.clone(), &self.root).drafting(&self.folder())
    }

    /// Waits for the turn to change it.
    pub fn turn(&self) -> Result<Turn> {
        Turn::take(&self.folder(), &self.data)
    }

    /// Clears up what dead runs left, if there is anything.
    pub fn recover(&self) -> Result<()> {
        self.refuse_links()?;
        let folder = self.folder();
        let parent = folder.parent().unwrap_or(&self.root);
        if !parent.is_dir() || swap::leftovers(&folder)?.is_empty() {
            return Ok(());
        }
        let _turn = self.turn()?;
        swap::recover(&folder)
    }

    /// Looks at what is there; refuses a place that is not ours to change.
    pub fn read(&self, depth: Depth) -> Result<Local> {
        let folder = self.folder();
        for _ in 0..LOOKS {
            match self.look(&folder, depth) {
                // Another run put the next mirror in its place meanwhile.
                Err(error) if is_gone(&error) => {}
                looked => return looked,
            }
        }
        self.look(&folder, depth)
    }

    fn look(&self, folder: &Path, depth: Depth) -> Result<Local> {
        self.refuse_links()?;
        refuse_strangers(folder)?;
        let bytes = State::bytes(folder);
        // A state that somebody else wrote is none: everything is compared and fetched anew.
        let state = bytes.as_deref().and_then(State::decode).filter(|state| self.is_attested(state));
        let is_of_now = state.as_ref().is_some_and(|state| state.boot == Boot::now());
        let depth = if is_of_now { depth } else { Depth::Bytes };
        let scan = scan::scan(folder, state.as_ref(), depth).map_err(failed("read", folder))?;
        let marked = state.as_ref().is_some_and(|state| state.is_marked(folder));
        let base = state.as_ref().map(State::manifest).unwrap_or_default();
        Ok(Local { state, bytes, base, scan, marked })
    }

    /// Refuses the docs of another owner, whose edits would be taken for ours.
    pub fn refuse_other(&self, local: &Local, owner: &Owner) -> Result<()> {
        let Some(its) = local.state.as_ref().map(|state| &state.owner).filter(|its| *its != owner) else {
            return Ok(());
        };
        let name = |owner: &Owner| shown(&format!("{} of {}", owner.project, owner.origin));
        let fact =
            format!("{} holds the docs of {}, not of {}", self.inside.display(), name(its), name(owner));
        Err(Error::new(Kind::NotFound, fact)
            .hint("correct the project or the server, or replace the copy with `aitk sync --force`"))
    }

    /// Has git not see a mirror that is new, and refuses one in the place of tracked files.
    fn hide_from_git(&self, local: &Local) -> Option<Hiding> {
        local.state.is_none().then(|| Hiding::begin(&self.root, &self.inside))
    }

    fn refuse_links(&self) -> Result<()> {
        let mut path = self.root.clone();
        for part in &self.inside {
            path.push(part);
            match fs::symlink_metadata(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
                Err(error) => return Err(failed("read", &path)(error)),
                Ok(meta) if meta.is_symlink() => return Err(refused(&path, "is a symbolic link")),
                Ok(meta) if !meta.is_dir() => return Err(refused(&path, "is not a folder")),
                Ok(_) => {}
            }
        }
        Ok(())
    }
}

impl Local {
    /// The state, if the mirror is complete and holds exactly what it says.
    pub fn verified(&self) -> Option<&State> {
        self.state.as_ref().filter(|_| self.marked && holds(&self.scan.disk, &self.base))
    }

    /// The way back from what is there to what was written.
    pub fn drift(&self) -> Result<Plan> {
        self.plan(&self.base)
    }

    /// The way from what is there to `target`.
    pub fn plan(&self, target: &Manifest) -> Result<Plan> {
        plan(&self.base, &self.scan.disk, target)
            .map_err(|collision| Error::new(Kind::Failed, shown(&collision.to_string())))
    }
}

/// A folder that holds something and does not say that it is a mirror is somebody's.
fn refuse_strangers(folder: &Path) -> Result<()> {
    let ours = [STATE_FILE, SYNC_HASH_FILE].iter().any(|name| folder.join(name).symlink_metadata().is_ok());
    let empty = fs::read_dir(folder).map_or(true, |mut entries| entries.next().is_none());
    match ours || empty {
        true => Ok(()),
        false => Err(refused(folder, "is not empty and not a mirror")),
    }
}

fn is_gone(error: &Error) -> bool {
    let cause = error.source.as_ref().and_then(|cause| cause.downcast_ref::<io::Error>());
    cause.is_some_and(|cause| cause.kind() == io::ErrorKind::NotFound)
}

fn refused(path: &Path, why: &str) -> Error {
    Error::new(Kind::NotFound, format!("{} {why}; nothing was changed", path.display()))
        .hint("move it away, or set another `mirror` in .aitk.toml")
}

/// Says which file could not be dealt with.
pub(crate) fn failed(what: &str, path: &Path) -> impl Fn(io::Error) -> Error {
    move |error| Error::new(Kind::Failed, format!("cannot {what} {}: {error}", path.display())).source(error)
}

#[cfg(test)]
pub(crate) mod tests;
