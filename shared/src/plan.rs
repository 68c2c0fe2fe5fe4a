//! What leads a mirror from what is on disk to what the platform has.
//!
//! Three manifests, since two cannot tell "deleted here" from "new there": the base
//! (what the last sync wrote), the disk (what a scan found), the target (what the
//! platform has). The plan is data. It must not touch a disk, and it never gives up
//! a byte that only the disk has.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::hash::ContentHash;
use crate::manifest::{Collision, Delta, Entry, Manifest};
use crate::path::DocPath;

/// One thing that a scan found at a path below the mirror.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Found {
    /// A regular file with these bytes.
    File(ContentHash),
    /// A symbolic link. Nothing follows it.
    Link,
    /// A folder without anything in it.
    EmptyFolder,
    /// A socket, a pipe, a device.
    Special,
}

/// All that a scan found. The paths need be no doc paths, nor even text.
pub type Disk = BTreeMap<PathBuf, Found>;

/// What becomes of one path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    /// The file on disk is this doc already.
    Reuse(DocPath),
    /// The doc's bytes are not on disk.
    Write(DocPath),
    /// The same, and what is there instead was not written by us: put it aside first.
    Replace(DocPath),
    /// Nothing is lost with it: we wrote it and the platform has it no more, or it is an empty folder.
    Drop(PathBuf),
    /// Not ours: put it aside.
    PutAside(PathBuf),
}

impl Step {
    /// The path below the mirror.
    pub fn path(&self) -> &Path {
        match self {
            Step::Reuse(doc) | Step::Write(doc) | Step::Replace(doc) => Path::new(doc.as_str()),
            Step::Drop(path) | Step::PutAside(path) => path,
        }
    }
}

/// The whole way from disk to target.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    /// Every doc of the target and everything on disk, once each, sorted by path.
    pub steps: Vec<Step>,
    /// What the platform changed since the base.
    pub delta: Delta,
    /// Docs that were changed, replaced or deleted here, and are put right.
    pub repaired: Vec<DocPath>,
}

impl Plan {
    /// Whether the disk is the target already.
    pub fn is_done(&self) -> bool {
        self.steps.iter().all(|step| matches!(step, Step::Reuse(_)))
    }

    /// What has to be put aside: everything on disk that is neither base nor target.
    pub fn aside(&self) -> impl Iterator<Item = &Path> {
        let aside = |step: &&Step| matches!(step, Step::Replace(_) | Step::PutAside(_));
        self.steps.iter().filter(aside).map(Step::path)
    }

    /// What is on disk and never was a doc here: not an edit, but somebody's own file.
    pub fn foreign<'a>(&'a self, base: &'a Manifest) -> impl Iterator<Item = &'a Path> {
        self.aside().filter(|path| doc_at(path).is_none_or(|doc| base.get(&doc).is_none()))
    }
}

/// Whether the disk holds exactly these docs, as a plan that is done from the start would say.
pub fn holds(disk: &Disk, docs: &Manifest) -> bool {
    let is_there = |((path, found), (wanted, _, entry)): ((&PathBuf, &Found), (&Path, &DocPath, &Entry))| {
        *found == Found::File(entry.hash) && path == wanted
    };
    disk.len() == docs.len() && disk.iter().zip(in_order(docs)).all(is_there)
}

/// Plans the way to `target`; refuses a target that not every file system can hold.
pub fn plan(base: &Manifest, disk: &Disk, target: &Manifest) -> Result<Plan, Collision> {
    if let Some(collision) = target.collision() {
        return Err(collision);
    }
    let mut steps = Vec::with_capacity(disk.len().max(target.len()));
    let mut repaired = Vec::new();
    let mut rest = disk.iter().peekable();
    for (path, doc, wanted) in in_order(target) {
        while let Some((path, found)) = rest.next_if(|(before, _)| before.as_path() < path) {
            steps.push(without_doc(base, path, found));
        }
        let found = rest.next_if(|(same, _)| same.as_path() == path).map(|(_, found)| found);
        let written = base.get(doc).map(|entry| Found::File(entry.hash));
        let step = match found {
            Some(Found::File(hash)) if *hash == wanted.hash => Step::Reuse(doc.clone()),
            None | Some(Found::EmptyFolder) => Step::Write(doc.clone()),
            found if found == written.as_ref() => Step::Write(doc.clone()),
            Some(_) => Step::Replace(doc.clone()),
        };
        if written.is_some() && found != written.as_ref() && !matches!(step, Step::Reuse(_)) {
            repaired.push(doc.clone());
        }
        steps.push(step);
    }
    steps.extend(rest.map(|(path, found)| without_doc(base, path, found)));
    Ok(Plan { steps, delta: base.delta_to(target), repaired })
}

