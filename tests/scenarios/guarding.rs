//! `guard` beside what else goes on: a lock, other sessions, what no hook could stop, settings that
//! change under it, input that never ends.

use std::io::Write;
use std::process::Stdio;
use std::time::{Duration, Instant};

use aitk_tests::docs::{docs, docs_hash, sha256};
use aitk_tests::{Done, Person, Reply, Scene, binary};
use serde_json::{Value, json};

use crate::owed::guard::{calls, event, verdict, writes};

fn writes_in_session(dev: &Person, session: &str) -> Done {
    let input = json!({"hook_event_name": "PreToolUse", "session_id": session, "cwd": dev.file(""),
        "tool_name": "Write", "tool_input": {"file_path": "src/a.rs", "content": "x"}});
    dev.feed(&["guard", "--agent", "claude"], input.to_string())
}

fn after(dev: &Person, tool: &str) -> Done {
    let input = json!({"command": "./build.sh"});
    dev.feed(&["guard", "--agent", "claude"], event(dev, "PostToolUse", tool, &input))
}

/// What the model is told beside its tool's result.
#[track_caller]
fn told(done: &Done) -> String {
    let said: Value = serde_json::from_str(&done.out).unwrap_or_else(|error| panic!("{error}: {done:#?}"));
    said["hookSpecificOutput"]["additionalContext"].as_str().unwrap().to_owned()
}

#[test]
fn while_somebody_holds_the_lock_a_session_without_a_good_check_writes_nothing_here() {
    let scene = Scene::synced(&[("a.md", "one\n")]);
    let dev = &scene.dev;
    scene.lock("new release guide");
    dev.feed(&["check", "--agent", "claude"], dev.claude("SessionStart")).expect(2);
    let done = writes_in_session(dev, "s").expect(2);
    done.says(&["new release guide", "locked by", "for another", "aitk status"]);
    let elsewhere = dev.home().join("notes.md");
    assert_eq!(writes(dev, elsewhere.to_str().unwrap()), "allow");
    assert_eq!(verdict(&calls(dev, "Read", &json!({"file_path": "src/a.rs"}))), "allow");
}

#[test]
fn a_fresh_clone_that_never_had_docs_knows_of_the_lock_as_well() {
    let scene = Scene::new(&[("a.md", "one\n")]);
    let dev = &scene.dev;
    scene.lock("moving house");
    dev.feed(&["check", "--agent", "claude"], dev.claude("SessionStart")).expect(2);
    writes_in_session(dev, "s").expect(2).says(&["moving house"]);
    assert_eq!(writes(dev, "docs/a.md"), "deny");
}

#[test]
fn a_project_may_stop_also_sessions_from_before_the_lock() {
    let scene = Scene::new(&[("a.md", "one\n")]);
    let project = scene.path("");
    scene.platform.call("PUT", project.trim_end_matches('/'), Some(json!({"onLock": "deny"})));
    let dev = &scene.dev;
    dev.feed(&["check", "--agent", "claude"], dev.claude("SessionStart")).expect(0);
    scene.lock("hands off");
    assert_eq!(verdict(&writes_in_session(dev, "s")), "allow", "nobody heard of the lock yet");
    dev.aitk(&["check"]).expect(2);
    writes_in_session(dev, "s").expect(2).says(&["hands off"]);
}

#[test]
fn before_it_stops_a_write_the_server_is_asked_once_and_out_of_reach_the_remembered_lease_counts() {
    let scene = Scene::synced(&[("a.md", "one\n")]);
    let dev = &scene.dev;
    scene.lock("short");
    dev.aitk(&["check"]).expect(2);
    scene.unlock();

    // What was heard a moment ago counts.
    scene.between.be_honest();
    writes_in_session(dev, "new").expect(2);
    assert_eq!(scene.between.heard().len(), 0);

    // Older knowledge is asked for again, and not waited for long.
    make_older(dev);
    scene.between.answer(|_| Reply::silence());
    let start = Instant::now();
    writes_in_session(dev, "new").expect(2);
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    assert_eq!(scene.between.heard().len(), 1);

    scene.between.be_honest();
    assert_eq!(verdict(&writes_in_session(dev, "new")), "allow");
    assert_eq!(scene.between.heard().len(), 1);
    assert_eq!(verdict(&writes_in_session(dev, "new")), "allow");
    assert_eq!(scene.between.heard().len(), 1, "the answer is remembered");

    // The lock is there again, and this time the answer says so.
    scene.lock("long");
    dev.aitk(&["check"]).expect(2);
    make_older(dev);
    scene.between.be_honest();
    writes_in_session(dev, "new").expect(2).says(&["long"]);
    assert_eq!(scene.between.heard().len(), 1);
}

