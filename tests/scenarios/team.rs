//! Who reads what, as a lead sees it.

use aitk_tests::{Person, Platform};
use serde_json::json;

#[test]
fn a_lead_sees_which_agents_are_behind_and_which_are_blocked() {
    let platform = Platform::start();
    let project = platform.project("p");
    let lead = Person::of(&platform, "p", &platform.key(&project, "lead", "Ann"));
    let dan = Person::of(&platform, "p", &platform.key(&project, "developer", "Dan"));
    let eve = Person::of(&platform, "p", &platform.key(&project, "developer", "Eve"));
    lead.aitk(&["status", "--team"]).expect(0).says(&["nobody has asked"]);
    lead.write("a.md", "one");
    lead.aitk(&["docs", "put", "a.md", "a.md"]).expect(0);
    let start = |who: &Person| {
        let event = json!({
            "session_id": "7d1c", "cwd": who.at, "hook_event_name": "SessionStart", "source": "startup",
        });
        who.feed(&["check", "--agent", "claude"], event.to_string())
    };
    start(&dan).expect(0);
    eve.aitk(&["check"]).expect(0);
    lead.write("a.md", "two");
    lead.aitk(&["docs", "put", "a.md", "a.md"]).expect(0);
    eve.aitk(&["check"]).expect(0);
    lead.aitk(&["lock", "--reason", "r"]).expect(0);
    eve.aitk(&["check"]).expect(2);

    let told = lead.aitk(&["status", "--team"]).expect(0);
    let version = env!("CARGO_PKG_VERSION");
    for words in [
        &["1 of 2 sessions on revision 2"][..],
        &["1 of 2 sessions on revision 1 (now 2)"],
        &["Dan", "claude", "1", version, "ago"],
        &["Eve", "-", "2", version, "for"],
    ] {
        let line = told.out.lines().find(|line| words.iter().all(|word| line.contains(word)));
        assert!(line.is_some(), "no {words:?} in {told:#?}");
    }
    let team = lead.aitk(&["status", "--team", "--json"]).expect(0).json();
    assert_eq!((&team["revision"], team["sessions"].as_array().unwrap().len()), (&json!(2), 2));
    dan.aitk(&["status", "--team"]).expect(3).says(&["Dan"]);
    lead.aitk(&["status", "--team", "--exit-code"]).expect(64);
}
