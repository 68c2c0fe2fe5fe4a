//! Waiting for somebody else's lock to end.
//!
//! The room tells of the release at once; where it cannot be followed, and for a lease that
//! lapses, the server is asked again after a while. Whoever is told first takes the lock first.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use aitk_shared::api::{Lock, Project, TakeLock};
use aitk_shared::event::{Room, types};
use aitk_shared::time::humanize;
use tokio::time::{sleep, timeout};

use super::take_once;
use crate::app::Context;
use crate::client::Client;
use crate::error::{Error, Kind, Result};
use crate::live::{Follower, News};

/// How often the server is asked though nothing was heard.
const ASK_EVERY: Duration = Duration::from_secs(15);
/// After the end of a lease, so that the server's clock has passed it as well.
const AFTER_LEASE: Duration = Duration::from_millis(50);

/// Takes the lock as soon as it is free, within `patience`.
pub async fn take(
    client: &Client,
    project: &Project,
    wish: &TakeLock,
    patience: Duration,
    context: &Context,
) -> Result<(Lock, bool)> {
    let until = Instant::now() + patience;
    let mut follower = None;
    let mut told = false;
    loop {
        let refused = match take_once(client, project, wish).await {
            Err(error) if error.kind == Kind::Blocked => error,
            // Asking twice is no harm: whoever holds the lock already is told so.
            Err(error) if told && error.kind == Kind::Unreachable => error,
            taken => return taken,
        };
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(timed_out(&refused, patience));
        }
        if !told {
            context.out.note(&format!("{}; waiting for up to {}", refused.message, humanize(patience)));
            told = true;
        } else {
            context.out.detail(&refused.message);
        }
        let rooms = || BTreeMap::from([(Room::project(&project.id), None)]);
        // Followed from the first refusal on: a release between it and this is seen when it is joined.
        let room = follower.get_or_insert_with(|| Some(Follower::new(client.clone(), rooms(), u32::MAX)));
        let lease = refused.lock.as_ref().map(|lock| Duration::from_millis(lock.remaining_ms) + AFTER_LEASE);
        let pause = lease.unwrap_or(ASK_EVERY).min(ASK_EVERY).min(left);
        match room {
            Some(following) => {
                if let Ok(Err(error)) = timeout(pause, released(following)).await {
                    context.out.detail(&format!("cannot follow the room: {}", error.message));
                    *room = None;
                }
            }
            None => sleep(pause).await,
        }
    }
}

/// Returns when the lock may be free: it was released, or nobody knows what happened before now. A
/// line that breaks again and again is paced by the room's own pauses.
async fn released(room: &mut Follower) -> Result<()> {
    loop {
        match room.next().await? {
            News::Event(event, _) if event.kind == types::LOCK_RELEASED => return Ok(()),
            News::Joined { .. } | News::Broken { .. } => return Ok(()),
            News::Event(..) | News::Polling { .. } => {}
        }
    }
}

fn timed_out(refused: &Error, patience: Duration) -> Error {
    let fact = format!("waited for {}: {}", humanize(patience), refused.message);
    let error = Error::new(refused.kind, fact)
        .hint("wait longer with `--wait=1h`, ask for it, or take it over with `--steal --reason TEXT`");
    Error { lock: refused.lock.clone(), ..error }
}
