//! `aitk docs publish`: commits what was saved so far and pushes it to the project's git repository.
//!
//! That happens by itself when a lock ends, and shortly after a save without one; `publish` does it
//! now and says how it went. What is new in the repository is pulled before. With docs in conflict,
//! the others are published all the same, and the exit code is 7.

use super::without_repository;
use crate::app::Context;
use crate::error::{Error, Kind, Result};
use crate::lease;
use crate::mirror::report::counted;
use crate::output::shown;
use crate::repository::{short, tell_pull};

/// Commit what was saved and push it to the git repository
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Publishes, and tells what went.
pub async fn run(_: Args, context: &Context) -> Result<()> {
    let project = context.project()?;
    let token = lease::token(context, project)?;
    let done = context.client()?.with_git().publish_docs(project, token).await;
    let done = done.map_err(without_repository)?;
    tell_pull(&done.pull, &context.out);
    for path in &done.published {
        context.out.note(&format!("published {}", shown(path.as_str())));
    }
    let commits: Vec<_> = done.commits.iter().map(|commit| short(commit)).collect();
    context.out.note(&match commits.len() {
        0 => "nothing to publish".to_owned(),
        _ => format!("pushed {} in {}", counted(done.published.len(), "doc"), commits.join(", ")),
    });
    context.out.json(&done);
    match done.pull.conflicts.is_empty() {
        true => Ok(()),
        false => Err(Error::told(Kind::Conflict)),
    }
}
