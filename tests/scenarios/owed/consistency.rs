//! One revision or the next, never a mix, and nobody's bytes lost.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::sync::Mutex;
use std::sync::mpsc::channel;

use aitk_tests::docs::many;
use aitk_tests::{Docs, Reply, Scene, binary, docs};
use serde_json::{Value, json};

/// A few small docs, and one that does not fit under [`STARVED`].
fn large(text: &str) -> Docs {
    let mut all = many(20, text.len());
    all.insert("large.md".into(), text.repeat(60_000).into_bytes());
    all
}

/// Runs `aitk check` so that no file can grow over 32 KiB; what happens then is up to the signal.
fn starved(scene: &Scene, signal: &str) -> std::process::ExitStatus {
    let script = format!("{signal} ulimit -f 64; exec '{}' check", binary("aitk").display());
    scene.dev.command("sh").args(["-c", &script]).output().unwrap().status
}

#[test]
fn d01_deleted_and_renamed_docs_go_and_what_is_not_ours_is_kept() {
    let scene = Scene::synced(&[("a.md", "one\n"), ("old.md", "two\n"), ("sub/gone.md", "three\n")]);
    scene.dev.write(".docs/mine.md", "not from the platform\n");
    scene.publish_only(&[("a.md", "one\n"), ("new.md", "two\n")]);
    let done = scene.dev.aitk(&["check"]).expect(0);
    assert_eq!(scene.dev.mirror(), docs(&[("a.md", "one\n"), ("new.md", "two\n")]));
    assert_eq!(scene.dev.kept(), docs(&[("mine.md", "not from the platform\n")]));
    assert!(done.err.contains("mine.md") && done.err.contains("aitk/kept"), "{done:#?}");
    assert!(done.out.contains("old.md") && done.out.contains("sub/gone.md"), "{done:#?}");
    // Down to nothing.
    scene.publish(&Docs::new());
    scene.recovers(&Docs::new());
}

#[test]
fn d02_killed_in_mid_sync_the_old_revision_is_whole_and_the_next_run_completes() {
    let (old, new) = (large("1"), large("22"));
    let mut scene = Scene::with(&old);
    scene.dev.aitk(&["check"]).expect(0);
    scene.publish(&new);
    // While the answer is under way.
    let (told, asked) = channel();
    let told = Mutex::new(told);
    scene.between.answer(move |request| {
        let reply = request.pass_on();
        told.lock().unwrap().send(()).unwrap();
        let half = reply.body.len() / 2;
        reply.hang_after(half)
    });
    let mut running = scene.dev.start(&["check", "--deadline", "30s"]);
    asked.recv_timeout(aitk_tests::PATIENCE).unwrap();
    running.process.kill().unwrap();
    assert_eq!(running.end(), None);
    assert_eq!(scene.dev.mirror(), old);
    // While it is written: the file system's limit kills where the disk's end would.
    scene.between.be_honest();
    let status = starved(&scene, "");
    assert!(!status.success(), "{status:?}");
    assert_eq!(scene.dev.mirror(), old);
    // What is there is one revision, so it may stand in for the platform.
    scene.platform.kill();
    scene.dev.aitk(&["check"]).expect(0).says(&["lock UNKNOWN"]);
    scene.dev.aitk(&["verify"]).expect(0);
    assert_eq!(scene.dev.mirror(), old);
    scene.platform.start_again();
    scene.recovers(&new);
}

#[test]
fn d03_killed_in_mid_sync_and_back_at_the_old_revision_there_is_no_mix() {
    let (old, new) = (large("1"), large("22"));
    let scene = Scene::with(&old);
    scene.dev.aitk(&["check"]).expect(0);
    scene.publish(&new);
    assert!(!starved(&scene, "").success());
    scene.publish(&old);
    scene.recovers(&old);
    scene.dev.aitk(&["verify"]).expect(0);
}

#[test]
fn d04_a_full_disk_is_an_error_that_leaves_the_old_revision() {
    let (old, new) = (large("1"), large("22"));
    let scene = Scene::with(&old);
    scene.dev.aitk(&["check"]).expect(0);
    scene.publish(&new);
    for _ in 0..2 {
        assert_eq!(starved(&scene, "trap '' XFSZ;").code(), Some(1));
        assert_eq!(scene.dev.mirror(), old);
    }
    scene.recovers(&new);
    // Nor does one that is full from the start leave half a mirror.
    scene.dev.forget_copy();
    assert_eq!(starved(&scene, "trap '' XFSZ;").code(), Some(1));
    assert!(!scene.dev.file(".docs").exists());
    scene.recovers(&new);
}

