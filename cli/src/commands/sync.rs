//! `aitk sync`: brings `.docs/` to the platform's revision, however long it takes.
//!
//! Like `aitk check`, but it never falls back on the old copy: with the server out of reach it
//! fails. While somebody else holds the lock it is blocked, too; `--while-locked` takes the docs
//! as they were saved last. `--force` fetches everything anew, and replaces the copy of another
//! project. Your own files in the mirror are moved away and named, never deleted.

use crate::app::Context;
use crate::error::{Error, Result};
use crate::mirror::Mirror;
use crate::mirror::state::Owner;
use crate::mirror::update::{Outcome, Report, Wish, update};

/// Bring the docs to the platform's revision
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Fetch everything anew, also over another project's copy
    #[arg(long)]
    force: bool,
    /// Sync though somebody else holds the lock
    #[arg(long)]
    while_locked: bool,
}

impl Args {
    /// Everything anew, as a repair needs it.
    pub fn forced() -> Self {
        Args { force: true, while_locked: false }
    }
}

/// Syncs and says what changed.
pub async fn run(args: Args, context: &Context) -> Result<()> {
    let report = sync(context, Wish { force: args.force, while_locked: args.while_locked }).await?;
    tell(&report, context);
    Ok(())
}

/// Says what was done.
pub fn tell(report: &Report, context: &Context) {
    [report.older_line(), report.kept_line()].iter().flatten().for_each(|text| context.out.warn(text));
    context.out.data(&report.summary());
    context.out.json(&report.to_json());
}

/// Brings the run's mirror up to date.
pub async fn sync(context: &Context, wish: Wish) -> Result<Report> {
    let (mirror, owner) = (Mirror::of(context)?, Owner::of(context)?);
    let client = context.client()?;
    let ask = async |request, contents: &_| client.sync(&owner.project, &request, contents).await;
    match update(&mirror, &owner, wish, ask).await? {
        Outcome::Current(report) => Ok(*report),
        Outcome::Blocked(lock) => {
            let error = Error::locked(*lock);
            let hint = error.hint.clone().unwrap_or_default();
            Err(error.hint(format!("{hint}; --while-locked takes the docs as they were saved last")))
        }
    }
}
