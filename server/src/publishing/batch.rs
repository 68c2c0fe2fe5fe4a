//! One change for all publications of a batch: first what each comes to, then the offsets of each
//! room, then the events.

use std::collections::{BTreeMap, HashMap};

use aitk_shared::api::PublishedInto;
use aitk_shared::event::{Offset, Room, RoomKind};
use aitk_shared::hash::ContentHash;
use aitk_shared::id::EventId;
use anyhow::anyhow;
use sqlx::AnyConnection;

use super::{Outcome, Publication, Waiting};
use crate::crypto;
use crate::error::{Error, Result};
use crate::store::publications::{self, Once};
use crate::store::{Write, projects};

/// What is to be done with one publication of a batch.
enum Plan {
    Publish,
    /// The same as that one of this batch.
    Repeat(usize),
    Settled(Result<Outcome>),
}

/// Publishes a batch in one change; returns when it is made, with a verdict for each.
pub async fn together(mut write: Write, batch: &[Waiting]) -> Result<Vec<Result<Outcome>>> {
    let mut plans = Vec::with_capacity(batch.len());
    let mut first_of = HashMap::new();
    let mut known = HashMap::new();
    for (index, Waiting { publication, .. }) in batch.iter().enumerate() {
        let plan = plan(&mut write, publication, &first_of, &mut known).await?;
        if let (Plan::Publish, Some(once)) = (&plan, publication.once) {
            first_of.insert(once.id, (index, once));
        }
        plans.push(plan);
    }
    let accepted = || batch.iter().zip(&plans).filter(|(_, plan)| matches!(plan, Plan::Publish));
    let mut counts: BTreeMap<&Room, u64> = BTreeMap::new();
    for (Waiting { publication, .. }, _) in accepted() {
        let kept = publication.events.iter().filter(|draft| !draft.ephemeral).count() as u64;
        publication.rooms.iter().for_each(|room| *counts.entry(room).or_default() += kept);
    }
    let mut next: HashMap<&Room, Offset> = HashMap::new();
    for (room, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
        next.insert(room, write.reserve(room, count).await?);
    }
    let mut outcomes: Vec<Option<Result<Outcome>>> = Vec::with_capacity(batch.len());
    let any = accepted().next().is_some();
    for (Waiting { publication, .. }, plan) in batch.iter().zip(plans) {
        outcomes.push(match plan {
            Plan::Publish => {
                let answer = publish(&mut write, publication, &mut next).await?;
                Some(Ok(Outcome { answer, replayed: false }))
            }
            Plan::Repeat(first) => match outcomes.get(first) {
                Some(Some(Ok(outcome))) => Some(Ok(Outcome { replayed: true, ..outcome.clone() })),
                _ => None,
            },
            Plan::Settled(outcome) => Some(outcome),
        });
    }
    if any {
        write.commit().await?;
    }
    let lost = || Err(Error::Internal(anyhow!("a publication without a verdict")));
    Ok(outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(lost)).collect())
}

async fn plan<'a>(
    write: &mut Write,
    publication: &'a Publication,
    first_of: &HashMap<ContentHash, (usize, Once)>,
    known: &mut HashMap<&'a Room, bool>,
) -> Result<Plan> {
    if let Some(once) = &publication.once {
        let other = || {
            Error::Invalid(
                "Idempotency-Key: this key was used for something else; give each publication its own".into(),
            )
        };
        if let Some((index, first)) = first_of.get(&once.id) {
            return Ok(match first.fingerprint == once.fingerprint {
                true => Plan::Repeat(*index),
                false => Plan::Settled(Err(other())),
            });
        }
        let now = write.now();
        if let Some(earlier) = publications::find(write.connection(), &once.id, now).await? {
            return Ok(Plan::Settled(match earlier.fingerprint == once.fingerprint {
                true => Ok(Outcome { answer: earlier.answer, replayed: true }),
                false => Err(other()),
            }));
        }
    }
    let mut missing = Vec::new();
    for room in &publication.rooms {
        let exists = match known.get(room) {
            Some(exists) => *exists,
            None => {
                let exists = room_exists(write.connection(), room).await?;
                known.insert(room, exists);
                exists
            }
        };
        if !exists {
            missing.push((room.clone(), Error::NotFound(format!("no room '{room}'"))));
        }
    }
    Ok(match missing.is_empty() {
        true => Plan::Publish,
        false => Plan::Settled(Err(Error::Rooms(missing))),
    })
}

/// A project's room lives as long as the project; all others are there for whoever may use them.
async fn room_exists(db: &mut AnyConnection, room: &Room) -> Result<bool> {
    if room.kind() != RoomKind::Project {
        return Ok(true);
    }
    let found = projects::find(db, room.id()).await?;
    Ok(found.is_some_and(|project| project.public.id.as_str() == room.id()))
}

async fn publish(
    write: &mut Write,
    publication: &Publication,
    next: &mut HashMap<&Room, Offset>,
) -> Result<PublishedInto> {
    let mut offsets: BTreeMap<Room, Option<Offset>> =
        publication.rooms.iter().map(|room| (room.clone(), None)).collect();
    let (mut id, mut epoch) = (None, None);
    for draft in &publication.events {
        let copies_id = EventId::from_random(crypto::random());
        for room in &publication.rooms {
            let actor = Some(&publication.actor);
            let mut event = write.event(copies_id.clone(), room, &draft.kind, actor, draft.data.clone());
            event.correlation_id = draft.correlation_id.clone();
            if let (false, Some(offset)) = (draft.ephemeral, next.get_mut(room)) {
                event.offset = Some(*offset);
                offsets.insert(room.clone(), Some(*offset));
                *offset += 1;
            }
            epoch.get_or_insert_with(|| event.epoch.clone());
            write.publish(event, draft.exclude.clone()).await?;
        }
        id = Some(copies_id);
    }
    let (Some(id), Some(epoch)) = (id, epoch) else {
        return Err(Error::Internal(anyhow!("a publication without an event or a room")));
    };
    let answer = PublishedInto { id, epoch, offsets };
    if let Some(once) = &publication.once {
        publications::remember(write, once, &answer).await?;
    }
    Ok(answer)
}
