//! The agents whose hooks run `aitk`: one dialect a file.
//!
//! Pure: the bytes of a hook event come in, a verdict goes out as bytes. Nothing here
//! reads standard input, a file, the environment or the clock.

mod claude;
mod codex;
mod copilot;
mod cursor;
mod droid;
mod gemini;
mod opencode;
mod qwen;
pub mod setup;

use std::path::PathBuf;

use aitk_shared::guard::Tool;
use serde_json::Value;

pub use setup::Setup;

/// One agent's way to ask and to be answered.
pub trait Dialect: Sync {
    /// The name that `--agent` takes.
    fn name(&self) -> &'static str;
    /// Whether an event is this agent's, though nobody said so.
    fn is_spoken_in(&self, event: &Value, environment: Environment<'_>) -> bool;
    /// Understands an event; fields and moments that nobody needs are skipped.
    fn event(&self, event: &Value) -> Result<Event, String>;
    /// Says a verdict so that this agent heeds it.
    fn reply(&self, moment: &Moment, verdict: Verdict) -> Reply;
    /// Where its hooks go.
    fn setup(&self) -> &'static Setup;
}

/// Whether a variable is set.
pub type Environment<'a> = &'a dyn Fn(&str) -> bool;

/// A hook event.
#[derive(Clone, Default, PartialEq, Debug)]
pub struct Event {
    /// What is about to happen.
    pub moment: Moment,
    /// The agent's session.
    pub session: Option<String>,
    /// Which of the session's prompts this is about, where the agent asks more than once for one.
    pub prompt: Option<String>,
    /// The folder that relative paths start from.
    pub cwd: Option<PathBuf>,
    /// Whether it works without asking its user.
    pub is_unasked: bool,
}

/// What is about to happen.
#[derive(Clone, Default, PartialEq, Debug)]
pub enum Moment {
    /// A session begins.
    SessionStart,
    /// A person's words go to the model.
    Prompt,
    /// A tool runs.
    Tool(Tool),
    /// A tool has run; it cannot be stopped any more.
    ToolDone(Tool),
    /// The agent's settings in this file changed.
    SettingsChange(PathBuf),
    /// Something that neither waits for a verdict nor takes context.
    #[default]
    Other,
}

/// What `aitk` has to say to a moment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Nothing.
    Pass,
    /// Something that the model should know.
    Tell(String),
    /// A person has to decide, and why; an agent that cannot ask refuses.
    Ask(String),
    /// It must not go on, and why.
    Refuse(String),
}

/// A verdict as a process says it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reply {
    /// Standard output; empty or one line.
    pub stdout: String,
    /// Standard error; empty or the reason.
    pub stderr: String,
    /// Whether the exit code is 2.
    pub blocks: bool,
}

/// Where a repository keeps settings that can set the environment of its agents' hooks; a folder
/// stands for the files in it.
pub const SETTINGS: [&str; 13] = [
    ".claude/settings.json",
    ".claude/settings.local.json",
    ".codex/config.toml",
    ".codex/hooks.json",
    ".cursor/hooks.json",
    ".env",
    ".factory/settings.json",
    ".gemini/.env",
    ".gemini/settings.json",
    ".github/hooks/",
    ".opencode/plugin/",
    ".qwen/.env",
    ".qwen/settings.json",
];

/// The variables in which agents tell their hooks where they were started; several also set those
/// of the agents that they are meant to replace.
pub const LAUNCH_VARIABLES: [&str; 7] = [
    "COPILOT_PROJECT_DIR",
    "CURSOR_PROJECT_DIR",
    "FACTORY_PROJECT_DIR",
    "DROID_PROJECT_DIR",
    "QWEN_PROJECT_DIR",
    "GEMINI_PROJECT_DIR",
    "CLAUDE_PROJECT_DIR",
];

/// All dialects, the most common first.
pub const DIALECTS: [&dyn Dialect; 8] = [
    &claude::Claude,
    &codex::Codex,
    &gemini::Gemini,
    &qwen::Qwen,
    &copilot::Copilot,
    &droid::Droid,
    &opencode::Opencode,
    &cursor::Cursor,
];

/// In the order in which they are told apart: what is special first, what most agents took over last.
const TOLD: [&dyn Dialect; 8] = [
    &cursor::Cursor,
    &copilot::InClaudesShape,
    &copilot::Copilot,
    &qwen::Qwen,
    &gemini::Gemini,
    &droid::Droid,
    &codex::Codex,
    &claude::Claude,
];

/// The dialect called `name`.
pub fn named(name: &str) -> Result<&'static dyn Dialect, String> {
    let known = || DIALECTS.iter().map(|dialect| dialect.name()).collect::<Vec<_>>().join(", ");
    DIALECTS
        .into_iter()
        .find(|dialect| dialect.name() == name)
        .ok_or_else(|| format!("the agent '{name}' is not known; known are: {}", known()))
}

