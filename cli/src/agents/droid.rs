//! Factory droid. Checked against 0.225.2.
//!
//! It took Claude Code's events over. A session is never stopped where it starts, and `droid exec`
//! tells of no prompts: there the guard is what refuses.

use aitk_shared::json::Json;
use serde_json::Value;

use super::claude::{Claude, NAMES, reply_without_ask};
use super::setup::{Shape, UserFile, hooks};
use super::{Dialect, Environment, Event, Moment, Reply, Setup, Verdict};

/// droid's hooks.
pub struct Droid;

static SETUP: Setup = Setup {
    program: "droid",
    signs: &[".factory"],
    project: ".factory/settings.json",
    user: UserFile { variable: None, folder: ".factory", file: "settings.json" },
    managed: None,
    shape: Shape::Groups,
    json: Json::Commented,
    hooks: &hooks(NAMES, 1),
    instructions: "AGENTS.md",
    ignore: None,
    advice: None,
};

impl Dialect for Droid {
    fn name(&self) -> &'static str {
        "droid"
    }

    fn is_spoken_in(&self, event: &Value, environment: Environment<'_>) -> bool {
        let transcript = event["transcript_path"].as_str().unwrap_or_default();
        event["hook_event_name"].is_string()
            && (transcript.contains("/.factory/") || environment("FACTORY_PROJECT_DIR"))
    }

    fn event(&self, event: &Value) -> Result<Event, String> {
        Claude.event(event)
    }

    fn reply(&self, moment: &Moment, verdict: Verdict) -> Reply {
        reply_without_ask(moment, verdict)
    }

    fn setup(&self) -> &'static Setup {
        &SETUP
    }
}
