//! Captured events of every agent in, its own kind of refusal out.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/hooks");

/// What each agent sets in the environment of its hooks.
const ENVIRONMENTS: [(&str, &[&str]); 7] = [
    ("claude", &["CLAUDECODE", "CLAUDE_PROJECT_DIR"]),
    ("codex", &[]),
    ("gemini", &["GEMINI_PROJECT_DIR", "GEMINI_SESSION_ID", "CLAUDE_PROJECT_DIR"]),
    ("qwen", &["QWEN_PROJECT_DIR", "GEMINI_PROJECT_DIR", "CLAUDE_PROJECT_DIR"]),
    ("copilot", &["COPILOT_CLI", "COPILOT_PROJECT_DIR", "CLAUDE_PROJECT_DIR"]),
    ("droid", &["FACTORY_PROJECT_DIR", "DROID_PROJECT_DIR", "CLAUDE_PROJECT_DIR"]),
    ("opencode", &[]),
];

/// Calls of tools that write where they must not.
const WRITES: [(&str, &str); 19] = [
    ("claude", "PreToolUse-Write.json"),
    ("claude", "PreToolUse-mcp__fs__write_file.json"),
    ("codex", "PreToolUse-mcp__fs__write_file.json"),
    ("gemini", "BeforeTool-write_file.json"),
    ("gemini", "BeforeTool-replace.json"),
    ("gemini", "BeforeTool-mcp_fs_write_file.json"),
    ("qwen", "PreToolUse-write_file.json"),
    ("qwen", "PreToolUse-edit.json"),
    ("qwen", "PreToolUse-mcp__fs__write_file.json"),
    ("copilot", "guard-create.json"),
    ("copilot", "guard-edit.json"),
    ("copilot", "guard-fs-write_file.json"),
    ("copilot", "PreToolUse-Write.json"),
    ("copilot", "PreToolUse-Edit.json"),
    ("copilot", "PreToolUse-fs-write_file.json"),
    ("droid", "PreToolUse-Create.json"),
    ("droid", "PreToolUse-Edit.json"),
    ("opencode", "PreToolUse-write.json"),
    ("opencode", "PreToolUse-fs_write_file.json"),
];

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

    /// A hook as `agent` runs it, in the folder where it was started.
    fn hook(&self, agent: &str, args: &[&str], input: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aitk"));
        command.args(args).env_clear().env("HOME", self.home.path()).env("PATH", "/usr/bin:/bin");
        let (_, variables) = ENVIRONMENTS.into_iter().find(|(name, _)| *name == agent).unwrap();
        command.envs(variables.iter().map(|name| (name, &self.root))).current_dir(&self.root);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A guard that refuses its command line reads no input.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap()
    }

    /// A captured event, as if it had happened in this project.
    fn event(&self, agent: &str, name: &str) -> String {
        let text = fs::read_to_string(Path::new(FIXTURES).join(agent).join(name)).unwrap();
        text.replace("/proj/", &format!("{}/", self.root.display()))
            .replace("\"/proj\"", &format!("{:?}", self.root.to_str().unwrap()))
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Fails unless `agent` lets no tool run after this, and its model reads why.
#[track_caller]
fn assert_refused(agent: &str, output: &Output) {
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    let code = output.status.code();
    // What Copilot reads in Claude Code's shape it reads only after a success.
    assert!(code == Some(2) || (agent == "copilot" && code == Some(0)), "{agent}: {stdout} {stderr}");
    assert!(!stderr.trim().is_empty(), "{agent} goes on where nothing is on standard error");
    match agent {
        "copilot" => {
            let said: Value = serde_json::from_str(&stdout).unwrap();
            assert_eq!(said["hookSpecificOutput"]["permissionDecision"], "deny", "{said}");
            assert_eq!(said["permissionDecision"], "deny", "{said}");
            assert!(said["permissionDecisionReason"].as_str().unwrap().starts_with("aitk: "), "{said}");
        }
        _ => assert_eq!(stdout, "", "{agent} could read standard output in place of the exit code"),
    }
}

#[test]
fn every_agents_writes_are_refused_in_its_own_way() {
    let project = Project::new();
    for (agent, name) in WRITES {
        let event = project.event(agent, name);
        let named = project.hook(agent, &["guard", "--agent", agent], &event);
        assert_refused(agent, &named);
        assert!(
            text(&named.stderr).contains("'.docs/") || text(&named.stderr).contains("'docs/"),
            "{agent} {name}"
        );
        // Told from the event and the environment, also where the agent drops the arguments.
        for args in [&["guard"][..], &[]] {
            assert_refused(agent, &project.hook(agent, args, &event));
        }
    }
}

#[test]
fn copilot_reads_its_own_answer_also_from_a_hook_that_is_named_claude() {
    let project = Project::new();
    let event = project.event("copilot", "PreToolUse-Write.json");
    assert_refused("copilot", &project.hook("copilot", &["guard", "--agent", "claude"], &event));
    assert_refused("copilot", &project.hook("copilot", &["guard", "--agent", "claude"], "{"));
    // Claude Code that was started from Copilot's shell inherits its environment.
    let event = project.event("claude", "PreToolUse-Write.json");
    assert_refused("claude", &project.hook("copilot", &["guard", "--agent", "claude"], &event));
}

#[test]
fn what_writes_nothing_passes_in_silence() {
    let project = Project::new();
    for (agent, name) in [
        ("claude", "PreToolUse-Read.json"),
        ("codex", "SessionStart-startup.json"),
        ("codex", "UserPromptSubmit-none.json"),
        ("codex", "PreToolUse-spawn_agent.json"),
        ("gemini", "SessionStart-startup.json"),
        ("gemini", "BeforeAgent-none.json"),
        ("qwen", "UserPromptSubmit-none.json"),
        ("copilot", "check-new.json"),
        ("copilot", "check-none.json"),
        ("copilot", "SessionStart-new.json"),
        ("droid", "SessionStart-startup.json"),
        ("opencode", "PreToolUse-task.json"),
        ("opencode", "SessionStart-none.json"),
    ] {
        let output = project.hook(agent, &["guard", "--agent", agent], &project.event(agent, name));
        let said = (output.status.code(), text(&output.stdout), text(&output.stderr));
        assert_eq!(said, (Some(0), String::new(), String::new()), "{agent} {name}");
    }
}

#[test]
fn what_cannot_be_read_is_refused_in_every_agents_way() {
    let project = Project::new();
    for (agent, _) in ENVIRONMENTS {
        for input in ["", "{", "[]", "{}", "{\"hook_event_name\": 7}"] {
            for verb in ["guard", "check"] {
                assert_refused(agent, &project.hook(agent, &[verb, "--agent", agent], input));
            }
        }
        assert_refused(agent, &project.hook(agent, &["guard", "--agent", agent, "--bogus"], "{}"));
    }
}

#[test]
fn away_from_projects_a_check_says_nothing_and_asks_nobody() {
    let project = Project::new();
    fs::remove_file(project.root.join(".aitk.toml")).unwrap();
    fs::remove_dir(project.root.join(".docs")).unwrap();
    for (agent, name) in [
        ("codex", "SessionStart-startup.json"),
        ("gemini", "BeforeAgent-none.json"),
        ("copilot", "check-none.json"),
        ("qwen", "UserPromptSubmit-none.json"),
    ] {
        let output = project.hook(agent, &["check", "--agent", agent], &project.event(agent, name));
        let said = (output.status.code(), text(&output.stdout), text(&output.stderr));
        assert_eq!(said, (Some(0), String::new(), String::new()), "{agent}");
    }
}

#[test]
fn without_a_server_a_check_is_refused_as_each_agent_heeds_it() {
    let project = Project::new();
    for (agent, name, blocks) in [
        ("claude", "UserPromptSubmit-none.json", "exit"),
        ("codex", "SessionStart-startup.json", "continue"),
        ("codex", "UserPromptSubmit-none.json", "exit"),
        ("gemini", "BeforeAgent-none.json", "exit"),
        ("qwen", "UserPromptSubmit-none.json", "exit"),
        ("copilot", "check-none.json", "decision"),
        ("copilot", "UserPromptSubmit-none.json", "decision"),
        ("copilot", "check-new.json", "additionalContext"),
        ("droid", "SessionStart-startup.json", "exit"),
        ("opencode", "SessionStart-none.json", "exit"),
    ] {
        let output = project.hook(agent, &["check", "--agent", agent], &project.event(agent, name));
        let stdout = text(&output.stdout);
        if blocks == "exit" {
            assert_refused(agent, &output);
            continue;
        }
        assert_eq!(output.status.code(), Some(0), "{agent} {name}");
        let said: Value = serde_json::from_str(&stdout).unwrap();
        match blocks {
            "continue" => assert!(said["continue"] == false && said["stopReason"].is_string(), "{said}"),
            "decision" => assert!(said["decision"] == "block" && said["reason"].is_string(), "{said}"),
            _ => assert!(said["additionalContext"].is_string(), "{said}"),
        }
    }
}
