//! A command that runs as a job of the user's terminal: in a process group of its own, which can be
//! ended as a whole, and which gets the terminal as it would from a shell.
//!
//! What the user types reaches the command alone. Where others may read the terminal along (a pipe
//! connects us with them), the job gets it only once it asks.

use std::fs::File;
use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus};

use nix::sys::signal::SigSet;
use rustix::fs::{FileType, fstat};
use rustix::process::{
    Pid, Signal, WaitOptions, getpgrp, getpid, kill_current_process_group, kill_process, kill_process_group,
    waitpid,
};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr, tcsetpgrp};

use crate::error::{Error, Kind, Result};
use crate::output::shown;
use crate::signals::code_of;

/// A running command.
pub struct Job {
    /// Never waited for through this.
    _child: Child,
    group: Pid,
    terminal: Option<Terminal>,
}

/// What became of a job.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// Nothing.
    None,
    /// It was stopped by this signal.
    Stopped(i32),
    /// It is over, with this exit code.
    Ended(u8),
}

/// The terminal that we were in the foreground of.
struct Terminal {
    tty: File,
    ours: Pid,
    modes: Option<Termios>,
    given: bool,
}

impl Job {
    /// Starts a command.
    pub fn start(command: &mut Command) -> Result<Self> {
        let child = command.process_group(0).spawn().map_err(|error| cannot_run(command, &error))?;
        let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let group = group.ok_or_else(|| Error::new(Kind::Failed, "a process without an id"))?;
        let mut job = Job { _child: child, group, terminal: Terminal::find() };
        if !is_piped() {
            job.give_terminal();
        }
        Ok(job)
    }

    /// Sends a signal to all of it; nothing where it is gone.
    pub fn signal(&self, signal: Signal) {
        let _ = kill_process_group(self.group, signal);
    }

    /// What became of it since the last look.
    pub fn change(&mut self) -> io::Result<Change> {
        let Some((_, status)) = waitpid(Some(self.group), WaitOptions::NOHANG | WaitOptions::UNTRACED)?
        else {
            return Ok(Change::None);
        };
        if let Some(signal) = status.stopping_signal() {
            return Ok(Change::Stopped(signal));
        }
        let status = ExitStatus::from_raw(status.as_raw());
        let killed = status.signal();
        let had_terminal = self.terminal.as_ref().is_some_and(|terminal| terminal.given);
        self.take_terminal(if killed.is_some() { Modes::AsBefore } else { Modes::AsTheyAre });
        if killed == Some(Signal::INT.as_raw()) && had_terminal {
            // Whoever runs us in a script would have been interrupted, too.
            let _ = kill_current_process_group(Signal::INT);
        }
        let code = killed.map_or_else(|| status.code().unwrap_or(1), |signal| code_of(signal).into());
        Ok(Change::Ended(u8::try_from(code).unwrap_or(1)))
    }

    /// Gives a job that was stopped because it wants the terminal what it wants; false where that was not why.
    pub fn satisfy(&mut self, stopped_by: i32) -> bool {
        let wants = [Signal::TTIN.as_raw(), Signal::TTOU.as_raw()].contains(&stopped_by);
        wants && self.give_terminal()
    }

    /// Stops this process as well, as the user's shell expects of a job; returns when it goes on.
    /// False where no terminal's shell could continue us, so that nothing was stopped.
    pub fn stop_along(&mut self) -> bool {
        if self.terminal.is_none() {
            return false;
        }
        self.take_terminal(Modes::AsBefore);
        kill_process(getpid(), Signal::STOP).is_ok()
    }

    /// Lets a stopped job go on: in the foreground where we are there again.
    pub fn go_on(&mut self) {
        self.give_terminal();
        self.signal(Signal::CONT);
    }

    fn give_terminal(&mut self) -> bool {
        let Some(terminal) = &mut self.terminal else { return false };
        // In the background nothing is ours to give.
        if !tcgetpgrp(&terminal.tty).is_ok_and(|now| now == terminal.ours) {
            return false;
        }
        terminal.given = terminal.set(self.group);
        if terminal.given {
            // It may have asked for it before it was there.
            self.signal(Signal::CONT);
        }
        self.terminal.as_ref().is_some_and(|terminal| terminal.given)
    }

    fn take_terminal(&mut self, modes: Modes) {
        let Some(terminal) = self.terminal.as_mut().filter(|terminal| terminal.given) else { return };
        terminal.given = false;
        if tcgetpgrp(&terminal.tty).is_ok_and(|now| now == self.group) {
            terminal.set(terminal.ours);
        }
        if let (Modes::AsBefore, Some(before)) = (modes, &terminal.modes) {
            let _ = tcsetattr(&terminal.tty, OptionalActions::Drain, before);
        }
    }
}

/// Why a command did not start, with the exit code that shells give: 127 where there is no such command,
/// 126 where it cannot be run.
pub fn cannot_run(command: &Command, error: &io::Error) -> Error {
    let name = shown(&command.get_program().to_string_lossy());
    let code = if error.kind() == io::ErrorKind::NotFound { 127 } else { 126 };
    Error::new(Kind::Command(code), format!("cannot run '{name}': {error}"))
}

impl Drop for Job {
    fn drop(&mut self) {
        self.take_terminal(Modes::AsTheyAre);
    }
}

/// How the terminal behaves once a job has left it.
#[derive(Clone, Copy)]
enum Modes {
    AsTheyAre,
    AsBefore,
}

impl Terminal {
    /// The terminal, where this process is in its foreground.
    fn find() -> Option<Terminal> {
        let tty = File::options().read(true).write(true).open("/dev/tty").ok()?;
        let ours = getpgrp();
        let modes = tcgetattr(&tty).ok();
        (tcgetpgrp(&tty).ok()? == ours).then_some(Terminal { tty, ours, modes, given: false })
    }

    /// Puts a process group into the foreground, also while we are in the background.
    fn set(&self, group: Pid) -> bool {
        let mut signals = SigSet::empty();
        signals.add(nix::sys::signal::SIGTTOU);
        // Unblocked it would stop us. What is run gets a mask of its own.
        signals.thread_block().is_ok() && tcsetpgrp(&self.tty, group).is_ok()
    }
}

/// Whether a pipe connects us with programs that the terminal may belong to as much.
fn is_piped() -> bool {
    let kind = |fd: rustix::fd::BorrowedFd<'_>| fstat(fd).map(|stat| FileType::from_raw_mode(stat.st_mode));
    [kind(process_stdin()), kind(rustix::stdio::stdout()), kind(rustix::stdio::stderr())]
        .into_iter()
        .any(|kind| matches!(kind, Ok(FileType::Fifo | FileType::Socket)))
}

fn process_stdin() -> rustix::fd::BorrowedFd<'static> {
    rustix::stdio::stdin()
}
