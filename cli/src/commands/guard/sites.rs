//! The aitk projects that a tool call could touch: those around the session, and those around
//! each path that it names.

use std::collections::HashSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use aitk_shared::guard::{Aim, Place, Site, Trees};
use aitk_shared::path::SYNC_HASH_FILE;

use super::known::Known;
use super::view::Disk;
use crate::config::{self, Config, Environment, Flags, PROJECT_FILE, Registry, is_registered};
use crate::hook::launch_folder;
use crate::mirror::state::STATE_FILE;
use crate::output::shown;

/// Where the mirror is unless the project file says otherwise.
const MIRROR: &str = ".docs";
/// Where a project's own docs are until the server says otherwise.
const DOCS: &str = "docs";

/// A project, and what is known of it here.
#[derive(Debug)]
pub struct Project {
    /// What it protects.
    pub site: Site,
    /// What its mirror and this user's notes tell.
    pub known: Known,
}

impl Project {
    /// The project in `root`; `data` is the user's data folder.
    pub fn at(root: &Path, data: Option<&Path>, disk: &Disk) -> Option<Self> {
        let place = Place::find(root, root, disk).ok()?;
        let mut known = Known::default();
        let trees = trees(root, disk, |mirror| {
            known = Known::of(mirror, data);
            known.clone()
        });
        Some(Project { site: Site { root: place, trees }, known })
    }

    /// The root; absolute, without links.
    pub fn root(&self) -> &Path {
        &self.site.root.physical
    }

    /// Where the mirror is; absolute, without links.
    pub fn mirror(&self) -> Option<&Path> {
        self.site.trees.as_ref().ok().map(|trees| trees.mirror.physical.as_path())
    }
}

/// The roots of the projects around the session's root and folder, and around `aims`.
pub fn roots(root: &Path, cwd: &Path, aims: &[Aim]) -> Vec<PathBuf> {
    let launched = launch_folder();
    let above = [Some(root), Some(cwd), launched.as_deref()].into_iter().flatten();
    let all = above.flat_map(Path::ancestors).chain(aims.iter().flat_map(|aim| aim.place.ancestors()));
    // Told apart by their bytes, which is quick; what differs in spelling alone is looked at twice.
    let mut seen = HashSet::with_capacity(32);
    let is_root = |folder: &&Path| is_marked(folder) || (*folder == root && is_project(root));
    let mut roots: Vec<_> = all.filter(|folder| seen.insert(folder.as_os_str())).filter(is_root).collect();
    roots.sort();
    roots.dedup();
    roots.into_iter().map(Path::to_owned).collect()
}

/// Whether a folder is a project for a hook that runs in it. It may be one where the user's list
/// of projects cannot be read.
pub fn is_project(root: &Path) -> bool {
    [PROJECT_FILE, MIRROR].iter().any(|name| root.join(name).symlink_metadata().is_ok())
        || Registry::of_user().map_or(true, |registry| registry.find(root).is_some())
}

/// Whether a folder says by itself, or its user says, that it is a project: some other tool may have
/// its own `.docs`.
pub fn is_marked(folder: &Path) -> bool {
    let mirror = folder.join(MIRROR);
    let is_there = |path: PathBuf| path.symlink_metadata().is_ok();
    is_there(folder.join(PROJECT_FILE))
        || is_there(mirror.clone())
            && [SYNC_HASH_FILE, STATE_FILE].iter().any(|name| is_there(mirror.join(name)))
        || is_registered(folder)
}

/// The settings of the project in `root`, from its file and the user's list of projects.
pub fn settings(root: &Path) -> Result<Config, String> {
    let path = root.join(PROJECT_FILE);
    let text = match fs::read_to_string(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        text => Some(text.map_err(|error| format!("{}: {error}", path.display()))?),
    };
    let nothing = Environment::default();
    let registered = || config::registered(root);
    config::resolve(Flags::default(), &nothing, (&path, text.as_deref()), registered, (Path::new(""), None))
        .map_err(|error| error.message)
}

