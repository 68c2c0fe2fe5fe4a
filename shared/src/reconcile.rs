//! What brings a project's docs and a repository's docs together.
//!
//! Three manifests, since two cannot tell "deleted here" from "new there": the base (what both
//! had), ours (the platform), theirs (the repository). The plan is data, one step a path. It
//! never gives up a text that only one side has.

use std::collections::{BTreeMap, BTreeSet};

use crate::hash::ContentHash;
use crate::manifest::{Entry, Manifest};
use crate::path::DocPath;

/// What becomes of one path. A path without a step stays as it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// Both have come to the same by themselves: it is the new base.
    Agree,
    /// Only the repository changed it, or deleted it.
    Take,
    /// Only the platform changed it, or deleted it.
    Push,
    /// Both changed it: the texts have to be merged.
    Merge,
    /// Deleted here, changed there: the repository's text comes back.
    Restore,
    /// Changed here, deleted there: it stays, and somebody has to decide.
    Keep,
}

/// A conflict that nobody has decided yet: the two sides it is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Open {
    /// The platform's text.
    pub ours: Option<ContentHash>,
    /// The repository's text.
    pub theirs: Option<ContentHash>,
}

/// All that a plan is made from.
pub struct Sides<'a> {
    /// What both had when they met last.
    pub base: &'a Manifest,
    /// What the platform has.
    pub ours: &'a Manifest,
    /// What the repository has.
    pub theirs: &'a Manifest,
    /// Where the repository has something that is no doc: neither taken nor overwritten.
    pub hidden: &'a BTreeSet<DocPath>,
    /// Undecided conflicts.
    pub open: &'a BTreeMap<DocPath, Open>,
    /// What was under way to the repository when nobody heard how it ended.
    pub sent: &'a BTreeMap<DocPath, Option<ContentHash>>,
}

impl Sides<'_> {
    /// The step of every path that needs one.
    pub fn plan(&self) -> BTreeMap<DocPath, Step> {
        let all =
            [self.base, self.ours, self.theirs].into_iter().flat_map(Manifest::iter).map(|(path, _)| path);
        let paths: BTreeSet<_> =
            all.chain(self.open.keys()).filter(|path| !self.hidden.contains(*path)).collect();
        paths.into_iter().filter_map(|path| Some((path.clone(), self.step(path)?))).collect()
    }

    fn step(&self, path: &DocPath) -> Option<Step> {
        let [mut base, ours, theirs] = [self.base, self.ours, self.theirs].map(|side| hash(side, path));
        let open = self.open.get(path);
        if open.is_some_and(|open| open.ours == ours && open.theirs == theirs) {
            return None;
        }
        let arrived = self.sent.get(path) == Some(&theirs);
        if arrived {
            base = theirs;
        }
        Some(match (ours, theirs) {
            (ours, theirs) if ours == theirs => {
                return (base != ours || arrived || open.is_some()).then_some(Step::Agree);
            }
            (ours, _) if ours == base => Step::Take,
            (_, theirs) if theirs == base => Step::Push,
            (None, _) => Step::Restore,
            (_, None) => Step::Keep,
            _ => Step::Merge,
        })
    }

    /// Whether the repository lost every doc at once: a folder that was renamed, rather than
    /// docs that were deleted. Nothing should follow it unasked.
    pub fn lost_everything(&self) -> bool {
        self.theirs.is_empty() && self.hidden.is_empty() && !self.base.is_empty()
    }
}

