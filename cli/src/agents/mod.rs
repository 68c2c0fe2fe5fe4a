//! The agents whose hooks run `aitk`: one dialect a file.
//!
//! Pure: the bytes of a hook event come in, a verdict goes out as bytes. Nothing here
//! reads standard input, a file or the clock.

mod claude;

use std::path::PathBuf;

use aitk_shared::guard::Tool;
use serde_json::Value;

/// One agent's way to ask and to be answered.
pub trait Dialect: Sync {
    /// The name that `--agent` takes.
    fn name(&self) -> &'static str;
    /// Whether an event without a name is this agent's.
    fn is_spoken_in(&self, event: &Value) -> bool;
    /// Understands an event; fields and moments that nobody needs are skipped.
    fn event(&self, event: &Value) -> Result<Event, String>;
    /// Says a verdict so that this agent heeds it.
    fn reply(&self, moment: &Moment, verdict: Verdict) -> Reply;
}

/// A hook event.
#[derive(Clone, PartialEq, Debug)]
pub struct Event {
    /// What is about to happen.
    pub moment: Moment,
    /// The agent's session.
    pub session: Option<String>,
    /// The folder that relative paths start from.
    pub cwd: Option<PathBuf>,
}

/// What is about to happen.
#[derive(Clone, PartialEq, Debug)]
pub enum Moment {
    /// A session begins.
    SessionStart,
    /// A person's words go to the model.
    Prompt,
    /// A tool runs.
    Tool(Tool),
    /// A tool has run; it cannot be stopped any more.
    ToolDone(Tool),
    /// Something that neither waits for a verdict nor takes context.
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

/// Where a repository keeps settings that set the environment of its agents' hooks.
pub const SETTINGS: [&str; 2] = [".claude/settings.json", ".claude/settings.local.json"];

/// All dialects, the most common first.
const DIALECTS: [&dyn Dialect; 1] = [&claude::Claude];

/// The dialect called `name`.
pub fn named(name: &str) -> Result<&'static dyn Dialect, String> {
    let known = || DIALECTS.iter().map(|dialect| dialect.name()).collect::<Vec<_>>().join(", ");
    DIALECTS
        .into_iter()
        .find(|dialect| dialect.name() == name)
        .ok_or_else(|| format!("the agent '{name}' is not known; known are: {}", known()))
}

/// The dialect in which `event` is written.
pub fn told_from(event: &Value) -> Result<&'static dyn Dialect, String> {
    DIALECTS
        .into_iter()
        .find(|dialect| dialect.is_spoken_in(event))
        .ok_or_else(|| "the hook event on standard input is of no known agent".to_owned())
}

/// How to refuse somebody whose language is not known yet: most agents understand this one.
pub fn fallback() -> &'static dyn Dialect {
    DIALECTS[0]
}
