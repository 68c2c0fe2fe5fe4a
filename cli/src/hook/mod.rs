//! The process side of a hook: an event comes in on standard input, a reply goes out.

pub mod below;
mod input;

use std::io;
use std::panic::PanicHookInfo;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use crate::agents::{self, Dialect, Event, Moment, Verdict};
use crate::config::{self, find_root, nearest_root};
use crate::error::{Error, Kind, Result};
use crate::output::{self, Color, Output};

/// Whether this process answers an agent: then even a bug of ours must block.
static ACTIVE: AtomicBool = AtomicBool::new(false);

/// The agent that is answered, as soon as it is known.
static SPOKEN: OnceLock<&'static dyn Dialect> = OnceLock::new();

/// Declares that this process answers an agent.
pub fn begin() {
    ACTIVE.store(true, Ordering::Relaxed);
}

/// Tells of a bug of ours, to an agent as a refusal; the exit code, since an agent goes on after 1.
pub fn panicked(info: &PanicHookInfo<'_>) -> u8 {
    output::panicked(info);
    if !ACTIVE.load(Ordering::Relaxed) {
        return Kind::Failed.exit_code();
    }
    let dialect = SPOKEN.get().copied().unwrap_or_else(|| agents::fallback(&is_set));
    let reply = dialect.reply(&Moment::Other, Verdict::Refuse("a bug in aitk".into()));
    if !reply.stdout.is_empty() {
        self::output().data(&reply.stdout);
    }
    Kind::Blocked.exit_code()
}

fn is_set(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|value| !value.is_empty())
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
        Hook::expect_or(agent, || None)
    }

    /// The same; where standard input is empty, the event may be known from elsewhere.
    pub fn expect_or(
        agent: Option<&str>,
        elsewhere: impl FnOnce() -> Option<std::result::Result<Event, String>>,
    ) -> std::result::Result<Hook, String> {
        begin();
        let dialect = agent.map(agents::named).transpose()?;
        let bytes = input::announced()?;
        match elsewhere().filter(|_| bytes.trim_ascii().is_empty()) {
            Some(event) => {
                let dialect = dialect.unwrap_or_else(|| agents::fallback(&is_set));
                Ok(Hook { dialect, event: event? })
            }
            None => Hook::decode(&bytes, dialect),
        }
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
        let dialect = match dialect {
            Some(named) => agents::heard(named, &value, &is_set),
            None => agents::told_from(&value, &is_set)?,
        };
        let _ = SPOKEN.set(dialect);
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
        if explicit.is_some() {
            return Ok(find_root(&std::env::current_dir()?, explicit));
        }
        Ok(match nearest_root(&cwd) {
            Some(root) => root.to_owned(),
            None => find_root(launch_folder().as_deref().unwrap_or(&cwd), None),
        })
    }

    /// Says the verdict; the error holds nothing but the exit code.
    pub fn reply(&self, verdict: Verdict) -> Result<()> {
        say(self.dialect, &self.event.moment, verdict)
    }
}

/// Refuses whatever was asked: by the agent that was named, or by the most common one.
pub fn refuse(agent: Option<&str>, reason: &str) -> Result<()> {
    let said = SPOKEN.get().copied();
    let named = || agent.and_then(|name| agents::named(name).ok()).filter(|named| named.name() != "claude");
    let dialect = said.or_else(named).unwrap_or_else(|| agents::fallback(&is_set));
    say(dialect, &Moment::Other, Verdict::Refuse(format!("aitk: {reason}")))
}

/// The folder in which the agent was started, where it says so.
pub fn launch_folder() -> Option<PathBuf> {
    let folders = agents::LAUNCH_VARIABLES.iter().filter_map(std::env::var_os).map(PathBuf::from);
    folders.into_iter().find(|folder| folder.is_absolute())
}

/// Whether a repository's settings for its agents name a server: then the environment of a hook
/// is the repository's word, and not the user's. Settings that cannot be read may name any.
pub fn is_led_by_repository(root: &Path) -> bool {
    let folders = [Some(root.to_owned()), launch_folder(), std::env::current_dir().ok()];
    let settings =
        folders.into_iter().flatten().flat_map(|folder| agents::SETTINGS.map(|name| folder.join(name)));
    settings.flat_map(|path| files_of(&path)).any(|path| match std::fs::read(&path) {
        Err(error) => error.kind() != io::ErrorKind::NotFound,
        Ok(bytes) => names_a_server(&path, &bytes),
    })
}

/// The file, or the files in the folder.
fn files_of(path: &Path) -> Vec<PathBuf> {
    match std::fs::read_dir(path) {
        Ok(entries) => entries.flatten().map(|entry| entry.path()).filter(|path| !path.is_dir()).collect(),
        Err(_) => vec![path.to_owned()],
    }
}

/// Whether settings hold the name of the variable anywhere, also spelled with escapes.
fn names_a_server(path: &Path, bytes: &[u8]) -> bool {
    let has = |text: &str| config::URL_VARIABLES.iter().any(|name| text.contains(name));
    let text = String::from_utf8_lossy(bytes);
    let value = match path.extension().and_then(|extension| extension.to_str()) {
        Some("json") => serde_json::from_str::<Value>(&text).ok(),
        Some("toml") => toml::from_str::<Value>(&text).ok(),
        _ => return has(&text),
    };
    value.is_none_or(|value| has(&value.to_string()))
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

    #[test]
    fn settings_that_name_a_server_anywhere_are_noticed() {
        for (name, text, names) in [
            ("settings.json", r#"{"env": {"AITK_URL": "x"}}"#, true),
            ("settings.json", r#"{"hooks": [{"command": "AITK_URL=x aitk check"}]}"#, true),
            ("aitk.json", "{\"env\": {\"\\u0041ITK_URL\": \"x\"}}", true),
            ("settings.json", "{ // AITK is here", true),
            (
                "config.toml",
                "[shell_environment_policy.set]\n\"AI_TOOLKIT_PLATFORM_\\u0055RL\" = 'x'\n",
                true,
            ),
            (".env", "export AITK_URL=x\n", true),
            (".env", "OTHER_URL=x\n", false),
            ("config.toml", "model = 'x'\n", false),
            ("settings.json", r#"{"env": {"OTHER": "x"}}"#, false),
        ] {
            assert_eq!(names_a_server(Path::new(name), text.as_bytes()), names, "{name} {text}");
        }
    }
}
