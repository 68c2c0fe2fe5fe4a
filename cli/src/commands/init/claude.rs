//! What Claude Code needs, as text: hooks in its settings, and a pointer in CLAUDE.md.
//!
//! Everything that is not ours stays as it is, also in its order.

use serde::Serialize;
use serde_json::{Map, Value, json};

const BEGIN: &str = "<!-- aitk:begin -->";
const END: &str = "<!-- aitk:end -->";

/// One hook of ours. Timeouts are in seconds.
struct Hook {
    event: &'static str,
    command: &'static str,
    timeout: u32,
    /// What a colleague without aitk runs instead.
    missing: &'static str,
}

/// A session cannot be blocked where it starts, so the prompt is checked, too.
const HOOKS: [Hook; 3] = [
    Hook {
        event: "SessionStart",
        command: "aitk check --agent claude",
        timeout: 60,
        // What this prints is context for the model, which can tell the user.
        missing: "{ echo 'aitk is not installed here, so the docs of the team are neither current nor protected. \
                  Tell the user to install it (install.sh in the aitk repository).'; exit 0; }",
    },
    Hook { event: "UserPromptSubmit", command: "aitk check --agent claude", timeout: 30, missing: "exit 0" },
    Hook { event: "PreToolUse", command: "aitk guard --agent claude", timeout: 10, missing: "exit 0" },
];

impl Hook {
    fn group(&self, strict: bool) -> Value {
        let command = match strict {
            true => self.command.to_owned(),
            false => format!("command -v aitk >/dev/null 2>&1 || {}; {}", self.missing, self.command),
        };
        let mut hook = json!({ "type": "command", "command": command, "timeout": self.timeout });
        if self.event != "SessionStart" {
            // Also a crash or a timeout of ours blocks; without it Claude Code would go on.
            hook["onFailure"] = "block".into();
        }
        match self.event {
            "PreToolUse" => json!({ "matcher": "*", "hooks": [hook] }),
            _ => json!({ "hooks": [hook] }),
        }
    }

    fn is_in(&self, hook: &Value) -> bool {
        hook["command"].as_str().is_some_and(|command| command.ends_with(self.command))
    }
}

/// Settings with our hooks, once each.
pub fn with_hooks(text: &str, strict: bool) -> Result<String, String> {
    let mut settings = parse(text)?;
    let mut changed = false;
    for hook in &HOOKS {
        let wanted = hook.group(strict);
        let groups = groups(&mut settings, hook.event)?;
        let ours = |group: &Value| entries(group).iter().any(|entry| hook.is_in(entry));
        if groups.iter().filter(|group| ours(group)).eq([&wanted]) {
            continue;
        }
        remove(groups, hook);
        groups.push(wanted);
        changed = true;
    }
    if changed { print(&settings, text) } else { Ok(text.to_owned()) }
}

/// Settings without our hooks, and without what held nothing else.
pub fn without_hooks(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Ok(String::new());
    }
    let mut settings = parse(text)?;
    let before = settings.clone();
    for hook in &HOOKS {
        let Some(groups) = settings.get_mut("hooks").and_then(|hooks| hooks.get_mut(hook.event)) else {
            continue;
        };
        let Some(groups) = groups.as_array_mut() else { continue };
        let had = groups.len();
        remove(groups, hook);
        let emptied = groups.is_empty() && had > 0;
        if let Some(hooks) = settings["hooks"].as_object_mut().filter(|_| emptied) {
            hooks.shift_remove(hook.event);
            if hooks.is_empty() {
                settings.shift_remove("hooks");
            }
        }
    }
    match (settings == before, settings.is_empty()) {
        (true, _) => Ok(text.to_owned()),
        (false, true) => Ok(String::new()),
        (false, false) => print(&settings, text),
    }
}

fn entries(group: &Value) -> &[Value] {
    group["hooks"].as_array().map_or(&[], Vec::as_slice)
}

/// Takes `hook` out; a group that held nothing else goes with it.
fn remove(groups: &mut Vec<Value>, hook: &Hook) {
    groups.retain_mut(|group| {
        let Some(entries) = group.get_mut("hooks").and_then(Value::as_array_mut) else { return true };
        let had = entries.len();
        entries.retain(|entry| !hook.is_in(entry));
        !entries.is_empty() || had == 0
    });
}

fn groups<'a>(settings: &'a mut Map<String, Value>, event: &str) -> Result<&'a mut Vec<Value>, String> {
    let hooks = settings.entry("hooks").or_insert_with(|| json!({}));
    let hooks = hooks.as_object_mut().ok_or("\"hooks\" is not an object")?;
    let groups = hooks.entry(event).or_insert_with(|| json!([]));
    groups.as_array_mut().ok_or_else(|| format!("\"hooks.{event}\" is not a list"))
}