/// What becomes of something in whose place no doc goes.
fn without_doc(base: &Manifest, path: &Path, found: &Found) -> Step {
    match found {
        Found::EmptyFolder => Step::Drop(path.to_owned()),
        Found::File(hash) if was_written(base, path, *hash) => Step::Drop(path.to_owned()),
        _ => Step::PutAside(path.to_owned()),
    }
}

/// Docs in the order of a disk: by segments, where a manifest's is by bytes.
fn in_order(docs: &Manifest) -> Vec<(&Path, &DocPath, &Entry)> {
    let mut all: Vec<_> = docs.iter().map(|(doc, entry)| (Path::new(doc.as_str()), doc, entry)).collect();
    all.sort_by(|one, other| one.0.cmp(other.0));
    all
}

fn was_written(base: &Manifest, path: &Path, hash: ContentHash) -> bool {
    doc_at(path).and_then(|doc| base.get(&doc).copied()).is_some_and(|entry| entry.hash == hash)
}

/// The doc path that `path` spells, if it spells one.
fn doc_at(path: &Path) -> Option<DocPath> {
    let text: Option<Vec<&str>> = path.iter().map(|segment| segment.to_str()).collect();
    DocPath::parse(&text?.join("/")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn doc(text: &str) -> DocPath {
        DocPath::parse(text).unwrap()
    }

    fn hash(text: &str) -> ContentHash {
        ContentHash::of(text.as_bytes())
    }

    fn manifest(docs: &[(&str, &str)]) -> Manifest {
        docs.iter().map(|(p, text)| (doc(p), Entry { hash: hash(text), size: text.len() as u64 })).collect()
    }

    fn files(docs: &[(&str, &str)]) -> Disk {
        docs.iter().map(|(p, text)| (PathBuf::from(p), Found::File(hash(text)))).collect()
    }

    #[test]
    fn what_becomes_of_one_path() {
        use Step::*;
        let (x, file) = (doc("x"), PathBuf::from("x"));
        // base, disk, platform → step, repaired?
        for (base, disk, target, step, repaired) in [
            (None, None, Some("1"), Some(Write(x.clone())), false),
            (Some("1"), Some("1"), Some("1"), Some(Reuse(x.clone())), false),
            (Some("1"), Some("1"), Some("2"), Some(Write(x.clone())), false),
            (Some("1"), Some("1"), None, Some(Drop(file.clone())), false),
            (Some("1"), None, Some("1"), Some(Write(x.clone())), true),
            (Some("1"), None, None, None, false),
            (Some("1"), Some("mine"), Some("1"), Some(Replace(x.clone())), true),
            (Some("1"), Some("mine"), Some("2"), Some(Replace(x.clone())), true),
            (Some("1"), Some("2"), Some("2"), Some(Reuse(x.clone())), false),
            (Some("1"), Some("mine"), None, Some(PutAside(file.clone())), false),
            (None, Some("mine"), Some("1"), Some(Replace(x.clone())), false),
            (None, Some("1"), Some("1"), Some(Reuse(x.clone())), false),
            (None, Some("mine"), None, Some(PutAside(file.clone())), false),
        ] {
            let side = |text: Option<&'static str>| text.map(|text| vec![("x", text)]).unwrap_or_default();
            let plan = plan(&manifest(&side(base)), &files(&side(disk)), &manifest(&side(target))).unwrap();
            let case = format!("{base:?} {disk:?} {target:?}");
            assert_eq!(plan.steps.first(), step.as_ref(), "{case}");
            assert_eq!(!plan.repaired.is_empty(), repaired, "{case}");
        }
    }

    #[test]
    fn links_and_pipes_are_put_aside_and_empty_folders_dropped() {
        let base = manifest(&[("a", "1"), ("b", "1"), ("c/d", "1")]);
        let disk = Disk::from([
            ("a".into(), Found::Link),
            ("b".into(), Found::EmptyFolder),
            ("c/d".into(), Found::File(hash("1"))),
            ("e".into(), Found::Special),
            ("f".into(), Found::EmptyFolder),
            ("g".into(), Found::Link),
        ]);
        let plan = plan(&base, &disk, &base).unwrap();
        let steps = [
            Step::Replace(doc("a")),
            Step::Write(doc("b")),
            Step::Reuse(doc("c/d")),
            Step::PutAside("e".into()),
            Step::Drop("f".into()),
            Step::PutAside("g".into()),
        ];
        assert_eq!(plan.steps, steps);
        assert_eq!(plan.repaired, [doc("a"), doc("b")]);
        assert_eq!(plan.foreign(&base).collect::<Vec<_>>(), [Path::new("e"), Path::new("g")]);
    }

    #[test]
    fn case_twins_are_refused_by_name() {
        let twins = manifest(&[("a.md", "1"), ("A.md", "1")]);
        let error = plan(&Manifest::default(), &Disk::default(), &twins).unwrap_err();
        assert_eq!(error.to_string(), "'A.md' and 'a.md' differ only by case or normalisation");
    }

    /// Carries a plan out on a pretended disk; returns the new disk and what was put aside.
    fn carry_out(plan: &Plan, disk: &Disk, target: &Manifest) -> (Disk, Disk) {
        let (mut after, mut aside) = (Disk::new(), Disk::new());
        for step in &plan.steps {
            let path = step.path().to_owned();
            match step {
                Step::Reuse(_) => drop(after.insert(path.clone(), disk[&path])),
                Step::Write(doc) => drop(after.insert(path, Found::File(target.get(doc).unwrap().hash))),
                Step::Replace(doc) => {
                    aside.insert(path.clone(), disk[&path]);
                    after.insert(path, Found::File(target.get(doc).unwrap().hash));
                }
                Step::Drop(_) => {}
                Step::PutAside(_) => drop(aside.insert(path.clone(), disk[&path])),
            }
        }
        (after, aside)
    }

    fn some_docs() -> impl Strategy<Value = Manifest> {
        prop::collection::btree_map("[abAB](/[ab])?", "[123]", 0..6).prop_map(|docs| {
            docs.iter().map(|(p, text)| (doc(p), Entry { hash: hash(text), size: 1 })).collect()
        })
    }

    fn some_disk() -> impl Strategy<Value = Disk> {
        let found = prop_oneof![
            6 => "[123]".prop_map(|text| Found::File(hash(&text))),
            1 => Just(Found::Link),
            1 => Just(Found::EmptyFolder),
            1 => Just(Found::Special),
        ];
        prop::collection::btree_map("[abAB.\\\\](/[ab])?".prop_map(PathBuf::from), found, 0..8)
    }

    proptest! {
        #[test]
        fn planning_after_carrying_out_finds_nothing_to_do(base in some_docs(), disk in some_disk(), target in some_docs()) {
            match plan(&base, &disk, &target) {
                Err(_) => prop_assert!(target.collision().is_some()),
                Ok(first) => {
                    let (after, _) = carry_out(&first, &disk, &target);
                    let again = plan(&target, &after, &target).unwrap();
                    prop_assert!(again.is_done() && again.delta.is_empty() && again.repaired.is_empty());
                    prop_assert!(holds(&after, &target));
                    prop_assert_eq!(holds(&disk, &target), first.is_done());
                    prop_assert_eq!(after.len(), target.len());
                }
            }
        }

        #[test]
        fn no_path_is_named_twice_and_the_order_is_fixed(base in some_docs(), disk in some_disk(), target in some_docs()) {
            if let Ok(plan) = plan(&base, &disk, &target) {
                let paths: Vec<_> = plan.steps.iter().map(Step::path).collect();
                prop_assert!(paths.windows(2).all(|two| two[0] < two[1]), "{paths:?}");
                let named: BTreeSet<_> = paths.into_iter().collect();
                prop_assert!(disk.keys().all(|path| named.contains(path.as_path())));
            }
        }

        #[test]
        fn nothing_that_only_the_disk_has_is_lost(base in some_docs(), disk in some_disk(), target in some_docs()) {
            if let Ok(plan) = plan(&base, &disk, &target) {
                let (after, aside) = carry_out(&plan, &disk, &target);
                for (path, found) in &disk {
                    let ours = matches!(found, Found::File(hash) if was_written(&base, path, *hash));
                    let safe = after.get(path) == Some(found) || aside.get(path) == Some(found);
                    prop_assert!(safe || ours || *found == Found::EmptyFolder, "{path:?} {found:?}");
                }
            }
        }
    }
}
