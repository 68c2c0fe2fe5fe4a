//! `aitk status`: who holds the lock, and how the copy in `.docs/` stands to the platform.
//!
//! It reads only, and exits with 0 also while the docs are locked. With the server out of reach it
//! says what it knew last, and that the lock is unknown. `--exit-code` makes the one 2, the other 5.
//! `--team` shows a lead who reads which revision instead.

mod team;

use aitk_shared::api::{Lock, Project};
use aitk_shared::time::humanize;
use serde_json::{Value, json};

use crate::app::Context;
use crate::error::{Error, Kind, Result};
use crate::lease;
use crate::mirror::report::counted;
use crate::mirror::scan::Depth;
use crate::mirror::state::{Owner, SeenLock, State, now};
use crate::mirror::{Local, Mirror};
use crate::output::shown;
use crate::repository;

/// Show the lock and the state of the copy
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Exit with 2 while somebody else holds the lock, with 5 where that cannot be known
    #[arg(long)]
    exit_code: bool,
    /// Show who is on which revision, and whom the lock blocks; takes a lead's key
    #[arg(long, conflicts_with = "exit_code")]
    team: bool,
}

/// What the platform says, or why it says nothing.
type Platform = std::result::Result<(Project, Option<Lock>), Error>;

/// Asks the platform, looks at the copy, tells both.
pub async fn run(args: Args, context: &Context) -> Result<()> {
    if args.team {
        return team::run(context).await;
    }
    let (mirror, owner) = (Mirror::of(context)?, Owner::of(context)?);
    let local = mirror.read(Depth::Stamps)?;
    mirror.refuse_other(&local, &owner)?;
    let platform = match ask(context, &owner).await {
        Err(error) if error.kind != Kind::Unreachable => return Err(error),
        platform => platform,
    };
    let seen = local.state.as_ref().and_then(|state| state.lock.clone()).filter(|lock| lock.is_live(now()));
    let lock = match &platform {
        Ok((_, lock)) => lock.as_ref().map(|lock| SeenLock::new(lock, false, now())),
        Err(_) => seen.clone(),
    };
    let remembered = lease::token(context, &owner.project)?;
    let yours = lock.as_ref().is_some_and(|lock| {
        remembered == Some(lock.token) || seen.as_ref().is_some_and(|s| s.is_yours && s.token == lock.token)
    });

    let folder = mirror.inside.display().to_string();
    context.out.data(&format!("project   {} at {}", shown(&owner.project), owner.origin));
    context.out.data(&format!("lock      {}", lock_line(&platform, lock.as_ref(), yours)));
    context.out.data(&format!("copy      {folder}: {}", copy_line(&local, &platform)));
    let repo = platform.as_ref().ok().and_then(|(project, _)| project.repo.as_ref());
    if let Some(repo) = repo {
        context.out.data(&format!("repo      {}", repository::line(repo)));
    }
    context.out.json(&json!({
        "project": owner.project,
        "url": owner.origin,
        "reachable": platform.is_ok(),
        "locked": lock.is_some(),
        "lock": platform.as_ref().ok().and_then(|(_, lock)| lock.clone()),
        "lastSeenLock": seen,
        "lockIsYours": yours,
        "revision": platform.as_ref().ok().map(|(project, _)| project.revision),
        "repo": repo,
        "mirror": mirror_json(&folder, &local),
    }));
    let blocked = lock.is_some() && !yours;
    if let Err(error) = &platform {
        context.out.warn(&format!("lock UNKNOWN: {}", error.message));
    }
    match args.exit_code {
        true if blocked => Err(Error::told(Kind::Blocked)),
        true if platform.is_err() => Err(Error::told(Kind::Unreachable)),
        _ => Ok(()),
    }
}

async fn ask(context: &Context, owner: &Owner) -> Platform {
    let client = context.client()?;
    let project = client.project(&owner.project).await?;
    let lock = client.lock_state(&owner.project).await?;
    Ok((project, lock))
}

fn lock_line(platform: &Platform, lock: Option<&SeenLock>, yours: bool) -> String {
    let Some(lock) = lock else {
        return if platform.is_ok() { "free".into() } else { "UNKNOWN".into() };
    };
    let who = if yours { "you".to_owned() } else { shown(&lock.locked_by) };
    let left = humanize(lock.until.since(now()));
    let reason = lock.reason.as_deref().map(|reason| format!(": {}", shown(reason))).unwrap_or_default();
    let unsure = if platform.is_ok() { "" } else { "UNKNOWN; last seen " };
    format!("{unsure}locked by {who} since {}, for another {left}{reason}", lock.locked_at)
}

fn copy_line(local: &Local, platform: &Platform) -> String {
    let Some(state) = &local.state else { return "none yet (`aitk sync` makes it)".into() };
    let count = counted(state.docs.len(), "doc");
    let age = humanize(now().since(state.synced_at));
    let condition = match (local.verified(), platform) {
        (None, _) => "changed here (`aitk verify` names the files)".to_owned(),
        (_, Err(_)) => "complete".to_owned(),
        (_, Ok((project, _))) if project.revision == state.revision => "current".to_owned(),
        (_, Ok((project, _))) => format!("the platform is at revision {} (`aitk sync`)", project.revision),
    };
    format!("{count} at revision {}, synced {age} ago, {condition}", state.revision)
}

fn mirror_json(folder: &str, local: &Local) -> Value {
    let state = |get: fn(&State) -> Value| local.state.as_ref().map(get);
    json!({
        "path": folder,
        "complete": local.marked,
        "verified": local.verified().is_some(),
        "revision": state(|s| json!(s.revision)),
        "epoch": state(|s| json!(s.epoch)),
        "hash": state(|s| json!(s.hash)),
        "docs": state(|s| json!(s.docs.len())),
        "syncedAt": state(|s| json!(s.synced_at)),
        "ageMs": local.state.as_ref().map(|s| u64::try_from(now().since(s.synced_at).as_millis()).unwrap_or(u64::MAX)),
    })
}
