//! Claude Code. Checked against 2.1.329.
//!
//! Exit 2 with the reason on standard error and nothing on standard output blocks; exit 1
//! does not. Silence with exit 0 leaves the permission to the user, so `allow` is never
//! said. At the start of a session nothing can be blocked: the reason is shown, and the
//! prompt is blocked next.

use std::path::PathBuf;

use aitk_shared::guard::tool::classify;
use aitk_shared::json::Json;
use serde_json::{Value, json};

use super::setup::{Hook, Shape, UserFile, Verb, hooks};
use super::{Dialect, Environment, Event, Moment, Reply, Setup, Verdict};

/// Claude Code's hooks.
pub struct Claude;

static SETUP: Setup = Setup {
    program: "claude",
    signs: &[".claude", "CLAUDE.md"],
    project: ".claude/settings.json",
    user: UserFile { variable: Some("CLAUDE_CONFIG_DIR"), folder: ".claude", file: "settings.json" },
    managed: Some(match cfg!(target_os = "macos") {
        true => "/Library/Application Support/ClaudeCode/managed-settings.json",
        false => "/etc/claude-code/managed-settings.json",
    }),
    shape: Shape::GroupsThatFail,
    json: Json::Plain,
    hooks: &{
        let [start, prompt, tool, done] = hooks(NAMES, 1);
        // An agent that rewrites its own settings would switch the hooks off for the rest of its session.
        [
            start,
            prompt,
            tool,
            done,
            Hook { event: "ConfigChange", verb: Verb::Guard, timeout: 10, blocks: true },
        ]
    },
    instructions: "CLAUDE.md",
    ignore: None,
    advice: Some("Claude Code reads them only when it is started in this folder, and once it trusts it"),
};

/// The moments' names, which most agents took over.
pub(super) const NAMES: [&str; 4] = ["SessionStart", "UserPromptSubmit", "PreToolUse", "PostToolUse"];

impl Dialect for Claude {
    fn name(&self) -> &'static str {
        "claude"
    }

    fn is_spoken_in(&self, event: &Value, _: Environment<'_>) -> bool {
        event["hook_event_name"].is_string()
    }

    fn event(&self, event: &Value) -> Result<Event, String> {
        read(event["hook_event_name"].as_str().ok_or("the hook event has no hook_event_name")?, event)
    }

    fn reply(&self, moment: &Moment, verdict: Verdict) -> Reply {
        let mut reply = Reply { stdout: String::new(), stderr: String::new(), blocks: false };
        match verdict {
            Verdict::Pass => {}
            Verdict::Tell(text) => reply.stdout = context(event_name(moment), &text),
            Verdict::Ask(reason) if matches!(moment, Moment::Tool(_)) => {
                let asked = json!({
                    "hookEventName": "PreToolUse",
                    "permissionDecision": "ask",
                    "permissionDecisionReason": reason,
                });
                reply.stdout = json!({ "hookSpecificOutput": asked }).to_string();
            }
            Verdict::Ask(reason) | Verdict::Refuse(reason) => {
                reply.stderr = reason;
                reply.blocks = true;
            }
        }
        reply
    }

    fn setup(&self) -> &'static Setup {
        &SETUP
    }
}

/// What `moment` is called, where context can be given.
fn event_name(moment: &Moment) -> Option<&'static str> {
    match moment {
        Moment::SessionStart => Some("SessionStart"),
        Moment::Prompt => Some("UserPromptSubmit"),
        Moment::Tool(_) => Some("PreToolUse"),
        Moment::ToolDone(_) => Some("PostToolUse"),
        Moment::SettingsChange(_) | Moment::Other => None,
    }
}

/// Understands an event called `name` here; most agents took over these names and fields.
pub(super) fn read(name: &str, event: &Value) -> Result<Event, String> {
    let text = |field: &str| event[field].as_str().filter(|text| !text.is_empty());
    let moment = match name {
        "SessionStart" => Moment::SessionStart,
        "UserPromptSubmit" => Moment::Prompt,
        "PreToolUse" | "PostToolUse" => {
            let tool = text("tool_name").ok_or("the hook event names no tool")?;
            let tool = classify(tool, &event["tool_input"]);
            if name == "PreToolUse" { Moment::Tool(tool) } else { Moment::ToolDone(tool) }
        }
        "ConfigChange" => text("file_path").map_or(Moment::Other, |path| Moment::SettingsChange(path.into())),
        _ => Moment::Other,
    };
    let session = text("session_id").map(str::to_owned);
    // In this mode an `ask` about a shell that writes the client's own settings was not heeded.
    let is_unasked = event["permission_mode"] == "bypassPermissions";
    Ok(Event { moment, session, cwd: text("cwd").map(PathBuf::from), is_unasked, ..Event::default() })
}

/// Context for the model; empty at a moment that takes none.
pub(super) fn context(event: Option<&str>, text: &str) -> String {
    let told = |event| json!({ "hookSpecificOutput": { "hookEventName": event, "additionalContext": text } });
    event.map(|event| told(event).to_string()).unwrap_or_default()
}

/// The reply of an agent that reads what Claude Code reads, but cannot ask its user.
pub(super) fn reply_without_ask(moment: &Moment, verdict: Verdict) -> Reply {
    let verdict = match verdict {
        Verdict::Ask(reason) => Verdict::Refuse(reason),
        verdict => verdict,
    };
    Claude.reply(moment, verdict)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aitk_shared::guard::Tool;

    #[test]
    fn an_event_without_its_name_or_its_tool_is_an_error_and_an_unknown_one_is_not() {
        for bad in
            [json!({}), json!([]), json!({"hook_event_name": 1}), json!({"hook_event_name": "PreToolUse"})]
        {
            assert!(Claude.event(&bad).is_err(), "{bad}");
        }
        let other = json!({"hook_event_name": "Tomorrow", "more": {"x": 1}});
        assert_eq!(Claude.event(&other).unwrap().moment, Moment::Other);
    }

    #[test]
    fn a_refusal_is_on_standard_error_alone_and_context_on_standard_output_alone() {
        let refused = Claude.reply(&Moment::Prompt, Verdict::Refuse("locked".into()));
        assert_eq!(refused, Reply { stdout: "".into(), stderr: "locked".into(), blocks: true });
        let told = Claude.reply(&Moment::SessionStart, Verdict::Tell("hello \"you\"".into()));
        assert_eq!(
            told.stdout,
            r#"{"hookSpecificOutput":{"hookEventName":"SessionStart","additionalContext":"hello \"you\""}}"#
        );
        assert!(told.stderr.is_empty() && !told.blocks);
        let silent = Reply { stdout: "".into(), stderr: "".into(), blocks: false };
        assert_eq!(Claude.reply(&Moment::Tool(Tool::Reads), Verdict::Pass), silent);
        assert_eq!(Claude.reply(&Moment::Other, Verdict::Tell("x".into())), silent);
    }
}
