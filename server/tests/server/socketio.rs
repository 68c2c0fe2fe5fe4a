//! Socket.IO: raw packets over both transports, and the real client from the npm registry.

mod real;

use reqwest::Response;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::platform::{Caller, Platform, Socket};
use crate::tokens::{self, claims};

/// A client of the engine over WebSocket, packet by packet.
struct Raw(Socket);

impl Raw {
    async fn open(caller: &Caller) -> Self {
        let url = format!("{}/socket.io/?EIO=4&transport=websocket", caller.url.replace("http", "ws"));
        let mut raw = Raw(Socket::open(&url).await);
        let open = raw.0.next_text().await.unwrap();
        let open: Value = serde_json::from_str(open.strip_prefix('0').unwrap()).unwrap();
        assert_eq!((&open["pingInterval"], &open["maxPayload"]), (&json!(30_000), &json!(65_536)));
        raw
    }

    async fn connect(caller: &Caller, namespace: &str) -> Self {
        let mut raw = Raw::open(caller).await;
        raw.say(&format!("40{namespace}{}", json!({"token": caller.key}))).await;
        assert!(raw.next().await.starts_with(&format!("40{namespace}{{\"sid\":\"c")));
        raw
    }

    async fn say(&mut self, packet: &str) {
        self.0.say_text(packet).await;
    }

    /// The next packet.
    async fn next(&mut self) -> String {
        self.next_or_end().await.expect("a packet")
    }

    /// The next packet, or nothing where the line ended.
    async fn next_or_end(&mut self) -> Option<String> {
        loop {
            match self.0.next_text().await.ok()?.as_str() {
                "1" => return None,
                "2" => self.say("3").await,
                packet => return Some(packet.to_owned()),
            }
        }
    }

    /// Calls by name; returns the answer.
    async fn call(&mut self, name: &str, argument: Value) -> Value {
        self.say(&format!("427{}", json!([name, argument]))).await;
        let packet = self.next().await;
        let arguments: Vec<Value> = serde_json::from_str(packet.strip_prefix("437").expect(&packet)).unwrap();
        arguments.into_iter().next().unwrap()
    }

    /// The next event: its name and arguments.
    async fn event(&mut self) -> (String, Value, Value) {
        let packet = self.next().await;
        let at = packet.find('[').expect(&packet);
        serde_json::from_str::<Vec<Value>>(&packet[at..])
            .map(|mut all| {
                all.resize(3, Value::Null);
                let [name, data, about] = all.try_into().unwrap();
                (name.as_str().unwrap().to_owned(), data, about)
            })
            .unwrap()
    }
}

async fn poll(caller: &Caller, query: &str) -> Response {
    let url = format!("{}/socket.io/?EIO=4&transport=polling{query}", caller.url);
    caller.http().get(url).send().await.unwrap()
}