#[test]
fn d05_a_run_that_slept_through_a_newer_one_changes_nothing() {
    let scene = Scene::synced(&[("a.md", "one\n"), ("b.md", "one\n")]);
    scene.publish_only(&[("a.md", "two\n"), ("b.md", "one\n")]);
    // The first run's answer is on its way until the second run is done.
    let ((told, asked), (go, gone)) = (channel(), channel());
    let (told, gone, first) = (Mutex::new(told), Mutex::new(gone), Mutex::new(true));
    scene.between.answer(move |request| {
        let reply = request.pass_on();
        if std::mem::take(&mut *first.lock().unwrap()) {
            told.lock().unwrap().send(()).unwrap();
            gone.lock().unwrap().recv().unwrap();
        }
        reply
    });
    let slow = scene.dev.start(&["check", "--deadline", "30s", "--timeout", "30s"]);
    asked.recv_timeout(aitk_tests::PATIENCE).unwrap();
    scene.publish_only(&[("a.md", "two\n"), ("b.md", "three\n"), ("c.md", "three\n")]);
    let newest = docs(&[("a.md", "two\n"), ("b.md", "three\n"), ("c.md", "three\n")]);
    scene.dev.aitk(&["check"]).expect(0);
    assert_eq!(scene.dev.mirror(), newest);
    go.send(()).unwrap();
    assert_eq!(slow.end(), Some(0));
    assert_eq!(scene.dev.mirror(), newest);
    scene.dev.aitk(&["verify"]).expect(0);
    scene.recovers(&newest);
}

#[test]
fn d06_one_bad_doc_refuses_the_whole_answer_and_is_named() {
    let scene = Scene::synced(&[("a.md", "one\n"), ("bad.md", "one\n"), ("c.md", "one\n")]);
    scene.publish_only(&[("a.md", "two\n"), ("bad.md", "two\n"), ("c.md", "two\n")]);
    type Tamper = fn(&mut Value);
    let all: [(&str, Tamper); 9] = [
        ("bad.md", |doc| doc["content"] = "other\n".into()),
        ("bad.md", |doc| {
            doc["content"] = "?".into();
            doc["encoding"] = "base64".into();
        }),
        ("docs[1]", |doc| doc["encoding"] = "rot13".into()),
        ("docs[1]", |doc| doc["content"] = Value::Null),
        ("docs[1]", |doc| doc["content"] = 1.into()),
        ("docs[1]", |doc| drop(doc.as_object_mut().unwrap().shift_remove("content"))),
        ("docs[1]", |doc| doc["hash"] = "".into()),
        ("docs[1]", |doc| doc["fileName"] = Value::Null),
        ("docs[1]", |doc| *doc = json!("bad.md")),
    ];
    for (named, tamper) in all {
        let done = scene.check_tampered(move |answer| tamper(&mut answer["docs"][1])).expect(1);
        assert!(done.err.contains(named), "no {named:?}: {done:#?}");
    }
    scene.recovers(&docs(&[("a.md", "two\n"), ("bad.md", "two\n"), ("c.md", "two\n")]));
}

