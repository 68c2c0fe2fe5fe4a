//! The three-way merge of one doc.

use super::run::Run;
use super::{Git, GitError, program};

use aitk_shared::limits;

/// How folders with a merge under way begin, in the folder of repositories.
pub(super) const MERGE_PREFIX: &str = ".merge-";

/// What two versions of a doc became.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Merged {
    /// Both sides' changes.
    Clean(Vec<u8>),
    /// The text with markers where both changed the same; our version where it is no text.
    Conflict(Vec<u8>),
}

pub(super) async fn merge(git: &Git, base: &[u8], ours: &[u8], theirs: &[u8]) -> Result<Merged, GitError> {
    if ours == theirs || base == theirs {
        return Ok(Merged::Clean(ours.to_vec()));
    }
    if base == ours {
        return Ok(Merged::Clean(theirs.to_vec()));
    }
    let is_text = |bytes: &[u8]| !bytes.contains(&0) && std::str::from_utf8(bytes).is_ok();
    if ![base, ours, theirs].into_iter().all(is_text) {
        return Ok(Merged::Conflict(ours.to_vec()));
    }
    program::check(git).await?;
    let folder = tempfile::Builder::new().prefix(MERGE_PREFIX).tempdir_in(&git.folder);
    let folder = folder.map_err(|error| GitError::Failed(format!("cannot merge: {error}")))?;
    let mut names = Vec::new();
    for (name, content) in [("ours", ours), ("base", base), ("theirs", theirs)] {
        let file = folder.path().join(name);
        let written = tokio::fs::write(&file, content).await;
        written.map_err(|error| GitError::Failed(format!("cannot merge: {error}")))?;
        names.push(file.display().to_string());
    }
    let labels = ["-L", "platform", "-L", "base", "-L", "repository"];
    let mut arguments = vec!["merge-file", "-p", "-q"];
    arguments.extend(labels);
    arguments.push("--");
    arguments.extend(names.iter().map(String::as_str));
    let done = Run::new(git, &arguments).at_most(limits::GIT_MERGE).output().await;
    match done {
        Ok(done) => match done.code {
            Some(0) => Ok(Merged::Clean(done.stdout)),
            // The number of conflicts.
            Some(1..=127) => Ok(Merged::Conflict(done.stdout)),
            _ => done.expect("merge").map(Merged::Conflict),
        },
        Err(GitError::Unreachable(text)) => Err(GitError::Failed(format!("cannot merge: {text}"))),
        Err(error) => Err(error),
    }
}
