//! Carrying a plan out: keep, stage, switch, clear away.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use aitk_shared::hash::ContentHash;
use aitk_shared::manifest::Manifest;
use aitk_shared::path::DocPath;
use aitk_shared::plan::{Plan, Step};
use aitk_shared::time::Timestamp;

use super::boot::Boot;
use super::contents::Contents;
use super::folder::in_halves;
use super::kept::{self, Kept};
use super::scan::Scan;
use super::stage::{self, Stage};
use super::stamp::Stamp;
use super::state::{STATE_FILE, State, is_own_name, now};
use super::{Local, Mirror, failed, folder, swap};
use crate::error::{Error, Kind, Result};
use crate::output::shown;

/// What a mirror is to be, and where the bytes for it are.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// All docs.
    pub manifest: &'a Manifest,
    /// The bytes that the mirror does not hold yet.
    pub contents: &'a Contents,
}

impl Target<'_> {
    /// The first doc of `plan` whose bytes seem to be nowhere.
    pub fn lacking<'p>(&self, plan: &'p Plan) -> Option<&'p DocPath> {
        let doc = |step: &'p Step| match step {
            Step::Write(doc) | Step::Replace(doc) => Some(doc),
            _ => None,
        };
        let is_lost = |doc: &&DocPath| {
            self.manifest.get(doc).is_none_or(|entry| !self.contents.has(doc, &entry.hash, entry.size))
        };
        plan.steps.iter().filter_map(doc).find(is_lost)
    }

    fn hash(&self, doc: &DocPath) -> Result<ContentHash> {
        self.manifest.get(doc).map(|entry| entry.hash).ok_or_else(|| missing(doc))
    }
}

/// Brings `mirror` to `target`, whose state is to be `state`; returns what was kept of other files.
///
/// The caller has the turn. Until the switch the old mirror is as it was, and it stays so
/// where anything fails.
pub fn apply(
    mirror: &Mirror,
    local: &Local,
    plan: &Plan,
    target: Target<'_>,
    mut state: State,
) -> Result<Kept> {
    let folder = mirror.folder();
    let mut kept = Kept::new(&folder, &mirror.data, state.synced_at);
    plan.aside().try_for_each(|path| kept.keep(&folder, path))?;

    let parent = folder.parent().unwrap_or(&mirror.root);
    fs::create_dir_all(parent).map_err(failed("make", parent))?;
    let mut stage = fill(parent, &folder, plan, target)?;
    for path in &local.scan.loose {
        // Only what was taken over is there.
        let _ = stage::read_only(&stage.path().join(path));
    }
    stage.finish(&state)?;
    let written = stage.written().clone();

    let at = now();
    let old = swap::swap(&folder, stage.path())?;
    mirror.attest(&state);
    // From here on the stage's name may stand for the old mirror, which may hold news.
    drop(stage.keep());
    if let Some(old) = old {
        clear_away(&old, &folder, plan, &local.scan, &mut kept)?;
    }
    note_looks(&folder, &mut state, &written, &local.scan, at);
    // Without the stamps the next run reads more, and that is all.
    let _ = record(&folder, &state);
    Ok(kept)
}

/// Makes a stage of the docs that came and of those that are here already.
fn fill(parent: &Path, old: &Path, plan: &Plan, target: Target<'_>) -> Result<Stage> {
    let (mut new, mut here) = (BTreeMap::new(), Vec::new());
    for step in &plan.steps {
        match step {
            Step::Reuse(doc) => here.push((doc, target.hash(doc)?)),
            Step::Write(doc) | Step::Replace(doc) => drop(new.insert(doc, target.hash(doc)?)),
            Step::Drop(_) | Step::PutAside(_) => {}
        }
    }
    let mut stage = match target.contents.take_draft(&new) {
        Some(draft) => draft,
        None => Stage::begin(parent, &swap::staging_prefix(old))?,
    };
    new.retain(|doc, _| !stage.written().contains_key(*doc));
    for (doc, hash) in new {
        if !stage.write(doc, hash, |file| target.contents.copy_into(&hash, file))? {
            return Err(missing(doc));
        }
    }
    stage.reuse(&here, old)?;
    Ok(stage)
}

/// Notes how the docs look, where that proves a later change; `at` is before anybody could change them.
fn note_looks(
    folder: &Path,
    state: &mut State,
    written: &BTreeMap<DocPath, (ContentHash, Stamp)>,
    scan: &Scan,
    at: Timestamp,
) {
    // A link came and another went, which changes the time of the last change.
    let taken_over: Vec<_> =
        state.docs.iter().map(|doc| &doc.path).filter(|path| !written.contains_key(path)).collect();
    let mut looks = folder::looks(folder, &taken_over).into_iter();
    let now = now();
    state.boot = Boot::now();
    for doc in &mut state.docs {
        doc.stamp = match written.get(&doc.path) {
            Some((_, stamp)) => Some(*stamp).filter(|stamp| stamp.is_settled(at)),
            None => {
                let seen = scan.stamps.get(Path::new(doc.path.as_str()));
                let is_same = |looks: &Stamp| seen.is_some_and(|seen| looks.is_same_file(*seen));
                looks.next().flatten().filter(|looks| is_same(looks) && looks.bytes_are_settled(now))
            }
        };
    }
}

