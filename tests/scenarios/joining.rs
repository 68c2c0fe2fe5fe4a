//! A link makes a colleague: from `invite` to a guarded working tree in one command.

use aitk_tests::{Person, Platform, files, fixture};
use serde_json::json;

/// Somebody with an empty home and a fresh clone of this person's repository.
fn newcomer(origin: &Person) -> Person {
    let mut person = Person::new();
    let clone = person.home().join("work");
    person.git(&["clone", "-q", origin.at.to_str().unwrap(), clone.to_str().unwrap()]);
    person.at = clone;
    person.find_aitk();
    person
}

/// A lead whose docs are up, in a repository that says nothing of aitk yet.
fn lead_with_docs(platform: &Platform, names: &[&str]) -> Person {
    let lead = Person::new();
    lead.write("src/main.rs", "fn main() {}\n");
    lead.git(&["add", "."]);
    lead.git(&["commit", "-qm", "first"]);
    let ids: Vec<_> = names.iter().map(|name| platform.project(name)).collect();
    let made =
        platform.call("POST", "/api/keys", Some(json!({"name": "Ann", "role": "lead", "projects": ids})));
    lead.feed(&["login", &platform.url], made["key"].as_str().unwrap()).expect(0);
    let handbook = fixture("handbook");
    for name in names {
        let push =
            ["docs", "push", handbook.to_str().unwrap(), "--yes", "--project", name, "--url", &platform.url];
        lead.aitk(&push).expect(0);
    }
    lead
}

#[test]
fn a_developer_is_working_after_one_command() {
    let platform = Platform::start();
    let lead = lead_with_docs(&platform, &["web"]);
    let invited = lead.aitk(&["invite", "--project", "web", "--url", &platform.url]).expect(0);
    let link = invited.out.strip_suffix('\n').unwrap();
    let token = link.strip_prefix(&format!("{}/join#", platform.url)).unwrap();
    assert!(!link.contains(char::is_whitespace) && !invited.err.contains(token), "{invited:#?}");

    let dan = newcomer(&lead);
    dan.aitk(&["join", link]).expect(64).says(&["--name"]);
    dan.git(&["config", "user.name", "Dan"]);
    let joined = dan.aitk(&["join", link, "-v"]).expect(0).says(&["joined", "Dan", "web"]);
    assert!(!format!("{joined:?}").replace(&joined.what, "").contains(token), "{joined:#?}");
    assert_eq!(files(&dan.file(".docs")), files(&fixture("handbook")));
    assert!(dan.read(".claude/settings.json").contains("aitk guard"));
    assert!(dan.read(".aitk.toml").contains(&platform.url));
    assert!(joined.out.contains("nothing is broken"), "{joined:#?}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let store = dan.home().join(".config/aitk/credentials.toml");
        assert_eq!(std::fs::metadata(store).unwrap().permissions().mode() & 0o777, 0o600);
    }
    // The agent's hooks are at work: the session begins, and a write into the docs is refused.
    dan.feed(&["check", "--agent", "claude"], dan.claude("SessionStart")).expect(0);
    let write = json!({
        "session_id": "s", "cwd": dan.at, "hook_event_name": "PreToolUse", "tool_name": "Write",
        "tool_input": {"file_path": dan.file(".docs/x.md"), "content": "x"}, "tool_use_id": "t",
    });
    dan.feed(&["guard"], write.to_string()).expect(2);
    let keys = platform.call("GET", "/api/keys", None);
    assert!(keys.as_array().unwrap().iter().any(|key| key["name"] == "Dan" && key["createdBy"] == "Ann"));

    // Again, and for somebody else: refused, and everything stays.
    let before = files(dan.home());
    dan.aitk(&["join", link]).expect(7).says(&["already have a key", "aitk check"]);
    dan.aitk(&["join", link, "--replace"]).expect(3).says(&["opens nothing", "ask"]);
    assert_eq!(files(dan.home()), before);
    let eve = newcomer(&lead);
    let refused = eve.feed(&["join", "-", "--name", "Eve"], link).expect(3).says(&["opens nothing"]);
    assert!(!format!("{refused:?}").contains(token));
    assert!(!eve.file(".aitk.toml").exists() && !eve.home().join(".config/aitk/credentials.toml").exists());
    eve.aitk(&["join", "https://docs.example.com/join"]).expect(64).says(&["quotes"]);
    assert!(!platform.log().contains(token), "{}", platform.log());
}

#[test]
fn an_invitation_to_several_projects_asks_which_one_this_folder_is() {
    let platform = Platform::start();
    let lead = lead_with_docs(&platform, &["web", "app"]);
    let invite = ["invite", "--project", "web", "app", "--uses", "4", "--url", &platform.url, "--json"];
    let made = lead.aitk(&invite).expect(0).json();
    let link = made["link"].as_str().unwrap();
    assert_eq!((&made["uses"], made["projects"].as_array().unwrap().len()), (&json!(4), 2));

    let dan = newcomer(&lead);
    dan.aitk(&["join", link, "--name", "Dan"]).expect(4).says(&["app, web", "aitk init --url"]);
    assert!(!dan.file(".aitk.toml").exists());
    dan.aitk(&["init", "--url", &platform.url, "--project", "app"]).expect(0);
    dan.aitk(&["check"]).expect(0);

    let eve = newcomer(&lead);
    let joined = eve.aitk(&["join", link, "--name", "Eve", "--project", "app", "--json"]).expect(0).json();
    assert_eq!((&joined["project"], &joined["docs"]["status"]), (&json!("app"), &json!("synced")));

    // What the repository says of itself stays as it stands there.
    let lee = newcomer(&lead);
    let file = format!("# ours\nurl = \"{}/\"\nproject = \"web\"\n", platform.url);
    lee.write(".aitk.toml", &file);
    lee.aitk(&["join", link, "--name", "Lee"]).expect(0);
    assert_eq!(lee.read(".aitk.toml"), file);
    assert_eq!(files(&lee.file(".docs")), files(&fixture("handbook")));

    // A repository of another server keeps its own, and the link is not used for it.
    let max = newcomer(&lead);
    max.write(".aitk.toml", "url = \"https://docs.example.com\"\nproject = \"web\"\n");
    max.aitk(&["join", link, "--name", "Max"]).expect(7).says(&["docs.example.com", "--no-init"]);
    max.aitk(&["join", link, "--name", "Max", "--no-init"]).expect(0).says(&["your key is stored"]);
    assert!(!max.file(".docs").exists() && !max.file(".claude").exists());
}
