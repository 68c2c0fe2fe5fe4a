//! Runs one command and tells what it took: time, CPU, memory.
//!
//! The standard library does not tell what a child used, so a small Python process starts the
//! children and waits for them (`wait4`). Without Python only the time is measured.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

use serde_json::{Value, json};
use tempfile::TempDir;

/// One JSON document a line in and out.
const STARTER: &str = r#"
import json, os, sys, time
for line in sys.stdin:
    ask = json.loads(line)
    os.chdir(ask["at"])
    said = os.open(ask["said"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    none = os.open("/dev/null", os.O_RDONLY)
    files = [(os.POSIX_SPAWN_DUP2, none, 0), (os.POSIX_SPAWN_DUP2, said, 1), (os.POSIX_SPAWN_DUP2, said, 2)]
    begun = time.perf_counter()
    child = os.posix_spawnp(ask["words"][0], ask["words"], ask["env"], file_actions=files)
    _, status, used = os.wait4(child, 0)
    seconds = time.perf_counter() - begun
    os.close(said)
    os.close(none)
    code = os.waitstatus_to_exitcode(status)
    print(json.dumps([code, seconds, used.ru_utime + used.ru_stime, used.ru_maxrss]), flush=True)
"#;

/// What one run took.
pub struct Sample {
    pub code: i32,
    /// Both of its outputs.
    pub said: String,
    pub seconds: f64,
    pub cpu_seconds: Option<f64>,
    pub rss_kib: Option<f64>,
    /// Bytes up and down.
    pub wire: Option<(u64, u64)>,
}

pub struct Stopwatch {
    starter: Option<Starter>,
    folder: TempDir,
}

struct Starter {
    process: Child,
    asks: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Stopwatch {
    pub fn start() -> Self {
        let starts = Command::new("python3").args(["-c", ""]).status().is_ok_and(|status| status.success());
        Stopwatch { starter: starts.then(Starter::start), folder: tempfile::tempdir().unwrap() }
    }

    /// Whether it measures the time alone.
    pub fn is_plain(&self) -> bool {
        self.starter.is_none()
    }

    /// Runs a command with the variables and the folder that it names, and no others.
    pub fn time(&mut self, command: &Command) -> Sample {
        match &mut self.starter {
            Some(starter) => starter.time(command, &self.folder.path().join("said")),
            None => time_alone(command),
        }
    }
}

impl Starter {
    fn start() -> Self {
        let mut process = Command::new("python3")
            .args(["-S", "-c", STARTER])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (asks, answers) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        Starter { process, asks, answers: BufReader::new(answers) }
    }

    fn time(&mut self, command: &Command, said: &std::path::Path) -> Sample {
        let words: Vec<_> =
            [command.get_program()].into_iter().chain(command.get_args()).map(|word| word.to_str()).collect();
        let env: serde_json::Map<String, Value> = command
            .get_envs()
            .filter_map(|(name, value)| Some((name.to_str()?.to_owned(), value?.to_str()?.into())))
            .collect();
        let ask = json!({"words": words, "env": env, "at": command.get_current_dir(), "said": said});
        writeln!(self.asks, "{ask}").unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        let (code, seconds, cpu, rss): (i32, f64, f64, f64) = serde_json::from_str(&answer).unwrap();
        let said = String::from_utf8_lossy(&std::fs::read(said).unwrap()).into_owned();
        Sample { code, said, seconds, cpu_seconds: Some(cpu), rss_kib: Some(rss), wire: None }
    }
}

impl Drop for Starter {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn time_alone(command: &Command) -> Sample {
    let mut copy = Command::new(command.get_program());
    copy.args(command.get_args()).current_dir(command.get_current_dir().unwrap()).env_clear();
    copy.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let begun = Instant::now();
    let done = copy.stdin(Stdio::null()).output().unwrap();
    let seconds = begun.elapsed().as_secs_f64();
    let said = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
    let code = done.status.code().unwrap_or(-1);
    Sample { code, said, seconds, cpu_seconds: None, rss_kib: None, wire: None }
}
