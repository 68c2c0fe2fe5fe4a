//! One lock per project: a lease with a fencing token.
//!
//! A lease ends by the server's clock. Whoever writes under it may have been
//! asleep since, so every write can carry the fencing token of its acquisition,
//! and the token is compared in the write's own transaction: only that is safe
//! (<https://martin.kleppmann.com/2016/02/08/how-to-do-distributed-locking.html>).
//! The rules here take the lease that is live at that moment, or none.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::api::Lock;
use crate::id::ProjectId;
use crate::limits;
use crate::time::Timestamp;

/// Grows by one with every acquisition of a project's lock; not a secret.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FencingToken(u64);

impl FencingToken {
    /// The token of the `n`th acquisition.
    pub fn new(n: u64) -> Self {
        FencingToken(n)
    }

    /// Parses a header's value.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| text.parse().ok()).flatten().map(FencingToken)
    }

    /// The token as a number.
    pub fn as_u64(self) -> u64 {
        self.0
    }
}

impl fmt::Display for FencingToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One acquisition of a project's lock.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lease {
    /// The locked project.
    pub project: ProjectId,
    /// The acquisition's fencing token.
    pub token: FencingToken,
    /// The credential that holds it: a key id or a JWT's `sub`.
    pub holder: String,
    /// The holder's name, for people.
    pub locked_by: String,
    /// Why it was taken.
    pub reason: Option<String>,
    /// When it was taken.
    pub locked_at: Timestamp,
    /// From this moment on it binds nobody.
    pub expires_at: Timestamp,
}

impl Lease {
    /// Whether the lease binds at `now`.
    pub fn is_live(&self, now: Timestamp) -> bool {
        now < self.expires_at
    }

    /// What is left of it at `now`.
    pub fn remaining(&self, now: Timestamp) -> Duration {
        self.expires_at.since(now)
    }

    /// The lease as the wire shows it at `now`.
    pub fn view(&self, now: Timestamp) -> Lock {
        Lock {
            project_id: self.project.clone(),
            locked_by: self.locked_by.clone(),
            locked_at: self.locked_at,
            expires_at: self.expires_at,
            remaining_ms: u64::try_from(self.remaining(now).as_millis()).unwrap_or(u64::MAX),
            reason: self.reason.clone(),
            token: self.token,
        }
    }
}

/// How somebody who runs something under a lease keeps it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pace {
    /// It is renewed this often.
    pub renew_every: Duration,
    /// A renewal that failed is tried again after so long.
    pub try_again: Duration,
    /// What runs is asked to end so long before the lease ends.
    pub end_before: Duration,
    /// And killed so long before.
    pub kill_before: Duration,
}

impl Pace {
    /// The pace for leases of this length.
    pub fn of(length: Duration) -> Self {
        Pace {
            renew_every: length / 3,
            try_again: (length / 12).min(limits::RENEW_AGAIN),
            end_before: (length / 4).min(limits::LEASE_END_BEFORE),
            kill_before: (length / 10).min(limits::LEASE_KILL_BEFORE),
        }
    }
}

/// Who asks, and the token that they hold, if they sent one.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// The credential: a key id or a JWT's `sub`.
    pub holder: &'a str,
    /// The fencing token sent along.
    pub token: Option<FencingToken>,
}

/// Why the lock forbids something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// Another credential holds it.
    Held,
    /// The asker's acquisition is over: it lapsed, was released, or was taken over.
    Lost,
}

/// Whether a doc may be written while `live` is the project's lease.
///
/// Without a lease and without a token everybody (with the role) may. A token is
/// a demand: it must be the live one. It is no secret, so it never stands in for
/// the credential.
pub fn may_write(live: Option<&Lease>, claim: Claim<'_>) -> Result<(), Refusal> {
    match live {
        None if claim.token.is_some() => Err(Refusal::Lost),
        None => Ok(()),
        Some(lease) if claim.token.is_some_and(|token| token != lease.token) => Err(Refusal::Lost),
        Some(lease) if lease.holder != claim.holder => Err(Refusal::Held),
        Some(_) => Ok(()),
    }
}

/// Whether the asker may prolong `live`: only its own acquisition.
pub fn may_renew(live: Option<&Lease>, claim: Claim<'_>) -> Result<(), Refusal> {
    match live {
        Some(lease) if lease.holder == claim.holder && claim.token.is_none_or(|t| t == lease.token) => Ok(()),
        _ => Err(Refusal::Lost),
    }
}

