//! Git's complaints, read. Its words are stable under `LC_ALL=C`, but no interface: what is not known is told as
//! it is.

use aitk_shared::text::printable;

use super::GitError;
use super::access::Access;

/// What git was doing when it failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum During {
    /// Reading.
    Pull,
    /// Writing.
    Push,
}

/// Reads what git said on its standard error.
pub(super) fn classify(stderr: &str, during: During, access: &Access) -> GitError {
    let place = access.place();
    let word = access.hide(&last_word(stderr));
    // The address may hold any word.
    let lower = stderr.replace(&place, "").to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if says(&["remote ref does not exist", "couldn't find remote ref"]) {
        return GitError::NotFound(format!("{place}: the branch is gone"));
    }
    if says(&["host key verification failed", "remote host identification has changed"]) {
        return GitError::Unreachable(format!(
            "{place} shows another ssh host key than before; if that is right, an operator removes the old one from \
             .known_hosts in the server's folder of repositories"
        ));
    }
    if says(&["returned error: 403", "403 forbidden", "write access to repository not granted"]) {
        return match during {
            During::Pull => GitError::Credentials(format!(
                "{place} does not let these credentials read the repository; give a token that may"
            )),
            During::Push => GitError::Rejected(format!(
                "{place} does not let these credentials write to the repository; give a token that may"
            )),
        };
    }
    if says(CREDENTIALS) {
        return GitError::Credentials(format!(
            "{place} does not take the credentials; give a token that is valid and may read and write the repository"
        ));
    }
    if says(&["returned error: 301", "returned error: 302", "returned error: 307", "returned error: 308"])
        || says(&["unable to update url base from redirection"])
    {
        return GitError::NotFound(format!(
            "{place} sends to another address, where the server does not follow; give the one that the repository has \
             now (on many hosts it ends with .git)"
        ));
    }
    if says(NOT_FOUND) {
        return GitError::NotFound(format!(
            "{place} has no such repository, or the token may not see it; check the address and the token"
        ));
    }
    if says(UNREACHABLE) {
        return GitError::Unreachable(format!("{place} cannot be reached: {word}"));
    }
    GitError::Failed(format!("{place}: {word}"))
}

/// Reads what `git push --porcelain` says of the one branch it was asked to push.
pub(super) fn refused_push(stdout: &str, stderr: &str, access: &Access) -> GitError {
    let Some(line) = stdout.lines().find(|line| line.starts_with("!\t")) else {
        return classify(stderr, During::Push, access);
    };
    let summary = line.rsplit('\t').next().unwrap_or_default();
    if summary.starts_with("[remote failure]") {
        let text = format!("{} did not say whether it took the push; try again", access.place());
        return GitError::Unreachable(text);
    }
    let is_remote = summary.starts_with("[remote rejected]");
    let reason = summary.split_once('(').map_or(summary, |(_, reason)| reason.trim_end_matches(')'));
    // Somebody was faster between our question and the push.
    let is_race = RACES.iter().any(|word| reason.contains(word));
    if !is_remote || is_race {
        return GitError::Moved;
    }
    let said: Vec<_> = stderr
        .lines()
        .filter_map(|line| line.strip_prefix("remote: "))
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("error: "))
        .take(3)
        .collect();
    let said = if said.is_empty() { String::new() } else { format!(": {}", said.join(" ")) };
    let text = access.hide(&format!("{reason}{said}"));
    GitError::Rejected(format!("{} does not take the push: {}", access.place(), printable(&text, 400)))
}

const RACES: &[&str] = &[
    "cannot lock ref",
    "failed to update ref",
    "fetch first",
    "incorrect old value",
    "non-fast-forward",
    "reference already exists",
    "stale info",
];

const CREDENTIALS: &[&str] = &[
    "could not read username",
    "could not read password",
    "authentication failed",
    "returned error: 401",
    "access denied",
    "permission denied",
    "invalid credentials",
    "error in libcrypto",
    "invalid format",
];

const NOT_FOUND: &[&str] = &[
    "repository not found",
    "returned error: 404",
    "does not appear to be a git repository",
    "could not be found",
    "no such repository",
    "does not exist",
    "' not found",
];

const UNREACHABLE: &[&str] = &[
    "could not resolve",
    "connection refused",
    "connection reset",
    "connection timed out",
    "connection closed",
    "operation timed out",
    "failed to connect",
    "couldn't connect",
    "no route to host",
    "network is unreachable",
    "too slow",
    "empty reply",
    "early eof",
    "hung up unexpectedly",
    "unexpected disconnect",
    "rpc failed",
    "ssl",
    "tls",
    "certificate",
    "returned error: 429",
    "returned error: 5",
];

