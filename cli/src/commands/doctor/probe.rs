//! What an agent sends before a tool runs, and how it reads the answer.
//!
//! The events are those that the agents really sent, with the probe's own paths in them. How an
//! answer is read is the agent's rule and not ours: only what the agent heeds counts as a block.

use std::path::Path;

use serde_json::{Value, json};

use super::command::Answer;

/// What a probe tries to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Act {
    /// Write a file with the agent's own tool.
    Write,
    /// Write a file by a shell's redirection.
    Shell,
    /// Write a file with a tool of an MCP server.
    Mcp,
}

impl Act {
    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Act::Write => "a write",
            Act::Shell => "a shell command that writes",
            Act::Mcp => "an MCP tool's write",
        }
    }
}

/// The name of the tool, as matchers of `agent` see it.
pub fn tool(agent: &str, act: Act) -> &'static str {
    match (act, agent) {
        (Act::Write, "codex") => "apply_patch",
        (Act::Write, "gemini" | "qwen") => "write_file",
        (Act::Write, "copilot") => "create",
        (Act::Write, "droid") => "Create",
        (Act::Write, "opencode") => "write",
        (Act::Write, _) => "Write",
        (Act::Shell, "gemini" | "qwen") => "run_shell_command",
        (Act::Shell, "copilot" | "opencode") => "bash",
        (Act::Shell, "droid") => "Execute",
        (Act::Shell, "cursor") => "Shell",
        (Act::Shell, _) => "Bash",
        (Act::Mcp, "gemini") => "mcp_probe_write_file",
        (Act::Mcp, "copilot") => "probe-write_file",
        (Act::Mcp, "opencode") => "probe_write_file",
        (Act::Mcp, _) => "mcp__probe__write_file",
    }
}

/// The event of `agent` for an `act` on `path`, below `root`.
pub fn event(agent: &str, act: Act, root: &Path, path: &str) -> Value {
    let (cwd, absolute) = (root.to_string_lossy(), root.join(path).to_string_lossy().into_owned());
    let text = "written by a probe of aitk doctor\n";
    let input = match (act, agent) {
        (Act::Shell, _) => json!({ "command": format!("echo probe > '{path}'"), "description": "probe" }),
        (Act::Mcp, _) => json!({ "path": absolute, "content": text }),
        (Act::Write, "codex") => {
            json!({ "command": format!("*** Begin Patch\n*** Add File: {path}\n+probe\n*** End Patch\n") })
        }
        (Act::Write, "copilot") => json!({ "path": absolute, "file_text": text }),
        (Act::Write, "opencode") => json!({ "filePath": absolute, "content": text }),
        (Act::Write, _) => json!({ "file_path": absolute, "content": text }),
    };
    let session = "aitk-doctor";
    match agent {
        "copilot" => json!({
            "sessionId": session, "timestamp": 0, "cwd": cwd, "toolName": tool(agent, act), "toolArgs": input,
        }),
        "cursor" => json!({
            "conversation_id": session, "hook_event_name": "preToolUse", "workspace_roots": [cwd],
            "cwd": cwd, "tool_name": tool(agent, act), "tool_input": input,
        }),
        _ => json!({
            "session_id": session, "cwd": cwd, "permission_mode": "bypassPermissions",
            "hook_event_name": if agent == "gemini" { "BeforeTool" } else { "PreToolUse" },
            "tool_name": tool(agent, act), "tool_input": input, "tool_use_id": session,
        }),
    }
}

/// The variables that `agent` sets for its hooks; an empty value stands for the root.
pub fn variables(agent: &str) -> &'static [(&'static str, &'static str)] {
    match agent {
        "claude" => &[("CLAUDE_PROJECT_DIR", ""), ("CLAUDECODE", "1")],
        "gemini" => {
            &[("GEMINI_PROJECT_DIR", ""), ("CLAUDE_PROJECT_DIR", ""), ("GEMINI_SESSION_ID", "aitk-doctor")]
        }
        "qwen" => &[("QWEN_PROJECT_DIR", ""), ("GEMINI_PROJECT_DIR", ""), ("CLAUDE_PROJECT_DIR", "")],
        "copilot" => &[("COPILOT_PROJECT_DIR", ""), ("CLAUDE_PROJECT_DIR", ""), ("COPILOT_CLI", "1")],
        "droid" => &[("FACTORY_PROJECT_DIR", ""), ("CLAUDE_PROJECT_DIR", "")],
        _ => &[],
    }
}

