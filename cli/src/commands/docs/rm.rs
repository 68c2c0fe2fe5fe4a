//! `aitk docs rm PATH…`: deletes docs, all of them as one revision, or none.

use aitk_shared::api::{Batch, BatchDelete};

use super::doc_path;
use crate::app::Context;
use crate::error::Result;
use crate::lease;

/// Delete docs; their history stays
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The docs, such as guides/release.md
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<String>,
    /// Say why, for the history
    #[arg(long, short, value_name = "TEXT")]
    message: Option<String>,
}

/// Deletes them.
pub async fn run(args: Args, context: &Context) -> Result<()> {
    let project = context.project()?;
    let deletes =
        args.paths.iter().map(|text| Ok(BatchDelete { path: doc_path(text)?.into(), if_match: None }));
    let batch = Batch { message: args.message, puts: Vec::new(), deletes: deletes.collect::<Result<_>>()? };
    let token = lease::token(context, project)?;
    let done = context.client()?.batch(project, &batch, None, token).await?;
    for path in &done.removed {
        context.out.note(&format!("deleted {path}"));
    }
    context.out.json(&done);
    Ok(())
}
