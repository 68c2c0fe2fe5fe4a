//! One commit of saved docs, made in the local copy and pushed without force.

use std::collections::{BTreeMap, BTreeSet};

use aitk_shared::id::ProjectId;
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
    check(copy, &files, commit.changes).await?;
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

/// Docs must not replace what is no doc: links, submodules, what git LFS keeps, and what is below or above.
async fn check(
    copy: &Copy<'_>,
    files: &BTreeMap<Vec<u8>, Entry>,
    changes: &BTreeMap<DocPath, Option<Vec<u8>>>,
) -> Result<(), GitError> {
    let refused = |path: &DocPath, why: &str| {
        Err(GitError::Rejected(format!("in the repository '{path}' {why}; give the doc another name")))
    };
    let goes = |path: &[u8]| {
        let path = std::str::from_utf8(path).ok().and_then(|path| DocPath::parse(path).ok());
        path.is_some_and(|path| matches!(changes.get(&path), Some(None)))
    };
    let mut folders = BTreeSet::new();
    for path in files.keys().filter(|path| !goes(path)) {
        folders.extend(path.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| &path[..at]));
    }
    let (mut ids, mut paths) = (Vec::new(), Vec::new());
    for (path, change) in changes {
        let bytes = path.as_str().as_bytes();
        match files.get(bytes) {
            Some(entry) if matches!(entry.kind, Kind::Link | Kind::Submodule) => {
                return refused(path, &format!("is {}, which stays", entry.kind.name()));
            }
            Some(entry) => {
                ids.push(entry.id.clone());
                paths.push(path);
            }
            None => {}
        }
        if change.is_none() {
            continue;
        }
        if folders.contains(bytes) {
            return refused(path, "is a folder with other files");
        }
        let file =
            path.folders().find(|folder| files.contains_key(folder.as_bytes()) && !goes(folder.as_bytes()));
        if let Some(file) = file {
            return refused(path, &format!("would be below '{file}', which is no folder"));
        }
    }
    let sizes = copy.sizes(&ids).await?;
    let small = |size: &Option<u64>| size.is_some_and(|size| size < aitk_shared::limits::LFS_POINTER_BYTES);
    let (ids, paths): (Vec<_>, Vec<_>) = { ids.into_iter().zip(paths) }
        .zip(sizes)
        .filter(|(_, size)| small(size))
        .map(|(pair, _)| pair)
        .unzip();
    let contents = copy.contents(&ids).await?;
    match paths.iter().zip(contents).find(|(_, content)| listing::is_lfs_pointer(content)) {
        Some((path, _)) => refused(path, "is kept by git LFS"),
        None => Ok(()),
    }
}
