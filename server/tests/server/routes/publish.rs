use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::platform::{Answer, Caller, Platform, send};

/// Makes a service's key.
async fn service(platform: &Platform, rooms: &[&str]) -> Caller {
    let body = json!({"name": "tracker", "role": "service", "rooms": rooms});
    let made = platform.admin.post("/api/keys", body).await.expect(201);
    platform.as_key(made["key"].as_str().unwrap())
}

async fn id_of(platform: &Platform, who: &Caller) -> String {
    let keys = platform.admin.get("/api/keys").await.expect(200);
    let mine = keys.as_array().unwrap().iter().find(|key| {
        // Eight characters tell the few keys of a test apart.
        key["prefix"] == who.key[..8]
    });
    mine.unwrap()["id"].as_str().unwrap().to_owned()
}

async fn publish_once(who: &Caller, path: &str, key: &str, body: Value) -> Answer {
    send(who.request(Method::POST, path).header("idempotency-key", key).json(&body)).await
}

fn tick(n: u64) -> Value {
    json!({"type": "bench.tick", "data": {"n": n}})
}

#[tokio::test]
async fn a_published_event_reaches_subscribers_and_the_log() {
    let platform = Platform::start().await;
    let tracker = service(&platform, &["issue:*"]).await;
    let mut socket = tracker.socket().await;
    socket.say(json!({"type": "subscribe", "room": "issue:7"})).await;
    let joined = socket.next().await;
    assert_eq!((&joined["offset"], joined.get("state")), (&json!(0), None));

    let body = json!({
        "type": "issue.updated", "data": {"issueId": "7", "labels": ["a", 1, null]}, "correlationId": "req 1",
    });
    let answer = tracker.post("/api/rooms/issue:7/events", body).await.expect(200);
    assert_eq!(answer, json!({"epoch": joined["epoch"], "offset": 1}));
    let event = socket.next().await;
    assert_eq!((&event["type"], &event["offset"]), (&json!("issue.updated"), &json!(1)));
    assert_eq!(event["data"], json!({"issueId": "7", "labels": ["a", 1, null]}));
    assert_eq!((&event["correlationId"], &event["actor"]["name"]), (&json!("req 1"), &json!("tracker")));

    let list = json!([tick(1), {"type": "bench.tock", "ephemeral": true}, tick(2)]);
    let answer = tracker.post("/api/rooms/issue:7/events", list).await.expect(200);
    assert_eq!(answer["offset"], 3);
    let live: Vec<_> = [socket.next().await, socket.next().await, socket.next().await].into();
    let told: Vec<_> =
        live.iter().map(|event| (event["type"].as_str().unwrap(), event["offset"].as_u64())).collect();
    assert_eq!(told, [("bench.tick", Some(2)), ("bench.tock", None), ("bench.tick", Some(3))]);
    let page = tracker.get("/api/rooms/issue:7/events").await.expect(200);
    assert_eq!((&page["offset"], &page["recovered"]), (&json!(3), &json!(true)));
    assert_eq!(page["events"], json!([event, live[0], live[2]]), "the log says what sockets said");

    let ephemeral = json!({"type": "bench.tock", "data": null, "ephemeral": true});
    let answer = tracker.post("/api/rooms/issue:7/events", ephemeral).await.expect(200);
    assert_eq!(answer, json!({"epoch": joined["epoch"], "offset": null}));
    assert_eq!(socket.next().await.get("offset"), None);
}

#[tokio::test]
async fn who_may_publish_where() {
    let platform = Platform::start().await;
    let (ours, theirs) = (platform.project("ours").await, platform.project("theirs").await);
    let lead = platform.member(&ours, "lead", "Lee").await;
    let developer = platform.member(&ours, "developer", "Dan").await;
    let tracker = service(&platform, &["issue:*", "chat:1"]).await;
    let builder = service(&platform, &["project:*"]).await;
    let (ours, theirs) = (format!("project:{ours}"), format!("project:{theirs}"));
    for (who, room, refused) in [
        (&platform.admin, ours.as_str(), None),
        (&platform.admin, "user:x", None),
        (&platform.admin, "project:ours", Some((404, "not_found"))),
        (&lead, &ours, None),
        (&lead, &theirs, Some((404, "not_found"))),
        (&lead, "issue:1", Some((404, "not_found"))),
        (&developer, &ours, Some((403, "forbidden"))),
        (&developer, &theirs, Some((404, "not_found"))),
        (&tracker, "issue:1", None),
        (&tracker, "chat:1", None),
        (&tracker, "chat:2", Some((403, "forbidden"))),
        (&tracker, &ours, Some((403, "forbidden"))),
        (&builder, &ours, None),
        (&builder, "project:prj_gone", Some((404, "not_found"))),
    ] {
        let answer = who.post(&format!("/api/rooms/{room}/events"), tick(1)).await;
        match refused {
            None => drop(answer.expect(200)),
            Some((status, code)) => {
                let problem = answer.refused(status, code);
                assert!(problem["detail"].as_str().unwrap().contains(room), "{problem}");
            }
        }
    }
    // Who may publish in a project's room may also listen there.
    let mut socket = builder.socket().await;
    socket.say(json!({"type": "subscribe", "room": ours})).await;
    assert_eq!(socket.next().await["type"], "subscribed");
    lead.post("/api/events", json!({"rooms": [ours], "type": "a.b"})).await.refused(403, "forbidden");
}

