//! Where a path leads, in every spelling that could reach a protected tree.
//!
//! A path has a lexical spelling (`..` taken off the text) and a physical one (links
//! followed, `..` taken off the real folder). They differ as soon as a link is on the
//! way, and a tool may open either, so both count. The file system is looked at
//! through [`View`] alone; nothing here reads or writes a file.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::path::{Component, Path, PathBuf};

/// As many links as Linux follows before it gives up (`ELOOP`).
const MAX_LINKS: usize = 40;

/// What the rules may ask of a file system.
pub trait View {
    /// Where the link at `path` points; `None` for anything that is no link.
    fn link(&self, path: &Path) -> Option<PathBuf>;
    /// What tells the file or folder at `path` (links followed) from all others, if it exists.
    fn identity(&self, path: &Path) -> Option<(u64, u64)>;
    /// The names in the folder at `path` (links followed), in any order; none where it cannot be read.
    fn entries(&self, path: &Path) -> Vec<OsString>;
    /// Whether names that differ by case alone may be the same file.
    fn folds_case(&self) -> bool;
    /// The text of the file at `path` (links followed), if it is one of a reasonable size.
    fn text(&self, path: &Path) -> Option<String> {
        let _ = path;
        None
    }
}

/// A path that leads nowhere.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Lost {
    /// Relative, and there is no absolute folder to start from.
    #[error("the path is relative and the working folder unknown")]
    Relative,
    /// Links in a circle.
    #[error("the path has too many symbolic links")]
    Links,
}

/// A path with both its spellings.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// Absolute, without `.` and `..`, links not followed.
    pub lexical: PathBuf,
    /// Absolute, links followed as far as the path exists.
    pub physical: PathBuf,
}

impl Place {
    /// Finds both spellings of `path` as seen from the folder `cwd`.
    pub fn find(path: &Path, cwd: &Path, view: &impl View) -> Result<Self, Lost> {
        let joined = cwd.join(path);
        match joined.is_absolute() {
            true => Ok(Place { lexical: lexical(&joined, cwd), physical: physical(&joined, cwd, view)? }),
            false => Err(Lost::Relative),
        }
    }

    /// Both spellings, or the one where they are the same, as most are.
    pub fn spellings(&self) -> impl Iterator<Item = &Path> {
        let is_one = self.lexical.as_os_str() == self.physical.as_os_str();
        let second = (!is_one).then_some(self.physical.as_path());
        [Some(self.lexical.as_path()), second].into_iter().flatten()
    }

    /// Every folder above the place in either spelling, the place itself first.
    pub fn ancestors(&self) -> impl Iterator<Item = &Path> {
        self.spellings().flat_map(Path::ancestors)
    }

    /// Whether the place is the folder `tree` or in it, in any spelling.
    pub fn is_in(&self, tree: &Place, view: &impl View) -> bool {
        let spelled = self.spellings().any(|path| tree.spellings().any(|tree| starts_with(path, tree, view)));
        spelled || self.reaches(&tree.physical, view)
    }

    /// Whether the place is, or is in, a sibling of `tree` whose name starts with `prefix`.
    pub fn is_in_sibling(&self, tree: &Place, prefix: &str, view: &impl View) -> bool {
        let named = |path: &Path| path.file_name().is_some_and(|name| begins(name, prefix, view));
        tree.spellings().filter_map(Path::parent).any(|parent| {
            self.ancestors()
                .any(|path| named(path) && path.parent().is_some_and(|above| is_same(above, parent, view)))
        })
    }

    /// Whether a folder on the way is `tree` under another name: another case, a bind mount.
    fn reaches(&self, tree: &Path, view: &impl View) -> bool {
        let Some(tree) = view.identity(tree) else { return false };
        self.physical.ancestors().any(|path| view.identity(path) == Some(tree))
    }
}

/// What Linux calls the folder of whoever asks: for a tool its own folder, not that of this process.
const OWN_FOLDER: [&str; 2] = ["/proc/self/cwd", "/proc/thread-self/cwd"];

fn lexical(path: &Path, cwd: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => drop(out.pop()),
            other => out.push(other),
        }
        if is_own_folder(&out) {
            cwd.clone_into(&mut out);
        }
    }
    out
}

/// Of a path that was put together from its parts, so it ends in a name. It is asked of every folder on
/// the way, and most are turned down by their last bytes.
fn is_own_folder(path: &Path) -> bool {
    path.as_os_str().as_encoded_bytes().ends_with(b"cwd")
        && OWN_FOLDER.iter().any(|own| Path::new(own) == path)
}

