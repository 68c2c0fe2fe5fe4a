//! Our hooks in an agent's settings, as text.
//!
//! Everything that is not ours stays as it is: comments, order and spaces included.

use aitk_shared::json::lenient_options;
use jsonc_parser::cst::{CstArray, CstInputValue, CstNode, CstObject, CstRootNode};
use serde_json::{Value, json};

use crate::agents::setup::{Hook, Shape, Verb};
use crate::agents::{Dialect, Moment, Verdict};

/// What somebody without aitk is told. No quote, so that a shell needs no escape.
const MISSING: &str = "aitk is not installed here, so the docs of the team are neither current nor protected. \
                       Tell the user to install it (install.sh in the aitk repository), then to run aitk check.";

/// How the hooks are to be.
#[derive(Clone, Debug)]
pub struct Wish {
    /// How the hooks name `aitk`; a path where it must be found whatever the agent's `PATH` is.
    pub program: String,
    /// Whether an agent is blocked where `aitk` is missing; otherwise the hook says so and passes.
    pub strict: bool,
    /// The mirror, for an agent that can be told not to write there by other means than hooks.
    pub mirror: String,
}

/// Settings with our hooks, once each.
pub fn with(text: &str, agent: &dyn Dialect, wish: &Wish) -> Result<String, String> {
    if !text.trim().is_empty() {
        // Hooks in a file that its agent cannot read would run as little as none.
        agent.setup().json.read(text)?;
    }
    if is_as_wished(&object(&parse(text)?)?, agent, wish) {
        return Ok(text.to_owned());
    }
    // What an older version or another wish left is put in anew.
    let (root, setup) = (parse(&without(text, agent, wish)?)?, agent.setup());
    let settings = object(&root)?;
    if is_flat(agent) && settings.get("version").is_none() {
        settings.append("version", CstInputValue::Number("1".into()));
    }
    let hooks = settings.object_value_or_create("hooks").ok_or("\"hooks\" is not an object")?;
    for hook in setup.hooks {
        let list = hooks.array_value_or_create(hook.event);
        let list = list.ok_or_else(|| format!("\"hooks.{}\" is not a list", hook.event))?;
        list.append(input(&entry(agent, hook, wish)));
    }
    if setup.shape == Shape::GroupsThatFail && wish.strict {
        let permissions = settings.object_value_or_create("permissions");
        let denied = permissions.and_then(|permissions| permissions.array_value_or_create("deny"));
        let denied = denied.ok_or("\"permissions.deny\" is not a list")?;
        if !denied.elements().iter().any(|element| is_text(element, &rule(wish))) {
            denied.append(CstInputValue::String(rule(wish)));
        }
    }
    Ok(root.to_string())
}

/// Whether our hooks are there as they should be, and no others of ours.
fn is_as_wished(settings: &CstObject, agent: &dyn Dialect, wish: &Wish) -> bool {
    let Some(hooks) = settings.object_value("hooks") else { return false };
    let wanted = agent.setup().hooks.iter().map(|hook| (hook.event.to_owned(), entry(agent, hook, wish)));
    let mut found = Vec::new();
    for property in hooks.properties() {
        let lists = property.array_value().map(|list| list.elements()).unwrap_or_default();
        for element in lists.into_iter().filter(|element| holds_ours(element, agent)) {
            let (Some(name), Some(value)) = (property.decoded_name(), element.to_serde_value()) else {
                return false;
            };
            found.push((name, value));
        }
    }
    let denied = || Some(settings.object_value("permissions")?.array_value("deny")?.elements());
    let is_denied = || denied().is_some_and(|rules| rules.iter().any(|node| is_text(node, &rule(wish))));
    let needs_rule = agent.setup().shape == Shape::GroupsThatFail && wish.strict;
    found.len() == agent.setup().hooks.len()
        && wanted.into_iter().all(|hook| found.contains(&hook))
        && (!needs_rule || is_denied())
}

fn is_flat(agent: &dyn Dialect) -> bool {
    matches!(agent.setup().shape, Shape::Flat | Shape::FlatThatFail)
}