/// The line of git's complaint that tells most, printable and short.
pub(super) fn last_word(stderr: &str) -> String {
    let line = |start: &str| stderr.lines().rev().find_map(|line| line.trim().strip_prefix(start));
    let line =
        line("fatal: ").or(line("error: ")).or(stderr.lines().rev().find(|line| !line.trim().is_empty()));
    match line {
        Some(line) => printable(line.trim(), 300),
        None => "git ended without a word".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access() -> Access {
        Access::of("https://git.example.com/not-found/ssl.git", "glpat-secret")
    }

    #[test]
    fn complaints_of_common_hosts_are_told_apart() {
        let kind = |stderr: &str, during: During| match classify(stderr, during, &access()) {
            GitError::Refused(_) => "refused",
            GitError::Credentials(_) => "credentials",
            GitError::NotFound(_) => "not found",
            GitError::Unreachable(_) => "unreachable",
            GitError::Moved => "moved",
            GitError::Rejected(_) => "rejected",
            GitError::Failed(_) => "failed",
        };
        for (stderr, pull, push) in [
            (
                "remote: Invalid username or token. Password authentication is not supported for Git operations.\n\
                 fatal: Authentication failed for 'https://github.com/a/b/'",
                "credentials",
                "credentials",
            ),
            (
                "fatal: could not read Username for 'https://github.com': terminal prompts disabled",
                "credentials",
                "credentials",
            ),
            (
                "remote: HTTP Basic: Access denied. If a password was provided\nfatal: Authentication failed",
                "credentials",
                "credentials",
            ),
            (
                "remote: Write access to repository not granted.\nfatal: unable to access \
                 'https://github.com/a/b/': The requested URL returned error: 403",
                "credentials",
                "rejected",
            ),
            (
                "git@github.com: Permission denied (publickey).\nfatal: Could not read",
                "credentials",
                "credentials",
            ),
            (
                "remote: Repository not found.\nfatal: repository 'https://x/' not found",
                "not found",
                "not found",
            ),
            (
                "remote: The project you were looking for could not be found or you don't have permission to view it.",
                "not found",
                "not found",
            ),
            ("fatal: couldn't find remote ref refs/heads/main", "not found", "not found"),
            ("fatal: unable to access 'x': The requested URL returned error: 301", "not found", "not found"),
            ("fatal: unable to access 'x': Could not resolve host: x", "unreachable", "unreachable"),
            ("fatal: unable to access 'x': Failed to connect to x port 443", "unreachable", "unreachable"),
            ("fatal: unable to access 'x': SSL certificate problem: expired", "unreachable", "unreachable"),
            (
                "fatal: unable to access 'x': The requested URL returned error: 502",
                "unreachable",
                "unreachable",
            ),
            ("fatal: the remote end hung up unexpectedly", "unreachable", "unreachable"),
            (
                "Host key verification failed.\nfatal: Could not read from remote",
                "unreachable",
                "unreachable",
            ),
            ("fatal: https://git.example.com/not-found/ssl.git: something new", "failed", "failed"),
            ("", "failed", "failed"),
        ] {
            assert_eq!((kind(stderr, During::Pull), kind(stderr, During::Push)), (pull, push), "{stderr}");
        }
    }

    #[test]
    fn what_a_push_was_refused_for_is_told_apart() {
        let line = |summary: &str| format!("To x\n!\tabc:refs/heads/main\t{summary}\nDone\n");
        for moved in [
            "[rejected] (fetch first)",
            "[rejected] (non-fast-forward)",
            "[remote rejected] (cannot lock ref 'refs/heads/main': is at a but expected b)",
            "[remote rejected] (failed to update ref)",
            "[remote rejected] (non-fast-forward)",
        ] {
            assert_eq!(refused_push(&line(moved), "", &access()), GitError::Moved, "{moved}");
        }
        let cut = line("[remote failure] (remote failed to report status)");
        assert!(matches!(refused_push(&cut, "", &access()), GitError::Unreachable(_)));
        let said = "remote: error: GH006: Protected branch update failed for refs/heads/main.\n\
                    remote: Changes must be made through a pull request. glpat-secret \u{1b}[31m\n";
        let refused =
            refused_push(&line("[remote rejected] (protected branch hook declined)"), said, &access());
        let GitError::Rejected(text) = refused else { panic!("{refused:?}") };
        assert!(text.contains("protected branch hook declined") && text.contains("pull request"), "{text}");
        assert!(!text.contains("glpat-secret") && !text.contains('\u{1b}'), "{text}");
    }
}
