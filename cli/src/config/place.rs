//! Where a project begins, and where the user's own folders are.

use std::path::{Path, PathBuf};

use super::{PROJECT_FILE, is_registered};
use crate::error::{Error, Kind, Result};

/// The project root: `--root`, else the nearest folder with `.aitk.toml` or one that the user
/// registered, else the git top level, else `start`.
pub fn find_root(start: &Path, explicit: Option<&Path>) -> PathBuf {
    if let Some(root) = explicit {
        return start.join(root);
    }
    let has_git = |folder: &&Path| folder.join(".git").exists();
    nearest_root(start).or_else(|| start.ancestors().find(has_git)).unwrap_or(start).to_owned()
}

/// The nearest folder from `start` upwards that is known to be a project's root.
pub fn nearest_root(start: &Path) -> Option<&Path> {
    start.ancestors().find(|folder| is_root(folder))
}

/// Whether `folder` is a project's root, by its own file or by the user's word.
pub fn is_root(folder: &Path) -> bool {
    folder.join(PROJECT_FILE).exists() || is_registered(folder)
}

/// The user's home folder.
pub fn home() -> Option<PathBuf> {
    directories::BaseDirs::new().map(|dirs| dirs.home_dir().to_owned())
}

/// The user's own folders, by the platform's customs.
#[derive(Clone, PartialEq, Debug)]
pub struct Dirs {
    /// Settings and keys.
    pub config: PathBuf,
    /// What must not get lost: leases, kept files.
    pub data: PathBuf,
    /// What can be fetched again.
    pub cache: PathBuf,
}

impl Dirs {
    /// The folders of the user who runs this; they need not exist.
    pub fn of_user() -> Result<Self> {
        let dirs = directories::ProjectDirs::from("", "", "aitk").ok_or_else(|| {
            Error::new(Kind::Failed, "there is no home folder to keep settings in").hint("set HOME")
        })?;
        Ok(Dirs {
            config: dirs.config_dir().to_owned(),
            data: dirs.data_dir().to_owned(),
            cache: dirs.cache_dir().to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_root_is_the_nearest_project_file_then_the_git_top_level() {
        let home = tempfile::tempdir().unwrap();
        let at = |path: &str| home.path().join(path);
        for folder in ["repo/.git", "repo/app/src", "plain/deep"] {
            fs::create_dir_all(at(folder)).unwrap();
        }
        assert_eq!(find_root(&at("repo/app/src"), None), at("repo"));
        fs::write(at("repo/app/.aitk.toml"), "").unwrap();
        assert_eq!(find_root(&at("repo/app/src"), None), at("repo/app"));
        assert_eq!(find_root(&at("repo"), None), at("repo"));
        assert_eq!(find_root(&at("repo"), Some(Path::new("app"))), at("repo/app"));
        assert_eq!(find_root(&at("plain/deep"), None), at("plain/deep"));
    }
}
