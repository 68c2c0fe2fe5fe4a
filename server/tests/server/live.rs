//! Sockets: what a subscriber sees is exactly what the store holds, in order, once.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::future::join_all;

use serde_json::{Value, json};

use crate::platform::{Platform, Socket};

#[tokio::test]
async fn a_subscriber_gets_state_then_live_events_and_after_a_break_what_it_missed() {
    let platform = Platform::start().await;
    let project = platform.project("p").await;
    platform.admin.save(&project, "a.md", b"1").await.expect(201);
    let dan = platform.member(&project, "developer", "Dan").await;

    let mut socket = dan.socket().await;
    let answer = socket.subscribe(&project, None).await;
    assert_eq!(
        (&answer["recovered"], &answer["offset"], &answer["state"]["revision"]),
        (&json!(false), &json!(1), &json!(1))
    );
    assert_eq!((&answer["state"]["lock"], answer["state"]["hash"].is_string()), (&Value::Null, true));
    platform.admin.post(&format!("/api/projects/{project}/lock"), json!({"reason": "r"})).await.expect(201);
    let event = socket.next().await;
    assert_eq!(
        (&event["type"], &event["offset"], &event["data"]["reason"]),
        (&json!("lock:acquired"), &json!(2), &json!("r"))
    );
    drop(socket);

    platform.admin.save(&project, "b.md", b"2").await.expect(201);
    platform.admin.delete(&format!("/api/projects/{project}/docs/a.md")).await.expect(200);
    let mut socket = dan.socket().await;
    let answer = socket.subscribe(&project, Some(2)).await;
    assert_eq!(
        (&answer["recovered"], &answer["offset"], answer.get("state")),
        (&json!(true), &json!(4), None)
    );
    let (third, fourth) = (socket.next().await, socket.next().await);
    assert_eq!((&third["type"], &third["offset"]), (&json!("doc:updated"), &json!(3)));
    assert_eq!(
        (&fourth["type"], &fourth["offset"], &fourth["data"]["path"]),
        (&json!("doc:deleted"), &json!(4), &json!("a.md"))
    );

    // An offset of another life of the database, or of the future, recovers nothing.
    let room = format!("project:{project}");
    socket.say(json!({"type": "subscribe", "room": room, "since": 2, "epoch": "epo_other"})).await;
    let answer = socket.next().await;
    assert_eq!(
        (&answer["recovered"], &answer["state"]["lock"]["lockedBy"]),
        (&json!(false), &json!("admin"))
    );
    socket.say(json!({"type": "subscribe", "rooms": [room], "since": 99})).await;
    assert_eq!(socket.next().await["recovered"], false);
    socket.say(json!({"type": "unsubscribe", "room": room})).await;
    assert_eq!(socket.next().await["type"], "unsubscribed");
    platform.admin.save(&project, "c.md", b"3").await.expect(201);
    socket.say(json!({"type": "ping"})).await;
    assert_eq!(socket.next().await["type"], "pong", "nothing more comes from a room that was left");
}

