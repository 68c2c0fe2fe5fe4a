//! What goes well.

use aitk_tests::remote::Entry;
use aitk_tests::{Remote, files, http};
use serde_json::{Value, json};

use super::{BO, Handbook};

#[test]
fn what_is_saved_under_a_lock_is_one_commit_and_what_is_committed_there_comes_here() {
    let handbook = Handbook::with(&[("docs/a.md", "one\n"), ("docs/g/b.md", "b\n"), ("LICENSE", "free\n")]);
    let dev = handbook.member("developer", "Dan");
    dev.aitk(&["check"]).expect(0);
    assert_eq!(dev.read(".docs/g/b.md"), "b\n");
    assert!(!dev.file(".docs/LICENSE").exists(), "only the docs folder comes");

    let before = handbook.platform.head(&handbook.project);
    handbook.lead.aitk(&["lock", "--reason", "the release guide"]).expect(0);
    handbook.put("a.md", "two\n");
    handbook.put("new/c.md", "c\n");
    handbook.lead.aitk(&["docs", "rm", "g/b.md", "--message", "nobody read it"]).expect(0);
    let locked = handbook.lead.aitk(&["status"]).expect(0);
    assert!(locked.out.contains("1 commit ahead"), "{locked:#?}");
    assert_eq!(handbook.subjects(), ["first"], "nothing goes before the lock ends");
    handbook.lead.aitk(&["unlock"]).expect(0);
    handbook.platform.event(&handbook.project, before, "docs:published");

    let log = handbook.remote.log("handbook");
    assert_eq!(log.len(), 2);
    assert!(log[0].author.starts_with("Ann <key_") && log[0].author.ends_with("@aitk.invalid>"), "{log:?}");
    assert_eq!(
        log[0].message,
        "the release guide\n\n- nobody read it\n\nchanged a.md\ndeleted g/b.md\nadded new/c.md"
    );
    assert_eq!(
        handbook.remote.tree("handbook", "main"),
        ["100644 LICENSE", "100644 docs/a.md", "100644 docs/new/c.md"]
    );

    handbook.remote.commit("handbook", "main", &[("docs/a.md", "three\n")], BO, "from outside");
    handbook.pull().expect(0).says(&["1 changed"]);
    handbook.pull().expect(0).says(&["nothing new"]);
    dev.aitk(&["check"]).expect(0);
    assert_eq!(dev.read(".docs/a.md"), "three\n");
    let history = dev.aitk(&["status"]).expect(0);
    assert!(history.out.contains("repo      current with main at"), "{history:#?}");
    assert_eq!(handbook.doc("a.md")["updatedBy"], "git");
    assert_eq!(handbook.publish().expect(0).says(&["nothing to publish"]).out, "");
    assert_eq!(handbook.remote.log("handbook").len(), 3);
}

#[test]
fn each_lock_is_a_commit_of_its_own_and_names_all_who_saved() {
    let handbook = Handbook::with(&[("docs/a.md", "one\n")]);
    let cy = handbook.member("lead", "Cy");
    handbook.remote.set_read_only(true);
    let before = handbook.platform.head(&handbook.project);
    handbook.lead.aitk(&["lock", "--reason", "first"]).expect(0);
    handbook.put("a.md", "two\n");
    handbook.lead.aitk(&["unlock"]).expect(0);
    handbook.platform.event(&handbook.project, before, "docs:failed");
    cy.aitk(&["lock", "--reason", "second"]).expect(0);
    cy.feed(&["docs", "put", "b.md", "-"], "b\n").expect(0);
    cy.aitk(&["unlock"]).expect(0);
    cy.feed(&["docs", "put", "c.md", "-", "--message", "a word on c"], "c\n").expect(0);
    let status = handbook.lead.aitk(&["status"]).expect(0);
    assert!(status.out.contains("3 commits ahead, push failed: "), "{status:#?}");
    assert_eq!(handbook.shown()["repo"]["unpublished"], 3);

    handbook.remote.set_read_only(false);
    let done = handbook.lead.aitk(&["docs", "publish", "--json"]).expect(0).json();
    assert_eq!(done["commits"].as_array().unwrap().len(), 3, "{done}");
    assert_eq!(done["published"], json!(["a.md", "b.md", "c.md"]));
    assert_eq!(handbook.subjects(), ["a word on c", "second", "first", "first"]);
    let authors: Vec<_> = handbook.remote.log("handbook").into_iter().map(|commit| commit.author).collect();
    assert!(authors[0].starts_with("Cy ") && authors[1].starts_with("Cy ") && authors[2].starts_with("Ann "));
    let repo = &handbook.shown()["repo"];
    assert_eq!((&repo["ahead"], &repo["failure"]), (&json!(0), &Value::Null));
}

