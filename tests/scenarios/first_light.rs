//! The main job: docs go up, come down, are locked, and are guarded.

use aitk_tests::{Person, Platform, files, fixture};
use serde_json::{Value, json};

fn claude_write(person: &Person, path: &str) -> String {
    let payload = json!({
        "session_id": "s", "transcript_path": "/t.jsonl", "cwd": person.at, "permission_mode": "default",
        "hook_event_name": "PreToolUse", "tool_name": "Write",
        "tool_input": {"file_path": person.file(path), "content": "x"}, "tool_use_id": "t",
    });
    payload.to_string()
}

#[test]
fn a_tech_lead_locks_the_docs_and_a_developers_agent_waits() {
    let platform = Platform::start();
    let project = platform.project("handbook");
    let lead = Person::of(&platform, "handbook", &platform.key(&project, "lead", "Ann"));
    let dev = Person::of(&platform, "handbook", &platform.key(&project, "developer", "Dan"));

    let handbook = fixture("handbook");
    lead.aitk(&["docs", "push", handbook.to_str().unwrap(), "--yes", "--message", "first"]).expect(0);
    dev.aitk(&["check"]).expect(0);
    assert_eq!(files(&dev.file(".docs")), files(&handbook));
    let sync_hash = dev.read(".docs/.sync-hash");
    let identity = platform.call("GET", &format!("/api/hook/docs/{project}"), None);
    assert_eq!(sync_hash, format!("{}\n", identity["hash"].as_str().unwrap()));

    dev.feed(&["check"], dev.claude("SessionStart")).expect(0);
    lead.aitk(&["lock", "--reason", "rewriting the release guide", "--ttl", "5m"]).expect(0);
    dev.aitk(&["check"]).expect(2).says(&["Ann", "rewriting the release guide", "min"]);
    dev.aitk(&["sync"]).expect(2);
    dev.aitk(&["sync", "--while-locked"]).expect(0);
    lead.aitk(&["check"]).expect(0);
    dev.aitk(&["status"]).expect(0);
    dev.aitk(&["status", "--exit-code"]).expect(2);

    dev.feed(&["guard"], claude_write(&dev, ".docs/README.md")).expect(2).says(&[".docs"]);
    dev.feed(&["guard"], claude_write(&dev, "docs/new.md")).expect(2);
    // The session began before the lock: it goes on, and is told so once.
    let told = dev.feed(&["guard"], claude_write(&dev, "src/main.rs")).expect(0);
    assert!(told.out.contains("locked by Ann") && told.err.is_empty(), "{told:#?}");
    let free = dev.feed(&["guard"], claude_write(&dev, "src/main.rs")).expect(0);
    assert_eq!((free.out.as_str(), free.err.as_str()), ("", ""));

    lead.write("release.md", "# Release\n\nnew\n");
    lead.aitk(&["docs", "put", "workflows/release.md", "release.md", "--message", "rewritten"]).expect(0);
    dev.aitk(&["check"]).expect(2);
    assert_ne!(dev.read(".docs/workflows/release.md"), "# Release\n\nnew\n");
    lead.aitk(&["unlock"]).expect(0);
    dev.aitk(&["check"]).expect(0);
    assert_eq!(dev.read(".docs/workflows/release.md"), "# Release\n\nnew\n");
}

