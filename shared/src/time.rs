//! Moments and lengths of time. The clock itself is read at the edge, once.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::limits;

/// A text that should be a moment or a length of time and is not.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum TimeError {
    /// Not RFC 3339.
    #[error("not a time such as 2026-11-20T09:30:00Z")]
    Timestamp,
    /// Not a number with a unit.
    #[error("not a duration such as 90s, 30m, 2h or 7d")]
    Duration,
    /// A lease outside the bounds.
    #[error("ttlSeconds must be {} to {}", limits::TTL_MIN_SECONDS, limits::TTL_MAX_SECONDS)]
    Ttl,
}

/// A moment: whole milliseconds since 1970 UTC; RFC 3339 on the wire.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Timestamp(i64);

impl Timestamp {
    /// The moment so many milliseconds after 1970 UTC, brought into what RFC 3339 can say.
    pub fn from_millis(millis: i64) -> Self {
        // Years 0 to 9999.
        Timestamp(millis.clamp(-62_167_219_200_000, 253_402_207_200_000))
    }

    /// Milliseconds since 1970 UTC.
    pub fn as_millis(self) -> i64 {
        self.0
    }

    /// Parses RFC 3339.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        let parsed: jiff::Timestamp = text.parse().map_err(|_| TimeError::Timestamp)?;
        Ok(Timestamp::from_millis(parsed.as_millisecond()))
    }

    /// The moment `later` after this one.
    pub fn plus(self, later: Duration) -> Self {
        Timestamp::from_millis(self.0.saturating_add(i64::try_from(later.as_millis()).unwrap_or(i64::MAX)))
    }

    /// The time from `earlier` to this moment; zero where `earlier` is later.
    pub fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(moment) => write!(f, "{moment:.3}"),
            Err(_) => f.write_str("(no time)"),
        }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl TryFrom<String> for Timestamp {
    type Error = TimeError;
    fn try_from(text: String) -> Result<Self, TimeError> {
        Timestamp::parse(&text)
    }
}

impl From<Timestamp> for String {
    fn from(at: Timestamp) -> String {
        at.to_string()
    }
}

/// How long a lease runs: whole seconds within the limits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ttl(u64);

impl Ttl {
    /// The lease taken when none is asked for.
    pub const DEFAULT: Ttl = Ttl(limits::TTL_DEFAULT_SECONDS);

    /// Accepts 1 second to 1 day.
    pub fn parse(seconds: i64) -> Result<Self, TimeError> {
        match u64::try_from(seconds) {
            Ok(s) if (limits::TTL_MIN_SECONDS..=limits::TTL_MAX_SECONDS).contains(&s) => Ok(Ttl(s)),
            _ => Err(TimeError::Ttl),
        }
    }

    /// The lease as a duration.
    pub fn as_duration(self) -> Duration {
        Duration::from_secs(self.0)
    }
}

/// Parses what people type: `500ms`, `90s`, `30m`, `72h`, `7d`, or bare seconds.
pub fn parse_duration(text: &str) -> Result<Duration, TimeError> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number: u64 = text[..digits].parse().map_err(|_| TimeError::Duration)?;
    let millis = match &text[digits..] {
        "ms" => 1,
        "" | "s" => 1_000,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(TimeError::Duration),
    };
    number.checked_mul(millis).map(Duration::from_millis).ok_or(TimeError::Duration)
}

/// Says a length of time as a person would: `40 s`, `29 min`, `2 h 5 min`, `3 d 4 h`.
pub fn humanize(length: Duration) -> String {
    let seconds = length.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, m) => format!("{m} min"),
        (0, h, m) => with_rest(h, "h", m % 60, "min"),
        (d, h, _) => with_rest(d, "d", h % 24, "h"),
    }
}

fn with_rest(whole: u64, unit: &str, rest: u64, rest_unit: &str) -> String {
    match rest {
        0 => format!("{whole} {unit}"),
        rest => format!("{whole} {unit} {rest} {rest_unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_travel_as_rfc_3339_with_milliseconds() {
        let at = Timestamp::from_millis(1_795_201_800_123);
        assert_eq!(at.to_string(), "2026-11-20T19:10:00.123Z");
        assert_eq!(Timestamp::parse(&at.to_string()), Ok(at));
        assert_eq!(Timestamp::parse("2026-11-20T20:10:00.123+01:00"), Ok(at));
        assert_eq!(Timestamp::parse("yesterday"), Err(TimeError::Timestamp));
        assert_eq!(Timestamp::from_millis(i64::MAX).to_string(), "9999-12-30T22:00:00.000Z");
    }

    #[test]
    fn a_lease_lasts_from_a_second_to_a_day() {
        for bad in [i64::MIN, -1, 0, 86_401, i64::MAX] {
            assert_eq!(Ttl::parse(bad), Err(TimeError::Ttl), "{bad}");
        }
        assert_eq!(Ttl::parse(1).unwrap().as_duration(), Duration::from_secs(1));
        assert_eq!(Ttl::parse(86_400).unwrap().as_duration(), Duration::from_secs(86_400));
    }

    #[test]
    fn durations_are_read_and_said_as_people_do() {
        for (text, seconds) in [("90s", 90), ("30m", 1_800), ("72h", 259_200), ("7d", 604_800), ("5", 5)] {
            assert_eq!(parse_duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for bad in ["", "s", "-1s", "1.5h", "1w", "99999999999999999999d", "1 h", "٣s"] {
            assert_eq!(parse_duration(bad), Err(TimeError::Duration), "{bad}");
        }
        for (seconds, text) in [
            (0, "0 s"),
            (59, "59 s"),
            (61, "1 min"),
            (7_500, "2 h 5 min"),
            (3_600, "1 h"),
            (273_600, "3 d 4 h"),
        ] {
            assert_eq!(humanize(Duration::from_secs(seconds)), text);
        }
    }
}