fn hash(side: &Manifest, path: &DocPath) -> Option<ContentHash> {
    side.get(path).map(|entry: &Entry| entry.hash)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn doc(text: &str) -> DocPath {
        DocPath::parse(text).unwrap()
    }

    fn hash_of(text: &str) -> ContentHash {
        ContentHash::of(text.as_bytes())
    }

    fn side(text: Option<&str>) -> Manifest {
        let entry = |text: &str| (doc("x"), Entry { hash: hash_of(text), size: text.len() as u64 });
        text.into_iter().map(entry).collect()
    }

    #[test]
    fn what_becomes_of_one_path() {
        use Step::*;
        // base, ours, theirs → step
        for (base, ours, theirs, step) in [
            (None, None, None, None),
            (Some("1"), Some("1"), Some("1"), None),
            (Some("1"), Some("1"), Some("2"), Some(Take)),
            (Some("1"), Some("1"), None, Some(Take)),
            (None, None, Some("1"), Some(Take)),
            (Some("1"), Some("2"), Some("1"), Some(Push)),
            (Some("1"), None, Some("1"), Some(Push)),
            (None, Some("1"), None, Some(Push)),
            (Some("1"), Some("2"), Some("2"), Some(Agree)),
            (None, Some("1"), Some("1"), Some(Agree)),
            (Some("1"), None, None, Some(Agree)),
            (Some("1"), Some("2"), Some("3"), Some(Merge)),
            (None, Some("2"), Some("3"), Some(Merge)),
            (Some("1"), None, Some("2"), Some(Restore)),
            (Some("1"), Some("2"), None, Some(Keep)),
        ] {
            let (base_side, ours_side, theirs_side) = (side(base), side(ours), side(theirs));
            let mut sides = Sides {
                base: &base_side,
                ours: &ours_side,
                theirs: &theirs_side,
                hidden: &BTreeSet::new(),
                open: &BTreeMap::new(),
                sent: &BTreeMap::new(),
            };
            let case = format!("{base:?} {ours:?} {theirs:?}");
            assert_eq!(sides.plan().get(&doc("x")), step.as_ref(), "{case}");
            let hidden = BTreeSet::from([doc("x")]);
            sides.hidden = &hidden;
            assert!(sides.plan().is_empty(), "{case}: what is no doc there is left alone");
        }
    }

    #[test]
    fn an_open_conflict_rests_until_one_side_moves() {
        let (base, ours) = (side(Some("1")), side(Some("2")));
        let open = |theirs: Option<&str>| {
            BTreeMap::from([(doc("x"), Open { ours: Some(hash_of("2")), theirs: theirs.map(hash_of) })])
        };
        // the conflict's theirs, theirs now → step
        for (known, theirs, step) in [
            (Some("3"), Some("3"), None),
            (Some("3"), Some("4"), Some(Step::Merge)),
            (Some("3"), Some("2"), Some(Step::Agree)),
            (Some("3"), Some("1"), Some(Step::Push)),
            (Some("3"), None, Some(Step::Keep)),
            (None, None, None),
            (None, Some("3"), Some(Step::Merge)),
        ] {
            let (theirs_side, open) = (side(theirs), open(known));
            let sides = Sides {
                base: &base,
                ours: &ours,
                theirs: &theirs_side,
                hidden: &BTreeSet::new(),
                open: &open,
                sent: &BTreeMap::new(),
            };
            assert_eq!(sides.plan().get(&doc("x")), step.as_ref(), "{known:?} {theirs:?}");
        }
    }

    #[test]
    fn a_push_that_arrived_unheard_is_no_change_of_theirs() {
        // base, sent, ours now, theirs → step
        for (base, sent, ours, theirs, step) in [
            (Some("1"), Some("2"), Some("2"), Some("2"), Some(Step::Agree)),
            (Some("1"), Some("2"), Some("3"), Some("2"), Some(Step::Push)),
            (Some("1"), Some("2"), Some("3"), Some("1"), Some(Step::Push)),
            (Some("1"), Some("2"), Some("3"), Some("4"), Some(Step::Merge)),
            (Some("1"), None, Some("3"), None, Some(Step::Push)),
            (None, Some("2"), None, Some("2"), Some(Step::Push)),
            (Some("1"), Some("2"), Some("1"), Some("2"), Some(Step::Push)),
        ] {
            let (base_side, ours_side, theirs_side) = (side(base), side(ours), side(theirs));
            let sides = Sides {
                base: &base_side,
                ours: &ours_side,
                theirs: &theirs_side,
                hidden: &BTreeSet::new(),
                open: &BTreeMap::new(),
                sent: &BTreeMap::from([(doc("x"), sent.map(hash_of))]),
            };
            let case = format!("{base:?} {sent:?} {ours:?} {theirs:?}");
            assert_eq!(sides.plan().get(&doc("x")), step.as_ref(), "{case}");
        }
    }

    #[test]
    fn a_repository_without_any_doc_is_told_from_one_that_never_had_one() {
        let (empty, one) = (Manifest::default(), side(Some("1")));
        let hidden = BTreeSet::from([doc("x")]);
        let none = BTreeSet::new();
        for (base, theirs, hidden, lost) in [
            (&one, &empty, &none, true),
            (&empty, &empty, &none, false),
            (&one, &one, &none, false),
            (&one, &empty, &hidden, false),
        ] {
            let (open, sent) = (BTreeMap::new(), BTreeMap::new());
            let sides = Sides { base, ours: &one, theirs, hidden, open: &open, sent: &sent };
            assert_eq!(sides.lost_everything(), lost);
        }
    }

    fn any_side() -> impl Strategy<Value = Manifest> {
        let entry = |text: String| Entry { hash: hash_of(&text), size: 1 };
        prop::collection::btree_map("[a-c]", "[1-4]", 0..4)
            .prop_map(move |docs| docs.into_iter().map(|(path, text)| (doc(&path), entry(text))).collect())
    }

    proptest! {
        #[test]
        fn no_text_of_one_side_alone_is_given_up(base in any_side(), ours in any_side(), theirs in any_side()) {
            let sides = Sides {
                base: &base, ours: &ours, theirs: &theirs,
                hidden: &BTreeSet::new(), open: &BTreeMap::new(), sent: &BTreeMap::new(),
            };
            let plan = sides.plan();
            for path in ["a", "b", "c"].map(doc) {
                let [base, ours, theirs] = [&base, &ours, &theirs].map(|side| hash(side, &path));
                match plan.get(&path) {
                    // What is replaced was the base, or is nothing.
                    Some(Step::Take) => prop_assert!(ours == base && theirs != base),
                    Some(Step::Push) => prop_assert!(theirs == base && ours != base),
                    Some(Step::Agree) => prop_assert!(ours == theirs && ours != base),
                    Some(Step::Restore) => prop_assert!(ours.is_none() && theirs.is_some() && theirs != base),
                    Some(Step::Keep) => prop_assert!(theirs.is_none() && ours.is_some() && ours != base),
                    Some(Step::Merge) => prop_assert!(
                        ours.is_some() && theirs.is_some() && ours != theirs && ours != base && theirs != base
                    ),
                    None => prop_assert!(ours == theirs && ours == base),
                }
            }
        }

        #[test]
        fn the_plan_of_the_other_side_is_the_mirror_image(base in any_side(), ours in any_side(), theirs in any_side()) {
            let (hidden, open, sent) = (BTreeSet::new(), BTreeMap::new(), BTreeMap::new());
            let plan = |ours, theirs| Sides { base: &base, ours, theirs, hidden: &hidden, open: &open, sent: &sent }.plan();
            let mirrored = |step| match step {
                Step::Take => Step::Push,
                Step::Push => Step::Take,
                Step::Restore => Step::Keep,
                Step::Keep => Step::Restore,
                same => same,
            };
            let turned: BTreeMap<_, _> =
                plan(&theirs, &ours).into_iter().map(|(path, step)| (path, mirrored(step))).collect();
            prop_assert_eq!(plan(&ours, &theirs), turned);
        }
    }
}