#[tokio::test]
async fn a_subscriber_that_joins_during_1000_concurrent_writes_ends_with_the_state_of_the_store() {
    let platform = Platform::start().await;
    let project = platform.project("p").await;
    let writers = join_all((0..20).map(async |writer| {
        for round in 0..50 {
            let path = format!("doc-{}.md", (writer * 7 + round) % 30);
            if (writer + round) % 5 == 4 {
                // May be gone already: another writer was faster.
                platform.admin.delete(&format!("/api/projects/{project}/docs/{path}")).await;
            } else {
                let content = format!("{writer} {round}");
                assert!(platform.admin.save(&project, &path, content.as_bytes()).await.status < 300);
            }
        }
    }));
    // Joins late, breaks off twice, and comes back by offset.
    let reader = async {
        let mut docs: BTreeMap<String, String> = BTreeMap::new();
        let (mut seen, mut sockets) = (None, 0);
        loop {
            let mut socket = platform.admin.socket().await;
            sockets += 1;
            let answer = socket.subscribe(&project, seen).await;
            let mut offset = match seen {
                Some(seen) => seen,
                None => {
                    // The snapshot stands exactly at the answer's offset: fill in the docs as of then.
                    let head = answer["offset"].as_u64().unwrap();
                    docs = docs_at(&platform, &project, head).await;
                    head
                }
            };
            loop {
                if offset >= 400 * sockets && sockets < 3 {
                    break;
                }
                let event = socket.next().await;
                offset += 1;
                assert_eq!(event["offset"], offset, "dense, in order, each once");
                match event["type"].as_str().unwrap() {
                    "doc:updated" => {
                        let data = &event["data"];
                        docs.insert(
                            data["path"].as_str().unwrap().into(),
                            data["hash"].as_str().unwrap().into(),
                        );
                    }
                    "doc:deleted" => drop(docs.remove(event["data"]["path"].as_str().unwrap())),
                    "lock:acquired" => return docs,
                    other => panic!("{other}"),
                }
            }
            seen = Some(offset);
        }
    };
    let finish = async {
        writers.await;
        platform
            .admin
            .post(&format!("/api/projects/{project}/lock"), json!({"reason": "the last event"}))
            .await
            .expect(201);
    };
    let (docs, ()) = tokio::join!(reader, finish);
    let list = platform.admin.get(&format!("/api/projects/{project}/docs")).await.expect(200);
    let store: BTreeMap<String, String> = list["docs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|doc| (doc["path"].as_str().unwrap().into(), doc["hash"].as_str().unwrap().into()))
        .collect();
    assert_eq!(docs, store);
}

async fn docs_at(platform: &Platform, project: &str, revision: u64) -> BTreeMap<String, String> {
    let mut docs = BTreeMap::new();
    for n in 0..30 {
        let path = format!("/api/projects/{project}/docs/doc-{n}.md?revision={revision}");
        let answer = platform.admin.get(&path).await;
        if answer.status == 200 {
            docs.insert(format!("doc-{n}.md"), answer.body["hash"].as_str().unwrap().into());
        }
    }
    docs
}

#[tokio::test]
async fn a_socket_needs_a_credential_and_says_what_is_wrong() {
    let platform = Platform::start().await;
    let (ours, theirs) = (platform.project("ours").await, platform.project("theirs").await);
    let dan = platform.member(&ours, "developer", "Dan").await;
    let url = format!("{}/ws", dan.url.replace("http", "ws"));

    let mut wrong = Socket::open(&format!("{url}?token=sk_wrong")).await;
    assert_eq!(wrong.next().await["type"], "connected");
    assert_eq!(wrong.next_or_close().await, Err(Some(4401)));

    let mut socket = Socket::open(&url).await;
    let hello = socket.next().await;
    assert_eq!((&hello["type"], &hello["heartbeatMs"]), (&json!("connected"), &json!(30_000)));
    let subscribe = |project: &str| json!({"type": "subscribe", "room": format!("project:{project}")});
    socket.say(subscribe(&ours)).await;
    assert_eq!(socket.next().await["code"], "unauthorized");
    socket.say(json!({"type": "auth", "token": dan.key})).await;
    socket.say(subscribe(&ours)).await;
    assert_eq!(socket.next().await["type"], "subscribed");
    socket.say(subscribe(&theirs)).await;
    let refused = socket.next().await;
    assert_eq!(
        (&refused["code"], &refused["room"]),
        (&json!("not_found"), &json!(format!("project:{theirs}")))
    );
    for bad in [
        json!({"type": "dance"}),
        json!([]),
        json!({"type": "subscribe"}),
        json!({"type": "subscribe", "room": "x"}),
    ] {
        socket.say(bad.clone()).await;
        let refused = socket.next().await;
        assert_eq!(
            (&refused["type"], &refused["code"]),
            (&json!("error"), &json!("invalid_request")),
            "{bad}"
        );
    }
    // Still open, and still subscribed.
    platform.admin.save(&ours, "a.md", b"x").await.expect(201);
    assert_eq!(socket.next().await["type"], "doc:updated");
    socket.say(json!({"type": "x".repeat(70_000)})).await;
    assert_eq!(socket.next_or_close().await, Err(Some(1009)));
}

#[tokio::test]
async fn a_revoked_key_closes_its_sockets() {
    let platform = Platform::start().await;
    let project = platform.project("p").await;
    let made = platform
        .admin
        .post(&format!("/api/projects/{project}/keys"), json!({"name": "Dan", "role": "developer"}))
        .await;
    let made = made.expect(201);
    let mut socket = platform.as_key(made["key"].as_str().unwrap()).socket().await;
    socket.subscribe(&project, None).await;
    platform
        .admin
        .delete(&format!("/api/projects/{project}/keys/{}", made["id"].as_str().unwrap()))
        .await
        .expect(204);
    assert_eq!(socket.next_or_close().await, Err(Some(4401)));
}

#[tokio::test]
async fn a_removed_project_says_so_in_its_room() {
    let platform = Platform::start().await;
    let project = platform.project("p").await;
    let mut socket = platform.admin.socket().await;
    socket.subscribe(&project, None).await;
    platform.admin.delete(&format!("/api/projects/{project}")).await.expect(204);
    assert_eq!(socket.next().await["code"], "not_found");
    socket.say(json!({"type": "subscribe", "room": format!("project:{project}")})).await;
    assert_eq!(socket.next().await["code"], "not_found");
}

#[tokio::test]
async fn a_server_that_goes_away_tells_its_sockets_to_come_back() {
    let platform = Platform::start().await;
    let project = platform.project("p").await;
    let mut socket = platform.admin.socket().await;
    socket.subscribe(&project, None).await;
    let poll = tokio::spawn({
        let (admin, path) = (platform.admin.clone(), format!("/api/rooms/project:{project}/events?wait=60"));
        async move { admin.get(&path).await }
    });
    // The poll has reached the server when a second request on the same server was answered.
    platform.admin.get("/healthz").await.expect(200);
    tokio::time::timeout(Duration::from_secs(20), platform.stop()).await.expect("drains in time");
    let word = socket.next().await;
    assert_eq!((&word["code"], word["retryAfterMs"].is_u64()), (&json!("unavailable"), true));
    assert_eq!(socket.next_or_close().await, Err(Some(4012)));
    drop(poll);
}

#[tokio::test]
async fn of_many_sockets_each_is_told_another_moment_to_come_back() {
    let platform = Platform::start_with(|config| config.limits.user_sockets = 1_000).await;
    let mut sockets = Vec::new();
    for _ in 0..1_000 {
        sockets.push(platform.admin.socket().await);
    }
    let began = tokio::time::Instant::now();
    let farewells = join_all(sockets.into_iter().map(async |mut socket| {
        let word = socket.next().await["retryAfterMs"].as_u64().unwrap();
        assert_eq!(socket.next_or_close().await, Err(Some(4012)));
        (word, began.elapsed())
    }));
    let stop = async {
        platform.stop().await;
        began.elapsed()
    };
    let (farewells, stopped) = tokio::join!(farewells, stop);
    let waits: BTreeSet<u64> = farewells.iter().map(|(wait, _)| *wait).collect();
    assert!(waits.len() > 100 && *waits.first().unwrap() >= 500, "{waits:?}");
    let first = farewells.iter().map(|(_, at)| *at).min().unwrap();
    let last = farewells.iter().map(|(_, at)| *at).max().unwrap();
    assert!(last - first >= Duration::from_secs(1), "{first:?} to {last:?}: they must not leave at once");
    assert!(last <= Duration::from_secs(25), "{last:?}");
    assert!(
        stopped + Duration::from_millis(500) >= last,
        "stopped after {stopped:?}, with sockets open until {last:?}"
    );
}

#[tokio::test]
async fn a_reader_that_never_reads_is_closed_and_nobody_waits_for_it() {
    let platform = Platform::start().await;
    let project = platform.project("p").await;
    let mut slow = platform.admin.socket().await;
    slow.subscribe(&project, None).await;
    let mut quick = platform.admin.socket().await;
    quick.subscribe(&project, None).await;
    let path = |n: u32| format!("{}/{}-{n}", "p".repeat(250), "q".repeat(240));
    let write = async {
        for round in 0..60_u32 {
            let puts: Vec<_> =
                (0..50).map(|n| json!({"path": path(n), "content": format!("{round}")})).collect();
            let batch = format!("/api/projects/{project}/docs/batch");
            platform.admin.post(&batch, json!({"puts": puts})).await.expect(200);
        }
    };
    let read = async {
        for offset in 1..=3_000 {
            assert_eq!(quick.next().await["offset"], offset);
        }
    };
    tokio::join!(write, read);
    // What the slow one finds is a gapless beginning; by its offset it gets the rest.
    let mut last = 0;
    while last < 3_000 {
        match slow.next_or_close().await {
            Ok(event) => {
                last += 1;
                assert_eq!(event["offset"], last);
            }
            Err(code) => {
                assert!(code == Some(4008) || code.is_none(), "{code:?}");
                slow = platform.admin.socket().await;
                assert_eq!(slow.subscribe(&project, Some(last)).await["recovered"], true);
            }
        }
    }
}
