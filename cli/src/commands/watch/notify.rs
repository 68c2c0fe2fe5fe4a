//! `--notify`: a word on the desktop, by the program that the system has for it.

use std::ffi::OsString;
use std::process::{ExitStatus, Stdio};

use tokio::process::Command;
use tokio::task::JoinHandle;

use crate::error::{Error, Kind, Result};

/// Says things on the desktop, one at a time.
pub struct Notifier {
    /// The way that is under way, and those that came meanwhile.
    running: Option<JoinHandle<std::io::Result<ExitStatus>>>,
    skipped: usize,
}

impl Notifier {
    /// Looks whether this system has a way.
    pub fn new() -> Result<Self> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        match std::env::split_paths(&path).any(|folder| folder.join(PROGRAM).is_file()) {
            true => Ok(Notifier { running: None, skipped: 0 }),
            false => {
                let fact = format!("--notify needs {PROGRAM}, which is not on the PATH");
                Err(Error::new(Kind::Failed, fact)
                    .hint("install it (package libnotify-bin or libnotify), or leave --notify out"))
            }
        }
    }

    /// Says something; what comes while the last is still being said is counted in the next.
    pub fn say(&mut self, title: &str, text: &str) {
        if self.running.as_ref().is_some_and(|running| !running.is_finished()) {
            self.skipped += 1;
            return;
        }
        let more = match std::mem::take(&mut self.skipped) {
            0 => String::new(),
            count => format!(" (and {count} more before)"),
        };
        let mut command = Command::new(PROGRAM);
        command.args(arguments(title, &format!("{text}{more}")));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.running = Some(tokio::spawn(async move { command.status().await }));
    }
}

#[cfg(target_os = "macos")]
const PROGRAM: &str = "osascript";
#[cfg(not(target_os = "macos"))]
const PROGRAM: &str = "notify-send";

/// Texts go as arguments of a fixed script, never as part of it.
#[cfg(target_os = "macos")]
fn arguments(title: &str, text: &str) -> Vec<OsString> {
    let script = "on run argv\ndisplay notification (item 2 of argv) with title (item 1 of argv)\nend run";
    ["-e", script, title, text].map(OsString::from).into()
}

/// Texts stand behind `--`, and the markup that a body may have is taken out of them
/// (Desktop Notifications Specification, "Markup").
#[cfg(not(target_os = "macos"))]
fn arguments(title: &str, text: &str) -> Vec<OsString> {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    ["--app-name=aitk", "--", title, &text].map(OsString::from).into()
}

#[cfg(all(test, not(target_os = "macos")))]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_never_an_option_nor_markup() {
        let arguments = arguments("--help", "<a href=x>&");
        assert_eq!(arguments[1..], ["--", "--help", "&lt;a href=x&gt;&amp;"].map(OsString::from));
    }
}
