//! `--migrate`: takes over what the shell scripts of before left.
//!
//! Their hooks go: no agent ran them. A copy of the docs that they made is adopted: the next check
//! replaces it, and moves files that are not the platform's to the user's kept folder. The old
//! variables become `.aitk.toml` and a stored key; the lines that set them are named, not changed.

use std::fs;
use std::path::Path;

use aitk_shared::path::SYNC_HASH_FILE;

use super::edit::Edit;
use crate::app::Context;
use crate::config::home;
use crate::credentials::{self, Credentials};
use crate::error::Result;
use crate::output::shown;

/// Where the old guide had the scripts put.
const HOOKS: &str = ".claude/hooks";
/// Where people set variables for good.
const PROFILES: [&str; 7] =
    [".bash_profile", ".bashrc", ".config/fish/config.fish", ".profile", ".zprofile", ".zshenv", ".zshrc"];
/// What the scripts of before, and only they, go by.
const MARKS: [&str; 3] = ["AI_TOOLKIT_", "CLAUDE_TARGET_FILE", "CLAUDE_OPERATION"];
/// Longest script that is looked at, in bytes.
const SCRIPT_BYTES: u64 = 256 * 1024;

/// The old scripts go, and an old copy is marked as ours.
pub fn edits(context: &Context) -> Result<Vec<Edit>> {
    let mut edits = Vec::new();
    for base in [Some(context.root.clone()), home()].into_iter().flatten() {
        for script in scripts(&base.join(HOOKS)) {
            edits.push(Edit::read_anywhere(&context.root, &script)?.into(|_| String::new()));
        }
    }
    let mirror = context.root.join(&context.config.mirror);
    let is_link = mirror.symlink_metadata().is_ok_and(|meta| meta.is_symlink());
    let holds = fs::read_dir(&mirror).is_ok_and(|mut entries| entries.next().is_some());
    let mark = mirror.join(SYNC_HASH_FILE);
    if holds && !is_link && !mark.exists() {
        // No docs hash, so that the next check replaces all.
        edits.push(Edit::read_anywhere(&context.root, &mark)?.into(|_| "none\n".to_owned()));
    }
    Ok(edits)
}

/// Keeps the key of the environment, and names the lines that are of no use any more.
pub fn finish(context: &Context, trust: bool) -> Result<()> {
    let out = context.out;
    if let Some(key) = context.given_key()?.filter(|_| context.config.project.is_some()) {
        let origin = context.server()?.origin();
        let is_new = Credentials::load(&context.dirs)?.key_for(&origin).is_none();
        let question = format!("Keep the key of the environment for {origin}?");
        if is_new && (trust || (out.can_ask() && out.confirm(&question)?)) {
            credentials::store(&context.dirs, &origin, key)?;
            out.note(&format!("stored the key of the environment for {origin}"));
        } else if is_new {
            out.note(&format!(
                "the key of the environment was not stored: --trust says that {origin} may have it"
            ));
        }
    }
    for (place, variable) in home().into_iter().flat_map(|home| old_lines(&home)) {
        out.note(&format!("{place} sets {variable}, which nothing needs any more"));
    }
    Ok(())
}

/// The files in a folder that only the scripts of before can be.
fn scripts(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut scripts: Vec<_> = entries
        .filter(|path| {
            let is_small =
                path.symlink_metadata().is_ok_and(|meta| meta.is_file() && meta.len() <= SCRIPT_BYTES);
            let text = is_small.then(|| fs::read_to_string(path).ok()).flatten();
            text.is_some_and(|text| text.starts_with("#!") && MARKS.iter().any(|mark| text.contains(mark)))
        })
        .collect();
    scripts.sort();
    scripts
}

/// Where an old variable is set, and which; never what it is set to.
fn old_lines(home: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for name in PROFILES {
        let text = fs::read_to_string(home.join(name)).unwrap_or_default();
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with('#'))
        {
            let Some(at) = line.find("AI_TOOLKIT_") else { continue };
            let end =
                line[at..].find(|c: char| !c.is_ascii_uppercase() && c != '_').map_or(line.len(), |n| at + n);
            found.push((format!("~/{name}:{}", number + 1), shown(&line[at..end])));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_variables_are_named_by_their_place_and_without_their_value() {
        let home = tempfile::tempdir().unwrap();
        fs::write(
            home.path().join(".bashrc"),
            "alias x=y\n# AI_TOOLKIT_API_KEY=a\nexport AI_TOOLKIT_API_KEY=sk_1\nAI_TOOLKIT_PROJECT_ID=p\n",
        )
        .unwrap();
        let expected = [("~/.bashrc:3", "AI_TOOLKIT_API_KEY"), ("~/.bashrc:4", "AI_TOOLKIT_PROJECT_ID")];
        let found = old_lines(home.path());
        let found: Vec<_> = found.iter().map(|(place, name)| (place.as_str(), name.as_str())).collect();
        assert_eq!(found, expected);
    }
}
