//! What `aitk check` does with what it has: in new working trees, with the line cut, for hooks.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aitk_shared::hash::ContentHash;
use serde_json::{Value, json};

/// A platform that gives every request the answer that is set.
struct Platform {
    url: String,
    answer: Arc<Mutex<Vec<u8>>>,
    asked: Arc<AtomicUsize>,
    ended: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Platform {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (answer, asked, ended) = <(Arc<Mutex<Vec<u8>>>, Arc<AtomicUsize>, Arc<AtomicBool>)>::default();
        let thread = std::thread::spawn({
            let (answer, asked, ended) = (answer.clone(), asked.clone(), ended.clone());
            move || {
                for stream in listener.incoming().flatten() {
                    if ended.load(Ordering::SeqCst) {
                        return;
                    }
                    asked.fetch_add(1, Ordering::SeqCst);
                    let answer = answer.lock().unwrap().clone();
                    std::thread::spawn(move || {
                        read(&stream);
                        let _ = (&stream).write_all(&answer);
                        if answer.is_empty() {
                            std::thread::sleep(Duration::from_secs(20));
                        }
                    });
                }
            }
        });
        Platform { url, answer, asked, ended, thread: Some(thread) }
    }

    fn says(&self, head: &str, body: &[u8]) {
        let all = format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
        *self.answer.lock().unwrap() = [all.as_bytes(), body].concat();
    }

    fn has(&self, revision: u64, docs: &[(&str, &str)]) {
        self.says("200 OK", answer(revision, docs, &Value::Null).to_string().as_bytes());
    }

