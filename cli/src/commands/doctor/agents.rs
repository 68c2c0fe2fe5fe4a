//! Whether the agents that are used here are stopped: each installed hook is run with events as
//! this agent sends them.

use std::path::Path;
use std::time::Duration;

use super::install::{self, Entry, File, Scope};
use super::probe::{self, Act, Outcome};
use super::{Finding, command, trust};
use crate::agents::setup::{Hook, Shape, Verb};
use crate::agents::{DIALECTS, Dialect};
use crate::app::Context;
use crate::commands::init::found;
use crate::output::shown;

/// A file that is never written: the probes only ask.
const PROBE: &str = "aitk-doctor-probe.md";
/// Less than a guard needs on a busy machine.
const SHORT: Duration = Duration::from_secs(2);
/// Hands the event on standard input to a plugin's hook; what it throws becomes a refusal.
const PLUGIN_PROBE: &str = include_str!("plugin_probe.js");
/// What `init` says to do again.
const AGAIN: &str = "run `aitk init` again, and see its diff with --dry-run";

/// Every agent that has our hooks, or is used here without them.
pub fn examine(context: &Context) -> Vec<Finding> {
    let findings: Vec<_> = DIALECTS.into_iter().flat_map(|dialect| one(context, dialect)).collect();
    match findings.is_empty() {
        true => vec![Finding::warn(
            "hooks",
            "no agent runs aitk here",
            "`aitk init --agent NAME` installs the hooks; `aitk check` in a terminal works without",
        )],
        false => findings,
    }
}

fn one(context: &Context, dialect: &'static dyn Dialect) -> Vec<Finding> {
    let (root, name, setup) = (&context.root, dialect.name(), dialect.setup());
    let files = install::files(root, setup);
    let installed: Vec<_> = files.iter().filter(|file| has_hooks(file, dialect)).collect();
    let broken = files.iter().filter_map(|file| {
        let why = file.settings.as_ref().err()?;
        let fact = format!(
            "{name}: {} cannot be read, so its hooks do not run: {}",
            file.path.display(),
            shown(why)
        );
        Some(Finding::fail("hooks", fact, "mend it, then run `aitk init` again"))
    });
    let mut findings: Vec<_> = broken.collect();
    if installed.is_empty() {
        if findings.is_empty() && found::is_used(setup, root) {
            let fact = format!("{name} is used here, without aitk's hooks");
            findings.push(Finding::warn("hooks", fact, format!("`aitk init --agent {name}` installs them")));
        }
        return findings;
    }
    findings.extend(switched_off(name, &files));
    for file in &installed {
        findings.extend(in_file(context, dialect, file));
    }
    let only_here = installed.iter().all(|file| file.scope == Scope::Project);
    if only_here && !matches!(name, "codex" | "droid") {
        let fact = format!("{name} reads these hooks only when it is started in {}", root.display());
        findings.push(Finding::warn(
            "hooks",
            fact,
            format!("`aitk init --agent {name} --scope user` covers sub-folders"),
        ));
    }
    findings.extend(trust::examine(dialect, root));
    findings
}

fn has_hooks(file: &File, dialect: &dyn Dialect) -> bool {
    let setup = dialect.setup();
    match (&file.settings, setup.shape) {
        (Ok(settings), Shape::Plugin) => settings.as_str().is_some_and(|text| text.contains("aitk")),
        (Ok(settings), shape) => {
            setup.hooks.iter().any(|hook| !install::ours(settings, hook.event, shape).is_empty())
        }
        (Err(_), _) => false,
    }
}

fn switched_off(name: &str, files: &[File]) -> Option<Finding> {
    let off = files.iter().find(|file| file.settings.as_ref().is_ok_and(install::are_off))?;
    let managed = files.iter().any(|file| file.scope == Scope::Managed);
    let fact = format!("{name}: {} switches hooks off", off.path.display());
    let hint = "take that setting out, or install with `--scope managed`, which it does not reach";
    (!managed).then(|| Finding::fail("hooks", fact, hint))
}

