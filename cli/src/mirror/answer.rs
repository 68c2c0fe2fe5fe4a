//! A platform's answer, checked as a whole before anything of it reaches a disk.

use std::collections::BTreeMap;

use aitk_shared::api::SyncAnswer;
use aitk_shared::hash::{ContentHash, DocsHash};
use aitk_shared::manifest::{Entry, Manifest};
use aitk_shared::path::DocPath;

use crate::error::{Error, Kind, Result};
use crate::output::shown;

/// What the platform has, proven to be what it announced.
#[derive(Debug)]
pub struct Target {
    /// All docs.
    pub manifest: Manifest,
    /// The bytes that came along.
    pub contents: BTreeMap<DocPath, Vec<u8>>,
}

/// Takes the docs out of `answer` and proves them.
///
/// `had` is the docs hash that was sent, `base` the manifest that it stands for. A doc
/// whose bytes are not its hash, a path that cannot stand beside another, or a sum that
/// is not the announced one refuses the answer as a whole, and names what is wrong.
pub fn check(answer: &mut SyncAnswer, had: Option<DocsHash>, base: &Manifest) -> Result<Target> {
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
    let mut contents = BTreeMap::new();
    for doc in answer.docs.drain(..) {
        let name = shown(doc.file_name.as_str());
        let bytes = doc
            .content
            .into_bytes()
            .map_err(|error| refused(&format!("the content of '{name}' is no base64: {error}")))?;
        if ContentHash::of(&bytes) != doc.hash {
            return Err(refused(&format!("the bytes of '{name}' do not have the hash that it gives them")));
        }
        manifest.insert(doc.file_name.clone(), Entry { hash: doc.hash, size: bytes.len() as u64 });
        if contents.insert(doc.file_name, bytes).is_some() {
            return Err(refused(&format!("it has '{name}' twice")));
        }
    }
    if let Some(collision) = manifest.collision() {
        return Err(refused(&shown(&collision.to_string())));
    }
    let sum = manifest.docs_hash();
    if sum != answer.hash {
        return Err(refused(&format!("its docs add up to {sum}, not to the announced {}", answer.hash)));
    }
    Ok(Target { manifest, contents })
}

fn refused(why: &str) -> Error {
    Error::new(Kind::Failed, format!("the server's answer cannot be used: {why}"))
        .hint("nothing was changed; run the command again, and tell the server's operator if it stays so")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mirror::tests::{answer, manifest, path};
    use aitk_shared::api::{Content, Encoding};

    #[test]
    fn a_whole_answer_and_a_delta_are_proven() {
        let docs = [("a", "1"), ("b/c", "2")];
        let target = check(&mut answer(1, &docs), None, &Manifest::default()).unwrap();
        assert_eq!(target.manifest, manifest(&docs));
        assert_eq!(target.contents[&path("b/c")], b"2");

        let base = manifest(&[("a", "0"), ("gone", "x"), ("b/c", "2")]);
        let mut delta = answer(2, &docs);
        delta.docs.truncate(1);
        delta.base = Some(base.docs_hash());
        delta.removed = vec![path("gone")];
        let target = check(&mut delta, Some(base.docs_hash()), &base).unwrap();
        assert_eq!((target.manifest, target.contents.len()), (manifest(&docs), 1));
    }

    #[test]
    fn an_answer_with_one_fault_is_refused_as_a_whole_and_names_it() {
        let base = manifest(&[("a", "1")]);
        type Fault = fn(&mut SyncAnswer);
        for (fault, named) in [
            ((|a| a.docs[1].hash = ContentHash::of(b"other")) as Fault, "'b/c'"),
            (
                |a| a.docs[0].content = Content { content: "?".into(), encoding: Some(Encoding::Base64) },
                "'a'",
            ),
            (|a| a.docs.push(a.docs[0].clone()), "'a' twice"),
            (|a| a.docs[0].file_name = path("B/C"), "'B/C'"),
            (|a| a.docs[0].file_name = path("b"), "'b' cannot be a doc and the folder of 'b/c'"),
            (|a| drop(a.docs.pop()), "add up"),
            (|a| a.base = Some(a.hash), "not sent"),
        ] {
            let mut answer = answer(1, &[("a", "1"), ("b/c", "2")]);
            fault(&mut answer);
            let error = check(&mut answer, Some(base.docs_hash()), &base).unwrap_err();
            assert_eq!(error.kind, Kind::Failed);
            assert!(error.message.contains(named), "{named}: {}", error.message);
        }
    }

    #[test]
    fn a_delta_that_removes_what_was_not_there_is_refused() {
        let base = manifest(&[("a", "1")]);
        let mut delta = answer(2, &[("a", "1")]);
        delta.base = Some(base.docs_hash());
        delta.removed = vec![path("b")];
        assert!(check(&mut delta, Some(base.docs_hash()), &base).unwrap_err().message.contains("'b'"));
    }
}
