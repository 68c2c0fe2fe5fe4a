//! `aitk docs log / show / diff / restore`: what was, who changed it, and back again.

use aitk_tests::{Done, Person, Platform};
use serde_json::json;

fn lead() -> (Platform, Person) {
    let platform = Platform::start();
    let project = platform.project("p");
    let ann = Person::of(&platform, "p", &platform.key(&project, "lead", "Ann"));
    (platform, ann)
}

fn put(person: &Person, path: &str, text: impl AsRef<[u8]>, message: &str) -> Done {
    person.feed(&["docs", "put", path, "-", "--message", message], text).expect(0)
}

#[test]
fn the_log_tells_who_changed_what_when_and_why_in_pages() {
    let (_platform, ann) = lead();
    for n in 1..=130 {
        put(&ann, "a.md", n.to_string(), &format!("change {n}"));
    }
    put(&ann, "b.md", "b", "other\nline");
    let all = ann.aitk(&["docs", "log", "--limit", "120"]).expect(0).says(&["older ones"]);
    let lines: Vec<_> = all.out.lines().collect();
    assert_eq!(lines.len(), 120);
    assert!(
        lines[0].starts_with("   131  ") && lines[0].ends_with("Ann  saved v1   b.md  other\\u{a}line"),
        "{}",
        lines[0]
    );
    let one = ann.aitk(&["docs", "log", "a.md", "--limit", "500", "--json"]).expect(0).json();
    assert_eq!((one["versions"].as_array().unwrap().len(), &one["before"]), (130, &json!(null)));
    assert_eq!(one["versions"][129]["message"], "change 1");
    let few = ann.aitk(&["docs", "log", "--limit", "2", "--json"]).expect(0).json();
    assert_eq!((few["versions"].as_array().unwrap().len(), &few["before"]), (2, &json!(130)));
    ann.aitk(&["docs", "log", "never.md"]).expect(4);
}

#[test]
fn two_revisions_are_compared_and_shown_safely() {
    let (_platform, ann) = lead();
    put(&ann, "guides/a.md", "one\ntwo\nthree\n", "first");
    put(&ann, "b.bin", b"\0\xff", "binary");
    put(&ann, "guides/a.md", "one\nTWO\x1b[31m\nthree\n", "louder");
    ann.aitk(&["docs", "rm", "b.bin"]).expect(0);
    let all = ann.aitk(&["docs", "diff", "2"]).expect(0);
    let expected = "Docs a/b.bin and /dev/null differ, and are no text\n--- a/guides/a.md\n+++ b/guides/a.md\n\
                    @@ -1,3 +1,3 @@\n one\n-two\n+TWO\\u{1b}[31m\n three\n";
    assert_eq!(all.out, expected);
    let coloured = ann.aitk(&["docs", "diff", "2..3", "--color", "always"]).expect(0).out;
    assert!(coloured.contains("\x1b[32m+TWO\\u{1b}[31m\x1b[0m"), "{coloured:?}");
    let stat = ann.aitk(&["docs", "diff", "2..", "guides", "--stat", "--exit-code"]).expect(6);
    assert_eq!(stat.out, "guides/a.md | +1 -1\n1 docs, +1 -1\n");
    ann.aitk(&["docs", "diff", "2..2", "--exit-code"]).expect(0).says(&["no difference"]);
    let document = ann.aitk(&["docs", "diff", "0..1", "--json"]).expect(0).json();
    assert_eq!(
        (&document["docs"][0]["change"], &document["docs"][0]["insertions"]),
        (&json!("added"), &json!(3))
    );
    ann.aitk(&["docs", "diff", "9"]).expect(4).says(&["no revision 9 yet"]);
    ann.aitk(&["docs", "diff", "1", "nothing"]).expect(4);
    ann.aitk(&["docs", "diff", "x..y"]).expect(64);

    let shown = ann.aitk(&["docs", "show", "guides/a.md"]).expect(0).out;
    assert!(shown.starts_with("doc guides/a.md\nrevision 3, version 2, "), "{shown}");
    assert!(shown.ends_with("by Ann\n    louder\n\none\nTWO\\u{1b}[31m\nthree\n"), "{shown}");
    let old = ann.aitk(&["docs", "show", "guides/a.md", "--revision", "2", "--json"]).expect(0).json();
    assert_eq!((&old["content"], &old["message"]), (&json!("one\ntwo\nthree\n"), &json!("first")));
}

#[test]
fn an_old_version_comes_back_also_of_a_deleted_doc() {
    let (platform, ann) = lead();
    let bytes: Vec<u8> = (0..=255).collect();
    put(&ann, "a.bin", &bytes, "first");
    put(&ann, "a.bin", "other", "second");
    ann.aitk(&["docs", "restore", "a.bin", "--revision", "1"]).expect(0).says(&["as version 3, revision 3"]);
    let cat = |expected: &[u8]| {
        let doc = platform.call("GET", "/api/projects/p/docs/a.bin", None);
        assert_eq!(doc["hash"], aitk_tests::docs::sha256(expected));
    };
    cat(&bytes);
    ann.aitk(&["docs", "restore", "a.bin", "--revision", "1"])
        .expect(0)
        .says(&["as it was", "nothing was saved"]);
    ann.aitk(&["docs", "rm", "a.bin"]).expect(0);
    ann.aitk(&["docs", "show", "a.bin"])
        .expect(4)
        .says(&["was deleted at revision 4 by Ann", "--revision 3"]);
    ann.aitk(&["docs", "restore", "a.bin", "--revision", "4"]).expect(4).says(&["was deleted at revision 4"]);
    ann.aitk(&["docs", "restore", "a.bin", "--revision", "2", "--message", "needed"]).expect(0);
    cat(b"other");
    let log = ann.aitk(&["docs", "log", "a.bin", "--json"]).expect(0).json();
    let newest = &log["versions"][0];
    assert_eq!((&newest["version"], &newest["message"]), (&json!(5), &json!("needed")));
    put(&ann, "late.md", "x", "late");
    ann.aitk(&["docs", "restore", "late.md", "--revision", "2"])
        .expect(4)
        .says(&["did not exist at revision 2"]);
    ann.aitk(&["docs", "restore", "a.bin"]).expect(64);
}

#[test]
fn a_push_shows_its_plan_and_asks_at_a_terminal() {
    let (_platform, mut ann) = lead();
    ann.find_aitk();
    ann.write("folder/a.md", "x");
    let push = |answer: &str| {
        let mut command = ann.command("script");
        command.args(["-qec", "aitk docs push folder", "/dev/null"]);
        let mut process =
            command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped()).spawn().unwrap();
        std::io::Write::write_all(process.stdin.as_mut().unwrap(), answer.as_bytes()).unwrap();
        let done = process.wait_with_output().unwrap();
        (done.status.code(), String::from_utf8(done.stdout).unwrap())
    };
    let (code, screen) = push("n\n");
    assert!(
        code == Some(1) && screen.contains("add    a.md") && screen.contains("push this? [y/N]"),
        "{screen}"
    );
    ann.aitk(&["docs", "cat", "a.md"]).expect(4);
    let (code, screen) = push("y\n");
    assert!(code == Some(0) && screen.contains("pushed as revision 1"), "{screen}");
    ann.write("folder/a.md", "y");
    ann.aitk(&["docs", "push", "folder"]).expect(64).says(&[
        "change a.md",
        "nobody is at a terminal",
        "--yes",
    ]);
}
