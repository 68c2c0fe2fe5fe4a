//! `socket.io-client` from the npm registry, in a process of its own.
//!
//! `AITK_TEST_SOCKETIO=1` runs these; npm (and so Node.js) puts the client into
//! `target/socketio`.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::platform::Platform;

const VARIABLE: &str = "AITK_TEST_SOCKETIO";
const PACKAGE: &str = "socket.io-client@4.8.4";
const PATIENCE: Duration = Duration::from_secs(30);

/// The folder with the client, unless this is skipped.
#[allow(clippy::print_stdout, reason = "tells why a test does nothing")]
fn folder() -> Option<PathBuf> {
    if ["", "0"].contains(&std::env::var(VARIABLE).unwrap_or_default().as_str()) {
        println!("skipped: the real client of Socket.IO runs only with {VARIABLE}=1 (needs Node.js and npm)");
        return None;
    }
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    Some(FOLDER.get_or_init(install).clone())
}

fn install() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/socketio");
    std::fs::create_dir_all(&folder).unwrap();
    let folder = folder.canonicalize().unwrap();
    if !folder.join("node_modules/socket.io-client/package.json").exists() {
        let npm = std::process::Command::new("npm")
            .args([
                "install",
                "--no-audit",
                "--no-fund",
                "--no-update-notifier",
                "--loglevel=error",
                "--prefix",
            ])
            .arg(&folder)
            .arg(PACKAGE)
            .output()
            .unwrap();
        assert!(npm.status.success(), "{}", String::from_utf8_lossy(&npm.stderr));
    }
    folder
}

struct Client {
    _process: Child,
    calls: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Client {
    fn start(folder: &Path, url: &str, token: &str, transport: &str, room: &str) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/socketio/client.mjs");
        let mut process = Command::new("node")
            .arg(script)
            .args([folder.as_os_str(), url.as_ref(), token.as_ref(), transport.as_ref(), room.as_ref()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let calls = process.stdin.take().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        Client { _process: process, calls, lines }
    }

    /// What happened next.
    async fn next(&mut self) -> Value {
        let line = tokio::time::timeout(PATIENCE, self.lines.next_line()).await.expect("in time");
        serde_json::from_str(&line.unwrap().expect("one more line")).unwrap()
    }

    /// The next of this kind.
    async fn until(&mut self, on: &str) -> Value {
        loop {
            let line = self.next().await;
            if line["on"] == on {
                return line;
            }
        }
    }

    async fn call(&mut self, name: &str, argument: Value) -> Value {
        self.calls.write_all(format!("{}\n", json!([name, argument])).as_bytes()).await.unwrap();
        self.until("ack").await["ack"].clone()
    }
}

#[tokio::test]
async fn the_real_client_hears_every_event_once_and_in_order_across_a_restart() {
    let Some(folder) = folder() else { return };
    for (namespace, transport) in
        [("/", "websocket"), ("/realtime", "websocket"), ("/", "polling"), ("/realtime", "polling")]
    {
        let what = format!("{namespace} {transport}");
        let platform = Platform::start().await;
        let project = platform.project("p").await;
        let room = format!("project:{project}");
        let path = format!("/api/rooms/{room}/events");
        let publish = async |platform: &Platform, n: u32| {
            platform.admin.post(&path, json!({"type": "a.b", "data": {"n": n}})).await.expect(200);
        };
        let url = format!("{}{namespace}", platform.admin.url);
        let mut client = Client::start(&folder, &url, &platform.admin.key, transport, &room);
        let connected = client.next().await;
        assert_eq!(
            (&connected["on"], &connected["transport"]),
            (&json!("connect"), &json!(transport)),
            "{what}"
        );
        let subscribed = client.next().await;
        assert_eq!(subscribed["ack"]["recovered"], false, "{what} {subscribed}");
        assert!(subscribed["ack"]["state"].is_object(), "{what}");
        for n in 1..=3 {
            publish(&platform, n).await;
        }
        for n in 1..=3 {
            let event = client.next().await;
            assert_eq!(
                (&event["name"], &event["data"], &event["about"]["offset"]),
                (&json!("a.b"), &json!({"type": "a.b", "n": n}), &json!(n)),
                "{what}"
            );
        }
        let platform = platform.restart_in_place().await;
        // Some of these come while the client is away.
        for n in 4..=40 {
            publish(&platform, n).await;
        }
        let gone = client.until("disconnect").await;
        assert_eq!(gone["active"], true, "{what}: it comes back by itself: {gone}");
        let subscribed = client.until("subscribed").await;
        assert_eq!(subscribed["ack"]["recovered"], true, "{what} {subscribed}");
        for n in 4..=40 {
            assert_eq!(client.until("event").await["about"]["offset"], n, "{what}");
        }
        let joined = client.call("join", json!({"projectId": project})).await;
        assert_eq!(joined, json!({"success": true, "room": room}), "{what}");
        let left = client.call("leave", json!({"projectId": project})).await;
        assert_eq!(left, json!({"success": true, "room": room}), "{what}");
    }
}

#[tokio::test]
async fn the_real_client_is_told_why_it_is_refused_and_why_it_is_shown_out() {
    let Some(folder) = folder() else { return };
    let platform = Platform::start().await;
    let project = platform.project("p").await;
    for transport in ["websocket", "polling"] {
        let url = format!("{}/realtime", platform.admin.url);
        let mut client = Client::start(&folder, &url, "sk_wrong", transport, "");
        let error = client.next().await;
        assert_eq!((&error["on"], &error["data"]["code"]), (&json!("connect_error"), &json!("unauthorized")));

        let keys = format!("/api/projects/{project}/keys");
        let made = platform.admin.post(&keys, json!({"name": "D", "role": "developer"})).await.expect(201);
        let mut client = Client::start(&folder, &url, made["key"].as_str().unwrap(), transport, "");
        assert_eq!(client.next().await["on"], "connect");
        platform.admin.delete(&format!("{keys}/{}", made["id"].as_str().unwrap())).await.expect(204);
        let word = client.next().await;
        assert_eq!((&word["name"], &word["data"]["code"]), (&json!("closed"), &json!(4401)));
        let gone = client.next().await;
        assert_eq!((&gone["reason"], &gone["active"]), (&json!("io server disconnect"), &json!(false)));
    }
}