#[tokio::test]
async fn several_rooms_get_copies_of_one_event_or_none_does() {
    let platform = Platform::start().await;
    let tracker = service(&platform, &["issue:*", "cycle:1"]).await;
    let body = json!({"rooms": ["issue:1", "cycle:1", "issue:1"], "type": "a.b", "data": 1});
    let answer = tracker.post("/api/events", body).await.expect(200);
    assert_eq!(answer["offsets"], json!({"cycle:1": 1, "issue:1": 1}));
    for room in ["issue:1", "cycle:1"] {
        let page = tracker.get(&format!("/api/rooms/{room}/events")).await.expect(200);
        assert_eq!(page["events"].as_array().unwrap().len(), 1);
        assert_eq!((&page["events"][0]["id"], &page["events"][0]["room"]), (&answer["id"], &json!(room)));
    }
    let list = json!({"rooms": ["issue:1", "issue:2"], "events": [tick(1), tick(2)]});
    let answer = tracker.post("/api/events", list).await.expect(200);
    assert_eq!(answer["offsets"], json!({"issue:1": 3, "issue:2": 2}));

    let refused = json!({"rooms": ["issue:1", "chat:1", "team:1"], "type": "a.b"});
    let problem = tracker.post("/api/events", refused).await.refused(403, "forbidden");
    let detail = problem["detail"].as_str().unwrap();
    assert!(
        detail.contains("chat:1") && detail.contains("team:1") && !detail.contains("'issue:1'"),
        "{detail}"
    );
    let gone = json!({"rooms": ["issue:1", "project:prj_x"], "type": "a.b"});
    platform.admin.post("/api/events", gone).await.refused(404, "not_found");
    assert_eq!(tracker.get("/api/rooms/issue:1/events").await.expect(200)["offset"], 3);
    for (body, word) in [
        (json!({"type": "a.b"}), "rooms"),
        (json!({"rooms": [], "type": "a.b"}), "rooms"),
        (json!({"rooms": ["planet:1"], "type": "a.b"}), "rooms"),
        (json!({"rooms": ["issue:1"], "events": {}}), "events"),
        (json!({"rooms": ["issue:1"], "events": [], "type": "a.b"}), "events"),
        (json!([]), "object"),
    ] {
        let problem = tracker.post("/api/events", body).await.refused(422, "invalid_request");
        assert!(problem["detail"].as_str().unwrap().contains(word), "{problem}");
    }
}

