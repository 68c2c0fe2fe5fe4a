//! `check` fails closed: what is not known to be fine is not fine.

use aitk_tests::stand_in::seal;
use aitk_tests::{Docs, Person, Reply, Scene, StandIn, docs};
use serde_json::{Value, json};

/// Words that tell of an outage.
const OUTAGE: [&str; 2] = ["UNKNOWN", "cannot reach"];

#[track_caller]
fn is_an_answer(scene: &Scene, done: &aitk_tests::Done, code: i32) {
    assert_eq!(done.code, Some(code), "{done:#?}");
    assert!(!OUTAGE.iter().any(|word| done.err.contains(word)), "an answer is no outage: {done:#?}");
    assert_eq!(scene.between.heard().len(), 1, "an answer is not asked for twice: {done:#?}");
}

#[test]
fn a01_a_revoked_key_is_an_answer_and_no_outage() {
    let scene = Scene::synced(&[("a.md", "one\n")]);
    scene.revoke_keys();
    let done = scene.check_against(aitk_tests::Request::pass_on);
    is_an_answer(&scene, &done, 3);
    // Nor is it one when a proxy says so in its own words.
    for (status, code) in [(401, 3), (403, 3), (404, 4), (410, 4)] {
        let done = scene.check_against(move |_| Reply::new(status, "<html>no</html>"));
        is_an_answer(&scene, &done, code);
    }
}

#[test]
fn a02_a_deleted_project_and_a_forbidden_one_are_answers_that_name_project_and_server() {
    let scene = Scene::synced(&[("a.md", "one\n")]);
    let done = scene.check_against(|_| Reply::problem(403, "forbidden", "not for you"));
    is_an_answer(&scene, &done, 3);
    scene.platform.call("DELETE", &format!("/api/projects/{}", scene.project), None);
    let done = scene.check_against(aitk_tests::Request::pass_on);
    is_an_answer(&scene, &done, 4);
    done.says(&["'p'", &scene.between.url]);
    let done = scene.dev.aitk(&["check", "--project", "wrong-id"]).expect(4);
    done.says(&["wrong-id", &scene.between.url]);
}

#[test]
fn a03_a_locked_project_does_not_pass_in_silence_when_the_platform_errs() {
    for status in [500, 502, 503] {
        let mut scene = Scene::synced(&[("a.md", "one\n")]);
        scene.lock("not seen here");
        let failing = move |_: &aitk_tests::Request| Reply::new(status, "{}");
        let done = scene.check_against(failing).expect(0);
        assert_eq!(scene.between.heard().len(), 1, "one call tells all");
        done.says(&["lock UNKNOWN", "ago"]);
        scene.dev.set("AITK_OFFLINE", "deny");
        scene.check_with(&["--retries", "0"], failing).expect(5);
        scene.dev.set("AITK_OFFLINE", "allow");
        // Once the lock was seen it is remembered.
        scene.check_against(aitk_tests::Request::pass_on).expect(2);
        scene.check_against(failing).expect(2).says(&["not seen here"]);
    }
}

#[test]
fn a04_an_empty_or_odd_answer_is_never_unlocked_and_up_to_date() {
    let whole = |text: &str| Reply::new(200, text.to_owned());
    let bodies =
        ["", " \n", "{}", "null", "[]", "\"\"", "0", "true", "<html>hello</html>", "{\"hash\":\"", "{}{}"];
    let fresh = Scene::new(&[("a.md", "one\n")]);
    let synced = Scene::synced(&[("a.md", "one\n")]);
    for body in bodies {
        for scene in [&fresh, &synced] {
            let done = scene.check_against(move |_| whole(body)).expect(1);
            assert!(!done.err.contains("UNKNOWN"), "{body:?}: {done:#?}");
        }
        assert!(!fresh.dev.file(".docs").exists(), "{body:?}");
    }
    synced.check_against(|_| Reply::new(204, "")).expect(1);
    // Two answers in one body are none.
    synced
        .check_against(|request| {
            let mut reply = request.pass_on();
            reply.body.extend(reply.body.clone());
            reply
        })
        .expect(1);
    synced.recovers(&docs(&[("a.md", "one\n")]));
}

