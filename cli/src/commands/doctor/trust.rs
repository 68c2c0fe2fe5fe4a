//! Clients that skip hooks which nobody trusted, without a word.
//!
//! Codex CLI runs a repository's hook only where the user's configuration trusts the folder and
//! the hook's hash (<https://developers.openai.com/codex/hooks>); Gemini CLI and Copilot CLI only
//! in a folder that is trusted.

use std::fs;
use std::path::{Path, PathBuf};

use aitk_shared::json;
use serde_json::Value;

use super::Finding;
use crate::agents::Dialect;
use crate::commands::init::codex;
use crate::output::shown;

/// What stands between an agent and its hooks in `root`.
pub fn examine(agent: &dyn Dialect, root: &Path) -> Option<Finding> {
    let home = PathBuf::from(std::env::var_os("HOME")?);
    let name = agent.name();
    match name {
        "codex" => codex(root, agent),
        "gemini" => listed(
            name,
            &home.join(".gemini/trustedFolders.json"),
            root,
            "start gemini here once and trust the folder",
        ),
        "copilot" => listed(
            name,
            &home.join(".copilot/config.json"),
            root,
            "start copilot here once and trust the folder, or with --trust-folder",
        ),
        _ => None,
    }
}

/// Codex itself tells which hooks it would skip; where it is not installed, nothing skips them.
fn codex(root: &Path, agent: &dyn Dialect) -> Option<Finding> {
    let trust =
        "run `aitk init --trust`, or start codex here and trust the folder and, under /hooks, its hooks";
    match codex::hooks(root, agent)? {
        Err(why) => {
            let fact = format!("codex does not say whether it runs the hooks: {}", shown(&why));
            Some(Finding::warn("hooks", fact, trust))
        }
        Ok(hooks) if hooks.found == 0 => {
            Some(Finding::fail("hooks", "codex skips the hooks here: this folder is not trusted", trust))
        }
        Ok(hooks) if !hooks.skipped.is_empty() => {
            let fact =
                format!("codex skips {} of {} hooks: they are not trusted", hooks.skipped.len(), hooks.found);
            Some(Finding::fail("hooks", fact, trust))
        }
        Ok(_) => None,
    }
}

/// Folder trust as a list of folders somewhere in a JSON file: parents count.
fn listed(agent: &str, file: &Path, root: &Path, hint: &str) -> Option<Finding> {
    let settings = json::lenient(&fs::read_to_string(file).ok()?)?;
    let mut folders = Vec::new();
    collect(&settings, &mut folders);
    let trusted = folders.iter().any(|folder| root.starts_with(folder));
    let fact = format!("{agent} does not trust this folder yet, so its hooks may not run");
    (!trusted).then(|| Finding::warn("hooks", fact, hint))
}

/// Every absolute path in the file: as a key with a word that trusts it, or in a list.
fn collect(value: &Value, folders: &mut Vec<PathBuf>) {
    match value {
        Value::String(text) if text.starts_with('/') => folders.push(text.into()),
        Value::Array(items) => items.iter().for_each(|item| collect(item, folders)),
        Value::Object(fields) => fields.iter().for_each(|(name, value)| match value.as_str() {
            Some("TRUST_FOLDER") => folders.push(name.into()),
            Some("TRUST_PARENT") => folders.extend(Path::new(name).parent().map(Path::to_owned)),
            Some("DO_NOT_TRUST") => {}
            _ => collect(value, folders),
        }),
        _ => {}
    }
}
