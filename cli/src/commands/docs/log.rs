//! `aitk docs log [PATH]`: who changed the docs, when, why, and at which revision; newest first.

use aitk_shared::api::{History, Version};

use super::doc_path;
use crate::app::Context;
use crate::error::Result;
use crate::output::shown;

/// Show who changed the docs, when and why
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  aitk docs log
  aitk docs log guides/release.md --limit 3")]
pub struct Args {
    /// Only of this doc, such as guides/release.md
    path: Option<String>,
    /// Show so many changes
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
}

/// Prints the changes, one a line.
pub async fn run(args: Args, context: &Context) -> Result<()> {
    let path = args.path.as_deref().map(doc_path).transpose()?;
    let project = context.project()?;
    let client = context.client()?;
    let limit = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let mut versions: Vec<Version> = Vec::new();
    let mut before = None;
    loop {
        let page = client.history(project, path.as_ref(), before).await?;
        versions.extend(page.versions);
        before = page.before;
        if before.is_none() || versions.len() >= limit {
            break;
        }
    }
    if versions.len() > limit {
        versions.truncate(limit);
        before = versions.last().map(|version| version.revision);
    }
    versions.iter().for_each(|version| context.out.data(&line(version)));
    match (versions.is_empty(), before) {
        (true, _) => context.out.note("no changes yet"),
        (_, Some(_)) => context.out.note("there are older ones: --limit N shows more"),
        _ => {}
    }
    context.out.json(&History { versions, before });
    Ok(())
}

fn line(version: &Version) -> String {
    let what = match version.hash {
        Some(_) => format!("saved v{}", version.version),
        None => "deleted".into(),
    };
    let (revision, at, by) = (version.revision, version.at, shown(&version.by.name));
    let message = version.message.as_deref().map(|text| format!("  {}", shown(text))).unwrap_or_default();
    format!("{revision:>6}  {at}  {by}  {what:9}  {}{message}", shown(version.path.as_str()))
}
