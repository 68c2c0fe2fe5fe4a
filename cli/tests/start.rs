//! How the program starts and ends, whatever its standard streams are.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use tempfile::TempDir;

const AITK: &str = env!("CARGO_BIN_EXE_aitk");

/// A project, and an agent's write into its copy.
fn project() -> (TempDir, String) {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join(".aitk.toml"), "project = 'web'\n").unwrap();
    let path = root.path().join(".docs/a.md");
    let event = format!(
        r#"{{"hook_event_name":"PreToolUse","cwd":{:?},"tool_name":"Write","tool_input":{{"file_path":{path:?},"content":"x"}}}}"#,
        root.path()
    );
    (root, event)
}

fn run(command: &mut Command, root: &Path, input: &str) -> ExitStatus {
    command.env_clear().env("HOME", root).env("PATH", "/usr/bin:/bin").current_dir(root);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait().unwrap()
}

/// The writing end of a pipe that nobody reads.
fn unread() -> Stdio {
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    writer.into()
}

#[test]
fn a_reader_that_is_gone_ends_no_run_by_a_signal() {
    let (root, event) = project();
    let mut guard = Command::new(AITK);
    let status = run(guard.arg("guard").stdout(unread()).stderr(unread()), root.path(), &event);
    assert_eq!(status.code(), Some(2));
    let mut completions = Command::new(AITK);
    let status = run(completions.args(["completions", "bash"]).stdout(unread()), root.path(), "");
    assert!(status.code().is_some(), "{status}");
}

#[test]
fn a_refusal_is_one_with_every_stream_but_its_input_closed() {
    let (root, event) = project();
    for closed in ["2>&-", ">&-", ">&- 2>&-"] {
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(format!("exec \"$0\" guard {closed}")).arg(AITK).stderr(Stdio::null());
        assert_eq!(run(&mut shell, root.path(), &event).code(), Some(2), "{closed}");
    }
}

#[test]
fn what_is_written_last_arrives() {
    let (root, _) = project();
    let output = Command::new(AITK).arg("--version").env("HOME", root.path()).output().unwrap();
    assert!(output.status.success());
    assert_eq!(output.stdout, format!("aitk {}\n", env!("CARGO_PKG_VERSION")).as_bytes());
}
