//! Where an agent reads its hooks from, and which of them are ours. Data, nothing else.

use aitk_shared::json::Json;

/// What `aitk init` has to know of an agent.
#[derive(Debug)]
pub struct Setup {
    /// The agent's program.
    pub program: &'static str,
    /// Files and folders of a repository that tell that the agent is used there.
    pub signs: &'static [&'static str],
    /// The settings that the repository brings along, relative to its root.
    pub project: &'static str,
    /// The user's own settings.
    pub user: UserFile,
    /// The settings that neither users nor repositories can switch off; absolute.
    pub managed: Option<&'static str>,
    /// How hooks are written there.
    pub shape: Shape,
    /// What the agent takes for JSON there.
    pub json: Json,
    /// Our hooks.
    pub hooks: &'static [Hook],
    /// The file that tells the agent of the project, relative to the root.
    pub instructions: &'static str,
    /// The agent's own ignore file, where its search heeds one.
    pub ignore: Option<&'static str>,
    /// What is left for people to do.
    pub advice: Option<&'static str>,
}

/// A settings file of the user's.
#[derive(Clone, Copy, Debug)]
pub struct UserFile {
    /// Names the folder, where it is set.
    pub variable: Option<&'static str>,
    /// The folder otherwise, below the home folder.
    pub folder: &'static str,
    /// The file in it.
    pub file: &'static str,
}

/// How hooks are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shape {
    /// `{"hooks": {EVENT: [{"matcher", "hooks": [{"type", "command", "timeout"}]}]}}`, which most
    /// agents took over from Claude Code.
    Groups,
    /// The same, and each hook with a `name`, by which the user is told of it.
    GroupsWithNames,
    /// The same without names, but with `onFailure` and `permissions.deny`.
    GroupsThatFail,
    /// `{"version": 1, "hooks": {EVENT: [{"type", "bash", "timeoutSec"}]}}`.
    Flat,
    /// `{"version": 1, "hooks": {EVENT: [{"command", "timeout", "failClosed"}]}}`.
    FlatThatFail,
    /// A JavaScript module.
    Plugin,
}

/// One hook.
#[derive(Debug)]
pub struct Hook {
    /// The agent's name of the moment.
    pub event: &'static str,
    /// What runs.
    pub verb: Verb,
    /// After which the agent gives up, in the agent's unit.
    pub timeout: u32,
    /// Whether the agent can be stopped here.
    pub blocks: bool,
}

/// The commands that run as hooks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verb {
    /// `aitk check`.
    Check,
    /// `aitk guard`.
    Guard,
}

impl Verb {
    /// The subcommand.
    pub fn as_str(self) -> &'static str {
        match self {
            Verb::Check => "check",
            Verb::Guard => "guard",
        }
    }
}

/// The hooks of an agent with these names for its moments, and so many units of time in a second.
pub const fn hooks(names: [&'static str; 4], second: u32) -> [Hook; 4] {
    let [start, prompt, tool, done] = names;
    [
        Hook { event: start, verb: Verb::Check, timeout: 60 * second, blocks: false },
        Hook { event: prompt, verb: Verb::Check, timeout: 30 * second, blocks: true },
        Hook { event: tool, verb: Verb::Guard, timeout: 10 * second, blocks: true },
        Hook { event: done, verb: Verb::Guard, timeout: 10 * second, blocks: false },
    ]
}
