//! GitHub Copilot CLI, checked against 1.0.102, and VS Code's agent, which is known from its
//! documentation alone.
//!
//! Events come in two shapes: with camelCase fields and no name, from hooks in `.github/hooks`, and
//! in Claude Code's shape, from hooks in Claude Code's settings, which it reads, too. Of a refusal
//! by exit code alone the model sees only the code, so the reason is said in JSON as well, and that
//! in the words of both shapes; the exit code blocks also where the JSON is lost. A prompt is
//! blocked by JSON alone.

use std::path::PathBuf;

use aitk_shared::guard::tool::classify;
use aitk_shared::json::Json;
use serde_json::{Value, json};

use super::setup::{Shape, UserFile, hooks};
use super::{Dialect, Environment, Event, Moment, Reply, Setup, Verdict};

/// Copilot's hooks.
pub struct Copilot;

/// The same, run from Claude Code's settings: there it reads what a hook prints only where that exits
/// with 0.
pub struct InClaudesShape;

static SETUP: Setup = Setup {
    program: "copilot",
    signs: &[".github/hooks", ".github/copilot-instructions.md"],
    project: ".github/hooks/aitk.json",
    user: UserFile { variable: Some("COPILOT_HOME"), folder: ".copilot", file: "hooks/aitk.json" },
    managed: None,
    shape: Shape::Flat,
    json: Json::Plain,
    hooks: &hooks(["sessionStart", "userPromptSubmitted", "preToolUse", "postToolUse"], 1),
    instructions: "AGENTS.md",
    ignore: None,
    advice: Some("Copilot CLI reads them only when it is started in this folder, and once it trusts it"),
};

/// Whether Copilot started this process, or something else that did.
pub fn is_around(environment: Environment<'_>) -> bool {
    environment("COPILOT_CLI") || environment("COPILOT_PROJECT_DIR")
}

impl Dialect for Copilot {
    fn name(&self) -> &'static str {
        "copilot"
    }

    fn is_spoken_in(&self, event: &Value, environment: Environment<'_>) -> bool {
        match event["hook_event_name"].is_string() {
            // Whoever else runs in Copilot's shell names its transcript.
            true => is_around(environment) && event["transcript_path"].is_null(),
            false => event["sessionId"].is_string() || event["hookEventName"].is_string(),
        }
    }

    fn event(&self, event: &Value) -> Result<Event, String> {
        let text = |fields: &[&str]| {
            fields.iter().find_map(|field| event[*field].as_str()).filter(|text| !text.is_empty())
        };
        let session = text(&["session_id", "sessionId"]).map(str::to_owned);
        let name = text(&["hook_event_name", "hookEventName"]);
        if session.is_none() && name.is_none() {
            return Err("the hook event has neither a name nor a session".into());
        }
        let tool = || {
            let tool = text(&["tool_name", "toolName"]).ok_or("the hook event names no tool")?;
            let input = if event["toolArgs"].is_null() { &event["tool_input"] } else { &event["toolArgs"] };
            // Some versions write the arguments as text.
            let parsed = input.as_str().and_then(|text| serde_json::from_str(text).ok());
            Ok::<_, String>(classify(tool, parsed.as_ref().unwrap_or(input)))
        };
        let moment = match name {
            Some("SessionStart" | "sessionStart") => Moment::SessionStart,
            Some("UserPromptSubmit" | "userPromptSubmitted") => Moment::Prompt,
            Some("PreToolUse" | "preToolUse") => Moment::Tool(tool()?),
            Some("PostToolUse" | "postToolUse") => Moment::ToolDone(tool()?),
            Some(_) => Moment::Other,
            None if event["toolName"].is_string() && event["toolResult"].is_null() => Moment::Tool(tool()?),
            None if event["toolName"].is_string() => Moment::ToolDone(tool()?),
            None if event["prompt"].is_string() => Moment::Prompt,
            None if event["source"].is_string() => Moment::SessionStart,
            None => Moment::Other,
        };
        Ok(Event { moment, session, cwd: text(&["cwd"]).map(PathBuf::from), ..Event::default() })
    }

    fn reply(&self, moment: &Moment, verdict: Verdict) -> Reply {
        let said = |value: Value, stderr: String, blocks| Reply { stdout: value.to_string(), stderr, blocks };
        match verdict {
            Verdict::Pass => Reply { stdout: String::new(), stderr: String::new(), blocks: false },
            Verdict::Tell(text) => said(json!({ "additionalContext": text }), String::new(), false),
            Verdict::Ask(reason) | Verdict::Refuse(reason) => match moment {
                // Nothing stops a session here; the model is told, and the prompt is blocked next.
                Moment::SessionStart => said(json!({ "additionalContext": reason }), reason, false),
                Moment::Prompt => {
                    said(json!({ "decision": "block", "reason": reason }), String::new(), false)
                }
                _ => said(denial(&reason), reason, true),
            },
        }
    }

    fn setup(&self) -> &'static Setup {
        &SETUP
    }
}

