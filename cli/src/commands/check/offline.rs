//! The server is out of reach: whether the copy may stand in for it.

use aitk_shared::plan::Step;
use aitk_shared::time::humanize;

use super::Checked;
use crate::config::Offline;
use crate::error::{Error, Kind, Result};
use crate::mirror::Mirror;
use crate::mirror::report::names;
use crate::mirror::scan::Depth;
use crate::mirror::state::{Owner, SeenLock, State, now};
use crate::mirror::update::{Report, restore};
use crate::output::shown;

/// The copy, if it is whole or can be made so from the cache, and the settings allow one of its
/// age; `cause` tells why it is needed.
pub fn fall_back(mirror: &Mirror, owner: &Owner, policy: Offline, cause: &Error) -> Result<Checked> {
    let local = mirror.read(Depth::Bytes)?;
    mirror.refuse_other(&local, owner)?;
    let why = cause.message.clone();
    let refuse = |fact: String, hint: &str| {
        let hint = [Some(hint), cause.hint.as_deref()].into_iter().flatten().collect::<Vec<_>>().join("; ");
        Err(Error::new(Kind::Unreachable, format!("{why}; {fact}")).hint(hint))
    };
    let folder = mirror.inside.display();
    let Some(state) = mirror.at_hand(&local, owner) else {
        if local.state.is_none() || !local.marked {
            return refuse(format!("there is no complete copy in {folder} to go on with"), "try again later");
        }
        let drift = local.drift()?;
        let differing = drift.steps.iter().filter(|step| !matches!(step, Step::Reuse(_)));
        let paths: Vec<_> = differing.map(|step| step.path().to_string_lossy()).collect();
        let fact = format!("the copy was changed here: {}", names(paths.iter().map(AsRef::as_ref)));
        return refuse(fact, "`aitk verify` shows what differs, the next check repairs it");
    };
    let age = now().since(state.synced_at);
    let (old, allow) = (humanize(age), "the setting `offline` (AITK_OFFLINE) decides");
    match policy {
        Offline::Deny => return refuse(format!("the copy of {old} ago may not be used"), allow),
        Offline::MaxAge(limit) if age > limit => {
            return refuse(
                format!("the copy is {old} old, more than the allowed {}", humanize(limit)),
                allow,
            );
        }
        Offline::Allow | Offline::MaxAge(_) => {}
    }
    let lock = mirror.last_lock(&local, owner);
    if let Some(lock) = lock.filter(|lock| lock.is_live(now()) && !lock.is_yours) {
        return Err(still_locked(&state, &lock, &why));
    }
    let report = match local.verified() {
        Some(_) => Report::unchanged(state, None),
        None => match restore(mirror, &state)? {
            Some(report) => report,
            None => return refuse("the cache changed meanwhile".to_owned(), "run `aitk check` again"),
        },
    };
    Ok(Checked { report, stale: Some((age, why)) })
}

/// The platform cannot be asked, but it told of a lock that may still run.
fn still_locked(state: &State, lock: &SeenLock, why: &str) -> Error {
    let left = humanize(lock.until.since(now()));
    let who = shown(&lock.locked_by);
    let reason = lock.reason.as_deref().map(|reason| format!(": {}", shown(reason))).unwrap_or_default();
    let fact =
        format!("{why}; when it last answered, the docs were locked by {who}, for another {left}{reason}");
    let hint = format!("run `aitk check` again then; the docs here stay at revision {}", state.revision);
    Error::new(Kind::Blocked, fact).hint(hint)
}
