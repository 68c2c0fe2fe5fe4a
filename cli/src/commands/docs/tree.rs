//! The files below a folder as docs: what would be pushed, and what cannot be.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use aitk_shared::limits;
use aitk_shared::path::{DocPath, OWN_PREFIX, SYNC_HASH_FILE};

use crate::error::{Error, Kind, Result};
use crate::output::shown;

/// What a folder holds.
#[derive(Default)]
pub struct Tree {
    /// The files to push.
    pub files: BTreeMap<DocPath, PathBuf>,
    /// What is no file and is left out: links, sockets and the like.
    pub skipped: Vec<String>,
    /// Names that no doc can have, each with the reason.
    pub refused: Vec<String>,
}

/// Walks a folder; nothing behind a link is read, and what cannot be read is an error.
pub fn walk(root: &Path) -> Result<Tree> {
    let mut tree = Tree::default();
    walk_into(root, "", &mut tree)?;
    Ok(tree)
}

fn walk_into(folder: &Path, prefix: &str, tree: &mut Tree) -> Result<()> {
    let cannot = |path: &Path, error: std::io::Error| {
        Error::new(Kind::Failed, format!("cannot read {}: {error}", shown(&path.to_string_lossy())))
    };
    for entry in fs::read_dir(folder).map_err(|error| cannot(folder, error))? {
        let entry = entry.map_err(|error| cannot(folder, error))?;
        let path = entry.path();
        let Some(name) = entry.file_name().to_str().map(str::to_owned) else {
            tree.refused.push(format!("'{}' is not UTF-8", shown(&path.to_string_lossy())));
            continue;
        };
        if is_ours(prefix, &name) {
            continue;
        }
        let doc = format!("{prefix}{name}");
        let kind = entry.file_type().map_err(|error| cannot(&path, error))?;
        if kind.is_dir() {
            walk_into(&path, &format!("{doc}/"), tree)?;
        } else if kind.is_symlink() {
            tree.skipped.push(format!("'{}' is a link", shown(&doc)));
        } else if !kind.is_file() {
            tree.skipped.push(format!("'{}' is no file", shown(&doc)));
        } else {
            match DocPath::parse(&doc) {
                Ok(_) if too_large(&entry) => {
                    tree.refused.push(format!("'{}' is larger than a whole project may be", shown(&doc)));
                }
                Ok(doc) => drop(tree.files.insert(doc, path)),
                Err(why) => tree.refused.push(format!("'{}' {why}", shown(&doc))),
            }
        }
    }
    Ok(())
}

/// Git's folder anywhere; at the top also what a mirror keeps for itself.
fn is_ours(prefix: &str, name: &str) -> bool {
    name == ".git" || prefix.is_empty() && (name == SYNC_HASH_FILE || name.starts_with(OWN_PREFIX))
}

fn too_large(entry: &fs::DirEntry) -> bool {
    entry.metadata().is_ok_and(|metadata| metadata.len() > limits::PROJECT_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_folder_becomes_docs_and_says_what_cannot() {
        let home = tempfile::tempdir().unwrap();
        let at = |path: &str| home.path().join(path);
        for folder in ["a/b", ".git", "a/.git", ".aitk-old"] {
            fs::create_dir_all(at(folder)).unwrap();
        }
        for file in
            ["x.md", "a/b/y.md", ".git/config", "a/.git/config", ".sync-hash", ".aitk-old/z", "a/con.md"]
        {
            fs::write(at(file), file).unwrap();
        }
        std::os::unix::fs::symlink("/etc/passwd", at("link.md")).unwrap();
        std::os::unix::fs::symlink("/etc", at("a/folder")).unwrap();
        let mut tree = walk(home.path()).unwrap();
        tree.skipped.sort();
        assert_eq!(tree.files.keys().map(DocPath::as_str).collect::<Vec<_>>(), ["a/b/y.md", "x.md"]);
        assert_eq!(tree.skipped, ["'a/folder' is a link", "'link.md' is a link"]);
        assert_eq!(tree.refused.len(), 1);
        assert!(tree.refused[0].starts_with("'a/con.md' has a name that Windows reserves"));
        assert!(walk(&at("nowhere")).is_err());
    }
}