fn physical(path: &Path, cwd: &Path, view: &impl View) -> Result<PathBuf, Lost> {
    let mut out = PathBuf::new();
    let mut rest: VecDeque<OsString> = parts(path);
    let mut links = 0;
    while let Some(part) = rest.pop_front() {
        if rest.front().is_some_and(|next| next == "cwd") && is_own_folder(&out.join(&part).join("cwd")) {
            links += 1;
            if links > MAX_LINKS {
                return Err(Lost::Links);
            }
            rest.pop_front();
            out.clear();
            for part in parts(cwd).into_iter().rev() {
                rest.push_front(part);
            }
            continue;
        }
        match Path::new(&part).components().next() {
            None | Some(Component::CurDir) => continue,
            Some(Component::ParentDir) => {
                out.pop();
                continue;
            }
            Some(Component::Normal(_)) => out.push(&part),
            // A root or a drive: the path starts anew.
            Some(_) => {
                out.push(&part);
                continue;
            }
        }
        if let Some(target) = view.link(&out) {
            links += 1;
            if links > MAX_LINKS {
                return Err(Lost::Links);
            }
            out.pop();
            for part in parts(&target).into_iter().rev() {
                rest.push_front(part);
            }
        }
    }
    Ok(out)
}

fn parts(path: &Path) -> VecDeque<OsString> {
    path.components().map(|component| component.as_os_str().to_owned()).collect()
}

/// Whether two spellings are one path.
pub fn is_same(a: &Path, b: &Path, view: &impl View) -> bool {
    starts_with(a, b, view) && starts_with(b, a, view)
}

fn starts_with(path: &Path, tree: &Path, view: &impl View) -> bool {
    match view.folds_case() {
        false => path.starts_with(tree),
        true => fold(path.as_os_str()).starts_with(fold(tree.as_os_str())),
    }
}

fn begins(name: &OsStr, prefix: &str, view: &impl View) -> bool {
    let name = name.to_string_lossy();
    match view.folds_case() {
        false => name.starts_with(prefix),
        true => name.to_lowercase().starts_with(&prefix.to_lowercase()),
    }
}

