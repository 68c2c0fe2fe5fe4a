//! Codex CLI. Checked against 0.169.0.
//!
//! It took Claude Code's events over, with exceptions: a session is stopped where it starts by JSON
//! alone (exit 2 is not heeded there), exit 2 with nothing on standard error lets the tool run, and a
//! field that it does not know makes it drop the whole answer. A subagent's task comes as a prompt;
//! nobody is asked anew for it.

use aitk_shared::json::Json;
use serde_json::{Value, json};

use super::claude::{Claude, NAMES, reply_without_ask};
use super::setup::{Shape, UserFile, hooks};
use super::{Dialect, Environment, Event, Moment, Reply, Setup, Verdict};

/// Codex's hooks.
pub struct Codex;

static SETUP: Setup = Setup {
    program: "codex",
    signs: &[".codex"],
    project: ".codex/hooks.json",
    user: UserFile { variable: Some("CODEX_HOME"), folder: ".codex", file: "hooks.json" },
    managed: None,
    shape: Shape::Groups,
    json: Json::Plain,
    hooks: &hooks(NAMES, 1),
    instructions: "AGENTS.md",
    ignore: None,
    advice: Some(
        "Codex skips hooks that you have not trusted, and says nothing: run `codex`, trust the folder, then \
         review them in /hooks, now and whenever they change",
    ),
};

impl Dialect for Codex {
    fn name(&self) -> &'static str {
        "codex"
    }

    fn is_spoken_in(&self, event: &Value, _: Environment<'_>) -> bool {
        let transcript = event["transcript_path"].as_str().unwrap_or_default();
        event["hook_event_name"].is_string()
            && (event["turn_id"].is_string() || transcript.contains("/.codex/sessions/"))
    }

    fn event(&self, event: &Value) -> Result<Event, String> {
        let mut read = Claude.event(event)?;
        if read.moment == Moment::Prompt && event["agent_id"].is_string() {
            read.moment = Moment::Other;
        }
        Ok(read)
    }

    fn reply(&self, moment: &Moment, verdict: Verdict) -> Reply {
        match (moment, verdict) {
            (Moment::SessionStart, Verdict::Refuse(reason) | Verdict::Ask(reason)) => Reply {
                stdout: json!({ "continue": false, "stopReason": reason }).to_string(),
                stderr: String::new(),
                blocks: false,
            },
            (_, verdict) => reply_without_ask(moment, verdict),
        }
    }

    fn setup(&self) -> &'static Setup {
        &SETUP
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_stopped_by_json_and_a_tool_by_exit_2_with_a_reason() {
        let stopped = Codex.reply(&Moment::SessionStart, Verdict::Refuse("locked".into()));
        assert_eq!(stopped.stdout, r#"{"continue":false,"stopReason":"locked"}"#);
        assert!(!stopped.blocks);
        let refused = Codex.reply(&Moment::Prompt, Verdict::Ask("why".into()));
        assert_eq!(refused, Reply { stdout: "".into(), stderr: "why".into(), blocks: true });
    }

    #[test]
    fn a_subagents_task_is_no_persons_prompt() {
        let prompt = json!({"hook_event_name": "UserPromptSubmit", "prompt": "x", "turn_id": "t"});
        assert_eq!(Codex.event(&prompt).unwrap().moment, Moment::Prompt);
        let mut task = prompt;
        task["agent_id"] = "a".into();
        assert_eq!(Codex.event(&task).unwrap().moment, Moment::Other);
    }
}