/// Turns the clock for what this person's hooks heard: it was an hour ago.
fn make_older(dev: &Person) {
    let mut paths = vec![dev.file(".docs/.aitk-state.json")];
    for folder in ["projects", "sessions"] {
        paths.extend(json_files(&dev.home().join(".local/share/aitk").join(folder)));
    }
    let hour_ago = |text: &str| {
        let (date, time) = text.split_once('T').unwrap();
        let (year, rest) = date.split_once('-').unwrap();
        format!("{}-{rest}T{time}", year.parse::<u32>().unwrap() - 1)
    };
    for path in paths {
        let mut value: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        for name in ["syncedAt", "seenAt", "at"] {
            if let Some(old) = value.get(name).and_then(Value::as_str).map(hour_ago) {
                value[name] = old.into();
            }
        }
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, value.to_string()).unwrap();
    }
}

fn json_files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        match path.is_dir() {
            true => found.extend(json_files(&path)),
            false => found.push(path),
        }
    }
    found
}

#[test]
fn what_no_hook_could_stop_is_undone_and_told() {
    let wanted = [("a.md", "one\n"), ("b/c.md", "two\n"), ("d.md", "three\n")];
    let scene = Scene::synced(&wanted);
    let dev = &scene.dev;
    let guarded = after(dev, "Bash").expect(0);
    assert_eq!((guarded.out.as_str(), guarded.err.as_str()), ("", ""), "nothing happened");

    for tool in ["Bash", "ToolOfTomorrow"] {
        overwrite(dev, ".docs/a.md", "hacked");
        std::fs::remove_file(dev.file(".docs/b/c.md")).unwrap();
        dev.write(".docs/mine.md", "kept");
        let told = told(&after(dev, tool).expect(0));
        assert!(told.contains("a.md") && told.contains("b/c.md") && told.contains("undone"), "{told}");
        assert!(told.contains("mine.md") && told.contains("Leave .docs/"), "{told}");
        assert_eq!(dev.mirror(), docs(&wanted));
        assert!(dev.kept().values().any(|bytes| bytes == b"kept"), "{:?}", dev.kept());
        assert_eq!(after(dev, tool).out, "", "told once");
    }
    // Reading tools, and those whose targets are known, are not looked after.
    overwrite(dev, ".docs/a.md", "hacked");
    assert_eq!(after(dev, "Read").out, "");
}

/// A script that knows how a mirror looks rewrites a doc, the state and the mark so that they fit.
#[test]
fn docs_that_were_rewritten_together_with_what_vouches_for_them_are_put_back() {
    let wanted = [("a.md", "one\n"), ("b/c.md", "two\n")];
    let scene = Scene::synced(&wanted);
    let dev = &scene.dev;
    let forged = [("a.md", "hacked\n"), ("b/c.md", "two\n")];
    overwrite(dev, ".docs/a.md", "hacked\n");
    let mut state: Value =
        serde_json::from_slice(&std::fs::read(dev.file(".docs/.aitk-state.json")).unwrap()).unwrap();
    state["docs"][0]["hash"] = sha256(b"hacked\n").into();
    state["docs"][0]["size"] = 7.into();
    state["docs"][0]["stamp"] = Value::Null;
    state["hash"] = docs_hash(&docs(&forged)).into();
    overwrite(dev, ".docs/.aitk-state.json", &state.to_string());
    overwrite(dev, ".docs/.sync-hash", &format!("{}\n", docs_hash(&docs(&forged))));

    let told = told(&after(dev, "Bash").expect(0));
    assert!(told.contains("undone"), "{told}");
    assert_eq!(dev.mirror(), docs(&wanted));
    assert!(dev.kept().values().any(|bytes| bytes == b"hacked\n"), "{:?}", dev.kept());
    assert_eq!(after(dev, "Bash").out, "", "told once");
    dev.aitk(&["verify"]).expect(0);
}

#[test]
fn a_copy_that_is_gone_comes_back_and_write_protection_too() {
    let wanted = [("a.md", "one\n")];
    let scene = Scene::synced(&wanted);
    let dev = &scene.dev;
    std::fs::remove_dir_all(dev.file(".docs")).unwrap();
    assert!(told(&after(dev, "Bash").expect(0)).contains("undone"));
    assert_eq!(dev.mirror(), docs(&wanted));

    loosen(dev, ".docs/a.md");
    assert!(told(&after(dev, "Bash").expect(0)).contains("write protection"));
    assert!(std::fs::metadata(dev.file(".docs/a.md")).unwrap().permissions().readonly());

    // Without the bytes, the model learns what to do.
    std::fs::remove_dir_all(dev.home().join(".cache/aitk")).unwrap();
    overwrite(dev, ".docs/a.md", "hacked");
    let told = told(&after(dev, "Bash").expect(0));
    assert!(told.contains("a.md") && told.contains("`aitk check`"), "{told}");
    dev.aitk(&["check"]).expect(0);
    assert_eq!(dev.mirror(), docs(&wanted));
}

