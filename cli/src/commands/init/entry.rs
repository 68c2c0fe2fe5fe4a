//! The docs that agents' instructions name: those at the top, which lead to the others.

use std::time::{Duration, Instant};

use crate::app::Context;
use crate::error::Result;
use crate::mirror::state::State;

/// Docs that are named.
const NAMED: usize = 6;
/// The server is not waited for longer.
const PATIENCE: Duration = Duration::from_secs(3);

/// The docs of the mirror; none where there is no mirror yet.
pub fn here(context: &Context) -> Vec<String> {
    let state = State::read(&context.root.join(&context.config.mirror));
    top(state.iter().flat_map(|state| state.docs.iter()).map(|doc| doc.path.as_str()))
}

/// The docs of the platform, for a repository without a mirror. What cannot be known is not named.
pub async fn there(context: &Context) -> Vec<String> {
    let list = async || -> Result<Vec<String>> {
        let client = context.client()?.with_deadline(Instant::now() + PATIENCE).with_retries(0);
        let list = client.doc_list(context.project()?).await?;
        Ok(top(list.docs.iter().map(|doc| doc.path.as_str())))
    };
    list().await.unwrap_or_default()
}

/// Those without a folder, README first.
fn top<'a>(paths: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut top: Vec<_> = paths
        .filter(|path| path.to_ascii_lowercase().ends_with(".md"))
        // A name is put into Markdown, and into an agent's instructions.
        .filter(|path| path.chars().all(|c| c.is_alphanumeric() || " ._-+".contains(c)))
        .map(str::to_owned)
        .collect();
    top.sort_by_key(|path| (!path.to_ascii_lowercase().starts_with("readme"), path.clone()));
    top.truncate(NAMED);
    top
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn docs_at_the_top_are_named_and_nothing_that_could_be_more_than_a_name() {
        let paths =
            ["b.md", "a.MD", "api/x.md", "readme.md", "logo.png", "`rm`.md", "x\ny.md", "übergabe.md"];
        assert_eq!(top(paths.into_iter()), ["readme.md", "a.MD", "b.md", "übergabe.md"]);
    }
}
