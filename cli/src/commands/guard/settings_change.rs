//! An agent's settings changed while it runs: whether our hooks are still in them.

use std::path::Path;

use aitk_shared::guard::{Refusal, View, settings};

use super::sites::{self, is_project};
use super::{Disk, home, reason};
use crate::agents::Verdict;
use crate::hook::{Hook, launch_folder};

/// Where Claude Code takes hooks from that no project decides.
const MANAGED: [&str; 2] = [
    "/etc/claude-code/managed-settings.json",
    "/Library/Application Support/ClaudeCode/managed-settings.json",
];
const SETTINGS: [&str; 2] = [".claude/settings.json", ".claude/settings.local.json"];

/// Refuses settings that run our hooks no more. That this hook runs shows that some settings had
/// them: where now none has, the change took them out.
pub fn verdict(hook: &Hook, changed: &Path, root: Option<&Path>) -> std::io::Result<Verdict> {
    let (cwd, root) = (hook.cwd()?, hook.root(root)?);
    let is_ours = is_project(&root) || !sites::roots(&root, &cwd, &[]).is_empty();
    if !is_ours {
        return Ok(Verdict::Pass);
    }
    let (changed, disk) = (cwd.join(changed), Disk::default());
    let text = disk.text(&changed).unwrap_or_default();
    let launched = launch_folder().unwrap_or(cwd);
    let bases = [Some(launched), Some(root), home()];
    let elsewhere = bases.into_iter().flatten().flat_map(|base| SETTINGS.map(|name| base.join(name)));
    let runs = settings::run_the_guard(&text)
        || elsewhere.chain(MANAGED.map(Into::into)).any(|path| {
            path != changed && disk.text(&path).is_some_and(|text| settings::run_the_guard(&text))
        });
    Ok(match runs && !settings::disable_hooks(&text) {
        true => Verdict::Pass,
        false => Verdict::Refuse(reason(&Refusal::EndsHooks(changed), &[])),
    })
}