#[test]
fn a05_a_redirect_is_followed_at_home_and_shown_elsewhere() {
    let scene = Scene::synced(&[("a.md", "one\n")]);
    let stranger = StandIn::before(&scene.platform.url);
    let place = format!("{}/elsewhere", stranger.url);
    for status in [301, 302, 303, 307, 308] {
        let to = place.clone();
        let done = scene.check_against(move |_| Reply::new(status, "").header("location", &to));
        assert_eq!(done.code, Some(1), "{status}: {done:#?}");
        assert!(done.err.contains(&place), "{status}: {done:#?}");
    }
    for place in ["https://127.0.0.1:1/x", "//docs.example.invalid/x", "file:///etc/passwd", ""] {
        let done = scene.check_against(move |_| Reply::new(301, "").header("location", place));
        assert_eq!(done.code, Some(1), "{place}: {done:#?}");
    }
    assert_eq!(stranger.heard().len(), 0);
    // Without end at home.
    let home = scene.between.url.clone();
    scene.check_against(move |_| Reply::new(307, "").header("location", &home)).expect(1);
    // Once at home.
    scene.publish_only(&[("a.md", "two\n")]);
    scene.between.answer(|request| match request.line.contains("?moved") {
        true => request.pass_on(),
        false => {
            let place = format!("{}?moved", request.line.split(' ').nth(1).unwrap());
            Reply::new(307, "").header("location", &place)
        }
    });
    scene.dev.aitk(&["check"]).expect(0);
    assert_eq!(scene.dev.mirror(), docs(&[("a.md", "two\n")]));
}

#[test]
fn a06_a_lock_that_is_missing_or_of_another_type_is_an_error_that_names_the_field() {
    let scene = Scene::synced(&[("a.md", "one\n")]);
    scene.lock("r");
    let named = |field: &'static str, tamper: fn(&mut Value)| {
        let done = scene.check_tampered(tamper).expect(1);
        assert!(done.err.contains(field), "no {field:?}: {done:#?}");
    };
    named("lock", |answer| drop(answer.as_object_mut().unwrap().shift_remove("lock")));
    named("lock", |answer| answer["lock"] = 1.into());
    named("lock", |answer| answer["lock"] = true.into());
    named("lock", |answer| answer["lock"] = "false".into());
    named("lock", |answer| answer["lock"] = json!({}));
    named("lock", |answer| answer["lock"] = json!([]));
    named("remainingMs", |answer| drop(answer["lock"].as_object_mut().unwrap().shift_remove("remainingMs")));
    named("lock.remainingMs", |answer| answer["lock"]["remainingMs"] = "9".into());
    named("lock.remainingMs", |answer| answer["lock"]["remainingMs"] = (-1).into());
    named("lock.lockedBy", |answer| answer["lock"]["lockedBy"] = Value::Null);
}

#[test]
fn a07_a_locked_project_blocks_whatever_shell_starts_the_check() {
    let scene = Scene::synced(&[("a.md", "one\n")]);
    scene.lock("r");
    scene.dev.write("run.sh", format!("exec '{}' check\n", aitk_tests::binary("aitk").display()));
    for shell in ["sh", "dash", "bash"] {
        let Ok(done) = scene.dev.command(shell).arg("run.sh").output() else { continue };
        assert_eq!(done.status.code(), Some(2), "{shell}: {done:?}");
    }
}

#[test]
fn a08_nothing_else_has_to_be_installed_to_see_a_lock() {
    let mut scene = Scene::new(&[("a.md", "one\n"), ("b/c.md", "two\n")]);
    scene.dev.set("PATH", scene.dev.home().join("nothing-here").to_str().unwrap());
    scene.dev.aitk(&["check"]).expect(0);
    assert_eq!(scene.dev.mirror(), docs(&[("a.md", "one\n"), ("b/c.md", "two\n")]));
    scene.lock("r");
    scene.dev.aitk(&["check"]).expect(2);
}

#[test]
fn a09_whatever_is_missing_the_exit_code_is_a_documented_one() {
    let scene = Scene::new(&[("a.md", "one\n")]);
    scene.lock("r");
    let run = |arrange: &dyn Fn(&mut std::process::Command)| {
        let mut command = scene.dev.command(aitk_tests::binary("aitk"));
        command.arg("check").stdin(std::process::Stdio::null());
        arrange(&mut command);
        let done = command.output().unwrap();
        let code = done.status.code().unwrap_or_else(|| panic!("no code: {done:?}"));
        assert!([1, 2, 3, 4, 5, 64].contains(&code), "{code}: {done:?}");
        assert!(!done.stderr.is_empty(), "no diagnosis: {done:?}");
        code
    };
    assert_eq!(run(&|command| _ = command.env("PATH", "")), 2);
    assert_eq!(run(&|command| _ = command.env_remove("PATH")), 2);
    assert_eq!(run(&|command| _ = command.env("TMPDIR", "/nowhere/at/all")), 2);
    assert_eq!(run(&|command| _ = command.env("LANG", "tlh").env("LC_ALL", "nonsense")), 2);
    run(&|command| _ = command.env_remove("HOME"));
    run(&|command| _ = command.env("HOME", "/dev/null"));
    run(&|command| _ = command.current_dir("/"));
}

