//! A project's git repository in words: how the two stand, and what one visit did.

use aitk_shared::api::{PullDone, RepoState, SkippedFile};
use aitk_shared::path::DocPath;

use crate::mirror::report::counted;
use crate::output::{Output, shown};

/// Names that are told one by one.
const NAMED: usize = 20;

/// How platform and repository stand, in one line: `2 commits ahead, push failed: …`.
pub fn line(repo: &RepoState) -> String {
    let mut parts = Vec::new();
    if repo.ahead > 0 {
        parts.push(format!("{} ahead", counted(usize::try_from(repo.ahead).unwrap_or(usize::MAX), "commit")));
    }
    if let Some(failure) = &repo.failure {
        let again = failure.next_try_at.map(|at| format!(", again at {at}")).unwrap_or_default();
        let (doing, message, since) = (shown(&failure.doing), shown(&failure.message), failure.since);
        parts.push(format!("{doing} failed: {message} (since {since}{again})"));
    }
    if !repo.conflicts.is_empty() {
        parts.push(format!("{} in conflict", counted(repo.conflicts.len(), "doc")));
    }
    if !repo.skipped.is_empty() {
        parts.push(format!("{} left out", counted(repo.skipped.len(), "file")));
    }
    if let (true, Some(at)) = (repo.failure.is_none(), repo.pulled_at) {
        let state = if repo.ahead == 0 { "current with" } else { "on top of" };
        parts.insert(usize::from(repo.ahead > 0), format!("{state} {}, seen {at}", tip(repo)));
    }
    match parts.is_empty() {
        true => "not looked at yet".into(),
        false => parts.join(", "),
    }
}

/// `main at 1a2b3c4`.
fn tip(repo: &RepoState) -> String {
    let branch = repo.branch.as_deref().map_or_else(|| "its branch".into(), shown);
    match &repo.commit {
        Some(commit) => format!("{branch} at {}", short(commit)),
        None => format!("{branch}, which has no commit yet"),
    }
}

/// The first characters of a commit's id.
pub fn short(commit: &str) -> String {
    shown(commit).chars().take(7).collect()
}

/// Tells what a pull brought, and what it could not bring.
pub fn tell_pull(done: &PullDone, out: &Output) {
    each(out, "merged", &done.merged, "holds both sides' changes");
    each(out, "restored", &done.restored, "was deleted here and changed in the repository");
    for path in &done.conflicts {
        out.warn(&format!("conflict in {}: changed here and in the repository", shown(path.as_str())));
    }
    tell_skipped(&done.skipped, out);
    if !done.conflicts.is_empty() {
        out.warn(
            "docs in conflict stay as they are here, and nothing of them is pushed, until you save them again; \
             `aitk docs show PATH` has both texts",
        );
    }
}

fn each(out: &Output, verb: &str, paths: &[DocPath], why: &str) {
    for path in paths.iter().take(NAMED) {
        out.note(&format!("{verb} {}: it {why}", shown(path.as_str())));
    }
    if paths.len() > NAMED {
        out.note(&format!("{verb} {} more", paths.len() - NAMED));
    }
}

/// Names what in the docs folder is no doc.
pub fn tell_skipped(skipped: &[SkippedFile], out: &Output) {
    for file in skipped.iter().take(NAMED) {
        out.warn(&format!("left out: {} {}", shown(&file.path), shown(&file.why)));
    }
    if skipped.len() > NAMED {
        out.warn(&format!("left out: {} more (`--json` names them)", skipped.len() - NAMED));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aitk_shared::api::RepoFailure;
    use aitk_shared::time::Timestamp;

    #[test]
    fn how_the_two_stand_is_one_safe_line() {
        let at = Timestamp::from_millis(0);
        let mut repo = RepoState {
            branch: None,
            commit: None,
            pulled_at: None,
            ahead: 0,
            unpublished: 0,
            conflicts: Vec::new(),
            skipped: Vec::new(),
            failure: None,
        };
        assert_eq!(line(&repo), "not looked at yet");
        repo.branch = Some("main".into());
        repo.commit = Some("1a2b3c4d5e6f".into());
        repo.pulled_at = Some(at);
        assert_eq!(line(&repo), "current with main at 1a2b3c4, seen 1970-01-01T00:00:00.000Z");
        repo.ahead = 2;
        repo.conflicts = vec![DocPath::parse("a.md").unwrap()];
        assert_eq!(
            line(&repo),
            "2 commits ahead, on top of main at 1a2b3c4, seen 1970-01-01T00:00:00.000Z, 1 doc in conflict"
        );
        repo.failure = Some(RepoFailure {
            doing: "push".into(),
            message: "no\u{1b}[2J\nOK".into(),
            since: at,
            tries: 3,
            next_try_at: None,
        });
        let told = line(&repo);
        assert!(told.starts_with("2 commits ahead, push failed: no\\u{1b}[2J\\u{a}OK (since"), "{told}");
    }
}