#[test]
fn the_handbook_comes_down_byte_for_byte_after_every_kind_of_change() {
    let platform = Platform::start();
    let project = platform.project("p");
    let lead = Person::of(&platform, "p", &platform.key(&project, "lead", "Ann"));
    let dev = Person::of(&platform, "p", &platform.key(&project, "developer", "Dan"));
    for n in 0..300_u32 {
        let content: Vec<u8> = (0..n * 37 % 5_000).map(|i| (i * n % 251) as u8).collect();
        lead.write(&format!("folder/{}/doc {n}.md", n % 7), content);
    }
    lead.write("folder/Übergabe/日本.md", "no newline");
    let up =
        |arguments: &[&str]| lead.aitk(&[&["docs", "push", "folder", "--yes"], arguments].concat()).expect(0);
    up(&[]);
    dev.aitk(&["check"]).expect(0);
    assert_eq!(files(&dev.file(".docs")), files(&lead.file("folder")));

    std::fs::remove_dir_all(lead.file("folder/3")).unwrap();
    lead.write("folder/0/doc 0.md", "changed");
    up(&[]);
    dev.aitk(&["check"]).expect(0);
    assert!(dev.file(".docs/3").is_dir(), "nothing is deleted without --delete");
    lead.write("folder/3", "a folder became a doc");
    up(&["--delete"]);
    dev.aitk(&["check"]).expect(0);
    assert_eq!(files(&dev.file(".docs")), files(&lead.file("folder")));
    dev.aitk(&["verify"]).expect(0);
    dev.aitk(&["diff", "--exit-code"]).expect(0);

    // A local change is seen, said, and undone; its bytes are kept.
    let doc = dev.file(".docs/0/doc 0.md");
    std::fs::remove_file(&doc).unwrap();
    std::fs::write(&doc, "an agent was here").unwrap();
    dev.write(".docs/mine.md", "not from the platform");
    dev.aitk(&["verify"]).expect(6);
    dev.aitk(&["diff", "--exit-code"]).expect(6);
    let repaired = dev.aitk(&["check", "--json"]).expect(0);
    assert!(repaired.out.contains("doc 0.md") && repaired.out.contains("mine.md"), "{repaired:#?}");
    assert_eq!(files(&dev.file(".docs")), files(&lead.file("folder")));
    let kept: Vec<_> = files(&dev.home().join(".local/share/aitk/kept")).into_values().collect();
    assert!(
        kept.contains(&b"an agent was here".to_vec()) && kept.contains(&b"not from the platform".to_vec())
    );
}

#[test]
fn every_answer_with_json_is_one_document() {
    let platform = Platform::start();
    let project = platform.project("p");
    let lead = Person::of(&platform, "p", &platform.key(&project, "lead", "Ann"));
    let dev = Person::of(&platform, "p", &platform.key(&project, "developer", "Dan"));
    lead.write("a.md", "x");
    for arguments in [
        &["docs", "put", "a.md", "a.md", "--json"][..],
        &["docs", "ls", "--json"],
        &["status", "--json"],
        &["diff", "--json"],
        &["check", "--json"],
        &["sync", "--json"],
        &["verify", "--json"],
        &["lock", "--json", "--reason", "r"],
        &["lock", "--json", "--renew"],
        &["status", "--json"],
        &["unlock", "--json"],
        &["unlock", "--json"],
        &["project", "ls", "--json"],
        &["project", "show", "--json"],
        &["key", "create", "--name", "x", "--role", "developer", "--project", "p", "--json"],
        &["key", "ls", "--project", "p", "--json"],
        &["docs", "rm", "a.md", "--json"],
    ] {
        let done = lead.aitk(arguments).expect(0);
        assert!(done.json().is_object() || done.json().is_array(), "{done:#?}");
    }
    // Refusals too.
    lead.aitk(&["lock", "--reason", "r"]).expect(0);
    for (arguments, code) in [
        (&["check", "--json"][..], 2),
        (&["lock", "--json"], 3),
        (&["docs", "cat", "nothing.md", "--json"], 4),
        (&["check", "--json", "--project", "other"], 4),
        (&["check", "--json", "--nonsense"], 64),
    ] {
        let document = dev.aitk(arguments).expect(code).json();
        assert_eq!(document["error"]["exitCode"], code, "{arguments:?} {document}");
    }
    let blocked = dev.aitk(&["check", "--json"]).expect(2).json();
    assert_eq!(blocked["error"]["lock"]["lockedBy"], "Ann", "{blocked}");
    assert_ne!(blocked["error"]["hint"], Value::Null);
}