impl Dialect for InClaudesShape {
    fn name(&self) -> &'static str {
        Copilot.name()
    }

    fn is_spoken_in(&self, event: &Value, environment: Environment<'_>) -> bool {
        event["hook_event_name"].is_string() && Copilot.is_spoken_in(event, environment)
    }

    fn event(&self, event: &Value) -> Result<Event, String> {
        Copilot.event(event)
    }

    fn reply(&self, moment: &Moment, verdict: Verdict) -> Reply {
        let reply = Copilot.reply(moment, verdict);
        match moment {
            Moment::Tool(_) => Reply { blocks: false, ..reply },
            _ => reply,
        }
    }

    fn setup(&self) -> &'static Setup {
        &SETUP
    }
}

/// A denial in both shapes, and a prompt's: which of them is asked for need not be known.
fn denial(reason: &str) -> Value {
    json!({
        "permissionDecision": "deny",
        "permissionDecisionReason": reason,
        "decision": "block",
        "reason": reason,
        "hookSpecificOutput": {
            "hookEventName": "PreToolUse",
            "permissionDecision": "deny",
            "permissionDecisionReason": reason,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use aitk_shared::guard::Tool;

    const COPILOT: Environment<'static> = &|name| name == "COPILOT_CLI";
    const NOTHING: Environment<'static> = &|_| false;

    #[test]
    fn events_are_told_by_their_fields_where_they_have_no_name() {
        let writes = || Tool::Writes(vec!["/p/a".into()]);
        for (fields, moment) in [
            (json!({"toolName": "Write", "toolArgs": {"path": "/p/a"}}), Moment::Tool(writes())),
            (json!({"toolName": "Write", "toolArgs": "{\"path\":\"/p/a\"}"}), Moment::Tool(writes())),
            (
                json!({"toolName": "Write", "toolArgs": {"path": "/p/a"}, "toolResult": {}}),
                Moment::ToolDone(writes()),
            ),
            (json!({"prompt": "x"}), Moment::Prompt),
            (json!({"source": "new", "initialPrompt": "x"}), Moment::SessionStart),
            (json!({"reason": "complete"}), Moment::Other),
            (
                json!({"hookEventName": "PreToolUse", "tool_name": "Write", "tool_input": {"path": "/p/a"}}),
                Moment::Tool(writes()),
            ),
        ] {
            let mut event = fields;
            event["sessionId"] = "s".into();
            assert!(Copilot.is_spoken_in(&event, NOTHING), "{event}");
            assert_eq!(Copilot.event(&event).unwrap().moment, moment, "{event}");
        }
        assert!(Copilot.event(&json!({})).is_err());
    }

    #[test]
    fn in_claude_codes_shape_only_the_environment_tells_it_and_not_from_whoever_runs_in_its_shell() {
        let mut event = json!({"hook_event_name": "PreToolUse", "session_id": "s", "tool_name": "Read"});
        assert!(Copilot.is_spoken_in(&event, COPILOT) && !Copilot.is_spoken_in(&event, NOTHING));
        event["transcript_path"] = "/t.jsonl".into();
        assert!(!Copilot.is_spoken_in(&event, COPILOT));
    }

    #[test]
    fn a_tool_is_refused_by_json_and_exit_code_and_a_prompt_by_json_alone() {
        let tool = Copilot.reply(&Moment::Tool(Tool::Reads), Verdict::Refuse("no".into()));
        let said: Value = serde_json::from_str(&tool.stdout).unwrap();
        assert_eq!(
            (&said["permissionDecision"], &said["permissionDecisionReason"]),
            (&"deny".into(), &"no".into())
        );
        assert!(tool.blocks && tool.stderr == "no");
        let prompt = Copilot.reply(&Moment::Prompt, Verdict::Refuse("no".into()));
        assert_eq!(prompt.stdout, r#"{"decision":"block","reason":"no"}"#);
        assert!(!prompt.blocks && prompt.stderr.is_empty());
    }
}
