//! The type of an event that a backend publishes: its form, and which the server keeps to itself.

use std::fmt;

use crate::limits;

/// Types, or their first words, that come from the server alone.
const RESERVED: [&str; 5] = ["lock:", "doc:", "docs:", "presence:", "user:typing"];

/// A text that is no event type.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("an event type is two or more words of letters, digits, '_' or '-', joined by '.' or ':', such as issue.updated, and at most {max} bytes", max = limits::EVENT_TYPE_BYTES)]
pub struct EventTypeError;

/// An event's type: `issue.updated`, `task:moved`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct EventType(String);

impl EventType {
    /// Parses `word(.|:)word`, with more words where they help: `agent.status.changed`.
    pub fn parse(text: &str) -> Result<Self, EventTypeError> {
        let mut words = 0;
        let fits = text.len() <= limits::EVENT_TYPE_BYTES
            && text.split(['.', ':']).all(|word| {
                words += 1;
                !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
            });
        match fits && words >= 2 {
            true => Ok(EventType(text.to_owned())),
            false => Err(EventTypeError),
        }
    }

    /// The rule that keeps this type to the server: what it tells of is a fact of the server's own.
    pub fn reserved(&self) -> Option<&'static str> {
        RESERVED.into_iter().find(|rule| match rule.ends_with(':') {
            true => self.0.starts_with(rule),
            false => self.0 == *rule,
        })
    }

    /// The type as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_words_joined_by_dots_or_colons() {
        for good in ["issue.updated", "task:moved", "agent.status.changed", "a:b", "v2.build-done", "x_y.Z"] {
            assert_eq!(EventType::parse(good).unwrap().as_str(), good);
        }
        let long = format!("a.{}", "b".repeat(limits::EVENT_TYPE_BYTES));
        for bad in ["", "issue", ".", "a.", ".a", "a..b", "a b.c", "a.b\n", "ä.b", "a/b.c", &long] {
            assert_eq!(EventType::parse(bad), Err(EventTypeError), "{bad:?}");
        }
    }

    #[test]
    fn what_the_server_alone_can_know_is_reserved() {
        for (text, rule) in [
            ("lock:acquired", Some("lock:")),
            ("lock:anything", Some("lock:")),
            ("doc:updated", Some("doc:")),
            ("docs:synced", Some("docs:")),
            ("presence:update", Some("presence:")),
            ("user:typing", Some("user:typing")),
            ("user:typing.fast", None),
            ("user:renamed", None),
            ("lock.opened", None),
            ("document:updated", None),
            ("issue.updated", None),
        ] {
            assert_eq!(EventType::parse(text).unwrap().reserved(), rule, "{text}");
        }
    }
}
