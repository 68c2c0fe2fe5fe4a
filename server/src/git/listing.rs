//! What of a listed folder can be docs, and why the rest cannot. Pure.

use std::collections::HashSet;

use aitk_shared::path::DocPath;
use aitk_shared::text::printable;

use super::{Found, Skipped};

/// How the pointers of git LFS begin; the second is what it was called at first:
/// <https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md>.
const LFS: [&[u8]; 2] =
    [b"version https://git-lfs.github.com/spec/v1", b"version https://hawser.github.com/spec/v1"];

/// What git keeps under a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    File,
    Executable,
    Link,
    Submodule,
    Tree,
}

impl Kind {
    /// As what it is spoken of.
    pub fn name(self) -> &'static str {
        match self {
            Kind::File | Kind::Executable => "a file",
            Kind::Link => "a symbolic link",
            Kind::Submodule => "a submodule",
            Kind::Tree => "a folder",
        }
    }
}

/// One line of `git ls-tree -z`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Entry {
    pub kind: Kind,
    pub id: String,
    pub path: Vec<u8>,
}

impl Entry {
    /// The path as text that can be shown.
    pub fn shown(&self) -> String {
        printable(&String::from_utf8_lossy(&self.path), 200)
    }
}

/// Reads `<mode> <type> <id>\t<path>\0…`.
pub(super) fn parse(listed: &[u8]) -> Option<Vec<Entry>> {
    let entry = |line: &[u8]| {
        let tab = line.iter().position(|byte| *byte == b'\t')?;
        let mut words = std::str::from_utf8(&line[..tab]).ok()?.split(' ');
        let (mode, _, id) = (words.next()?, words.next()?, words.next()?);
        let kind = match mode {
            "100755" => Kind::Executable,
            "120000" => Kind::Link,
            "160000" => Kind::Submodule,
            "040000" => Kind::Tree,
            // Old repositories have 100664 too.
            mode if mode.starts_with("100") => Kind::File,
            _ => return None,
        };
        Some(Entry { kind, id: id.to_owned(), path: line[tab + 1..].to_vec() })
    };
    listed.split(|byte| *byte == 0).filter(|line| !line.is_empty()).map(entry).collect()
}

/// Whether a blob stands for a file that git LFS keeps elsewhere.
pub(super) fn is_lfs_pointer(content: &[u8]) -> bool {
    LFS.iter().any(|start| content.starts_with(start))
}

/// Files whose names can be docs'; links, submodules and other names are skipped.
pub(super) fn by_name(entries: Vec<Entry>) -> (Vec<(DocPath, String)>, Vec<Skipped>) {
    let (mut files, mut skipped) = (Vec::new(), Vec::new());
    for entry in entries {
        let path = std::str::from_utf8(&entry.path).map(DocPath::parse);
        let why = match (entry.kind, path) {
            (Kind::File | Kind::Executable, Ok(Ok(path))) => {
                files.push((path, entry.id));
                continue;
            }
            (Kind::File | Kind::Executable, Ok(Err(why))) => {
                format!("has a name no doc can have: the path {why}")
            }
            (Kind::File | Kind::Executable, Err(_)) => "has a name that is not UTF-8".to_owned(),
            (other, _) => format!("is {}", other.name()),
        };
        skipped.push(Skipped { path: entry.shown(), why });
    }
    (files, skipped)
}

/// Leaves out docs that some file system cannot tell from an earlier one, or that stand below one.
pub(super) fn without_twins(mut docs: Vec<Found>) -> (Vec<Found>, Vec<Skipped>) {
    docs.sort_by(|a, b| a.path.cmp(&b.path));
    let mut keys = HashSet::new();
    let mut skipped = Vec::new();
    docs.retain(|doc| {
        let is_new = keys.insert(doc.path.twin_key());
        if !is_new {
            let why = "differs from another only by case or normalisation".into();
            skipped.push(Skipped { path: printable(doc.path.as_str(), 200), why });
        }
        is_new
    });
    docs.retain(|doc| {
        let key = doc.path.twin_key();
        let is_below = key.match_indices('/').any(|(at, _)| keys.contains(&key[..at]));
        if is_below {
            let why = "is in a folder that differs from a file only by case".into();
            skipped.push(Skipped { path: printable(doc.path.as_str(), 200), why });
        }
        !is_below
    });
    (docs, skipped)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str) -> Found {
        Found { path: DocPath::parse(path).unwrap(), blob: "1".repeat(40), size: 1 }
    }

    #[test]
    fn a_listing_is_read_with_any_name() {
        let id = "1".repeat(40);
        let listed = format!("100644 blob {id}\ta b.md\0120000 blob {id}\tl\nx\0160000 commit {id}\ts\0");
        let entries =
            parse(&[listed.as_bytes(), format!("100755 blob {id}\t\u{ff}").as_bytes()].concat()).unwrap();
        let kinds: Vec<_> = entries.iter().map(|entry| (entry.kind, entry.shown())).collect();
        assert_eq!(kinds[0], (Kind::File, "a b.md".into()));
        assert_eq!(kinds[1], (Kind::Link, "l\\u{a}x".into()));
        assert_eq!(kinds[2], (Kind::Submodule, "s".into()));
        assert_eq!(kinds[3].0, Kind::Executable);
        assert_eq!(parse(b"what"), None);
    }

    #[test]
    fn only_files_with_names_of_docs_are_taken() {
        let entry = |kind, path: &[u8]| Entry { kind, id: "1".repeat(40), path: path.to_vec() };
        let (files, skipped) = by_name(vec![
            entry(Kind::File, b"a.md"),
            entry(Kind::Executable, b"run.sh"),
            entry(Kind::File, b"con"),
            entry(Kind::File, b"\xff.md"),
            entry(Kind::Link, b"l"),
            entry(Kind::Submodule, b"s"),
        ]);
        assert_eq!(files.iter().map(|(path, _)| path.as_str()).collect::<Vec<_>>(), ["a.md", "run.sh"]);
        let skipped: Vec<_> = skipped.iter().map(|skipped| (&*skipped.path, &*skipped.why)).collect();
        assert_eq!(skipped[0].0, "con");
        assert!(skipped[0].1.contains("Windows"));
        assert_eq!(skipped[1], ("\u{fffd}.md", "has a name that is not UTF-8"));
        assert_eq!(&skipped[2..], [("l", "is a symbolic link"), ("s", "is a submodule")]);
    }

    #[test]
    fn of_twins_the_first_stays() {
        let docs = ["b.md", "B.md", "x", "X/y.md", "z.md"].map(found).to_vec();
        let (docs, skipped) = without_twins(docs);
        assert_eq!(docs.iter().map(|doc| doc.path.as_str()).collect::<Vec<_>>(), ["B.md", "x", "z.md"]);
        assert_eq!(skipped.iter().map(|skipped| &*skipped.path).collect::<Vec<_>>(), ["b.md", "X/y.md"]);
    }
}
