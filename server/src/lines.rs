//! Who waits for a project's lock, first come first served.
//!
//! In memory alone: a waiter asks again and again with its ticket, so after a restart the lines form
//! anew. A place is kept while its waiter asks, and a moment longer; so is the first right to a lock
//! that became free, and nobody who comes later overtakes it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use aitk_shared::event::Actor;
use aitk_shared::id::ProjectId;
use aitk_shared::limits;
use aitk_shared::lock::FencingToken;
use tokio::sync::watch;

/// All lines of this server. Cheap to clone.
#[derive(Clone, Default)]
pub struct Lines(Arc<Mutex<HashMap<ProjectId, Line>>>);

/// Those who wait for one lock, in order.
struct Line {
    places: Vec<Place>,
    /// Counts the moves; who waits watches it.
    moves: watch::Sender<u64>,
    /// The last ticket that was served, so that a lost answer can be given again.
    served: Option<(Ticket, FencingToken)>,
}

impl Default for Line {
    fn default() -> Self {
        Line { places: Vec::new(), moves: watch::channel(0).0, served: None }
    }
}

/// What a waiter calls itself, together with its credential.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ticket {
    holder: String,
    text: String,
}

impl Ticket {
    /// The ticket of a credential.
    pub fn new(actor: &Actor, text: String) -> Self {
        Ticket { holder: actor.id.clone(), text }
    }
}

struct Place {
    ticket: Ticket,
    name: String,
    /// Requests that ask for this place now.
    asking: u32,
    /// Until when it is kept, while nobody asks.
    kept_until: Option<Instant>,
}

/// A request that stands in line.
pub struct Waiter {
    lines: Lines,
    project: ProjectId,
    ticket: Ticket,
    keep: Keep,
    moves: watch::Receiver<u64>,
}

/// What becomes of a place when its request ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// It is kept for a moment, for the next request.
    AMoment,
    /// There will be no other request.
    Not,
}

impl Lines {
    /// Whether nobody waits for anything.
    pub fn are_empty(&self) -> bool {
        self.lock().values_mut().all(|line| line.present().is_empty())
    }

    /// The names of those who wait, in order.
    pub fn names(&self, project: &ProjectId) -> Vec<String> {
        let mut lines = self.lock();
        let places = lines.get_mut(project).map(Line::present).unwrap_or_default();
        places.iter().map(|place| place.name.clone()).collect()
    }

    /// Takes a place at the end, or the one that the ticket has; `None` where the line is too long.
    pub fn join(&self, project: &ProjectId, actor: &Actor, ticket: Ticket, keep: Keep) -> Option<Waiter> {
        let mut lines = self.lock();
        let line = lines.entry(project.clone()).or_default();
        line.present();
        match line.places.iter().position(|place| place.ticket == ticket) {
            Some(at) => {
                line.places[at].asking += 1;
                line.places[at].kept_until = None;
            }
            None if line.places.len() >= limits::LOCK_WAITERS => return None,
            None => {
                let (ticket, name) = (ticket.clone(), actor.name.clone());
                line.places.push(Place { ticket, name, asking: 1, kept_until: None });
            }
        }
        let moves = line.moves.subscribe();
        Some(Waiter { lines: self.clone(), project: project.clone(), ticket, keep, moves })
    }

    /// Notes whom the lock was given to, who waits no longer.
    pub fn serve(&self, project: &ProjectId, ticket: Ticket, token: FencingToken) {
        let mut lines = self.lock();
        let line = lines.entry(project.clone()).or_default();
        line.places.retain(|place| place.ticket != ticket);
        line.served = Some((ticket, token));
        line.moved();
    }

