//! What a mirror is told of the lock while its docs stay as they are.

use aitk_shared::api::{Lock, SyncAnswer};

use super::state::{Owner, SeenLock, State, now};
use super::{Local, Mirror, apply};
use crate::context::Context;
use crate::error::Result;

/// Notes the lock in the way, so that it counts also when the server is out of reach.
/// The caller has the turn.
pub fn blocked<D>(mirror: &Mirror, owner: &Owner, local: &Local, answer: &SyncAnswer<D>) -> Result<()> {
    mirror.remember_lock(owner, answer, now());
    let Some(old) = &local.state else { return Ok(()) };
    let new = State {
        lock: SeenLock::of(answer, now()),
        docs_path: answer.docs_path.clone(),
        on_lock: answer.on_lock,
        ..old.clone()
    };
    match local.marked && old.owner == *owner {
        true => {
            apply::record(&mirror.folder(), &new)?;
            mirror.attest(&new);
            Ok(())
        }
        false => Ok(()),
    }
}

/// Notes that this run took, prolonged or ended the user's own lock, so that the guard knows at once.
///
/// A mirror that cannot be told hears of it at the next check, so failures are dropped.
pub fn own_lock(context: &Context, lock: Option<&Lock>) {
    let _ = try_own_lock(context, lock);
}

fn try_own_lock(context: &Context, lock: Option<&Lock>) -> Result<()> {
    let mirror = Mirror::of(context)?;
    let (folder, owner) = (mirror.folder(), Owner::of(context)?);
    let seen = lock.map(|lock| SeenLock::new(lock, true, now()));
    mirror.remember_own_lock(&owner, seen.clone(), now());
    let ours = || State::read(&folder).filter(|state| state.owner == owner);
    if ours().is_none() {
        return Ok(());
    }
    let _turn = mirror.turn()?;
    let Some(mut state) = ours() else { return Ok(()) };
    // What somebody else holds by now is not ours to forget.
    if seen.is_some() || state.lock.as_ref().is_some_and(|lock| lock.is_yours) {
        state.lock = seen;
        apply::record(&folder, &state)?;
    }
    Ok(())
}