#[test]
fn where_an_agent_does_not_say_that_a_shell_is_done_the_next_call_looks() {
    let wanted = [("a.md", "one\n")];
    let scene = Scene::synced(&wanted);
    let dev = &scene.dev;
    let shell = || verdict(&calls(dev, "Bash", &json!({"command": "./build.sh"})));
    assert_eq!(shell(), "allow");
    overwrite(dev, ".docs/a.md", "hacked");
    let read = calls(dev, "Read", &json!({"file_path": ".docs/a.md"})).expect(0);
    assert!(told(&read).contains("a.md"), "{read:#?}");
    assert_eq!(dev.mirror(), docs(&wanted), "it is repaired before it is read");

    assert_eq!(shell(), "allow");
    overwrite(dev, ".docs/a.md", "hacked");
    let write = calls(dev, "Write", &json!({"file_path": ".docs/a.md"})).expect(2);
    write.says(&["read-only copy", "Note: changes in .docs/ were undone"]);
    assert_eq!(dev.mirror(), docs(&wanted));

    // Without a shell before it nobody looks.
    overwrite(dev, ".docs/a.md", "hacked");
    assert_eq!(calls(dev, "Read", &json!({"file_path": "a"})).out, "");
}

fn loosen(dev: &Person, path: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(dev.file(path), std::fs::Permissions::from_mode(0o644)).unwrap();
}

fn overwrite(dev: &Person, path: &str, text: &str) {
    loosen(dev, path);
    std::fs::write(dev.file(path), text).unwrap();
}

#[test]
fn settings_that_lose_our_hooks_are_refused_when_they_change() {
    let scene = Scene::synced(&[("a.md", "one\n")]);
    let dev = &scene.dev;
    dev.aitk(&["init", "--agent", "claude"]).expect(0);
    let changed = |path: &str| {
        let input = json!({"hook_event_name": "ConfigChange", "session_id": "s", "cwd": dev.file(""),
            "source": "project_settings", "file_path": dev.file(path)});
        dev.feed(&["guard", "--agent", "claude"], input.to_string())
    };
    let settings = ".claude/settings.json";
    let ours = dev.read(settings);
    changed(settings).expect(0);
    dev.write(settings, ours.replacen('{', "{\"model\": \"opus\",", 1));
    changed(settings).expect(0);
    for bad in ["{}", "", "{\"hooks\"", &ours.replacen('{', "{\"disableAllHooks\": true,", 1)] {
        dev.write(settings, bad);
        changed(settings).expect(2).says(&["switch off the hooks"]);
    }
    std::fs::remove_file(dev.file(settings)).unwrap();
    changed(settings).expect(2);

    dev.write(settings, &ours);
    dev.write(".claude/settings.local.json", "{\"permissions\": {}}");
    changed(".claude/settings.local.json").expect(0);
    dev.write(".claude/settings.local.json", "{\"disableAllHooks\": true}");
    changed(".claude/settings.local.json").expect(2);
}

#[test]
fn nobody_is_asked_about_the_hooks_where_a_session_asks_nobody() {
    let dev = Scene::synced(&[("a.md", "x")]).dev;
    let write = |mode: &str| {
        let call = json!({"session_id": "s", "cwd": dev.at, "hook_event_name": "PreToolUse", "permission_mode": mode,
            "tool_name": "Bash", "tool_input": {"command": "echo '{}' > .claude/settings.json"}});
        dev.feed(&["guard"], call.to_string())
    };
    dev.aitk(&["init", "--agent", "claude"]).expect(0);
    assert!(write("default").expect(0).out.contains("\"permissionDecision\":\"ask\""));
    write("bypassPermissions").expect(2).says(&["decides whether the hooks"]);
}

