//! The repository's token is where it has to be, and nowhere else.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::process::Command;

use super::Handbook;

#[test]
fn the_token_stands_in_no_file_no_log_and_no_command_line() {
    let handbook = Handbook::with(&[("docs/a.md", "a\n")]);
    let token = handbook.remote.token();
    let pipes = tempfile::tempdir().unwrap();
    let (asked, go) = (pipes.path().join("asked"), pipes.path().join("go"));
    assert!(Command::new("mkfifo").args([&asked, &go]).status().unwrap().success());
    let script = format!("echo here > '{}'; read line < '{}'", asked.display(), go.display());
    handbook.remote.hook("handbook", "pre-receive", &script);

    handbook.put("a.md", "A\n");
    let publishing = handbook.lead.start(&["docs", "publish"]);
    let mut word = String::new();
    File::open(&asked).unwrap().read_to_string(&mut word).unwrap();
    let mut seen = 0;
    for process in std::fs::read_dir("/proc").unwrap().flatten() {
        let line = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).into_owned();
        seen += usize::from(line.contains("git") && line.contains("push"));
        assert!(!line.contains(&token), "{line}");
    }
    assert!(seen > 0, "a push is under way");
    File::options().write(true).open(&go).unwrap().write_all(b"go\n").unwrap();
    assert_eq!(publishing.end(), Some(0));

    // And when it is refused.
    handbook.remote.set_token(Some("another"));
    let refused = handbook.pull().expect(1);
    assert!(!format!("{refused:?}").contains(&token));
    assert!(!handbook.shown().to_string().contains(&token));
    assert!(!handbook.platform.log().contains(&token));
    let files = search(&handbook.platform.data(), &token);
    assert!(files > 10, "the database and the copy were searched");
}

/// Looks through every file; returns how many there were.
fn search(folder: &Path, secret: &str) -> usize {
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        if entry.file_type().unwrap().is_dir() {
            count += search(&entry.path(), secret);
            continue;
        }
        let bytes = std::fs::read(entry.path()).unwrap_or_default();
        let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!found, "{}", entry.path().display());
        count += 1;
    }
    count
}
