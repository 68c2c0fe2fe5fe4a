//! `aitk docs ls`: which docs there are, one path a line.

use crate::app::Context;
use crate::error::Result;
use crate::output::shown;

/// List the docs, one path a line
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Show hash, size, version and last change as well
    #[arg(long, short)]
    long: bool,
}

/// Prints the list.
pub async fn run(args: Args, context: &Context) -> Result<()> {
    let project = context.project()?;
    let list = context.client()?.doc_list(project).await?;
    for doc in &list.docs {
        let path = shown(doc.path.as_str());
        context.out.data(&match args.long {
            false => path,
            true => {
                let hash: String = doc.hash.to_string().chars().take(12).collect();
                let (size, version, at, by) = (doc.size, doc.version, doc.updated_at, shown(&doc.updated_by));
                format!("{hash}  {size:>9}  v{version:<4} {at}  {by}  {path}")
            }
        });
    }
    if list.docs.is_empty() {
        context.out.note("no docs");
    }
    for doc in list.docs.iter().filter(|doc| doc.conflicted) {
        context.out.warn(&format!("in conflict with the repository: {}", shown(doc.path.as_str())));
    }
    context.out.json(&list);
    Ok(())
}
