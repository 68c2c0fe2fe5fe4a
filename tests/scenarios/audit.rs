//! Who did what: the audit log, read from a terminal.

use aitk_tests::{Person, Platform};

#[test]
fn a_lead_reads_who_forced_the_lock_and_an_admin_what_is_left_of_a_removed_project() {
    let platform = Platform::start();
    let project = platform.project("p");
    let lead = Person::of(&platform, "p", &platform.key(&project, "lead", "Ann"));
    let other = Person::of(&platform, "p", &platform.key(&project, "lead", "Bob"));
    let dev = Person::of(&platform, "p", &platform.key(&project, "developer", "Dan"));
    let admin = Person::of(&platform, "p", &platform.admin_key);
    lead.write("a.md", "x");
    lead.aitk(&["docs", "put", "a.md", "a.md", "--message", "first"]).expect(0);
    lead.aitk(&["lock", "--reason", "release guide"]).expect(0);
    other.aitk(&["lock"]).expect(2);
    other.aitk(&["unlock", "--force", "--reason", "Ann is on holiday"]).expect(0);
    dev.aitk(&["project", "audit"]).expect(3).says(&["Dan"]);

    let told = lead.aitk(&["project", "audit"]).expect(0);
    for words in [
        &["docs.changed", "Ann from 127.0.0.1", "path=a.md", "message=first"][..],
        &["lock.acquired", "Ann from", "reason=release guide"],
        &["request.refused", "Bob from", "status=409", "code=lock_held"],
        &["lock.forced", "Bob from", "lockedBy=Ann", "reason=Ann is on holiday"],
        &["request.refused", "Dan from", "status=403"],
    ] {
        let line = told.out.lines().find(|line| words.iter().all(|word| line.contains(word)));
        assert!(line.is_some(), "no {words:?} in {told:#?}");
    }
    let newest = lead.aitk(&["project", "audit", "--limit", "1"]).expect(0).says(&["--before"]);
    assert_eq!(newest.out.lines().count(), 1);
    let page = lead.aitk(&["project", "audit", "p", "--limit", "1", "--json"]).expect(0).json();
    let before = page["before"].as_u64().unwrap().to_string();
    let next = lead.aitk(&["project", "audit", "p", "--before", &before, "--json"]).expect(0).json();
    assert_eq!(next["entries"][0]["seq"].as_u64().unwrap() + 1, page["entries"][0]["seq"].as_u64().unwrap());
    lead.aitk(&["project", "audit", "--server"]).expect(3);

    admin.aitk(&["project", "rm", "p", "--yes"]).expect(0);
    lead.aitk(&["project", "audit"]).expect(4);
    let left = admin.aitk(&["project", "audit", &project]).expect(0);
    assert!(left.out.contains("project.deleted") && left.out.contains("lock.forced"), "{left:#?}");
    let all = admin.aitk(&["project", "audit", "--server", "--json"]).expect(0).json();
    assert!(all["entries"].as_array().unwrap().iter().any(|line| line["action"] == "key.created"));
}
