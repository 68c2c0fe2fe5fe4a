//! Keeps a lease while something runs under it: renews it in time, and learns at once when it is lost.
//!
//! The end of the lease is counted from before the request that brought it, on a clock that goes on
//! while the machine sleeps, so that it is never believed to last longer than the server says. The
//! room tells of a theft at once; where it cannot be followed, the next renewal does.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use aitk_shared::api::{Lock, Project, RenewLock};
use aitk_shared::event::{Room, types};
use aitk_shared::lock::{FencingToken, Pace};
use aitk_shared::time::Ttl;
use tokio::sync::{Notify, watch};
use tokio::time::timeout;

use super::clock::Moment;
use crate::client::Client;
use crate::error::Kind;
use crate::live::{Follower, News};
use crate::output::shown;

/// An acquisition of ours.
pub struct Held {
    /// Asks the server.
    pub client: Client,
    /// The locked project.
    pub project: Project,
    /// The acquisition.
    pub token: FencingToken,
    /// How long each renewal asks for; where absent, as long as the server finds right.
    ttl: Option<Ttl>,
    /// How long it lasts from each renewal on, at least.
    length: Duration,
    /// Its end, at the earliest.
    pub until: Moment,
}

/// What is known of a lease.
#[derive(Clone, PartialEq, Debug)]
pub enum Known {
    /// It is ours until then.
    Held(Moment),
    /// It is over; why.
    Lost(String),
}

/// Keeps a lease while somebody waits for what it knows.
pub struct Keeper {
    known: watch::Receiver<Known>,
    renew_now: Arc<Notify>,
    work: Option<Pin<Box<dyn Future<Output = ()>>>>,
}

impl Held {
    /// An acquisition of this run. `asked` is when its request was sent.
    pub fn taken_for(client: &Client, project: &Project, lock: &Lock, asked: Moment, ttl: Ttl) -> Self {
        let (client, project) = (client.clone(), project.clone());
        let until = asked.plus(Duration::from_millis(lock.remaining_ms));
        Held { client, project, token: lock.token, ttl: Some(ttl), length: ttl.as_duration(), until }
    }

    /// The same, for as long as leases usually last.
    pub fn taken(client: &Client, project: &Project, lock: &Lock, asked: Moment) -> Self {
        Held::taken_for(client, project, lock, asked, Ttl::DEFAULT)
    }

    /// An acquisition that was there before, and is not made shorter.
    pub fn found(client: &Client, project: &Project, lock: &Lock, asked: Moment) -> Self {
        let left = Duration::from_millis(lock.remaining_ms);
        let length = left.min(Ttl::DEFAULT.as_duration());
        Held { ttl: None, length, ..Held::taken(client, project, lock, asked) }
    }

    /// How it is kept.
    pub fn pace(&self) -> Pace {
        Pace::of(self.length)
    }
}

impl Keeper {
    /// Prepares to keep a lease.
    pub fn new(held: Held) -> Self {
        let (tell, known) = watch::channel(Known::Held(held.until));
        let renew_now = Arc::new(Notify::new());
        let work: Pin<Box<dyn Future<Output = ()>>> = Box::pin(keep(held, tell, renew_now.clone()));
        Keeper { known, renew_now, work: Some(work) }
    }

    /// What is known now.
    pub fn known(&self) -> Known {
        self.known.borrow().clone()
    }

    /// Keeps the lease until there is other knowledge. May be cut off and called again.
    pub async fn changed(&mut self) {
        while let Some(work) = &mut self.work {
            tokio::select! {
                // An error comes only once the work is done, which is seen below.
                Ok(()) = self.known.changed() => return,
                () = work => self.work = None,
            }
        }
        if self.known.changed().await.is_err() {
            // It was lost, and nothing more will be known.
            std::future::pending::<()>().await;
        }
    }

    /// Renews the lease now, after a time in which nobody could; returns what is known then.
    pub async fn renewed(&mut self) -> Known {
        let Known::Held(until) = self.known() else { return self.known() };
        self.known.mark_unchanged();
        self.renew_now.notify_one();
        let _ = timeout(until.left(), self.changed()).await;
        self.known()
    }
}

async fn keep(mut held: Held, tell: watch::Sender<Known>, renew_now: Arc<Notify>) {
    let pace = held.pace();
    let room = BTreeMap::from([(Room::project(&held.project.id), None)]);
    let mut room = Some(Follower::new(held.client.clone(), room, u32::MAX));
    let mut renewal = Moment::now().plus(pace.renew_every).min(held.until.minus(pace.renew_every * 2));
    loop {
        let moved = async {
            match &mut room {
                Some(room) => moved(room).await,
                None => std::future::pending().await,
            }
        };
        let known = tokio::select! {
            () = renewal.wait() => renew(&mut held, &mut renewal).await,
            () = renew_now.notified() => renew(&mut held, &mut renewal).await,
            follows = moved => match follows {
                true => look(&mut held).await,
                false => {
                    room = None;
                    continue;
                }
            },
        };
        let lost = matches!(known, Known::Lost(_));
        tell.send_replace(known);
        if lost {
            return;
        }
    }
}

/// Returns when the lock may have changed hands; false when the room cannot be followed.
async fn moved(room: &mut Follower) -> bool {
    loop {
        match room.next().await {
            Ok(News::Event(event, _)) if event.kind == types::LOCK_RELEASED => return true,
            Ok(News::Joined { .. }) => return true,
            Ok(News::Event(..) | News::Polling { .. } | News::Broken { .. }) => {}
            Err(_) => return false,
        }
    }
}

async fn renew(held: &mut Held, next: &mut Moment) -> Known {
    let asked = Moment::now();
    let wish =
        RenewLock { ttl_seconds: held.ttl.and_then(|ttl| i64::try_from(ttl.as_duration().as_secs()).ok()) };
    let answer = held.client.renew_lock(held.project.id.as_str(), &wish, Some(held.token)).await;
    let pace = held.pace();
    match answer {
        Ok(lock) => {
            held.until = asked.plus(Duration::from_millis(lock.remaining_ms));
            *next = asked.plus(pace.renew_every);
            Known::Held(held.until)
        }
        Err(error) => match error.kind {
            Kind::Conflict => Known::Lost(taken(error.lock.as_deref())),
            Kind::Credentials | Kind::NotFound => Known::Lost(error.message),
            _ => {
                *next = Moment::now().plus(pace.try_again);
                Known::Held(held.until)
            }
        },
    }
}

async fn look(held: &mut Held) -> Known {
    let asked = Moment::now();
    match held.client.lock_state(held.project.id.as_str()).await {
        Ok(Some(lock)) if lock.token == held.token => {
            held.until = asked.plus(Duration::from_millis(lock.remaining_ms));
        }
        Ok(lock) => return Known::Lost(taken(lock.as_ref())),
        // Renewals go on, and tell.
        Err(_) => {}
    }
    Known::Held(held.until)
}

fn taken(now: Option<&Lock>) -> String {
    match now {
        None => "it was released, and nobody holds it now".into(),
        Some(lock) => {
            let reason =
                lock.reason.as_deref().map(|reason| format!(": {}", shown(reason))).unwrap_or_default();
            format!("{} has it now{reason}", shown(&lock.locked_by))
        }
    }
}
