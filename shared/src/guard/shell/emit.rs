//! How the walk says what it found.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use super::text::{Part, Text, fragments};
use super::walk::Walker;
use super::{Doubt, Effects, Reach, Write};
use crate::text::printable;

/// Most findings that are kept; a script with more is doubted as a whole.
const MOST: usize = 4096;

impl Walker<'_> {
    /// The script changes `target`, as seen from wherever it is.
    pub(super) fn write(&mut self, target: &Text, reach: Reach) {
        for folder in self.state.folders.clone() {
            self.write_from(folder.as_deref(), target, reach);
        }
    }

    fn write_from(&mut self, folder: Option<&Path>, target: &Text, reach: Reach) {
        if target.is_empty() {
            return;
        }
        // Up to its last slash before the first unknown part, the way is known.
        let head = target.head();
        let way = match target.as_known() {
            Some(all) => all,
            None => head.rfind('/').map_or("", |end| &head[..=end]),
        };
        let start = match folder {
            _ if way.starts_with('/') => Path::new("/"),
            Some(folder) => folder,
            None => return self.doubt("a path whose folder is unknown", target.names(), None),
        };
        if target.as_known().is_some() {
            return self.push(start.join(way), reach);
        }
        if !way.is_empty() {
            self.push(start.join(target.filled()), reach);
        }
        // An unknown part below another folder does not lead back into this one.
        let way = lexical(&start.join(way));
        if way.as_os_str() == "/" && !head.is_empty() {
            return;
        }
        if folder.is_none_or(|folder| folder.starts_with(&way)) {
            // As likely as anywhere it lies in the folder where the script is.
            let here = way.as_path() == start && head.is_empty();
            let names = target.names().into_iter().chain(here.then(|| ".".to_owned()));
            self.doubt("a path that is not known", names.collect(), folder);
        } else {
            let named = target.parts().iter().filter_map(|part| match part {
                Part::Gap(names) => Some(names.clone()),
                Part::Known(_) => None,
            });
            let named: Vec<String> = named.flatten().collect();
            if !named.is_empty() {
                self.doubt("a path that is not known", named, folder);
            }
        }
    }

    fn push(&mut self, path: PathBuf, reach: Reach) {
        // Devices and open files are no files of anybody's.
        if let Some(name) = path.to_str().and_then(|path| path.strip_prefix("/dev/")) {
            let number = name.strip_prefix("fd/").is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()));
            if number || ["null", "zero", "tty", "stdin", "stdout", "stderr"].contains(&name) {
                return;
            }
        }
        // What goes through a link that the script made itself lands where the link points.
        let through: Vec<PathBuf> = (self.links.iter())
            .filter_map(|(link, target)| Some(target.join(lexical(&path).strip_prefix(link).ok()?)))
            .collect();
        for path in through.into_iter().chain([path]) {
            if self.writes.len() < MOST {
                self.writes.insert(Write { path, reach });
            } else {
                self.exhausted = true;
            }
        }
    }

    /// Something that cannot be decided and names `names`.
    pub(super) fn doubt(&mut self, why: &str, mut names: Vec<String>, cwd: Option<&Path>) {
        names.retain(|name| !name.trim().is_empty());
        names.dedup();
        let doubt = Doubt { why: printable(why, 120), names, cwd: cwd.map(Path::to_owned) };
        if self.doubts.len() >= MOST {
            self.exhausted = true;
        } else if !self.doubts.contains(&doubt) {
            self.doubts.push(doubt);
        }
    }

    /// A doubt wherever the script may be.
    pub(super) fn doubt_here(&mut self, why: &str, names: &[String]) {
        for folder in self.state.folders.clone() {
            self.doubt(why, names.to_vec(), folder.as_deref());
        }
    }

    /// What may be meant by something below `folder`: its names, or the folder where it cannot be listed.
    pub(super) fn names_below(&mut self, folder: &Text) -> Vec<String> {
        let Some(known) = folder.as_known() else { return folder.names() };
        let mut names = vec![known.to_owned()];
        for start in self.state.folders.clone().into_iter().flatten() {
            let list = self.names_in(&start.join(known)).unwrap_or_default();
            names.extend(list.iter().map(|name| join(known, name)));
        }
        names
    }

    /// A link that the script makes.
    pub(super) fn link(&mut self, link: &Text, target: &Text) {
        let (Some(link), Some(target)) = (link.as_known(), target.as_known()) else { return };
        for folder in self.state.folders.clone().into_iter().flatten() {
            let link = lexical(&folder.join(link));
            let from = link.parent().unwrap_or(&folder).to_owned();
            if self.links.len() < 64 {
                self.links.push((link, from.join(target)));
            }
        }
    }

    /// Everything that was found.
    pub(super) fn finish(mut self, script: &str) -> Effects {
        if self.exhausted {
            self.doubt("the script does too much to be followed", fragments(script), Some(self.setting.cwd));
        }
        let mut seen = BTreeSet::new();
        self.aitk.retain(|words| seen.insert(words.clone()));
        Effects { writes: self.writes.into_iter().collect(), doubts: self.doubts, aitk: self.aitk }
    }
}

/// `name` in the folder `folder`, as text.
pub(super) fn join(folder: &str, name: &str) -> String {
    match folder {
        "." | "" => name.to_owned(),
        _ if folder.ends_with('/') => format!("{folder}{name}"),
        _ => format!("{folder}/{name}"),
    }
}

/// `path` without `.` and `..`, as `cd` takes them off.
pub(super) fn lexical(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => drop(out.pop()),
            other => out.push(other),
        }
    }
    out
}
