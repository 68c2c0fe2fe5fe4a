//! `aitk publish`, and what a power cut leaves of what was published.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aitk_tests::{Person, Platform, Reply, Request, StandIn, http};
use serde_json::{Value, json};

/// A service's key.
fn service(platform: &Platform, rooms: &[&str]) -> String {
    let body = json!({"name": "tracker", "role": "service", "rooms": rooms});
    platform.call("POST", "/api/keys", Some(body))["key"].as_str().unwrap().to_owned()
}

fn log(platform: &Platform, room: &str) -> Vec<Value> {
    let (mut events, mut since) = (Vec::new(), 0);
    loop {
        let path = format!("/api/rooms/{room}/events?since={since}&limit=1000");
        let page = platform.call("GET", &path, None);
        let Some(last) = page["events"].as_array().unwrap().last() else { return events };
        since = last["offset"].as_u64().unwrap();
        events.extend(page["events"].as_array().unwrap().iter().cloned());
    }
}

#[test]
fn a_service_publishes_from_the_command_line_and_watchers_see_it() {
    let platform = Platform::start();
    let project = platform.project("p");
    let tracker = Person::of(&platform, "p", &service(&platform, &["issue:*"]));
    let watch = tracker.start(&["watch", "--json", "--room", "issue:42"]);
    watch.wait_for("watching");
    let data = r#"{"issueId": "42", "title": "Login fails"}"#;
    tracker
        .aitk(&["publish", "issue:42", "issue.updated", data, "--correlation-id", "req-1"])
        .expect(0)
        .says(&["published issue.updated in issue:42 at offset 1"]);
    let event: Value = serde_json::from_str(&watch.line()).unwrap();
    assert_eq!(event["data"], json!({"issueId": "42", "title": "Login fails"}));
    assert_eq!(event["correlationId"], "req-1");

    let done = tracker.feed(&["publish", "issue:42", "a.b", "-", "--json"], "[1, 2]").expect(0);
    assert_eq!(done.json()["offset"], 2);
    tracker.feed(&["publish", "issue:42", "a.b"], "{\"n\": 3}").expect(0);
    tracker.aitk(&["publish", "issue:42", "a.b", "--ephemeral"]).expect(0).says(&["who listen now"]);
    let seen: Vec<Value> = (0..3).map(|_| serde_json::from_str(&watch.line()).unwrap()).collect();
    assert_eq!(seen[0]["data"], json!([1, 2]));
    assert_eq!(seen[1]["data"], json!({"n": 3}));
    assert_eq!((&seen[2]["data"], seen[2].get("offset")), (&Value::Null, None));

    for (args, code, word) in [
        (&["publish", "issue:42", "a.b", "{broken"][..], 64, "no JSON"),
        (&["publish", "issue:42", "issue.updated", "{}"], 1, "data.issueId: a text is needed"),
        (&["publish", "issue:42", "lock:acquired", "{}"], 3, "the server alone"),
        (&["publish", "chat:1", "a.b"], 3, "chat:1"),
        (&["publish", "project:nowhere", "a.b"], 3, "may not publish"),
    ] {
        tracker.aitk(args).expect(code).says(&[word]);
    }
    tracker.feed(&["publish", "issue:42", "a.b", "-"], "").expect(64).says(&["no JSON"]);
    tracker.feed(&["publish", "issue:42", "a.b", "-"], vec![b' '; 200_000]).expect(64).says(&["32 KiB"]);
    let lead = Person::of(&platform, "p", &platform.key(&project, "lead", "Lee"));
    lead.aitk(&["publish", &format!("project:{project}"), "build:done", "{}"]).expect(0);
}

#[test]
fn a_watcher_who_is_excluded_goes_on_as_if_nothing_were_missing() {
    let platform = Platform::start();
    let project = platform.project("p");
    let room = format!("project:{project}");
    let dan = Person::of(&platform, "p", &platform.key(&project, "developer", "Dan"));
    let keys = platform.call("GET", &format!("/api/projects/{project}/keys"), None);
    let watch = dan.start(&["watch", "--json"]);
    watch.wait_for("watching");
    let lead = Person::of(&platform, "p", &platform.key(&project, "lead", "Lee"));
    lead.aitk(&["publish", &room, "a.b", "1"]).expect(0);
    for n in ["2", "3"] {
        let id = keys[0]["id"].as_str().unwrap();
        lead.aitk(&["publish", &room, "a.b", n, "--exclude", id]).expect(0);
    }
    lead.aitk(&["publish", &room, "a.b", "4"]).expect(0);
    let seen: Vec<Value> = (0..2).map(|_| serde_json::from_str(&watch.line()).unwrap()).collect();
    assert_eq!((&seen[0]["data"], &seen[1]["data"]), (&json!(1), &json!(4)));
    let again = dan.start(&["watch", "--json", "--since", "1"]);
    let event: Value = serde_json::from_str(&again.line()).unwrap();
    assert_eq!((&event["data"], &event["offset"]), (&json!(4), &json!(4)));
}

