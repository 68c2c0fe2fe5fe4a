//! Which agents are used here.

use std::path::{Path, PathBuf};

use crate::agents::{self, DIALECTS, Dialect, Setup};
use crate::config::home;

/// What `--agent` takes beside the agents' names.
pub const GIT: &str = "git";
const ALL: &str = "all";

/// What hooks are installed for.
#[derive(Default)]
pub struct Chosen {
    /// The agents, in our order.
    pub agents: Vec<&'static dyn Dialect>,
    /// Whether git checks commits, for every other tool.
    pub git: bool,
    /// What to tell of the choice.
    pub note: Option<String>,
}

/// Whether `text` is something that hooks can be installed for.
pub fn parse(text: &str) -> Result<String, String> {
    match text {
        GIT | ALL => Ok(text.to_owned()),
        name => agents::named(name)
            .map(|agent| agent.name().to_owned())
            .map_err(|why| format!("{why}, {GIT}, {ALL}")),
    }
}

/// The agents that were named, or else those found in the repository, on `PATH` or in the user's
/// home folder.
pub fn choose(names: &[String], root: &Path) -> Chosen {
    let named = |name: &str| names.iter().any(|given| given == name);
    if !names.is_empty() {
        let agents = DIALECTS.into_iter().filter(|agent| named(ALL) || named(agent.name())).collect();
        return Chosen { agents, git: named(GIT), note: None };
    }
    let agents: Vec<_> = DIALECTS.into_iter().filter(|agent| is_used(agent.setup(), root)).collect();
    match agents.is_empty() {
        false => Chosen { agents, git: false, note: None },
        true => Chosen {
            agents: vec![agents::fallback(&|_| false)],
            git: false,
            note: Some(
                "no agent was found here, so the hooks are Claude Code's; --agent names others".to_owned(),
            ),
        },
    }
}

/// Whether an agent is used in a repository, or at all on this machine.
pub fn is_used(setup: &Setup, root: &Path) -> bool {
    let in_home = || home().is_some_and(|home| home.join(setup.user.folder).is_dir());
    setup.signs.iter().any(|sign| root.join(sign).exists()) || on_path(setup.program).is_some() || in_home()
}

/// The user's own settings of an agent; `None` without a home folder.
pub fn user_settings(setup: &Setup) -> Option<PathBuf> {
    let user = setup.user;
    let set = user.variable.and_then(std::env::var_os).filter(|folder| !folder.is_empty());
    let folder = set.map(PathBuf::from).or_else(|| home().map(|home| home.join(user.folder)));
    folder.map(|folder| folder.join(user.file))
}

/// Where a shell would find a program.
pub fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| is_executable(file))
}

#[cfg(unix)]
fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(file).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(file: &Path) -> bool {
    file.with_extension("exe").is_file()
}