#[tokio::test]
async fn what_cannot_be_published_names_the_field_and_leaves_nothing() {
    let platform = Platform::start().await;
    let room = "/api/rooms/issue:1/events";
    let long = "x".repeat(32 * 1024);
    for (body, status, word) in [
        (json!({"type": "lock:acquired", "data": {}}), 403, "lock:"),
        (json!({"type": "doc:updated"}), 403, "doc:"),
        (json!({"type": "docs:synced"}), 403, "docs:"),
        (json!({"type": "presence:update"}), 403, "presence:"),
        (json!({"type": "user:typing", "ephemeral": true}), 403, "user:typing"),
        (json!([tick(1), {"type": "lock:released"}]), 403, "event 2"),
        (json!({"type": "word"}), 422, "type"),
        (json!({"type": "two words.x"}), 422, "type"),
        (json!({"data": {}}), 422, "type"),
        (json!({"type": "a.b", "ephemral": true}), 422, "ephemral"),
        (json!({"type": "issue.updated", "data": {}}), 422, "data.issueId: a text is needed"),
        (json!([{"type": "task:moved", "data": {"taskId": 7}}]), 422, "event 1: data.taskId"),
        (json!({"type": "a.b", "exclude": ""}), 422, "exclude"),
        (json!({"type": "a.b", "correlationId": "a\nb"}), 422, "correlationId"),
        (json!({"type": "a.b", "data": long}), 413, "data"),
        (json!([]), 422, "empty"),
        (json!(vec![tick(0); 101]), 413, "100"),
        (json!("a.b"), 422, "event"),
    ] {
        let answer = platform.admin.post(room, body.clone()).await;
        assert_eq!(answer.status, status, "{body} {}", answer.body);
        assert!(answer.body["detail"].as_str().unwrap().contains(word), "{}", answer.body);
    }
    let broken = platform.admin.request(Method::POST, room).body("{");
    send(broken).await.refused(400, "invalid_request");
    platform.admin.post("/api/rooms/planet:1/events", tick(1)).await.refused(422, "invalid_request");
    let page = platform.admin.get(room).await.expect(200);
    assert_eq!((&page["offset"], &page["events"]), (&json!(0), &json!([])));

    // The largest event still fits into a frame.
    let mut socket = platform.admin.socket().await;
    socket.say(json!({"type": "subscribe", "room": "issue:1"})).await;
    socket.next().await;
    let largest = "\u{1}".repeat((32 * 1024 - 2) / 6);
    platform.admin.post(room, json!({"type": "a.b", "data": largest})).await.expect(200);
    assert_eq!(socket.next().await["data"], json!(largest));
}

#[tokio::test]
async fn the_same_key_publishes_once_also_after_a_restart() {
    let platform = Platform::start().await;
    let room = "/api/rooms/issue:1/events";
    let tracker = service(&platform, &["issue:*"]).await;
    let first = publish_once(&tracker, room, "k1", tick(1)).await;
    assert!(first.headers.get("idempotent-replayed").is_none());
    let first = first.expect(200);
    let again = publish_once(&tracker, room, "k1", tick(1)).await;
    assert_eq!((&again.headers["idempotent-replayed"], &again.body), (&"true".parse().unwrap(), &first));
    let other = publish_once(&tracker, room, "k1", tick(2)).await.refused(422, "invalid_request");
    assert!(other["detail"].as_str().unwrap().contains("Idempotency-Key"), "{other}");

    // Another room, another credential and another route are other publications.
    publish_once(&tracker, "/api/rooms/issue:2/events", "k1", tick(1)).await.expect(200);
    assert_eq!(publish_once(&platform.admin, room, "k1", tick(1)).await.expect(200)["offset"], 2);
    let several = json!({"rooms": ["issue:1", "issue:2"], "type": "a.b"});
    let copies = publish_once(&tracker, "/api/events", "k1", several.clone()).await.expect(200);
    assert_eq!(publish_once(&tracker, "/api/events", "k1", several).await.expect(200), copies);

    // What is kept nowhere is not repeated either.
    let mut socket = tracker.socket().await;
    socket.say(json!({"type": "subscribe", "room": "issue:3"})).await;
    socket.next().await;
    let ephemeral = json!({"type": "a.b", "ephemeral": true});
    for _ in 0..2 {
        publish_once(&tracker, "/api/rooms/issue:3/events", "e", ephemeral.clone()).await.expect(200);
    }
    tracker.post("/api/rooms/issue:3/events", tick(9)).await.expect(200);
    assert_eq!(socket.next().await["type"], "a.b");
    assert_eq!(socket.next().await["type"], "bench.tick");

    let all_at_once = join_all((0..20).map(|_| publish_once(&tracker, room, "crowd", tick(3)))).await;
    let offsets: BTreeSet<_> =
        all_at_once.into_iter().map(|answer| answer.expect(200)["offset"].as_u64()).collect();
    assert_eq!(offsets.len(), 1, "{offsets:?}");

    let key = tracker.key.clone();
    let platform = platform.restart().await;
    let tracker = platform.as_key(&key);
    assert_eq!(publish_once(&tracker, room, "k1", tick(1)).await.expect(200), first);
    publish_once(&tracker, room, "k1", tick(2)).await.refused(422, "invalid_request");
    platform.clock.advance(Duration::from_secs(24 * 3_600));
    assert!(publish_once(&tracker, room, "k1", tick(2)).await.expect(200)["offset"].as_u64() > Some(3));
    for bad in ["", &"k".repeat(256)] {
        publish_once(&tracker, room, bad, tick(1)).await.refused(422, "invalid_request");
    }
}