    /// Takes requests and never answers.
    fn hangs(&self) {
        self.answer.lock().unwrap().clear();
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// From now on connections are refused.
    fn end(&mut self) {
        if let Some(thread) = self.thread.take() {
            self.ended.store(true, Ordering::SeqCst);
            let _ = TcpStream::connect(self.url.trim_start_matches("http://"));
            thread.join().unwrap();
        }
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        self.end();
    }
}

fn read(stream: &TcpStream) {
    let (mut reader, mut length) = (BufReader::new(stream), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 || line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let _ = reader.take(length).read_to_end(&mut Vec::new());
}

fn answer(revision: u64, docs: &[(&str, &str)], lock: &Value) -> Value {
    let hash = |text: &str| ContentHash::of(text.as_bytes()).to_string();
    let listing: String = docs.iter().map(|(path, text)| format!("{}  {path}\n", hash(text))).collect();
    let doc = |(path, text): &(&str, &str)| json!({"fileName": path, "content": text, "hash": hash(text)});
    json!({
        "hash": hash(&listing), "revision": revision, "epoch": "e", "lock": lock, "onLock": "warn",
        "docsPath": "docs", "base": null, "docs": docs.iter().map(doc).collect::<Vec<_>>(), "removed": [],
    })
}

/// One user with several working trees of one project.
struct User {
    home: tempfile::TempDir,
    url: String,
}

impl User {
    fn of(platform: &Platform) -> Self {
        User { home: tempfile::tempdir().unwrap(), url: platform.url.clone() }
    }

    fn tree(&self, name: &str) -> PathBuf {
        let tree = self.home.path().join(name);
        fs::create_dir_all(&tree).unwrap();
        fs::write(tree.join(".aitk.toml"), "project = 'web'\n").unwrap();
        tree
    }

    fn command(&self, tree: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aitk"));
        command.args(args).current_dir(tree).env_clear().env("HOME", self.home.path());
        command.env("AITK_URL", &self.url).env("AITK_API_KEY", "sk_x").env("PATH", "/usr/bin:/bin");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn check(&self, tree: &Path) -> Told {
        told(self.command(tree, &["check", "--retries", "0"]).output().unwrap())
    }

    fn hook(&self, tree: &Path, event: &str) -> Told {
        let arguments = ["check", "--agent", "claude", "--retries", "0", "--deadline", "300ms"];
        let mut child: Child = self.command(tree, &arguments).stdin(Stdio::piped()).spawn().unwrap();
        let event = json!({"hook_event_name": event, "session_id": "s", "cwd": tree, "prompt": "x"});
        child.stdin.take().unwrap().write_all(event.to_string().as_bytes()).unwrap();
        told(child.wait_with_output().unwrap())
    }
}

#[derive(Debug)]
struct Told {
    code: Option<i32>,
    out: String,
    err: String,
}

fn told(output: Output) -> Told {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Told { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// The docs in a working tree; nothing of ours.
fn docs(tree: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![tree.join(".docs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = path.strip_prefix(tree.join(".docs")).unwrap().to_str().unwrap().to_owned();
            match path.is_dir() {
                true => folders.push(path),
                false if name.starts_with('.') => {}
                false => drop(found.insert(name, fs::read_to_string(path).unwrap())),
            }
        }
    }
    found
}

fn as_map(docs: &[(&str, &str)]) -> BTreeMap<String, String> {
    docs.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
}

const ONE: &[(&str, &str)] = &[("a.md", "1"), ("b/c.md", "2"), ("b/d/e.md", "3")];
const TWO: &[(&str, &str)] = &[("a.md", "1"), ("b/c.md", "two"), ("new.md", "4")];

#[test]
fn a_new_working_tree_is_filled_with_the_network_cut() {
    let mut platform = Platform::start();
    let user = User::of(&platform);
    let (old, new) = (user.tree("old"), user.tree("new"));
    platform.has(1, ONE);
    assert_eq!(user.check(&old).code, Some(0));
    platform.end();

    let denied = told(user.command(&new, &["check"]).env("AITK_OFFLINE", "deny").output().unwrap());
    assert_eq!((denied.code, docs(&new).len()), (Some(5), 0), "{denied:?}");
    let filled = user.check(&new);
    assert_eq!((filled.code, docs(&new)), (Some(0), as_map(ONE)), "{filled:?}");
    assert!(filled.err.contains("lock UNKNOWN") && filled.err.contains("revision 1"), "{filled:?}");

    // Damage is repaired, and what was edited is kept.
    fs::remove_file(new.join(".docs/b/c.md")).unwrap();
    fs::remove_file(new.join(".docs/a.md")).unwrap();
    fs::write(new.join(".docs/a.md"), "mine").unwrap();
    let repaired = user.check(&new);
    assert_eq!((repaired.code, docs(&new)), (Some(0), as_map(ONE)), "{repaired:?}");
    assert!(repaired.out.contains("2 repaired (a.md, b/c.md)"), "{repaired:?}");
    fs::remove_file(new.join(".docs/b/c.md")).unwrap();
    let repaired = told(user.command(&new, &["verify", "--repair"]).output().unwrap());
    assert_eq!((repaired.code, docs(&new)), (Some(0), as_map(ONE)), "{repaired:?}");

    let stranger = user.tree("stranger");
    fs::write(stranger.join(".aitk.toml"), "project = 'app'\n").unwrap();
    assert_eq!((user.check(&stranger).code, docs(&stranger).len()), (Some(5), 0));
}

#[test]
fn a_lock_that_was_seen_blocks_new_working_trees_with_the_network_cut() {
    let mut platform = Platform::start();
    let user = User::of(&platform);
    let (old, new) = (user.tree("old"), user.tree("new"));
    platform.has(1, ONE);
    assert_eq!(user.check(&old).code, Some(0));
    let lock = json!({
        "projectId": "p", "lockedBy": "Ann", "lockedAt": "2026-11-20T19:10:00Z",
        "expiresAt": "2026-11-20T19:40:00Z", "remainingMs": 60_000, "reason": "guide", "token": 7,
    });
    platform.says("200 OK", answer(2, TWO, &lock).to_string().as_bytes());
    assert_eq!((user.check(&old).code, docs(&old)), (Some(2), as_map(ONE)));
    platform.end();
    let blocked = user.check(&new);
    assert_eq!((blocked.code, docs(&new).len()), (Some(2), 0), "{blocked:?}");
    assert!(blocked.err.contains("Ann") && blocked.err.contains("guide"), "{blocked:?}");
}

#[test]
fn a_body_that_is_cut_anywhere_leaves_the_mirror_as_it_was() {
    let platform = Platform::start();
    let user = User::of(&platform);
    let (old, new) = (user.tree("old"), user.tree("new"));
    platform.has(1, ONE);
    assert_eq!(user.check(&old).code, Some(0));
    let state = || fs::read(old.join(".docs/.aitk-state.json")).unwrap();
    let before = state();
    // One answer that is decoded at once, and one that is decoded while it comes.
    let long = "x".repeat(90_000);
    for docs_now in [TWO, &[("a.md", &*long), ("b.md", "2")]] {
        platform.says("200 OK", answer(2, docs_now, &Value::Null).to_string().as_bytes());
        let whole = platform.answer.lock().unwrap().clone();
        let body = whole.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
        let step = (whole.len() - body) / 12;
        for at in (body..whole.len()).step_by(step).chain([body + 1, whole.len() - 1]) {
            *platform.answer.lock().unwrap() = whole[..at].to_vec();
            let offline = user.check(&old);
            assert_eq!((offline.code, docs(&old)), (Some(0), as_map(ONE)), "{at}: {offline:?}");
            assert!(offline.err.contains("lock UNKNOWN") && offline.err.contains("broke off"), "{offline:?}");
            assert_eq!(state(), before);
        }
    }
    let stranger = User::of(&platform);
    let tree = stranger.tree("tree");
    assert_eq!((stranger.check(&tree).code, docs(&tree).len()), (Some(5), 0));
    assert!(!tree.join(".docs").exists());
    platform.has(2, TWO);
    assert_eq!((user.check(&old).code, user.check(&new).code), (Some(0), Some(0)));
    assert_eq!((docs(&old), docs(&new)), (as_map(TWO), as_map(TWO)));
}

#[test]
fn eight_processes_share_a_cache() {
    let platform = Platform::start();
    let user = User::of(&platform);
    let trees: Vec<_> = (0..8).map(|n| user.tree(&format!("tree {}", n % 6))).collect();
    for round in 1..5 {
        let docs_now = if round % 2 == 0 { TWO } else { ONE };
        platform.has(round, docs_now);
        if round == 3 {
            fs::remove_dir_all(user.home.path().join(".cache/aitk")).unwrap();
        }
        let runs: Vec<_> = trees.iter().map(|tree| user.command(tree, &["check"]).spawn().unwrap()).collect();
        for run in runs {
            let done = told(run.wait_with_output().unwrap());
            assert_eq!(done.code, Some(0), "{done:?}");
        }
        trees.iter().for_each(|tree| assert_eq!(docs(tree), as_map(docs_now)));
    }
}

#[test]
fn a_cache_that_cannot_be_written_is_no_failure() {
    let platform = Platform::start();
    let user = User::of(&platform);
    let tree = user.tree("tree");
    fs::write(user.home.path().join("file"), "").unwrap();
    let long = "x".repeat(90_000);
    for (revision, docs_now) in [(1, ONE), (2, TWO), (3, &[("a.md", &*long)])] {
        platform.has(revision, docs_now);
        let cache = user.home.path().join("file");
        let done = told(user.command(&tree, &["check"]).env("XDG_CACHE_HOME", &cache).output().unwrap());
        assert_eq!((done.code, docs(&tree)), (Some(0), as_map(docs_now)), "{done:?}");
    }
    assert_eq!(fs::read_dir(&tree).unwrap().count(), 2, "the settings and the mirror");
}

#[test]
fn a_hook_asks_once_in_five_seconds_and_a_person_always() {
    let platform = Platform::start();
    let user = User::of(&platform);
    let tree = user.tree("tree");
    platform.has(1, ONE);
    for (event, asked) in [("SessionStart", 1), ("UserPromptSubmit", 1), ("SessionStart", 1)] {
        let done = user.hook(&tree, event);
        assert_eq!((done.code, platform.asked()), (Some(0), asked), "{done:?}");
        assert_eq!(done.out.contains("3 docs"), event == "SessionStart", "{done:?}");
    }
    assert_eq!((user.check(&tree).code, platform.asked()), (Some(0), 2));
    // Another copy than the one that was current is asked about.
    fs::remove_dir_all(tree.join(".docs")).unwrap();
    assert_eq!((user.hook(&tree, "UserPromptSubmit").code, platform.asked()), (Some(0), 3));
    assert_eq!(docs(&tree), as_map(ONE));
}

#[test]
fn a_refusal_is_never_remembered() {
    let platform = Platform::start();
    let user = User::of(&platform);
    let tree = user.tree("tree");
    platform.has(1, ONE);
    assert_eq!(user.check(&tree).code, Some(0));
    for head in ["401 Unauthorized", "403 Forbidden", "404 Not Found"] {
        platform.says(head, b"");
        for _ in 0..2 {
            let before = platform.asked();
            assert_eq!((user.hook(&tree, "UserPromptSubmit").code, platform.asked()), (Some(2), before + 1));
        }
    }
    platform.has(1, ONE);
    assert_eq!(user.hook(&tree, "UserPromptSubmit").code, Some(0));
}

#[test]
fn a_server_that_hangs_is_asked_by_one_hook_and_by_every_person() {
    let mut platform = Platform::start();
    let user = User::of(&platform);
    let tree = user.tree("tree");
    platform.has(1, ONE);
    assert_eq!(user.check(&tree).code, Some(0));
    platform.hangs();
    for _ in 0..3 {
        let done = user.hook(&tree, "UserPromptSubmit");
        assert_eq!((done.code, platform.asked()), (Some(0), 2), "{done:?}");
        assert!(done.out.contains("lock UNKNOWN"), "{done:?}");
    }
    // Without a copy that may be used, it is asked all the same.
    let begun = Instant::now();
    let denied = {
        let arguments = ["check", "--agent", "claude", "--retries", "0", "--timeout", "300ms"];
        let mut command = user.command(&tree, &arguments);
        let mut child = command.env("AITK_OFFLINE", "deny").stdin(Stdio::piped()).spawn().unwrap();
        let event = json!({"hook_event_name": "UserPromptSubmit", "session_id": "s", "cwd": tree});
        child.stdin.take().unwrap().write_all(event.to_string().as_bytes()).unwrap();
        told(child.wait_with_output().unwrap())
    };
    assert_eq!((denied.code, platform.asked()), (Some(2), 3), "{denied:?}");
    assert!(begun.elapsed() < Duration::from_secs(5));
    // A good answer to a person ends it.
    platform.has(2, TWO);
    assert_eq!((user.check(&tree).code, platform.asked()), (Some(0), 4));
    assert_eq!((user.hook(&tree, "UserPromptSubmit").code, platform.asked()), (Some(0), 5));
    // A connection that is refused costs nothing, so it is tried each time.
    platform.end();
    fs::remove_dir_all(user.home.path().join(".local/share/aitk/recent")).unwrap();
    let refused = user.hook(&tree, "UserPromptSubmit");
    assert!(refused.code == Some(0) && refused.out.contains("cannot reach"), "{refused:?}");
    assert!(!user.home.path().join(".local/share/aitk/recent").exists());
}

#[test]
fn without_a_copy_it_is_tried_again_within_the_timeout() {
    let platform = Platform::start();
    let user = User::of(&platform);
    let tree = user.tree("tree");
    for (head, args, tries) in [
        ("503 Service Unavailable\r\nretry-after: 1", &["check", "--timeout", "3s", "--retries", "2"][..], 3),
        ("503 Service Unavailable\r\nretry-after: 4", &["check", "--timeout", "3s"], 1),
        ("429 Too Many Requests", &["check", "--timeout", "3s", "--retries", "1"], 2),
    ] {
        platform.says(head, b"");
        let before = platform.asked();
        let done = told(user.command(&tree, args).output().unwrap());
        assert_eq!((done.code, platform.asked() - before), (Some(5), tries), "{head}: {done:?}");
    }
    platform.has(1, ONE);
    assert_eq!(user.check(&tree).code, Some(0));
    platform.says("503 Service Unavailable\r\nretry-after: 1", b"");
    let (before, begun) = (platform.asked(), Instant::now());
    let done = told(user.command(&tree, &["check"]).output().unwrap());
    assert_eq!((done.code, platform.asked() - before), (Some(0), 1), "with a copy, once: {done:?}");
    assert!(begun.elapsed() < Duration::from_secs(2));
}
