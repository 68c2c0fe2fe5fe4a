//! Runs a hook as its agent would: in a shell, with the event on standard input, and not for ever.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use super::install::Entry;

/// Longer than any agent waits by default for a guard.
const LONGEST: Duration = Duration::from_secs(10);

/// What a hook answered.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Answer {
    /// The exit code; `None` after a signal, or where it did not end in time.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// How long it took.
    pub took: Duration,
    /// Whether it was given up.
    pub timed_out: bool,
}

/// Runs `entry` in `root` with `event`, and `variables` as the agent sets them.
pub fn run(
    entry: &Entry,
    root: &Path,
    event: &str,
    variables: &[(&str, &str)],
    patience: Option<Duration>,
) -> std::io::Result<Answer> {
    let mut command = match entry.args.is_empty() {
        true => shell(&entry.command),
        false => {
            let mut command = Command::new(&entry.command);
            command.args(&entry.args);
            command
        }
    };
    command.current_dir(root).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for (name, value) in variables {
        command.env(name, if value.is_empty() { root.as_os_str() } else { value.as_ref() });
    }
    let begun = Instant::now();
    let mut child = command.spawn()?;
    let (stdout, stderr) = (follow(child.stdout.take()), follow(child.stderr.take()));
    if let Some(mut stdin) = child.stdin.take() {
        // Whoever does not read it answers all the same.
        let _ = stdin.write_all(event.as_bytes());
    }
    let until = begun + patience.unwrap_or(LONGEST).min(LONGEST);
    let ended = wait(&mut child, until)?;
    let left = || until.saturating_duration_since(Instant::now()) + Duration::from_millis(100);
    Ok(Answer {
        code: ended.and_then(|status| status.code()),
        stdout: stdout.recv_timeout(left()).unwrap_or_default(),
        stderr: stderr.recv_timeout(left()).unwrap_or_default(),
        took: begun.elapsed(),
        timed_out: ended.is_none(),
    })
}

fn shell(script: &str) -> Command {
    let (program, flag) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
    let mut command = Command::new(program);
    command.arg(flag).arg(script);
    command
}

fn follow(stream: Option<impl Read + Send + 'static>) -> std::sync::mpsc::Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut stream) = stream {
            let _ = stream.read_to_end(&mut bytes);
        }
        let _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    receiver
}

/// The end of a process; one that outlasts `until` is ended, and is `None`.
fn wait(child: &mut Child, until: Instant) -> std::io::Result<Option<std::process::ExitStatus>> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= until {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
