//! What goes wrong: a folder that is gone, a token that ended, a host that hangs, answers that are
//! lost, a server that is killed.

use std::fs::File;
use std::io::{Read, Write};
use std::process::Command;

use aitk_tests::Person;

use super::{BO, Handbook};

#[test]
fn a_docs_folder_that_disappears_deletes_nothing_unasked() {
    let handbook = Handbook::with(&[("docs/a.md", "a\n"), ("docs/b.md", "b\n")]);
    handbook.remote.force("handbook", "main", &[("handbook/a.md", "a\n")], BO, "renamed");
    handbook.pull().expect(1).says(&["no docs in 'docs'", "--yes"]);
    assert_eq!(handbook.lead.aitk(&["docs", "ls"]).expect(0).out, "a.md\nb.md\n");
    let status = handbook.lead.aitk(&["status"]).expect(0);
    assert!(status.out.contains("pull failed: "), "{status:#?}");
    handbook.lead.aitk(&["docs", "pull", "--yes"]).expect(0).says(&["2 deleted"]);
    assert_eq!(handbook.lead.aitk(&["docs", "ls"]).expect(0).out, "");
    let status = handbook.lead.aitk(&["status"]).expect(0);
    assert!(status.out.contains("current with main"), "{status:#?}");
}

#[test]
fn a_token_that_ended_is_said_and_a_new_one_sends_what_waited() {
    let handbook = Handbook::with(&[("docs/a.md", "a\n")]);
    handbook.remote.set_token(Some("a-new-one"));
    let before = handbook.platform.head(&handbook.project);
    handbook.lead.aitk(&["lock", "--reason", "r"]).expect(0);
    handbook.put("a.md", "A\n");
    handbook.lead.aitk(&["unlock"]).expect(0);
    handbook.platform.event(&handbook.project, before, "docs:failed");
    let status = handbook.lead.aitk(&["status"]).expect(0);
    assert!(status.out.contains("1 commit ahead, pull failed: "), "{status:#?}");
    handbook.publish().expect(1).says(&["token"]);

    let admin = Person::new();
    admin.feed(&["login", &handbook.platform.url], &handbook.platform.admin_key).expect(0);
    let before = handbook.platform.head(&handbook.project);
    let set = ["project", "set", "handbook", "--url", &handbook.platform.url, "--token-stdin"];
    admin.feed(&set, "a-new-one").expect(0);
    handbook.platform.event(&handbook.project, before, "docs:published");
    assert_eq!(handbook.there("a.md").unwrap(), "A\n");
    assert_eq!(handbook.subjects(), ["r", "first"]);
}

#[test]
fn a_host_that_is_down_is_tried_again_and_holds_nobody_up() {
    let handbook = Handbook::with(&[("docs/a.md", "a\n")]);
    handbook.platform.call(
        "PUT",
        &format!("/api/projects/{}", handbook.project),
        Some(serde_json::json!({"repoUrl": "http://127.0.0.1:9/none.git"})),
    );
    handbook.put("b.md", "b\n");
    // Nobody waits with retries for what the server itself tries again.
    handbook.lead.aitk(&["docs", "pull"]).expect(5).says(&["cannot"]);
    let shown = handbook.shown();
    let failure = &shown["repo"]["failure"];
    assert_eq!(failure["doing"], "pull", "{shown}");
    assert!(failure["nextTryAt"].as_str() > failure["since"].as_str(), "{shown}");
    let dev = handbook.member("developer", "Dan");
    dev.aitk(&["check"]).expect(0);
    assert_eq!(dev.read(".docs/b.md"), "b\n");
}

#[test]
fn a_push_whose_answer_was_lost_is_made_once() {
    let handbook = Handbook::with(&[("docs/a.md", "a\n")]);
    handbook.put("a.md", "A\n");
    handbook.remote.lose_the_next_answer();
    let _ = handbook.publish();
    handbook.put("a.md", "AA\n");
    handbook.publish().expect(0);
    assert_eq!(handbook.there("a.md").unwrap(), "AA\n");
    let log = handbook.remote.log("handbook");
    assert_eq!(log.len(), 3, "{log:?}");
    assert_eq!(handbook.shown()["repo"]["conflicts"], serde_json::json!([]));
}

