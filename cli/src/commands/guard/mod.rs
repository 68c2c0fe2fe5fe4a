//! `aitk guard`: the hook before an agent's tool runs. It refuses writes into the mirror, into the
//! project's own docs folder, and into what `.aitk.toml` protects.
//!
//! The event comes on standard input. It decides from local files alone, by where a path really
//! leads: through links, `..`, another case. To allow is to say nothing and exit with 0; to refuse
//! is the reason on standard error and exit 2, also when the event cannot be read. Outside aitk
//! projects everything is allowed.
//!
//! It runs before every tool call, so it is started past the command tree and the runtime, and
//! does nothing that it need not.

mod git;
mod legacy;
mod sites;
mod view;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use aitk_shared::guard::{Place, Refusal, Tool, Verdict as Judgement, judge};

use crate::agents::{Moment, Verdict};
use crate::error::Result;
use crate::hook::{self, Hook};
pub use sites::is_project;
use view::Disk;

/// Refuse an agent's write to the docs (a hook)
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example, in .claude/settings.json:
  {\"hooks\": {\"PreToolUse\": [{\"matcher\": \"*\", \"hooks\": [
    {\"type\": \"command\", \"command\": \"aitk guard --agent claude\", \"timeout\": 10}]}]}}")]
pub struct Args {
    /// The agent that asks; told from its event where not given
    #[arg(long, value_name = "NAME")]
    pub agent: Option<String>,
    /// As git's hook before a commit: refuse what is staged below the docs
    #[arg(long, conflicts_with = "agent")]
    pub git: bool,
}

/// Runs the guard if `args`, the command line, asks for nothing else; `None` for everything else.
pub fn fast_lane(args: &[OsString]) -> Option<ExitCode> {
    let lane = Lane::of(args)?;
    hook::begin();
    let said = match lane {
        Ok(lane) => run(lane.agent.as_deref(), lane.root.as_deref()),
        Err(wrong) => hook::refuse(None, &wrong),
    };
    Some(said.map_or_else(|error| ExitCode::from(error.kind.exit_code()), |()| ExitCode::SUCCESS))
}

/// Judges what is staged.
pub fn run_git() -> Result<()> {
    git::run()
}

/// Reads one event, decides, answers.
pub fn run(agent: Option<&str>, root: Option<&Path>) -> Result<()> {
    match Hook::expect_or(agent, legacy::event) {
        Ok(hook) => answer(&hook, root),
        Err(why) => hook::refuse(agent, &why),
    }
}

/// Answers an event; what is no tool's call passes.
pub fn answer(hook: &Hook, root: Option<&Path>) -> Result<()> {
    let Moment::Tool(tool) = &hook.event.moment else { return hook.reply(Verdict::Pass) };
    hook.reply(match decide(hook, tool, root) {
        Ok(Judgement::Allow) => Verdict::Pass,
        Ok(Judgement::Ask(refusal)) => Verdict::Ask(format!("aitk: {refusal}")),
        Ok(Judgement::Deny(refusal)) => Verdict::Refuse(format!("aitk: {refusal}")),
        Err(error) => Verdict::Refuse(format!("aitk: cannot decide: {error}")),
    })
}

fn decide(hook: &Hook, tool: &Tool, root: Option<&Path>) -> std::io::Result<Judgement> {
    if matches!(tool, Tool::Reads | Tool::Shell { .. }) || *tool == Tool::Unknown(Vec::new()) {
        return Ok(Judgement::Allow);
    }
    let cwd = hook.cwd()?;
    let mut places = Vec::new();
    for path in tool.paths() {
        match Place::find(&at_home(path), &cwd, &Disk) {
            Ok(place) => places.push(place),
            Err(lost) => return Ok(Judgement::Deny(Refusal::Lost(lost))),
        }
    }
    let sites = sites::around(&hook.root(root)?, &cwd, &places);
    // A write without a target is refused where there is something to protect.
    Ok(if sites.is_empty() { Judgement::Allow } else { judge(tool, &places, &sites, &Disk) })
}

/// `~/x` as a shell would read it.
fn at_home(path: &Path) -> PathBuf {
    let home = std::env::var_os("HOME").filter(|home| !home.is_empty());
    match (path.strip_prefix("~"), home) {
        (Ok(rest), Some(home)) => Path::new(&home).join(rest),
        _ => path.to_owned(),
    }
}

/// A command line of the guard.
#[derive(Debug, Default, PartialEq)]
struct Lane {
    agent: Option<String>,
    root: Option<PathBuf>,
}

impl Lane {
    /// `None` where the command is another one, or asks for help; the error is a wrong usage.
    fn of(args: &[OsString]) -> Option<std::result::Result<Lane, String>> {
        let args: Vec<_> = args.iter().skip(1).map(|arg| arg.to_string_lossy()).collect();
        let mut lane = Lane::default();
        let mut is_guard = false;
        let mut wrong = None;
        let mut rest = args.iter();
        while let Some(arg) = rest.next() {
            let (name, inline) = match arg.split_once('=') {
                Some((name, value)) if name.starts_with("--") => (name, Some(value.to_owned())),
                _ => (arg.as_ref(), None),
            };
            let mut value = || inline.clone().or_else(|| rest.next().map(|value| value.clone().into_owned()));
            match name {
                "-h" | "--help" | "-V" | "--version" | "--git" => return None,
                "guard" if !is_guard => is_guard = true,
                "--agent" => lane.agent = value(),
                "--root" => lane.root = value().map(PathBuf::from),
                "--project" | "--url" | "--color" | "--timeout" | "--deadline" | "--retries" => drop(value()),
                "--json" | "--quiet" | "-q" | "--verbose" | "-v" => {}
                other if is_guard => wrong = Some(format!("guard does not know '{other}'")),
                _ => return None,
            }
        }
        is_guard.then(|| wrong.map_or(Ok(lane), Err))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane(line: &str) -> Option<std::result::Result<Lane, String>> {
        Lane::of(&line.split(' ').map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn the_fast_lane_takes_guards_and_nothing_else() {
        let plain = || Some(Ok(Lane::default()));
        let claude = || Some(Ok(Lane { agent: Some("claude".into()), root: None }));
        for (line, expected) in [
            ("aitk guard", plain()),
            ("aitk guard --agent claude", claude()),
            ("aitk guard --agent=claude", claude()),
            ("aitk --json guard --agent claude -q", claude()),
            ("aitk --root /p guard", Some(Ok(Lane { agent: None, root: Some("/p".into()) }))),
            ("aitk --project guard check", None),
            ("aitk check", None),
            ("aitk docs put guard", None),
            ("aitk", None),
            ("aitk guard --help", None),
            ("aitk --version", None),
        ] {
            assert_eq!(lane(line), expected, "{line}");
        }
        for wrong in ["aitk guard --bogus", "aitk guard guard", "aitk guard x"] {
            assert!(matches!(lane(wrong), Some(Err(_))), "{wrong}");
        }
    }
}
