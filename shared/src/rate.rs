//! How often something may happen: at most so many at once, and so many a minute in the long run.

use std::time::Duration;

use crate::time::Timestamp;

/// The span that counts are for.
const MINUTE: Duration = Duration::from_secs(60);

/// How many a minute.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Quota(u32);

impl Quota {
    /// So many a minute; at least one.
    pub fn a_minute(count: u32) -> Self {
        Quota(count.max(1))
    }

    /// What each one uses up of the minute.
    fn each(self) -> Duration {
        MINUTE / self.0
    }
}

/// Counts against a [`Quota`], in one moment of memory: the generic cell rate algorithm
/// (ITU-T I.371). It fills by one with each that is counted and empties with the clock.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Meter {
    empty_at: Option<Timestamp>,
}

impl Meter {
    /// Counts one, or tells how long until one fits again.
    pub fn take(&mut self, quota: Quota, now: Timestamp) -> Result<(), Duration> {
        match self.wait(quota, now) {
            Some(wait) => Err(wait),
            None => {
                self.count(quota, now);
                Ok(())
            }
        }
    }

    /// How long until one fits again; nothing where it fits now.
    pub fn wait(&self, quota: Quota, now: Timestamp) -> Option<Duration> {
        let room = MINUTE.checked_sub(self.filled(now))?;
        quota.each().checked_sub(room).filter(|wait| !wait.is_zero())
    }

    /// Counts one, whether it fits or not.
    pub fn count(&mut self, quota: Quota, now: Timestamp) {
        let filled = (self.filled(now) + quota.each()).min(MINUTE);
        self.empty_at = Some(now.plus(filled));
    }

    /// Whether nothing of it is left to remember.
    pub fn is_empty(&self, now: Timestamp) -> bool {
        self.filled(now).is_zero()
    }

    /// When it is empty, if nothing more is counted.
    pub fn empty_at(&self) -> Option<Timestamp> {
        self.empty_at
    }

    /// At most a minute, also when the clock was set back.
    fn filled(&self, now: Timestamp) -> Duration {
        self.empty_at.map_or(Duration::ZERO, |at| at.since(now).min(MINUTE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn so_many_pass_at_once_and_then_one_at_a_time() {
        let (mut meter, quota) = (Meter::default(), Quota::a_minute(10));
        for _ in 0..10 {
            assert_eq!(meter.take(quota, at(0)), Ok(()));
        }
        assert_eq!(meter.take(quota, at(0)), Err(Duration::from_secs(6)));
        assert_eq!(meter.take(quota, at(4_000)), Err(Duration::from_secs(2)));
        assert_eq!(meter.take(quota, at(6_000)), Ok(()));
        assert_eq!(meter.take(quota, at(6_000)), Err(Duration::from_secs(6)));
        assert!(!meter.is_empty(at(65_999)) && meter.is_empty(at(66_000)));
    }

    #[test]
    fn what_is_counted_beyond_and_a_clock_set_back_cost_a_minute_at_most() {
        let (mut meter, quota) = (Meter::default(), Quota::a_minute(10));
        (0..1_000).for_each(|_| meter.count(quota, at(100_000)));
        assert_eq!(meter.wait(quota, at(100_000)), Some(Duration::from_secs(6)));
        assert_eq!(meter.wait(quota, at(0)), Some(Duration::from_secs(6)));
    }

    proptest! {
        #[test]
        fn nobody_gets_more_than_twice_the_count_in_a_minute(
            count in 1_u32..200,
            steps in prop::collection::vec(0_i64..2_000, 1..600),
        ) {
            let (mut meter, mut now, mut passed) = (Meter::default(), 0, Vec::new());
            for step in steps {
                now += step;
                if meter.take(Quota::a_minute(count), at(now)).is_ok() {
                    passed.push(now);
                }
                let last_minute = passed.iter().filter(|then| **then > now - 60_000).count();
                prop_assert!(last_minute <= 2 * count as usize);
            }
        }
    }
}