#[test]
fn a_server_killed_in_mid_push_makes_each_commit_once() {
    let mut handbook = Handbook::with(&[("docs/a.md", "a\n")]);
    // The host takes the push, says so here, and goes on when it is let.
    let pipes = tempfile::tempdir().unwrap();
    let (asked, go) = (pipes.path().join("asked"), pipes.path().join("go"));
    assert!(Command::new("mkfifo").args([&asked, &go]).status().unwrap().success());
    let script = format!("echo here > '{}'; read line < '{}'", asked.display(), go.display());
    handbook.remote.hook("handbook", "pre-receive", &script);

    handbook.lead.aitk(&["lock", "--reason", "under way"]).expect(0);
    handbook.put("a.md", "A\n");
    handbook.lead.aitk(&["unlock"]).expect(0);
    let mut word = String::new();
    File::open(&asked).unwrap().read_to_string(&mut word).unwrap();
    handbook.platform.kill();
    handbook.remote.hook("handbook", "pre-receive", "exit 0");
    // The host finishes what it was asked for, whoever is there to hear of it.
    File::options().write(true).open(&go).unwrap().write_all(b"go\n").unwrap();
    handbook.platform.start_again();
    handbook.put("a.md", "AA\n");
    handbook.publish().expect(0);
    assert_eq!(handbook.there("a.md").unwrap(), "AA\n");
    let subjects = handbook.subjects();
    let once = subjects.iter().filter(|subject| *subject == "under way").count();
    assert_eq!(once, 1, "{subjects:?}");
    assert_eq!(handbook.shown()["repo"]["conflicts"], serde_json::json!([]));
}

#[test]
fn somebody_who_pushes_at_the_same_moment_is_not_overwritten() {
    let handbook = Handbook::with(&[("docs/a.md", "a\n"), ("docs/b.md", "b\n")]);
    let pipes = tempfile::tempdir().unwrap();
    let (asked, go) = (pipes.path().join("asked"), pipes.path().join("go"));
    assert!(Command::new("mkfifo").args([&asked, &go]).status().unwrap().success());
    let script = format!("echo here > '{}'; read line < '{}'", asked.display(), go.display());
    handbook.remote.hook("handbook", "pre-receive", &script);
    handbook.put("a.md", "A\n");
    let publishing = handbook.lead.start(&["docs", "publish"]);
    let mut word = String::new();
    File::open(&asked).unwrap().read_to_string(&mut word).unwrap();
    handbook.remote.hook("handbook", "pre-receive", "exit 0");
    handbook.remote.commit("handbook", "main", &[("docs/b.md", "B\n")], BO, "at the same moment");
    File::options().write(true).open(&go).unwrap().write_all(b"go\n").unwrap();
    publishing.wait_for("published a.md");
    assert_eq!(publishing.end(), Some(0));
    assert_eq!(handbook.subjects(), ["docs: 1 changed", "at the same moment", "first"]);
    assert_eq!(
        (handbook.there("a.md").unwrap(), handbook.there("b.md").unwrap()),
        ("A\n".into(), "B\n".into())
    );
    assert_eq!(handbook.doc("b.md")["content"], "B\n");
}

#[test]
fn a_host_that_hangs_holds_up_nobody_else() {
    let handbook = Handbook::with(&[("docs/a.md", "a\n")]);
    handbook.remote.forget_requests();
    handbook.remote.hang(true);
    handbook.put("b.md", "b\n");
    let publishing = handbook.lead.start(&["docs", "publish"]);
    let dev = handbook.member("developer", "Dan");
    dev.aitk(&["check"]).expect(0);
    handbook.lead.aitk(&["lock", "--reason", "meanwhile"]).expect(0);
    handbook.put("c.md", "c\n");
    handbook.lead.aitk(&["unlock"]).expect(0);
    dev.aitk(&["check"]).expect(0);
    assert_eq!(dev.read(".docs/c.md"), "c\n");
    handbook.remote.hang(false);
    assert_eq!(publishing.end(), Some(0));
    handbook.publish().expect(0);
    assert_eq!(handbook.remote.tree("handbook", "main").len(), 3);
}

#[test]
fn a_lease_that_lapsed_while_the_server_was_down_ends_as_a_commit() {
    let mut handbook = Handbook::with(&[("docs/a.md", "a\n")]);
    let before = handbook.platform.head(&handbook.project);
    handbook.lead.aitk(&["lock", "--reason", "cut short", "--ttl", "1s"]).expect(0);
    handbook.put("a.md", "A\n");
    handbook.platform.kill();
    handbook.platform.start_again();
    handbook.platform.event(&handbook.project, before, "docs:published");
    assert_eq!(handbook.subjects(), ["cut short", "first"]);
}
