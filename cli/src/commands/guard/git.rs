//! `aitk guard --git`: git's hook before a commit, for every tool that has no hooks of its own.
//!
//! It refuses a commit that touches the mirror, the project's own docs folder (unless this user holds
//! the lock), or what `.aitk.toml` protects. Whatever is staged was written already; what counts is
//! that nobody else gets it. A person gets past it as past every such hook: `git commit --no-verify`.

use std::io;
use std::path::{Path, PathBuf};

use aitk_shared::guard::{Place, STAGING_INFIX};

use super::view::Disk;
use crate::config::{self, Environment, Flags, PROJECT_FILE};
use crate::error::{Error, Kind, Result};
use crate::mirror::git;
use crate::mirror::state::{State, now};
use crate::output::shown;

/// Paths that a refusal names.
const NAMED: usize = 10;

/// Judges what is staged in the working tree that this process runs in.
pub fn run() -> Result<()> {
    let here = std::env::current_dir()?;
    let (top, staged) = git::staged(&here).ok_or_else(|| {
        Error::new(Kind::Blocked, "git does not tell what is staged").hint("run it in a working tree of git")
    })?;
    let mut refused = Vec::new();
    for path in staged {
        let why = refusal(&top, &path).map_err(|error| {
            Error::new(Kind::Blocked, format!("cannot decide on {}: {error}", path.display()))
        })?;
        refused.extend(why.map(|why| format!("{} ({why})", shown(&path.to_string_lossy()))));
    }
    if refused.is_empty() {
        return Ok(());
    }
    let more = refused.len().saturating_sub(NAMED);
    refused.truncate(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    Err(Error::new(
        Kind::Blocked,
        format!("this commit changes the team's docs: {}{more}", refused.join(", ")),
    )
    .hint("take them out with `git restore --staged`; docs change on the docs platform, under the lock"))
}

/// Why `path`, relative to `top`, must not be committed: each project above it is asked.
fn refusal(top: &Path, path: &Path) -> io::Result<Option<&'static str>> {
    // Whoever mends a broken project file has to commit it.
    if path.file_name().is_some_and(|name| name == PROJECT_FILE) {
        return Ok(None);
    }
    let find = |path: &Path, base: &Path| {
        Place::find(path, base, &Disk).map_err(|lost| io::Error::other(lost.to_string()))
    };
    let place = find(&top.join(path), top)?;
    let roots = path.ancestors().skip(1).map(|folder| top.join(folder));
    for root in roots {
        let Some(project) = Project::at(&root)? else { continue };
        let is_in = |tree: &Path| find(tree, &root).map(|tree| place.is_in(&tree, &Disk));
        let mirror = find(&project.mirror, &root)?;
        let staging = project.mirror.file_name().map(|name| name.to_string_lossy().into_owned());
        let staging = staging.unwrap_or_default() + STAGING_INFIX;
        if place.is_in(&mirror, &Disk) || place.is_in_sibling(&mirror, &staging, &Disk) {
            return Ok(Some("in the read-only copy"));
        }
        if let Some(docs) = &project.docs
            && is_in(docs)?
        {
            return Ok(Some("in the project's docs folder"));
        }
        for tree in &project.more {
            if is_in(tree)? {
                return Ok(Some("protected by the project's settings"));
            }
        }
    }
    Ok(None)
}

/// What a project protects.
struct Project {
    mirror: PathBuf,
    /// The docs folder, unless it is free.
    docs: Option<PathBuf>,
    more: Vec<PathBuf>,
}

impl Project {
    /// `None` where there is no project in `root`.
    fn at(root: &Path) -> io::Result<Option<Self>> {
        let file = root.join(PROJECT_FILE);
        let text = match std::fs::read_to_string(&file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            text => Some(text?),
        };
        let (nothing, nobody) = (Environment::default(), (Path::new(""), None));
        let config = config::resolve(Flags::default(), &nothing, (&file, text.as_deref()), nobody)
            .map_err(|error| io::Error::other(error.message))?;
        let state = State::read(&root.join(&config.mirror));
        // Some other tool may have a docs folder of its own.
        if text.is_none() && state.is_none() {
            return Ok(None);
        }
        let is_held =
            |state: &State| state.lock.as_ref().is_some_and(|lock| lock.is_yours && lock.is_live(now()));
        let docs = match &state {
            Some(state) if is_held(state) => None,
            Some(state) => Some(PathBuf::from(state.docs_path.as_str())),
            None => Some(PathBuf::from("docs")),
        };
        Ok(Some(Project { mirror: config.mirror, docs, more: config.protect }))
    }
}
