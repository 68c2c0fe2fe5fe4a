//! Codex runs a hook only after its user has trusted exactly that hook, and skips others in silence.
//! Its app-server (JSON lines on standard input and output) tells which are trusted, and takes the
//! user's word. Checked against 0.169.0.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::found::on_path;
use super::settings::is_our_line;
use crate::agents::Dialect;

/// Codex has so long for all answers together.
const PATIENCE: Duration = Duration::from_secs(15);

/// Our hooks as Codex sees them in one folder.
pub struct Hooks {
    server: Server,
    /// All of ours that it found.
    pub found: usize,
    /// Key and hash of those that it skips.
    pub skipped: Vec<(String, String)>,
}

/// Asks Codex for the hooks that it would run in `root`; `None` where it is not installed.
pub fn hooks(root: &Path, agent: &dyn Dialect) -> Option<Result<Hooks, String>> {
    on_path(agent.setup().program).map(|program| list(&program, root, agent))
}

fn list(program: &Path, root: &Path, agent: &dyn Dialect) -> Result<Hooks, String> {
    let mut server = Server::start(program, root)?;
    server.call(
        "initialize",
        json!({ "clientInfo": { "name": "aitk", "version": env!("CARGO_PKG_VERSION") } }),
    )?;
    server.send(&json!({ "method": "initialized" }))?;
    let listed = server.call("hooks/list", json!({ "cwds": [root] }))?;
    let folders = listed["data"].as_array().ok_or("its list of hooks has no data")?;
    let all = folders.iter().flat_map(|folder| folder["hooks"].as_array().into_iter().flatten());
    let ours: Vec<_> =
        all.filter(|hook| hook["command"].as_str().is_some_and(|line| is_our_line(line, agent))).collect();
    let skipped = ours.iter().filter(|hook| hook["trustStatus"] != "trusted" && hook["isManaged"] != true);
    let text = |value: &Value| value.as_str().map(str::to_owned).ok_or("a hook without key or hash");
    let skipped = skipped
        .map(|hook| Ok((text(&hook["key"])?, text(&hook["currentHash"])?)))
        .collect::<Result<Vec<_>, &str>>()?;
    Ok(Hooks { found: ours.len(), skipped, server })
}

impl Hooks {
    /// Tells Codex that its user trusts our hooks as they are now.
    pub fn trust(mut self) -> Result<(), String> {
        let state: serde_json::Map<_, _> =
            self.skipped.into_iter().map(|(key, hash)| (key, json!({ "trusted_hash": hash }))).collect();
        let edit = json!({ "keyPath": "hooks.state", "value": state, "mergeStrategy": "upsert" });
        self.server.call("config/batchWrite", json!({ "edits": [edit] })).map(drop)
    }
}

/// A running app-server; it ends with this value.
struct Server {
    process: Child,
    input: ChildStdin,
    lines: Receiver<String>,
    last: u64,
    end: Instant,
}

impl Server {
    fn start(program: &Path, folder: &Path) -> Result<Self, String> {
        let mut command = Command::new(program);
        command.arg("app-server").current_dir(folder);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().map_err(|error| error.to_string())?;
        let (Some(input), Some(output)) = (process.stdin.take(), process.stdout.take()) else {
            return Err("it has no standard input".into());
        };
        let (sender, lines) = channel();
        // Ends with the process's output.
        std::thread::spawn(move || {
            let _ =
                BufReader::new(output).lines().map_while(Result::ok).try_for_each(|line| sender.send(line));
        });
        Ok(Server { process, input, lines, last: 0, end: Instant::now() + PATIENCE })
    }

    fn send(&mut self, message: &Value) -> Result<(), String> {
        writeln!(self.input, "{message}").and_then(|()| self.input.flush()).map_err(|error| error.to_string())
    }

    fn call(&mut self, method: &str, params: Value) -> Result<Value, String> {
        self.last += 1;
        let id = self.last;
        self.send(&json!({ "id": id, "method": method, "params": params }))?;
        loop {
            let left = self.end.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left).map_err(|_| format!("it did not answer {method}"))?;
            let mut answer: Value = serde_json::from_str(&line).unwrap_or_default();
            if answer["id"] != id {
                continue;
            }
            return match answer["error"]["message"].as_str() {
                Some(why) => Err(format!("{method}: {why}")),
                None => Ok(answer["result"].take()),
            };
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
