//! From a question to a current mirror: the one way in which `check`, `sync` and whoever
//! follows the platform bring docs here.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use aitk_shared::api::{Lock, SyncAnswer, SyncRequest};
use aitk_shared::event::Offset;
use aitk_shared::limits;
use aitk_shared::manifest::Delta;
use aitk_shared::path::DocPath;

use super::answer;
use super::apply::Target;
use super::contents::{Arrived, Contents};
use super::git::Hiding;
use super::scan::Depth;
use super::state::{Owner, SeenLock, State, now};
use super::{Local, Mirror, apply, failed, note};
use crate::error::{Error, Kind, Result};

/// A state that says nothing new is written again only when its time is older than this.
const RECORD_EVERY: Duration = Duration::from_secs(10);
/// The mirror may change under a question this often before it counts as a fault.
const TRIES: usize = 3;

/// What is asked for beyond being current.
#[derive(Clone, Copy, Default, Debug)]
pub struct Wish {
    /// Trust nothing on disk, replace another project's copy.
    pub force: bool,
    /// Sync though somebody else holds the lock.
    pub while_locked: bool,
}

/// How it went.
#[derive(Debug)]
pub enum Outcome {
    /// Somebody else holds the lock; the mirror is as it was.
    Blocked(Box<Lock>),
    /// The mirror is current.
    Current(Box<Report>),
}

/// What was done to the mirror.
#[derive(Debug)]
pub struct Report {
    /// Its state now.
    pub state: State,
    /// What the platform changed since the last sync.
    pub delta: Delta,
    /// Docs that had been changed here.
    pub repaired: Vec<DocPath>,
    /// What was kept of files that are not the platform's.
    pub kept: Vec<PathBuf>,
    /// Where.
    pub kept_in: Option<PathBuf>,
    /// The lock, if there is one.
    pub lock: Option<Lock>,
    /// An older revision that the server answered with; it was not applied.
    pub older: Option<Offset>,
}

/// Brings `mirror` to what `ask` gets from the platform, as the docs of `owner`.
///
/// `ask` takes the docs of the answer in, one by one, by the contents that it is given.
pub async fn update(
    mirror: &Mirror,
    owner: &Owner,
    wish: Wish,
    ask: impl AsyncFn(SyncRequest, &Arc<Contents>) -> Result<SyncAnswer<Arrived>>,
) -> Result<Outcome> {
    mirror.recover()?;
    let depth = if wish.force { Depth::Bytes } else { Depth::Stamps };
    let mut local = mirror.read(depth)?;
    let contents = Arc::new(mirror.contents());
    let mut hiding = mirror.hide_from_git(&local);
    let outcome = 'done: {
        for _ in 0..TRIES {
            if !wish.force {
                mirror.refuse_other(&local, owner)?;
            }
            let known = if wish.force { None } else { mirror.at_hand(&local, owner) };
            let have = known.as_ref().map(|state| state.hash);
            let answer = ask(SyncRequest { have, ..SyncRequest::default() }, &contents).await?;

            let turn = mirror.turn()?;
            apply::forget_unfinished(&mirror.folder()).map_err(failed("clear up", &mirror.folder()))?;
            let asked = local.state.clone();
            if State::bytes(&mirror.folder()) != local.bytes {
                // Another run was faster: what it did counts, and this answer only if it is newer.
                local = mirror.read(depth)?;
            }
            let lock = answer.lock.clone().filter(|lock| lock.remaining_ms > 0);
            if let Some(lock) = lock.filter(|_| !answer.lock_is_yours && !wish.while_locked) {
                note::blocked(mirror, owner, &local, &answer)?;
                break 'done Outcome::Blocked(Box::new(lock));
            }
            let base = known.map(|state| state.manifest()).unwrap_or_default();
            let manifest = answer::check(&answer, have, &base)?;
            if let Some(newer) = newer(&local, owner, &answer, wish) {
                if local.verified().is_none() {
                    return Err(too_old(&answer, newer));
                }
                let told = asked.as_ref() == Some(newer);
                break 'done Outcome::Current(Box::new(Report {
                    older: told.then_some(answer.revision),
                    ..Report::unchanged(newer.clone(), answer.lock)
                }));
            }
            let state = State::new(owner.clone(), &answer, &manifest, now());
            let target = Target { manifest: &manifest, contents: &contents };
            hiding.take().map_or(Ok(()), Hiding::end)?;
            if let Some(report) = bring(mirror, &local, state, target)? {
                mirror.remember(&report.state);
                break 'done Outcome::Current(Box::new(Report { lock: answer.lock, ..report }));
            }
            contents.distrust_cache();
            drop(turn);
            local = mirror.read(depth)?;
        }
        let fact = format!("{} keeps changing while it is being brought up to date", mirror.inside.display());
        return Err(
            Error::new(Kind::Failed, fact).hint("end whatever writes there, and run the command again")
        );
    };
    mirror.cache.settle(limits::CACHE_BYTES);
    Ok(outcome)
}