/// They were there when the plan was made: the cache lost them since.
fn missing(doc: &DocPath) -> Error {
    Error::new(Kind::Failed, format!("the bytes of '{}' are nowhere", shown(doc.as_str())))
        .hint("run `aitk sync --force`")
        .source(Lost)
}

/// Marks the failure after which asking again helps.
#[derive(Debug)]
pub struct Lost;

impl std::fmt::Display for Lost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the content cache changed meanwhile")
    }
}

impl std::error::Error for Lost {}

/// A state that is being written; whoever has the turn may remove it.
const UNFINISHED_STATE: &str = ".aitk-state.new";

/// Removes a state that a dead run did not finish. The caller has the turn.
pub fn forget_unfinished(folder: &Path) -> std::io::Result<()> {
    match fs::remove_file(folder.join(UNFINISHED_STATE)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Writes the state of a mirror that stays as it is. The caller has the turn.
pub fn record(folder: &Path, state: &State) -> Result<()> {
    let path = folder.join(STATE_FILE);
    let write = || -> Result<()> {
        let staged = folder.join(UNFINISHED_STATE);
        forget_unfinished(folder)?;
        fs::write(&staged, state.encode().map_err(anyhow::Error::from)?)?;
        stage::read_only(&staged)?;
        Ok(fs::rename(&staged, &path)?)
    };
    write().map_err(|error| {
        Error::new(Kind::Failed, format!("cannot write {}: {}", path.display(), error.message))
    })
}

/// Notes how the docs look now, so that they need not be read again; puts their mode right.
pub fn touch_up(folder: &Path, scan: &Scan, state: &mut State) -> Result<()> {
    for path in &scan.loose {
        let path = folder.join(path);
        stage::read_only(&path).map_err(failed("write-protect", &path))?;
    }
    let loose: HashSet<_> = scan.loose.iter().map(PathBuf::as_path).collect();
    state.boot = Boot::now();
    for doc in &mut state.docs {
        let path = Path::new(doc.path.as_str());
        let stamp = scan.stamps.get(path).filter(|stamp| !loose.contains(path) && stamp.is_settled(scan.at));
        doc.stamp = stamp.copied();
    }
    Ok(())
}

/// Removes the switched-away mirror in `old`; what the scan did not see there came since, and is kept.
fn clear_away(old: &Path, folder: &Path, plan: &Plan, scan: &Scan, kept: &mut Kept) -> Result<()> {
    let reused = plan.steps.iter().filter(|step| matches!(step, Step::Reuse(_))).map(Step::path).collect();
    let news = news(old, Path::new(""), scan, &reused);
    for path in &news {
        if let Err(error) = kept.keep(old, path) {
            let mut left = folder.to_owned();
            left.as_mut_os_string().push(format!(".left-{}", std::process::id()));
            fs::rename(old, &left).map_err(failed("rename", old))?;
            return Err(kept::left_behind(&left, error));
        }
    }
    // What cannot be removed now is removed by the next run.
    remove(old, scan.disk.len());
    Ok(())
}

fn remove(old: &Path, files: usize) {
    let inside: Vec<_> = fs::read_dir(old).into_iter().flatten().flatten().collect();
    let remove = |entries: &[fs::DirEntry]| {
        for entry in entries.iter().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
            let _ = fs::remove_dir_all(entry.path());
        }
    };
    in_halves(&inside, files, remove);
    let _ = fs::remove_dir_all(old);
}

fn news(old: &Path, inside: &Path, scan: &Scan, reused: &HashSet<&Path>) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(old.join(inside)).into_iter().flatten().flatten() {
        let path = inside.join(entry.file_name());
        let own = inside.as_os_str().is_empty() && is_own_name(&entry.file_name().to_string_lossy());
        // What was taken over is in the new mirror as well: only another file in its place could get lost.
        let is_known = |seen: &Stamp| {
            reused.contains(path.as_path()) && seen.is_at(&entry)
                || entry.metadata().is_ok_and(|meta| Stamp::of(&meta).is_same_file(*seen))
        };
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            found.extend(news(old, &path, scan, reused));
        } else if !own && !scan.stamps.get(&path).is_some_and(is_known) {
            found.push(path);
        }
    }
    found
}