/// What a request to release means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Release {
    /// The asker's own lease ends.
    Own,
    /// Somebody else's lease is broken.
    Forced,
    /// There is none.
    Nothing,
}

/// Whether the asker may end `live`; with `force` also another's.
pub fn may_release(live: Option<&Lease>, claim: Claim<'_>, force: bool) -> Result<Release, Refusal> {
    match live {
        None if claim.token.is_some() => Err(Refusal::Lost),
        None => Ok(Release::Nothing),
        Some(lease) if claim.token.is_some_and(|token| token != lease.token) => Err(Refusal::Lost),
        Some(lease) if lease.holder == claim.holder => Ok(Release::Own),
        Some(_) if force => Ok(Release::Forced),
        Some(_) => Err(Refusal::Held),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lease() -> Lease {
        Lease {
            project: ProjectId::parse("p").unwrap(),
            token: FencingToken(7),
            holder: "ann".into(),
            locked_by: "Ann".into(),
            reason: None,
            locked_at: Timestamp::from_millis(1_000),
            expires_at: Timestamp::from_millis(61_000),
        }
    }

    fn claim(holder: &str, token: Option<u64>) -> Claim<'_> {
        Claim { holder, token: token.map(FencingToken) }
    }

    #[test]
    fn a_lease_ends_at_its_very_moment() {
        let at = |ms| Timestamp::from_millis(ms);
        assert!(lease().is_live(at(60_999)));
        assert!(!lease().is_live(at(61_000)));
        assert_eq!(lease().view(at(60_000)).remaining_ms, 1_000);
        assert_eq!(lease().view(at(90_000)).remaining_ms, 0);
    }

    #[test]
    fn who_may_write_renew_and_release() {
        use Refusal::{Held, Lost};
        let live = lease();
        // lease?, who, token → write, renew, release, forced release
        for (live, claim, write, renew, release, forced) in [
            (None, claim("ann", None), Ok(()), Err(Lost), Ok(Release::Nothing), Ok(Release::Nothing)),
            (None, claim("ann", Some(7)), Err(Lost), Err(Lost), Err(Lost), Err(Lost)),
            (Some(&live), claim("ann", None), Ok(()), Ok(()), Ok(Release::Own), Ok(Release::Own)),
            (Some(&live), claim("ann", Some(7)), Ok(()), Ok(()), Ok(Release::Own), Ok(Release::Own)),
            (Some(&live), claim("ann", Some(6)), Err(Lost), Err(Lost), Err(Lost), Err(Lost)),
            (Some(&live), claim("bob", None), Err(Held), Err(Lost), Err(Held), Ok(Release::Forced)),
            (Some(&live), claim("bob", Some(7)), Err(Held), Err(Lost), Err(Held), Ok(Release::Forced)),
            (Some(&live), claim("bob", Some(8)), Err(Lost), Err(Lost), Err(Lost), Err(Lost)),
        ] {
            assert_eq!(may_write(live, claim), write, "write {claim:?}");
            assert_eq!(may_renew(live, claim), renew, "renew {claim:?}");
            assert_eq!(may_release(live, claim, false), release, "release {claim:?}");
            assert_eq!(may_release(live, claim, true), forced, "forced {claim:?}");
        }
    }

    #[test]
    fn what_runs_under_a_lease_has_two_tries_to_renew_it_and_ends_before_it() {
        for seconds in [1, 2, 10, 60, 1_800, 86_400] {
            let length = Duration::from_secs(seconds);
            let pace = Pace::of(length);
            assert!(pace.renew_every + pace.try_again + pace.end_before < length, "{pace:?}");
            assert!(Duration::ZERO < pace.kill_before && pace.kill_before < pace.end_before, "{pace:?}");
        }
        assert_eq!(Pace::of(Duration::from_secs(1_800)).end_before, Duration::from_secs(10));
    }

    #[test]
    fn a_token_is_digits() {
        assert_eq!(FencingToken::parse("42"), Some(FencingToken(42)));
        for bad in ["", "-1", "+1", "1 ", "x", "99999999999999999999999"] {
            assert_eq!(FencingToken::parse(bad), None, "{bad:?}");
        }
    }
}
