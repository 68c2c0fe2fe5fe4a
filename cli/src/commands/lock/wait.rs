//! Waiting for somebody else's lock to end, in the order of arrival.
//!
//! The server keeps the place as long as it is asked again and again with the same ticket. When the
//! turn comes it says so, and the next request takes the lock. A server that goes away forgets the
//! line; who waits goes on asking, and stands in the new one.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use aitk_shared::api::{Line, Project, TakeLock};
use aitk_shared::limits;
use aitk_shared::time::humanize;
use tokio::time::sleep;

use super::{Acquired, take_once};
use crate::app::Context;
use crate::client::{Client, Taken};
use crate::error::{Error, Kind, Result};
use crate::output::shown;

/// Before a server that was out of reach is asked again.
const PAUSE: Duration = Duration::from_secs(1);
/// Names of others in line that one message shows.
const NAMED: usize = 5;

/// Takes the lock as soon as it is free and our turn, within `patience`; ends early with what
/// `interrupted` says.
pub async fn take(
    client: &Client,
    project: &Project,
    wish: &TakeLock,
    patience: Duration,
    context: &Context,
    interrupted: impl Future<Output = Error>,
) -> Result<Acquired> {
    let mut interrupted = std::pin::pin!(interrupted);
    let until = Instant::now() + patience;
    let mut wish = TakeLock { ticket: Some(ticket()), wait_seconds: Some(0), ..wish.clone() };
    let mut told: Option<Option<u64>> = None;
    loop {
        let asked = take_once(client, project, &wish);
        let answer = match wish.wait_seconds {
            // Never cut off: it may bring the lock.
            Some(0) => asked.await,
            _ => tokio::select! {
                answer = asked => answer,
                error = &mut interrupted => return Err(error),
            },
        };
        let refused = match answer {
            Ok((Taken::Turn(line), _)) => {
                if until <= Instant::now() && line.position != Some(1) {
                    let fact = format!("waited for {}: others come first", humanize(patience));
                    return Err(Error::new(Kind::Blocked, fact).hint("wait longer with `--wait=1h`"));
                }
                wish.wait_seconds = Some(if line.position == Some(1) { 0 } else { seconds_until(until) });
                told.get_or_insert(line.position);
                continue;
            }
            Ok((Taken::New(lock), asked)) => return Ok(Acquired { lock, asked, is_new: true }),
            Ok((Taken::Own(lock), asked)) => return Ok(Acquired { lock, asked, is_new: false }),
            Err(error) if error.kind == Kind::Blocked => error,
            // Asking twice is no harm: the same ticket gets the same lock.
            Err(error) if told.is_some() && error.kind == Kind::Unreachable => error,
            Err(error) => return Err(error),
        };
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(timed_out(refused, patience));
        }
        if refused.kind == Kind::Unreachable {
            context.out.detail(&refused.message);
            tokio::select! {
                () = sleep(PAUSE.min(left)) => {}
                error = &mut interrupted => return Err(error),
            }
        } else {
            let position = refused.line.as_ref().and_then(|line| line.position);
            match told {
                None => {
                    let (fact, patience) = (&refused.message, humanize(patience));
                    let place = place(refused.line.as_deref());
                    context.out.note(&format!("{fact}; waiting for up to {patience}{place}"));
                }
                Some(before) if before != position => {
                    let holder =
                        refused.lock.as_ref().map_or_else(String::new, |lock| shown(&lock.locked_by));
                    context.out.note(&format!("now locked by {holder}{}", place(refused.line.as_deref())));
                }
                Some(_) => context.out.detail(&refused.message),
            }
            told = Some(position);
        }
        wish.wait_seconds = Some(seconds_until(until));
    }
}

/// How long the next request waits: never not at all.
fn seconds_until(until: Instant) -> u64 {
    let left = until.saturating_duration_since(Instant::now()).as_secs();
    left.saturating_add(1).min(limits::LOCK_WAIT_SECONDS)
}

/// Where we stand, and behind whom.
fn place(line: Option<&Line>) -> String {
    let Some(Line { position: Some(position), waiting }) = line else { return String::new() };
    let before = usize::try_from(position - 1).unwrap_or(usize::MAX).min(waiting.len());
    let names: Vec<_> = waiting[..before].iter().take(NAMED).map(|name| shown(name)).collect();
    match before {
        0 => ", first in line".into(),
        n if n > NAMED => {
            format!(", number {position} in line after {} and {} more", names.join(", "), n - NAMED)
        }
        _ => format!(", number {position} in line after {}", names.join(", ")),
    }
}

/// A name for our place. The server takes it together with our credential, so it is no secret.
fn ticket() -> String {
    // Keyed at random for each process.
    let random = RandomState::new().hash_one(std::process::id());
    format!("{random:016x}")
}

fn timed_out(refused: Error, patience: Duration) -> Error {
    let fact = format!("waited for {}: {}", humanize(patience), refused.message);
    let error = Error::new(refused.kind, fact)
        .hint("wait longer with `--wait=1h`, ask for it, or take it over with `--steal --reason TEXT`");
    Error { lock: refused.lock, line: refused.line, code: refused.code, ..error }
}
