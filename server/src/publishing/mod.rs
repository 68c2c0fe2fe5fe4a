//! Commits what backends publish: all that waits goes into one change together, and each is
//! answered when that change is made.
//!
//! One task takes it from a queue that is bounded in bytes. What is refused is found before
//! anything of it is written, so that it spoils nothing for the others; should the change fail
//! all the same, each publication is tried alone.

mod batch;

use std::sync::Arc;

use aitk_shared::api::PublishedInto;
use aitk_shared::event::{Actor, Room};
use aitk_shared::limits;
use anyhow::anyhow;
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::error::{Error, Result};
use crate::state::App;
use crate::store::Write;
use crate::store::publications::Once;
use batch::together;

/// Events for one room or several, all or nothing. The edge has checked them and who asks.
pub struct Publication {
    /// Who publishes.
    pub actor: Actor,
    /// Where to; at least one, each once.
    pub rooms: Vec<Room>,
    /// What; at least one.
    pub events: Vec<Draft>,
    /// The idempotency key, if any.
    pub once: Option<Once>,
}

/// An event that is not committed yet.
pub struct Draft {
    /// Its type.
    pub kind: String,
    /// Its data.
    pub data: Value,
    /// Whether it goes only to who listens.
    pub ephemeral: bool,
    /// The subject that does not get it.
    pub exclude: Option<String>,
    /// Passed through.
    pub correlation_id: Option<String>,
}

/// What became of a publication.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The answer.
    pub answer: PublishedInto,
    /// Whether it was given before, and nothing was published now.
    pub replayed: bool,
}

/// Where publications wait.
pub struct Publishing {
    queue: UnboundedSender<Waiting>,
    room: Arc<Semaphore>,
}

/// A publication in the queue.
pub struct Waiting {
    publication: Publication,
    answer: oneshot::Sender<Result<Outcome>>,
    _room: OwnedSemaphorePermit,
}

/// The queue, and what [`commit_all`] takes from it.
pub fn queue() -> (Publishing, UnboundedReceiver<Waiting>) {
    let (queue, waiting) = unbounded_channel();
    let room = Arc::new(Semaphore::new(limits::PUBLISH_QUEUE_BYTES));
    (Publishing { queue, room }, waiting)
}

impl Publishing {
    /// Publishes; returns when it is committed. It is also when the asker goes away meanwhile.
    ///
    /// `bytes` is what the publication takes in memory, roughly.
    pub async fn publish(&self, publication: Publication, bytes: usize) -> Result<Outcome> {
        // Nobody waits for free, and what is larger than the queue still gets in alone.
        let bytes = u32::try_from(bytes.clamp(1024, limits::PUBLISH_QUEUE_BYTES)).unwrap_or(u32::MAX);
        let room = self.room.clone().try_acquire_many_owned(bytes);
        let room = room.map_err(|_| Error::Busy("more is published than this server can take; try again"))?;
        let (answer, outcome) = oneshot::channel();
        let stopped = || Error::Unavailable(anyhow!("nobody publishes any more"));
        self.queue.send(Waiting { publication, answer, _room: room }).map_err(|_| stopped())?;
        outcome.await.map_err(|_| stopped())?
    }
}

/// Runs as long as the server.
pub async fn commit_all(app: App, mut queue: UnboundedReceiver<Waiting>) {
    while let Some(first) = queue.recv().await {
        let turn = app.store.write().await;
        let mut batch = vec![first];
        // What came while another change had its turn.
        while batch.len() < limits::PUBLISH_TOGETHER
            && let Ok(next) = queue.try_recv()
        {
            batch.push(next);
        }
        match turn {
            // A task of its own, so that a bug in the midst of it ends that batch alone.
            Ok(write) => {
                if let Err(bug) = tokio::spawn(commit(app.clone(), write, batch)).await {
                    tracing::error!("publishing failed: {bug}");
                }
            }
            Err(error) => refuse_all(batch, &error),
        }
    }
}

async fn commit(app: App, write: Write, batch: Vec<Waiting>) {
    let error = match together(write, &batch).await {
        Ok(verdicts) => {
            for (waiting, verdict) in batch.into_iter().zip(verdicts) {
                // Nobody waits any more where the asker went away.
                let _ = waiting.answer.send(verdict);
            }
            return;
        }
        Err(error) => error,
    };
    if batch.len() == 1 {
        return refuse_all(batch, &error);
    }
    tracing::warn!(?error, "publications failed together; trying each alone");
    for waiting in batch {
        let alone = [waiting];
        let verdicts = match app.store.write().await {
            Ok(write) => together(write, &alone).await,
            Err(error) => Err(error),
        };
        let [waiting] = alone;
        let verdict = verdicts
            .and_then(|mut verdicts| verdicts.pop().unwrap_or(Err(Error::Internal(anyhow!("no verdict")))));
        let _ = waiting.answer.send(verdict);
    }
}

