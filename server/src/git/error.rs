//! What git can fail with. Every text is safe to show: short, printable, without a token, and with the fix.

use std::fmt;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_pass_by_itself_is_tried_again() {
        let text = String::new;
        for lasting in [GitError::Refused(text()), GitError::Credentials(text()), GitError::NotFound(text())]
        {
            assert!(lasting.is_lasting());
        }
        assert!(GitError::Rejected(text()).is_lasting());
        for passing in [GitError::Unreachable(text()), GitError::Moved, GitError::Failed(text())] {
            assert!(!passing.is_lasting());
        }
    }
}
