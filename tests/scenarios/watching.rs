//! `aitk watch`: every event once, in order, also across a restart of the server.

use aitk_tests::{Person, Platform, signal};
use serde_json::{Value, json};

fn event(line: &str) -> (String, u64) {
    let event: Value = serde_json::from_str(line).unwrap();
    (event["type"].as_str().unwrap().to_owned(), event["offset"].as_u64().unwrap())
}

#[test]
fn watch_prints_each_event_once_and_comes_back_after_a_restart() {
    let mut platform = Platform::start();
    let project = platform.project("p");
    let dev = Person::of(&platform, "p", &platform.key(&project, "developer", "Dan"));
    let lock = format!("/api/projects/{project}/lock");

    let plain = dev.start(&["watch"]);
    plain.wait_for("watching");
    let watch = dev.start(&["watch", "--json"]);
    watch.wait_for("watching");
    platform.call("POST", &lock, Some(json!({"reason": "why"})));
    assert_eq!(event(&watch.line()), ("lock:acquired".into(), 1));
    let line = plain.line();
    assert!(line.contains("lock:acquired") && line.contains("admin") && line.contains("why"), "{line}");

    platform.kill();
    watch.wait_for("reconnect");
    platform.start_again();
    platform.call("DELETE", &lock, None);
    platform.call("PUT", &format!("/api/projects/{project}/docs/a.md"), Some(json!({"content": "x"})));
    assert_eq!(event(&watch.line()), ("lock:released".into(), 2));
    assert_eq!(event(&watch.line()), ("doc:updated".into(), 3));

    let from_start = dev.start(&["watch", "--json", "--since", "0"]);
    let offsets: Vec<_> = (0..3).map(|_| event(&from_start.line()).1).collect();
    assert_eq!(offsets, [1, 2, 3]);
    signal(&from_start.process);
    assert_eq!(from_start.end(), Some(0));
}

#[test]
fn watch_gives_up_after_its_retries_and_stops_for_a_revoked_key() {
    let mut platform = Platform::start();
    let project = platform.project("p");
    let dev = Person::of(&platform, "p", &platform.key(&project, "developer", "Dan"));
    let watch = dev.start(&["watch"]);
    watch.wait_for("watching");
    let id = platform.call("GET", &format!("/api/projects/{project}/keys"), None)[0]["id"].clone();
    platform.call("DELETE", &format!("/api/projects/{project}/keys/{}", id.as_str().unwrap()), None);
    assert_eq!(watch.end(), Some(3));

    let dev = Person::of(&platform, "p", &platform.key(&project, "developer", "Dan"));
    let watch = dev.start(&["watch", "--max-retries", "1"]);
    watch.wait_for("watching");
    platform.kill();
    assert_eq!(watch.end(), Some(5));
}
