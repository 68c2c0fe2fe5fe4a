//! Qwen Code. Checked against 0.24.4.
//!
//! It took Claude Code's events over. `UserPromptSubmit` comes before every turn of the model, not
//! only before a person's words. A timeout is in seconds where it is small.

use aitk_shared::json::Json;
use serde_json::Value;

use super::claude::{Claude, NAMES, reply_without_ask};
use super::setup::{Shape, UserFile, hooks};
use super::{Dialect, Environment, Event, Moment, Reply, Setup, Verdict};

/// Qwen Code's hooks.
pub struct Qwen;

static SETUP: Setup = Setup {
    program: "qwen",
    signs: &[".qwen", "QWEN.md"],
    project: ".qwen/settings.json",
    user: UserFile { variable: None, folder: ".qwen", file: "settings.json" },
    managed: None,
    shape: Shape::Groups,
    json: Json::Commented,
    hooks: &hooks(NAMES, 1),
    instructions: "QWEN.md",
    ignore: Some(".qwenignore"),
    advice: Some("Qwen Code reads them only when it is started in this folder"),
};

impl Dialect for Qwen {
    fn name(&self) -> &'static str {
        "qwen"
    }

    fn is_spoken_in(&self, event: &Value, environment: Environment<'_>) -> bool {
        let transcript = event["transcript_path"].as_str().unwrap_or_default();
        event["hook_event_name"].is_string()
            && (transcript.contains("/.qwen/") || environment("QWEN_PROJECT_DIR"))
    }

    fn event(&self, event: &Value) -> Result<Event, String> {
        let prompt = event["prompt_id"].as_str().filter(|prompt| !prompt.is_empty());
        Ok(Event { prompt: prompt.map(str::to_owned), ..Claude.event(event)? })
    }

    fn reply(&self, moment: &Moment, verdict: Verdict) -> Reply {
        reply_without_ask(moment, verdict)
    }

    fn setup(&self) -> &'static Setup {
        &SETUP
    }
}
