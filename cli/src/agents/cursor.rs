//! Cursor, from its documentation (<https://cursor.com/docs/agent/hooks>); it was not run.
//!
//! Hooks fail open unless their settings say `failClosed`. A refusal is JSON with exit 0, so that
//! the model reads the reason; what has no documented answer is refused with exit 2.

use std::path::PathBuf;

use aitk_shared::guard::tool::classify;
use aitk_shared::json::Json;
use serde_json::{Value, json};

use super::setup::{Hook, Shape, UserFile, Verb, hooks};
use super::{Dialect, Environment, Event, Moment, Reply, Setup, Verdict};

/// Cursor's hooks.
pub struct Cursor;

static SETUP: Setup = Setup {
    program: "cursor-agent",
    signs: &[".cursor", ".cursorrules"],
    project: ".cursor/hooks.json",
    user: UserFile { variable: None, folder: ".cursor", file: "hooks.json" },
    managed: None,
    shape: Shape::FlatThatFail,
    json: Json::Plain,
    hooks: &{
        let [start, prompt, tool, done] =
            hooks(["sessionStart", "beforeSubmitPrompt", "preToolUse", "postToolUse"], 1);
        [start, prompt, tool, done, before("beforeShellExecution"), before("beforeMCPExecution")]
    },
    instructions: "AGENTS.md",
    ignore: Some(".cursorignore"),
    advice: Some("aitk was never tried with Cursor itself: have an agent write into the docs folder once"),
};

/// A hook before what `event` names.
const fn before(event: &'static str) -> Hook {
    Hook { event, verb: Verb::Guard, timeout: 10, blocks: true }
}

impl Dialect for Cursor {
    fn name(&self) -> &'static str {
        "cursor"
    }

    fn is_spoken_in(&self, event: &Value, _: Environment<'_>) -> bool {
        event["hook_event_name"].is_string()
            && (event["conversation_id"].is_string() || event["workspace_roots"].is_array())
    }

    fn event(&self, event: &Value) -> Result<Event, String> {
        let name = event["hook_event_name"].as_str().ok_or("the hook event has no hook_event_name")?;
        let text = |field: &str| event[field].as_str().filter(|text| !text.is_empty());
        let tool = |server: &str| {
            let tool = text("tool_name").ok_or("the hook event names no tool")?;
            let parsed = event["tool_input"].as_str().and_then(|text| serde_json::from_str(text).ok());
            Ok::<_, String>(classify(
                &format!("{server}{tool}"),
                parsed.as_ref().unwrap_or(&event["tool_input"]),
            ))
        };
        let moment = match name {
            "sessionStart" => Moment::SessionStart,
            "beforeSubmitPrompt" => Moment::Prompt,
            "preToolUse" => Moment::Tool(tool("")?),
            "postToolUse" => Moment::ToolDone(tool("")?),
            "beforeMCPExecution" => Moment::Tool(tool("mcp__cursor__")?),
            "beforeShellExecution" => {
                text("command").ok_or("the hook event names no command")?;
                Moment::Tool(classify("Bash", event))
            }
            _ => Moment::Other,
        };
        let root = || event["workspace_roots"][0].as_str();
        Ok(Event {
            moment,
            session: text("conversation_id").map(str::to_owned),
            cwd: text("cwd").or_else(root).map(PathBuf::from),
            ..Event::default()
        })
    }

    fn reply(&self, moment: &Moment, verdict: Verdict) -> Reply {
        let said = |value: Value| Reply { stdout: value.to_string(), stderr: String::new(), blocks: false };
        match (moment, verdict) {
            (Moment::SessionStart | Moment::ToolDone(_), Verdict::Tell(text)) => {
                said(json!({ "additional_context": text }))
            }
            (_, Verdict::Pass | Verdict::Tell(_)) => {
                Reply { stdout: String::new(), stderr: String::new(), blocks: false }
            }
            (Moment::SessionStart, Verdict::Refuse(reason) | Verdict::Ask(reason)) => {
                said(json!({ "additional_context": reason, "user_message": reason }))
            }
            (Moment::Prompt, Verdict::Refuse(reason) | Verdict::Ask(reason)) => {
                said(json!({ "continue": false, "user_message": reason }))
            }
            (Moment::Tool(_), Verdict::Refuse(reason) | Verdict::Ask(reason)) => {
                said(json!({ "permission": "deny", "user_message": reason, "agent_message": reason }))
            }
            (_, Verdict::Refuse(reason) | Verdict::Ask(reason)) => {
                Reply { stdout: String::new(), stderr: reason, blocks: true }
            }
        }
    }

    fn setup(&self) -> &'static Setup {
        &SETUP
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aitk_shared::guard::Tool;

    fn event(name: &str, fields: Value) -> Event {
        let mut event = fields;
        event["hook_event_name"] = name.into();
        event["conversation_id"] = "c".into();
        event["workspace_roots"] = json!(["/p"]);
        assert!(Cursor.is_spoken_in(&event, &|_| false));
        Cursor.event(&event).unwrap()
    }

    #[test]
    fn documented_events_are_understood() {
        let writes = Moment::Tool(Tool::Writes(vec!["/p/a".into()]));
        assert_eq!(
            event("preToolUse", json!({"tool_name": "Write", "tool_input": {"file_path": "/p/a"}})).moment,
            writes
        );
        let shell = Tool::Shell { script: "rm a".into(), folder: Some("/p/src".into()) };
        let run = event("beforeShellExecution", json!({"command": "rm a", "cwd": "/p/src"}));
        assert_eq!((run.moment, run.cwd), (Moment::Tool(shell), Some("/p/src".into())));
        let server =
            event("beforeMCPExecution", json!({"tool_name": "write", "tool_input": "{\"path\":\"/p/a\"}"}));
        assert_eq!(server.moment, Moment::Tool(Tool::Unknown(vec!["/p/a".into()])));
        let start = event("sessionStart", json!({}));
        assert_eq!((start.moment, start.cwd), (Moment::SessionStart, Some("/p".into())));
    }

    #[test]
    fn a_refusal_is_said_as_the_moment_documents_it() {
        let refuse = || Verdict::Refuse("no".into());
        let said = |moment| serde_json::from_str::<Value>(&Cursor.reply(&moment, refuse()).stdout).unwrap();
        assert_eq!(said(Moment::Tool(Tool::Reads))["permission"], "deny");
        assert_eq!(said(Moment::Prompt)["continue"], false);
        assert!(Cursor.reply(&Moment::Other, refuse()).blocks);
    }
}
