//! A platform whose answers are cut, reset, late, or of the wrong types.

use std::time::{Duration, Instant};

use aitk_tests::docs::many;
use aitk_tests::{Reply, Request, Scene, docs};
use serde_json::{Value, json};

/// Without a copy that may be used every fault would be tried again.
const ONCE: [&str; 2] = ["--retries", "0"];

/// Some of the lengths, or all of them when asked for.
fn lengths(whole: usize, some: usize) -> Vec<usize> {
    let step = if std::env::var_os("AITK_TEST_ALL").is_some() { 1 } else { whole / some + 1 };
    let ends = (0..3).chain(whole.saturating_sub(3)..whole);
    let mut all: Vec<_> = (0..whole).step_by(step).chain(ends).filter(|at| *at < whole).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// A copy of one revision here, and another on the platform.
fn behind() -> Scene {
    let mut scene = Scene::synced(&[("a.md", "one\n"), ("b/c.md", "two\n")]);
    scene.publish_only(&[("a.md", "ONE\n"), ("d.md", "three\n")]);
    scene.dev.set("AITK_OFFLINE", "deny");
    scene
}

#[test]
fn an_answer_that_is_cut_at_any_length_is_refused() {
    let scene = behind();
    let whole = {
        scene.check_with(&ONCE, |request| request.pass_on().cut(0)).expect(5);
        scene.between.heard()[0].pass_on().body.len()
    };
    type Cut = fn(Reply, usize) -> Reply;
    let cuts: [(&[i32], Cut); 4] = [
        // The end of the connection comes before the announced end.
        (&[5], |reply, at| reply.cut(at)),
        (&[5], |reply, at| reply.reset_after(at)),
        // Only the text itself tells that something is missing.
        (&[1], |reply, at| reply.without_length().cut(at)),
        (&[1, 5], |reply, at| {
            let mut body = reply.body;
            body.truncate(at);
            Reply::new(200, body)
        }),
    ];
    for (codes, cut) in cuts {
        for at in lengths(whole, 25) {
            let done = scene.check_with(&ONCE, move |request| cut(request.pass_on(), at));
            assert!(done.code.is_some_and(|code| codes.contains(&code)), "cut at {at} of {whole}: {done:#?}");
        }
    }
    scene.recovers(&docs(&[("a.md", "ONE\n"), ("d.md", "three\n")]));
}

#[test]
fn a_head_that_is_cut_or_is_none_is_refused() {
    let scene = behind();
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
    for at in lengths(head.len(), 20) {
        let done = scene.check_with(&ONCE, move |_| Reply::raw(&head.as_bytes()[..at]));
        assert!(matches!(done.code, Some(1 | 5)), "cut at {at}: {done:#?}");
    }
    for nonsense in [
        "hello\r\n\r\n",
        "SSH-2.0-x\r\n",
        "HTTP/1.1 999 ?\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{}",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n",
        "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\ncontent-encoding: zstd\r\ncontent-length: 2\r\n\r\n{}",
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n",
        "HTTP/1.1 304 Not Modified\r\n\r\n",
    ] {
        let done = scene.check_with(&ONCE, move |_| Reply::raw(nonsense));
        assert!(matches!(done.code, Some(1 | 5)), "{nonsense:?}: {done:#?}");
    }
    scene.recovers(&docs(&[("a.md", "ONE\n"), ("d.md", "three\n")]));
}

#[test]
fn a_compressed_answer_that_is_cut_is_refused() {
    let mut scene = Scene::with(&many(30, 1));
    scene.dev.aitk(&["check"]).expect(0);
    scene.publish(&many(30, 22));
    scene.dev.set("AITK_OFFLINE", "deny");
    scene.check_with(&ONCE, |request| request.pass_on_as_it_is().cut(0)).expect(5);
    let whole = scene.between.heard()[0].pass_on_as_it_is();
    assert!(whole.has("content-encoding"), "{whole:?}");
    for at in lengths(whole.body.len(), 12) {
        for with_length in [true, false] {
            let done = scene.check_with(&ONCE, move |request| {
                let reply = request.pass_on_as_it_is().cut(at);
                if with_length { reply } else { reply.without_length() }
            });
            assert!(matches!(done.code, Some(1 | 5)), "cut at {at}: {done:#?}");
        }
    }
    scene.recovers(&many(30, 22));
}

#[test]
fn a_platform_that_hangs_or_resets_is_out_of_reach_and_that_is_said() {
    let mut scene = behind();
    type Manner = fn(&Request) -> Reply;
    let manners: [Manner; 4] = [
        |_| Reply::silence(),
        |request| request.pass_on().hang_after(0),
        |request| request.pass_on().hang_after(60),
        |_| Reply::reset(),
    ];
    for policy in ["allow", "deny"] {
        scene.dev.set("AITK_OFFLINE", policy);
        for manner in manners {
            scene.between.answer(manner);
            let begun = Instant::now();
            let patience = ["check", "--deadline", "200ms", "--timeout", "200ms", "--retries", "0"];
            let done = scene.dev.aitk(&patience);
            assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
            match policy {
                "allow" => drop(done.expect(0).says(&["lock UNKNOWN"])),
                _ => drop(done.expect(5)),
            }
            assert_eq!(scene.dev.mirror(), docs(&[("a.md", "one\n"), ("b/c.md", "two\n")]));
        }
    }
    // Without a copy there is nothing to go on with.
    scene.dev.forget_copy();
    for manner in manners {
        scene.between.answer(manner);
        scene.dev.aitk(&["check", "--timeout", "200ms", "--retries", "0"]).expect(5);
        assert!(!scene.dev.file(".docs").exists() && scene.dev.staging().is_empty());
    }
    scene.recovers(&docs(&[("a.md", "ONE\n"), ("d.md", "three\n")]));
}

/// Every place in a document, as a pointer into it.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), value)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(n, item)| (n.to_string(), item)).collect(),
        _ => Vec::new(),
    };
    for (name, value) in inner {
        let place = format!("{at}/{name}");
        places(value, &place, found);
        found.push(place);
    }
}

