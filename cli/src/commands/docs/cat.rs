//! `aitk docs cat PATH`: a doc's bytes as they are, on standard output.

use aitk_shared::event::Offset;
use aitk_shared::hash::ContentHash;

use super::doc_path;
use crate::app::Context;
use crate::error::{Error, Kind, Result};

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
    let bytes = doc.content.clone().into_bytes().map_err(anyhow::Error::from)?;
    if ContentHash::of(&bytes) != doc.info.hash {
        return Err(Error::new(
            Kind::Failed,
            format!("what came for '{path}' does not have the hash {}", doc.info.hash),
        )
        .hint("something between here and the server changed it; try again"));
    }
    match context.out.is_json() {
        true => context.out.json(&doc),
        false => context.out.bytes(&bytes),
    }
    Ok(())
}
