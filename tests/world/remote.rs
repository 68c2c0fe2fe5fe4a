//! A git host: bare repositories behind `git http-backend` and a token, on loopback.
//!
//! People commit to it directly, as if they had pushed from somewhere else. It can hang, lose an answer,
//! send callers elsewhere, refuse pushes, and tells what it was asked and with which credentials.
//! Everything blocks; its own threads serve.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use tempfile::TempDir;

/// A silent remote speaks again after so long at the latest.
const SILENCE: Duration = Duration::from_secs(120);

/// A git host of its own, with a folder of its own.
pub struct Remote {
    address: SocketAddr,
    inner: Arc<Inner>,
}

/// What a commit does to one path.
#[derive(Clone, Debug)]
pub enum Entry {
    File(Vec<u8>),
    Executable(Vec<u8>),
    Link(String),
    Submodule,
    Gone,
}

impl From<&str> for Entry {
    fn from(text: &str) -> Self {
        Entry::File(text.as_bytes().to_vec())
    }
}

impl From<String> for Entry {
    fn from(text: String) -> Self {
        Entry::File(text.into_bytes())
    }
}

impl From<Vec<u8>> for Entry {
    fn from(bytes: Vec<u8>) -> Self {
        Entry::File(bytes)
    }
}

/// A commit as the repository shows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Logged {
    pub id: String,
    /// `Name <address>`.
    pub author: String,
    /// Subject, body and trailers.
    pub message: String,
}

/// What somebody asked of the host.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Asked {
    pub method: String,
    /// Path and query.
    pub target: String,
    /// User name and password of Basic authentication.
    pub credentials: Option<(String, String)>,
    /// Bytes of the answer's body.
    pub sent: usize,
}

struct Inner {
    folder: TempDir,
    manner: Mutex<Manner>,
    changed: Condvar,
    asked: Mutex<Vec<Asked>>,
}

#[derive(Default)]
struct Manner {
    token: Option<String>,
    hangs: bool,
    loses: usize,
    read_only: bool,
    elsewhere: Option<String>,
    over: bool,
}