#[test]
fn an_empty_repository_gets_its_first_commit_from_the_platform() {
    let handbook = Handbook::with(&[]);
    handbook.edit("a beginning", &[("a.md", "one\n"), ("b/c.md", "two\n")]);
    assert_eq!(handbook.subjects(), ["a beginning"]);
    assert_eq!(handbook.remote.tree("handbook", "main"), ["100644 docs/a.md", "100644 docs/b/c.md"]);
    handbook.remote.commit("handbook", "main", &[("docs/d.md", "d")], BO, "on top");
    handbook.pull().expect(0).says(&["1 added, 0 changed, 0 deleted"]);
}

#[test]
fn what_cannot_be_a_doc_is_named_and_the_rest_comes() {
    let remote = Remote::start();
    remote.create("handbook");
    let odd = [
        ("docs/a.md", Entry::File(b"a".to_vec())),
        ("docs/link.md", Entry::Link("a.md".into())),
        ("docs/con.md", Entry::File(b"c".to_vec())),
        ("docs/sub", Entry::Submodule),
    ];
    remote.commit("handbook", "main", &odd, BO, "odd");
    let handbook = Handbook::at(remote);
    let list = handbook.lead.aitk(&["docs", "ls"]).expect(0);
    assert_eq!(list.out, "a.md\n");
    let pulled = handbook.pull().expect(0).says(&["link.md", "con.md", "sub", "left out"]);
    assert_eq!(pulled.out, "");
    let shown = handbook.lead.aitk(&["project", "show"]).expect(0);
    for word in ["link.md", "con.md", "sub"] {
        assert!(shown.out.contains(&format!("left out      {word}")), "{word}: {shown:#?}");
    }
    // A doc of that name here does not overwrite what is there.
    handbook.put("link.md", "mine");
    handbook.publish().expect(0);
    assert!(handbook.remote.tree("handbook", "main").contains(&"120000 docs/link.md".to_owned()));
}

#[test]
fn five_thousand_docs_come_and_go() {
    let names: Vec<String> = (0..5_000).map(|n| format!("docs/{}/doc {n}.md", n % 50)).collect();
    let docs: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), name.as_str())).collect();
    let handbook = Handbook::with(&docs);
    let dev = handbook.member("developer", "Dan");
    assert_eq!(handbook.shown()["docsCount"], 5_000);
    dev.aitk(&["check"]).expect(0);
    assert_eq!(files(&dev.file(".docs")).len(), 5_000);
    handbook.edit("one of them", &[("7/doc 7.md", "new\n")]);
    assert_eq!(handbook.there("7/doc 7.md").as_deref(), Some("new\n"));
    assert_eq!(handbook.remote.tree("handbook", "main").len(), 5_000);
}

#[test]
fn an_old_clients_sync_pulls_first() {
    let handbook = Handbook::with(&[("docs/a.md", "one\n")]);
    // The last pull is too fresh to be made again; a restart forgets nothing, so another project is asked.
    let fresh = handbook.platform.call(
        "POST",
        "/api/projects",
        Some(json!({"name": "old", "repoUrl": handbook.remote.url("handbook"), "token": handbook.remote.token()})),
    );
    let id = fresh["id"].as_str().unwrap();
    let sync = format!("{}/api/hook/sync/{id}", handbook.platform.url);
    let answer = http().post(sync).header("x-api-key", &handbook.platform.admin_key).send().unwrap();
    let answer: Value = serde_json::from_str(&answer.text().unwrap()).unwrap();
    assert_eq!(answer["docs"][0]["content"], "one\n", "{answer}");
}

#[test]
fn a_lock_keeps_pulls_waiting_and_its_holder_may_pull() {
    let handbook = Handbook::with(&[("docs/a.md", "one\n")]);
    let cy = handbook.member("lead", "Cy");
    cy.aitk(&["lock", "--reason", "mine for now"]).expect(0);
    handbook.remote.commit("handbook", "main", &[("docs/b.md", "b")], BO, "b");
    handbook.pull().expect(2).says(&["Cy", "mine for now"]);
    handbook.publish().expect(2);
    cy.aitk(&["docs", "pull"]).expect(0).says(&["1 added"]);
    handbook.remote.commit("handbook", "main", &[("docs/c.md", "c")], BO, "c");
    let before = handbook.platform.head(&handbook.project);
    cy.aitk(&["unlock"]).expect(0);
    let event = handbook.platform.event(&handbook.project, before, "docs:synced");
    assert_eq!((&event["data"]["added"], &event["actor"]), (&json!(1), &Value::Null));
    let dan = handbook.member("developer", "Dan");
    dan.aitk(&["docs", "pull"]).expect(3);
    let alone = handbook.platform.project("alone");
    let ann =
        aitk_tests::Person::of(&handbook.platform, "alone", &handbook.platform.key(&alone, "lead", "Ann"));
    ann.aitk(&["docs", "pull"]).expect(4).says(&["no repository is connected", "project set --repo"]);
}