/// Makes `mirror` what it was when `state` was current, from what is at hand here; `None` where that
/// is less than it seemed.
pub fn restore(mirror: &Mirror, state: &State) -> Result<Option<Report>> {
    let _turn = mirror.turn()?;
    let local = mirror.read(Depth::Bytes)?;
    mirror.refuse_other(&local, &state.owner)?;
    if let Some(now) = local.verified().filter(|now| now.hash != state.hash && local.scan.loose.is_empty()) {
        // Another run was faster, and brought something newer.
        return Ok(Some(Report::unchanged(now.clone(), None)));
    }
    let (manifest, contents) = (state.manifest(), mirror.contents());
    mirror.hide_from_git(&local).map_or(Ok(()), Hiding::end)?;
    bring(mirror, &local, state.clone(), Target { manifest: &manifest, contents: &contents })
}

/// The state on disk, if it is newer than the answer: older revisions never replace it, unless a
/// damaged copy is to be replaced at any price. Revisions of different projects do not compare.
fn newer<'a, D>(local: &'a Local, owner: &Owner, answer: &SyncAnswer<D>, wish: Wish) -> Option<&'a State> {
    let state = local.state.as_ref().filter(|_| !wish.force || local.verified().is_some())?;
    let comparable = state.owner == *owner && state.epoch == answer.epoch;
    (comparable && state.revision > answer.revision).then_some(state)
}

fn too_old<D>(answer: &SyncAnswer<D>, state: &State) -> Error {
    let (old, new) = (answer.revision, state.revision);
    Error::new(Kind::Failed, format!("the server answered with revision {old}, older than the local {new}"))
        .hint("the local copy is damaged; repair it with `aitk sync --force`, or wait for the server")
}

/// Makes the mirror what `state` and `target` say. `None` where bytes are needed that are not at
/// hand: then ask for everything. The caller has the turn.
fn bring(mirror: &Mirror, local: &Local, mut state: State, target: Target<'_>) -> Result<Option<Report>> {
    let plan = local.plan(target.manifest)?;
    if target.lacking(&plan).is_some() {
        return Ok(None);
    }
    let mut report = Report {
        delta: plan.delta.clone(),
        repaired: plan.repaired.clone(),
        ..Report::unchanged(state.clone(), None)
    };
    if plan.is_done() && local.marked {
        apply::touch_up(&mirror.folder(), &local.scan, &mut state)?;
        if !says_the_same(local, &state) {
            apply::record(&mirror.folder(), &state)?;
        }
        mirror.attest(&state);
    } else {
        match apply::apply(mirror, local, &plan, target, state) {
            Err(error) if error.source.as_ref().is_some_and(|cause| cause.is::<apply::Lost>()) => {
                return Ok(None);
            }
            kept => {
                let kept = kept?;
                report.kept = kept.paths().to_vec();
                report.kept_in = kept.folder().map(ToOwned::to_owned);
            }
        }
    }
    Ok(Some(report))
}

/// Whether the state on disk would tell a reader what `new` does, but for a few seconds.
fn says_the_same(local: &Local, new: &State) -> bool {
    let Some(old) = &local.state else { return false };
    let recent = new.synced_at.since(old.synced_at) < RECORD_EVERY && new.synced_at >= old.synced_at;
    let same_lock = SeenLock::is_the_same(old.lock.as_ref(), new.lock.as_ref());
    let comparable = State { synced_at: old.synced_at, lock: old.lock.clone(), ..new.clone() };
    recent && same_lock && comparable == *old
}

impl Report {
    /// A report of a mirror that stays as it is.
    pub fn unchanged(state: State, lock: Option<Lock>) -> Self {
        Report {
            state,
            delta: Delta::default(),
            repaired: Vec::new(),
            kept: Vec::new(),
            kept_in: None,
            lock,
            older: None,
        }
    }

    /// Whether the run changed no file.
    pub fn is_unchanged(&self) -> bool {
        self.delta.is_empty() && self.repaired.is_empty() && self.kept.is_empty()
    }
}
