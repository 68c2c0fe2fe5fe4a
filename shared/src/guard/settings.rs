//! The files by which the hooks run: an agent's settings, our plugins, git's hooks, the project
//! file. A model that may write them can switch the guard off.
//!
//! Where the text that a file would get is known, a change that ends our hooks is told from any
//! other; where it is not, a person decides.

use std::path::{Component, Path, PathBuf};

use serde_json::Value;

use super::PROJECT_FILE;
use crate::json::{Json, lenient};

/// What a file of this kind may hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// An agent's settings, ours among others.
    Settings,
    /// Nothing but ours, or what runs unasked.
    Ours,
}

/// Files, as they lie below a project, a folder above it, or the user's home.
const FILES: [(&str, Kind); 31] = [
    (PROJECT_FILE, Kind::Ours),
    // Where git's hooks are, and what hides the mirror from git.
    (".git/config", Kind::Ours),
    (".git/info/exclude", Kind::Ours),
    (".gitconfig", Kind::Ours),
    (".config/git/config", Kind::Ours),
    (".claude/settings.json", Kind::Settings),
    (".claude/settings.local.json", Kind::Settings),
    (".codex/hooks.json", Kind::Settings),
    (".codex/config.toml", Kind::Settings),
    (".gemini/settings.json", Kind::Settings),
    (".qwen/settings.json", Kind::Settings),
    (".factory/settings.json", Kind::Settings),
    (".factory/settings.local.json", Kind::Settings),
    (".factory/hooks.json", Kind::Settings),
    (".cursor/hooks.json", Kind::Settings),
    (".windsurf/hooks.json", Kind::Settings),
    (".codeium/windsurf/hooks.json", Kind::Settings),
    (".augment/settings.json", Kind::Settings),
    (".copilot/config.json", Kind::Settings),
    (".copilot/settings.json", Kind::Settings),
    (".github/copilot/settings.json", Kind::Settings),
    ("opencode.json", Kind::Settings),
    ("opencode.jsonc", Kind::Settings),
    (".opencode/opencode.json", Kind::Settings),
    (".opencode/opencode.jsonc", Kind::Settings),
    (".config/opencode/opencode.json", Kind::Settings),
    (".opencode/plugin/aitk.js", Kind::Ours),
    (".opencode/plugins/aitk.js", Kind::Ours),
    (".kilo/plugin/aitk.js", Kind::Ours),
    (".kilo/plugins/aitk.js", Kind::Ours),
    (".config/opencode/plugin/aitk.js", Kind::Ours),
];
/// Folders in which every file is one.
const FOLDERS: [(&str, Kind); 6] = [
    (".git/hooks", Kind::Ours),
    (".github/hooks", Kind::Settings),
    (".copilot/hooks", Kind::Settings),
    (".clinerules/hooks", Kind::Settings),
    (".kiro/hooks", Kind::Settings),
    (".kiro/agents", Kind::Settings),
];
/// Settings of the whole machine.
const MACHINE: [&str; 4] = [
    "/etc/claude-code/managed-settings.json",
    "/etc/gemini-cli/settings.json",
    "/etc/augment/settings.json",
    "/etc/windsurf/hooks.json",
];

/// The kind of the file at `path`, and the folder that it sets up; `None` for all other files.
pub fn kind(path: &Path) -> Option<(&Path, Kind)> {
    if path.starts_with("/etc") && MACHINE.iter().any(|file| Path::new(file) == path) {
        return Some((Path::new("/"), Kind::Settings));
    }
    let file = FILES.iter().find_map(|(file, kind)| Some((above(path, file)?, *kind)));
    file.or_else(|| {
        let mut folders = path.ancestors().skip(1);
        folders.find_map(|folder| FOLDERS.iter().find_map(|(name, kind)| Some((above(folder, name)?, *kind))))
    })
}

/// Whether `path` may be an agent's settings by its name alone.
pub fn may_be_settings(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let is_last = |file: &str| file.rsplit('/').next().is_some_and(|last| last.eq_ignore_ascii_case(name));
    FILES.iter().any(|(file, _)| is_last(file))
        || MACHINE.iter().any(|file| is_last(file))
        || path.components().any(|part| part == Component::Normal("hooks".as_ref()))
}

