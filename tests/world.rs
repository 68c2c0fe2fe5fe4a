//! The world of a scenario: a real `aitk-server` process, people with private homes
//! who run the real `aitk`, and their git repositories. Nothing in it is a mock.

#![allow(clippy::unwrap_used, missing_docs)]

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use reqwest::blocking::Client;
use serde_json::{Value, json};
use tempfile::TempDir;

#[path = "world/docs.rs"]
pub mod docs;
#[path = "world/remote.rs"]
pub mod remote;
#[path = "world/replay.rs"]
mod replay;
#[path = "world/scene.rs"]
mod scene;
#[path = "world/stand_in.rs"]
pub mod stand_in;

pub use docs::{Docs, docs};
pub use remote::Remote;
pub use replay::Replay;
pub use scene::{Scene, base64};
pub use stand_in::{Reply, Request, StandIn};

/// Nothing in a scenario takes nearly so long.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A binary of this workspace, as the same `cargo test --workspace` built it.
pub fn binary(name: &str) -> PathBuf {
    let here = std::env::current_exe().unwrap();
    let file = here
        .parent()
        .and_then(Path::parent)
        .unwrap()
        .join(name)
        .with_extension(std::env::consts::EXE_EXTENSION);
    assert!(file.exists(), "{} is not built: run `cargo test --workspace`", file.display());
    file
}

/// A server process in a folder of its own.
pub struct Platform {
    process: Option<Child>,
    dir: TempDir,
    flags: &'static [&'static str],
    pub url: String,
    pub admin_key: String,
}

impl Platform {
    pub fn start() -> Self {
        Platform::start_with(&[])
    }

    /// A server with settings of its own, also when it is started again.
    pub fn start_with(flags: &'static [&'static str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (process, lines) = spawn_server(&dir, "127.0.0.1:0", flags);
        let admin_key = lines.iter().find_map(|line| line.strip_prefix("admin key: ")).unwrap().to_owned();
        let url = address_in(&lines);
        Platform { process: Some(process), dir, flags, url, admin_key }
    }

