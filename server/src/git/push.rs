//! One commit of saved docs, made in the local copy and pushed without force.

use std::collections::{BTreeMap, BTreeSet};

use aitk_shared::id::ProjectId;
use aitk_shared::limits;
use aitk_shared::path::DocPath;
use aitk_shared::repo::CommitId;

use super::access::Access;
use super::commit::{Commit, DRAFT, script};
use super::copy::{Copy, Folder};
use super::listing::{self, Entry, Kind};
use super::pull::in_time;
use super::{Git, GitError, Remote, program, transfer};

pub(super) async fn push(
    git: &Git,
    project: &ProjectId,
    remote: &Remote,
    commit: Commit<'_>,
) -> Result<CommitId, GitError> {
    program::check(git).await?;
    let access = Access::open(git, remote).await?;
    let copy = Copy::of(git, project);
    let work = async {
        let (branch, tip) = transfer::ask(git, &access, remote.branch.as_ref()).await?;
        if let (Some(_), None) = (commit.onto, &tip) {
            return Err(GitError::NotFound(format!(
                "the repository is empty, its branch '{branch}' is gone"
            )));
        }
        let made = match make(git, &copy, &access, remote, commit).await {
            // Whatever is wrong with the copy is not wrong with a new one.
            Err(GitError::Failed(_)) => {
                copy.remove().await;
                make(git, &copy, &access, remote, commit).await
            }
            made => made,
        };
        let made = match made {
            // What the branch left behind, a host need not give any more.
            Err(GitError::Failed(_) | GitError::NotFound(_)) if tip.as_ref() != commit.onto => {
                return Err(GitError::Moved);
            }
            made => made?,
        };
        let Some(made) = made else {
            return commit.onto.cloned().ok_or_else(|| GitError::Failed("there is nothing to commit".into()));
        };
        if tip.as_ref() != Some(&made) {
            if tip.as_ref() != commit.onto {
                return Err(GitError::Moved);
            }
            let pushed = transfer::push(&copy, &access, &made, &branch).await;
            // The http library asks again by itself where a connection breaks.
            let is_there = match pushed {
                Err(GitError::Moved) => {
                    transfer::ask(git, &access, Some(&branch)).await?.1.as_ref() == Some(&made)
                }
                _ => false,
            };
            if !is_there {
                pushed?;
            }
        }
        copy.set_tip(&made).await?;
        Ok(made)
    };
    in_time(git, &access, work).await
}

/// Makes the commit in the copy; nothing where it would change nothing.
async fn make(
    git: &Git,
    copy: &Copy<'_>,
    access: &Access,
    remote: &Remote,
    commit: Commit<'_>,
) -> Result<Option<CommitId>, GitError> {
    let mut files = BTreeMap::new();
    if let Some(onto) = commit.onto {
        copy.ensure(onto).await?;
        if !copy.has(onto.as_str()).await? {
            transfer::fetch_commit(git, copy, access, onto).await?;
        }
        match copy.folder(onto, &remote.docs_path).await? {
            Folder::Tree(tree) => {
                let entries = copy.files(&tree).await?;
                files = entries.into_iter().map(|entry| (entry.path.clone(), entry)).collect();
            }
            Folder::Absent => {}
            Folder::Taken(kind) => {
                return Err(GitError::Rejected(format!(
                    "in the repository '{}' is no folder, or is below {}; choose another docs folder",
                    remote.docs_path,
                    kind.name()
                )));
            }
        }
    } else {
        // Which kind of ids an empty repository has, only its host knows; nearly all have SHA-1.
        let sha1 = CommitId::parse(&"0".repeat(40)).map_err(|error| GitError::Failed(error.to_string()))?;
        copy.ensure(&sha1).await?;
    }
    let replaced = check(&files, commit.changes)?;
    if let Some(onto) = commit.onto {
        check_contents(git, copy, access, onto, &replaced).await?;
    }
    let script = script(remote, commit, &files);
    let arguments = ["fast-import", "--quiet", "--force", "--done", "--date-format=raw"];
    copy.run(&arguments).feed(script).output().await?.expect("make a commit")?;
    let made = copy.run(&["rev-parse", "--verify", DRAFT]).output().await?.expect("find a commit")?;
    let made = CommitId::parse(String::from_utf8_lossy(&made).trim())
        .map_err(|error| GitError::Failed(error.to_string()))?;
    let Some(onto) = commit.onto else { return Ok((!commit.changes.is_empty()).then_some(made)) };
    let trees = [format!("{onto}^{{tree}}"), format!("{made}^{{tree}}")];
    let trees = copy.run(&["rev-parse", &trees[0], &trees[1]]).output().await?.expect("compare commits")?;
    let trees = String::from_utf8_lossy(&trees).into_owned();
    let mut trees = trees.lines();
    Ok((trees.next() != trees.next()).then_some(made))
}