/// Where the files of the folder `base` are, existing or not.
pub fn below(base: &Path) -> impl Iterator<Item = (PathBuf, Kind)> {
    FILES.iter().chain(&FOLDERS).map(move |(file, kind)| (base.join(file), *kind))
}

/// What is left of `path` when `tail` is taken off its end. It is asked of dozens of tails before every
/// tool call, so most are turned down by their bytes.
fn above<'a>(path: &'a Path, tail: &str) -> Option<&'a Path> {
    let bytes = path.as_os_str().as_encoded_bytes();
    let (head, end) = bytes.split_at_checked(bytes.len().checked_sub(tail.len())?)?;
    let is_end = end.eq_ignore_ascii_case(tail.as_bytes()) || cfg!(windows);
    if !is_end || !head.last().is_none_or(|byte| std::path::is_separator(char::from(*byte))) {
        return None;
    }
    let mut rest = path;
    for part in tail.rsplit('/') {
        if !rest.file_name()?.eq_ignore_ascii_case(part) {
            return None;
        }
        rest = rest.parent()?;
    }
    Some(rest)
}

/// What becomes of a file's text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// It is all replaced.
    Whole(String),
    /// Parts are replaced: the old and the new.
    Parts(Vec<(String, String)>),
    /// Nobody knows.
    Unknown,
}

impl Change {
    /// What the input of a writing tool says.
    pub fn of(input: &Value) -> Self {
        let text = |value: &Value, names: [&str; 3]| {
            names.iter().find_map(|name| value.get(name)?.as_str().map(str::to_owned))
        };
        let part = |value: &Value| {
            let old = text(value, ["old_string", "old_str", "oldString"])?;
            Some((old, text(value, ["new_string", "new_str", "newString"])?))
        };
        let parts: Option<Vec<_>> = match input.get("edits").and_then(Value::as_array) {
            Some(edits) => edits.iter().map(part).collect(),
            None => part(input).map(|part| vec![part]),
        };
        match (parts, text(input, ["content", "file_text", "contents"])) {
            (Some(parts), _) => Change::Parts(parts),
            (None, Some(whole)) => Change::Whole(whole),
            (None, None) => Change::Unknown,
        }
    }

    /// The text that a file with the text `old` has afterwards, if that can be known.
    pub fn applied(&self, old: &str) -> Option<String> {
        match self {
            Change::Whole(text) => Some(text.clone()),
            Change::Unknown => None,
            Change::Parts(parts) => {
                let mut text = old.to_owned();
                for (old, new) in parts {
                    if old.is_empty() || !text.contains(old) {
                        return None;
                    }
                    text = text.replace(old, new);
                }
                Some(text)
            }
        }
    }
}

/// Whether settings with this text let our hooks run, or keep a user's trust in them.
pub fn carry_hooks(text: &str) -> bool {
    text.contains("aitk") || text.contains("trusted_hash")
}

/// Whether `new` settings at `path` end a hook of ours that `old` ones have, or all hooks.
pub fn end_hooks(path: &Path, old: &str, new: &str) -> bool {
    let reads = |text: &str| reads_plainly(path).read(text).is_ok();
    // An agent runs no hook of a file that it cannot read.
    let is_broken = carry_hooks(old) && reads(old) && !reads(new);
    disable_hooks(new) || hooks_in(new) < hooks_in(old) || is_broken
}

/// What the agent takes for JSON in its settings at `path`.
fn reads_plainly(path: &Path) -> Json {
    let takes_comments = |folder: &Component<'_>| {
        [".gemini", ".qwen", ".factory"].iter().any(|name| folder.as_os_str().eq_ignore_ascii_case(name))
    };
    if path.components().any(|folder| takes_comments(&folder)) { Json::Commented } else { Json::Plain }
}

/// How often our program stands in these settings.
fn hooks_in(text: &str) -> usize {
    fn strings(value: &Value) -> usize {
        match value {
            Value::String(text) => usize::from(text.contains("aitk")),
            Value::Array(items) => items.iter().map(strings).sum(),
            Value::Object(fields) => fields.values().map(strings).sum(),
            _ => 0,
        }
    }
    match lenient(text) {
        Some(settings) => strings(&settings),
        None => text.matches("aitk").count() + text.matches("trusted_hash").count(),
    }
}

