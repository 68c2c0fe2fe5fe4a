//! `aitk docs edit`: lock, editor, save, unlock, and never a lost text.

use aitk_tests::{Person, Platform, files};
use serde_json::Value;

struct Scene {
    platform: Platform,
    project: String,
    ann: Person,
    bob: Person,
}

/// An editor that appends a line, and does what else is asked.
fn scene(then: &str) -> Scene {
    let platform = Platform::start();
    let project = platform.project("p");
    let lead = |name| {
        let mut person = Person::of(&platform, "p", &platform.key(&project, "lead", name));
        person.find_aitk();
        person
    };
    let (mut ann, bob) = (lead("Ann"), lead("Bob"));
    ann.write("editor.sh", format!("echo \"$WORD\" >> \"$1\"\n{then}\n"));
    ann.set("EDITOR", &format!("WORD=mine sh '{}'", ann.file("editor.sh").display()));
    ann.feed(&["docs", "put", "guides/a.md", "-"], "first\n").expect(0);
    Scene { platform, project, ann, bob }
}

impl Scene {
    fn lock(&self) -> Value {
        self.platform.call("GET", &format!("/api/projects/{}/lock", self.project), None)
    }

    fn doc(&self) -> String {
        self.bob.aitk(&["docs", "cat", "guides/a.md"]).expect(0).out
    }

    /// The texts that were kept.
    fn drafts(&self) -> Vec<String> {
        let drafts = self.ann.home().join(".local/share/aitk/drafts");
        let found = if drafts.exists() { files(&drafts) } else { Default::default() };
        let texts = found.into_iter().filter(|(name, _)| !name.ends_with("about.json"));
        texts.map(|(_, bytes)| String::from_utf8(bytes).unwrap()).collect()
    }
}

#[test]
fn a_doc_is_edited_under_the_lock_and_saved() {
    let scene = scene("aitk status --json | grep -o '\"reason\":\"[^\"]*\"'; basename \"$1\"");
    let done = scene.ann.aitk(&["docs", "edit", "guides/a.md", "--message", "more"]).expect(0);
    assert_eq!(done.out, "\"reason\":\"editing guides/a.md\"\na.md\n");
    assert_eq!((scene.doc().as_str(), scene.lock()), ("first\nmine\n", Value::Null));
    let log = scene.ann.aitk(&["docs", "log", "guides/a.md", "--json"]).expect(0).json();
    assert_eq!(log["versions"][0]["message"], "more");
    scene.ann.aitk(&["docs", "edit", "new.md"]).expect(0).says(&["saved new.md as version 1"]);

    // A lock that was held before stays.
    scene.ann.aitk(&["lock"]).expect(0);
    scene.ann.aitk(&["docs", "edit", "guides/a.md"]).expect(0);
    assert_eq!(scene.lock()["lockedBy"], "Ann");
    scene.bob.aitk(&["docs", "edit", "guides/a.md"]).expect(2).says(&["Ann"]);
    scene.ann.aitk(&["unlock"]).expect(0);
    assert_eq!(scene.drafts(), [""; 0]);
}

#[test]
fn nothing_changed_is_nothing_saved() {
    let mut scene = scene("");
    scene.ann.set("VISUAL", "true");
    scene.ann.aitk(&["docs", "edit", "guides/a.md"]).expect(0).says(&["unchanged, so nothing was saved"]);
    scene.ann.aitk(&["docs", "edit", "new.md"]).expect(0);
    let log = scene.ann.aitk(&["docs", "log", "--json"]).expect(0).json();
    assert_eq!(log["versions"].as_array().unwrap().len(), 1);
    assert_eq!((scene.drafts().len(), scene.lock()), (0, Value::Null));
    scene.ann.set("VISUAL", "no-such-editor");
    scene.ann.aitk(&["docs", "edit", "guides/a.md"]).expect(1).says(&["no-such-editor", "nothing was saved"]);
    assert_eq!((scene.drafts().len(), scene.lock()), (0, Value::Null));
}

#[test]
fn a_text_that_cannot_be_saved_is_kept_and_told_of() {
    for (then, code, why) in [
        ("exit 3", 1, "failed"),
        ("aitk unlock --force --reason x 2>/dev/null >&2", 7, "ended"),
        ("head -c 11000000 /dev/zero | tr '\\0' x >> \"$1\"", 1, "larger"),
    ] {
        let scene = scene(then);
        let done = scene.ann.aitk(&["docs", "edit", "guides/a.md"]).expect(code).says(&[why, "is kept in"]);
        assert!(scene.drafts()[0].starts_with("first\nmine\n"), "{done:#?}");
        assert_eq!((scene.doc().as_str(), scene.lock()), ("first\n", Value::Null));
    }
}

#[test]
fn a_text_that_found_no_server_is_gone_on_with_from_its_draft() {
    let mut scene = scene("echo open; until [ -e \"$HOME/go\" ]; do sleep 0.05; done");
    let editing = scene.ann.start(&["docs", "edit", "guides/a.md"]);
    assert_eq!(editing.line(), "open");
    scene.platform.kill();
    std::fs::write(scene.ann.home().join("go"), "").unwrap();
    let told = editing.wait_for("is kept in");
    assert_eq!(editing.end(), Some(5));
    scene.platform.start_again();
    let id = &scene.project;
    scene.platform.call("DELETE", &format!("/api/projects/{id}/lock?force=true&reason=x"), None);
    let draft = told.split("is kept in ").nth(1).unwrap().split(": ").next().unwrap().to_owned();
    scene.ann.aitk(&["docs", "edit", "guides/a.md", "--draft", &draft]).expect(0);
    assert_eq!(scene.doc(), "first\nmine\nmine\n");
    assert_eq!(scene.drafts(), [""; 0], "what has arrived is no draft any more");
}

#[test]
fn a_run_that_is_killed_leaves_its_text_where_the_next_one_finds_it() {
    let mut scene = scene("echo open; until [ -e \"$HOME/go\" ]; do sleep 0.05; done");
    let mut editing = scene.ann.start(&["docs", "edit", "guides/a.md"]);
    assert_eq!(editing.line(), "open");
    editing.process.kill().unwrap();
    assert_eq!(editing.end(), None);
    std::fs::write(scene.ann.home().join("go"), "").unwrap();
    scene.bob.aitk(&["lock", "--steal", "--reason", "x"]).expect(0);
    scene.bob.feed(&["docs", "put", "guides/a.md", "-"], "Bob's\n").expect(0);
    scene.bob.aitk(&["unlock"]).expect(0);
    scene.ann.set("VISUAL", "true");
    let done = scene.ann.aitk(&["docs", "edit", "guides/a.md"]).expect(0);
    let done = done.says(&["a draft of guides/a.md was left", "made from an older version", "a.md (go on"]);
    assert_eq!(scene.drafts(), ["first\nmine\n"], "{done:#?}");
}

#[test]
fn an_editing_waits_for_its_turn_if_asked() {
    let scene = scene("");
    scene.bob.aitk(&["lock", "--reason", "guide"]).expect(0);
    let editing = scene.ann.start(&["docs", "edit", "guides/a.md", "--wait"]);
    editing.wait_for("first in line");
    scene.bob.aitk(&["unlock"]).expect(0).says(&["waiting for it, in this order: Ann"]);
    assert_eq!(editing.end(), Some(0));
    assert_eq!(scene.doc(), "first\nmine\n");
}