fn refuse_all(batch: Vec<Waiting>, error: &Error) {
    for waiting in batch {
        let refusal = match error {
            Error::Unavailable(cause) => Error::Unavailable(anyhow!("{cause:#}")),
            error => Error::Internal(anyhow!("cannot publish: {error:?}")),
        };
        let _ = waiting.answer.send(Err(refusal));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aitk_shared::hash::ContentHash;

    use crate::store::publications;
    use crate::{Clock, Config, EventBounds, Server, retention};

    fn publication(room: &str) -> Publication {
        let draft = Draft {
            kind: "a.b".into(),
            data: Value::Null,
            ephemeral: false,
            exclude: None,
            correlation_id: None,
        };
        Publication {
            actor: Actor { id: "key_1".into(), name: "Ann".into() },
            rooms: vec![Room::parse(room).unwrap()],
            events: vec![draft],
            once: None,
        }
    }

    #[tokio::test]
    async fn more_than_the_queue_takes_is_refused_at_once() {
        let (publishing, waiting) = queue();
        let large = publishing.publish(publication("issue:1"), limits::PUBLISH_QUEUE_BYTES - 1024);
        let small = publishing.publish(publication("issue:1"), 1);
        let over = async {
            let refused = publishing.publish(publication("issue:1"), 1).await.unwrap_err();
            drop(waiting);
            refused
        };
        let (large, small, over) = tokio::join!(large, small, over);
        assert!(matches!(over, Error::Busy(_)), "{over:?}");
        // Those in the queue are told when nobody takes them any more, and there is room again.
        assert!(matches!((large, small), (Err(Error::Unavailable(_)), Err(Error::Unavailable(_)))));
        assert_eq!(publishing.room.available_permits(), limits::PUBLISH_QUEUE_BYTES);
    }

    #[tokio::test]
    async fn one_that_cannot_be_written_spoils_nothing_for_the_others() {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(Config::in_folder(folder.path()), Clock::default()).await.unwrap();
        let app = server.app.clone();
        // A damaged room: there is an event where its next one belongs.
        let mut write = app.store.write().await.unwrap();
        let damaged = Room::parse("issue:damaged").unwrap();
        write.log(&damaged, 1, "a.b", None, Value::Null).await.unwrap();
        write.commit().await.unwrap();
        // While another change has its turn, all of them wait and are taken together.
        let turn = app.store.write().await.unwrap();
        let publish = |room| app.publishing.publish(publication(room), 1);
        let (one, bad, two, three, ()) = tokio::join!(
            publish("issue:1"),
            publish("issue:damaged"),
            publish("issue:2"),
            publish("issue:1"),
            async { drop(turn) }
        );
        assert!(matches!(bad, Err(Error::Internal(_))), "{bad:?}");
        let offset = |outcome: Result<Outcome>| outcome.unwrap().answer.offsets.into_values().next();
        assert_eq!([one, two, three].map(offset), [Some(Some(1)), Some(Some(1)), Some(Some(2))]);
        server.stop().await.unwrap();
    }

    #[tokio::test]
    async fn an_answer_is_kept_for_its_time_and_no_longer() {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(Config::in_folder(folder.path()), Clock::default()).await.unwrap();
        let app = server.app.clone();
        let hash = ContentHash::of(b"x");
        let once = Some(Once { id: hash, fingerprint: hash });
        let first = app.publishing.publish(Publication { once, ..publication("issue:1") }, 1).await.unwrap();
        let again = app.publishing.publish(Publication { once, ..publication("issue:1") }, 1).await.unwrap();
        assert_eq!((again.replayed, again.answer), (true, first.answer));
        let later = app.clock.now().plus(limits::IDEMPOTENCY_TIME);
        let any_old =
            async || publications::any_old(&mut app.store.read().await.unwrap(), later).await.unwrap();
        assert!(any_old().await);
        app.clock.advance(limits::IDEMPOTENCY_TIME);
        retention::events::trim_once(&app, EventBounds { events: None, time: None }).await.unwrap();
        assert!(!any_old().await);
        let anew = app.publishing.publish(Publication { once, ..publication("issue:1") }, 1).await.unwrap();
        assert!(!anew.replayed);
        server.stop().await.unwrap();
    }
}