#[test]
fn input_of_any_kind_is_answered_within_five_seconds_and_never_with_a_crash() {
    let scene = Scene::synced(&[("a.md", "one\n")]);
    let dev = &scene.dev;
    let whole = event(dev, "PreToolUse", "Read", &json!({"file_path": "a"}));
    let large =
        event(dev, "PreToolUse", "Write", &json!({"file_path": "src/a", "content": "x".repeat(20 << 20)}));
    let large_denied =
        event(dev, "PreToolUse", "Write", &json!({"file_path": "docs/a", "content": "x".repeat(20 << 20)}));
    let deep = "[".repeat(200_000);
    let deep_field = whole.replacen(
        "{\"file_path\"",
        &format!("{{\"x\":{}0{},\"file_path\"", "[".repeat(500), "]".repeat(500)),
        1,
    );
    for (input, open, expected) in [
        (whole.clone().into_bytes(), false, "allow"),
        (whole.clone().into_bytes(), true, "allow"),
        (large.into_bytes(), false, "allow"),
        (large_denied.into_bytes(), false, "deny"),
        (b"".to_vec(), false, "deny"),
        (b"".to_vec(), true, "deny"),
        (whole.as_bytes()[..whole.len() - 9].to_vec(), false, "deny"),
        (whole.as_bytes()[..whole.len() - 9].to_vec(), true, "deny"),
        (
            whole
                .replace("\"a\"", "\"\u{e9}\"")
                .into_bytes()
                .iter()
                .copied()
                .filter(|b| *b != 0xc3)
                .collect(),
            false,
            "deny",
        ),
        (deep.into_bytes(), false, "deny"),
        (deep_field.into_bytes(), false, "deny"),
        (vec![0xff; 100], false, "deny"),
    ] {
        let shown = String::from_utf8_lossy(&input[..input.len().min(60)]).into_owned();
        let start = Instant::now();
        let done = feed_slowly(dev, input, open);
        assert_eq!(verdict(&done), expected, "{shown}");
        assert!(start.elapsed() < Duration::from_secs(5), "{shown}: {:?}", start.elapsed());
    }
}

/// Runs the guard with this on its input, and leaves the pipe open until it answers, or not.
fn feed_slowly(dev: &Person, input: Vec<u8>, open: bool) -> Done {
    let mut command = dev.command(binary("aitk"));
    command.arg("guard").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().unwrap();
    let mut pipe = process.stdin.take().unwrap();
    let _ = pipe.write_all(&input);
    let held = open.then_some(pipe);
    let output = process.wait_with_output().unwrap();
    drop(held);
    Done {
        what: "aitk guard".to_owned(),
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn a_lock_that_a_script_forges_in_the_mirrors_own_state_changes_nothing() {
    let scene = Scene::synced(&[("a.md", "one\n")]);
    let dev = &scene.dev;
    scene.lock("moving house");
    dev.aitk(&["check"]).expect(2);
    let forge = |lock: Value| {
        let mut state: Value = serde_json::from_str(&dev.read(".docs/.aitk-state.json")).unwrap();
        state["lock"] = lock;
        state["syncedAt"] = "2999-01-01T00:00:00Z".into();
        state["onLock"] = "warn".into();
        std::fs::remove_file(dev.file(".docs/.aitk-state.json")).unwrap();
        dev.write(".docs/.aitk-state.json", state.to_string());
    };
    forge(Value::Null);
    writes_in_session(dev, "new").expect(2).says(&["moving house"]);
    scene.between.answer(|_| Reply::new(500, ""));
    dev.aitk(&["check"]).expect(2).says(&["moving house"]);
    scene.between.be_honest();

    // Nor does it make somebody the holder, to whom the project's docs are free.
    scene.unlock();
    dev.aitk(&["check"]).expect(0);
    forge(json!({"lockedBy": "Dan", "lockedAt": "2026-11-20T09:30:00Z", "reason": null, "token": 9,
        "until": "2999-01-01T00:00:00Z", "isYours": true}));
    assert_eq!(writes(dev, "docs/a.md"), "deny");
}

#[test]
fn what_aitk_keeps_for_its_user_and_where_git_takes_its_hooks_from_is_for_the_user_to_change() {
    let scene = Scene::synced(&[("a.md", "one\n")]);
    let dev = &scene.dev;
    let at_home = |path: &str| dev.home().join(path).display().to_string();
    for path in [
        at_home(".config/aitk/credentials.toml"),
        at_home(".config/aitk/projects.toml"),
        at_home(".local/share/aitk/sessions/x.json"),
        at_home(".cache/aitk/x"),
        at_home(".gitconfig"),
        ".git/config".to_owned(),
        ".git/hooks/pre-commit".to_owned(),
        ".git/info/exclude".to_owned(),
    ] {
        assert_eq!(writes(dev, &path), "ask", "{path}");
    }
    let runs = |script: &str| verdict(&calls(dev, "Bash", &json!({"command": script})));
    for script in [
        "rm -rf ~/.local/share/aitk",
        "rm -rf \"$HOME/.cache/aitk\"",
        "rm -rf ~/.local",
        "echo x > ~/.config/aitk/credentials.toml",
        "echo '[core] hooksPath=/x' >> .git/config",
        "sed -i /docs/d .git/info/exclude",
        "git config core.hooksPath /dev/null",
        "codex features disable hooks",
    ] {
        assert_eq!(runs(script), "ask", "{script}");
    }
    for script in
        ["git config user.email a@b", "ls ~/.local/share/aitk", "git commit -m x", "rm -rf ~/.cache/pip"]
    {
        assert_eq!(runs(script), "allow", "{script}");
    }
    let program = binary("aitk").display().to_string();
    assert_eq!(runs(&format!("cp /bin/true {program}")), "ask");
}
