//! Both sides changed something.

use serde_json::{Value, json};

use super::{BO, Handbook};

const FIVE: &str = "one\ntwo\nthree\nfour\nfive\n";

#[test]
fn other_docs_and_other_lines_come_together() {
    let handbook = Handbook::with(&[("docs/a.md", FIVE), ("docs/b.md", "b\n")]);
    handbook.remote.commit("handbook", "main", &[("docs/b.md", "B\n")], BO, "another doc");
    handbook.edit("a doc", &[("c.md", "c\n")]);
    assert_eq!(handbook.subjects(), ["a doc", "another doc", "first"]);
    assert_eq!(handbook.doc("b.md")["content"], "B\n");

    handbook.remote.commit("handbook", "main", &[("docs/a.md", &*FIVE.replace("five", "5"))], BO, "the end");
    handbook.edit("the start", &[("a.md", &FIVE.replace("one", "1"))]);
    assert_eq!(handbook.there("a.md").unwrap(), "1\ntwo\nthree\nfour\n5\n");
    assert_eq!(handbook.doc("a.md")["content"], "1\ntwo\nthree\nfour\n5\n");
    assert_eq!(handbook.subjects(), ["the start", "the end", "a doc", "another doc", "first"]);
    assert!(handbook.remote.log("handbook")[0].author.starts_with("Ann "));
}

#[test]
fn a_doc_that_both_changed_in_one_place_stays_and_is_marked_until_it_is_saved_again() {
    let handbook = Handbook::with(&[("docs/a.md", FIVE), ("docs/b.md", "b\n")]);
    let dev = handbook.member("developer", "Dan");
    let theirs = FIVE.replace("three", "THEIRS");
    handbook.remote.commit("handbook", "main", &[("docs/a.md", &*theirs)], BO, "theirs");
    let ours = FIVE.replace("three", "OURS");
    let before = handbook.platform.head(&handbook.project);
    handbook.edit("both", &[("a.md", &ours), ("b.md", "B\n")]);

    // Readers have the platform's text, without marks; the other docs have gone.
    let conflict = handbook.platform.event(&handbook.project, before, "docs:conflict");
    assert_eq!(conflict["data"]["path"], "a.md");
    dev.aitk(&["check"]).expect(0);
    assert_eq!(dev.read(".docs/a.md"), ours);
    assert_eq!(handbook.there("a.md").unwrap(), theirs);
    assert_eq!(handbook.there("b.md").unwrap(), "B\n");
    assert_eq!(handbook.subjects(), ["both", "theirs", "first"]);
    let status = handbook.lead.aitk(&["status"]).expect(0);
    assert!(status.out.contains("1 doc in conflict"), "{status:#?}");
    let list = handbook.lead.aitk(&["docs", "ls", "--json"]).expect(0).json();
    assert_eq!(
        (&list["docs"][0]["conflicted"], &list["docs"][1]["conflicted"]),
        (&json!(true), &Value::Null)
    );
    handbook.publish().expect(7).says(&["conflict in a.md"]);
    assert_eq!(handbook.remote.log("handbook").len(), 3);

    // Both texts are there, apart and in one.
    let doc = handbook.doc("a.md");
    let merged = doc["conflict"]["merged"].as_str().unwrap();
    for word in ["<<<<<<< platform", "OURS", "=======", "THEIRS", ">>>>>>> repository"] {
        assert!(merged.contains(word), "{word}: {merged}");
    }
    let revision = doc["conflict"]["theirsRevision"].to_string();
    assert_eq!(handbook.lead.aitk(&["docs", "cat", "a.md", "--revision", &revision]).expect(0).out, theirs);
    assert_eq!(handbook.lead.aitk(&["docs", "cat", "a.md"]).expect(0).out, ours);

    // A copy of before and a copy of after are the same docs.
    dev.aitk(&["check"]).expect(0);
    dev.aitk(&["verify"]).expect(0);
    let both = FIVE.replace("three", "OURS and THEIRS");
    handbook.edit("brought together", &[("a.md", &both)]);
    assert_eq!(handbook.there("a.md").unwrap(), both);
    assert_eq!(handbook.doc("a.md").get("conflict"), None);
    assert_eq!(handbook.subjects(), ["brought together", "both", "theirs", "first"]);
    assert_eq!(handbook.remote.log("handbook")[0].message, "brought together\n\nchanged a.md");
    handbook.publish().expect(0);
    dev.aitk(&["check"]).expect(0);
    assert_eq!(dev.read(".docs/a.md"), both);
}

#[test]
fn saving_the_own_text_again_decides_for_it() {
    let handbook = Handbook::with(&[("docs/a.md", "one\n")]);
    handbook.remote.commit("handbook", "main", &[("docs/a.md", "theirs\n")], BO, "theirs");
    handbook.put("a.md", "ours\n");
    handbook.pull().expect(0).says(&["conflict in a.md"]);
    handbook.put("a.md", "ours\n");
    handbook.publish().expect(0).says(&["published a.md"]);
    assert_eq!(handbook.there("a.md").unwrap(), "ours\n");
}

#[test]
fn a_conflict_ends_by_itself_where_the_repository_comes_round() {
    let handbook = Handbook::with(&[("docs/a.md", "one\n")]);
    handbook.remote.commit("handbook", "main", &[("docs/a.md", "theirs\n")], BO, "theirs");
    handbook.put("a.md", "ours\n");
    handbook.pull().expect(0).says(&["conflict in a.md"]);
    handbook.remote.commit("handbook", "main", &[("docs/a.md", "ours\n")], BO, "yours, then");
    handbook.pull().expect(0);
    assert_eq!(handbook.doc("a.md").get("conflicted"), None);
    handbook.publish().expect(0).says(&["nothing to publish"]);
}

