//! `aitk watch`: every event once, in order, also across a restart of the server.

use aitk_tests::{Person, Platform, Reply, StandIn, signal};
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

#[test]
fn where_no_socket_gets_through_events_come_by_plain_requests_each_once() {
    let mut platform = Platform::start();
    let project = platform.project("p");
    let proxy = StandIn::before(&platform.url);
    proxy.answer(|request| match request.header("upgrade") {
        Some(_) => Reply::raw("HTTP/1.1 403 Forbidden\r\ncontent-type: text/html\r\n\r\n<h1>blocked</h1>"),
        None => request.pass_on(),
    });
    let dev = Person::at(&proxy.url, "p", &platform.key(&project, "developer", "Dan"));
    let lock = format!("/api/projects/{project}/lock");
    platform.call("POST", &lock, None);

    let watch = dev.start(&["watch", "--json"]);
    let told = watch.wait_for("polling");
    assert!(told.contains("403"), "{told}");
    watch.wait_for("after offset 1");
    platform.call("DELETE", &lock, None);
    assert_eq!(event(&watch.line()), ("lock:released".into(), 2));
    let put = |name: &str| {
        platform.call("PUT", &format!("/api/projects/{project}/docs/{name}"), Some(json!({"content": "x"})))
    };
    put("a.md");
    put("b.md");
    assert_eq!(event(&watch.line()), ("doc:updated".into(), 3));
    assert_eq!(event(&watch.line()), ("doc:updated".into(), 4));

    let from_start = dev.start(&["watch", "--json", "--since", "0"]);
    let offsets: Vec<_> = (0..4).map(|_| event(&from_start.line()).1).collect();
    assert_eq!(offsets, [1, 2, 3, 4]);

    platform.kill();
    watch.wait_for("reconnecting");
    platform.start_again();
    platform.call("POST", &lock, None);
    assert_eq!(event(&watch.line()), ("lock:acquired".into(), 5));
    signal(&watch.process);
    assert_eq!(watch.end(), Some(0));
}

#[test]
fn watch_keeps_the_copy_current_and_waits_for_the_end_of_a_lock() {
    let platform = Platform::start();
    let project = platform.project("p");
    let dev = Person::of(&platform, "p", &platform.key(&project, "developer", "Dan"));
    let lead = Person::of(&platform, "p", &platform.key(&project, "lead", "Ann"));
    lead.feed(&["docs", "put", "a.md", "-"], "one").expect(0);
    let watch = dev.start(&["watch", "--sync", "--json"]);
    watch.wait_for("1 added");
    assert_eq!(dev.read(".docs/a.md"), "one");

    lead.aitk(&["lock", "--reason", "guide"]).expect(0);
    lead.feed(&["docs", "put", "a.md", "-"], "two").expect(0);
    let told = watch.wait_for("syncing when it ends");
    assert!(told.contains("Ann") && told.contains("guide"), "{told}");
    assert_eq!(dev.read(".docs/a.md"), "one");
    lead.aitk(&["unlock"]).expect(0);
    watch.wait_for("1 changed");
    assert_eq!(dev.read(".docs/a.md"), "two");
    let kinds: Vec<_> = (0..3).map(|_| event(&watch.line()).0).collect();
    assert_eq!(kinds, ["lock:acquired", "doc:updated", "lock:released"], "standard output is events alone");

    let stranger = Person::new();
    stranger.aitk(&["watch", "--sync", "--url", &platform.url]).expect(4);
}

#[test]
fn watch_runs_a_command_for_each_event_in_order_and_goes_on_when_it_fails() {
    let platform = Platform::start();
    let project = platform.project("p");
    let dev = Person::of(&platform, "p", &platform.key(&project, "developer", "Dan"));
    let command = r#"sed 's/.*"path":"\([^"]*\)".*/\1/'; echo $AITK_EVENT_TYPE $AITK_EVENT_OFFSET; test $AITK_EVENT_OFFSET != 2"#;
    let watch = dev.start(&["watch", "--quiet", "--since", "0", "--exec", command]);
    for name in ["a.md", "b.md", "c.md"] {
        platform.call("PUT", &format!("/api/projects/{project}/docs/{name}"), Some(json!({"content": "x"})));
    }
    let told = watch.wait_for("warning");
    assert!(told.contains("doc:updated failed with 1"), "{told}");
    // The events' own lines come when they come; the command's in the events' order.
    let lines = (0..9).map(|_| watch.line()).filter(|line| !line.contains("Z  doc:updated"));
    let lines: Vec<_> = lines.collect();
    let due = ["a.md", "doc:updated 1", "b.md", "doc:updated 2", "c.md", "doc:updated 3"];
    assert_eq!(lines, due);
    signal(&watch.process);
    assert_eq!(watch.end(), Some(0));
}

#[test]
fn a_command_under_way_is_ended_with_the_watch() {
    let platform = Platform::start();
    let project = platform.project("p");
    let dev = Person::of(&platform, "p", &platform.key(&project, "developer", "Dan"));
    platform.call("PUT", &format!("/api/projects/{project}/docs/a.md"), Some(json!({"content": "x"})));
    let command = "trap 'echo ended; exit 0' TERM; echo begun; while :; do sleep 0.1; done";
    let watch = dev.start(&["watch", "--json", "--since", "0", "--exec", command]);
    watch.wait_for("begun");
    signal(&watch.process);
    watch.wait_for("ended");
    assert_eq!(watch.end(), Some(0));
}

#[cfg(not(target_os = "macos"))]
#[test]
fn events_are_told_on_the_desktop_where_the_system_has_a_way() {
    use std::os::unix::fs::PermissionsExt;
    let platform = Platform::start();
    let project = platform.project("p");
    let mut dev = Person::of(&platform, "p", &platform.key(&project, "developer", "Dan"));
    dev.set("PATH", "/nowhere");
    dev.aitk(&["watch", "--notify"]).expect(1).says(&["notify-send", "hint: install it"]);

    dev.write("bin/notify-send", "#!/bin/sh\nprintf '%s|' \"$@\" > told.tmp && mv told.tmp told\n");
    std::fs::set_permissions(dev.file("bin/notify-send"), PermissionsExt::from_mode(0o755)).unwrap();
    dev.set("PATH", &format!("{}:/usr/bin:/bin", dev.file("bin").display()));
    let watch = dev.start(&["watch", "--notify"]);
    watch.wait_for("watching");
    platform.call("POST", &format!("/api/projects/{project}/lock"), Some(json!({"reason": "<b>guide"})));
    watch.line();
    let until = std::time::Instant::now() + aitk_tests::PATIENCE;
    while !dev.file("told").exists() {
        assert!(std::time::Instant::now() < until, "nothing was told");
        std::thread::yield_now();
    }
    let told = dev.read("told");
    assert!(
        told.starts_with("--app-name=aitk|--|lock:acquired|admin: until ") && told.contains("&lt;b&gt;guide"),
        "{told}"
    );
}
