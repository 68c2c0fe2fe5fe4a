//! What a branch holds: the local copy is brought to its tip, and its docs folder read.

use aitk_shared::id::ProjectId;
use aitk_shared::limits;
use aitk_shared::repo::{Branch, CommitId};
use aitk_shared::text::printable;

use super::access::Access;
use super::copy::{Copy, Folder};
use super::listing::{self, Entry};
use super::{Found, Git, GitError, Remote, Skipped, Tip, program, transfer};

pub(super) async fn pull(git: &Git, project: &ProjectId, remote: &Remote) -> Result<Tip, GitError> {
    program::check(git).await?;
    let access = Access::open(git, remote).await?;
    let copy = Copy::of(git, project);
    let work = async {
        let (branch, commit) = transfer::ask(git, &access, remote.branch.as_ref()).await?;
        let Some(commit) = commit else {
            let (docs, skipped) = (Vec::new(), Vec::new());
            return Ok(Tip { commit: None, branch, has_folder: false, docs, skipped });
        };
        match look(git, &copy, &access, remote, &branch, &commit).await {
            // Whatever is wrong with the copy is not wrong with a new one.
            Err(GitError::Failed(_)) => {
                copy.remove().await;
                let again = look(git, &copy, &access, remote, &branch, &commit).await;
                if matches!(again, Err(GitError::Failed(_))) {
                    copy.remove().await;
                }
                again
            }
            looked => looked,
        }
    };
    in_time(git, &access, work).await
}

/// Ends what takes longer than a pull or a push may.
pub(super) async fn in_time<T>(
    git: &Git,
    access: &Access,
    work: impl Future<Output = Result<T, GitError>>,
) -> Result<T, GitError> {
    let limit = git.patience.transfer;
    match tokio::time::timeout(limit, work).await {
        Ok(done) => done,
        Err(_) => Err(GitError::Unreachable(format!(
            "{} was not done after {} s; try again later",
            access.place(),
            limit.as_secs_f32()
        ))),
    }
}

async fn look(
    git: &Git,
    copy: &Copy<'_>,
    access: &Access,
    remote: &Remote,
    branch: &Branch,
    commit: &CommitId,
) -> Result<Tip, GitError> {
    copy.ensure(commit).await?;
    let commit = match copy.tip().await? {
        Some(known) if known == *commit => known,
        _ => transfer::fetch_tip(git, copy, access, branch).await?,
    };
    let mut tip = Tip {
        commit: Some(commit.clone()),
        branch: branch.clone(),
        has_folder: false,
        docs: Vec::new(),
        skipped: Vec::new(),
    };
    match copy.folder(&commit, &remote.docs_path).await? {
        Folder::Tree(tree) => {
            tip.has_folder = true;
            let entries = copy.files(&tree).await?;
            (tip.docs, tip.skipped) = docs(git, copy, access, &commit, entries).await?;
        }
        Folder::Absent => {}
        Folder::Taken(kind) => {
            let path = printable(remote.docs_path.as_str(), 200);
            tip.skipped.push(Skipped { path, why: format!("is no folder, or is below {}", kind.name()) });
        }
    }
    Ok(tip)
}

/// The docs of a folder, their blobs fetched, and what cannot be one.
async fn docs(
    git: &Git,
    copy: &Copy<'_>,
    access: &Access,
    commit: &CommitId,
    entries: Vec<Entry>,
) -> Result<(Vec<Found>, Vec<Skipped>), GitError> {
    let (files, mut skipped) = listing::by_name(entries);
    let ids: Vec<String> = files.iter().map(|(_, id)| id.clone()).collect();
    let mut sizes = copy.sizes(&ids).await?;
    let mut missing: Vec<&str> =
        ids.iter().zip(&sizes).filter(|(_, size)| size.is_none()).map(|(id, _)| id.as_str()).collect();
    missing.sort_unstable();
    missing.dedup();
    if !missing.is_empty() {
        transfer::fetch_blobs(git, copy, access, commit, &missing).await?;
        sizes = copy.sizes(&ids).await?;
    }
    let mut found = Vec::with_capacity(files.len());
    for ((path, blob), size) in files.into_iter().zip(sizes) {
        match size {
            None => return Err(GitError::Failed("the host did not send all docs; try again".into())),
            Some(size) if size > git.policy.doc_bytes => skipped.push(Skipped {
                path: path.to_string(),
                why: format!("is larger than {} bytes", git.policy.doc_bytes),
            }),
            Some(size) => found.push(Found { path, blob, size }),
        }
    }
    let pointers = pointers(copy, &found).await?;
    let mut is_pointer = pointers.into_iter();
    found.retain(|doc| {
        let skip = is_pointer.next().unwrap_or_default();
        if skip {
            let why = "is kept by git LFS; the repository has a pointer to it only".into();
            skipped.push(Skipped { path: doc.path.to_string(), why });
        }
        !skip
    });
    let (found, twins) = listing::without_twins(found);
    skipped.extend(twins);
    skipped.sort_by(|a, b| a.path.cmp(&b.path));
    Ok((found, skipped))
}

/// For each doc whether it is a pointer of git LFS.
async fn pointers(copy: &Copy<'_>, docs: &[Found]) -> Result<Vec<bool>, GitError> {
    let small = |doc: &&Found| doc.size < limits::LFS_POINTER_BYTES;
    let ids: Vec<_> = docs.iter().filter(small).map(|doc| doc.blob.clone()).collect();
    let mut contents = copy.contents(&ids).await?.into_iter();
    let is_pointer =
        |doc: &Found| small(&doc) && contents.next().is_some_and(|content| listing::is_lfs_pointer(&content));
    Ok(docs.iter().map(is_pointer).collect())
}
