//! A platform's answer, checked as a whole before anything of it reaches a mirror.

use std::collections::BTreeSet;

use aitk_shared::api::SyncAnswer;
use aitk_shared::hash::DocsHash;
use aitk_shared::manifest::{Entry, Manifest};

use super::contents::Arrived;
use crate::error::{Error, Kind, Result};
use crate::output::shown;

/// Takes the docs out of `answer`, whose bytes are proven, and proves the whole.
///
/// `had` is the docs hash that was sent, `base` the manifest that it stands for. A path that
/// cannot stand beside another, or a sum that is not the announced one, refuses the answer as a
/// whole, and names what is wrong.
pub fn check(answer: &SyncAnswer<Arrived>, had: Option<DocsHash>, base: &Manifest) -> Result<Manifest> {
    let mut manifest = match (answer.base, had) {
        (None, _) => Manifest::default(),
        (Some(from), Some(had)) if from == had => base.clone(),
        (Some(_), _) => return Err(refused("it leads on from a revision that was not sent")),
    };
    for path in &answer.removed {
        if answer.base.is_some() && manifest.remove(path).is_none() {
            return Err(refused(&format!("it removes '{}', which was not there", shown(path.as_str()))));
        }
    }
    let mut seen = BTreeSet::new();
    for doc in &answer.docs {
        manifest.insert(doc.path.clone(), Entry { hash: doc.hash, size: doc.size });
        if !seen.insert(&doc.path) {
            return Err(refused(&format!("it has '{}' twice", shown(doc.path.as_str()))));
        }
    }
    if let Some(collision) = manifest.collision() {
        return Err(refused(&shown(&collision.to_string())));
    }
    let sum = manifest.docs_hash();
    if sum != answer.hash {
        return Err(refused(&format!("its docs add up to {sum}, not to the announced {}", answer.hash)));
    }
    Ok(manifest)
}

/// What cannot be true of an answer.
pub fn refused(why: &str) -> Error {
    Error::new(Kind::Failed, format!("the server's answer cannot be used: {why}"))
        .hint("nothing was changed; run the command again, and tell the server's operator if it stays so")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mirror::tests::{arrived, manifest, path};
    use aitk_shared::hash::ContentHash;

    #[test]
    fn a_whole_answer_and_a_delta_are_proven() {
        let docs = [("a", "1"), ("b/c", "2")];
        let target = check(&arrived(1, &docs), None, &Manifest::default()).unwrap();
        assert_eq!(target, manifest(&docs));

        let base = manifest(&[("a", "0"), ("gone", "x"), ("b/c", "2")]);
        let mut delta = arrived(2, &docs);
        delta.docs.truncate(1);
        delta.base = Some(base.docs_hash());
        delta.removed = vec![path("gone")];
        assert_eq!(check(&delta, Some(base.docs_hash()), &base).unwrap(), manifest(&docs));
    }

    #[test]
    fn an_answer_with_one_fault_is_refused_as_a_whole_and_names_it() {
        let base = manifest(&[("a", "1")]);
        type Fault = fn(&mut SyncAnswer<Arrived>);
        for (fault, named) in [
            ((|a| a.docs[1].hash = ContentHash::of(b"other")) as Fault, "add up"),
            (|a| a.docs.push(a.docs[0].clone()), "'a' twice"),
            (|a| a.docs[0].path = path("B/C"), "'B/C'"),
            (|a| a.docs[0].path = path("b"), "'b' cannot be a doc and the folder of 'b/c'"),
            (|a| drop(a.docs.pop()), "add up"),
            (|a| a.base = Some(a.hash), "not sent"),
        ] {
            let mut answer = arrived(1, &[("a", "1"), ("b/c", "2")]);
            fault(&mut answer);
            let error = check(&answer, Some(base.docs_hash()), &base).unwrap_err();
            assert_eq!(error.kind, Kind::Failed);
            assert!(error.message.contains(named), "{named}: {}", error.message);
        }
    }

    #[test]
    fn a_delta_that_removes_what_was_not_there_is_refused() {
        let base = manifest(&[("a", "1")]);
        let mut delta = arrived(2, &[("a", "1")]);
        delta.base = Some(base.docs_hash());
        delta.removed = vec![path("b")];
        assert!(check(&delta, Some(base.docs_hash()), &base).unwrap_err().message.contains("'b'"));
    }
}
