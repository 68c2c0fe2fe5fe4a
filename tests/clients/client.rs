//! The clients: how each is installed, set up, started, and what it calls its tools.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use aitk_tests::{Done, Person};

use crate::cases::Act;
use crate::model::{Call, Wire};

/// A coding agent from the npm registry.
pub trait Client: Sync {
    /// How it is called in the variable and in the table.
    fn name(&self) -> &'static str;
    /// Whose hooks `aitk init` installs.
    fn agents(&self) -> Vec<&'static str> {
        vec![self.name()]
    }
    /// The package, with its version.
    fn package(&self) -> (&'static str, &'static str);
    /// The program in the package's `node_modules/.bin`, or below `node_modules`.
    fn program(&self) -> &'static str;
    /// What it speaks with its model.
    fn wire(&self) -> Wire;
    /// Writes what the client needs besides `aitk init` into the person's home: the model's address, the
    /// MCP server `files`, nothing that goes out.
    fn set_up(&self, person: &Person, session: &Session);
    /// The command of one session without a terminal.
    fn command(&self, person: &Person, session: &Session) -> Command;
    /// An act as a call of this client's own tools.
    fn call(&self, act: &Act<'_>, root: &Path) -> Call;
    /// Has a subagent start with `prompt`.
    fn delegate(&self, prompt: &str) -> Call;
    /// The file with the hooks, and its text without them.
    fn without_hooks(&self) -> (&'static str, &'static str);

    /// Installs the hooks of its agents.
    fn init(&self, person: &Person) -> Done {
        let agents = self.agents();
        let words = agents.iter().fold(vec!["init"], |line, agent| [&line[..], &["--agent", agent]].concat());
        person.aitk(&words)
    }

    /// Whether it runs a hook before a prompt; where it does not, a lock stops the writes.
    fn asks_before_prompts(&self) -> bool {
        true
    }

    /// Whether it finds files by name in a folder with a dot.
    fn finds_in_dot_folders(&self) -> bool {
        true
    }

    /// Whether a person without a terminal is told why a prompt was blocked.
    fn tells_people(&self) -> bool {
        true
    }

    /// Takes the hooks out with the tools for files.
    fn tamper(&self, root: &Path) -> Vec<Call> {
        let (file, text) = self.without_hooks();
        vec![self.call(&Act::Write(file, text), root)]
    }

    /// Takes the hooks out in a shell.
    fn tamper_in_shell(&self, root: &Path) -> Vec<Call> {
        let (file, text) = self.without_hooks();
        vec![self.call(&Act::Shell(&format!("echo '{text}' > {file}")), root)]
    }
}

/// What a session is given.
pub struct Session {
    /// Where the model listens: `http://127.0.0.1:…`.
    pub model: String,
    /// The client's program.
    pub program: PathBuf,
    pub prompt: &'static str,
}

/// A key that opens nothing.
pub const KEY: &str = "not-a-key";

/// The MCP server of these tests: the words of its command.
pub fn mcp_server() -> [String; 2] {
    ["node".to_owned(), Path::new(env!("CARGO_MANIFEST_DIR")).join("clients/files.mjs").display().to_string()]
}

/// Makes sure that a client is in `target/clients`; returns its program.
pub fn install(client: &dyn Client) -> Result<PathBuf, String> {
    let (package, version) = client.package();
    let folder = aitk_tests::binary("aitk").ancestors().nth(2).unwrap().join("clients");
    let folder = folder.join(format!("{}-{version}", package.rsplit('/').next().unwrap()));
    let program = folder.join("node_modules").join(client.program());
    if program.exists() {
        return Ok(program);
    }
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let npm = Command::new("npm")
        .args(["install", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error", "--prefix"])
        .arg(&folder)
        .arg(format!("{package}@{version}"))
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("npm: {error}"))?;
    match program.exists() {
        true => Ok(program),
        false => Err(format!("npm cannot install {package}: {}", String::from_utf8_lossy(&npm.stderr))),
    }
}