    /// The server's folder.
    pub fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// What the server wrote into its log.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("log")).unwrap()
    }

    /// What the server has in memory, in bytes, as Linux counts it (`proc_pid_status(5)`, `VmRSS`).
    pub fn memory(&self) -> Option<u64> {
        let id = self.process.as_ref()?.id();
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
    }

    /// Ends the server as a power cut would.
    pub fn kill(&mut self) {
        let mut process = self.process.take().unwrap();
        process.kill().unwrap();
        process.wait().unwrap();
    }

    /// Asks the server to end; returns its exit code.
    pub fn terminate(&mut self) -> Option<i32> {
        let mut process = self.process.take().unwrap();
        signal(&process);
        process.wait().unwrap().code()
    }

    /// Starts the server again, at the same address.
    pub fn start_again(&mut self) {
        let address = self.url.strip_prefix("http://").unwrap().to_owned();
        let (process, lines) = spawn_server(&self.dir, &address, self.flags);
        assert_eq!(address_in(&lines), self.url);
        assert!(!lines.iter().any(|line| line.starts_with("admin key")), "an admin key is shown once");
        self.process = Some(process);
    }

    /// Waits for the first event of a type after an offset in a project's room.
    #[track_caller]
    pub fn event(&self, project: &str, since: u64, kind: &str) -> Value {
        let until = Instant::now() + PATIENCE;
        let mut since = since;
        while Instant::now() < until {
            let page = format!("/api/rooms/project:{project}/events?since={since}&wait=5");
            let page = self.call("GET", &page, None);
            for event in page["events"].as_array().unwrap() {
                if event["type"] == kind {
                    return event.clone();
                }
                since = event["offset"].as_u64().unwrap();
            }
        }
        panic!("no {kind} in time: {}", self.call("GET", &format!("/api/projects/{project}"), None));
    }

    /// The offset of the last event in a project's room.
    pub fn head(&self, project: &str) -> u64 {
        self.call("GET", &format!("/api/rooms/project:{project}/events?limit=1"), None)["offset"]
            .as_u64()
            .unwrap()
    }

    /// Makes a project; returns its id.
    pub fn project(&self, name: &str) -> String {
        let made = self.call("POST", "/api/projects", Some(json!({"name": name})));
        made["id"].as_str().unwrap().to_owned()
    }

    /// Makes a key of one project.
    pub fn key(&self, project: &str, role: &str, name: &str) -> String {
        let path = format!("/api/projects/{project}/keys");
        let made = self.call("POST", &path, Some(json!({"name": name, "role": role})));
        made["key"].as_str().unwrap().to_owned()
    }

    /// Speaks to the server as admin; the answer must be a success.
    pub fn call(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let request = http().request(method.parse().unwrap(), format!("{}{path}", self.url));
        let request = request.header("x-api-key", &self.admin_key);
        let answer = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let answer = answer.send().unwrap();
        let (status, text) = (answer.status(), answer.text().unwrap());
        assert!(status.is_success(), "{method} {path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// What scenarios speak HTTP with themselves. No connection is kept: servers come and go.
pub fn http() -> &'static Client {
    static HTTP: OnceLock<Client> = OnceLock::new();
    HTTP.get_or_init(|| Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap())
}

fn spawn_server(dir: &TempDir, listen: &str, flags: &[&str]) -> (Child, Vec<String>) {
    let log = File::options().create(true).append(true).open(dir.path().join("log")).unwrap();
    let mut process = Command::new(binary("aitk-server"))
        .args(["--listen", listen, "--data"])
        .arg(dir.path().join("data"))
        .args(flags)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .unwrap();
    let mut lines = Vec::new();
    for line in BufReader::new(process.stdout.take().unwrap()).lines() {
        lines.push(line.unwrap());
        if lines.last().is_some_and(|line| line.contains("listening on")) {
            return (process, lines);
        }
    }
    let _ = process.wait();
    panic!("the server ended: {}", std::fs::read_to_string(dir.path().join("log")).unwrap());
}

fn address_in(lines: &[String]) -> String {
    lines.last().and_then(|line| line.split("listening on ").nth(1)).unwrap().to_owned()
}

/// Asks a process to end.
pub fn signal(process: &Child) {
    let id = i32::try_from(process.id()).unwrap();
    rustix::process::kill_process(rustix::process::Pid::from_raw(id).unwrap(), rustix::process::Signal::TERM)
        .unwrap();
}

/// Somebody with a home of their own, at work in one folder.
pub struct Person {
    home: TempDir,
    pub at: PathBuf,
    env: Vec<(String, String)>,
}

impl Person {
    /// Somebody in a fresh git repository.
    pub fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let at = home.path().join("repo");
        std::fs::create_dir(&at).unwrap();
        let person = Person { home, at, env: Vec::new() };
        person.git(&["init", "-q", "-b", "main"]);
        person
    }

    /// Somebody whose repository belongs to a project, and who is logged in with a key.
    pub fn of(platform: &Platform, project: &str, key: &str) -> Self {
        Person::at(&platform.url, project, key)
    }

    /// The same, where the platform is reached at another address.
    pub fn at(url: &str, project: &str, key: &str) -> Self {
        let person = Person::new();
        person.feed(&["login", url], key).expect(0);
        person.write(".aitk.toml", format!("url = \"{url}\"\nproject = \"{project}\"\n"));
        person
    }

    /// Sets a variable for everything that this person runs from now on.
    pub fn set(&mut self, name: &str, value: &str) {
        self.env.push((name.into(), value.into()));
    }

    /// Has `aitk` on the `PATH`, where hooks look for it.
    pub fn find_aitk(&mut self) {
        let path = std::env::var("PATH").unwrap();
        let folder = binary("aitk").parent().unwrap().display().to_string();
        self.set("PATH", &format!("{folder}:{path}"));
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.at.join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let file = self.file(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, content).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.file(name)).unwrap()
    }

    pub fn git(&self, arguments: &[&str]) -> String {
        let done = self.command("git").args(arguments).output().unwrap();
        assert!(done.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap()
    }

    /// Runs `aitk`, without anything on its input.
    pub fn aitk(&self, arguments: &[&str]) -> Done {
        self.run(self.command(binary("aitk")).args(arguments).stdin(Stdio::null()), None)
    }

    /// Runs `aitk` with a text on its input.
    pub fn feed(&self, arguments: &[&str], input: impl AsRef<[u8]>) -> Done {
        self.run(self.command(binary("aitk")).args(arguments).stdin(Stdio::piped()), Some(input.as_ref()))
    }

    /// Starts `aitk` and reads along what it prints.
    pub fn start(&self, arguments: &[&str]) -> Running {
        let mut process = self
            .command(binary("aitk"))
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let out = follow(process.stdout.take().unwrap());
        let err = follow(process.stderr.take().unwrap());
        Running { process, out, err }
    }

    /// A command in this person's home and folder, with no other setting of this machine.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let home = self.home.path();
        let mut command = Command::new(program);
        command.current_dir(&self.at).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", home);
        command
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_AUTHOR_NAME", "t")
            .env("GIT_AUTHOR_EMAIL", "t@t.invalid");
        command.env("GIT_COMMITTER_NAME", "t").env("GIT_COMMITTER_EMAIL", "t@t.invalid");
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }

    /// The same with an `/etc` of this person's own, in which they are root; `None` where this machine has no
    /// namespaces for users (`user_namespaces(7)`).
    pub fn as_administrator(&self, program: impl AsRef<std::ffi::OsStr>) -> Option<Command> {
        let etc = self.home().join("etc");
        if !etc.exists() {
            let works =
                Command::new("unshare").args(["-rm", "true"]).status().is_ok_and(|status| status.success());
            if !works {
                return None;
            }
            std::fs::create_dir(&etc).unwrap();
            for name in ["passwd", "group", "hosts", "nsswitch.conf", "ld.so.cache"] {
                let _ = std::fs::copy(Path::new("/etc").join(name), etc.join(name));
            }
        }
        let mut command = self.command("unshare");
        let script = "mount --bind \"$HOME/etc\" /etc && exec \"$0\" \"$@\"";
        command.args(["-rm", "sh", "-c", script]).arg(program);
        Some(command)
    }

    /// Runs a command to its end.
    pub fn done(&self, command: &mut Command) -> Done {
        self.run(command.stdin(Stdio::null()), None)
    }

    fn run(&self, command: &mut Command, input: Option<&[u8]>) -> Done {
        let words: Vec<_> = command.get_args().map(|word| word.to_string_lossy().into_owned()).collect();
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        if let Some(input) = input {
            // The program may end without reading all of it.
            let _ = process.stdin.take().unwrap().write_all(input);
        }
        let output = process.wait_with_output().unwrap();
        Done {
            what: format!("aitk {}", words.join(" ")),
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Default for Person {
    fn default() -> Self {
        Person::new()
    }
}

/// What a command came to.
#[derive(Debug)]
pub struct Done {
    pub what: String,
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Done {
    /// The same, if the exit code is the expected one.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }

    /// Standard output as the one JSON document that it must be.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }

    /// Standard error holds every one of these words.
    #[track_caller]
    pub fn says(self, words: &[&str]) -> Self {
        for word in words {
            assert!(self.err.contains(word), "no {word:?}: {self:#?}");
        }
        self
    }
}

/// A command that goes on.
pub struct Running {
    pub process: Child,
    out: Receiver<String>,
    err: Receiver<String>,
}

impl Running {
    /// The next line of standard output.
    #[track_caller]
    pub fn line(&self) -> String {
        self.out.recv_timeout(PATIENCE).expect("a line in time")
    }

    /// The first line of standard error that holds `word`.
    #[track_caller]
    pub fn wait_for(&self, word: &str) -> String {
        let until = Instant::now() + PATIENCE;
        let mut seen = Vec::new();
        loop {
            match self.err.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(line) if line.contains(word) => return line,
                Ok(line) => seen.push(line),
                Err(_) => panic!("no {word:?} in {seen:?}"),
            }
        }
    }

    /// Waits for the end; returns the exit code.
    pub fn end(mut self) -> Option<i32> {
        self.process.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn follow(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines() {
            if line.map(|line| sender.send(line)).is_err() {
                return;
            }
        }
    });
    receiver
}

/// All files below a folder with their bytes, by name; ours in a mirror are left out.
pub fn files(folder: &Path) -> std::collections::BTreeMap<String, Vec<u8>> {
    let mut found = std::collections::BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(here) = open.pop() {
        for entry in std::fs::read_dir(&here).unwrap() {
            let entry = entry.unwrap();
            let name = entry.path().strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
            if entry.file_type().unwrap().is_dir() {
                open.push(entry.path());
            } else if name != ".sync-hash" && !name.starts_with(".aitk") {
                found.insert(name, std::fs::read(entry.path()).unwrap());
            }
        }
    }
    found
}

/// The fixtures of the project.
pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}
