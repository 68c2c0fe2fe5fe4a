//! `aitk guard`: the hook before an agent's tool runs. It refuses writes into the mirror, into the
//! project's own docs folder, and into what `.aitk.toml` protects; it asks a person before the hooks
//! themselves are changed, and denies what would switch them off.
//!
//! The event comes on standard input. It decides from local files alone, by where a path really
//! leads: through links, `..`, another case. To allow is to say nothing and exit with 0; to refuse
//! is the reason on standard error and exit 2, also when the event cannot be read. Outside aitk
//! projects everything is allowed.
//!
//! While somebody else holds the lock, a session that had no good check writes nothing here; one
//! that began before goes on and is told once, or stops, as the project's `onLock` says. Before such
//! a refusal the server is asked once, for 300 ms, where the last word is older than 10 seconds.
//!
//! What no hook could stop is undone after the fact: after a shell or an unknown tool the docs are
//! compared with what was written, and put back from the cache.
//!
//! It runs before every tool call, so it is started past the command tree and the runtime, and
//! does nothing that it need not.

mod after;
mod git;
mod held;
mod known;
mod legacy;
mod settings_change;
mod sites;
mod view;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use aitk_shared::guard::shell::{Reach, Setting};
use aitk_shared::guard::{Intent, Refusal, Scene, Site, Tool, Verdict as Judgement, judge};

use crate::agents::{Moment, Verdict};
use crate::config::Dirs;
use crate::error::{DONE, Result};
use crate::hook::{self, Hook, below};
use sites::Project;
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
pub fn fast_lane(args: &[OsString]) -> Option<u8> {
    let lane = Lane::of(args)?;
    hook::begin();
    let said = match lane {
        Ok(lane) => run(lane.agent.as_deref(), lane.root.as_deref()),
        Err(wrong) => hook::refuse(None, &wrong),
    };
    Some(said.map_or_else(|error| error.kind.exit_code(), |()| DONE))
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

/// Answers an event; what is neither a tool's call nor a change of settings passes.
pub fn answer(hook: &Hook, root: Option<&Path>) -> Result<()> {
    let verdict = match &hook.event.moment {
        Moment::Tool(tool) => before(hook, tool, root),
        Moment::ToolDone(tool) => after(hook, tool, root),
        Moment::SettingsChange(path) => settings_change::verdict(hook, path, root),
        Moment::SessionStart | Moment::Prompt | Moment::Other => Ok(Verdict::Pass),
    };
    hook.reply(verdict.unwrap_or_else(|error| Verdict::Refuse(format!("aitk: cannot decide: {error}"))))
}

/// Decides whether a tool may run.
fn before(hook: &Hook, tool: &Tool, root: Option<&Path>) -> std::io::Result<Verdict> {
    let (cwd, home) = (hook.cwd()?, home());
    let setting = Setting { cwd: &cwd, home: home.as_deref(), variable: &|name| std::env::var(name).ok() };
    let mut disk = Disk::default();
    let intent = match Intent::of(tool, &setting, &disk) {
        Ok(intent) => intent,
        Err(lost) => {
            let is_here = !sites::roots(&hook.root(root)?, &cwd, &[]).is_empty();
            return Ok(if is_here { refused(&Refusal::Lost(lost), &[]) } else { Verdict::Pass });
        }
    };
    let session_root = hook.root(root)?;
    let mut roots = sites::roots(&session_root, &cwd, &intent.aims);
    if intent.aims.iter().any(|aim| aim.reach == Reach::Tree) {
        // What is taken away may have projects below it.
        roots.extend(below::projects(&session_root));
        roots.sort();
        roots.dedup();
    }
    if roots.is_empty() {
        // A write without a target is refused where there is something to protect.
        return Ok(Verdict::Pass);
    }
    let dirs = Dirs::of_user().ok();
    let data = dirs.as_ref().map(|dirs| dirs.data.clone());
    let mut told: Vec<_> =
        roots.iter().filter_map(|root| after::catch_up(root, data.as_deref()?, &disk)).collect();
    if intent.is_harmless() && !tool.is_opaque() {
        return Ok(said(told));
    }
    if !told.is_empty() {
        // What was repaired is another folder now.
        disk = Disk::default();
    }
    let projects: Vec<_> =
        roots.iter().filter_map(|root| Project::at(root, data.as_deref(), &disk)).collect();
    let sites: Vec<Site> = projects.iter().map(|project| project.site.clone()).collect();
    let ours = ours(dirs);
    let scene = Scene { sites: &sites, cwd: &cwd, home: home.as_deref(), ours: &ours, view: &disk };
    let judgement = match judge(&intent, &scene) {
        // Nobody would be asked about the hooks that hold everything else.
        Judgement::Ask(own @ (Refusal::Own(_) | Refusal::Elsewhere(_))) if hook.event.is_unasked => {
            Judgement::Deny(own)
        }
        judgement => judgement,
    };
    if let Judgement::Deny(refusal) = &judgement {
        return Ok(refused(refusal, &told));
    }
    let session = hook.event.session.as_deref().unwrap_or(hook.agent());
    for project in
        projects.iter().filter(|project| intent.aims.iter().any(|aim| project.site.holds(aim, &disk)))
    {
        let Some(data) = &data else { continue };
        match held::effect(project, session, data) {
            Ok(lines) => told.extend(lines),
            Err(held) => return Ok(refused(&Refusal::Locked(*held), &told)),
        }
    }
    if tool.is_opaque()
        && let Some(data) = &data
    {
        projects.iter().for_each(|project| after::expect(project, data));
    }
    Ok(match judgement {
        Judgement::Ask(refusal) => Verdict::Ask(reason(&refusal, &told)),
        _ => said(told),
    })
}

/// Looks at what a tool did that could do more than its call told.
fn after(hook: &Hook, tool: &Tool, root: Option<&Path>) -> std::io::Result<Verdict> {
    if !tool.is_opaque() {
        return Ok(Verdict::Pass);
    }
    let (cwd, root) = (hook.cwd()?, hook.root(root)?);
    let roots = sites::roots(&root, &cwd, &[]);
    let Ok(dirs) = Dirs::of_user() else { return Ok(Verdict::Pass) };
    Ok(said(roots.iter().filter_map(|root| after::look(root, &dirs.data)).collect()))
}

fn said(told: Vec<String>) -> Verdict {
    if told.is_empty() { Verdict::Pass } else { Verdict::Tell(format!("aitk: {}", told.join(" "))) }
}

fn refused(refusal: &Refusal, told: &[String]) -> Verdict {
    Verdict::Refuse(reason(refusal, told))
}

fn reason(refusal: &Refusal, told: &[String]) -> String {
    let mut text = format!("aitk: {refusal}");
    told.iter().for_each(|line| text.push_str(&format!(" Note: {line}")));
    text
}

/// Our program, and the folders that it keeps for its user.
fn ours(dirs: Option<Dirs>) -> Vec<PathBuf> {
    let folders = dirs.into_iter().flat_map(|dirs| [dirs.config, dirs.data, dirs.cache]);
    folders.chain(std::env::current_exe()).collect()
}

/// The home of the agent's user.
fn home() -> Option<PathBuf> {
    std::env::var_os("HOME").map(PathBuf::from).filter(|home| home.is_absolute())
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
