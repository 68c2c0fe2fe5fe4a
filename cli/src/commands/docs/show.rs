//! `aitk docs show PATH`: a doc, and what is known of its last change; `docs cat` prints the bytes alone.
//!
//! Where the project's repository has other changes of the doc that could not be brought together,
//! both texts are shown, with markers.

use serde_json::{Value, json};

use super::{absent, checked_bytes, doc_path};
use crate::app::Context;
use crate::error::Result;
use crate::output::{shown, shown_text};
use aitk_shared::event::Offset;

/// Show a doc and its last change
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The doc, such as guides/release.md
    path: String,
    /// Show it as it was at revision N
    #[arg(long, value_name = "N")]
    revision: Option<Offset>,
}

/// Prints head and content.
pub async fn run(args: Args, context: &Context) -> Result<()> {
    let path = doc_path(&args.path)?;
    let project = context.project()?;
    let client = context.client()?;
    let doc = match client.doc(project, &path, args.revision).await {
        Ok(doc) => doc,
        Err(error) => return Err(absent(&client, project, &path, args.revision, error).await),
    };
    let bytes = checked_bytes(&doc)?;
    let page = client.history(project, Some(&path), Some(doc.info.revision + 1)).await?;
    let change = page.versions.into_iter().next().filter(|version| version.revision == doc.info.revision);
    let message = change.and_then(|version| version.message);

    let info = &doc.info;
    let out = context.out;
    out.data(&format!("doc {}", shown(info.path.as_str())));
    out.data(&format!("revision {}, version {}, {} bytes", info.revision, info.version, info.size));
    out.data(&format!("saved {} by {}", info.updated_at, shown(&info.updated_by)));
    for line in message.iter().flat_map(|text| text.lines()) {
        out.data(&format!("    {}", shown(line)));
    }
    out.data("");
    if doc.conflict.is_some() {
        out.note("the repository has other changes of this doc; `aitk docs edit` brings both together");
    }
    let text = match doc.conflict.as_ref().and_then(|conflict| conflict.merged.as_deref()) {
        Some(merged) => Some(merged),
        None => std::str::from_utf8(&bytes).ok().filter(|text| !text.contains('\0')),
    };
    match text {
        Some(text) => text.lines().for_each(|line| out.data(&shown_text(line))),
        None => out.data(&format!("(no text; `aitk docs cat {}` prints its bytes)", shown(path.as_str()))),
    }
    let mut document = json!(doc);
    if let Value::Object(fields) = &mut document {
        fields.insert("message".into(), json!(message));
    }
    out.json(&document);
    Ok(())
}
