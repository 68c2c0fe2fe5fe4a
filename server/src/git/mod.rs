//! Git repositories of projects, by the `git` program as a subprocess.
//!
//! Each project has a bare, shallow copy without blobs but those of its docs. The copy is a cache: what is
//! damaged or lost is fetched again. Nothing of the machine's or a user's git settings applies, no hook, filter or
//! prompt runs, a token is only ever in a child's environment, and the host that git connects to has the
//! address that was checked. This room knows nothing of the store, of HTTP, or of locks.

mod access;
mod commit;
mod complaint;
mod copy;
mod error;
mod listing;
mod merge;
mod policy;
mod program;
mod pull;
mod push;
mod run;
mod ssh;
mod transfer;

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aitk_shared::id::ProjectId;
use aitk_shared::limits;
use aitk_shared::path::DocPath;
use aitk_shared::repo::{Branch, CommitId, RepoUrl};
use aitk_shared::time::Timestamp;
use tokio::sync::{OnceCell, Semaphore};
use zeroize::Zeroizing;

pub use error::GitError;
pub use merge::Merged;

/// The git program and the local copies.
pub struct Git {
    folder: PathBuf,
    policy: Policy,
    patience: Patience,
    program: OnceCell<()>,
    at_once: Semaphore,
    turns: Mutex<HashMap<ProjectId, Arc<tokio::sync::Mutex<()>>>>,
}

/// Where a server goes, and what it takes from there.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// Repositories on private and loopback addresses, and http to them. Link-local addresses and those of
    /// metadata services stay refused.
    pub allow_private: bool,
    /// Repositories in the server's own file system.
    pub allow_files: bool,
    /// Larger files are skipped.
    pub doc_bytes: u64,
}

impl Default for Policy {
    fn default() -> Self {
        Policy { allow_private: false, allow_files: false, doc_bytes: limits::DOC_BYTES }
    }
}

/// The docs folder of a branch of a repository.
#[derive(Clone)]
pub struct Remote {
    /// The repository.
    pub url: RepoUrl,
    /// The branch; the repository's default where none is named.
    pub branch: Option<Branch>,
    /// The docs folder.
    pub docs_path: DocPath,
    /// For http: the password, or `user:password` where the host cares for the user's name. For ssh: a
    /// private key.
    pub token: Option<Zeroizing<String>>,
}

/// What a branch held when it was last looked at.
#[derive(Clone, Debug)]
pub struct Tip {
    /// Its commit; none in an empty repository.
    pub commit: Option<CommitId>,
    /// Its name.
    pub branch: Branch,
    /// Whether the commit has the docs folder.
    pub has_folder: bool,
    /// The docs, sorted by path.
    pub docs: Vec<Found>,
    /// What is in the docs folder and cannot be a doc.
    pub skipped: Vec<Skipped>,
}

/// A doc in a repository.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    /// Below the docs folder.
    pub path: DocPath,
    /// Git's id of its content.
    pub blob: String,
    /// In bytes.
    pub size: u64,
}

/// A file that is no doc.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Skipped {
    /// Below the docs folder, printable.
    pub path: String,
    /// Finishes the sentence "the file …".
    pub why: String,
}

/// Who made a commit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Author {
    /// As people write it.
    pub name: String,
    /// Need not exist.
    pub email: String,
}

/// How long git may take; tests are less patient.
#[derive(Clone, Copy)]
struct Patience {
    ask: Duration,
    transfer: Duration,
    silence: Duration,
    copy_bytes: u64,
}

impl Git {
    /// Keeps its copies in `folder`, which it makes.
    pub fn new(folder: PathBuf, policy: Policy) -> Self {
        let patience = Patience {
            ask: limits::GIT_ASK,
            transfer: limits::GIT_TRANSFER,
            silence: limits::GIT_SILENCE,
            copy_bytes: limits::REPO_COPY_BYTES,
        };
        Git {
            folder,
            policy,
            patience,
            program: OnceCell::new(),
            at_once: Semaphore::new(limits::GIT_AT_ONCE),
            turns: Mutex::default(),
        }
    }

    /// Brings the local copy to the branch's tip and tells what the docs folder holds there.
    ///
    /// Where nothing moved this asks the host once. A branch that was pushed by force, an empty repository and
    /// a folder that is not there are no errors.
    pub async fn pull(&self, project: &ProjectId, remote: &Remote) -> Result<Tip, GitError> {
        let turn = self.turn(project);
        let _turn = turn.lock().await;
        pull::pull(self, project, remote).await
    }

    /// The contents of blobs that a pull found, in the order asked, without the network.
    pub async fn contents(&self, project: &ProjectId, blobs: &[String]) -> Result<Vec<Vec<u8>>, GitError> {
        let turn = self.turn(project);
        let _turn = turn.lock().await;
        copy::Copy::of(self, project).contents(blobs).await
    }

    /// Makes one commit on `onto` (none: the first one of an empty repository) that puts and deletes these docs and
    /// leaves all else as it is, and pushes it without force.
    ///
    /// The commit's id follows from the arguments alone. A second call with the same ones therefore finds out
    /// whether the first one's push was taken, and succeeds without a second commit if it was. Returns `onto` where
    /// the docs are so already.
    #[expect(clippy::too_many_arguments, reason = "each is a part of the commit")]
    pub async fn push(
        &self,
        project: &ProjectId,
        remote: &Remote,
        onto: Option<&CommitId>,
        changes: &BTreeMap<DocPath, Option<Vec<u8>>>,
        author: &Author,
        message: &str,
        at: Timestamp,
    ) -> Result<CommitId, GitError> {
        let turn = self.turn(project);
        let _turn = turn.lock().await;
        push::push(self, project, remote, commit::Commit { onto, changes, author, message, at }).await
    }

    /// Merges two versions of a doc over their common base, as `git merge-file` does.
    pub async fn merge(&self, base: &[u8], ours: &[u8], theirs: &[u8]) -> Result<Merged, GitError> {
        merge::merge(self, base, ours, theirs).await
    }

    /// Removes the local copy of a project, after a call for it that is under way.
    pub async fn forget(&self, project: &ProjectId) {
        let turn = self.turn(project);
        {
            let _turn = turn.lock().await;
            copy::Copy::of(self, project).remove().await;
        }
        self.turns.lock().unwrap_or_else(PoisonError::into_inner).remove(project);
    }

    /// Calls for one project run one after the other.
    fn turn(&self, project: &ProjectId) -> Arc<tokio::sync::Mutex<()>> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        turns.entry(project.clone()).or_default().clone()
    }
}

#[cfg(test)]
mod tests;
