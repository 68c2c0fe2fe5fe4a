//! The projects of a monorepo, for a hook that runs at its top.

use std::fs;
use std::path::{Path, PathBuf};

use crate::config::PROJECT_FILE;
use crate::mirror::git;

/// The folders below `top`, a git working tree's, whose project files git tracks.
pub fn projects(top: &Path) -> Vec<PathBuf> {
    if !may_track(top) {
        return Vec::new();
    }
    git::tracked_below(top, PROJECT_FILE)
        .iter()
        .filter_map(|file| file.parent())
        .filter(|folder| !folder.as_os_str().is_empty())
        .map(|folder| top.join(folder))
        .filter(|folder| folder.join(PROJECT_FILE).is_file())
        .collect()
}

/// Whether git's index may name a project file: to read it is quicker than to ask git, and most
/// repositories have none. Where the index is elsewhere or of another kind, git is asked.
fn may_track(top: &Path) -> bool {
    let dot_git = top.join(".git");
    let folder = match fs::read_to_string(&dot_git) {
        Ok(text) => match text.trim_end().strip_prefix("gitdir: ") {
            Some(folder) => top.join(folder),
            None => return true,
        },
        Err(_) if dot_git.is_dir() => dot_git,
        Err(_) => return false,
    };
    let Ok(index) = fs::read(folder.join("index")) else { return false };
    // From version 4 on, a path is only what it has not in common with the one before it.
    let is_plain = index.get(4..8).is_some_and(|version| matches!(version, [0, 0, 0, 2 | 3]));
    let is_shared = index.windows(4).any(|part| part == b"link");
    !is_plain || is_shared || index.windows(PROJECT_FILE.len()).any(|part| part == PROJECT_FILE.as_bytes())
}