    /// Whether the lock with this token was given to this ticket.
    pub fn was_served(&self, project: &ProjectId, ticket: &Ticket, token: FencingToken) -> bool {
        let served = |line: &Line| line.served.as_ref().is_some_and(|(t, n)| t == ticket && *n == token);
        self.lock().get(project).is_some_and(served)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ProjectId, Line>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Line {
    /// Those who are still there; the others have lost their place.
    fn present(&mut self) -> &[Place] {
        let now = Instant::now();
        let before = self.places.len();
        self.places.retain(|place| place.kept_until.is_none_or(|until| now < until));
        if self.places.len() < before {
            self.moved();
        }
        &self.places
    }

    fn moved(&self) {
        self.moves.send_modify(|moves| *moves += 1);
    }
}

impl Waiter {
    /// The place, from 1 on.
    pub fn position(&self) -> u64 {
        let mut lines = self.lines.lock();
        let places = lines.get_mut(&self.project).map(Line::present).unwrap_or_default();
        let before = places.iter().take_while(|place| place.ticket != self.ticket).count();
        before as u64 + 1
    }

    /// Waits until somebody before this one may be gone, or came or went.
    pub async fn moved(&mut self) {
        let lapses = self.next_lapse().unwrap_or(Duration::MAX);
        tokio::select! {
            _ = self.moves.changed() => {}
            () = tokio::time::sleep(lapses.min(Duration::from_secs(limits::LOCK_WAIT_SECONDS))) => {}
        }
    }

    fn next_lapse(&self) -> Option<Duration> {
        let lines = self.lines.lock();
        let kept = lines.get(&self.project)?.places.iter().filter_map(|place| place.kept_until);
        kept.min().map(|until| until.saturating_duration_since(Instant::now()))
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        let mut lines = self.lines.lock();
        let Some(line) = lines.get_mut(&self.project) else { return };
        // Who was served has no place any more.
        let Some(at) = line.places.iter().position(|place| place.ticket == self.ticket) else { return };
        line.places[at].asking -= 1;
        if line.places[at].asking > 0 {
            return;
        }
        match self.keep {
            Keep::AMoment => line.places[at].kept_until = Some(Instant::now() + limits::PLACE_KEPT),
            Keep::Not => drop(line.places.remove(at)),
        }
        line.moved();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn join(lines: &Lines, who: &str, keep: Keep) -> Waiter {
        let actor = Actor { id: who.into(), name: who.into() };
        let ticket = Ticket::new(&actor, "t".into());
        lines.join(&ProjectId::parse("p").unwrap(), &actor, ticket, keep).unwrap()
    }

    #[test]
    fn a_place_is_kept_for_who_asks_again_and_freed_by_who_does_not() {
        let (lines, project) = (Lines::default(), ProjectId::parse("p").unwrap());
        let (ann, bob) = (join(&lines, "Ann", Keep::AMoment), join(&lines, "Bob", Keep::Not));
        assert_eq!(
            (ann.position(), bob.position(), lines.names(&project)),
            (1, 2, vec!["Ann".into(), "Bob".into()])
        );
        drop(ann);
        assert_eq!(bob.position(), 2);
        let ann = join(&lines, "Ann", Keep::AMoment);
        assert_eq!((ann.position(), bob.position()), (1, 2));
        drop(bob);
        assert_eq!(lines.names(&project), ["Ann"]);
        let cleo = join(&lines, "Cleo", Keep::AMoment);
        lines.serve(&project, ann.ticket.clone(), FencingToken::new(7));
        assert_eq!(cleo.position(), 1);
        assert!(lines.was_served(&project, &ann.ticket, FencingToken::new(7)));
        assert!(!lines.was_served(&project, &cleo.ticket, FencingToken::new(7)));
        drop((ann, cleo));
        assert_eq!(lines.names(&project), ["Cleo"]);
    }

    #[test]
    fn a_line_has_an_end() {
        let (lines, project) = (Lines::default(), ProjectId::parse("p").unwrap());
        let waiters: Vec<_> =
            (0..limits::LOCK_WAITERS).map(|n| join(&lines, &n.to_string(), Keep::Not)).collect();
        let actor = Actor { id: "late".into(), name: "late".into() };
        assert!(lines.join(&project, &actor, Ticket::new(&actor, "t".into()), Keep::Not).is_none());
        drop(waiters);
        assert!(lines.are_empty());
    }
}