#[test]
fn a_publication_whose_answer_was_lost_is_sent_again_and_published_once() {
    let platform = Platform::start();
    let between = StandIn::before(&platform.url);
    let tracker = Person::at(&between.url, "p", &service(&platform, &["issue:*"]));
    let lose = |request: &Request| {
        request.pass_on();
        Reply::reset()
    };
    let lost = Arc::new(AtomicBool::new(false));
    let first = lost.clone();
    between.answer(move |request| match first.swap(true, Ordering::SeqCst) {
        true => request.pass_on(),
        false => lose(request),
    });
    tracker.aitk(&["publish", "issue:1", "a.b", "1"]).expect(0).says(&["at offset 1"]);
    assert!(lost.load(Ordering::SeqCst));
    assert_eq!(log(&platform, "issue:1").len(), 1);
    between.answer(lose);
    let done = tracker.aitk(&["publish", "issue:1", "a.b", "2", "--retries", "0"]).expect(5);
    let key = done.err.split("--idempotency-key ").nth(1).unwrap().split_whitespace().next().unwrap();
    between.be_honest();
    tracker.aitk(&["publish", "issue:1", "a.b", "2", "--idempotency-key", key]).expect(0);
    let data: Vec<_> = log(&platform, "issue:1").iter().map(|event| event["data"].clone()).collect();
    assert_eq!(data, [1, 2]);
}

#[test]
fn after_kill_9_every_acknowledged_event_is_there_and_none_twice() {
    let mut platform = Platform::start();
    let rooms = ["issue:1", "issue:2"];
    let mut acknowledged: BTreeMap<(String, u64), String> = BTreeMap::new();
    for round in 0..4 {
        let writers: Vec<_> = (0..8)
            .map(|writer| {
                let (url, key) = (platform.url.clone(), platform.admin_key.clone());
                std::thread::spawn(move || {
                    let http = reqwest::blocking::Client::builder().no_proxy().build().unwrap();
                    let (room, mut told, mut last) = (rooms[writer % 2], Vec::new(), None);
                    for n in 0.. {
                        let name = format!("{round} {writer} {n}");
                        let body = json!([{"type": "a.b", "data": name}, {"type": "a.b", "data": name}]);
                        let request = http.post(format!("{url}/api/rooms/{room}/events"));
                        let request = request.header("x-api-key", &key).header("idempotency-key", &name);
                        match request.json(&body).send().and_then(|answer| answer.json::<Value>()) {
                            Ok(answer) => {
                                let offset = answer["offset"].as_u64().unwrap();
                                told.push(((room.to_owned(), offset - 1), name.clone()));
                                told.push(((room.to_owned(), offset), name));
                            }
                            Err(_) => {
                                last = Some((room, name, body));
                                break;
                            }
                        }
                    }
                    (told, last)
                })
            })
            .collect();
        // The power goes while all of them are at it.
        while log(&platform, "issue:1").len() + log(&platform, "issue:2").len() < 80 * (round + 1) {}
        platform.kill();
        let ends: Vec<_> = writers.into_iter().map(|writer| writer.join().unwrap()).collect();
        platform.start_again();
        for (told, last) in ends {
            acknowledged.extend(told);
            // Whoever got no answer asks again, and knows then.
            let (room, name, body) = last.unwrap();
            let request = http().post(format!("{}/api/rooms/{room}/events", platform.url));
            let request = request.header("x-api-key", &platform.admin_key).header("idempotency-key", &name);
            let answer: Value = request.json(&body).send().unwrap().json().unwrap();
            let offset = answer["offset"].as_u64().unwrap();
            acknowledged.insert((room.to_owned(), offset - 1), name.clone());
            acknowledged.insert((room.to_owned(), offset), name);
        }
        let mut there = BTreeMap::new();
        for room in rooms {
            let events = log(&platform, room);
            let offsets = events.iter().map(|event| event["offset"].as_u64().unwrap());
            assert!(offsets.eq(1..=events.len() as u64), "dense");
            for event in events {
                let name = event["data"].as_str().unwrap().to_owned();
                there.insert((room.to_owned(), event["offset"].as_u64().unwrap()), name);
            }
        }
        assert!(there == acknowledged, "each event is there once, at the offset that was answered");
    }
}
