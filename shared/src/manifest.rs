//! What a project's docs are at one revision: paths, hashes, sizes.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use crate::hash::{ContentHash, DocsHash};
use crate::path::{DocPath, folded};

/// One doc of a manifest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Entry {
    /// The hash of its bytes.
    pub hash: ContentHash,
    /// Their number.
    pub size: u64,
}

/// All docs of a project at one revision, sorted by path bytes.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Manifest(BTreeMap<DocPath, Entry>);

/// Two paths that cannot stand in one manifest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Collision {
    /// Some file systems cannot tell the two apart.
    #[error("'{0}' and '{1}' differ only by case or normalisation")]
    Twins(DocPath, DocPath),
    /// The first would have to be a file and a folder at once.
    #[error("'{0}' cannot be a doc and the folder of '{1}'")]
    Folder(DocPath, DocPath),
}

/// What leads from one manifest to another.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Delta {
    /// New docs.
    pub added: Vec<DocPath>,
    /// Docs with other bytes.
    pub changed: Vec<DocPath>,
    /// Docs that are gone.
    pub removed: Vec<DocPath>,
}

impl Delta {
    /// Whether the two manifests were equal.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && self.removed.is_empty()
    }
}

impl Manifest {
    /// The hash that two equal sets of docs share.
    pub fn docs_hash(&self) -> DocsHash {
        DocsHash::of(self.0.iter().map(|(path, entry)| (path, &entry.hash)))
    }

    /// What `sha256sum` prints for the docs; its hash is the docs hash.
    pub fn listing(&self) -> String {
        self.0.iter().map(|(path, entry)| format!("{}  {path}\n", entry.hash)).collect()
    }

    /// The doc at `path`.
    pub fn get(&self, path: &DocPath) -> Option<&Entry> {
        self.0.get(path)
    }

    /// Adds or replaces the doc at `path`.
    pub fn insert(&mut self, path: DocPath, entry: Entry) -> Option<Entry> {
        self.0.insert(path, entry)
    }

    /// Takes the doc at `path` out.
    pub fn remove(&mut self, path: &DocPath) -> Option<Entry> {
        self.0.remove(path)
    }

    /// All docs, sorted by path bytes.
    pub fn iter(&self) -> impl Iterator<Item = (&DocPath, &Entry)> {
        self.0.iter()
    }

    /// The number of docs.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no doc.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The sum of the docs' sizes, in bytes.
    pub fn bytes(&self) -> u64 {
        self.0.values().map(|entry| entry.size).sum()
    }

    /// The steps from this manifest to `target`, each list sorted.
    pub fn delta_to(&self, target: &Manifest) -> Delta {
        let mut delta = Delta::default();
        for (path, entry) in &target.0 {
            match self.0.get(path) {
                None => delta.added.push(path.clone()),
                Some(old) if old.hash != entry.hash => delta.changed.push(path.clone()),
                Some(_) => {}
            }
        }
        delta.removed = self.0.keys().filter(|path| !target.0.contains_key(*path)).cloned().collect();
        delta
    }

    /// The first two docs that cannot live side by side on every file system.
    pub fn collision(&self) -> Option<Collision> {
        Manifest::collision_of(self.0.keys())
    }

    /// The same for paths alone.
    pub fn collision_of<'a>(paths: impl IntoIterator<Item = &'a DocPath>) -> Option<Collision> {
        let mut seen: HashMap<Cow<'_, str>, &DocPath> = HashMap::new();
        let paths: Vec<_> = paths.into_iter().collect();
        seen.reserve(paths.len());
        for path in &paths {
            if let Some(other) = seen.insert(folded(path.as_str()), path) {
                return Some(Collision::Twins(other.clone(), (*path).clone()));
            }
        }
        // Folders that differ by case alone would be merged by some file systems:
        // harmless for the docs in them, which were compared as a whole above.
        for path in paths {
            if let Some(doc) = path.folders().find_map(|folder| seen.get(&*folded(folder))) {
                return Some(Collision::Folder((*doc).clone(), path.clone()));
            }
        }
        None
    }
}

impl FromIterator<(DocPath, Entry)> for Manifest {
    fn from_iter<T: IntoIterator<Item = (DocPath, Entry)>>(docs: T) -> Self {
        Manifest(docs.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> DocPath {
        DocPath::parse(text).unwrap()
    }

    fn manifest(docs: &[(&str, &str)]) -> Manifest {
        docs.iter()
            .map(|(p, text)| {
                (path(p), Entry { hash: ContentHash::of(text.as_bytes()), size: text.len() as u64 })
            })
            .collect()
    }

    #[test]
    fn a_delta_names_what_was_added_changed_and_removed() {
        let old = manifest(&[("a", "1"), ("b", "1"), ("c", "1")]);
        let new = manifest(&[("b", "2"), ("c", "1"), ("d", "1")]);
        let delta = old.delta_to(&new);
        assert_eq!(
            (delta.added, delta.changed, delta.removed),
            (vec![path("d")], vec![path("b")], vec![path("a")])
        );
        assert!(new.delta_to(&new).is_empty());
    }

    #[test]
    fn paths_that_some_file_system_confuses_collide() {
        for (docs, collides) in [
            (&[("a", ""), ("b", "")][..], false),
            (&[("readme.md", ""), ("README.md", "")], true),
            (&[("a/x", ""), ("A/y", "")], false),
            (&[("a/x", ""), ("A/X", "")], true),
            (&[("a", ""), ("a/x", "")], true),
            (&[("A", ""), ("a/b/x", "")], true),
            (&[("a.md", ""), ("a/x", ""), ("a-b", "")], false),
        ] {
            assert_eq!(manifest(docs).collision().is_some(), collides, "{docs:?}");
        }
    }

    #[test]
    fn equal_docs_have_equal_hashes_in_any_order() {
        let one = manifest(&[("b", "1"), ("a/c", "2"), ("a.md", "3")]);
        let two = manifest(&[("a.md", "3"), ("b", "1"), ("a/c", "2")]);
        assert_eq!(one.docs_hash(), two.docs_hash());
        assert_eq!(one.bytes(), 3);
        assert_ne!(one.docs_hash(), Manifest::default().docs_hash());
        let listed = ContentHash::of(one.listing().as_bytes());
        assert_eq!(listed.as_bytes(), one.docs_hash().as_bytes());
    }
}
