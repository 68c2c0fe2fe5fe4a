//! What goes over the network: which commit a branch has, objects to here, a commit to there.

use aitk_shared::repo::{Branch, CommitId};

use super::access::Access;
use super::complaint::{self, During};
use super::copy::{self, Copy, TIP};
use super::run::Run;
use super::{Git, GitError};

/// What every fetch has in common: one commit deep, without blobs, nothing beside the objects.
const FETCH: &[&str] = &[
    "fetch",
    "-q",
    "--no-tags",
    "--no-write-fetch-head",
    "--no-auto-maintenance",
    "--no-recurse-submodules",
    "--no-show-forced-updates",
    "--filter=blob:none",
];

/// The branch to work with and its commit. No commit: the repository is empty.
pub(super) async fn ask(
    git: &Git,
    access: &Access,
    wanted: Option<&Branch>,
) -> Result<(Branch, Option<CommitId>), GitError> {
    let pattern = wanted.map(full_name);
    let mut arguments = vec!["ls-remote", "--symref", "origin", "HEAD"];
    arguments.extend(pattern.as_deref());
    let refs = list(git, access, &arguments).await?;
    let default = refs.iter().find(|(what, name)| name == "HEAD" && what.starts_with("ref: "));
    let default = default.and_then(|(what, _)| Branch::parse(what.strip_prefix("ref: refs/heads/")?).ok());
    let sought = pattern.clone().unwrap_or("HEAD".to_owned());
    let commit = refs.iter().find_map(|(what, name)| CommitId::parse(what).ok().filter(|_| *name == sought));
    match (wanted.cloned().or(default), commit) {
        (Some(branch), Some(commit)) => Ok((branch, Some(commit))),
        // A host that does not tell its default, or one that has no commit yet.
        (branch, _) => {
            let all = list(git, access, &["ls-remote", "origin", "refs/heads/*"]).await?;
            match (branch, all.is_empty()) {
                (Some(branch), true) => Ok((branch, None)),
                (None, true) => Ok((first_branch()?, None)),
                (Some(branch), false) => Err(GitError::NotFound(format!(
                    "the repository has no branch '{branch}'; it has {}",
                    some_of(&all)
                ))),
                (None, false) => Err(GitError::NotFound(format!(
                    "the repository names no default branch; give one of its branches: {}",
                    some_of(&all)
                ))),
            }
        }
    }
}

/// What a first push to an empty repository makes, where nobody named a branch.
fn first_branch() -> Result<Branch, GitError> {
    Branch::parse("main").map_err(|error| GitError::Failed(error.to_string()))
}

pub(super) fn full_name(branch: &Branch) -> String {
    format!("refs/heads/{branch}")
}

fn some_of(refs: &[(String, String)]) -> String {
    let names = refs.iter().filter_map(|(_, name)| name.strip_prefix("refs/heads/"));
    let names: Vec<_> = names.take(5).map(|name| aitk_shared::text::printable(name, 60)).collect();
    let more = if refs.len() > 5 { " …" } else { "" };
    names.join(", ") + more
}

/// Pairs of commit, or `ref: <name>`, and name.
async fn list(git: &Git, access: &Access, arguments: &[&str]) -> Result<Vec<(String, String)>, GitError> {
    let run = access.lend(Run::new(git, arguments)).at_most(git.patience.ask);
    let done = run.output().await.map_err(|error| silent(error, access))?;
    if !done.success {
        return Err(complaint::classify(&done.stderr, During::Pull, access));
    }
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    Ok(text.lines().filter_map(|line| line.split_once('\t')).map(|(a, b)| (a.into(), b.into())).collect())
}

