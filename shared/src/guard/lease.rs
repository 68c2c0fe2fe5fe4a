//! What a lock does to an agent whose session is under way.

use std::fmt;
use std::time::Duration;

use crate::text::printable;
use crate::time::humanize;

/// A lock that somebody else holds, in words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Held {
    /// By whom.
    pub by: String,
    /// Why.
    pub reason: Option<String>,
    /// Since when, as RFC 3339.
    pub since: String,
    /// What is left of it.
    pub left: Duration,
}

/// What is known of the session that wants to write.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Session {
    /// It has had no good check.
    Unchecked,
    /// It began before the lock.
    Checked {
        /// Whether it was told of this lock already.
        is_told: bool,
    },
}

/// What becomes of a write outside the protected trees while somebody else holds the lock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Effect {
    /// It goes on.
    Pass,
    /// It goes on, and the model is told.
    Tell,
    /// It must not.
    Stop,
}

/// Decides it; `denies` is the project's `onLock: "deny"`.
pub fn effect(session: Session, denies: bool) -> Effect {
    match session {
        Session::Unchecked => Effect::Stop,
        Session::Checked { .. } if denies => Effect::Stop,
        Session::Checked { is_told: true } => Effect::Pass,
        Session::Checked { is_told: false } => Effect::Tell,
    }
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = printable(&self.by, 100);
        write!(f, "the docs are locked by {who} since {}, for another {}", self.since, humanize(self.left))?;
        match &self.reason {
            Some(reason) => write!(f, ": {}", printable(reason, 300)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_from_before_the_lock_goes_on_and_hears_of_it_once() {
        let (new, told) = (Session::Checked { is_told: false }, Session::Checked { is_told: true });
        for (session, denies, expected) in [
            (Session::Unchecked, false, Effect::Stop),
            (Session::Unchecked, true, Effect::Stop),
            (new, false, Effect::Tell),
            (told, false, Effect::Pass),
            (new, true, Effect::Stop),
            (told, true, Effect::Stop),
        ] {
            assert_eq!(effect(session, denies), expected, "{session:?} {denies}");
        }
    }

    #[test]
    fn a_holders_name_forges_no_line() {
        let held = Held {
            by: "Ann\nOK".into(),
            reason: Some("\x1b[2J".into()),
            since: "2026-11-20T09:30:00Z".into(),
            left: Duration::from_secs(90),
        };
        let text = held.to_string();
        assert!(text.contains("Ann\\u{a}OK") && !text.contains('\x1b') && !text.contains('\n'), "{text}");
    }
}