/// Whether settings with this text run no hooks at all, in any agent's words.
pub fn disable_hooks(text: &str) -> bool {
    match lenient(text) {
        Some(settings) => switched_off(&settings),
        // TOML, or what nobody can read.
        None => {
            let plain: String =
                text.chars().filter(|c| !c.is_whitespace() && *c != '"' && *c != '\'').collect();
            [
                "disableAllHooks:true",
                "disableAllHooks=true",
                "allowManagedHooksOnly:true",
                "enableHooks:false",
            ]
            .iter()
            .chain(&["hooks=false", "codex_hooks=false", "hooksConfig:{enabled:false"])
            .any(|off| plain.contains(off))
                // Codex keeps a switch for each hook beside the trust in it.
                || plain.contains("hooks.state") && plain.contains("enabled=false")
        }
    }
}

fn switched_off(settings: &Value) -> bool {
    let Value::Object(fields) = settings else { return false };
    fields.iter().any(|(name, value)| match (name.as_str(), value) {
        ("disableAllHooks" | "allowManagedHooksOnly", Value::Bool(on)) => *on,
        ("enableHooks" | "codex_hooks", Value::Bool(on)) => !*on,
        ("hooks" | "hooksConfig", Value::Object(hooks)) => {
            let is_named = |one: &Value| one.as_str().is_some_and(|name| name.contains("aitk"));
            hooks.get("enabled") == Some(&Value::Bool(false))
                || hooks
                    .get("disabled")
                    .and_then(Value::as_array)
                    .is_some_and(|names| names.iter().any(is_named))
        }
        ("hooks", Value::Bool(on)) => !*on,
        (_, Value::Object(_)) => switched_off(value),
        _ => false,
    })
}

