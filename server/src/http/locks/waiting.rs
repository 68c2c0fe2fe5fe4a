//! Taking the lock in turn, as whoever asks while others wait for it.

use std::time::Duration;

use aitk_shared::api::Line;
use aitk_shared::event::Room;
use aitk_shared::id::ProjectId;
use aitk_shared::limits;
use aitk_shared::role::Right;
use anyhow::anyhow;
use tokio::time::{Instant, sleep_until};

use super::{Outcome, Wish, try_take};
use crate::auth::Credential;
use crate::crypto;
use crate::error::{Error, Result};
use crate::lines::{Keep, Ticket, Waiter};
use crate::state::App;
use crate::store::locks;

/// Longest that somebody who does not wait is held up by those who do.
const HELD_UP: Duration = limits::PLACE_KEPT.saturating_mul(2);

/// Takes the lock once it is free and this request's turn. A request that had to wait is told of its
/// turn first, and has to ask again: a waiter that is not there any more gets no lock.
pub async fn take(app: &App, who: &Credential, id: &str, wish: &Wish) -> Result<Outcome> {
    let project = {
        let mut read = app.store.read().await?;
        who.project(&mut read, id, Right::Write).await?.public.id
    };
    let begun = Instant::now();
    let deadline = begun + wish.wait;
    // Before the first look, so that nothing falls between the look and the wait.
    let mut news = app.hub.wake(&Room::project(&project));
    let place = Place { app, who, project: &project, is_kept: wish.ticket.is_some() };
    let ticket = Ticket::new(&who.actor, wish.ticket.clone().unwrap_or_else(anonymous));
    // Who does not wait takes a place only where the lock is free and others come first.
    let mut waiter = if wish.ticket.is_some() || !wish.wait.is_zero() { place.join(&ticket)? } else { None };
    let at_first = waiter.as_ref().map(Waiter::position);
    let mut waited = false;
    loop {
        news.mark_unchanged();
        let held = {
            let mut read = app.store.read().await?;
            let now = app.clock.now();
            locks::live(&mut read, &project, now).await?.map(|lease| (lease.holder.clone(), lease.view(now)))
        };
        let position = waiter.as_ref().map(Waiter::position);
        let late = Instant::now() >= deadline;
        match held {
            Some((_, lock)) if app.lines.was_served(&project, &ticket, lock.token) => {
                return Ok(Outcome::Taken(lock));
            }
            Some((holder, lock)) if holder == who.actor.id && !wish.anew => return Ok(Outcome::Own(lock)),
            Some((_, lock)) if late || place.is_kept && position != at_first => {
                // Who asked once does not wait any more.
                waiter.take_if(|_| !place.is_kept);
                return Err(Error::InLine { lock: Box::new(lock), line: place.line(waiter.as_ref()) });
            }
            Some(_) => {}
            None if position == Some(1) && waited && place.is_kept => {
                return Ok(Outcome::Turn(place.line(waiter.as_ref())));
            }
            None if position.unwrap_or(1 + app.lines.names(&project).len() as u64) == 1 => {
                match try_take(app, who, id, wish).await? {
                    Outcome::Taken(lock) => {
                        app.lines.serve(&project, ticket, lock.token);
                        return Ok(Outcome::Taken(lock));
                    }
                    // Somebody was quicker after all: look again.
                    Outcome::Held(_) => continue,
                    outcome => return Ok(outcome),
                }
            }
            None if late && place.is_kept => return Ok(Outcome::Turn(place.line(waiter.as_ref()))),
            None if Instant::now() >= deadline + HELD_UP => {
                return Err(Error::Unavailable(anyhow!(
                    "others wait for this lock, and one of them is slow"
                )));
            }
            None if waiter.is_none() => {
                waiter = place.join(&ticket)?;
                continue;
            }
            None => {}
        }
        waited = true;
        let until = if late { deadline + HELD_UP } else { deadline };
        let moved = async {
            match &mut waiter {
                Some(waiter) => waiter.moved().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = news.changed() => {}
            () = moved => {}
            () = sleep_until(until) => {}
            () = app.drained() => return Err(Error::Unavailable(anyhow!("the server goes away"))),
        }
    }
}

/// Where a request stands, or would.
struct Place<'a> {
    app: &'a App,
    who: &'a Credential,
    project: &'a ProjectId,
    /// Whether there may be another request for it.
    is_kept: bool,
}

impl Place<'_> {
    fn join(&self, ticket: &Ticket) -> Result<Option<Waiter>> {
        let keep = if self.is_kept { Keep::AMoment } else { Keep::Not };
        match self.app.lines.join(self.project, &self.who.actor, ticket.clone(), keep) {
            Some(waiter) => Ok(Some(waiter)),
            None => Err(Error::Unavailable(anyhow!("{} wait for this lock", limits::LOCK_WAITERS))),
        }
    }

    /// The line as whoever asks is told of it.
    fn line(&self, waiter: Option<&Waiter>) -> Line {
        Line { position: waiter.map(Waiter::position), waiting: self.app.lines.names(self.project) }
    }
}

/// What somebody who asks just once is called.
fn anonymous() -> String {
    crypto::random::<16>().iter().map(|byte| format!("{byte:02x}")).collect()
}