/// The hooks in one file: complete, with time enough, and heeded.
fn in_file(context: &Context, dialect: &'static dyn Dialect, file: &File) -> Vec<Finding> {
    let (name, setup) = (dialect.name(), dialect.setup());
    let place = file.path.strip_prefix(&context.root).unwrap_or(&file.path).display().to_string();
    let Ok(settings) = &file.settings else { return Vec::new() };
    let entries = |hook: &Hook| match setup.shape {
        Shape::Plugin => vec![plugin(name, hook, &file.path)],
        shape => install::ours(settings, hook.event, shape),
    };
    let mut findings = Vec::new();
    for hook in setup.hooks {
        let found = entries(hook);
        let Some(entry) = found.first() else {
            let fact = format!("{name}: {place} has no hook of aitk's for {}", hook.event);
            findings.push(match hook.blocks {
                true => Finding::fail("hooks", fact, AGAIN),
                false => Finding::warn("hooks", fact, AGAIN),
            });
            continue;
        };
        let second = per_second(hook);
        if install::patience(entry, second).is_some_and(|patience| patience < SHORT) {
            let unit = if second == 1000 { "milliseconds" } else { "seconds" };
            let fact = format!(
                "{name}: {place} gives {} no more than {} {unit}; a hook that is too late lets the tool run",
                hook.event,
                entry.timeout.unwrap_or_default()
            );
            findings.push(Finding::fail("hooks", fact, AGAIN));
        }
    }
    let guards = setup.hooks.iter().filter(|hook| hook.verb == Verb::Guard && hook.blocks);
    let Some((hook, entry)) =
        guards.filter_map(|hook| Some((hook, entries(hook).into_iter().next()?))).next()
    else {
        return findings;
    };
    for act in [Act::Write, Act::Shell, Act::Mcp] {
        let tool = probe::tool(name, act);
        match install::matches(entry.matcher.as_deref(), tool) {
            Some(true) => findings.extend(stops(context, name, hook, &entry, act, &place)),
            Some(false) => {
                let fact =
                    format!("{name}: the matcher in {place} leaves {tool} out, so {} passes", act.name());
                findings.push(Finding::fail("hooks", fact, AGAIN));
            }
            None => {
                let fact = format!("{name}: the matcher in {place} is more than names; is {tool} in it?");
                findings.push(Finding::warn("hooks", fact, AGAIN));
            }
        }
    }
    findings.extend(passes(context, name, hook, &entry, &place));
    if name == "claude" && file.scope == Scope::Project && found::is_used(copilot().setup(), &context.root) {
        findings.extend(second_reader(context, hook, &entry, &place));
    }
    if findings.iter().all(|finding| finding.status != super::Status::Fail) {
        findings.insert(
            0,
            Finding::ok("hooks", format!("{name}: {place} stops writes to the docs, and nothing else")),
        );
    }
    findings
}

fn per_second(hook: &Hook) -> u32 {
    // Ours are 10 s for a guard and more for a check; only the unit makes them thousands.
    if hook.timeout >= 1000 { 1000 } else { 1 }
}

/// A plugin is called as its agent would, by node where that is there; else what it runs is run.
fn plugin(name: &str, hook: &Hook, file: &Path) -> Entry {
    let timeout = Some(f64::from(hook.timeout));
    if found::on_path("node").is_some() {
        let script = PLUGIN_PROBE.to_owned();
        let args = vec!["--input-type=module".into(), "-e".into(), script, file.display().to_string()];
        return Entry { command: "node".into(), args, matcher: None, timeout };
    }
    let command = format!("aitk {} --agent {name}", hook.verb.as_str());
    Entry { command, args: Vec::new(), matcher: None, timeout }
}

/// What became of a probe of `act` on `path`.
fn tried(context: &Context, agent: &str, hook: &Hook, entry: &Entry, act: Act, path: &Path) -> Outcome {
    let event = probe::event(agent, act, &context.root, &path.to_string_lossy()).to_string();
    let patience = install::patience(entry, per_second(hook));
    match command::run(entry, &context.root, &event, probe::variables(agent), patience) {
        Ok(answer) => probe::outcome(agent, &answer),
        Err(error) => Outcome::Broken(format!("it cannot be started: {error}")),
    }
}

fn stops(
    context: &Context,
    agent: &str,
    hook: &Hook,
    entry: &Entry,
    act: Act,
    place: &str,
) -> Option<Finding> {
    let target = context.config.mirror.join(PROBE);
    let fact = match tried(context, agent, hook, entry, act, &target) {
        Outcome::Stopped => return None,
        Outcome::Passed => format!("{agent}: {} to {} would pass", act.name(), target.display()),
        Outcome::Broken(why) => {
            format!("{agent}: {} to {} is not stopped: {why}", act.name(), target.display())
        }
    };
    let hint = match found::on_path("aitk").is_some() {
        true => format!("the hook in {place} is: {}", shown(&entry.command)),
        false => "aitk is not on the PATH; install it where agents find it".to_owned(),
    };
    Some(Finding::fail("hooks", fact, hint))
}

fn passes(context: &Context, agent: &str, hook: &Hook, entry: &Entry, place: &str) -> Option<Finding> {
    let why = match tried(context, agent, hook, entry, Act::Write, Path::new(PROBE)) {
        Outcome::Passed => return None,
        Outcome::Stopped => "it is stopped".to_owned(),
        Outcome::Broken(why) => why,
    };
    let fact = format!("{agent}: an ordinary write beside the docs does not pass: {why}");
    Some(Finding::fail("hooks", fact, format!("the hook in {place} is: {}", shown(&entry.command))))
}

/// Copilot CLI reads Claude Code's settings as well, drops the arguments of its hooks, and has
/// rules of its own for their answers.
fn second_reader(context: &Context, hook: &Hook, entry: &Entry, place: &str) -> Option<Finding> {
    let bare = Entry { args: Vec::new(), ..entry.clone() };
    let target = context.config.mirror.join(PROBE);
    let why = match tried(context, "copilot", hook, &bare, Act::Write, &target) {
        Outcome::Stopped => return None,
        Outcome::Passed => "a write to the docs would pass".to_owned(),
        Outcome::Broken(why) => why,
    };
    let fact = format!("copilot also reads {place}, and there {why}");
    Some(Finding::fail("hooks", fact, AGAIN))
}

fn copilot() -> &'static dyn Dialect {
    DIALECTS.into_iter().find(|dialect| dialect.name() == "copilot").unwrap_or(DIALECTS[0])
}