#[test]
fn a_conflict_ends_where_the_repository_takes_its_change_back() {
    let handbook = Handbook::with(&[("docs/a.md", "one\n")]);
    handbook.remote.commit("handbook", "main", &[("docs/a.md", "theirs\n")], BO, "theirs");
    handbook.put("a.md", "ours\n");
    handbook.pull().expect(0).says(&["conflict in a.md"]);
    handbook.remote.commit("handbook", "main", &[("docs/a.md", "one\n")], BO, "never mind");
    handbook.publish().expect(0).says(&["published a.md"]);
    assert_eq!(handbook.there("a.md").unwrap(), "ours\n");
}

#[test]
fn what_one_side_deleted_and_the_other_changed_is_not_lost() {
    use aitk_tests::remote::Entry;
    let handbook = Handbook::with(&[("docs/a.md", "a\n"), ("docs/b.md", "b\n"), ("docs/c.md", "c\n")]);
    let changes = [("docs/a.md", Entry::from("A\n")), ("docs/b.md", Entry::Gone)];
    handbook.remote.commit("handbook", "main", &changes, BO, "theirs");
    handbook.lead.aitk(&["docs", "rm", "a.md"]).expect(0);
    handbook.put("b.md", "B\n");
    let pulled = handbook.lead.aitk(&["docs", "pull", "--json"]).expect(0).json();
    assert_eq!((&pulled["restored"], &pulled["conflicts"]), (&json!(["a.md"]), &json!(["b.md"])));
    assert_eq!(handbook.doc("a.md")["content"], "A\n");
    assert_eq!(handbook.doc("b.md")["content"], "B\n");
    assert_eq!(handbook.doc("b.md")["conflict"]["theirsHash"], Value::Null);
    handbook.publish().expect(7);
    assert_eq!(handbook.there("b.md"), None, "a doc in conflict stays where it is");
    handbook.lead.aitk(&["docs", "rm", "b.md"]).expect(0);
    handbook.publish().expect(0).says(&["nothing to publish"]);
    assert_eq!(handbook.remote.tree("handbook", "main"), ["100644 docs/a.md", "100644 docs/c.md"]);
}

#[test]
fn a_forced_push_is_a_change_like_any_other() {
    let handbook = Handbook::with(&[("docs/a.md", "a\n"), ("docs/b.md", "b\n")]);
    handbook.put("c.md", "c\n");
    handbook.remote.force("handbook", "main", &[("docs/a.md", "A\n")], BO, "a new life");
    handbook.publish().expect(0).says(&["published c.md"]);
    assert_eq!(handbook.lead.aitk(&["docs", "ls"]).expect(0).out, "a.md\nc.md\n");
    assert_eq!(handbook.doc("a.md")["content"], "A\n");
    assert_eq!(handbook.remote.tree("handbook", "main"), ["100644 docs/a.md", "100644 docs/c.md"]);
    assert_eq!(handbook.remote.log("handbook").len(), 2, "nothing of the old life comes back");
}

#[test]
fn docs_that_were_here_before_the_repository_meet_what_it_has() {
    let handbook = Handbook::with(&[]);
    handbook.edit("start", &[("same.md", "same\n"), ("ours.md", "ours\n"), ("both.md", "ours\n")]);
    handbook.remote.create("other");
    let docs = [("docs/same.md", "same\n"), ("docs/theirs.md", "theirs\n"), ("docs/both.md", "theirs\n")];
    handbook.remote.commit("other", "main", &docs, BO, "first");
    let url = handbook.remote.url("other");
    handbook.platform.call(
        "PUT",
        &format!("/api/projects/{}", handbook.project),
        Some(json!({"repoUrl": url})),
    );
    let pulled = handbook.lead.aitk(&["docs", "publish", "--json"]).expect(7).json();
    assert_eq!(pulled["conflicts"], json!(["both.md"]), "{pulled}");
    assert_eq!(handbook.lead.aitk(&["docs", "ls"]).expect(0).out, "both.md\nours.md\nsame.md\ntheirs.md\n");
    let there = handbook.remote.tree("other", "main");
    assert!(there.contains(&"100644 docs/ours.md".to_owned()), "{there:?}");
}

#[test]
fn a_conflict_is_decided_in_the_editor_and_never_with_its_marks() {
    let mut handbook = Handbook::with(&[("docs/a.md", FIVE)]);
    handbook.remote.commit(
        "handbook",
        "main",
        &[("docs/a.md", &*FIVE.replace("three", "THEIRS"))],
        BO,
        "theirs",
    );
    handbook.edit("ours", &[("a.md", &FIVE.replace("three", "OURS")), ("b.md", "b\n")]);
    let shown = handbook.lead.aitk(&["docs", "show", "a.md"]).expect(0);
    assert!(shown.out.contains("<<<<<<< platform\nOURS\n=======\nTHEIRS\n>>>>>>> repository"), "{shown:#?}");

    handbook.lead.set("EDITOR", "sed -i 's/five/5/'");
    handbook.lead.aitk(&["docs", "edit", "a.md"]).expect(7).says(&["with their marks", "drafts"]);
    assert_eq!(handbook.doc("a.md")["conflicted"], json!(true));
    handbook.lead.set("EDITOR", "sed -i '/^[<=>]/d; /THEIRS/d'");
    handbook
        .lead
        .aitk(&["docs", "edit", "a.md"])
        .expect(0)
        .says(&["in conflict with the repository", "saved a.md"]);
    assert_eq!(handbook.doc("a.md").get("conflict"), None);
    handbook.publish().expect(0);
    assert_eq!(handbook.there("a.md").unwrap(), FIVE.replace("three", "OURS"));
}
