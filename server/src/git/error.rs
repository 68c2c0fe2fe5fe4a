//! What git can fail with. Every text is safe to show: short, printable, without a token, and with the fix.

use std::fmt;

use aitk_shared::text::printable;

use super::access::Access;

/// Why a pull or a push did not happen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum GitError {
    /// The server does not go to this address.
    Refused(String),
    /// The host wants credentials, or others.
    Credentials(String),
    /// No such repository or branch.
    NotFound(String),
    /// The host cannot be reached, or not trusted.
    Unreachable(String),
    /// The branch is elsewhere by now: pull, then push again.
    Moved,
    /// The host does not take the push: a hook, a protected branch, no write access.
    Rejected(String),
    /// Anything else.
    Failed(String),
}

impl GitError {
    /// Whether trying again is of no use before somebody changed something.
    pub fn is_lasting(&self) -> bool {
        match self {
            GitError::Refused(_) | GitError::Credentials(_) | GitError::NotFound(_) => true,
            GitError::Rejected(_) => true,
            GitError::Unreachable(_) | GitError::Moved | GitError::Failed(_) => false,
        }
    }
}

impl fmt::Display for GitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GitError::Refused(text)
            | GitError::Credentials(text)
            | GitError::NotFound(text)
            | GitError::Unreachable(text)
            | GitError::Rejected(text)
            | GitError::Failed(text) => f.write_str(text),
            GitError::Moved => f.write_str("the branch has moved on; pull, then push again"),
        }
    }
}

impl std::error::Error for GitError {}

/// What git was doing when it failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum During {
    /// Reading.
    Pull,
    /// Writing.
    Push,
}

/// Reads git's complaint. Its words are stable under `LC_ALL=C` but no interface: what is not known is told as it
/// is.
pub(super) fn classify(stderr: &str, during: During, access: &Access) -> GitError {
    let place = access.place();
    let word = access.hide(&last_word(stderr));
    let lower = stderr.to_ascii_lowercase();
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
            "{place} sends to another address, where the server does not follow; give the one the repository has now"
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
    let is_remote = summary.starts_with("[remote rejected]") || summary.starts_with("[remote failure]");
    let reason = summary.split_once('(').map_or(summary, |(_, reason)| reason.trim_end_matches(')'));
    // Somebody was faster between our question and the push.
    let is_race =
        ["cannot lock ref", "failed to update ref", "reference already exists", "incorrect old value"]
            .iter()
            .any(|word| reason.contains(word));
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