#[test]
fn d07_one_changed_doc_of_300_is_one_small_request_and_touches_one_file() {
    let all = many(300, 1);
    let scene = Scene::with(&all);
    scene.between.answer(aitk_tests::Request::pass_on_as_it_is);
    scene.dev.aitk(&["check"]).expect(0);
    assert_eq!(scene.dev.mirror(), all);
    let [first] = &scene.between.heard()[..] else { panic!("one request") };
    let whole = first.pass_on_as_it_is();
    assert!(whole.has("content-encoding"), "compressed on the wire: {whole:?}");
    assert!(whole.body.len() * 3 < first.pass_on().body.len());

    let times = || -> std::collections::BTreeMap<String, (i64, i64)> {
        let at = |name: &String| std::fs::metadata(scene.dev.file(".docs").join(name)).unwrap();
        all.keys().map(|name| (name.clone(), (at(name).mtime(), at(name).mtime_nsec()))).collect()
    };
    let before = times();
    let mut next = all.clone();
    next.insert("part 3/doc 3.md".into(), b"new\n".to_vec());
    scene.publish(&next);
    scene.between.answer(aitk_tests::Request::pass_on_as_it_is);
    scene.dev.aitk(&["check"]).expect(0);
    assert_eq!(scene.dev.mirror(), next);
    let [request] = &scene.between.heard()[..] else { panic!("one request") };
    let reply = request.pass_on_as_it_is();
    assert!(
        request.bytes < 1024 && reply.body.len() < 2048,
        "{} up, {} down",
        request.bytes,
        reply.body.len()
    );
    let mut after = times();
    after.insert("part 3/doc 3.md".into(), before["part 3/doc 3.md"]);
    assert_eq!(after, before, "files that did not change keep their time");

    // Nothing new is less than 1 KB each way.
    scene.between.answer(aitk_tests::Request::pass_on_as_it_is);
    scene.dev.aitk(&["check"]).expect(0);
    let [request] = &scene.between.heard()[..] else { panic!("one request") };
    let reply = request.pass_on_as_it_is();
    assert!(
        request.bytes < 1024 && reply.body.len() < 700,
        "{} up, {} down",
        request.bytes,
        reply.body.len()
    );
}

#[test]
fn d08_docs_are_read_only_and_are_made_so_again() {
    let scene = Scene::synced(&[("a.md", "one\n"), ("sub/b.md", "two\n")]);
    let mode = |name: &str| std::fs::metadata(scene.dev.file(name)).unwrap().permissions().mode() & 0o7777;
    let all = [".docs/a.md", ".docs/sub/b.md", ".docs/.sync-hash"];
    assert_eq!(all.map(mode), [0o444; 3]);
    for loose in [0o644, 0o666, 0o777, 0o555] {
        for name in &all[..2] {
            std::fs::set_permissions(scene.dev.file(name), std::fs::Permissions::from_mode(loose)).unwrap();
        }
        scene.dev.aitk(&["check"]).expect(0);
        assert_eq!(all.map(mode), [0o444; 3], "after {loose:o}");
    }
    // Whatever the umask.
    let script = format!("umask 077; exec '{}' sync --force", binary("aitk").display());
    scene.publish_only(&[("a.md", "new\n"), ("sub/b.md", "two\n")]);
    assert!(scene.dev.command("sh").args(["-c", &script]).status().unwrap().success());
    assert_eq!(all.map(mode), [0o444; 3]);
}

#[test]
fn d08_docs_that_others_could_no_longer_read_are_made_readable_again() {
    let scene = Scene::synced(&[("a.md", "one\n"), ("sub/b.md", "two\n")]);
    for mode in [0o400, 0o440, 0o404] {
        let doc = scene.dev.file(".docs/a.md");
        std::fs::set_permissions(&doc, std::fs::Permissions::from_mode(mode)).unwrap();
        scene.dev.aitk(&["check"]).expect(0);
        let now = std::fs::metadata(&doc).unwrap().permissions().mode() & 0o7777;
        assert_eq!(now, 0o444, "after {mode:o} it is {now:o}");
    }
}

#[test]
fn d09_another_revision_than_the_announced_one_is_said_and_never_older() {
    let scene = Scene::synced(&[("a.md", "one\n")]);
    let sync = format!("/api/hook/sync/{}", scene.project);
    let old = scene.platform.call("POST", &sync, Some(json!({}))).to_string();
    scene.publish_only(&[("a.md", "two\n")]);
    scene.recovers(&docs(&[("a.md", "two\n")]));
    // A replica that lags behind answers with the older one.
    let done = scene.check_against(move |_| Reply::new(200, old.clone()));
    assert_eq!(done.code, Some(0), "{done:#?}");
    assert!(done.err.contains("older"), "{done:#?}");
    // A delta from something else than what is here is refused.
    scene.publish_only(&[("a.md", "three\n")]);
    let done = scene
        .check_against(|request| request.pass_on().edit(|answer| answer["base"] = "0".repeat(64).into()));
    assert_eq!(done.code, Some(1), "{done:#?}");
    scene.recovers(&docs(&[("a.md", "three\n")]));
}