/// Brings the branch's tip here; returns it. The branch may have moved since it was asked for.
pub(super) async fn fetch_tip(
    git: &Git,
    copy: &Copy<'_>,
    access: &Access,
    branch: &Branch,
) -> Result<CommitId, GitError> {
    let what = format!("+{}:{TIP}", full_name(branch));
    let mut arguments = FETCH.to_vec();
    arguments.extend(["--depth=1", "origin", &what]);
    fetch(git, copy, access, copy.run(&arguments)).await?;
    copy.tip().await?.ok_or_else(|| GitError::Failed("git fetched a branch and has no commit of it".into()))
}

/// Brings one commit here, which a branch may have left behind.
pub(super) async fn fetch_commit(
    git: &Git,
    copy: &Copy<'_>,
    access: &Access,
    commit: &CommitId,
) -> Result<(), GitError> {
    let mut arguments = FETCH.to_vec();
    arguments.extend(["--depth=1", "origin", commit.as_str()]);
    fetch(git, copy, access, copy.run(&arguments)).await
}

/// Brings blobs of a commit here, all by one request.
pub(super) async fn fetch_blobs(
    git: &Git,
    copy: &Copy<'_>,
    access: &Access,
    commit: &CommitId,
    ids: &[&str],
) -> Result<(), GitError> {
    let mut arguments = FETCH.to_vec();
    arguments.extend(["--stdin", "origin"]);
    // Nothing here can stand for a blob that is missing.
    let run = copy.run(&arguments).set("fetch.negotiationAlgorithm", "noop");
    match fetch(git, copy, access, run.feed((ids.join("\n") + "\n").into_bytes())).await {
        // Git's first protocol, which an ssh server falls back to that does not accept GIT_PROTOCOL, gives whole
        // commits only.
        Err(GitError::Failed(_)) => fetch_whole(git, copy, access, commit).await,
        fetched => fetched,
    }
}

async fn fetch_whole(git: &Git, copy: &Copy<'_>, access: &Access, commit: &CommitId) -> Result<(), GitError> {
    let mut arguments = FETCH.to_vec();
    arguments.extend(["--no-filter", "--refetch", "--depth=1", "origin", commit.as_str()]);
    fetch(git, copy, access, copy.run(&arguments)).await
}

async fn fetch(git: &Git, copy: &Copy<'_>, access: &Access, run: Run<'_>) -> Result<(), GitError> {
    // Only while it fetches does git know that blobs are missing on purpose. Otherwise it would fetch them one by
    // one where it meets one (before 2.45 nothing stops it), though all that is needed is here.
    let run = run.set("remote.origin.promisor", "true").set("remote.origin.partialCloneFilter", "blob:none");
    let done = tokio::select! {
        done = access.lend(run).output() => done.map_err(|error| silent(error, access))?,
        () = copy.overflows() => return Err(copy::too_large(git.patience.copy_bytes)),
    };
    match done.success {
        // What came quickly was not measured while it came.
        true if copy.is_too_large().await => Err(copy::too_large(git.patience.copy_bytes)),
        true => Ok(()),
        false => Err(complaint::classify(&done.stderr, During::Pull, access)),
    }
}

/// Pushes a commit to a branch, without force.
pub(super) async fn push(
    copy: &Copy<'_>,
    access: &Access,
    commit: &CommitId,
    branch: &Branch,
) -> Result<(), GitError> {
    let what = format!("{commit}:{}", full_name(branch));
    // Thin packs would build on blobs that are not here.
    let arguments = ["push", "--porcelain", "--no-thin", "--no-verify", "--no-follow-tags", "origin", &what];
    let run = access.lend(copy.run(&arguments));
    let done = run.output().await.map_err(|error| silent(error, access))?;
    match done.success {
        true => Ok(()),
        false => Err(complaint::refused_push(&String::from_utf8_lossy(&done.stdout), &done.stderr, access)),
    }
}

/// Says of whom git heard nothing.
fn silent(error: GitError, access: &Access) -> GitError {
    match error {
        GitError::Unreachable(text) => GitError::Unreachable(format!("{}: {text}", access.place())),
        error => error,
    }
}