/// Settings without our hooks, and without what held nothing else.
pub fn without(text: &str, agent: &dyn Dialect, wish: &Wish) -> Result<String, String> {
    if text.trim().is_empty() {
        return Ok(text.to_owned());
    }
    let root = parse(text)?;
    let settings = object(&root)?;
    let was_strict = is_strict(&settings, agent);
    let Some(hooks) = settings.object_value("hooks") else { return Ok(text.to_owned()) };
    let mut found = false;
    for property in hooks.properties() {
        let Some(list) = property.array_value() else { continue };
        if remove(&list, agent) {
            found = true;
            if list.elements().is_empty() {
                property.remove();
            }
        }
    }
    if !found {
        return Ok(text.to_owned());
    }
    if hooks.properties().is_empty() {
        settings.get("hooks").into_iter().for_each(|property| property.remove());
    }
    if was_strict {
        remove_rule(&settings, &rule(wish));
    }
    let rest: Vec<_> = settings.properties().iter().filter_map(|property| property.decoded_name()).collect();
    let is_ours = rest.is_empty() || (rest == ["version"] && is_flat(agent));
    Ok(if is_ours { String::new() } else { root.to_string() })
}

/// The command that a hook runs.
pub fn command(agent: &dyn Dialect, hook: &Hook, wish: &Wish) -> String {
    let program = quoted(&wish.program);
    let run = format!("{program} {} --agent {}", hook.verb.as_str(), agent.name());
    if wish.strict {
        return run;
    }
    let told = match hook.event == agent.setup().hooks[0].event {
        true => agent.reply(&Moment::SessionStart, Verdict::Tell(MISSING.to_owned())).stdout,
        false => String::new(),
    };
    // Words that every shell understands: not all agents start the same one.
    let instead = if told.is_empty() { "exit 0".to_owned() } else { format!("exec echo '{told}'") };
    format!("command -v {program} >/dev/null 2>&1 || {instead}; {run}")
}

/// One word for a shell.
fn quoted(program: &str) -> String {
    match program.chars().all(|c| c.is_ascii_alphanumeric() || "/._-+".contains(c)) {
        true => program.to_owned(),
        false => format!("'{}'", program.replace('\'', "'\\''")),
    }
}

fn entry(agent: &dyn Dialect, hook: &Hook, wish: &Wish) -> Value {
    let (command, timeout) = (command(agent, hook, wish), hook.timeout);
    match agent.setup().shape {
        Shape::Flat => json!({ "type": "command", "bash": command, "timeoutSec": timeout }),
        Shape::FlatThatFail => {
            let mut entry = json!({ "command": command, "timeout": timeout });
            if hook.blocks {
                entry["failClosed"] = true.into();
            }
            entry
        }
        Shape::Groups | Shape::GroupsWithNames | Shape::GroupsThatFail | Shape::Plugin => {
            let mut inner = json!({ "type": "command", "command": command, "timeout": timeout });
            if agent.setup().shape == Shape::GroupsWithNames {
                inner["name"] = format!("aitk {}", hook.verb.as_str()).into();
            }
            if agent.setup().shape == Shape::GroupsThatFail && hook.blocks {
                // Also a crash or a timeout of ours blocks; without it the agent would go on.
                inner["onFailure"] = "block".into();
            }
            match (agent.setup().shape, hook.verb) {
                (Shape::GroupsThatFail, Verb::Guard) => json!({ "matcher": "*", "hooks": [inner] }),
                // Without a matcher, all agents take it for all.
                _ => json!({ "hooks": [inner] }),
            }
        }
    }
}

/// Takes our entries out of a list, and groups that held nothing else; whether there was one.
fn remove(list: &CstArray, agent: &dyn Dialect) -> bool {
    let mut found = false;
    for element in list.elements() {
        if is_all_ours(&element, agent) {
            element.remove();
            found = true;
            continue;
        }
        let inner = element.as_object().and_then(|group| group.array_value("hooks"));
        for entry in inner.into_iter().flat_map(|inner| inner.elements()) {
            if is_ours(&entry, agent) {
                entry.remove();
                found = true;
            }
        }
    }
    found
}

/// Whether an entry is ours, or a group holds one.
fn holds_ours(element: &CstNode, agent: &dyn Dialect) -> bool {
    let inner = element.as_object().and_then(|group| group.array_value("hooks"));
    is_ours(element, agent) || inner.is_some_and(|i| i.elements().iter().any(|entry| is_ours(entry, agent)))
}

/// Whether an entry is ours, or a group holds nothing else.
fn is_all_ours(element: &CstNode, agent: &dyn Dialect) -> bool {
    match element.as_object().and_then(|group| group.array_value("hooks")) {
        Some(inner) => {
            let entries = inner.elements();
            !entries.is_empty() && entries.iter().all(|entry| is_ours(entry, agent))
        }
        None => is_ours(element, agent),
    }
}

fn is_ours(entry: &CstNode, agent: &dyn Dialect) -> bool {
    line(entry).is_some_and(|line| is_our_line(&line, agent))
}