/// The dialect in which `event` is written.
pub fn told_from(event: &Value, environment: Environment<'_>) -> Result<&'static dyn Dialect, String> {
    TOLD.into_iter()
        .find(|dialect| dialect.is_spoken_in(event, environment))
        .ok_or_else(|| "the hook event on standard input is of no known agent".to_owned())
}

/// The dialect to answer `event` in, by somebody whose hook says that it is of `named`: Copilot and
/// VS Code also run the hooks that they find in Claude Code's settings.
pub fn heard(
    named: &'static dyn Dialect,
    event: &Value,
    environment: Environment<'_>,
) -> &'static dyn Dialect {
    let is_copilot = copilot::Copilot.is_spoken_in(event, environment);
    match named.name() {
        "copilot" if event["hook_event_name"].is_string() => &copilot::InClaudesShape,
        "claude" if is_copilot && event["hook_event_name"].is_string() => &copilot::InClaudesShape,
        "claude" if is_copilot => &copilot::Copilot,
        _ => named,
    }
}

/// How to refuse somebody whose language is not known yet: most agents understand this one, and one
/// is known by its environment.
pub fn fallback(environment: Environment<'_>) -> &'static dyn Dialect {
    if copilot::is_around(environment) { &copilot::Copilot } else { &claude::Claude }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn who_asks_is_told_from_the_event_and_then_from_the_environment() {
        let path = |folder: &str| json!({"hook_event_name": "SessionStart", "transcript_path": folder});
        let bare = || json!({"hook_event_name": "SessionStart", "session_id": "s"});
        for (event, variable, agent) in [
            (path("/home/dev/.claude/projects/-p/1.jsonl"), "", "claude"),
            (path("/home/dev/.codex/sessions/2026/1.jsonl"), "CLAUDECODE", "codex"),
            (path("/home/dev/.qwen/projects/-p/1.jsonl"), "", "qwen"),
            (path("/home/dev/.factory/sessions/-p/1.jsonl"), "", "droid"),
            (bare(), "GEMINI_SESSION_ID", "gemini"),
            (bare(), "QWEN_PROJECT_DIR", "qwen"),
            (bare(), "FACTORY_PROJECT_DIR", "droid"),
            (bare(), "COPILOT_CLI", "copilot"),
            (bare(), "", "claude"),
            (json!({"hook_event_name": "BeforeTool"}), "", "gemini"),
            (json!({"hook_event_name": "PreToolUse", "turn_id": "t"}), "", "codex"),
            (json!({"hook_event_name": "preToolUse", "conversation_id": "c"}), "", "cursor"),
            (json!({"sessionId": "s", "toolName": "create"}), "", "copilot"),
        ] {
            let told = told_from(&event, &|name| name == variable).unwrap();
            assert_eq!(told.name(), agent, "{event} {variable}");
        }
        for nobody in [json!({}), json!([]), json!(null), json!({"tool_name": "x"})] {
            assert!(told_from(&nobody, &|_| true).is_err(), "{nobody}");
        }
    }

    #[test]
    fn every_agent_is_known_by_a_name_of_its_own_and_its_hooks_go_to_a_file_of_its_own() {
        for agent in DIALECTS {
            assert_eq!(named(agent.name()).unwrap().name(), agent.name());
            let same = DIALECTS.iter().filter(|other| other.setup().project == agent.setup().project);
            assert_eq!(same.count(), 1, "{}", agent.name());
        }
        assert!(named("nobody").is_err_and(|why| why.contains("claude, codex")));
    }

    #[test]
    fn no_refusal_is_silent_and_nothing_is_ever_allowed_by_name() {
        let moments = [
            Moment::SessionStart,
            Moment::Prompt,
            Moment::Tool(Tool::Reads),
            Moment::ToolDone(Tool::Reads),
            Moment::Other,
        ];
        for agent in DIALECTS {
            for moment in &moments {
                let refused = agent.reply(moment, Verdict::Refuse("why".into()));
                let said = format!("{}{}", refused.stdout, refused.stderr);
                assert!(said.contains("why"), "{} {moment:?}", agent.name());
                assert!(!refused.blocks || !refused.stderr.is_empty(), "{} {moment:?}", agent.name());
                let passed = agent.reply(moment, Verdict::Pass);
                assert_eq!(passed, Reply { stdout: String::new(), stderr: String::new(), blocks: false });
                assert!(!agent.reply(moment, Verdict::Tell("x".into())).blocks, "{}", agent.name());
            }
        }
    }
}
