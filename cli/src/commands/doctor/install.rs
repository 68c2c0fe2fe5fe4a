//! Where an agent's hooks are installed here, and how: what its settings files say.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use crate::agents::Setup;
use crate::agents::setup::Shape;
use crate::commands::init::found;

/// Claude Code's own third file, which nobody commits.
const LOCAL: &str = ".claude/settings.local.json";

/// Which of an agent's settings a file is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scope {
    /// The repository's.
    Project,
    /// The user's.
    User,
    /// The administrator's, which nobody else switches off.
    Managed,
}

/// One settings file of an agent.
#[derive(Debug)]
pub struct File {
    /// Whose it is.
    pub scope: Scope,
    /// Where.
    pub path: PathBuf,
    /// What it holds: JSON, or a plugin's text as a JSON string.
    pub settings: Result<Value, String>,
}

/// One hook as it stands in a file.
#[derive(Clone, PartialEq, Debug)]
pub struct Entry {
    /// What runs, in a shell.
    pub command: String,
    /// More words of the command, which some clients drop.
    pub args: Vec<String>,
    /// For which tools, where it says so.
    pub matcher: Option<String>,
    /// After which the agent gives up, in the agent's unit.
    pub timeout: Option<f64>,
}

/// The settings files of an agent that are there.
pub fn files(root: &Path, setup: &Setup) -> Vec<File> {
    let user = found::user_settings(setup).map(|path| (Scope::User, path));
    let local = setup.project.starts_with(".claude/").then(|| (Scope::Project, root.join(LOCAL)));
    let managed = setup.managed.map(|path| (Scope::Managed, PathBuf::from(path)));
    let places = [Some((Scope::Project, root.join(setup.project))), local, user, managed];
    places.into_iter().flatten().filter_map(|(scope, path)| read(scope, path, setup)).collect()
}

fn read(scope: Scope, path: PathBuf, setup: &Setup) -> Option<File> {
    let settings = match fs::read_to_string(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return None,
        Err(error) => Err(error.to_string()),
        Ok(text) if setup.shape == Shape::Plugin => Ok(Value::String(text)),
        Ok(text) => setup.json.read(&text),
    };
    Some(File { scope, path, settings })
}

/// The hooks of ours in `settings` at `event`.
pub fn ours(settings: &Value, event: &str, shape: Shape) -> Vec<Entry> {
    let groups = settings["hooks"][event].as_array().map_or(&[][..], Vec::as_slice);
    let entry = |hook: &Value, group: &Value| {
        let text = |field: &str| hook[field].as_str();
        let timeout = ["timeout", "timeoutSec"].iter().find_map(|field| hook[*field].as_f64());
        let args = hook["args"].as_array().map_or(&[][..], Vec::as_slice);
        Some(Entry {
            command: text("command").or_else(|| text("bash"))?.to_owned(),
            args: args.iter().filter_map(|arg| arg.as_str().map(str::to_owned)).collect(),
            matcher: group["matcher"].as_str().map(str::to_owned),
            timeout,
        })
    };
    let found: Vec<_> = match shape {
        Shape::Groups | Shape::GroupsWithNames | Shape::GroupsThatFail => groups
            .iter()
            .flat_map(|group| {
                let hooks = group["hooks"].as_array().map_or(&[][..], Vec::as_slice);
                hooks.iter().filter_map(move |hook| entry(hook, group))
            })
            .collect(),
        Shape::Flat | Shape::FlatThatFail => groups.iter().filter_map(|hook| entry(hook, hook)).collect(),
        Shape::Plugin => Vec::new(),
    };
    found.into_iter().filter(is_ours).collect()
}

fn is_ours(entry: &Entry) -> bool {
    let words = entry.command.split(|c: char| !(c.is_ascii_alphanumeric() || "_-.".contains(c)));
    let words = words.chain(entry.args.iter().map(String::as_str));
    words.into_iter().any(|word| word == "aitk" || word == "aitk.exe")
}

