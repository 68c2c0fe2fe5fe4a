//! `--exec`: a command of the user's, run once an event, one after the other.

use std::collections::VecDeque;
use std::process::{ExitStatus, Stdio};

use aitk_shared::event::Event;
use aitk_shared::limits;
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::error::{Error, Kind, Result};

/// Events that may wait for the command; further ones are not taken from the server before.
const WAITING: usize = 256;

/// The command, and the events that wait for it.
pub struct Exec {
    command: String,
    /// Where the command prints: beside the events, or out of their way.
    stdout: Talk,
    waiting: VecDeque<(Box<Event>, Value)>,
    running: Option<(Child, String)>,
}

/// Where a command's standard output goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Talk {
    /// To ours.
    Stdout,
    /// To our standard error: ours is for events alone.
    Stderr,
}

impl Exec {
    /// Has `command` run by the shell.
    pub fn new(command: String, stdout: Talk) -> Self {
        Exec { command, stdout, waiting: VecDeque::new(), running: None }
    }

    /// Whether another event may come.
    pub fn has_room(&self) -> bool {
        self.waiting.len() < WAITING
    }

    /// Whether events are still to be dealt with.
    pub fn is_busy(&self) -> bool {
        self.running.is_some() || !self.waiting.is_empty()
    }

    /// Lines an event up.
    pub fn push(&mut self, event: Box<Event>, raw: Value) {
        self.waiting.push_back((event, raw));
    }

    /// Runs the command for one event; returns what to tell of a run that failed. What is under way
    /// goes on when this is dropped and asked again.
    pub async fn run(&mut self) -> Result<Option<String>> {
        if self.running.is_none() {
            let Some((event, raw)) = self.waiting.pop_front() else { return Ok(None) };
            self.running = Some((self.start(&event, &raw)?, event.kind.clone()));
        }
        let Some((child, kind)) = &mut self.running else { return Ok(None) };
        let status = child.wait().await?;
        let told = (!status.success()).then(|| format!("the command for {kind} {}", ended(status)));
        self.running = None;
        Ok(told)
    }

    fn start(&self, event: &Event, raw: &Value) -> Result<Child> {
        let mut command = Command::new("sh");
        command.arg("-c").arg(&self.command).stdin(Stdio::piped());
        command.env("AITK_EVENT_TYPE", &event.kind).env("AITK_EVENT_ROOM", event.room.as_str());
        match event.offset {
            Some(offset) => command.env("AITK_EVENT_OFFSET", offset.to_string()),
            None => command.env_remove("AITK_EVENT_OFFSET"),
        };
        if self.stdout == Talk::Stderr {
            command.stdout(std::io::stderr());
        }
        // A group of its own: Ctrl-C reaches us alone, and we end all of it.
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command.kill_on_drop(true).spawn().map_err(|error| {
            Error::new(Kind::Failed, format!("cannot run sh for --exec: {error}")).source(error)
        })?;
        if let Some(mut stdin) = child.stdin.take() {
            let line = format!("{raw}\n");
            // A command need not read all of it, or anything.
            tokio::spawn(async move { stdin.write_all(line.as_bytes()).await });
        }
        Ok(child)
    }

    /// Asks a running command to end, and waits for that.
    pub async fn end(mut self) {
        let Some((mut child, _)) = self.running.take() else { return };
        terminate(&child);
        if timeout(limits::COMMAND_END, child.wait()).await.is_err() {
            let _ = child.kill().await;
        }
    }
}

fn ended(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("failed with {code}"),
        None => format!("was ended: {status}"),
    }
}

#[cfg(unix)]
fn terminate(child: &Child) {
    use rustix::process::{Pid, Signal, kill_process_group};
    let id = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    if let Some(id) = id {
        let _ = kill_process_group(id, Signal::TERM);
    }
}

#[cfg(not(unix))]
fn terminate(_: &Child) {}