#[test]
fn a10_an_answer_without_docs_is_not_remembered_as_a_sync() {
    let wanted = docs(&[("a.md", "one\n"), ("b.md", "two\n")]);
    for synced in [false, true] {
        let scene = Scene::new(&[("a.md", "zero\n")]);
        if synced {
            scene.dev.aitk(&["check"]).expect(0);
        }
        scene.publish(&wanted);
        scene.check_tampered(|answer| drop(answer.as_object_mut().unwrap().shift_remove("docs"))).expect(1);
        scene.check_tampered(|answer| answer["docs"] = Value::Null).expect(1);
        scene.check_tampered(|answer| answer["docs"] = json!([])).expect(1);
        scene.check_tampered(|answer| drop(answer["docs"].as_array_mut().unwrap().pop())).expect(1);
        scene.recovers(&wanted);
    }
}

#[test]
fn a11_offline_has_an_age_limit_and_remembers_the_lock() {
    let mut scene = Scene::synced(&[("a.md", "one\n")]);
    let state = scene.dev.read(".docs/.aitk-state.json");
    let at = state.find("\"syncedAt\":\"2").expect("the state says when it was synced") + 12;
    let old = format!("{}2001{}", &state[..at], &state[at + 4..]);
    let file = scene.dev.file(".docs/.aitk-state.json");
    let age = |text: &str| {
        std::fs::remove_file(&file).unwrap();
        std::fs::write(&file, text).unwrap();
    };
    age(&old);
    scene.platform.kill();
    // With no limit its age is said, in days.
    let done = scene.dev.aitk(&["check"]).expect(0);
    assert!(done.err.contains("lock UNKNOWN") && done.err.contains(" d "), "{done:#?}");
    scene.dev.set("AITK_OFFLINE", "72h");
    scene.dev.aitk(&["check"]).expect(5).says(&["3 d", "more than the allowed"]);
    age(&state);
    scene.dev.aitk(&["check"]).expect(0);
    scene.dev.set("AITK_OFFLINE", "deny");
    scene.dev.aitk(&["check"]).expect(5);
    scene.dev.set("AITK_OFFLINE", "allow");

    // Last seen locked.
    scene.platform.start_again();
    scene.lock("the release guide");
    scene.dev.aitk(&["check"]).expect(2);
    scene.platform.kill();
    scene.dev.aitk(&["check"]).expect(2).says(&["admin", "the release guide", "min"]);
}

#[test]
fn a12_an_empty_copy_does_not_pass_for_a_copy_when_the_platform_is_away() {
    type Damage = fn(&Person);
    let all: [(&str, Damage); 5] = [
        ("emptied", |dev| {
            for name in ["a.md", "b/c.md"] {
                std::fs::remove_file(dev.file(&format!(".docs/{name}"))).unwrap_or_default();
            }
        }),
        ("one doc gone", |dev| std::fs::remove_file(dev.file(".docs/b/c.md")).unwrap_or_default()),
        ("one doc truncated", |dev| {
            std::fs::remove_file(dev.file(".docs/a.md")).unwrap_or_default();
            dev.write(".docs/a.md", "");
        }),
        ("the mark alone", |dev| {
            let mark = dev.read(".docs/.sync-hash");
            std::fs::remove_dir_all(dev.file(".docs")).unwrap();
            dev.write(".docs/.sync-hash", mark);
        }),
        ("one doc more", |dev| dev.write(".docs/more.md", "forged")),
    ];
    let whole = docs(&[("a.md", "one\n"), ("b/c.md", "two\n")]);
    for (name, damage) in all {
        let mut scene = Scene::synced(&[("a.md", "one\n"), ("b/c.md", "two\n")]);
        scene.platform.kill();
        // It may be made whole from what is kept of the same bytes elsewhere, and not otherwise.
        for elsewhere in [true, false] {
            if !elsewhere {
                std::fs::remove_dir_all(scene.dev.home().join(".cache/aitk")).unwrap_or_default();
            }
            damage(&scene.dev);
            let done = scene.dev.aitk(&["check", "--retries", "0"]);
            match done.code {
                Some(0) => {
                    assert!(done.err.contains("lock UNKNOWN") && scene.dev.mirror() == whole, "{done:#?}")
                }
                code => assert_eq!(code, Some(5), "{name}: {done:#?}"),
            }
        }
        scene.platform.start_again();
        scene.recovers(&whole);
    }
}