/// Whether Claude Code with these settings runs our guard before every tool.
pub fn run_the_guard(text: &str) -> bool {
    let Ok(settings) = serde_json::from_str::<Value>(text) else { return false };
    let is_ours = |hook: &Value| {
        let command = hook["command"].as_str().unwrap_or_default();
        let named =
            |word: &str| hook["args"].as_array().is_some_and(|args| args.iter().any(|arg| arg == word));
        command.contains("aitk") && (command.contains("guard") || named("guard"))
    };
    let is_for_all = |group: &Value| match group.get("matcher").and_then(Value::as_str) {
        None | Some("" | "*" | ".*") => true,
        Some(tools) => ["Write", "Edit", "Bash"].iter().all(|tool| tools.split('|').any(|one| one == *tool)),
    };
    let groups = settings["hooks"]["PreToolUse"].as_array().map_or(&[][..], Vec::as_slice);
    !switched_off(&settings)
        && groups.iter().any(|group| {
            is_for_all(group) && group["hooks"].as_array().is_some_and(|hooks| hooks.iter().any(is_ours))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const OURS: &str = r#"{"hooks": {"PreToolUse": [{"matcher": "*", "hooks": [
        {"type": "command", "command": "aitk guard --agent claude"}]}]}}"#;

    #[test]
    fn files_are_told_by_the_end_of_their_path() {
        for (path, base, kind_of) in [
            ("/p/.claude/settings.json", "/p", Kind::Settings),
            ("/p/a/.Claude/Settings.Local.json", "/p/a", Kind::Settings),
            ("/p/.aitk.toml", "/p", Kind::Ours),
            ("/p/.git/hooks/pre-commit", "/p", Kind::Ours),
            ("/p/.git/config", "/p", Kind::Ours),
            ("/h/.gitconfig", "/h", Kind::Ours),
            ("/p/.github/hooks/aitk.json", "/p", Kind::Settings),
            ("/p/.opencode/plugin/aitk.js", "/p", Kind::Ours),
            ("/h/.config/opencode/plugin/aitk.js", "/h", Kind::Ours),
            ("/etc/claude-code/managed-settings.json", "/", Kind::Settings),
        ] {
            assert_eq!(kind(Path::new(path)), Some((Path::new(base), kind_of)), "{path}");
            assert!(path.starts_with("/p/.git/") || may_be_settings(Path::new(path)), "{path}");
        }
        for path in ["/p/settings.json", "/p/.claude/agents/a.md", "/p/.git/index", "/p/hooks/x", "/"] {
            assert_eq!(kind(Path::new(path)), None, "{path}");
        }
    }

    #[test]
    fn a_change_is_read_from_every_writers_input() {
        let parts = |parts: &[(&str, &str)]| {
            Change::Parts(parts.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect())
        };
        for (input, change) in [
            (json!({"content": "{}"}), Change::Whole("{}".into())),
            (json!({"file_text": "{}"}), Change::Whole("{}".into())),
            (json!({"old_string": "a", "new_string": "b"}), parts(&[("a", "b")])),
            (json!({"oldString": "a", "newString": ""}), parts(&[("a", "")])),
            (json!({"edits": [{"old_str": "a", "new_str": "b"}]}), parts(&[("a", "b")])),
            (json!({"edits": [{"line": 1}]}), Change::Unknown),
            (json!({}), Change::Unknown),
        ] {
            assert_eq!(Change::of(&input), change, "{input}");
        }
        assert_eq!(parts(&[("a", "b"), ("bb", "c")]).applied("ab"), Some("c".into()));
        assert_eq!(parts(&[("x", "b")]).applied("a"), None);
    }

    #[test]
    fn what_ends_hooks_is_told_from_what_does_not() {
        let other = r#"{"model": "opus"}"#;
        let more = OURS.replacen('{', r#"{"model": "opus","#, 1);
        for (old, new, ends) in [
            (OURS, "{}", true),
            (OURS, "", true),
            (OURS, &*more, false),
            (OURS, OURS, false),
            (other, "{}", false),
            ("", r#"{"disableAllHooks": true}"#, true),
            ("", r#"{"disable\u0041llHooks": true}"#, true),
            ("", r#"{"disableAllHooks": false}"#, false),
            ("", "// c\n{ \"disableAllHooks\" : true }", true),
            ("", r#"{"allowManagedHooksOnly": true}"#, true),
            ("", r#"{"hooksConfig": {"enabled": false}}"#, true),
            ("", r#"{"tools": {"enableHooks": false}}"#, true),
            ("", r#"{"hooks": {"disabled": ["aitk guard"]}}"#, true),
            ("", "[features]\nhooks = false\n", true),
            ("", "features.hooks = false\n", true),
            ("", "features = { hooks = false }\n", true),
            ("", "[hooks.state.\"/p/.codex/hooks.json:pre_tool_use:0:0\"]\nenabled = false\n", true),
            ("", "[mcp_servers.x]\nenabled = false\n", false),
            ("", "[features]\nhooks = true\n", false),
            ("trusted_hash = 'a'", "x = 1", true),
        ] {
            let path = Path::new("/p/.claude/settings.json");
            assert_eq!(end_hooks(path, old, new), ends, "{old} -> {new}");
        }
    }

    #[test]
    fn what_its_agent_cannot_read_ends_hooks_and_what_it_can_does_not() {
        let commented = OURS.replacen('{', "{ // mine\n", 1);
        let comma = OURS.replacen("]}}", "]},}", 1);
        for (path, new, ends) in [
            ("/p/.claude/settings.json", &commented, true),
            ("/p/.codex/hooks.json", &commented, true),
            ("/p/.gemini/settings.json", &commented, false),
            ("/h/.factory/settings.json", &commented, false),
            ("/p/.gemini/settings.json", &comma, true),
            ("/p/.claude/settings.json", &comma, true),
        ] {
            assert_eq!(end_hooks(Path::new(path), OURS, new), ends, "{path} {new}");
        }
        let off = "{ \"hooksConfig\": { /* later */ \"enabled\": false } }";
        assert!(end_hooks(Path::new("/p/.gemini/settings.json"), "", off));
    }

    #[test]
    fn the_guard_runs_only_where_it_is_asked_before_every_writing_tool() {
        for (text, runs) in [
            (OURS.to_owned(), true),
            (OURS.replace("\"*\"", "\"Write|Edit|Bash|mcp__.*\""), true),
            (OURS.replace("\"*\"", "\"Nothing\""), false),
            (OURS.replace("PreToolUse", "Stop"), false),
            (OURS.replacen('{', r#"{"disableAllHooks": true,"#, 1), false),
            (OURS.replace("aitk guard --agent claude\"", "aitk\", \"args\": [\"guard\"]"), true),
            (OURS.replace("guard", "check"), false),
            ("{}".into(), false),
            ("{".into(), false),
        ] {
            assert_eq!(run_the_guard(&text), runs, "{text}");
        }
    }
}