#[tokio::test]
async fn a_client_joins_its_project_hears_events_and_leaves() {
    let platform = Platform::start().await;
    let project = platform.project("p").await;
    let other = platform.project("other").await;
    let dan = platform.member(&project, "developer", "Dan").await;
    let room = format!("project:{project}");
    for namespace in ["", "/realtime,"] {
        let mut raw = Raw::connect(&dan, namespace).await;
        raw.say(&format!("42{namespace}1{}", json!(["join", {"projectId": project}]))).await;
        let joined = json!([{"success": true, "room": room}]);
        assert_eq!(raw.next().await, format!("43{namespace}1{joined}"));
        platform.admin.save(&project, "a.md", namespace.as_bytes()).await;
        let (name, data, about) = raw.event().await;
        assert_eq!(
            (&*name, &data["type"], &data["path"], &about["room"]),
            ("doc:updated", &json!("doc:updated"), &json!("a.md"), &json!(room))
        );
        assert!(about["offset"].is_u64() && about["epoch"].is_string() && about["actor"]["id"].is_string());
        assert!(about.get("data").is_none() && about.get("type").is_none());
    }
    let mut raw = Raw::connect(&dan, "").await;
    let answer = raw.call("subscribe", json!({"room": room})).await;
    assert_eq!((&answer["recovered"], &answer["state"]["revision"]), (&json!(false), &json!(2)));
    let answer = raw.call("subscribe", json!({"room": room, "since": 0, "epoch": answer["epoch"]})).await;
    assert_eq!(
        (&answer["recovered"], &answer["offset"], answer.get("state")),
        (&json!(true), &json!(2), None)
    );
    assert_eq!(
        (raw.event().await.2["offset"].clone(), raw.event().await.2["offset"].clone()),
        (1.into(), 2.into())
    );
    let away = raw.call("presence.update", json!({"room": room, "status": "away"})).await;
    assert_eq!(away, json!({"success": true, "room": room}));
    let there = platform.admin.get(&format!("/api/rooms/{room}/presence")).await.expect(200);
    assert_eq!((&there["count"], &there["members"][0]["name"]), (&json!(1), &json!("Dan")), "{there}");
    assert_eq!(
        raw.call("leave", json!({"projectId": project})).await,
        json!({"success": true, "room": room})
    );
    platform.admin.save(&project, "b.md", b"x").await.expect(201);
    for (name, argument, code) in [
        ("join", json!({"projectId": other}), "not_found"),
        ("join", json!({}), "invalid_request"),
        ("subscribe", json!({"room": "planet:x"}), "invalid_request"),
        ("typing.start", json!({"chatId": "x"}), "invalid_request"),
        ("presence.update", json!({"room": room, "status": "away"}), "invalid_request"),
        ("dance", json!(null), "unsupported"),
    ] {
        let answer = raw.call(name, argument).await;
        assert_eq!((&answer["success"], &answer["error"]["code"]), (&json!(false), &json!(code)), "{name}");
    }
    // Without an answer to wait for, a failure is an event.
    raw.say(r#"42["dance"]"#).await;
    let (name, data, _) = raw.event().await;
    assert_eq!((&*name, &data["code"]), ("error", &json!("unsupported")));
}

#[tokio::test]
async fn who_has_no_credential_that_holds_is_told_so_and_not_kept() {
    let platform = Platform::start_with(|config| {
        config.limits.socket_auth = std::time::Duration::from_millis(300);
        config.limits.user_sockets = 1;
    })
    .await;
    let mut raw = Raw::open(&platform.admin).await;
    for (packet, code) in
        [("40", "unauthorized"), (r#"40{"token":"sk_wrong"}"#, "unauthorized"), ("40/admin,", "not_found")]
    {
        raw.say(packet).await;
        let answer = raw.next().await;
        let error: Value = serde_json::from_str(&answer[answer.find('{').unwrap()..]).unwrap();
        assert!(answer.starts_with("44") && error["message"].is_string(), "{answer}");
        assert_eq!(error["data"]["code"], code, "{answer}");
    }
    assert_eq!(raw.next_or_end().await, None, "it showed none in time");

    let _first = Raw::connect(&platform.admin, "").await;
    let mut second = Raw::open(&platform.admin).await;
    second.say(&format!("40{}", json!({"token": platform.admin.key}))).await;
    assert!(second.next().await.contains("rate_limited"));

    let mut evil =
        format!("{}/socket.io/?EIO=4&transport=websocket", platform.admin.url.replace("http", "ws"))
            .into_client_request()
            .unwrap();
    evil.headers_mut().insert("origin", "https://evil.example".parse().unwrap());
    assert_eq!(Socket::refused(evil).await.status(), 403);
}

#[tokio::test]
async fn a_revoked_key_is_shown_out_and_a_project_that_is_gone_says_so() {
    let platform = Platform::start().await;
    let project = platform.project("p").await;
    let keys = format!("/api/projects/{project}/keys");
    let made = platform.admin.post(&keys, json!({"name": "Dan", "role": "developer"})).await.expect(201);
    let dan = platform.as_key(made["key"].as_str().unwrap());
    let mut raw = Raw::connect(&dan, "/realtime,").await;
    platform.admin.delete(&format!("{keys}/{}", made["id"].as_str().unwrap())).await.expect(204);
    let (name, word, _) = raw.event().await;
    assert_eq!((&*name, &word["code"]), ("closed", &json!(4401)));
    assert_eq!(raw.next().await, "41/realtime,");

    let mut raw = Raw::connect(&platform.admin, "").await;
    assert_eq!(raw.call("join", json!({"projectId": project})).await["success"], true);
    platform.admin.delete(&format!("/api/projects/{project}")).await.expect(204);
    let (name, word, _) = raw.event().await;
    assert_eq!((&*name, &word["code"]), ("error", &json!("not_found")));
}

#[tokio::test]
async fn a_token_brings_its_workspaces_and_ends_by_the_clock() {
    let (platform, issuer) = tokens::platform().await;
    let end = platform.clock.now().as_millis() / 1000 + 60;
    let more = json!({"exp": end, "workspaces": ["acme", "beta"]});
    let ann = platform.as_key(&issuer.sign(&claims(&platform, "ann", more)));
    let mut raw = Raw::connect(&ann, "/realtime,").await;
    for room in ["workspace:acme", "workspace:beta"] {
        let (name, answer, _) = raw.event().await;
        assert_eq!((&*name, &answer["room"], &answer["offset"]), ("subscribed", &json!(room), &json!(0)));
    }
    for room in ["workspace:beta", "workspace:other", "workspace:acme"] {
        let event = json!({"type": "project.updated", "data": {"id": room}});
        platform.admin.post(&format!("/api/rooms/{room}/events"), event).await.expect(200);
    }
    let ids = [raw.event().await.1["id"].clone(), raw.event().await.1["id"].clone()];
    assert_eq!(ids, ["workspace:beta", "workspace:acme"]);
    platform.clock.advance(std::time::Duration::from_secs(61));
    assert_eq!(raw.event().await.1["code"], 4401);
    assert_eq!(raw.next().await, "41/realtime,");
}

#[tokio::test]
async fn polling_clients_hear_the_same() {
    let platform = Platform::start().await;
    let project = platform.project("p").await;
    let open = poll(&platform.admin, "").await.text().await.unwrap();
    let open: Value = serde_json::from_str(&open[1..]).unwrap();
    let sid = format!("&sid={}", open["sid"].as_str().unwrap());
    let say = async |packet: String| {
        let url = format!("{}/socket.io/?EIO=4&transport=polling{sid}", platform.admin.url);
        let sent = platform.admin.http().post(url).body(packet).send().await.unwrap();
        assert_eq!(sent.text().await.unwrap(), "ok");
    };
    say(format!("40{}", json!({"token": platform.admin.key}))).await;
    let hear = async || loop {
        let text = poll(&platform.admin, &sid).await.text().await.unwrap();
        // A ping may come first.
        if let Some(packet) = text.split('\u{1e}').find(|packet| packet.starts_with('4')) {
            return packet.to_owned();
        }
        say("3".into()).await;
    };
    assert!(hear().await.starts_with("40{"));
    say(format!("421{}", json!(["join", {"projectId": project}]))).await;
    assert!(hear().await.starts_with("431[{\"success\":true"));
    let (packet, ()) = tokio::join!(hear(), async {
        platform.admin.save(&project, "a.md", b"x").await.expect(201);
    });
    assert!(packet.starts_with(r#"42["doc:updated",{"type":"doc:updated""#), "{packet}");
}

#[tokio::test]
async fn a_client_that_never_reads_is_closed_and_recovers_by_offset() {
    let platform = Platform::start().await;
    let room = "/api/rooms/issue:1/events";
    let mut slow = Raw::connect(&platform.admin, "").await;
    slow.call("subscribe", json!({"room": "issue:1"})).await;
    let event = json!({"type": "a.b", "data": "x".repeat(30_000)});
    for _ in 0..50 {
        let events: Vec<_> = (0..20).map(|_| event.clone()).collect();
        platform.admin.post(room, events.into()).await.expect(200);
    }
    let (mut seen, mut breaks) = (0, 0);
    while seen < 1_000 {
        let Some(packet) = slow.next_or_end().await else {
            breaks += 1;
            slow = Raw::connect(&platform.admin, "").await;
            let answer = slow.call("subscribe", json!({"room": "issue:1", "since": seen})).await;
            assert_eq!(answer["recovered"], true);
            continue;
        };
        match packet.starts_with(r#"42["a.b""#) {
            true => {
                seen += 1;
                assert!(packet.contains(&format!(r#""offset":{seen},"#)), "after {}", seen - 1);
            }
            false => assert!(packet.contains("4008"), "{packet}"),
        }
    }
    assert_eq!(breaks, 1);
}

#[tokio::test]
async fn too_many_packets_are_refused_and_then_end_the_connection() {
    let platform = Platform::start_with(|config| config.limits.client_frames = 5).await;
    let mut raw = Raw::connect(&platform.admin, "").await;
    for _ in 0..4 {
        assert_eq!(raw.call("subscribe", json!({"room": "issue:1"})).await["success"], true);
    }
    for _ in 0..5 {
        let refused = raw.call("subscribe", json!({"room": "issue:1"})).await;
        assert_eq!(refused["error"]["code"], "rate_limited");
        assert!(refused["error"]["retryAfterMs"].is_u64());
    }
    raw.say(r#"42["subscribe",{"room":"issue:1"}]"#).await;
    assert_eq!(raw.event().await.1["code"], 4403);
    assert_eq!(raw.next().await, "41");
    assert_eq!(raw.next_or_end().await, None);
}