/// Whether a command line is that of a hook of ours.
pub fn is_our_line(line: &str, agent: &dyn Dialect) -> bool {
    line.contains("aitk")
        && ["check", "guard"].iter().any(|verb| line.ends_with(&format!(" {verb} --agent {}", agent.name())))
}

/// The command line of an entry.
fn line(entry: &CstNode) -> Option<String> {
    let entry = entry.as_object()?;
    let text = |name| entry.get(name)?.value()?.as_string_lit()?.decoded_value().ok();
    text("command").or_else(|| text("bash"))
}

/// Whether hooks of ours are there that block where `aitk` is missing.
fn is_strict(settings: &CstObject, agent: &dyn Dialect) -> bool {
    let lists = settings.object_value("hooks").map(|hooks| hooks.properties()).unwrap_or_default();
    let groups = lists.iter().filter_map(|property| property.array_value()).flat_map(|list| list.elements());
    let entries = groups.flat_map(|group| {
        let inner = group.as_object().and_then(|group| group.array_value("hooks"));
        inner.map_or_else(Vec::new, |inner| inner.elements())
    });
    entries
        .filter_map(|entry| line(&entry))
        .any(|line| is_our_line(&line, agent) && !line.starts_with("command -v "))
}

/// The rule that keeps Claude Code's own tools, and its shell's redirections, out of the mirror. The
/// project's docs folder has none: whoever holds the lock may write there.
fn rule(wish: &Wish) -> String {
    format!("Edit({}/**)", wish.mirror)
}

fn remove_rule(settings: &CstObject, rule: &str) {
    let Some(permissions) = settings.object_value("permissions") else { return };
    let Some(denied) = permissions.array_value("deny") else { return };
    let ours: Vec<_> = denied.elements().into_iter().filter(|element| is_text(element, rule)).collect();
    if ours.is_empty() {
        return;
    }
    ours.into_iter().for_each(CstNode::remove);
    if denied.elements().is_empty() {
        permissions.get("deny").into_iter().for_each(|property| property.remove());
        if permissions.properties().is_empty() {
            settings.get("permissions").into_iter().for_each(|property| property.remove());
        }
    }
}

fn is_text(node: &CstNode, text: &str) -> bool {
    node.as_string_lit().and_then(|literal| literal.decoded_value().ok()).as_deref() == Some(text)
}

fn parse(text: &str) -> Result<CstRootNode, String> {
    CstRootNode::parse(text, &lenient_options()).map_err(|error| error.to_string())
}

fn object(root: &CstRootNode) -> Result<CstObject, String> {
    root.object_value_or_create().ok_or_else(|| "it is not an object".to_owned())
}

