//! The guard as an agent runs it: captured events in, exit code and reason out.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/hooks/claude");

/// A project on disk, in a home of its own.
struct Project {
    home: tempfile::TempDir,
    root: PathBuf,
}

impl Project {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().canonicalize().unwrap().join("proj");
        fs::create_dir_all(root.join(".docs")).unwrap();
        fs::write(root.join(".aitk.toml"), "project = 'web'\n").unwrap();
        Project { home, root }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aitk"));
        command.args(args).env_clear().env("HOME", self.home.path()).env("PATH", "/usr/bin:/bin");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(&self, args: &[&str], folder: &Path, input: &str) -> Output {
        let mut child = self.command(args).current_dir(folder).spawn().unwrap();
        // A guard that refuses its command line reads no input.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap()
    }

    fn guard(&self, input: &str) -> Output {
        self.run(&["guard"], &self.root, input)
    }

    /// A captured event, as if it had happened in this project.
    fn event(&self, name: &str) -> String {
        let text = fs::read_to_string(Path::new(FIXTURES).join(name)).unwrap();
        text.replace("/proj", self.root.to_str().unwrap())
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn allowed(output: &Output) -> bool {
    assert!(output.stdout.is_empty(), "an answer on standard output would overrule the exit code");
    assert_eq!(stderr(output).is_empty(), output.status.success(), "{}", stderr(output));
    match output.status.code() {
        Some(0) => true,
        Some(2) => false,
        other => panic!("{other:?}: {}", stderr(output)),
    }
}

#[test]
fn captured_events_of_claude_code_are_answered_as_they_must() {
    let project = Project::new();
    for (event, expected) in [
        ("PreToolUse-Write.json", false),
        ("PreToolUse-Write-subagent.json", false),
        ("PreToolUse-Edit.json", false),
        ("PreToolUse-NotebookEdit.json", false),
        ("PreToolUse-mcp__fs__write_file.json", false),
        ("PreToolUse-Read.json", true),
        ("PreToolUse-Agent.json", true),
        ("PreToolUse-Bash.json", false),
        ("PostToolUse-Write.json", true), // it is done, and its target was known
        ("SessionStart-startup.json", true),
        ("UserPromptSubmit-none.json", true),
        // There are no settings any more that could run this hook.
        ("ConfigChange-project_settings.json", false),
    ] {
        let input = project.event(event);
        assert_eq!(allowed(&project.guard(&input)), expected, "{event}");
        let named = project.run(&["guard", "--agent", "claude"], project.home.path(), &input);
        assert_eq!(allowed(&named), expected, "{event}, started elsewhere");
    }
}

#[test]
fn a_reason_names_the_file_and_what_to_do_instead() {
    let project = Project::new();
    let reason = stderr(&project.guard(&project.event("PreToolUse-Write.json")));
    assert!(reason.contains("'.docs/x.md'") && reason.contains("`aitk check`"), "{reason}");
    assert_eq!(reason.lines().count(), 1);
}

#[test]
fn the_captured_shells_and_patches_of_every_agent_are_refused() {
    let project = Project::new();
    for event in [
        "claude/PreToolUse-Bash.json",
        "codex/PreToolUse-Bash.json",
        "codex/PreToolUse-apply_patch.json",
        "codex/PreToolUse-apply_patch-subagent.json",
        "copilot/guard-bash.json",
        "copilot/PreToolUse-Bash.json",
        "droid/PreToolUse-Execute.json",
        "gemini/BeforeTool-run_shell_command.json",
        "opencode/PreToolUse-bash.json",
        "qwen/PreToolUse-run_shell_command.json",
    ] {
        let (agent, _) = event.split_once('/').unwrap();
        let input = project.event(&format!("../{event}"));
        let output = project.run(&["guard", "--agent", agent], &project.root, &input);
        // In Claude Code's shape Copilot reads the JSON of a hook that succeeds, and no exit code's reason.
        let by_json = event == "copilot/PreToolUse-Bash.json";
        let stdout = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(if by_json { 0 } else { 2 }), "{event}: {}", stderr(&output));
        assert!(!by_json || stdout.contains("\"permissionDecision\":\"deny\""), "{event}: {stdout}");
        assert!(stderr(&output).starts_with("aitk: '.docs/"), "{event}: {}", stderr(&output));
    }
}

#[test]
fn what_cannot_be_read_is_refused_everywhere() {
    let project = Project::new();
    let whole = project.event("PreToolUse-Write.json");
    for input in ["", " \n", "x", "[]", "{}", "null", &whole[..whole.len() / 2], "{\"hook_event_name\":7}"] {
        for folder in [&project.root, project.home.path()] {
            assert!(!allowed(&project.run(&["guard"], folder, input)), "{input:?}");
        }
    }
}

#[test]
fn wrong_usage_is_refused_with_2() {
    let project = Project::new();
    for args in [&["guard", "--bogus"][..], &["guard", "x"], &["guard", "--agent", "nobody"]] {
        assert!(!allowed(&project.run(args, &project.root, "{}")), "{args:?}");
    }
}

#[test]
fn elsewhere_everything_is_allowed() {
    let project = Project::new();
    let home = project.home.path();
    let input = project.event("PreToolUse-Write.json");
    fs::remove_file(project.root.join(".aitk.toml")).unwrap();
    fs::remove_dir(project.root.join(".docs")).unwrap();
    assert!(allowed(&project.run(&["guard"], home, &input)));
}

#[test]
fn without_a_command_the_event_decides() {
    let project = Project::new();
    assert!(!allowed(&project.run(&[], &project.root, &project.event("PreToolUse-Edit.json"))));
    assert!(allowed(&project.run(&[], &project.root, &project.event("PreToolUse-Read.json"))));
}

#[test]
fn a_pipe_that_stays_open_does_not_hang_the_guard() {
    let project = Project::new();
    let start = Instant::now();
    let mut child = project.command(&["guard"]).current_dir(&project.root).spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    pipe.write_all(project.event("PreToolUse-Read.json").as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
    assert!(start.elapsed() < Duration::from_secs(4));
    drop(pipe);
}
