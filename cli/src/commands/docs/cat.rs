//! `aitk docs cat PATH`: a doc's bytes as they are, on standard output.

use aitk_shared::event::Offset;

use super::{checked_bytes, doc_path};
use crate::app::Context;
use crate::error::Result;

/// Print a doc
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The doc, such as guides/release.md
    path: String,
    /// Print it as it was saved at revision N
    #[arg(long, value_name = "N")]
    revision: Option<Offset>,
}

/// Prints the doc, once its bytes are known to be the right ones.
pub async fn run(args: Args, context: &Context) -> Result<()> {
    let path = doc_path(&args.path)?;
    let project = context.project()?;
    let doc = context.client()?.doc(project, &path, args.revision).await?;
    let bytes = checked_bytes(&doc)?;
    match context.out.is_json() {
        true => context.out.json(&doc),
        false => context.out.bytes(&bytes),
    }
    Ok(())
}