/// Whether this may stand there, by the interface's own words.
fn may_be(place: &str, value: &Value) -> bool {
    matches!((place, value), ("/lock" | "/lock/reason" | "/base", Value::Null))
}

#[test]
fn a_field_of_another_type_is_refused_wherever_it_is() {
    let scene = Scene::synced(&[("a.md", "one\n"), ("b/c.md", "two\n")]);
    scene.publish_only(&[("a.md", "ONE\n"), ("d.md", "three\n")]);
    scene.lock("r");
    scene.check_with(&ONCE, Request::pass_on).expect(2);
    let whole: Value = serde_json::from_slice(&scene.between.heard()[0].pass_on().body).unwrap();
    let mut all = Vec::new();
    places(&whole, "", &mut all);
    assert!(
        all.len() > 20 && all.contains(&"/docs/0/content".into()) && all.contains(&"/lock/token".into()),
        "{all:?}"
    );
    let others = [Value::Null, json!(true), json!(-1), json!(1.5), json!("?"), json!([]), json!({})];
    for place in &all {
        for other in &others {
            let is = whole.pointer(place).unwrap();
            let same_type = std::mem::discriminant(is) == std::mem::discriminant(other) && !other.is_number();
            if same_type || may_be(place, other) {
                continue;
            }
            let (to, value) = (place.clone(), other.clone());
            let done = scene.check_with(&ONCE, move |request| {
                request.pass_on().edit(|answer| *answer.pointer_mut(&to).unwrap() = value.clone())
            });
            assert_eq!(done.code, Some(1), "{place} = {other}: {done:#?}");
        }
    }
    // Nothing but a lock of somebody's else may be missing.
    for place in all.iter().filter(|place| !place.contains("/removed/") && !place.ends_with(['0', '1'])) {
        let (folder, name) = place.rsplit_once('/').unwrap();
        let (folder, name) = (folder.to_owned(), name.to_owned());
        if ["lockIsYours", "encoding"].contains(&name.as_str()) {
            continue;
        }
        let done = scene.check_with(&ONCE, move |request| {
            request.pass_on().edit(|answer| {
                answer.pointer_mut(&folder).unwrap().as_object_mut().unwrap().shift_remove(&name);
            })
        });
        assert_eq!(done.code, Some(1), "without {place}: {done:#?}");
    }
    scene.unlock();
    scene.recovers(&docs(&[("a.md", "ONE\n"), ("d.md", "three\n")]));
}
