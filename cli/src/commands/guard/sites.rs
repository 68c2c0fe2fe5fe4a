//! The aitk projects that a tool call could touch: those around the session, and those around
//! each path that it names.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use aitk_shared::guard::{Place, Site, Trees};
use aitk_shared::path::SYNC_HASH_FILE;

use super::view::Disk;
use crate::config::{self, Environment, Flags, PROJECT_FILE};
use crate::hook::launch_folder;
use crate::mirror::state::{STATE_FILE, State, now};
use crate::output::shown;

/// Where the mirror is unless the project file says otherwise.
const MIRROR: &str = ".docs";
/// Where a project's own docs are until the server says otherwise.
const DOCS: &str = "docs";

/// Finds the projects around the session's root and folder, and around `places`.
pub fn around(root: &Path, cwd: &Path, places: &[Place]) -> Vec<Site> {
    let launched = launch_folder();
    let above = [Some(root), Some(cwd), launched.as_deref()].into_iter().flatten().flat_map(Path::ancestors);
    let folders: BTreeSet<&Path> = above.chain(places.iter().flat_map(Place::ancestors)).collect();
    folders
        .into_iter()
        .filter(|folder| is_marked(folder) || (*folder == root && is_project(root)))
        .filter_map(site)
        .collect()
}

/// Whether a folder is a project for a hook that runs in it.
pub fn is_project(root: &Path) -> bool {
    [PROJECT_FILE, MIRROR].iter().any(|name| root.join(name).symlink_metadata().is_ok())
}

/// Whether a folder says by itself that it is a project: some other tool may have its own `.docs`.
fn is_marked(folder: &Path) -> bool {
    let mirror = folder.join(MIRROR);
    [folder.join(PROJECT_FILE), mirror.join(SYNC_HASH_FILE), mirror.join(STATE_FILE)]
        .iter()
        .any(|path| path.symlink_metadata().is_ok())
}

fn site(root: &Path) -> Option<Site> {
    let place = |path: &Path| Place::find(path, root, &Disk).ok();
    Some(Site { root: place(root)?, trees: trees(root) })
}

fn trees(root: &Path) -> Result<Trees, String> {
    let path = root.join(PROJECT_FILE);
    let text = match fs::read_to_string(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        text => Some(text.map_err(|error| format!("{}: {error}", path.display()))?),
    };
    let nothing = Environment::default();
    let config = config::resolve(Flags::default(), &nothing, (&path, text.as_deref()), (Path::new(""), None))
        .map_err(|error| error.message)?;
    let place = |path: &Path| {
        Place::find(path, root, &Disk).map_err(|lost| format!("{}: {lost}", shown(&path.to_string_lossy())))
    };
    let known = State::glance(&root.join(&config.mirror));
    let docs = known.as_ref().map_or(DOCS, |known| known.docs_path.as_str());
    let lock = known.as_ref().and_then(|known| known.lock.as_ref());
    Ok(Trees {
        mirror: place(&config.mirror)?,
        docs: place(Path::new(docs))?,
        docs_are_free: lock.is_some_and(|lock| lock.is_yours && lock.is_live(now())),
        more: config.protect.iter().map(|path| place(path)).collect::<Result<_, _>>()?,
    })
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use aitk_shared::guard::{Refusal, Tool, Verdict, judge};
    use std::os::unix::fs::symlink;
    use std::path::PathBuf;

    /// What is refused of a write to `path` from a session in `root`.
    fn judged(root: &Path, path: &str) -> Option<Refusal> {
        let place = Place::find(Path::new(path), root, &Disk).unwrap();
        let sites = around(root, root, std::slice::from_ref(&place));
        match judge(&Tool::Writes(vec![path.into()]), &[place], &sites, &Disk) {
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
            (".aitk.toml".into(), false),
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
            assert_eq!(judged(&root, ".aitk.toml"), None, "{broken}");
        }
    }
}
