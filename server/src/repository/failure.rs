//! How a visit can fail, what is said of it, and when the next is made.

use std::time::Duration;

use aitk_shared::limits;
use aitk_shared::path::DocPath;
use aitk_shared::repo::Branch;
use aitk_shared::time::Timestamp;

use crate::error::{Error, Lasting};
use crate::git::GitError;

/// Why a visit came to nothing.
#[derive(Debug)]
pub enum Trouble {
    /// Git, the network or the host.
    Git(GitError),
    /// The repository has no doc any more, where it had some.
    Emptied {
        /// The folder.
        folder: DocPath,
        /// The branch.
        branch: Branch,
        /// What was kept here.
        docs: usize,
    },
    /// The project was connected otherwise meanwhile, or not at all.
    Reconnected,
    /// Docs are saved, or commits are made, faster than they can be brought together.
    Busy,
    /// The asker, the lock, a limit, or the store.
    Here(Error),
}

impl Trouble {
    /// What to note of it; `None` where it tells nothing of the repository.
    pub fn note(&self) -> Option<(Lasting, String)> {
        use Lasting::{Passing, UntilMended};
        Some(match self {
            Trouble::Git(error) => {
                (if error.is_lasting() { UntilMended } else { Passing }, error.to_string())
            }
            Trouble::Emptied { folder, branch, docs } => (
                UntilMended,
                format!(
                    "the repository has no docs in '{folder}' on branch '{}' any more, so the {docs} here were kept; \
                     set the right folder or branch, or accept it with `aitk docs pull --yes`",
                    branch.as_str()
                ),
            ),
            Trouble::Busy => (Passing, "docs are saved faster than they can be brought together".into()),
            Trouble::Reconnected
            | Trouble::Here(Error::Locked(_) | Error::LockLost(_) | Error::NotFound(_)) => {
                return None;
            }
            Trouble::Here(error @ (Error::Internal(_) | Error::Unavailable(_))) => {
                (Passing, error.code_and_detail().1)
            }
            Trouble::Here(error) => (UntilMended, error.code_and_detail().1),
        })
    }
}

impl From<GitError> for Trouble {
    fn from(error: GitError) -> Self {
        Trouble::Git(error)
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Trouble::Here(error)
    }
}

impl From<Trouble> for Error {
    fn from(trouble: Trouble) -> Self {
        match (trouble.note(), trouble) {
            (_, Trouble::Here(error)) => error,
            (Some((lasting, detail)), _) => Error::Repository { lasting, detail },
            (None, _) => Error::Repository {
                lasting: Lasting::Passing,
                detail: "the project was connected to another repository meanwhile; try again".into(),
            },
        }
    }
}

/// When to try again after so many failures before this one: soon at first, then ever later; what
/// somebody has to mend is looked at as rarely as may be. `chance` is between 0 and 1.
pub fn next_try(now: Timestamp, tries: u64, lasting: Lasting, chance: f64) -> Timestamp {
    let doubled = limits::REPOSITORY_RETRY.saturating_mul(1 << tries.min(16));
    let wait = match lasting {
        Lasting::Passing => doubled.min(limits::REPOSITORY_RETRY_MAX),
        Lasting::UntilMended => limits::REPOSITORY_RETRY_MAX,
    };
    now.plus(spread(wait, chance))
}

/// When to look again after a success.
pub fn next_look(now: Timestamp, interval: Option<Duration>, chance: f64) -> Option<Timestamp> {
    interval.map(|interval| now.plus(spread(interval, chance)))
}

/// A tenth more or less, so that many projects do not ask one host at the same moment.
fn spread(time: Duration, chance: f64) -> Duration {
    time.mul_f64(0.9 + 0.2 * chance.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_become_rarer_and_what_must_be_mended_is_not_hurried() {
        let now = Timestamp::from_millis(0);
        let wait = |tries, lasting, chance| next_try(now, tries, lasting, chance).since(now).as_secs();
        for (tries, lasting, chance, seconds) in [
            (0, Lasting::Passing, 0.5, 10),
            (0, Lasting::Passing, 0.0, 9),
            (0, Lasting::Passing, 1.0, 11),
            (1, Lasting::Passing, 0.5, 20),
            (5, Lasting::Passing, 0.5, 320),
            (20, Lasting::Passing, 0.5, 1_800),
            (u64::MAX, Lasting::Passing, 0.5, 1_800),
            (0, Lasting::UntilMended, 0.5, 1_800),
        ] {
            assert_eq!(wait(tries, lasting, chance), seconds, "{tries} {lasting:?} {chance}");
        }
    }

    #[test]
    fn a_lock_in_the_way_says_nothing_of_the_repository() {
        assert!(Trouble::Here(Error::LockLost(None)).note().is_none());
        assert!(Trouble::Reconnected.note().is_none());
        let (lasting, text) =
            Trouble::from(GitError::Credentials("the token is refused".into())).note().unwrap();
        assert_eq!((lasting, text.as_str()), (Lasting::UntilMended, "the token is refused"));
    }
}