fn parse(text: &str) -> Result<Map<String, Value>, String> {
    match text.trim().is_empty() {
        true => Ok(Map::new()),
        false => serde_json::from_str(text).map_err(|error| error.to_string()),
    }
}

/// Prints settings with the indentation of `like`.
fn print(settings: &Map<String, Value>, like: &str) -> Result<String, String> {
    let indent = like.lines().find_map(|line| {
        let width = line.len() - line.trim_start().len();
        (width > 0).then(|| &line[..width])
    });
    let mut bytes = Vec::new();
    let format = serde_json::ser::PrettyFormatter::with_indent(indent.unwrap_or("  ").as_bytes());
    settings
        .serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, format))
        .map_err(|error| error.to_string())?;
    let ends = like.is_empty() || like.ends_with('\n');
    String::from_utf8(bytes)
        .map(|text| if ends { text + "\n" } else { text })
        .map_err(|error| error.to_string())
}

/// CLAUDE.md with a block that points to the docs in `folder`.
pub fn with_pointer(text: &str, folder: &str) -> String {
    let block = format!(
        "{BEGIN}\n\
         ## The team's docs\n\
         \n\
         The team's docs are in `{folder}/`: a read-only copy that `aitk` keeps current. It is hidden from git, so\n\
         some searches skip it; name it: `ls {folder}`, `grep -r WORD {folder}`. Read the docs that apply before you\n\
         change anything. Do not edit them, nor the repository's own docs folder: tell the user what should change.\n\
         {END}\n"
    );
    match find_block(text) {
        Some((start, end)) => format!("{}{block}{}", &text[..start], &text[end..]),
        None if text.is_empty() => block,
        None => format!("{}\n\n{block}", text.trim_end_matches('\n')),
    }
}

/// CLAUDE.md without our block.
pub fn without_pointer(text: &str) -> String {
    let Some((start, end)) = find_block(text) else { return text.to_owned() };
    let (before, after) = (&text[..start], &text[end..]);
    match before.strip_suffix("\n\n") {
        Some(before) if after.is_empty() => format!("{before}\n"),
        _ => format!("{before}{after}"),
    }
}

fn find_block(text: &str) -> Option<(usize, usize)> {
    let start = text.find(BEGIN)?;
    let end = start + text[start..].find(END)? + END.len();
    Some((start, end + usize::from(text[end..].starts_with('\n'))))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: &str = r#"{
    "model": "opus",
    "hooks": {
        "PreToolUse": [
            {
                "matcher": "Bash",
                "hooks": [
                    {
                        "type": "command",
                        "command": "./lint.sh"
                    }
                ]
            }
        ],
        "Stop": []
    },
    "env": {
        "B": "1",
        "A": "2"
    }
}
"#;

    #[test]
    fn hooks_are_put_in_once_and_taken_out_without_a_trace() {
        for text in ["", SETTINGS, "{\n\t\"z\": 1,\n\t\"a\": []\n}\n"] {
            for strict in [false, true] {
                let once = with_hooks(text, strict).unwrap();
                assert_eq!(with_hooks(&once, strict).unwrap(), once);
                assert_eq!(without_hooks(&once).unwrap(), text);
                let other = with_hooks(&once, !strict).unwrap();
                assert_eq!(other, with_hooks(text, !strict).unwrap());
            }
        }
        assert_eq!(without_hooks(SETTINGS).unwrap(), SETTINGS);
    }

    #[test]
    fn each_hook_is_what_claude_code_expects() {
        let settings: Value = serde_json::from_str(&with_hooks(SETTINGS, true).unwrap()).unwrap();
        let guard = &settings["hooks"]["PreToolUse"][1];
        let expected = json!({"matcher": "*", "hooks": [
            {"type": "command", "command": "aitk guard --agent claude", "timeout": 10, "onFailure": "block"}]});
        assert_eq!(guard, &expected);
        assert_eq!(settings["hooks"]["SessionStart"][0]["hooks"][0]["command"], "aitk check --agent claude");
    }

    #[test]
    fn settings_that_are_not_settings_are_left_alone() {
        for bad in ["[]", "{", "{\"hooks\": []}", "{\"hooks\": {\"PreToolUse\": {}}}"] {
            assert!(with_hooks(bad, false).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_pointer_is_put_in_once_and_taken_out_without_a_trace() {
        for text in ["", "# My project\n\nRules.\n"] {
            let once = with_pointer(text, ".docs");
            assert_eq!(with_pointer(&once, ".docs"), once);
            assert_eq!(without_pointer(&once), text);
            assert!(with_pointer(&once, "kb").contains("`kb/`"));
        }
        let between = format!("a\n{BEGIN}\nold\n{END}\nb\n");
        assert_eq!(without_pointer(&between), "a\nb\n");
    }
}
