//! Claude Code.

use std::path::Path;
use std::process::Command;

use aitk_tests::{Done, Person};
use serde_json::json;

use crate::cases::Act;
use crate::client::{Client, KEY, Session, mcp_server};
use crate::model::{Call, Wire};

pub enum Claude {
    Plain,
    /// With hooks in the machine's settings alone, and a user who switches off all others.
    Managed,
}

impl Client for Claude {
    fn name(&self) -> &'static str {
        match self {
            Claude::Plain => "claude",
            Claude::Managed => "claude-managed",
        }
    }

    fn agents(&self) -> Vec<&'static str> {
        vec!["claude"]
    }

    fn init(&self, person: &Person) -> Done {
        match self {
            Claude::Plain => person.aitk(&["init", "--agent", "claude"]),
            Claude::Managed => {
                let mut command = person.as_administrator(aitk_tests::binary("aitk")).unwrap();
                person.done(command.args(["init", "--agent", "claude", "--scope", "managed"]))
            }
        }
    }

    fn package(&self) -> (&'static str, &'static str) {
        ("@anthropic-ai/claude-code", "2.1.329")
    }

    fn program(&self) -> &'static str {
        ".bin/claude"
    }

    fn wire(&self) -> Wire {
        Wire::Anthropic
    }

    fn set_up(&self, person: &Person, _: &Session) {
        let [node, script] = mcp_server();
        let servers = json!({"mcpServers": {"files": {"command": node, "args": [script]}}});
        std::fs::write(person.home().join("mcp.json"), servers.to_string()).unwrap();
    }

    fn command(&self, person: &Person, session: &Session) -> Command {
        let mut command = match self {
            Claude::Plain => person.command(&session.program),
            Claude::Managed => person.as_administrator(&session.program).unwrap(),
        };
        if matches!(self, Claude::Managed) {
            command.args(["--settings", r#"{"disableAllHooks": true}"#]);
        }
        command.args(["-p", session.prompt, "--dangerously-skip-permissions", "--strict-mcp-config"]);
        command.arg("--mcp-config").arg(person.home().join("mcp.json"));
        command.env("ANTHROPIC_BASE_URL", &session.model).env("ANTHROPIC_API_KEY", KEY);
        // It takes everything without asking only from a user who is not root, or in a sandbox.
        command.env("IS_SANDBOX", "1");
        command.env("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1").env("DISABLE_TELEMETRY", "1");
        // The MCP server's tools are offered from the start, and not only once they were searched for.
        command.env("ENABLE_TOOL_SEARCH", "false");
        command.env("DISABLE_AUTOUPDATER", "1").env("DISABLE_ERROR_REPORTING", "1");
        command
    }

    fn call(&self, act: &Act<'_>, root: &Path) -> Call {
        let at = |path: &str| root.join(path);
        let shell = |command: String| Call::new("Bash", json!({"command": command, "description": "a step"}));
        match *act {
            Act::Write(path, text) => Call::new("Write", json!({"file_path": at(path), "content": text})),
            Act::Edit(path, old, new) => {
                Call::new("Edit", json!({"file_path": at(path), "old_string": old, "new_string": new}))
            }
            Act::Shell(command) => shell(command.to_owned()),
            Act::Mcp(path, text) => {
                Call::new("mcp__files__write_file", json!({"path": at(path), "content": text}))
            }
            Act::Read(path) => Call::new("Read", json!({"file_path": at(path)})),
            // It has no tools for these any more.
            Act::Grep(word, folder) => shell(format!("grep -rl {word} {folder}")),
            Act::Find(name, folder) => shell(format!("find {folder} -name {name}")),
        }
    }

    /// It writes over a file only after it has read it.
    fn tamper(&self, root: &Path) -> Vec<Call> {
        let (file, text) = self.without_hooks();
        [Act::Read(file), Act::Write(file, text)].iter().map(|act| self.call(act, root)).collect()
    }

    fn delegate(&self, prompt: &str) -> Call {
        let arguments = json!({"description": "write a doc", "prompt": prompt,
            "subagent_type": "general-purpose", "run_in_background": false});
        Call::new("Agent", arguments)
    }

    fn without_hooks(&self) -> (&'static str, &'static str) {
        (".claude/settings.json", r#"{"disableAllHooks": true}"#)
    }
}