fn trees(root: &Path, disk: &Disk, know: impl FnOnce(&Path) -> Known) -> Result<Trees, String> {
    let config = settings(root)?;
    let place = |path: &Path| {
        Place::find(path, root, disk).map_err(|lost| format!("{}: {lost}", shown(&path.to_string_lossy())))
    };
    let mirror = place(&config.mirror)?;
    let known = know(&mirror.physical);
    let docs = known.state.as_ref().map_or(DOCS, |state| state.docs_path.as_str());
    Ok(Trees {
        mirror,
        is_complete: known.state.is_some() || config.project.is_none(),
        docs: place(Path::new(docs))?,
        docs_are_free: known.lock().is_some_and(|lock| lock.is_yours),
        more: config.protect.iter().map(|path| place(path)).collect::<Result<_, _>>()?,
    })
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use aitk_shared::guard::shell::Setting;
    use aitk_shared::guard::{Intent, Refusal, Scene, Tool, Verdict, judge};
    use std::os::unix::fs::symlink;

    /// What is refused of a write to `path` from a session in `root`.
    fn judged(root: &Path, path: &str) -> Option<Refusal> {
        let setting = Setting { cwd: root, home: None, variable: &|_| None };
        let disk = Disk::default();
        let intent = Intent::of(&Tool::Writes(vec![path.into()]), &setting, &disk).unwrap();
        let roots = roots(root, root, &intent.aims);
        let sites: Vec<_> =
            roots.iter().filter_map(|root| Project::at(root, None, &disk)).map(|p| p.site).collect();
        match judge(&intent, &Scene { sites: &sites, cwd: root, home: None, ours: &[], view: &disk }) {
            Verdict::Allow => None,
            Verdict::Ask(refusal) | Verdict::Deny(refusal) => Some(refusal),
        }
    }

    fn project() -> (tempfile::TempDir, PathBuf) {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().canonicalize().unwrap().join("proj");
        fs::create_dir_all(root.join("src/docs")).unwrap();
        fs::create_dir_all(root.join(".docs/guides")).unwrap();
        fs::write(root.join(".aitk.toml"), "protect = ['handbook']\n").unwrap();
        (home, root)
    }

    #[test]
    fn real_paths_are_judged_by_where_they_lead() {
        let (home, root) = project();
        symlink(".docs", root.join("link")).unwrap();
        symlink("link/guides", root.join("far")).unwrap();
        symlink(&root, home.path().join("other")).unwrap();
        symlink("/tmp", root.join("out")).unwrap();
        let other = home.path().canonicalize().unwrap().join("other");
        let absolute = |base: &Path, path: &str| base.join(path).display().to_string();
        for (path, refused) in [
            (".docs/x.md".to_owned(), true),
            ("./src/../.docs/x.md".into(), true),
            ("link/x.md".into(), true),
            ("far/new/x.md".into(), true),
            ("out/../.docs/x.md".into(), true),
            (".docs.aitk-abc/x.md".into(), true),
            ("docs/x.md".into(), true),
            ("handbook".into(), true),
            (absolute(&root, ".docs/x.md"), true),
            (absolute(&other, ".docs/x.md"), true),
            (format!("/proc/self/root{}", absolute(&root, ".docs/x.md")), true),
            ("src/docs/x.md".into(), false),
            (".docs/../src/x.rs".into(), false),
            ("out/x.md".into(), false),
            (".aitk.toml".into(), true),
            ("src/.aitk.yaml".into(), false),
            (absolute(home.path(), "elsewhere/docs/x.md"), false),
        ] {
            assert_eq!(judged(&root, &path).is_some(), refused, "{path}: {:?}", judged(&root, &path));
        }
    }

    #[test]
    fn another_project_is_protected_from_a_session_elsewhere() {
        let (home, root) = project();
        let elsewhere = home.path().join("elsewhere");
        fs::create_dir(&elsewhere).unwrap();
        assert!(judged(&elsewhere, &root.join("docs/x.md").display().to_string()).is_some());
        assert!(judged(&elsewhere, "docs/x.md").is_none());
    }

    #[test]
    fn a_docs_folder_of_another_tool_is_free() {
        let (_home, root) = project();
        fs::create_dir_all(root.join("vendor/.docs")).unwrap();
        assert_eq!(judged(&root, "vendor/docs/x.md"), None);
        fs::write(root.join("vendor/.docs/.sync-hash"), "").unwrap();
        assert!(judged(&root, "vendor/docs/x.md").is_some());
    }

    #[test]
    fn a_broken_project_file_stops_writes_with_its_reason() {
        let (_home, root) = project();
        for broken in ["protect = 7", "mirror = '../x'", "]", "key = 'sk_1'"] {
            fs::write(root.join(".aitk.toml"), broken).unwrap();
            assert!(matches!(judged(&root, "src/x.rs"), Some(Refusal::Unknown(_))), "{broken}");
            assert!(matches!(judged(&root, ".aitk.toml"), Some(Refusal::Own(_))), "{broken}");
        }
    }
}
