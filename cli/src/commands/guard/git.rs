//! `aitk guard --git`: git's hook before a commit, for every tool that has no hooks of its own.
//!
//! It refuses a commit that touches the mirror, the project's own docs folder (unless this user holds
//! the lock), or what `.aitk.toml` protects. Whatever is staged was written already; what counts is
//! that nobody else gets it. A person gets past it as past every such hook: `git commit --no-verify`.

use std::path::Path;

use aitk_shared::guard::settings::Change;
use aitk_shared::guard::shell::Reach;
use aitk_shared::guard::{Aim, Place, Refusal};

use super::sites::{self, Project};
use super::view::Disk;
use crate::config::{Dirs, PROJECT_FILE};
use crate::error::{Error, Kind, Result};
use crate::mirror::git;
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
    let (data, disk) = (Dirs::of_user().ok().map(|dirs| dirs.data), Disk::default());
    for path in staged {
        let why = refusal(&top, &path, data.as_deref(), &disk);
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
fn refusal(top: &Path, path: &Path, data: Option<&Path>, disk: &Disk) -> Option<String> {
    // Whoever mends a broken project file has to commit it.
    if path.file_name().is_some_and(|name| name == PROJECT_FILE) {
        return None;
    }
    let place = match Place::find(&top.join(path), top, disk) {
        Ok(place) => place,
        Err(lost) => return Some(lost.to_string()),
    };
    let aim = Aim { place, reach: Reach::File, change: Change::Unknown };
    let roots = path.ancestors().skip(1).map(|folder| top.join(folder)).filter(|root| sites::is_marked(root));
    let projects = roots.filter_map(|root| Project::at(&root, data, disk));
    projects.filter_map(|project| project.site.refusal(&aim, disk)).next().map(|refusal| match refusal {
        Refusal::Mirror(_) => "in the read-only copy".to_owned(),
        Refusal::Docs(_) => "in the project's docs folder".to_owned(),
        Refusal::Unknown(why) => format!("it is unknown what the project protects: {}", shown(&why)),
        _ => "protected by the project's settings".to_owned(),
    })
}
