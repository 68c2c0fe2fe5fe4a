//! Who is typing in a room, as its others are told.
//!
//! It ends by itself [`limits::TYPING_TIME`] after it was said last, and of each person one message a
//! second ([`limits::TYPING_EVERY`]) goes out at most; the last one always tells how it stands.
//! As with presence, nobody keeps time in here.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::event::Actor;
use crate::limits;
use crate::time::Timestamp;

/// Whether somebody is typing: what `user:typing` carries.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Typing {
    /// Who.
    pub user: Actor,
    /// Whether it began or goes on, or ended.
    pub on: bool,
}

/// Who is typing in one room.
#[derive(Default, Debug)]
pub struct Typists(BTreeMap<String, Typist>);

#[derive(Debug)]
struct Typist {
    name: String,
    /// When it ends by itself; in the past, where it ended.
    until: Timestamp,
    /// What the others were told last, and when.
    told: Option<(Timestamp, bool)>,
    /// Whether there is something to tell.
    unsaid: bool,
}

impl Typists {
    /// Somebody types, still types, or stopped.
    pub fn say(&mut self, who: &Actor, on: bool, now: Timestamp) {
        if !on && !self.0.contains_key(&who.id) {
            return;
        }
        let typist = self.0.entry(who.id.clone()).or_insert_with(|| Typist {
            name: String::new(),
            until: now,
            told: None,
            unsaid: false,
        });
        typist.name.clone_from(&who.name);
        typist.until = if on { now.plus(limits::TYPING_TIME) } else { now };
        // What was told already and ended is not told again.
        typist.unsaid = on || typist.told.is_some_and(|(_, told)| told);
    }

    /// When there is something to do next.
    pub fn due(&self) -> Option<Timestamp> {
        self.0.values().map(Typist::due).min()
    }

    /// Does what is due; returns what is to be told, each to the others.
    pub fn tick(&mut self, now: Timestamp) -> Vec<Typing> {
        let mut tell = Vec::new();
        self.0.retain(|id, typist| {
            if typist.due() > now {
                return true;
            }
            let on = typist.until > now;
            let was_on = typist.told.is_some_and(|(_, on)| on);
            if on || was_on {
                let user = Actor { id: id.clone(), name: typist.name.clone() };
                tell.push(Typing { user, on });
                typist.told = Some((now, on));
                typist.unsaid = false;
                return true;
            }
            false
        });
        tell
    }

    /// Whether nobody types and nothing is left to tell.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Typist {
    fn due(&self) -> Timestamp {
        let Some((at, on)) = self.told else { return Timestamp::from_millis(0) };
        let next = at.plus(limits::TYPING_EVERY);
        match (self.unsaid, on) {
            (false, true) => next.max(self.until),
            _ => next,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn ann() -> Actor {
        Actor { id: "ann".into(), name: "Ann".into() }
    }

    /// Everything told until a moment: when, and what.
    fn told(typists: &mut Typists, until: i64) -> Vec<(i64, bool)> {
        let mut all = Vec::new();
        while let Some(due) = typists.due().filter(|due| *due <= at(until)) {
            all.extend(typists.tick(due).into_iter().map(|typing| (due.as_millis(), typing.on)));
        }
        all
    }

    #[test]
    fn typing_ends_by_itself_and_leaves_nothing() {
        let mut typists = Typists::default();
        typists.say(&ann(), true, at(1_000));
        assert_eq!(typists.tick(at(1_000)).len(), 1);
        assert_eq!(told(&mut typists, 60_000), [(6_000, false)]);
        assert!(typists.is_empty());
        typists.say(&ann(), false, at(70_000));
        assert!(typists.is_empty(), "what never began does not end");
    }

    #[test]
    fn quick_changes_of_mind_are_told_once_a_second() {
        let mut typists = Typists::default();
        typists.say(&ann(), true, at(1_000));
        typists.tick(at(1_000));
        for n in 0..9 {
            typists.say(&ann(), n % 2 == 1, at(1_100 + n));
        }
        assert_eq!(told(&mut typists, 60_000), [(2_000, false)]);
    }

    proptest! {
        #[test]
        fn the_others_are_told_at_most_once_a_second_and_know_in_the_end(
            acts in prop::collection::vec((0_i64..3_000, any::<bool>()), 1..40),
        ) {
            let (mut typists, mut now, mut all) = (Typists::default(), 1_000, Vec::new());
            for (wait, on) in acts {
                all.extend(told(&mut typists, now + wait));
                now += wait;
                typists.say(&ann(), on, at(now));
                all.extend(typists.tick(at(now)).into_iter().map(|typing| (now, typing.on)));
                let last = all.last().copied().unwrap_or((0, false));
                prop_assert!(last.1 == on || now - last.0 < 1_000);
            }
            all.extend(told(&mut typists, now + 60_000));
            prop_assert!(all.windows(2).all(|pair| pair[1].0 - pair[0].0 >= 1_000), "{:?}", all);
            prop_assert!(all.last().is_none_or(|(_, on)| !on) && typists.is_empty());
        }
    }
}