#[test]
fn a13_a_lock_that_is_taken_while_the_docs_are_fetched_blocks() {
    let scene = Scene::synced(&[("a.md", "one\n")]);
    scene.publish_only(&[("a.md", "two\n")]);
    let (url, admin) = (scene.platform.url.clone(), scene.platform.admin_key.clone());
    let path = scene.path("lock");
    let done = scene.check_against(move |request| {
        let lock = aitk_tests::http().post(format!("{url}{path}")).header("x-api-key", &admin).body("{}");
        assert_eq!(lock.header("content-type", "application/json").send().unwrap().status(), 201);
        request.pass_on()
    });
    assert_eq!(done.code, Some(2), "{done:#?}");
    assert_eq!(scene.between.heard().len(), 1, "lock, revision and docs come in one answer");
    scene.unlock();
    scene.recovers(&docs(&[("a.md", "two\n")]));
}

#[test]
fn a14_every_refusal_has_its_code_and_every_one_blocks_an_agent() {
    type Trouble = fn(&mut Scene);
    let all: [(&str, i32, Trouble); 7] = [
        ("locked", 2, |scene| scene.lock("r")),
        ("revoked", 3, |scene| scene.revoke_keys()),
        ("no such project", 4, |scene| {
            scene.dev.write(".aitk.toml", format!("url = \"{}\"\nproject = \"x\"\n", scene.between.url));
        }),
        ("away, without a copy", 5, |scene| scene.platform.kill()),
        ("errs, without a copy", 5, |scene| scene.between.answer(|_| Reply::new(500, "{}"))),
        ("wrong hash", 1, |scene| {
            scene.between.answer(|request| {
                request.pass_on_for_everything().edit(|answer| answer["docs"][0]["content"] = "x".into())
            });
        }),
        ("an odd answer", 1, |scene| scene.between.answer(|_| Reply::new(200, "{}"))),
    ];
    for (name, code, trouble) in all {
        let mut scene = Scene::with(&Docs::from([("a.md".into(), b"one\n".to_vec())]));
        trouble(&mut scene);
        let done = scene.dev.aitk(&["check", "--retries", "0"]);
        assert_eq!(done.code, Some(code), "{name}: {done:#?}");
        for event in ["SessionStart", "UserPromptSubmit"] {
            for arguments in
                [&["check", "--retries", "0"][..], &["check", "--retries", "0", "--agent", "claude"]]
            {
                let done = scene.dev.feed(arguments, scene.dev.claude(event));
                assert_eq!(done.code, Some(2), "{name}, {event}: {done:#?}");
                assert!(done.out.is_empty() && !done.err.trim().is_empty(), "{name}, {event}: {done:#?}");
            }
        }
    }
    // Wrong usage is 64 for people, and blocks an agent.
    let scene = Scene::new(&[("a.md", "one\n")]);
    scene.dev.aitk(&["check", "--nonsense"]).expect(64);
    scene.dev.feed(&["check", "--nonsense", "--agent", "claude"], scene.dev.claude("SessionStart")).expect(2);
    scene.dev.feed(&["check", "--agent", "claude"], "{\"hook_event_name\":").expect(2);
    // Where nothing is wrong, the same hook passes.
    scene.dev.feed(&["check", "--agent", "claude"], scene.dev.claude("SessionStart")).expect(0);
}

#[test]
fn a10_a_sum_that_fits_other_docs_is_not_remembered_either() {
    let scene = Scene::synced(&[("a.md", "one\n")]);
    scene.publish_only(&[("a.md", "two\n"), ("b.md", "more\n")]);
    // The docs of another revision under the announced hash, and the announced docs under another.
    scene
        .check_tampered(|answer| {
            let announced = answer["hash"].clone();
            answer["docs"].as_array_mut().unwrap().pop();
            seal(answer);
            answer["hash"] = announced;
        })
        .expect(1);
    scene.recovers(&docs(&[("a.md", "two\n"), ("b.md", "more\n")]));
}
