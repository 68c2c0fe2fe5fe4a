//! A project that only its user knows: registered in the user's own settings, with no file of ours
//! that could be committed.
//!
//! What lets agents' search see the mirror has to lie in the repository all the same, so it is hidden
//! from git in this clone; a file that somebody else keeps there is left as it is.

use super::edit::Edit;
use super::found::Chosen;
use crate::app::Context;
use crate::config::{self, Entry, PROJECT_FILE, REGISTRY_FILE};
use crate::error::{Error, Kind, Result};
use crate::mirror::git;

/// What most agents' search heeds.
const IGNORE: &str = ".ignore";

/// What registers the project and hides its mirror from git, but not from agents.
pub fn edits(chosen: &Chosen, context: &Context) -> Result<Vec<Edit>> {
    let (root, mirror) = (&context.root, &context.config.mirror);
    if context.config.has_project_file {
        return Err(Error::new(
            Kind::Usage,
            format!("this repository has a {PROJECT_FILE}, which comes first"),
        )
        .hint("install hooks in your own settings with `aitk init --scope user`"));
    }
    let entry = entry(context)?;
    let mut edits = vec![registry(context)?.try_into(|text| config::with_entry(text, &entry))?];
    let shown = format!("!/{}/\n", mirror.to_string_lossy().replace('\\', "/"));
    let mut hidden = String::new();
    for name in ignore_files(chosen) {
        let file = Edit::read(root, name)?;
        if file.text().is_empty() || git::is_ours(file.text()) {
            hidden += &git::exclusion_of(root, name).unwrap_or_default();
            edits.push(file.into(|text| git::with_lines(text, &shown)));
        }
    }
    if let Some((path, lines)) = git::exclusion(root, mirror) {
        let lines = lines + &hidden;
        edits.push(Edit::read_anywhere(root, &path)?.into(|text| git::with_lines(text, &lines)));
    }
    Ok(edits)
}

/// What takes the project off the user's list; nothing where it is not there.
pub fn removal(context: &Context) -> Result<Option<Edit>> {
    let Some(entry) = config::registered(&context.root)? else { return Ok(None) };
    Ok(Some(registry(context)?.try_into(|text| config::without_entry(text, &entry))?))
}

/// The lines that hide our own ignore files from git.
pub fn hidden(chosen: &Chosen, context: &Context) -> String {
    ignore_files(chosen).into_iter().filter_map(|name| git::exclusion_of(&context.root, name)).collect()
}

fn ignore_files(chosen: &Chosen) -> Vec<&'static str> {
    let mut files: Vec<_> = chosen.agents.iter().filter_map(|agent| agent.setup().ignore).collect();
    files.push(IGNORE);
    files.sort_unstable();
    files.dedup();
    files
}

fn registry(context: &Context) -> Result<Edit> {
    Edit::read_anywhere(&context.root, &context.dirs.config.join(REGISTRY_FILE))
}

/// What the command line says, then what is registered, then what else is known.
fn entry(context: &Context) -> Result<Entry> {
    let root = context.root.canonicalize()?;
    let known = config::registered(&root)?;
    let (url, project) = known.map(|entry| (entry.url, entry.project)).unzip();
    let project = context.globals.project.clone().or(project).or_else(|| context.config.project.clone());
    let project = project.ok_or_else(|| {
        Error::new(Kind::NotFound, "no project is named")
            .hint("name it with `aitk init --local --project ID --url URL`")
    })?;
    let url = context.globals.url.clone().or(url).unwrap_or_else(|| context.config.url.clone());
    Ok(Entry { git: config::common_folder(&root), root, url, project })
}
