//! `aitk docs pull`: brings what is new in the project's git repository to the platform.
//!
//! What only the repository changed is taken, what only the platform changed stays, and texts that
//! both changed are merged; where that cannot be, the doc stays as it is and counts as in conflict.
//! A repository whose docs folder is gone is no reason to delete all docs: that takes `--yes`.

use aitk_shared::api::PullRequest;

use super::without_repository;
use crate::app::Context;
use crate::error::Result;
use crate::lease;
use crate::repository::{short, tell_pull};

/// Bring what is new in the git repository to the platform
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Delete all docs where the repository has none any more
    #[arg(long, short)]
    yes: bool,
}

/// Pulls, and tells what came.
pub async fn run(args: Args, context: &Context) -> Result<()> {
    let project = context.project()?;
    let token = lease::token(context, project)?;
    let wish = PullRequest { accept_empty: args.yes };
    let done = context.client()?.with_git().pull_docs(project, &wish, token).await;
    let done = done.map_err(without_repository)?;
    tell_pull(&done, &context.out);
    let commit = done.commit.as_deref().map_or_else(|| "a repository without commits".into(), short);
    let (added, changed, removed) = (done.added.len(), done.changed.len(), done.removed.len());
    context.out.note(&match added + changed + removed {
        0 => format!("nothing new in {commit}; the docs are at revision {}", done.revision),
        _ => format!(
            "pulled {commit} as revision {}: {added} added, {changed} changed, {removed} deleted",
            done.revision
        ),
    });
    context.out.json(&done);
    Ok(())
}
