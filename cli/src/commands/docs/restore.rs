//! `aitk docs restore PATH --revision N`: saves a doc again as it was, also one that was deleted.
//!
//! The old bytes become a new version, so that nothing in between is lost either. When the doc
//! changes meanwhile, nothing is saved and the exit code is 7.

use aitk_shared::api::{Content, PutDoc};
use aitk_shared::event::Offset;

use super::{absent, checked_bytes, doc_path};
use crate::app::Context;
use crate::client::Expected;
use crate::error::Result;
use crate::lease;

/// Save a doc again as it was at a revision
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The doc, such as guides/release.md
    path: String,
    /// Take it as it was at revision N
    #[arg(long, value_name = "N")]
    revision: Offset,
    /// Say why, for the history  [default: restored from revision N]
    #[arg(long, short, value_name = "TEXT")]
    message: Option<String>,
}

/// Fetches the old bytes and saves them on top of what is there now.
pub async fn run(args: Args, context: &Context) -> Result<()> {
    let path = doc_path(&args.path)?;
    let project = context.project()?;
    let client = context.client()?;
    let token = lease::token(context, project)?;
    let old = match client.doc(project, &path, Some(args.revision)).await {
        Ok(doc) => doc,
        Err(error) => return Err(absent(&client, project, &path, Some(args.revision), error).await),
    };
    let bytes = checked_bytes(&old)?;
    let now = client.doc_list(project).await?.docs.into_iter().find(|doc| doc.path == path);
    if let Some(now) = now.as_ref().filter(|now| now.hash == old.info.hash) {
        context.out.note(&format!("{path} is as it was at revision {}, so nothing was saved", args.revision));
        context.out.json(now);
        return Ok(());
    }
    let Content { content, encoding } = Content::from_bytes(bytes);
    let message = args.message.unwrap_or_else(|| format!("restored from revision {}", args.revision));
    let doc = PutDoc { content, encoding, message: Some(message) };
    let expected = now.map_or(Expected::Nothing, |now| Expected::Version(now.hash));
    let saved = client.put_doc(project, &path, &doc, expected, token).await?;
    context.out.note(&format!(
        "restored {path} from revision {} as version {}, revision {}",
        args.revision, saved.version, saved.revision
    ));
    context.out.json(&saved);
    Ok(())
}
