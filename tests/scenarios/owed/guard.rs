//! `guard` stops what it should and nothing else.

use aitk_tests::{Done, Person, Scene, docs};
use serde_json::{Value, json};

/// What a call of a tool comes to, as Claude Code puts it.
pub fn calls(dev: &Person, tool: &str, input: &Value) -> Done {
    dev.feed(&["guard", "--agent", "claude"], event(dev, "PreToolUse", tool, input))
}

/// A hook event about a tool.
pub fn event(dev: &Person, name: &str, tool: &str, input: &Value) -> String {
    json!({"hook_event_name": name, "session_id": "s", "cwd": dev.file(""), "tool_name": tool, "tool_input": input})
        .to_string()
}

/// `allow`, `ask` or `deny`; every answer is as Claude Code must hear it.
#[track_caller]
pub fn verdict(done: &Done) -> &'static str {
    match (done.code, done.out.as_str(), done.err.as_str()) {
        (Some(0), "", "") => "allow",
        (Some(2), "", reason) if reason.starts_with("aitk: ") && reason.trim_end().lines().count() == 1 => {
            "deny"
        }
        (Some(0), out, "") => {
            let said: Value = serde_json::from_str(out).unwrap_or_else(|error| panic!("{error}: {done:#?}"));
            let said = &said["hookSpecificOutput"];
            assert_eq!(said["hookEventName"], "PreToolUse", "{done:#?}");
            match said["permissionDecision"].as_str() {
                Some("ask") => "ask",
                None if said["additionalContext"].is_string() => "allow",
                _ => panic!("{done:#?}"),
            }
        }
        _ => panic!("{done:#?}"),
    }
}

/// What a write to a file comes to.
#[track_caller]
pub fn writes(dev: &Person, path: &str) -> &'static str {
    verdict(&calls(dev, "Write", &json!({"file_path": path, "content": "x"})))
}

#[test]
fn g01_the_event_is_read_from_standard_input_and_what_cannot_be_read_is_denied() {
    let scene = Scene::synced(&[("a.md", "one\n")]);
    let mut dev = scene.dev;
    for (tool, input) in [
        ("Write", json!({"file_path": ".docs/a.md", "content": "x"})),
        ("Edit", json!({"file_path": ".docs/a.md", "old_string": "a", "new_string": "b"})),
        ("MultiEdit", json!({"file_path": ".docs/a.md", "edits": []})),
        ("NotebookEdit", json!({"notebook_path": "docs/n.ipynb", "new_source": "1"})),
        ("mcp__fs__write_file", json!({"path": ".docs/a.md", "content": "x"})),
        ("ToolOfTomorrow", json!({"where": "./docs/a.md"})),
    ] {
        assert_eq!(verdict(&calls(&dev, tool, &input)), "deny", "{tool}");
    }
    for broken in ["", "{", "not JSON", "{}", "[1]", "{\"hook_event_name\":\"PreToolUse\"}", "\u{0}"] {
        assert_eq!(verdict(&dev.feed(&["guard", "--agent", "claude"], broken)), "deny", "{broken:?}");
    }
    // What the shell hook went by decides nothing.
    dev.set("CLAUDE_OPERATION", "read");
    dev.set("CLAUDE_TARGET_FILE", "src/a.rs");
    assert_eq!(writes(&dev, ".docs/a.md"), "deny");
}

#[test]
fn g02_a_refusal_is_exit_code_2_with_one_reason_on_standard_error() {
    let scene = Scene::synced(&[("a.md", "one\n")]);
    let done = calls(&scene.dev, "Write", &json!({"file_path": ".docs/a.md", "content": "x"})).expect(2);
    let expected = "aitk: '.docs/a.md' is in the read-only copy of the team's docs. Leave it as it is and tell the \
                    user what should change and why; the Tech Lead changes it on the docs platform.\n";
    assert_eq!((done.out.as_str(), done.err.as_str()), ("", expected));
    let done = calls(&scene.dev, "Write", &json!({"file_path": ".aitk.toml", "content": "x"})).expect(0);
    let said: Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!(said["hookSpecificOutput"]["permissionDecision"], "ask", "{done:#?}");
}

#[test]
fn g03_a_folder_that_is_merely_called_docs_is_free() {
    let scene = Scene::synced(&[("a.md", "one\n")]);
    let dev = &scene.dev;
    let elsewhere = dev.home().join("elsewhere/docs/a.md");
    for path in ["src/docs/a.md", "packages/web/.docs/a.md", "docs-old/a.md", elsewhere.to_str().unwrap()] {
        assert_eq!(writes(dev, path), "allow", "{path}");
    }
    for path in ["docs/a.md", ".docs/a.md"] {
        assert_eq!(writes(dev, path), "deny", "{path}");
    }
}

