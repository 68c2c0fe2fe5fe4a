//! One run of the git program: none of the machine's settings, bounded in time and output, and ended with
//! everything that it started.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use aitk_shared::limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdout, Command};

use super::{Git, GitError, complaint};

/// What every run has instead of a system's and a user's settings.
const SETTINGS: &[(&str, &str)] = &[
    ("core.hooksPath", "/dev/null"),
    ("core.fsmonitor", "false"),
    ("core.attributesFile", "/dev/null"),
    ("core.excludesFile", "/dev/null"),
    ("core.protectHFS", "true"),
    ("core.protectNTFS", "true"),
    // Larger blobs are streamed instead of held in memory.
    ("core.bigFileThreshold", "16m"),
    ("credential.helper", ""),
    ("fetch.fsckObjects", "true"),
    ("fetch.negotiationAlgorithm", "default"),
    ("fetch.recurseSubmodules", "false"),
    ("fetch.writeCommitGraph", "false"),
    ("gc.auto", "0"),
    ("http.followRedirects", "false"),
    ("http.sslVerify", "true"),
    ("maintenance.auto", "false"),
    ("merge.conflictStyle", "merge"),
    ("pack.threads", "1"),
    ("protocol.allow", "never"),
    ("protocol.version", "2"),
    ("push.gpgSign", "false"),
    ("submodule.recurse", "false"),
    ("transfer.bundleURI", "false"),
    ("transfer.credentialsInUrl", "die"),
    ("transfer.fsckObjects", "true"),
];

/// Where an operator names certificate authorities of their own.
const PASSED_ON: &[&str] = &["GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "SSL_CERT_FILE", "SSL_CERT_DIR"];

/// A run to be.
pub(super) struct Run<'a> {
    git: &'a Git,
    command: Command,
    settings: usize,
    input: Vec<u8>,
    limit: Duration,
}

/// What a run came to.
pub(super) struct Done {
    pub success: bool,
    pub code: Option<i32>,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

impl Done {
    /// The output of a run that only fails where the local copy is damaged.
    pub fn expect(self, what: &str) -> Result<Vec<u8>, GitError> {
        match self.success {
            true => Ok(self.stdout),
            false => {
                Err(GitError::Failed(format!("git cannot {what}: {}", complaint::last_word(&self.stderr))))
            }
        }
    }
}

impl<'a> Run<'a> {
    /// Git with these arguments, in no repository.
    pub fn new(git: &'a Git, arguments: &[&str]) -> Self {
        let mut command = Command::new("git");
        command.args(arguments).env_clear();
        for name in ["PATH"].iter().chain(PASSED_ON) {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command
            .env("HOME", git.folder.join(".home"))
            .env("LANG", "C")
            .env("LC_ALL", "C")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_ATTR_NOSYSTEM", "1")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_ASKPASS", "")
            .env("SSH_ASKPASS", "")
            .env("GIT_ALLOW_PROTOCOL", "none")
            // What is missing is fetched as a whole.
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_DIR", "/dev/null")
            .current_dir(&git.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
        let mut run = Run { git, command, settings: 0, input: Vec::new(), limit: git.patience.transfer };
        for (name, value) in SETTINGS {
            run = run.set(name, value);
        }
        run
    }

    /// In this bare repository.
    pub fn within(self, repository: &Path) -> Self {
        self.env("GIT_DIR", repository)
    }

    /// With a setting, that only this run has; safe for secrets.
    pub fn set(mut self, name: &str, value: &str) -> Self {
        let number = self.settings;
        self.settings += 1;
        self.command
            .env(format!("GIT_CONFIG_KEY_{number}"), name)
            .env(format!("GIT_CONFIG_VALUE_{number}"), value)
            .env("GIT_CONFIG_COUNT", self.settings.to_string());
        self
    }

    /// With a variable in its environment.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// With this on its input.
    pub fn feed(mut self, input: Vec<u8>) -> Self {
        self.input = input;
        self
    }

    /// Ended after so long.
    pub fn at_most(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Runs it and keeps what it prints.
    pub async fn output(self) -> Result<Done, GitError> {
        let (done, stdout) = self
            .read(async |mut stdout: ChildStdout| {
                let mut kept = Vec::new();
                let limit = limits::GIT_OUTPUT_BYTES;
                let read = (&mut stdout).take(limit as u64 + 1).read_to_end(&mut kept).await;
                match read {
                    Ok(_) if kept.len() <= limit => Ok(kept),
                    Ok(_) => {
                        Err(GitError::Failed("git printed more than there can be in a repository".into()))
                    }
                    Err(error) => Err(GitError::Failed(format!("git cannot be read: {error}"))),
                }
            })
            .await?;
        Ok(Done { stdout, ..done })
    }

    /// Runs it while `reader` takes what it prints.
    pub async fn read<T>(
        mut self,
        reader: impl AsyncFnOnce(ChildStdout) -> Result<T, GitError>,
    ) -> Result<(Done, T), GitError> {
        let _place =
            self.git.at_once.acquire().await.map_err(|_| GitError::Failed("git is closed".into()))?;
        let mut child = self.command.spawn().map_err(no_git)?;
        let _group = Group::of(&child);
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(mut stdin), Some(stdout), Some(mut stderr)) = (stdin, stdout, stderr) else {
            return Err(GitError::Failed("git has no pipes".into()));
        };
        let input = std::mem::take(&mut self.input);
        let feed = async move {
            // Git may end without reading all of it.
            let _ = stdin.write_all(&input).await;
            drop(stdin);
        };
        let complain = async move {
            let mut kept = Vec::new();
            let _ = (&mut stderr).take(64 * 1024).read_to_end(&mut kept).await;
            let _ = tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await;
            String::from_utf8_lossy(&kept).into_owned()
        };
        let talk = async {
            let ((), stderr, read) = tokio::join!(feed, complain, reader(stdout));
            (stderr, read, child.wait().await)
        };
        let limit = self.limit;
        let Ok((stderr, read, status)) = tokio::time::timeout(limit, talk).await else {
            return Err(GitError::Unreachable(format!("git was not done after {} s", limit.as_secs_f32())));
        };
        let status = status.map_err(no_git)?;
        let done = Done { success: status.success(), code: status.code(), stdout: Vec::new(), stderr };
        Ok((done, read?))
    }
}

fn no_git(error: std::io::Error) -> GitError {
    match error.kind() {
        std::io::ErrorKind::NotFound => {
            GitError::Failed("the server has no git program; install git 2.37 or newer there".into())
        }
        _ => GitError::Failed(format!("git does not run: {error}")),
    }
}

/// A child and all that it started, ended at the latest when this goes.
struct Group {
    #[cfg(unix)]
    id: Option<rustix::process::Pid>,
}

impl Group {
    #[cfg(unix)]
    fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Group { id: id.and_then(rustix::process::Pid::from_raw) }
    }

    #[cfg(not(unix))]
    fn of(_: &Child) -> Self {
        Group {}
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(id) = self.id {
            // Fails where nothing of it is left, which is the usual end.
            let _ = rustix::process::kill_process_group(id, rustix::process::Signal::KILL);
        }
    }
}