/// What the agent makes of an answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// The tool does not run.
    Stopped,
    /// The tool runs, and nothing seems wrong.
    Passed,
    /// The tool runs, or all tools stop, because the hook is broken.
    Broken(String),
}

/// Reads an answer as `agent` does.
pub fn outcome(agent: &str, answer: &Answer) -> Outcome {
    if answer.timed_out {
        return Outcome::Broken("it did not answer in time".into());
    }
    let said = serde_json::from_str::<Value>(answer.stdout.trim()).ok();
    let denies = said.as_ref().is_some_and(|said| {
        let decision = &said["hookSpecificOutput"]["permissionDecision"];
        let own = match agent {
            "copilot" => said["permissionDecision"] == "deny",
            "cursor" => said["permission"] == "deny" || said["permission"] == "ask",
            "gemini" | "qwen" => said["decision"] == "deny" || said["decision"] == "block",
            _ => said["decision"] == "block",
        };
        own || (agent != "gemini" && (decision == "deny" || decision == "ask"))
    });
    match answer.code {
        Some(0) if denies => Outcome::Stopped,
        Some(0) => Outcome::Passed,
        Some(2) if agent == "gemini" && !answer.stdout.trim().is_empty() && !denies => {
            Outcome::Broken("it exits with 2 and prints on standard output, which then counts".into())
        }
        Some(2)
            if answer.stderr.trim().is_empty()
                && !denies
                && !matches!(agent, "claude" | "copilot" | "droid") =>
        {
            Outcome::Broken("it exits with 2 and gives no reason, which does not block".into())
        }
        Some(2) => Outcome::Stopped,
        Some(code) => Outcome::Broken(format!("it exits with {code}, which does not tell a denial")),
        None => Outcome::Broken("it was ended by a signal".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(code: i32, stdout: &str, stderr: &str) -> Answer {
        Answer { code: Some(code), stdout: stdout.into(), stderr: stderr.into(), ..Answer::default() }
    }

    #[test]
    fn an_answer_blocks_only_where_the_agent_heeds_it() {
        let deny = r#"{"permissionDecision":"deny"}"#;
        let nested = r#"{"hookSpecificOutput":{"permissionDecision":"deny"}}"#;
        for (agent, said, stops) in [
            ("claude", answer(2, "", "no"), true),
            ("claude", answer(2, "", ""), true),
            ("claude", answer(1, "", "no"), false),
            ("claude", answer(0, nested, ""), true),
            ("codex", answer(2, "", ""), false),
            ("codex", answer(2, "", "no"), true),
            ("gemini", answer(2, nested, "no"), false),
            ("gemini", answer(2, "", "no"), true),
            ("copilot", answer(0, deny, ""), true),
            ("copilot", answer(2, deny, "no"), true),
            ("copilot", answer(0, "", ""), false),
            ("cursor", answer(0, r#"{"permission":"deny"}"#, ""), true),
            ("qwen", answer(127, "", "sh: aitk: not found"), false),
        ] {
            assert_eq!(outcome(agent, &said) == Outcome::Stopped, stops, "{agent} {said:?}");
        }
        assert_eq!(outcome("claude", &answer(0, "", "")), Outcome::Passed);
        let late = Answer { timed_out: true, ..Answer::default() };
        assert!(matches!(outcome("claude", &late), Outcome::Broken(_)));
    }

    #[test]
    fn every_agents_event_is_understood_by_its_own_dialect() {
        for dialect in crate::agents::DIALECTS {
            for act in [Act::Write, Act::Shell, Act::Mcp] {
                let event = event(dialect.name(), act, Path::new("/p"), ".docs/x");
                let moment = dialect.event(&event).unwrap().moment;
                assert!(matches!(moment, crate::agents::Moment::Tool(_)), "{} {act:?}", dialect.name());
            }
        }
    }
}
