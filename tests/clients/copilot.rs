//! GitHub Copilot CLI, with a model provider of one's own.

use std::path::Path;
use std::process::Command;

use aitk_tests::Person;
use serde_json::json;

use crate::cases::Act;
use crate::client::{Client, KEY, Session, mcp_server};
use crate::model::{Call, Wire};

/// It runs the hooks of `.claude/settings.json`, too, where the team also uses Claude Code.
pub enum Copilot {
    Alone,
    BesideClaude,
    /// With no hooks of its own.
    OnClaudes,
}

impl Client for Copilot {
    fn name(&self) -> &'static str {
        match self {
            Copilot::Alone => "copilot",
            Copilot::BesideClaude => "copilot-beside-claude",
            Copilot::OnClaudes => "copilot-on-claudes",
        }
    }

    fn agents(&self) -> Vec<&'static str> {
        match self {
            Copilot::Alone => vec!["copilot"],
            Copilot::BesideClaude => vec!["copilot", "claude"],
            Copilot::OnClaudes => vec!["claude"],
        }
    }

    fn package(&self) -> (&'static str, &'static str) {
        ("@github/copilot", "1.0.102")
    }

    fn program(&self) -> &'static str {
        ".bin/copilot"
    }

    fn wire(&self) -> Wire {
        Wire::Chat
    }

    fn set_up(&self, person: &Person, _: &Session) {
        let [node, script] = mcp_server();
        let server = json!({"type": "local", "command": node, "args": [script], "tools": ["*"]});
        let servers = json!({"mcpServers": {"files": server}});
        std::fs::write(person.home().join("mcp.json"), servers.to_string()).unwrap();
    }

    fn command(&self, person: &Person, session: &Session) -> Command {
        let mut command = person.command(&session.program);
        // Without a saved trust, sessions without a terminal skip the repository's hooks.
        command.args(["-p", session.prompt, "--trust-folder", "--allow-all", "--no-auto-update"]);
        command.arg("--additional-mcp-config").arg(format!("@{}", person.home().join("mcp.json").display()));
        command.env("COPILOT_OFFLINE", "true").env("COPILOT_AUTO_UPDATE", "false");
        command.env("COPILOT_PROVIDER_BASE_URL", format!("{}/v1", session.model));
        command.env("COPILOT_PROVIDER_API_KEY", KEY).env("COPILOT_MODEL", "claude-sonnet-4.5");
        command
    }

    fn call(&self, act: &Act<'_>, root: &Path) -> Call {
        let at = |path: &str| root.join(path);
        let shell = |command: String| Call::new("bash", json!({"command": command, "description": "a step"}));
        match *act {
            Act::Write(path, text) => Call::new("create", json!({"path": at(path), "file_text": text})),
            Act::Edit(path, old, new) => {
                Call::new("edit", json!({"path": at(path), "old_str": old, "new_str": new}))
            }
            Act::Shell(command) => shell(command.to_owned()),
            Act::Mcp(path, text) => Call::new("files-write_file", json!({"path": at(path), "content": text})),
            Act::Read(path) => Call::new("view", json!({"path": at(path)})),
            Act::Grep(word, folder) => Call::new("grep", json!({"pattern": word, "paths": at(folder)})),
            Act::Find(name, folder) => {
                Call::new("glob", json!({"pattern": format!("**/{name}"), "paths": at(folder)}))
            }
        }
    }

    /// It creates only files that are not there.
    fn tamper(&self, root: &Path) -> Vec<Call> {
        let event = match self {
            Copilot::OnClaudes => "PreToolUse",
            Copilot::Alone | Copilot::BesideClaude => "preToolUse",
        };
        vec![self.call(&Act::Edit(self.without_hooks().0, &format!("\"{event}\""), "\"none\""), root)]
    }

    fn delegate(&self, prompt: &str) -> Call {
        let arguments = json!({"description": "write a doc", "prompt": prompt, "agent_type": "general-purpose",
            "name": "writer", "mode": "sync"});
        Call::new("task", arguments)
    }

    fn without_hooks(&self) -> (&'static str, &'static str) {
        match self {
            Copilot::OnClaudes => (".claude/settings.json", "{}"),
            Copilot::Alone | Copilot::BesideClaude => {
                (".github/hooks/aitk.json", r#"{"version": 1, "hooks": {}}"#)
            }
        }
    }
}
