//! A commit of saved docs, in the form that git makes one of. Pure.

use std::collections::BTreeMap;

use aitk_shared::path::DocPath;
use aitk_shared::repo::CommitId;
use aitk_shared::time::Timestamp;

use super::listing::{Entry, Kind};
use super::{Author, Remote};

/// Where a commit is made before it is pushed.
pub(super) const DRAFT: &str = "refs/aitk/draft";

/// Who is named as having made the commit object; who wrote the docs is its author.
const COMMITTER: &str = "aitk <aitk@aitk.invalid>";

/// What a commit is made of; its id follows from this alone.
#[derive(Clone, Copy)]
pub(super) struct Commit<'a> {
    pub onto: Option<&'a CommitId>,
    pub changes: &'a BTreeMap<DocPath, Option<Vec<u8>>>,
    pub author: &'a Author,
    pub message: &'a str,
    pub at: Timestamp,
}

/// The commit in the form that `git fast-import` takes. Deletions come first: a name may become a folder.
pub(super) fn script(remote: &Remote, commit: Commit<'_>, files: &BTreeMap<Vec<u8>, Entry>) -> Vec<u8> {
    let seconds = commit.at.as_millis().max(0) / 1_000;
    let mut script = format!(
        "commit {DRAFT}\nauthor {} {seconds} +0000\ncommitter {COMMITTER} {seconds} +0000\n",
        signature(commit.author)
    )
    .into_bytes();
    let message = format!("{}\n", commit.message.replace('\0', "").trim_end());
    data(&mut script, message.as_bytes());
    if let Some(onto) = commit.onto {
        script.extend(format!("from {onto}\n").into_bytes());
    }
    let place = |path: &DocPath| format!("{}/{path}", remote.docs_path).replace('"', "\\\"");
    for (path, _) in commit.changes.iter().filter(|(_, content)| content.is_none()) {
        script.extend(format!("D \"{}\"\n", place(path)).into_bytes());
    }
    for (path, content) in commit.changes {
        let Some(content) = content else { continue };
        let mode = match files.get(path.as_str().as_bytes()) {
            Some(Entry { kind: Kind::Executable, .. }) => "100755",
            _ => "100644",
        };
        script.extend(format!("M {mode} inline \"{}\"\n", place(path)).into_bytes());
        data(&mut script, content);
    }
    script.extend(b"done\n");
    script
}

fn data(script: &mut Vec<u8>, bytes: &[u8]) {
    script.extend(format!("data {}\n", bytes.len()).into_bytes());
    script.extend(bytes);
    script.push(b'\n');
}

/// `Name <address>`, without what would end either.
fn signature(author: &Author) -> String {
    let clean = |text: &str| {
        let text: String = text.chars().filter(|c| !c.is_control() && !"<>".contains(*c)).collect();
        text.trim().to_owned()
    };
    let (name, email) = (clean(&author.name), clean(&author.email));
    match name.is_empty() {
        true => format!("{email} <{email}>"),
        false => format!("{name} <{email}>"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_author_cannot_break_out_of_the_line() {
        let author = |name: &str, email: &str| signature(&Author { name: name.into(), email: email.into() });
        assert_eq!(author("Ann B", "ann@x"), "Ann B <ann@x>");
        assert_eq!(author("Ann <x> 0\ncommitter y", "a>\n@x"), "Ann x 0committer y <a@x>");
        assert_eq!(author(" \n", "ann@x"), "ann@x <ann@x>");
    }
}