/// Docs must not replace what is no doc: links, submodules, and what is below or above. Returns the files that
/// change, with the ids of their blobs.
fn check<'a>(
    files: &BTreeMap<Vec<u8>, Entry>,
    changes: &'a BTreeMap<DocPath, Option<Vec<u8>>>,
) -> Result<Vec<(&'a DocPath, String)>, GitError> {
    let goes = |path: &[u8]| {
        let path = std::str::from_utf8(path).ok().and_then(|path| DocPath::parse(path).ok());
        path.is_some_and(|path| matches!(changes.get(&path), Some(None)))
    };
    let mut folders = BTreeSet::new();
    for path in files.keys().filter(|path| !goes(path)) {
        folders.extend(path.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| &path[..at]));
    }
    let mut replaced = Vec::new();
    for (path, change) in changes {
        let bytes = path.as_str().as_bytes();
        match files.get(bytes) {
            Some(entry) if matches!(entry.kind, Kind::Link | Kind::Submodule) => {
                return Err(refused(path, &format!("is {}", entry.kind.name())));
            }
            Some(entry) => replaced.push((path, entry.id.clone())),
            None => {}
        }
        if change.is_none() {
            continue;
        }
        if folders.contains(bytes) {
            return Err(refused(path, "is a folder with other files"));
        }
        let is_file = |folder: &&str| files.contains_key(folder.as_bytes()) && !goes(folder.as_bytes());
        if let Some(file) = path.folders().find(is_file) {
            return Err(refused(path, &format!("would be below '{file}', which is no folder")));
        }
    }
    Ok(replaced)
}

/// Nor what a pull skips for its content: what git LFS keeps, and what is too large.
async fn check_contents(
    git: &Git,
    copy: &Copy<'_>,
    access: &Access,
    onto: &CommitId,
    replaced: &[(&DocPath, String)],
) -> Result<(), GitError> {
    let ids: Vec<String> = replaced.iter().map(|(_, id)| id.clone()).collect();
    let mut sizes = copy.sizes(&ids).await?;
    let is_missing = |(_, size): &(&String, &Option<u64>)| size.is_none();
    let missing: BTreeSet<&str> =
        ids.iter().zip(&sizes).filter(is_missing).map(|(id, _)| id.as_str()).collect();
    if !missing.is_empty() {
        let missing: Vec<_> = missing.into_iter().collect();
        transfer::fetch_blobs(git, copy, access, onto, &missing).await?;
        sizes = copy.sizes(&ids).await?;
    }
    let mut small = Vec::new();
    for ((path, id), size) in replaced.iter().zip(sizes) {
        match size {
            None => return Err(GitError::Failed("the host did not send all docs; try again".into())),
            Some(size) if size > git.policy.doc_bytes => return Err(refused(path, "is too large for a doc")),
            Some(size) if size < limits::LFS_POINTER_BYTES => small.push((path, id.clone())),
            Some(_) => {}
        }
    }
    let ids: Vec<String> = small.iter().map(|(_, id)| id.clone()).collect();
    let contents = copy.contents(&ids).await?;
    match small.iter().zip(contents).find(|(_, content)| listing::is_lfs_pointer(content)) {
        Some(((path, _), _)) => Err(refused(path, "is kept by git LFS")),
        None => Ok(()),
    }
}

fn refused(path: &DocPath, why: &str) -> GitError {
    GitError::Rejected(format!("in the repository '{path}' {why}, and stays; give the doc another name"))
}