#[tokio::test]
async fn who_is_excluded_hears_nothing_of_it_live_later_or_by_poll() {
    let platform = Platform::start().await;
    let (ann, bob) = (service(&platform, &["chat:*"]).await, service(&platform, &["chat:*"]).await);
    let ann_id = id_of(&platform, &ann).await;
    let room = "/api/rooms/chat:1/events";
    let not_for_ann =
        |n: u64| json!({"type": "chat.message", "data": {"text": n.to_string()}, "exclude": ann_id});
    let subscribe = |since: Option<u64>| json!({"type": "subscribe", "room": "chat:1", "since": since});
    let (mut at_ann, mut at_bob) = (ann.socket().await, bob.socket().await);
    for socket in [&mut at_ann, &mut at_bob] {
        socket.say(subscribe(None)).await;
        socket.next().await;
    }
    bob.post(room, json!([tick(1), not_for_ann(2), not_for_ann(3), tick(4)])).await.expect(200);
    for offset in 1..=4 {
        let event = at_bob.next().await;
        assert_eq!((&event["offset"], event.get("after")), (&json!(offset), None));
    }
    let seen = |event: &Value| (event["offset"].as_u64().unwrap(), event["after"].as_u64());
    assert_eq!(seen(&at_ann.next().await), (1, None));
    assert_eq!(seen(&at_ann.next().await), (4, Some(1)), "and nothing is missing in between");

    bob.post(room, json!([not_for_ann(5), not_for_ann(6)])).await.expect(200);
    let mut later = ann.socket().await;
    later.say(subscribe(Some(1))).await;
    let answer = later.next().await;
    assert_eq!((&answer["recovered"], &answer["offset"]), (&json!(true), &json!(6)));
    assert_eq!(seen(&later.next().await), (4, Some(1)));
    bob.post(room, tick(7)).await.expect(200);
    assert_eq!(seen(&later.next().await), (7, Some(4)));
    assert_eq!(seen(&at_ann.next().await), (7, Some(4)));

    let page = |who: &Caller, since: u64| {
        let (who, path) = (who.clone(), format!("{room}?since={since}&limit=2"));
        async move {
            let page = who.get(&path).await.expect(200);
            assert_eq!(page["recovered"], true);
            page["events"].as_array().unwrap().iter().map(seen).collect::<Vec<_>>()
        }
    };
    assert_eq!(page(&ann, 0).await, [(1, None), (4, Some(1))]);
    assert_eq!(page(&ann, 4).await, [(7, Some(4))]);
    assert_eq!(page(&bob, 4).await, [(5, None), (6, None)]);
}

#[tokio::test]
async fn a_thousand_publishers_at_once_make_a_dense_log_in_the_order_of_their_answers() {
    let platform = Platform::start().await;
    let tracker = service(&platform, &["issue:*"]).await;
    let mut socket = tracker.socket().await;
    socket.say(json!({"type": "subscribe", "room": "issue:1"})).await;
    socket.next().await;
    let publish = async {
        let all = (0..1_000).map(|n| {
            let tracker = tracker.clone();
            async move {
                // One of ten is refused, in the midst of the others.
                let body = if n % 10 == 9 { json!({"type": "issue.updated"}) } else { tick(n) };
                (n, tracker.post("/api/rooms/issue:1/events", body).await)
            }
        });
        let mut given = Vec::new();
        for (n, answer) in join_all(all).await {
            match n % 10 {
                9 => drop(answer.refused(422, "invalid_request")),
                _ => given.push((answer.expect(200)["offset"].as_u64().unwrap(), n)),
            }
        }
        given.sort_unstable();
        given
    };
    let listen = async {
        let mut heard = Vec::new();
        for _ in 0..900 {
            let event = socket.next().await;
            heard.push((event["offset"].as_u64().unwrap(), event["data"]["n"].as_u64().unwrap()));
        }
        heard
    };
    let (given, heard) = tokio::join!(publish, listen);
    assert!(given.iter().map(|(offset, _)| *offset).eq(1..=900), "dense");
    assert_eq!(heard, given, "in order, each once, at the offset that was answered");
    // Another change in the same room goes on where they ended.
    let page = tracker.get("/api/rooms/issue:1/events?since=899").await.expect(200);
    assert_eq!((&page["offset"], page["events"].as_array().unwrap().len()), (&json!(900), 1));
}