impl Remote {
    /// A host that asks for a token.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let inner = Arc::new(Inner {
            folder: tempfile::tempdir().unwrap(),
            manner: Mutex::new(Manner { token: Some("glpat-of-the-host".into()), ..Manner::default() }),
            changed: Condvar::new(),
            asked: Mutex::default(),
        });
        let shared = inner.clone();
        std::thread::spawn(move || {
            for client in listener.incoming() {
                if shared.manner().over {
                    return;
                }
                let (Ok(client), shared) = (client, shared.clone()) else { continue };
                std::thread::spawn(move || shared.converse(client));
            }
        });
        Remote { address, inner }
    }

    /// Where a repository is reached.
    pub fn url(&self, repo: &str) -> String {
        format!("http://{}/{repo}.git", self.address)
    }

    /// What the host accepts as password.
    pub fn token(&self) -> String {
        self.inner.manner().token.clone().unwrap_or_default()
    }

    /// Accepts another token from now on, or anybody.
    pub fn set_token(&self, token: Option<&str>) {
        self.inner.manner().token = token.map(str::to_owned);
    }

    /// Accepts requests and says nothing, until told otherwise.
    pub fn hang(&self, hangs: bool) {
        self.inner.manner().hangs = hangs;
        self.inner.changed.notify_all();
    }

    /// Takes the next push and cuts the connection instead of answering.
    pub fn lose_the_next_answer(&self) {
        self.inner.manner().loses = 1;
    }

    /// Does so with every push, or with none any more.
    pub fn lose_answers(&self, loses: bool) {
        self.inner.manner().loses = if loses { usize::MAX } else { 0 };
    }

    /// Answers pushes with 403.
    pub fn set_read_only(&self, read_only: bool) {
        self.inner.manner().read_only = read_only;
    }

    /// Sends every caller to the same path below another origin.
    pub fn redirect_to(&self, origin: Option<&str>) {
        self.inner.manner().elsewhere = origin.map(str::to_owned);
    }

    /// What it was asked so far.
    pub fn requests(&self) -> Vec<Asked> {
        self.inner.asked.lock().unwrap().clone()
    }

    /// Forgets what it was asked.
    pub fn forget_requests(&self) {
        self.inner.asked.lock().unwrap().clear();
    }

    /// Makes an empty repository, whose first branch will be `main`.
    pub fn create(&self, repo: &str) {
        self.git(repo, &["init", "-q", "--bare", "-b", "main", "."], b"");
        self.configure(repo, "http.receivepack", "true");
        self.configure(repo, "uploadpack.allowFilter", "true");
    }

    /// Changes a setting of a repository.
    pub fn configure(&self, repo: &str, name: &str, value: &str) {
        self.git(repo, &["config", name, value], b"");
    }

    /// Installs a hook, a shell script, on the host's side.
    pub fn hook(&self, repo: &str, name: &str, script: &str) {
        let file = self.folder(repo).join("hooks").join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
        #[cfg(unix)]
        std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }

    /// Somebody else's commit on top of a branch, which may be new; returns its id.
    pub fn commit<E: Into<Entry> + Clone>(
        &self,
        repo: &str,
        branch: &str,
        files: &[(&str, E)],
        author: &str,
        message: &str,
    ) -> String {
        let from = self.tip(repo, branch);
        self.import(repo, branch, from.as_deref(), files, author, message)
    }

    /// Somebody else's forced push: the branch holds these files alone, and no older commit.
    pub fn force<E: Into<Entry> + Clone>(
        &self,
        repo: &str,
        branch: &str,
        files: &[(&str, E)],
        author: &str,
        message: &str,
    ) -> String {
        self.import(repo, branch, None, files, author, message)
    }

    /// The commit of a branch.
    pub fn tip(&self, repo: &str, branch: &str) -> Option<String> {
        let asked = self.try_git(
            repo,
            &["rev-parse", "-q", "--verify", &format!("refs/heads/{branch}^{{commit}}")],
            b"",
        );
        asked.status.success().then(|| String::from_utf8(asked.stdout).unwrap().trim().to_owned())
    }

    /// The commits of the default branch, newest first.
    pub fn log(&self, repo: &str) -> Vec<Logged> {
        let asked = self.try_git(repo, &["log", "-z", "--format=%H%n%an <%ae>%n%B"], b"");
        let text = String::from_utf8(asked.stdout).unwrap();
        let read = |entry: &str| {
            let mut parts = entry.splitn(3, '\n');
            let mut next = || parts.next().unwrap_or_default().trim_end().to_owned();
            Logged { id: next(), author: next(), message: next() }
        };
        text.split('\0').filter(|entry| !entry.is_empty()).map(read).collect()
    }

    /// The bytes of a file in a commit, if it is there.
    pub fn show(&self, repo: &str, revision: &str, path: &str) -> Option<Vec<u8>> {
        let asked = self.try_git(repo, &["cat-file", "blob", &format!("{revision}:{path}")], b"");
        asked.status.success().then_some(asked.stdout)
    }

    /// All paths of a commit with their modes: `100644 docs/a.md`.
    pub fn tree(&self, repo: &str, revision: &str) -> Vec<String> {
        let listed = self.git(repo, &["ls-tree", "-r", "-z", revision], b"");
        let lines = listed.split('\0').filter_map(|line| line.split_once('\t'));
        lines.map(|(what, path)| format!("{} {path}", what.split(' ').next().unwrap_or_default())).collect()
    }

    /// The folder of a bare repository.
    pub fn folder(&self, repo: &str) -> PathBuf {
        self.inner.folder.path().join(format!("{repo}.git"))
    }

    fn import<E: Into<Entry> + Clone>(
        &self,
        repo: &str,
        branch: &str,
        from: Option<&str>,
        files: &[(&str, E)],
        author: &str,
        message: &str,
    ) -> String {
        let mut script = format!("commit refs/heads/{branch}\ncommitter {author} now\n").into_bytes();
        script.extend(data(message.as_bytes()));
        if let Some(from) = from {
            script.extend(format!("from {from}\n").into_bytes());
        }
        for (path, entry) in files {
            let path = format!("\"{}\"", path.replace('\\', "\\\\").replace('"', "\\\""));
            let put = |mode: &str, bytes: &[u8]| {
                [format!("M {mode} inline {path}\n").as_bytes(), &data(bytes)].concat()
            };
            script.extend(match entry.clone().into() {
                Entry::File(bytes) => put("100644", &bytes),
                Entry::Executable(bytes) => put("100755", &bytes),
                Entry::Link(target) => put("120000", target.as_bytes()),
                Entry::Submodule => format!("M 160000 {} {path}\n", "5".repeat(40)).into_bytes(),
                Entry::Gone => format!("D {path}\n").into_bytes(),
            });
        }
        let arguments = ["fast-import", "--quiet", "--force", "--date-format=now"];
        self.git(repo, &arguments, &script);
        self.tip(repo, branch).unwrap()
    }

    fn git(&self, repo: &str, arguments: &[&str], input: &[u8]) -> String {
        let done = self.try_git(repo, arguments, input);
        assert!(done.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap()
    }

    fn try_git(&self, repo: &str, arguments: &[&str], input: &[u8]) -> Output {
        let folder = self.folder(repo);
        std::fs::create_dir_all(&folder).unwrap();
        run(self.inner.git().current_dir(folder).args(arguments), input)
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        self.inner.manner().over = true;
        self.inner.changed.notify_all();
        let _ = TcpStream::connect(self.address);
    }
}

