//! Bounds the guessing of credentials: an address that failed too often is refused unheard.
//!
//! Two memories keep that from hitting those who guess nothing. A credential that held lately is
//! still looked at, so a colleague behind the same address who uses a revoked key locks nobody
//! out; and one that was refused lately is told so again, so whoever repeats it learns what is wrong.

use std::collections::{HashMap, HashSet, VecDeque};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aitk_shared::hash::ContentHash;
use aitk_shared::limits;
use aitk_shared::rate::{Meter, Quota};
use aitk_shared::time::Timestamp;

/// What to do with a credential before it is looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Door {
    /// Look at it.
    Open,
    /// Refuse it unheard for so long: it is new, and its address failed too often.
    Closed(Duration),
    /// The same, but this credential was refused a while ago already.
    Repeated(Duration),
}

/// Failed authentications by address.
pub struct Failures {
    quota: Quota,
    most: usize,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    meters: HashMap<IpAddr, Meter>,
    held: Recent,
    refused: Recent,
}

impl Failures {
    /// Lets so many pass.
    pub fn new(quota: Quota) -> Self {
        Failures { quota, most: limits::AUTH_ADDRESSES, known: Mutex::default() }
    }

    /// Whether a credential from there is looked at.
    pub fn door(&self, from: IpAddr, credential: &ContentHash, now: Timestamp) -> Door {
        let known = self.lock();
        match known.meters.get(&from).and_then(|meter| meter.wait(self.quota, now)) {
            None => Door::Open,
            Some(_) if known.held.has(credential) => Door::Open,
            Some(wait) if known.refused.has(credential) => Door::Repeated(wait),
            Some(wait) => Door::Closed(wait),
        }
    }

    /// Notes that a credential held.
    pub fn held(&self, credential: ContentHash) {
        self.lock().held.put(credential);
    }

    /// Notes that one did not.
    pub fn failed(&self, from: IpAddr, credential: ContentHash, now: Timestamp) {
        let mut known = self.lock();
        known.held.drop(&credential);
        known.refused.put(credential);
        known.make_room(self.most, from, now);
        known.meters.entry(from).or_default().count(self.quota, now);
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Forgets those that are empty again and, where that is not enough, who would be first.
    fn make_room(&mut self, most: usize, newcomer: IpAddr, now: Timestamp) {
        if self.meters.len() < most || self.meters.contains_key(&newcomer) {
            return;
        }
        self.meters.retain(|_, meter| !meter.is_empty(now));
        if self.meters.len() >= most
            && let Some(first) =
                self.meters.iter().min_by_key(|(_, meter)| meter.empty_at()).map(|(ip, _)| *ip)
        {
            self.meters.remove(&first);
        }
    }
}

/// The last so many credentials, as hashes.
#[derive(Default)]
struct Recent {
    set: HashSet<ContentHash>,
    order: VecDeque<ContentHash>,
}

impl Recent {
    fn has(&self, credential: &ContentHash) -> bool {
        self.set.contains(credential)
    }

    fn put(&mut self, credential: ContentHash) {
        if !self.set.insert(credential) {
            return;
        }
        self.order.push_back(credential);
        if self.order.len() > limits::AUTH_REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.set.remove(&oldest);
        }
    }

    fn drop(&mut self, credential: &ContentHash) {
        if self.set.remove(credential) {
            self.order.retain(|known| known != credential);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failures() -> Failures {
        Failures { most: 3, ..Failures::new(Quota::a_minute(2)) }
    }

    fn ip(n: u8) -> IpAddr {
        [10, 0, 0, n].into()
    }

    fn credential(n: u8) -> ContentHash {
        ContentHash::of(&[n])
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    #[test]
    fn who_fails_too_often_is_refused_unheard_for_a_while() {
        let failures = failures();
        failures.failed(ip(1), credential(1), at(0));
        assert_eq!(failures.door(ip(1), &credential(9), at(0)), Door::Open);
        failures.failed(ip(1), credential(2), at(0));
        assert_eq!(failures.door(ip(1), &credential(9), at(10)), Door::Closed(Duration::from_secs(20)));
        assert_eq!(failures.door(ip(1), &credential(2), at(10)), Door::Repeated(Duration::from_secs(20)));
        assert_eq!(failures.door(ip(2), &credential(9), at(10)), Door::Open);
        assert_eq!(failures.door(ip(1), &credential(9), at(30)), Door::Open);
    }

    #[test]
    fn a_credential_that_held_is_looked_at_until_it_fails() {
        let failures = failures();
        failures.held(credential(7));
        (1..=2).for_each(|n| failures.failed(ip(1), credential(n), at(0)));
        assert_eq!(failures.door(ip(1), &credential(7), at(0)), Door::Open);
        failures.failed(ip(1), credential(7), at(0));
        assert!(matches!(failures.door(ip(1), &credential(7), at(0)), Door::Repeated(_)));
    }

    #[test]
    fn memory_is_bounded_and_the_worst_are_kept() {
        let failures = failures();
        (1..=2).for_each(|n| failures.failed(ip(1), credential(n), at(0)));
        (2..=9).for_each(|n| failures.failed(ip(n), credential(n), at(1)));
        assert_eq!(failures.lock().meters.len(), 3);
        assert!(matches!(failures.door(ip(1), &credential(99), at(1)), Door::Closed(_)));
        failures.failed(ip(20), credential(20), at(200));
        assert_eq!(failures.lock().meters.len(), 1, "those that are empty again are forgotten");
        let mut recent = Recent::default();
        for n in 0..u32::try_from(limits::AUTH_REMEMBERED).unwrap() + 10 {
            recent.put(ContentHash::of(&n.to_be_bytes()));
        }
        assert_eq!(
            (recent.set.len(), recent.order.len()),
            (limits::AUTH_REMEMBERED, limits::AUTH_REMEMBERED)
        );
    }
}
