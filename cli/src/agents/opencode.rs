//! opencode. Checked against 1.18.33.
//!
//! It has no hooks but plugins: ours asks `aitk` in Claude Code's words and throws the reason of a
//! refusal. Context is plain text on standard output, which the plugin hands on.

use aitk_shared::json::Json;
use serde_json::Value;

use super::claude::{Claude, NAMES, reply_without_ask};
use super::setup::{Shape, UserFile, hooks};
use super::{Dialect, Environment, Event, Moment, Reply, Setup, Verdict};

/// opencode's plugin.
pub struct Opencode;

static SETUP: Setup = Setup {
    program: "opencode",
    signs: &[".opencode", "opencode.json", "opencode.jsonc"],
    project: ".opencode/plugin/aitk.js",
    user: UserFile {
        variable: Some("OPENCODE_CONFIG_DIR"),
        folder: ".config/opencode",
        file: "plugin/aitk.js",
    },
    managed: None,
    shape: Shape::Plugin,
    json: Json::Plain,
    hooks: &hooks(NAMES, 1000),
    instructions: "AGENTS.md",
    ignore: None,
    advice: None,
};

impl Dialect for Opencode {
    fn name(&self) -> &'static str {
        "opencode"
    }

    /// Our plugin always says whose it is.
    fn is_spoken_in(&self, _: &Value, _: Environment<'_>) -> bool {
        false
    }

    fn event(&self, event: &Value) -> Result<Event, String> {
        Claude.event(event)
    }

    fn reply(&self, moment: &Moment, verdict: Verdict) -> Reply {
        match verdict {
            Verdict::Tell(text) => Reply { stdout: text, stderr: String::new(), blocks: false },
            verdict => reply_without_ask(moment, verdict),
        }
    }

    fn setup(&self) -> &'static Setup {
        &SETUP
    }
}