impl Inner {
    fn manner(&self) -> MutexGuard<'_, Manner> {
        self.manner.lock().unwrap()
    }

    /// Git without a setting of this machine.
    fn git(&self) -> Command {
        let mut git = Command::new("git");
        git.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", self.folder.path());
        git.env("GIT_CONFIG_NOSYSTEM", "1").env("LC_ALL", "C");
        git
    }

    /// Answers one connection's requests, as long as there are any.
    fn converse(&self, client: TcpStream) {
        client.set_nodelay(true).unwrap();
        client.set_read_timeout(Some(SILENCE)).unwrap();
        let mut reader = BufReader::new(client.try_clone().unwrap());
        let mut writer = client;
        while let Some(request) = Request::read(&mut reader) {
            let credentials = request.credentials();
            let asked = Asked {
                method: request.method.clone(),
                target: request.target.clone(),
                credentials: credentials.clone(),
                sent: 0,
            };
            let place = {
                let mut all = self.asked.lock().unwrap();
                all.push(asked);
                all.len() - 1
            };
            let Some((head, body)) = self.answer(&request, credentials) else { return };
            if let Some(asked) = self.asked.lock().unwrap().get_mut(place) {
                asked.sent = body.len();
            }
            let head = format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\n\r\n", body.len());
            if writer.write_all(&[head.as_bytes(), &body].concat()).is_err() {
                return;
            }
        }
    }

    /// Status with headers, and the body; nothing where the connection is cut.
    fn answer(&self, request: &Request, credentials: Option<(String, String)>) -> Option<(String, Vec<u8>)> {
        let mut manner = self.manner();
        let until = Instant::now() + SILENCE;
        while manner.hangs && !manner.over && Instant::now() < until {
            manner = self.changed.wait_timeout(manner, SILENCE).unwrap().0;
        }
        if manner.over {
            return None;
        }
        if let Some(origin) = &manner.elsewhere {
            return Some((format!("302 Found\r\nLocation: {origin}{}", request.target), Vec::new()));
        }
        let password = credentials.map(|(_, password)| password);
        if manner.token.is_some() && password != manner.token {
            let asks = "401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"git\"";
            return Some((asks.into(), b"HTTP Basic: Access denied".to_vec()));
        }
        let is_push = request.target.contains("git-receive-pack");
        if is_push && manner.read_only {
            return Some(("403 Forbidden".into(), b"no write access".to_vec()));
        }
        let loses = request.method == "POST" && is_push && manner.loses > 0;
        manner.loses -= usize::from(loses);
        drop(manner);
        let answer = self.backend(request);
        (!loses).then_some(answer)
    }

    /// The CGI of git.
    fn backend(&self, request: &Request) -> (String, Vec<u8>) {
        let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        let mut git = self.git();
        git.arg("http-backend")
            .env("GIT_PROJECT_ROOT", self.folder.path())
            .env("GIT_HTTP_EXPORT_ALL", "1")
            .env("REQUEST_METHOD", &request.method)
            .env("PATH_INFO", path)
            .env("QUERY_STRING", query)
            .env("REMOTE_USER", "somebody")
            .env("CONTENT_TYPE", request.header("content-type"))
            .env("CONTENT_LENGTH", request.body.len().to_string())
            .env("HTTP_CONTENT_ENCODING", request.header("content-encoding"))
            .env("GIT_PROTOCOL", request.header("git-protocol"));
        let output = run(&mut git, &request.body).stdout;
        let ends = output.windows(4).position(|four| four == b"\r\n\r\n");
        let Some(ends) = ends else { return ("500 Internal Server Error".into(), Vec::new()) };
        let head = String::from_utf8_lossy(&output[..ends]).into_owned();
        // A status other than 200 is git's first header.
        let head = match head.strip_prefix("Status: ") {
            Some(rest) => rest.to_owned(),
            None => format!("200 OK\r\n{head}"),
        };
        (head, output[ends + 4..].to_vec())
    }
}

