//! A client's process, from its start to its end.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// A session takes seconds; a client that waits for a network that is not there takes longer.
const LIMIT: Duration = Duration::from_secs(120);

/// How a client ended.
pub struct Ended {
    /// `None` where it had to be killed.
    pub status: Option<ExitStatus>,
    /// What it printed.
    pub output: String,
}

impl Ended {
    /// Runs a client to its end.
    pub fn of(command: &mut Command, home: &Path) -> Self {
        let path = home.join("output");
        let output = std::fs::File::create(&path).unwrap();
        let streams = (output.try_clone().unwrap(), output);
        command.stdin(Stdio::null()).stdout(streams.0).stderr(streams.1).process_group(0);
        let mut client = command.spawn().unwrap();
        let until = Instant::now() + LIMIT;
        let mut status = None;
        while status.is_none() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(20));
            status = client.try_wait().unwrap();
        }
        // With everything that it left running.
        let group = rustix::process::Pid::from_raw(i32::try_from(client.id()).unwrap()).unwrap();
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        let _ = client.wait();
        Ended { status, output: String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned() }
    }

    /// Its exit and its last line.
    pub fn said(&self) -> String {
        let status = self.status.map_or_else(|| format!("no end in {LIMIT:?}"), |status| status.to_string());
        let last = self.output.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
        format!("{status}: {last}")
    }
}