#[test]
fn g04_every_spelling_of_a_protected_path_is_seen() {
    let scene = Scene::synced(&[("a.md", "one\n")]);
    let dev = &scene.dev;
    std::os::unix::fs::symlink(".docs", dev.file("link")).unwrap();
    std::os::unix::fs::symlink(dev.file(""), dev.home().join("other")).unwrap();
    std::os::unix::fs::symlink("/tmp", dev.file("out")).unwrap();
    let absolute = dev.file(".docs/a.md");
    let other = dev.home().join("other/.docs/new/a.md");
    for path in [
        "./.docs/a.md",
        ".docs//a.md",
        "src/../.docs/a.md",
        "link/a.md",
        "link/new/deep/a.md",
        "out/../.docs/a.md",
        ".docs",
        "docs/",
        "/proc/self/cwd/.docs/a.md",
        ".docs.aitk-x/a.md",
        absolute.to_str().unwrap(),
        other.to_str().unwrap(),
        &format!("file://{}", absolute.display()),
    ] {
        assert_eq!(writes(dev, path), "deny", "{path}");
    }
    // The agent's folder is the event's, not that of the process.
    let input = json!({"hook_event_name": "PreToolUse", "cwd": dev.file(".docs"), "tool_name": "Write",
        "tool_input": {"file_path": "a.md", "content": "x"}});
    assert_eq!(verdict(&dev.feed(&["guard"], input.to_string())), "deny");
}

#[test]
fn g05_a_path_that_leaves_the_docs_is_free() {
    let scene = Scene::synced(&[("a.md", "one\n")]);
    for path in ["docs/../src/a.rs", ".docs/../a.rs", "docs/x/../../src/a.rs"] {
        assert_eq!(writes(&scene.dev, path), "allow", "{path}");
    }
}

#[test]
fn g06_what_nobody_knows_is_judged_by_its_paths_and_readers_are_free() {
    let scene = Scene::synced(&[("a.md", "one\n")]);
    let dev = &scene.dev;
    for (tool, input, expected) in [
        ("write", json!({"filePath": ".docs/a.md"}), "deny"),
        ("create", json!({"path": ".docs/a.md", "file_text": "x"}), "deny"),
        ("delete_file", json!({"path": ".docs/a.md"}), "deny"),
        ("rename", json!({"from": "./.docs", "to": "./gone"}), "deny"),
        (
            "apply_patch",
            json!({"command": "*** Begin Patch\n*** Delete File: .docs/a.md\n*** End Patch"}),
            "deny",
        ),
        ("mcp__x__transmogrify", json!({"what": ["src/a", "docs/a.md"]}), "deny"),
        ("mcp__fs__move_file", json!({"source": dev.file("")}), "deny"),
        ("mcp__x__transmogrify", json!({"what": ["src/a"]}), "allow"),
        ("mcp__github__create_issue", json!({"title": "docs", "body": "docs/a.md is old"}), "allow"),
        ("Read", json!({"file_path": ".docs/a.md"}), "allow"),
        ("Grep", json!({"path": ".docs", "pattern": "x"}), "allow"),
        ("mcp__fs__read_text_file", json!({"path": ".docs/a.md"}), "allow"),
        ("Agent", json!({"prompt": "write .docs/a.md"}), "allow"),
    ] {
        assert_eq!(verdict(&calls(dev, tool, &input)), expected, "{tool} {input}");
    }
}

#[test]
fn g07_the_shell_is_looked_through_and_what_gets_by_is_undone() {
    let wanted = [("a.md", "one\n")];
    let scene = Scene::synced(&wanted);
    let dev = &scene.dev;
    dev.write("docs/b.md", "b");
    let shell = |script: &str| calls(dev, "Bash", &json!({"command": script}));
    for script in [
        "rm -rf .docs",
        "echo x > .docs/a.md",
        "echo x >> docs/b.md",
        "sed -i s/a/b/ docs/b.md",
        "git checkout HEAD -- docs",
        "mv docs elsewhere",
        "cd docs && touch new.md",
        "tee docs/b.md < README.md",
        "cp README.md docs/",
        "install -m 644 README.md docs/b.md",
        "bash -c 'rm docs/b.md'",
    ] {
        assert_eq!(verdict(&shell(script)), "deny", "{script}");
    }
    for script in
        ["cat .docs/a.md", "ls docs | wc -l", "cargo test", "echo x > src.txt", "aitk check", "git status"]
    {
        assert_eq!(verdict(&shell(script)), "allow", "{script}");
    }
    for script in ["aitk unlock --force --reason x", "echo {} > .claude/settings.json"] {
        assert_eq!(verdict(&shell(script)), "ask", "{script}");
    }

    // What is hidden from it: the files are read-only, and what was changed all the same is put back.
    let hidden = "p=$(printf '.%s' docs); chmod -R u+w \"$p\"; echo hacked > \"$p/a.md\"";
    assert!(
        dev.command("sh").args(["-c", "echo x > .docs/a.md"]).output().unwrap().status.code() != Some(0)
            || is_root()
    );
    assert!(dev.command("sh").args(["-c", hidden]).status().unwrap().success());
    let event = event(dev, "PostToolUse", "Bash", &json!({"command": hidden}));
    let done = dev.feed(&["guard", "--agent", "claude"], event).expect(0);
    assert!(done.out.contains("were undone") && done.out.contains("a.md"), "{done:#?}");
    assert_eq!(dev.mirror(), docs(&wanted));
}

