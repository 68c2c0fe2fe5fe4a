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
