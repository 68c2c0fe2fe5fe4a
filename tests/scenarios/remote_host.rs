//! The git host of the scenarios is one that git itself can work with.

use aitk_tests::remote::Entry;
use aitk_tests::{Person, Remote};

const ANN: &str = "Ann <ann@example.org>";

#[test]
fn the_host_serves_and_takes_commits_for_its_token_alone() {
    let remote = Remote::start();
    remote.create("acme");
    let first = remote.commit("acme", "main", &[("docs/a.md", "one"), ("x", "y")], ANN, "first");
    let mut person = Person::new();
    person.set("GIT_TERMINAL_PROMPT", "0");
    let url = remote.url("acme").replace("http://", &format!("http://git:{}@", remote.token()));
    person.git(&["clone", "-q", &url, "copy"]);
    assert_eq!(person.read("copy/docs/a.md"), "one");
    // Large enough to come in chunks.
    person.write("copy/docs/big.bin", vec![0; 3_000_000]);
    person.write("copy/docs/a.md", "two");
    person.git(&["-C", "copy", "add", "-A"]);
    person.git(&["-C", "copy", "-c", "core.compression=0", "commit", "-q", "-m", "second"]);
    person.git(&["-C", "copy", "push", "-q", "origin", "main"]);
    let log = remote.log("acme");
    assert_eq!(log.iter().map(|commit| commit.message.as_str()).collect::<Vec<_>>(), ["second", "first"]);
    assert_eq!((&log[1].id, log[1].author.as_str()), (&first, ANN));
    assert_eq!(remote.show("acme", "main", "docs/a.md").as_deref(), Some(&b"two"[..]));
    assert!(remote.requests().iter().any(|asked| asked.credentials.is_some()));

    let forced = remote.force("acme", "main", &[("docs/b.md", Entry::Executable(b"b".to_vec()))], ANN, "new");
    assert_eq!(remote.tip("acme", "main"), Some(forced));
    assert_eq!(remote.tree("acme", "main"), ["100755 docs/b.md"]);

    remote.set_token(Some("another"));
    let refused = person.command("git").args(["ls-remote", &url]).output().unwrap();
    assert!(!refused.status.success());
}
