//! Care of the data: backups while the server works, restores under running clients, a new secret key,
//! and `kill -9` in the middle of each.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::time::Instant;

use aitk_tests::docs::many;
use aitk_tests::{Done, Person, Platform, Scene, binary, docs, http, signal};
use serde_json::{Value, json};

fn command(platform: &Platform, arguments: &[&str]) -> Command {
    let mut command = Command::new(binary("aitk-server"));
    command.args(arguments).arg("--data").arg(platform.data()).stdin(Stdio::null());
    command
}

/// Runs `aitk-server` on the platform's data folder.
fn server(platform: &Platform, arguments: &[&str]) -> Done {
    let done = command(platform, arguments).output().unwrap();
    Done {
        what: format!("aitk-server {}", arguments.join(" ")),
        code: done.status.code(),
        out: String::from_utf8(done.stdout).unwrap(),
        err: String::from_utf8(done.stderr).unwrap(),
    }
}

/// The names in the data folder that begin so.
fn names(platform: &Platform, start: &str) -> Vec<String> {
    let entries = std::fs::read_dir(platform.data()).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = entries.map(|name| name.into_string().unwrap()).collect();
    names.retain(|name| name.starts_with(start));
    names.sort();
    names
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Asks with a key; the status.
fn status_of(platform: &Platform, key: &str) -> u16 {
    let request = http().get(format!("{}/api/projects", platform.url)).header("x-api-key", key);
    request.send().unwrap().status().as_u16()
}

#[test]
fn a_backup_is_made_while_the_server_works_and_is_of_one_moment() {
    let scene = Scene::with(&many(200, 1));
    let folder = tempfile::tempdir().unwrap();
    let (url, key) = (scene.platform.url.clone(), scene.platform.admin_key.clone());
    let path = format!("{url}/api/projects/{}/docs/batch", scene.project);
    let ((stop, stopped), (begin, begun)) = (channel::<()>(), channel());
    // Two docs that always change together.
    let writing = std::thread::spawn(move || {
        let mut n = 0;
        while stopped.try_recv().is_err() {
            n += 1;
            let puts = ["one.md", "two.md"].map(|path| json!({"path": path, "content": n.to_string()}));
            let batch = http().post(&path).header("x-api-key", &key).json(&json!({ "puts": puts }));
            assert!(batch.send().unwrap().status().is_success());
            let _ = begin.send(());
        }
        n
    });
    begun.recv_timeout(aitk_tests::PATIENCE).unwrap();
    let mut saved = Vec::new();
    for n in 0..5 {
        let file = folder.path().join(format!("{n}.db"));
        let done = server(&scene.platform, &["backup", text(&file)]).expect(0);
        assert!(done.out.contains("secret.key") && done.out.contains("not in it"), "{done:#?}");
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        saved.push(file);
    }
    stop.send(()).unwrap();
    assert!(writing.join().unwrap() > 5);
    let mut platform = scene.platform;
    assert_eq!(platform.terminate(), Some(0));
    for file in &saved {
        server(&platform, &["restore", text(file)]).expect(0);
        platform.start_again();
        let path = |name: &str| format!("/api/projects/{}/docs/{name}", scene.project);
        let doc = |name: &str| platform.call("GET", &path(name), None)["content"].clone();
        assert_eq!(doc("one.md"), doc("two.md"));
        platform.terminate();
    }
    assert_eq!(names(&platform, "aitk.db.before-restore").len(), 5);
    assert_eq!(names(&platform, ".aitk"), [""; 0], "nothing is left lying about");
}

#[test]
fn restoring_yesterdays_backup_under_a_running_client_leaves_everybody_current() {
    let mut scene = Scene::new(&[("a.md", "yesterday\n"), ("same.md", "same\n")]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("yesterday.db");
    let lock = format!("/api/projects/{}/lock", scene.project);
    let token = |platform: &Platform| {
        let token = platform.call("POST", &lock, Some(json!({})))["token"].as_u64().unwrap();
        platform.call("DELETE", &lock, None);
        token
    };
    let first = token(&scene.platform);
    let eve = Person::of(&scene.platform, "p", &scene.platform.key(&scene.project, "developer", "Eve"));
    let gone = scene.platform.key(&scene.project, "developer", "Gone");
    server(&scene.platform, &["backup", text(&file)]).expect(0);

    // Today: more revisions, more locks, a key that is revoked, one that is new, a lock that is held.
    scene.publish(&docs(&[("a.md", "today\n"), ("new.md", "new\n"), ("same.md", "same\n")]));
    let today = token(&scene.platform);
    let id = scene.platform.call("GET", "/api/keys", None);
    let id = id.as_array().unwrap().iter().find(|key| key["name"] == "Gone").unwrap()["id"].clone();
    scene.platform.call("DELETE", &format!("/api/keys/{}", id.as_str().unwrap()), None);
    let joined = scene.platform.key(&scene.project, "developer", "New");
    scene.dev.aitk(&["check"]).expect(0);
    let watch = eve.start(&["watch", "--json", "--max-retries", "100"]);
    watch.wait_for("watching");
    scene.platform.call("POST", &lock, Some(json!({"reason": "of the old life"})));
    let event: Value = serde_json::from_str(&watch.line()).unwrap();
    let old_epoch = event["epoch"].clone();

    server(&scene.platform, &["restore", text(&file)])
        .expect(1)
        .says(&["another aitk-server runs", "stop it"]);
    assert_eq!(scene.platform.terminate(), Some(0));
    watch.wait_for("reconnect");
    let told = server(&scene.platform, &["restore", text(&file)]).expect(0);
    for word in ["2 docs", "verified", "before-restore", "stay revoked (1)", "gone (1)"] {
        assert!(told.out.contains(word), "no {word:?}: {told:#?}");
    }
    scene.platform.start_again();

    // The watcher learns that there is a gap, and where things stand; then it goes on.
    watch.wait_for("does not have all events");
    watch.wait_for("not locked");
    let yesterday = docs(&[("a.md", "yesterday\n"), ("same.md", "same\n")]);
    assert_ne!(scene.dev.mirror(), yesterday);
    scene.recovers(&yesterday);
    scene.dev.aitk(&["verify"]).expect(0);
    let after = token(&scene.platform);
    assert!(first < today && today < after, "{first} {today} {after}");
    let event: Value = serde_json::from_str(&watch.line()).unwrap();
    assert_eq!(event["type"], "lock:acquired");
    assert_ne!(event["epoch"], old_epoch);
    scene.publish(&docs(&[("a.md", "tomorrow\n"), ("same.md", "same\n")]));
    scene.recovers(&docs(&[("a.md", "tomorrow\n"), ("same.md", "same\n")]));
    signal(&watch.process);
    assert_eq!(watch.end(), Some(0));

    assert_eq!(status_of(&scene.platform, &gone), 401, "a revoked key stays revoked");
    assert_eq!(status_of(&scene.platform, &joined), 401);
    // The audit log lost nothing.
    let told = scene.platform.call("GET", "/api/audit?limit=1000", None);
    let actions: Vec<_> =
        told["entries"].as_array().unwrap().iter().map(|line| line["action"].as_str().unwrap()).collect();
    assert!(actions.contains(&"key.revoked") && actions.contains(&"database.restored"), "{actions:?}");
    let numbers: Vec<_> =
        told["entries"].as_array().unwrap().iter().map(|line| line["seq"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).rev().collect::<Vec<_>>());
}

#[test]
fn what_is_no_whole_backup_of_ours_changes_nothing() {
    let mut scene = Scene::new(&[("a.md", "one\n"), ("b.md", "two\n")]);
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let good = at("good.db");
    server(&scene.platform, &["backup", text(&good)]).expect(0);
    server(&scene.platform, &["backup", text(&good)]).expect(1).says(&["exists", "--force"]);
    let before = std::fs::read(&good).unwrap();
    server(&scene.platform, &["backup", text(&at("no/such/folder.db"))]).expect(1).says(&["cannot write"]);
    server(&scene.platform, &["backup", "--force", text(&good)]).expect(0);
    assert_ne!(std::fs::read(&good).unwrap(), before);
    assert_eq!(scene.platform.terminate(), Some(0));

    let bytes = std::fs::read(&good).unwrap();
    let broken = |name: &str, edit: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = bytes.clone();
        edit(&mut bytes);
        std::fs::write(at(name), bytes).unwrap();
    };
    broken("cut.db", &|bytes| bytes.truncate(bytes.len() / 2));
    broken("flipped.db", &|bytes| {
        // A byte of a doc, which the database's own sums do not cover.
        let found = bytes.windows(4).position(|window| window == b"two\n").unwrap();
        bytes[found] ^= 1;
    });
    std::fs::write(at("text.db"), "no database").unwrap();
    std::fs::copy(scene.platform.data().join("aitk.db"), at("live.db")).unwrap();
    let live = std::fs::read(scene.platform.data().join("aitk.db")).unwrap();
    for (name, word) in [
        ("cut.db", "damaged"),
        ("flipped.db", "are others"),
        ("text.db", "no backup"),
        ("live.db", "no backup"),
        ("missing.db", "cannot read"),
    ] {
        server(&scene.platform, &["restore", text(&at(name))]).expect(1).says(&[word]);
        assert_eq!(std::fs::read(scene.platform.data().join("aitk.db")).unwrap(), live, "{name}");
        assert_eq!(names(&scene.platform, ".aitk"), [""; 0]);
    }
    // On another machine, whose server began anew: the keys are those of the backup.
    let mut other = Platform::start();
    assert_eq!(other.terminate(), Some(0));
    let told = server(&other, &["restore", text(&good)]).expect(0);
    assert!(told.out.contains("aitk key ls"), "{told:#?}");
    other.start_again();
    assert_eq!(
        (status_of(&other, &scene.platform.admin_key), status_of(&other, &other.admin_key)),
        (200, 401)
    );
    assert!(scene.dev.aitk(&["check"]).code == Some(5));
    scene.platform.start_again();
    scene.recovers(&docs(&[("a.md", "one\n"), ("b.md", "two\n")]));
}

#[test]
fn a_restore_that_is_killed_leaves_the_old_database_or_the_new_one() {
    let mut scene = Scene::with(&many(150, 1));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("b.db");
    server(&scene.platform, &["backup", text(&file)]).expect(0);
    scene.publish(&docs(&[("new.md", "new\n")]));
    let new = folder.path().join("new.db");
    server(&scene.platform, &["backup", text(&new)]).expect(0);
    scene.platform.terminate();
    let begun = Instant::now();
    server(&scene.platform, &["restore", text(&file)]).expect(0);
    let span = begun.elapsed();
    let mut cut = 0;
    for round in 0..24_u32 {
        let from = if round % 2 == 0 { &new } else { &file };
        let mut running = command(&scene.platform, &["restore", text(from)])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(span.mul_f64(f64::from(round * 7 % 24) / 20.0));
        running.kill().unwrap();
        cut += u32::from(running.wait().unwrap().code().is_none());
        scene.platform.start_again();
        let shown = scene.platform.call("GET", &format!("/api/projects/{}", scene.project), None);
        let count = shown["docsCount"].as_u64().unwrap();
        assert!(count == 1 || count == 150, "round {round}: {count} docs");
        assert_eq!(scene.platform.terminate(), Some(0));
    }
    assert!(cut > 4, "only {cut} runs were killed before their end");
    server(&scene.platform, &["restore", text(&file)]).expect(0);
    assert_eq!(names(&scene.platform, ".aitk"), [""; 0], "what the killed ones left is gone");
}

#[test]
fn a_new_secret_key_opens_every_secret_also_after_runs_that_were_killed() {
    let mut platform = Platform::start();
    for n in 0..40 {
        let body = json!({"name": format!("p{n}"), "token": format!("token {n}"), "webhookSecret": "hook"});
        platform.call("POST", "/api/projects", Some(body));
    }
    server(&platform, &["rotate-key"]).expect(1).says(&["another aitk-server runs", "stop it"]);
    assert_eq!(platform.terminate(), Some(0));
    let key = |platform: &Platform| std::fs::read(platform.data().join("secret.key")).unwrap();
    let first = key(&platform);
    let begun = Instant::now();
    let told = server(&platform, &["rotate-key"]).expect(0);
    let span = begun.elapsed();
    assert!(told.out.contains("80 secrets"), "{told:#?}");
    assert_ne!(key(&platform), first);
    assert_eq!(names(&platform, "secret.key"), ["secret.key"]);

    let (mut cut, mut half) = (0, 0);
    for round in 0..40_u32 {
        let mut running =
            command(&platform, &["rotate-key"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(span.mul_f64(f64::from(round * 17 % 40) / 36.0));
        running.kill().unwrap();
        cut += u32::from(running.wait().unwrap().code().is_none());
        half += u32::from(names(&platform, "secret.key").len() > 1);
        if round % 4 == 0 {
            // Whatever was reached: the server starts, and opens everything.
            platform.start_again();
            platform.call("POST", "/api/projects", Some(json!({"name": format!("r{round}"), "token": "t"})));
            assert_eq!(platform.terminate(), Some(0));
            assert!(!platform.log().contains("does not open"), "round {round}: {}", platform.log());
        }
    }
    assert!(cut > 8 && half > 0, "{cut} killed, {half} of them half-way");
    let told = server(&platform, &["rotate-key"]).expect(0);
    assert!(told.out.contains("90 secrets") && !told.out.contains("No key opened"), "{told:#?}");
    assert_eq!(names(&platform, "secret.key"), ["secret.key"]);
    let mode = std::fs::metadata(platform.data().join("secret.key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    platform.start_again();
    assert!(!platform.log().contains("does not open"), "{}", platform.log());
    // The log would have said so.
    platform.terminate();
    std::fs::write(platform.data().join("secret.key"), &first).unwrap();
    platform.start_again();
    assert!(platform.log().contains("does not open"));
    platform.terminate();
    let told = server(&platform, &["rotate-key"]).expect(0);
    assert!(told.out.contains("0 secrets") && told.out.contains("No key opened"), "{told:#?}");
}
