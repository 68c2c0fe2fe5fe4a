//! Answers that many will ask for again, kept packed: a team's fresh clones and CI jobs all want
//! the same docs.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use aitk_shared::limits;
use axum::body::Bytes;

use super::line::Room;

/// A packed answer, in parts.
pub type Answer = Vec<Bytes>;

/// The answers asked for last, bounded in bytes. Each is found by what it says before its docs:
/// the docs hash in there stands for the docs, so an answer cannot be out of date, only unused.
pub struct Answers {
    most: usize,
    kept: Mutex<VecDeque<(Vec<u8>, Answer)>>,
    /// The room for answers on their way.
    pub room: Room,
}

impl Answers {
    /// Keeps at most so many bytes.
    fn of_at_most(most: usize) -> Self {
        Answers { most, kept: Mutex::default(), room: Room::default() }
    }

    /// The answer that begins with `head`.
    pub fn get(&self, head: &[u8]) -> Option<Answer> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.iter().position(|(known, _)| known == head)?;
        let entry = kept.remove(found)?;
        let answer = entry.1.clone();
        kept.push_back(entry);
        Some(answer)
    }

    /// Keeps an answer, instead of those that were asked for longest ago.
    pub fn put(&self, head: Vec<u8>, answer: Answer) {
        if bytes(&head, &answer) > self.most {
            return;
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(known, _)| *known != head);
        kept.push_back((head, answer));
        while kept.iter().map(|(head, answer)| bytes(head, answer)).sum::<usize>() > self.most {
            kept.pop_front();
        }
    }
}

impl Default for Answers {
    fn default() -> Self {
        Answers::of_at_most(limits::KEPT_ANSWERS_BYTES)
    }
}

fn bytes(head: &[u8], answer: &Answer) -> usize {
    head.len() + answer.iter().map(Bytes::len).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_for_longest_ago_makes_room() {
        let answers = Answers::of_at_most(30);
        let put = |head: &str, bytes: usize| answers.put(head.into(), vec![vec![b'x'; bytes].into()]);
        let has = |head: &str| answers.get(head.as_bytes()).is_some();
        put("a", 9);
        put("b", 9);
        put("c", 9);
        assert!(has("a") && has("b") && has("c") && has("a"));
        put("d", 9);
        assert_eq!(["a", "b", "c", "d"].map(has), [true, false, true, true]);
        put("d", 19);
        assert_eq!(["a", "c", "d"].map(has), [false, true, true]);
        put("e", 30);
        assert_eq!(["c", "d", "e"].map(has), [true, true, false], "nothing goes for what cannot stay");
    }
}