#[tokio::test]
async fn large_events_come_in_small_pages_and_none_is_left_out() {
    let platform = Platform::start().await;
    let room = "/api/rooms/issue:1/events";
    let large = json!({"type": "a.b", "data": "x".repeat(32_000)});
    platform.admin.post(room, json!(vec![large; 80])).await.expect(200);
    let (mut seen, mut pages) = (0, 0);
    while seen < 80 {
        let page = platform.admin.get(&format!("{room}?since={seen}&limit=1000")).await.expect(200);
        for event in page["events"].as_array().unwrap() {
            seen += 1;
            assert_eq!(event["offset"], seen);
        }
        pages += 1;
    }
    assert_eq!(pages, 3);
    let mut socket = platform.admin.socket().await;
    socket.say(json!({"type": "subscribe", "room": "issue:1", "since": 0})).await;
    assert_eq!(socket.next().await["recovered"], true);
    for offset in 1..=80 {
        assert_eq!(socket.next().await["offset"], offset);
    }
}

#[tokio::test]
async fn publications_and_docs_share_one_dense_log() {
    let platform = Platform::start().await;
    let project = platform.project("p").await;
    let path = format!("/api/rooms/project:{project}/events");
    let publish = join_all((0..100).map(|n| platform.admin.post(&path, tick(n))));
    let save = async {
        for n in 0..30 {
            platform.admin.save(&project, &format!("{n}.md"), b"x").await.expect(201);
        }
    };
    let (published, ()) = tokio::join!(publish, save);
    published.into_iter().for_each(|answer| drop(answer.expect(200)));
    let page = platform.admin.get(&format!("{path}?limit=1000")).await.expect(200);
    let offsets = page["events"].as_array().unwrap().iter().map(|event| event["offset"].as_u64().unwrap());
    assert!(offsets.eq(1..=130));
}

#[tokio::test]
async fn what_left_the_log_is_told_and_never_passed_over() {
    let keep = |config: &mut aitk_server::Config| {
        config.events = aitk_server::EventBounds { events: Some(10), time: Some(Duration::from_secs(3_600)) };
    };
    let platform = Platform::start_with(keep).await;
    let project = platform.project("p").await;
    platform.admin.save(&project, "a.md", b"old").await.expect(201);
    let docs = platform.admin.get(&format!("/api/hook/docs/{project}")).await.expect(200);
    platform.admin.save(&project, "b.md", b"new").await.expect(201);
    let room = format!("/api/rooms/project:{project}/events");
    let list: Vec<_> = (3..=30).map(tick).collect();
    platform.admin.post(&room, json!(list)).await.expect(200);
    let first_kept = async |since: u64| {
        let page = platform.admin.get(&format!("{room}?since={since}")).await.expect(200);
        (page["recovered"].as_bool().unwrap(), page["events"][0]["offset"].as_u64())
    };
    assert_eq!(first_kept(0).await, (true, Some(1)));
    platform.clock.advance(Duration::from_secs(61));
    // The look-through may still be at it; it ends with the ten last ones.
    let until = async |since: u64, wanted| {
        let found = async { while first_kept(since).await != wanted {} };
        tokio::time::timeout(Duration::from_secs(30), found).await.expect("trimmed in time");
    };
    until(0, (false, Some(21))).await;
    assert_eq!(first_kept(19).await, (false, Some(21)));
    assert_eq!(first_kept(20).await, (true, Some(21)));
    assert_eq!(first_kept(30).await, (true, None));
    let mut socket = platform.admin.socket().await;
    let late = socket.subscribe(&project, Some(19)).await;
    assert_eq!((&late["recovered"], &late["state"]["revision"]), (&json!(false), &json!(2)));
    assert_eq!(late["offset"], 30);
    let mut socket = platform.admin.socket().await;
    assert_eq!(socket.subscribe(&project, Some(20)).await["recovered"], true);
    assert_eq!(socket.next().await["offset"], 21);

    // Docs live on without their events: the delta, the history, an old revision.
    let sync = platform.admin.post(&format!("/api/hook/sync/{project}"), json!({"have": docs["hash"]})).await;
    let sync = sync.expect(200);
    assert_eq!((&sync["base"], sync["docs"].as_array().unwrap().len()), (&docs["hash"], 1));
    let history = platform.admin.get(&format!("/api/projects/{project}/history")).await.expect(200);
    assert_eq!(history["versions"].as_array().unwrap().len(), 2);

    // After an hour all are gone, and the count goes on.
    platform.clock.advance(Duration::from_secs(3_700));
    until(20, (false, None)).await;
    assert_eq!(first_kept(30).await, (true, None));
    assert_eq!(platform.admin.post(&room, tick(31)).await.expect(200)["offset"], 31);
    assert_eq!(first_kept(30).await, (true, Some(31)));
}
