//! Every refusal has its exit code, says the fact, and says what to do now.

use aitk_tests::{Person, Platform};

#[test]
fn a_wrong_key_an_unknown_project_and_a_dead_server_are_three_things() {
    let mut platform = Platform::start();
    let project = platform.project("p");
    let key = platform.key(&project, "developer", "Dan");
    let dev = Person::of(&platform, "p", &key);
    dev.aitk(&["check"]).expect(0);

    // Never set up.
    let stranger = Person::new();
    stranger.aitk(&["check"]).expect(4).says(&["hint"]);
    stranger.feed(&["login", &platform.url], "sk_wrong").expect(3);

    dev.aitk(&["check", "--project", "nothing"]).expect(4).says(&["nothing", &platform.url]);
    let id = platform.call("GET", &format!("/api/projects/{project}/keys"), None)[0]["id"].clone();
    platform.call("DELETE", &format!("/api/projects/{project}/keys/{}", id.as_str().unwrap()), None);
    // A revoked key is an answer and no outage: the copy does not count.
    dev.aitk(&["check"]).expect(3);
    dev.aitk(&["status"]).expect(3);

    let dev = Person::of(&platform, "p", &platform.key(&project, "developer", "Dan"));
    dev.aitk(&["check"]).expect(0);
    platform.kill();
    dev.aitk(&["check"]).expect(0).says(&["lock UNKNOWN"]);
    dev.aitk(&["status"]).expect(0).says(&["lock UNKNOWN"]);
    dev.aitk(&["status", "--exit-code"]).expect(5);
    let mut strict = dev;
    strict.set("AITK_OFFLINE", "deny");
    strict.aitk(&["check", "--retries", "0"]).expect(5);
    // No copy, no server.
    strict.forget_copy();
    strict.set("AITK_OFFLINE", "allow");
    strict.aitk(&["check"]).expect(5);
}

#[test]
fn a_remembered_lock_still_blocks_when_the_server_is_gone() {
    let mut platform = Platform::start();
    let project = platform.project("p");
    let dev = Person::of(&platform, "p", &platform.key(&project, "developer", "Dan"));
    dev.aitk(&["check"]).expect(0);
    platform.call("POST", &format!("/api/projects/{project}/lock"), Some(serde_json::json!({"reason": "r"})));
    dev.aitk(&["check"]).expect(2);
    platform.kill();
    dev.aitk(&["check"]).expect(2).says(&["admin"]);
}

#[test]
fn wrong_usage_is_64_and_never_2() {
    let person = Person::new();
    for arguments in
        [&["chekc"][..], &["check", "--nonsense"], &["lock", "--ttl", "never"], &["docs"], &["docs", "put"]]
    {
        person.aitk(arguments).expect(64);
    }
    for arguments in [&["--help"][..], &["--version"], &["check", "--help"], &["help", "lock"]] {
        let done = person.aitk(arguments).expect(0);
        assert!(!done.out.is_empty() && !done.out.contains('\u{1b}'), "{done:#?}");
    }
}

#[test]
fn a_lock_that_was_stolen_or_lapsed_is_a_conflict_for_its_old_holder() {
    let platform = Platform::start();
    let project = platform.project("p");
    let ann = Person::of(&platform, "p", &platform.key(&project, "lead", "Ann"));
    let bob = Person::of(&platform, "p", &platform.key(&project, "lead", "Bob"));
    ann.write("a.md", "late");
    ann.aitk(&["lock", "--reason", "r"]).expect(0);
    bob.aitk(&["lock"]).expect(2).says(&["Ann"]);
    bob.aitk(&["unlock"]).expect(2);
    bob.aitk(&["docs", "put", "b.md", "-"]).expect(2);
    bob.aitk(&["lock", "--steal"]).expect(64);
    bob.aitk(&["lock", "--steal", "--reason", "Ann is away"]).expect(0);
    ann.aitk(&["docs", "put", "a.md", "a.md"]).expect(7).says(&["Bob"]);
    ann.aitk(&["lock", "--renew"]).expect(7);
    bob.aitk(&["unlock"]).expect(0);
    ann.aitk(&["lock"]).expect(0);
    bob.aitk(&["unlock", "--force", "--reason", "still away"]).expect(0);
    bob.aitk(&["docs", "cat", "a.md"]).expect(4);
}

#[test]
fn server_text_reaches_the_terminal_without_its_escapes() {
    let platform = Platform::start();
    let project = platform.project("p");
    let dev = Person::of(&platform, "p", &platform.key(&project, "developer", "Dan"));
    let reason = "line one\nOK: unlocked \u{202e}reversed";
    platform.call(
        "POST",
        &format!("/api/projects/{project}/lock"),
        Some(serde_json::json!({"reason": reason})),
    );
    for arguments in [&["check"][..], &["status"]] {
        let done = dev.aitk(arguments);
        let text = done.out + &done.err;
        assert!(text.contains("OK: unlocked") && !text.contains("\nOK"), "{text}");
        assert!(!text.contains('\u{202e}'));
    }
}
