//! The script that teams have installed keeps working against this server.

use std::process::Command;

use aitk_tests::{Person, Platform, files, fixture};

struct Old {
    person: Person,
}

impl Old {
    fn run(&self) -> (Option<i32>, String) {
        let done = self.person.command("bash").arg(fixture("legacy/check-platform.sh")).output().unwrap();
        let text =
            String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
        (done.status.code(), text)
    }
}

#[test]
fn the_old_script_syncs_waits_for_a_lock_and_syncs_again() {
    let has = |program: &str| Command::new(program).arg("--version").output().is_ok();
    if !["bash", "curl", "jq"].into_iter().all(has) {
        // On a machine without them the test below still makes the script's requests.
        return;
    }
    let platform = Platform::start();
    let project = platform.project("p");
    let mut person = Person::new();
    person.set("AI_TOOLKIT_PLATFORM_URL", &platform.url);
    person.set("AI_TOOLKIT_API_KEY", &platform.key(&project, "developer", "Dan"));
    person.set("AI_TOOLKIT_PROJECT_ID", &project);
    let old = Old { person };
    let put = |path: &str, content: &str| {
        let body = serde_json::json!({"content": content});
        platform.call("PUT", &format!("/api/projects/{project}/docs/{path}"), Some(body));
    };
    // Flat docs that end with one newline are what the old script can keep.
    put("README.md", "# Hello\n");
    put("style.md", "# Style\n\nÜber alles.\n");
    assert_eq!(old.run().0, Some(0), "{}", old.run().1);
    let docs = files(&old.person.file(".docs"));
    assert_eq!(docs.keys().map(String::as_str).collect::<Vec<_>>(), ["README.md", "style.md"]);
    assert_eq!(docs["style.md"], "# Style\n\nÜber alles.\n".as_bytes());

    put("README.md", "# Hello again\n");
    platform.call("POST", &format!("/api/projects/{project}/lock"), Some(serde_json::json!({})));
    let (code, text) = old.run();
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("admin"), "{text}");
    assert_eq!(old.person.read(".docs/README.md"), "# Hello\n");
    platform.call("DELETE", &format!("/api/projects/{project}/lock"), None);
    assert_eq!(old.run().0, Some(0));
    assert_eq!(old.person.read(".docs/README.md"), "# Hello again\n");

    // The new client takes the old one's folder over.
    let dev = &old.person;
    dev.feed(&["login", &platform.url], platform.key(&project, "developer", "Dan")).expect(0);
    dev.aitk(&["check"]).expect(0);
    dev.aitk(&["verify"]).expect(0);
}

#[test]
fn the_old_scripts_requests_are_answered_as_it_reads_them() {
    let platform = Platform::start();
    let project = platform.project("p");
    let body = serde_json::json!({"content": "# Hello\n"});
    platform.call("PUT", &format!("/api/projects/{project}/docs/README.md"), Some(body));
    let status = platform.call("GET", &format!("/api/hook/status/{project}"), None);
    assert_eq!(status["locked"], false);
    let hash = platform.call("GET", &format!("/api/hook/docs/{project}"), None)["hash"].clone();
    let sync = platform.call("POST", &format!("/api/hook/sync/{project}"), None);
    assert_eq!((&sync["hash"], &sync["docs"][0]["fileName"]), (&hash, &"README.md".into()));
    assert_eq!(sync["docs"][0]["content"], "# Hello\n");
}

#[test]
fn what_the_old_scripts_left_is_taken_over() {
    let platform = Platform::start();
    let project = platform.project("p");
    let body = serde_json::json!({"content": "# Hello\n"});
    platform.call("PUT", &format!("/api/projects/{project}/docs/README.md"), Some(body));
    let mut dev = Person::new();
    dev.set("AI_TOOLKIT_PLATFORM_URL", &platform.url);
    dev.set("AI_TOOLKIT_API_KEY", &platform.key(&project, "developer", "Dan"));
    dev.set("AI_TOOLKIT_PROJECT_ID", "p");
    dev.write(".gitignore", "target/\n.docs/\n");
    // A copy from before there was a mark, with a note of somebody's in it.
    dev.write(".docs/README.md", "# Old\n");
    dev.write(".docs/mine.md", "a note");
    dev.write(
        ".claude/hooks/pre-write",
        "#!/bin/sh\ncase \"$CLAUDE_TARGET_FILE\" in */docs/*) exit 1;; esac\n",
    );
    dev.write(".claude/hooks/format", "#!/bin/sh\nprettier .\n");
    std::fs::write(dev.home().join(".bashrc"), "export AI_TOOLKIT_API_KEY=sk_x\n").unwrap();
    dev.aitk(&["check"]).expect(4).says(&["is not empty and not a mirror"]);

    let shown = dev.aitk(&["init", "--migrate", "--dry-run"]).expect(0);
    assert!(
        shown.out.contains("-case \"$CLAUDE_TARGET_FILE\"") && shown.out.contains("-.docs/"),
        "{shown:#?}"
    );
    assert!(dev.file(".claude/hooks/pre-write").exists());
    let done = dev.aitk(&["init", "--migrate", "--trust"]).expect(0);
    assert!(
        done.err.contains("~/.bashrc:1 sets AI_TOOLKIT_API_KEY") && !done.err.contains("sk_x"),
        "{done:#?}"
    );
    assert!(!dev.file(".claude/hooks/pre-write").exists() && dev.file(".claude/hooks/format").exists());
    assert_eq!(dev.read(".gitignore"), "target/\n");
    let again = dev.aitk(&["init", "--migrate"]).expect(0);
    assert_eq!(again.out, "nothing to change\n");

    // From now on without the variables, by the file and the stored key.
    for name in ["AI_TOOLKIT_PLATFORM_URL", "AI_TOOLKIT_API_KEY", "AI_TOOLKIT_PROJECT_ID"] {
        dev.set(name, "");
    }
    dev.aitk(&["check"]).expect(0);
    assert_eq!(dev.mirror().into_keys().collect::<Vec<_>>(), ["README.md"]);
    assert_eq!(dev.read(".docs/README.md"), "# Hello\n");
    assert_eq!(dev.kept()["mine.md"], b"a note");
}