fn fold(text: &OsStr) -> PathBuf {
    PathBuf::from(text.to_string_lossy().to_lowercase())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    /// A pretended file system: links, and folders by name and identity.
    #[derive(Default)]
    struct Pretend {
        links: BTreeMap<PathBuf, PathBuf>,
        folders: BTreeMap<PathBuf, u64>,
        folds: bool,
    }

    impl View for Pretend {
        fn link(&self, path: &Path) -> Option<PathBuf> {
            self.links.get(path).cloned()
        }
        fn identity(&self, path: &Path) -> Option<(u64, u64)> {
            self.folders.get(path).map(|n| (1, *n))
        }
        fn entries(&self, path: &Path) -> Vec<OsString> {
            let below = self.folders.keys().chain(self.links.keys());
            below
                .filter(|p| p.parent() == Some(path))
                .filter_map(|p| Some(p.file_name()?.to_owned()))
                .collect()
        }
        fn folds_case(&self) -> bool {
            self.folds
        }
    }

    fn linked(links: &[(&str, &str)]) -> Pretend {
        let links = links.iter().map(|(from, to)| (from.into(), to.into())).collect();
        Pretend { links, ..Pretend::default() }
    }

    fn inside(path: &str, cwd: &str, tree: &str, view: &Pretend) -> bool {
        let tree = Place::find(Path::new(tree), Path::new("/"), view).unwrap();
        Place::find(Path::new(path), Path::new(cwd), view).unwrap().is_in(&tree, view)
    }

    #[test]
    fn every_spelling_of_a_protected_path_is_found() {
        let view = linked(&[
            ("/proj/link", ".docs"),
            ("/proj/deep", "src/../link"),
            ("/proj/out", "/tmp/x"),
            ("/tmp/x/back", "/proj/.docs"),
            ("/proc/self/cwd", "/proj"),
            ("/home/me/proj", "/proj"),
        ]);
        for (path, cwd, expected) in [
            (".docs", "/proj", true),
            (".docs/", "/proj", true),
            (".docs/a.md", "/proj", true),
            ("./.docs//a.md", "/proj", true),
            ("/proj/.docs/a.md", "/", true),
            ("src/../.docs/a.md", "/proj", true),
            ("../.docs/a.md", "/proj/src", true),
            ("a.md", "/proj/.docs", true),
            ("link/a.md", "/proj", true),
            ("link", "/proj", true),
            ("deep/a.md", "/proj", true),
            ("out/back/new/a.md", "/proj", true),
            ("/proc/self/cwd/.docs/a.md", "/proj", true),
            ("/home/me/proj/.docs/a.md", "/", true),
            // A tool that normalises first writes to .docs, one that does not to /tmp: both count.
            ("out/../.docs/a.md", "/proj", true),
            (".docs/../src/a.md", "/proj", false),
            (".docs2/a.md", "/proj", false),
            ("src/.docs/a.md", "/proj", false),
            ("/other/.docs/a.md", "/proj", false),
            ("link2/a.md", "/proj", false),
            (".DOCS/a.md", "/proj", false),
            ("/proj", "/", false),
        ] {
            assert_eq!(inside(path, cwd, "/proj/.docs", &view), expected, "{path} from {cwd}");
        }
    }

    #[test]
    fn a_tree_that_is_a_link_is_protected_where_it_is_and_where_it_leads() {
        let view = linked(&[("/proj/docs", "/data/handbook")]);
        for path in ["/proj/docs/a.md", "/data/handbook/a.md"] {
            assert!(inside(path, "/", "/proj/docs", &view), "{path}");
        }
    }

    #[test]
    fn another_case_counts_where_the_file_system_folds_it() {
        let view = Pretend { folds: true, ..Pretend::default() };
        assert!(inside("/Proj/.DOCS/A.md", "/", "/proj/.docs", &view));
        assert!(!inside("/proj/.docs2", "/", "/proj/.docs", &view));
    }

    #[test]
    fn a_folder_under_another_name_is_the_same_folder() {
        let folders = BTreeMap::from([("/proj/.docs".into(), 7), ("/mnt/bind".into(), 7)]);
        let view = Pretend { folders, ..Pretend::default() };
        assert!(inside("/mnt/bind/new/a.md", "/", "/proj/.docs", &view));
        assert!(!inside("/mnt/other/a.md", "/", "/proj/.docs", &view));
    }

    #[test]
    fn staging_beside_the_mirror_is_found_by_its_prefix() {
        let view = linked(&[("/home/proj", "/proj")]);
        let tree = Place::find(Path::new("/home/proj/.docs"), Path::new("/"), &view).unwrap();
        for (path, expected) in [
            ("/proj/.docs.aitk-x1/a.md", true),
            ("/home/proj/.docs.aitk-x1", true),
            ("/proj/.docs.aitk", false),
            ("/proj/src/.docs.aitk-x1/a.md", false),
            ("/proj/.docs/a.md", false),
        ] {
            let place = Place::find(Path::new(path), Path::new("/"), &view).unwrap();
            assert_eq!(place.is_in_sibling(&tree, ".docs.aitk-", &view), expected, "{path}");
        }
    }

    #[test]
    fn the_folder_of_whoever_asks_is_the_tools_own() {
        let view =
            linked(&[("/proc/self", "77"), ("/proc/77/cwd", "/guard"), ("/x", "/proc/self/cwd/.docs")]);
        for (path, cwd, expected) in [
            ("/proc/self/cwd/.docs/a.md", "/proj", true),
            ("/proc/self/cwd/../proj/.docs/a.md", "/proj", true),
            ("/proc/thread-self/cwd/a.md", "/proj/.docs", true),
            ("/x/a.md", "/proj", true),
            ("/proc/self/cwd/src/a.md", "/proj", false),
            ("/proc/self/cwd/.docs/a.md", "/other", false),
        ] {
            assert_eq!(inside(path, cwd, "/proj/.docs", &view), expected, "{path} from {cwd}");
        }
        let round = linked(&[("/loop", "/proc/self/cwd")]);
        assert_eq!(Place::find(Path::new("x"), Path::new("/proc/self/cwd"), &round), Err(Lost::Links));
    }

    #[test]
    fn circles_and_relative_paths_without_a_start_lead_nowhere() {
        let view = linked(&[("/a", "/b"), ("/b", "/a")]);
        assert_eq!(Place::find(Path::new("/a/x"), Path::new("/"), &view), Err(Lost::Links));
        assert_eq!(Place::find(Path::new("x"), Path::new("proj"), &view), Err(Lost::Relative));
    }

    proptest! {
        #[test]
        fn both_spellings_are_absolute_and_plain(path in "(/?[.]{0,3}[ab/]{0,6}){0,6}") {
            let view = linked(&[("/a", "b/../c"), ("/a/b", "/b")]);
            if let Ok(place) = Place::find(Path::new(&path), Path::new("/a/b"), &view) {
                for spelling in [&place.lexical, &place.physical] {
                    prop_assert!(spelling.is_absolute());
                    prop_assert!(!spelling.components().any(|c| matches!(c, Component::ParentDir | Component::CurDir)));
                }
            }
        }
    }
}
