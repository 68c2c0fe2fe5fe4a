//! The process side of a hook: an event comes in on standard input, a reply goes out.

mod input;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use crate::agents::{self, Dialect, Event, Moment, Verdict};
use crate::config::{self, PROJECT_FILE, find_root};
use crate::error::{Error, Kind, Result};
use crate::output::{Color, Output};

/// Whether this process answers an agent: then even a bug of ours must block.
static ACTIVE: AtomicBool = AtomicBool::new(false);

/// Declares that this process answers an agent.
pub fn begin() {
    ACTIVE.store(true, Ordering::Relaxed);
}

/// The exit code of a bug: an agent goes on after 1.
pub fn exit_code_of_a_bug() -> i32 {
    if ACTIVE.load(Ordering::Relaxed) { 2 } else { 1 }
}

/// A hook that waits for a reply.
pub struct Hook {
    dialect: &'static dyn Dialect,
    /// What it is about.
    pub event: Event,
}

impl Hook {
    /// Waits for the event of an agent, which may have been named.
    pub fn expect(agent: Option<&str>) -> std::result::Result<Hook, String> {
        begin();
        let dialect = agent.map(agents::named).transpose()?;
        Hook::decode(&input::announced()?, dialect)
    }

    /// Looks whether an agent's event is there, though no agent was named; `None` for a plain run.
    pub fn notice() -> Option<std::result::Result<Hook, String>> {
        let bytes = input::noticed();
        if bytes.as_ref().is_ok_and(|bytes| bytes.trim_ascii().is_empty()) {
            return None;
        }
        begin();
        Some(bytes.and_then(|bytes| Hook::decode(&bytes, None)))
    }

    fn decode(bytes: &[u8], dialect: Option<&'static dyn Dialect>) -> std::result::Result<Hook, String> {
        if bytes.trim_ascii().is_empty() {
            return Err("there is no hook event on standard input".into());
        }
        let value: Value = serde_json::from_slice(bytes)
            .map_err(|error| format!("the hook event on standard input is not whole JSON: {error}"))?;
        let dialect = dialect.map_or_else(|| agents::told_from(&value), Ok)?;
        Ok(Hook { dialect, event: dialect.event(&value)? })
    }

    /// The agent's name.
    pub fn agent(&self) -> &'static str {
        self.dialect.name()
    }

    /// Where the agent works: the event's folder, or this process's.
    pub fn cwd(&self) -> io::Result<PathBuf> {
        match &self.event.cwd {
            Some(cwd) if cwd.is_absolute() => Ok(cwd.clone()),
            _ => std::env::current_dir(),
        }
    }

    /// The project root that the agent works in.
    pub fn root(&self, explicit: Option<&Path>) -> io::Result<PathBuf> {
        let cwd = self.cwd()?;
        let nearest = |start: &Path| {
            start.ancestors().find(|folder| folder.join(PROJECT_FILE).exists()).map(Path::to_owned)
        };
        let launched = launch_folder();
        let from_file = || nearest(&cwd).or_else(|| nearest(launched.as_deref()?));
        Ok(match explicit {
            Some(_) => find_root(&std::env::current_dir()?, explicit),
            None => from_file().unwrap_or_else(|| find_root(launched.as_deref().unwrap_or(&cwd), None)),
        })
    }

    /// Says the verdict; the error holds nothing but the exit code.
    pub fn reply(&self, verdict: Verdict) -> Result<()> {
        say(self.dialect, &self.event.moment, verdict)
    }
}

/// Refuses whatever was asked: by the agent that was named, or by the most common one.
pub fn refuse(agent: Option<&str>, reason: &str) -> Result<()> {
    let dialect = agent.and_then(|name| agents::named(name).ok()).unwrap_or_else(agents::fallback);
    say(dialect, &Moment::Other, Verdict::Refuse(format!("aitk: {reason}")))
}

/// The folder in which the agent was started, where it says so.
pub fn launch_folder() -> Option<PathBuf> {
    std::env::var_os("CLAUDE_PROJECT_DIR").map(PathBuf::from).filter(|folder| folder.is_absolute())
}

/// Whether a repository's settings for its agent name a server: then the environment of a hook
/// is the repository's word, and not the user's. Settings that cannot be read may name any.
pub fn is_led_by_repository(root: &Path) -> bool {
    let folders = [Some(root.to_owned()), launch_folder(), std::env::current_dir().ok()];
    let settings =
        folders.into_iter().flatten().flat_map(|folder| agents::SETTINGS.map(|name| folder.join(name)));
    settings.into_iter().any(|path| match std::fs::read(&path) {
        Err(error) => error.kind() != io::ErrorKind::NotFound,
        Ok(bytes) => serde_json::from_slice::<Value>(&bytes).map_or(true, |settings| {
            config::URL_VARIABLES.iter().any(|name| settings["env"].get(*name).is_some())
        }),
    })
}

/// How agents are talked to: plainly, also where a person wants colours.
pub fn output() -> Output {
    Output::new(false, false, false, Color::Never).unwatched()
}

fn say(dialect: &dyn Dialect, moment: &Moment, verdict: Verdict) -> Result<()> {
    let (reply, out) = (dialect.reply(moment, verdict), output());
    if !reply.stdout.is_empty() {
        out.data(&reply.stdout);
    }
    if !reply.stderr.is_empty() {
        out.note(&reply.stderr);
    }
    if reply.blocks { Err(Error::told(Kind::Blocked)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_event_is_an_error() {
        for bad in ["", " ", "{", "[]", "null", "{}", "{\"hook_event_name\":\"PreToolUse\"", "\u{0}"] {
            assert!(Hook::decode(bad.as_bytes(), None).is_err(), "{bad:?}");
        }
        let good = Hook::decode(br#"{"hook_event_name":"SessionStart","cwd":"/p"}"#, None).ok().unwrap();
        assert_eq!(good.event.moment, Moment::SessionStart);
    }
}