/// To whom write protection means nothing.
fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|meta| std::os::unix::fs::MetadataExt::uid(&meta) == 0)
}

#[test]
fn g08_a_write_without_a_target_is_denied() {
    let scene = Scene::synced(&[("a.md", "one\n")]);
    for input in [json!({}), json!({"content": "x"}), json!({"file_path": ""}), json!(null), json!("x")] {
        for tool in ["Write", "Edit", "apply_patch", "delete_file"] {
            let done = calls(&scene.dev, tool, &input);
            assert_eq!(verdict(&done), "deny", "{tool} {input}");
        }
    }
}

#[test]
fn g09_the_docs_folder_is_the_projects_and_free_for_the_holder_of_the_lock_alone() {
    let scene = Scene::new(&[("a.md", "one\n")]);
    scene.platform.call(
        "PUT",
        scene.path("").trim_end_matches('/'),
        Some(json!({"docsPath": "documentation"})),
    );
    scene.dev.aitk(&["check"]).expect(0);
    assert_eq!(writes(&scene.dev, "documentation/a.md"), "deny");
    assert_eq!(writes(&scene.dev, "docs/a.md"), "allow", "that is not this project's docs folder");

    let lead = Person::of(&scene.platform, "p", &scene.platform.key(&scene.project, "lead", "Lea"));
    lead.aitk(&["check"]).expect(0);
    assert_eq!(writes(&lead, "documentation/a.md"), "deny");
    lead.aitk(&["lock", "--reason", "editing"]).expect(0);
    assert_eq!(writes(&lead, "documentation/a.md"), "allow");
    assert_eq!(writes(&lead, ".docs/a.md"), "deny", "the copy is nobody's to write");
    assert_eq!(writes(&scene.dev, "documentation/a.md"), "deny", "it is not the developer's lock");
    lead.aitk(&["unlock"]).expect(0);
    assert_eq!(writes(&lead, "documentation/a.md"), "deny");
}

#[test]
fn g10_what_is_allowed_is_allowed_by_a_rule() {
    let scene = Scene::synced(&[("a.md", "one\n")]);
    // The shell hook had an exception for CLAUDE.md in a folder that it never looked at.
    for (path, expected) in [
        ("CLAUDE.md", "allow"),
        ("docs/CLAUDE.md", "deny"),
        (".docs/CLAUDE.md", "deny"),
        ("src/CLAUDE.md", "allow"),
        (".aitk.toml", "ask"),
    ] {
        assert_eq!(writes(&scene.dev, path), expected, "{path}");
    }
}

#[test]
fn g11_a_session_from_before_the_lock_hears_of_it_once_and_of_new_docs_too() {
    let scene = Scene::synced(&[("a.md", "one\n")]);
    let dev = &scene.dev;
    dev.feed(&["check", "--agent", "claude"], dev.claude("SessionStart")).expect(0);
    scene.lock("new release guide");
    // Another session's check hears of the lock; this one goes on, and is told once.
    dev.aitk(&["check"]).expect(2);
    let first = calls(dev, "Write", &json!({"file_path": "src/a.rs", "content": "x"})).expect(0);
    assert!(first.out.contains("new release guide") && first.out.contains("additionalContext"), "{first:#?}");
    let second = calls(dev, "Write", &json!({"file_path": "src/b.rs", "content": "x"})).expect(0);
    assert_eq!(second.out, "");

    scene.unlock();
    scene.publish_only(&[("a.md", "two\n")]);
    dev.aitk(&["check"]).expect(0);
    let told = calls(dev, "Write", &json!({"file_path": "src/a.rs", "content": "x"})).expect(0);
    assert!(told.out.contains("changed since your session began"), "{told:#?}");
    let again = calls(dev, "Write", &json!({"file_path": "src/a.rs", "content": "x"})).expect(0);
    assert_eq!(again.out, "");
}