fn input(value: &Value) -> CstInputValue {
    match value {
        Value::Null => CstInputValue::Null,
        Value::Bool(value) => CstInputValue::Bool(*value),
        Value::Number(number) => CstInputValue::Number(number.to_string()),
        Value::String(text) => CstInputValue::String(text.clone()),
        Value::Array(items) => CstInputValue::Array(items.iter().map(input).collect()),
        Value::Object(fields) => {
            CstInputValue::Object(fields.iter().map(|(name, value)| (name.clone(), input(value))).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agents::{DIALECTS, named};
    use aitk_shared::json::Json;

    const SETTINGS: &str = r#"{
    // Mine.
    "model": "opus",
    "list": [1, 2],
    "hooks": {
        "PreToolUse": [
            {
                "matcher": "Bash",
                "hooks": [
                    {"type": "command", "command": "./lint.sh"}
                ]
            }
        ],
        "preToolUse": [{"command": "./lint.sh"}],
        "BeforeTool": [],
        "Stop": []
    },
    "env": {
        "B": "1",
        "A": "2"
    }
}
"#;

    fn wish(strict: bool) -> Wish {
        Wish { program: "aitk".into(), strict, mirror: ".docs".into() }
    }

    fn json_agents() -> impl Iterator<Item = &'static dyn Dialect> {
        DIALECTS.into_iter().filter(|agent| agent.setup().shape != Shape::Plugin)
    }

    #[test]
    fn hooks_are_put_in_once_and_taken_out_without_a_trace() {
        let commented = SETTINGS.replace("        \"BeforeTool\": [],\n", "");
        let plain = commented.replace("    // Mine.\n", "");
        for agent in json_agents() {
            let settings = if agent.setup().json == Json::Commented { &commented } else { &plain };
            for text in ["", settings, "{\n\t\"z\": 1,\n\t\"a\": []\n}\n", "{\r\n  \"a\": 1\r\n}\r\n"] {
                for strict in [false, true] {
                    let once = with(text, agent, &wish(strict)).unwrap();
                    assert_eq!(with(&once, agent, &wish(strict)).unwrap(), once, "{}", agent.name());
                    let out = without(&once, agent, &wish(strict)).unwrap();
                    // A file without its version would not have been valid, so it stays.
                    if !is_flat(agent) || text.is_empty() {
                        assert_eq!(out, text, "{}", agent.name());
                    }
                    assert_eq!(without(&out, agent, &wish(strict)).unwrap(), out);
                    let other = with(&once, agent, &wish(!strict)).unwrap();
                    assert_eq!(without(&other, agent, &wish(strict)).unwrap(), out, "{}", agent.name());
                    assert_eq!(
                        with(&other, agent, &wish(strict)).unwrap(),
                        with(&out, agent, &wish(strict)).unwrap()
                    );
                }
                assert_eq!(without(text, agent, &wish(false)).unwrap(), text);
            }
        }
    }

    #[test]
    fn each_hook_is_what_its_agent_expects() {
        let hook = |agent: &str, path: &str, strict| {
            let settings = with("", named(agent).unwrap(), &wish(strict)).unwrap();
            serde_json::from_str::<Value>(&settings).unwrap().pointer(path).cloned().unwrap()
        };
        assert_eq!(
            hook("claude", "/hooks/PreToolUse/0", true),
            json!({"matcher": "*", "hooks": [
                {"type": "command", "command": "aitk guard --agent claude", "timeout": 10, "onFailure": "block"}]})
        );
        assert_eq!(hook("claude", "/permissions/deny", true), json!(["Edit(.docs/**)"]));
        assert_eq!(
            hook("codex", "/hooks/SessionStart/0", true),
            json!({"hooks": [{"type": "command", "command": "aitk check --agent codex", "timeout": 60}]})
        );
        assert_eq!(
            hook("gemini", "/hooks/BeforeTool/0/hooks/0", false),
            json!({"type": "command", "timeout": 10_000, "name": "aitk guard",
                "command": "command -v aitk >/dev/null 2>&1 || exit 0; aitk guard --agent gemini"})
        );
        assert_eq!(
            hook("copilot", "/hooks/preToolUse/0", true),
            json!({"type": "command", "bash": "aitk guard --agent copilot", "timeoutSec": 10})
        );
        assert_eq!(
            hook("cursor", "/hooks/beforeShellExecution/0", true),
            json!({"command": "aitk guard --agent cursor", "timeout": 10, "failClosed": true})
        );
    }

    #[test]
    fn a_hook_of_ours_that_somebody_put_beside_theirs_goes_alone() {
        let text = r#"{"hooks": {"PreToolUse": [{"hooks": [
            {"type": "command", "command": "/opt/aitk guard --agent claude"},
            {"type": "command", "command": "theirs"}]}]}}"#;
        let out = without(text, named("claude").unwrap(), &wish(false)).unwrap();
        assert!(out.contains("theirs") && !out.contains("aitk"), "{out}");
    }

    #[test]
    fn a_rule_of_somebody_elses_stays() {
        let text = "{\n  \"permissions\": {\n    \"deny\": [\"Edit(.docs/**)\"]\n  }\n}\n";
        let claude = named("claude").unwrap();
        let loose = with(text, claude, &wish(false)).unwrap();
        assert_eq!(without(&loose, claude, &wish(false)).unwrap(), text);
    }

    #[test]
    fn hooks_are_not_put_where_their_agent_would_not_read_them_but_are_taken_out_of_there() {
        let (claude, gemini) = (named("claude").unwrap(), named("gemini").unwrap());
        let text = "{\n  // Mine.\n  \"a\": 1\n}\n";
        assert!(with(text, claude, &wish(false)).unwrap_err().contains("comment"));
        assert!(with("{\"a\": 1,}", gemini, &wish(false)).unwrap_err().contains("comma"));
        let once = with("{\n  \"a\": 1\n}\n", claude, &wish(false)).unwrap();
        let commented = once.replacen('{', "{\n  // Mine.", 1);
        assert_eq!(without(&commented, claude, &wish(false)).unwrap(), text);
    }

    #[test]
    fn settings_that_are_not_settings_are_left_alone() {
        for bad in ["[]", "{", "{\"hooks\": []}", "{\"hooks\": {\"PreToolUse\": {}}}", "{'a': 1}"] {
            assert!(with(bad, named("claude").unwrap(), &wish(false)).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_a_shell_would_read_as_more_than_a_word_is_in_no_command() {
        for agent in json_agents() {
            for hook in agent.setup().hooks {
                let line = command(agent, hook, &wish(false));
                assert!(line.matches('\'').count().is_multiple_of(2) && !line.contains('\n'), "{line}");
            }
        }
    }
}
