//! Gemini CLI. Checked against 0.61.0.
//!
//! Its moments have names of their own. Exit 2 with the reason on standard error blocks, and only
//! with an empty standard output: JSON without `decision` there lets the tool run. Timeouts are
//! in milliseconds.

use aitk_shared::json::Json;
use serde_json::{Value, json};

use super::claude::{context, read, reply_without_ask};
use super::setup::{Shape, UserFile, hooks};
use super::{Dialect, Environment, Event, Moment, Reply, Setup, Verdict};

/// Gemini CLI's hooks.
pub struct Gemini;

/// Its names, in the order of [`super::claude::NAMES`].
const NAMES: [&str; 4] = ["SessionStart", "BeforeAgent", "BeforeTool", "AfterTool"];
/// More moments that no other agent calls so.
const OTHERS: [&str; 4] = ["AfterAgent", "BeforeModel", "AfterModel", "BeforeToolSelection"];

static SETUP: Setup = Setup {
    program: "gemini",
    signs: &[".gemini", "GEMINI.md"],
    project: ".gemini/settings.json",
    user: UserFile { variable: None, folder: ".gemini", file: "settings.json" },
    managed: Some(match cfg!(target_os = "macos") {
        true => "/Library/Application Support/GeminiCli/settings.json",
        false => "/etc/gemini-cli/settings.json",
    }),
    shape: Shape::GroupsWithNames,
    json: Json::Commented,
    hooks: &hooks(NAMES, 1000),
    instructions: "GEMINI.md",
    ignore: Some(".geminiignore"),
    advice: Some("Gemini CLI reads them only when it is started in this folder, and once it trusts it"),
};

impl Dialect for Gemini {
    fn name(&self) -> &'static str {
        "gemini"
    }

    fn is_spoken_in(&self, event: &Value, environment: Environment<'_>) -> bool {
        event["hook_event_name"].as_str().is_some_and(|name| {
            NAMES[1..].contains(&name) || OTHERS.contains(&name) || environment("GEMINI_SESSION_ID")
        })
    }

    fn event(&self, event: &Value) -> Result<Event, String> {
        let name = event["hook_event_name"].as_str().ok_or("the hook event has no hook_event_name")?;
        let known = NAMES.iter().position(|known| *known == name);
        read(known.map_or("", |at| super::claude::NAMES[at]), event)
    }

    fn reply(&self, moment: &Moment, verdict: Verdict) -> Reply {
        match verdict {
            // The model takes no context here; the user can be told.
            Verdict::Tell(text) if matches!(moment, Moment::Tool(_)) => Reply {
                stdout: json!({ "systemMessage": text }).to_string(),
                stderr: String::new(),
                blocks: false,
            },
            Verdict::Tell(text) => {
                let event = match moment {
                    Moment::SessionStart => Some(NAMES[0]),
                    Moment::Prompt => Some(NAMES[1]),
                    Moment::ToolDone(_) => Some(NAMES[3]),
                    _ => None,
                };
                Reply { stdout: context(event, &text), stderr: String::new(), blocks: false }
            }
            verdict => reply_without_ask(moment, verdict),
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

    #[test]
    fn its_own_names_are_understood_and_answered() {
        let tool = json!({"hook_event_name": "BeforeTool", "tool_name": "x", "tool_input": {}});
        assert_eq!(Gemini.event(&tool).unwrap().moment, Moment::Tool(Tool::Unknown(vec![])));
        assert!(Gemini.event(&json!({"hook_event_name": "BeforeTool"})).is_err());
        let odd = json!({"hook_event_name": "PreToolUse", "tool_name": "x"});
        assert_eq!(Gemini.event(&odd).unwrap().moment, Moment::Other);
        let told = Gemini.reply(&Moment::Prompt, Verdict::Tell("x".into()));
        let expected = r#"{"hookSpecificOutput":{"hookEventName":"BeforeAgent","additionalContext":"x"}}"#;
        assert_eq!(told.stdout, expected);
    }

    #[test]
    fn nothing_is_on_standard_output_beside_a_refusal() {
        for moment in [Moment::SessionStart, Moment::Prompt, Moment::Tool(Tool::Reads), Moment::Other] {
            for verdict in [Verdict::Refuse("no".into()), Verdict::Ask("no".into())] {
                let reply = Gemini.reply(&moment, verdict);
                assert_eq!(reply, Reply { stdout: "".into(), stderr: "no".into(), blocks: true });
            }
        }
    }
}