struct Request {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    fn read(reader: &mut impl BufRead) -> Option<Self> {
        let first = read_line(reader)?;
        let mut words = first.split(' ');
        let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
        let mut headers = Vec::new();
        while let Some((name, value)) = read_line(reader)?.split_once(':') {
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let mut request = Request { method, target, headers, body: Vec::new() };
        match request.header("transfer-encoding") {
            // A large push comes in chunks.
            "chunked" => loop {
                let size = usize::from_str_radix(&read_line(reader)?, 16).ok()?;
                let start = request.body.len();
                request.body.resize(start + size, 0);
                reader.read_exact(&mut request.body[start..]).ok()?;
                read_line(reader)?;
                if size == 0 {
                    break;
                }
            },
            _ => {
                let length = request.header("content-length").parse().unwrap_or(0);
                request.body.resize(length, 0);
                reader.read_exact(&mut request.body).ok()?;
            }
        }
        Some(request)
    }

    fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    fn credentials(&self) -> Option<(String, String)> {
        let encoded = self.header("authorization").strip_prefix("Basic ")?;
        let text = String::from_utf8(BASE64_STANDARD.decode(encoded).ok()?).ok()?;
        let (user, password) = text.split_once(':')?;
        Some((user.to_owned(), password.to_owned()))
    }
}

fn read_line(reader: &mut impl BufRead) -> Option<String> {
    let mut line = String::new();
    let length = reader.read_line(&mut line).ok()?;
    (length > 0).then(|| line.trim_end().to_owned())
}

/// Text or bytes in the form that `git fast-import` takes.
fn data(bytes: &[u8]) -> Vec<u8> {
    [format!("data {}\n", bytes.len()).as_bytes(), bytes, b"\n"].concat()
}

fn run(command: &mut Command, input: &[u8]) -> Output {
    let mut process =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = process.stdin.take().unwrap();
    std::thread::scope(|scope| {
        // The program may end without reading all of it.
        scope.spawn(move || stdin.write_all(input));
        process.wait_with_output().unwrap()
    })
}