/// How long the agent waits, if its unit has so many in a second.
pub fn patience(entry: &Entry, per_second: u32) -> Option<Duration> {
    let seconds = entry.timeout? / f64::from(per_second.max(1));
    (seconds.is_finite() && seconds >= 0.0).then(|| Duration::from_secs_f64(seconds.min(3600.0)))
}

/// Whether settings switch their hooks off.
pub fn are_off(settings: &Value) -> bool {
    settings["disableAllHooks"] == true
        || settings["hooks"]["disabled"] == true
        || settings["hooks"]["enabled"] == false
        || settings["hooksConfig"]["enabled"] == false
        || settings["tools"]["enableHooks"] == false
}

/// Whether a matcher lets a tool through to its hook; `None` for a pattern that is more than names.
pub fn matches(matcher: Option<&str>, tool: &str) -> Option<bool> {
    let Some(pattern) = matcher.filter(|pattern| !matches!(*pattern, "" | "*" | ".*")) else {
        return Some(true);
    };
    let mut sure = true;
    let any = pattern.trim_start_matches('^').trim_end_matches('$').split('|').any(|part| {
        let start = part.strip_suffix(".*").or_else(|| part.strip_suffix('*'));
        let name = start.unwrap_or(part);
        sure &= name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
        if start.is_some() { tool.starts_with(name) } else { tool == name }
    });
    if any { Some(true) } else { sure.then_some(false) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn our_hooks_are_found_in_every_shape_and_others_are_not() {
        let hook = |command: &str| json!({"type": "command", "command": command, "timeout": 10});
        let groups = json!({"hooks": {"PreToolUse": [
            {"matcher": "Bash", "hooks": [hook("./lint.sh"), hook("command -v aitk || exit 0; aitk guard")]},
            {"hooks": [hook("maitkai guard"), hook("/usr/local/bin/aitk guard")]}]}});
        let found = ours(&groups, "PreToolUse", Shape::Groups);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].matcher.as_deref(), Some("Bash"));
        assert_eq!((found[1].command.as_str(), found[1].timeout), ("/usr/local/bin/aitk guard", Some(10.0)));
        let flat = json!({"version": 1, "hooks": {"preToolUse": [{"bash": "aitk guard", "timeoutSec": 5}]}});
        assert_eq!(ours(&flat, "preToolUse", Shape::Flat)[0].timeout, Some(5.0));
        assert_eq!(ours(&flat, "PreToolUse", Shape::Flat), []);
        let exec = json!({"hooks": {"E": [{"hooks": [{"command": "/x", "args": ["aitk", "guard"]}]}]}});
        assert_eq!(ours(&exec, "E", Shape::GroupsThatFail).len(), 1);
    }

    #[test]
    fn a_matcher_is_judged_where_it_is_made_of_names() {
        for (matcher, tool, expected) in [
            (None, "Bash", Some(true)),
            (Some("*"), "Bash", Some(true)),
            (Some("Write|Edit"), "Bash", Some(false)),
            (Some("Write|Bash"), "Bash", Some(true)),
            (Some("Write|mcp__.*"), "mcp__a__b", Some(true)),
            (Some("Bash"), "BashOutput", Some(false)),
            (Some("(Wri|Edi)t?"), "Bash", None),
        ] {
            assert_eq!(matches(matcher, tool), expected, "{matcher:?} {tool}");
        }
    }

    #[test]
    fn a_timeout_counts_in_the_agents_unit() {
        let entry = |timeout| Entry { command: String::new(), args: vec![], matcher: None, timeout };
        assert_eq!(patience(&entry(Some(10.0)), 1), Some(Duration::from_secs(10)));
        assert_eq!(patience(&entry(Some(10.0)), 1000), Some(Duration::from_millis(10)));
        assert_eq!(patience(&entry(None), 1), None);
    }

    #[test]
    fn hooks_that_are_switched_off_are_seen() {
        assert!(are_off(&json!({"disableAllHooks": true})));
        assert!(are_off(&json!({"hooksConfig": {"enabled": false}})));
        assert!(!are_off(&json!({"hooks": {"PreToolUse": []}})));
    }
}
