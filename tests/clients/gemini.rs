//! Gemini CLI.

use std::path::Path;
use std::process::Command;

use aitk_tests::Person;
use serde_json::json;

use crate::cases::Act;
use crate::client::{Client, KEY, Session, mcp_server};
use crate::model::{Call, Wire};

pub struct Gemini;

impl Client for Gemini {
    fn name(&self) -> &'static str {
        "gemini"
    }

    fn package(&self) -> (&'static str, &'static str) {
        ("@google/gemini-cli", "0.61.0")
    }

    fn program(&self) -> &'static str {
        ".bin/gemini"
    }

    fn wire(&self) -> Wire {
        Wire::Gemini
    }

    fn set_up(&self, person: &Person, _: &Session) {
        let [node, script] = mcp_server();
        let settings = json!({
            "security": {"auth": {"selectedType": "gemini-api-key"}},
            "privacy": {"usageStatisticsEnabled": false},
            "telemetry": {"enabled": false},
            "general": {"enableAutoUpdate": false, "enableAutoUpdateNotification": false},
            "mcpServers": {"files": {"command": node, "args": [script], "trust": true}},
        });
        std::fs::create_dir_all(person.home().join(".gemini")).unwrap();
        std::fs::write(person.home().join(".gemini/settings.json"), settings.to_string()).unwrap();
    }

    fn command(&self, person: &Person, session: &Session) -> Command {
        let mut command = person.command(&session.program);
        command.args(["-p", session.prompt, "--approval-mode", "yolo", "-m", "gemini-2.5-flash"]);
        command.env("GEMINI_API_KEY", KEY).env("GOOGLE_GEMINI_BASE_URL", &session.model);
        // Without a terminal it works only in a folder that somebody trusted.
        command.env("GEMINI_CLI_TRUST_WORKSPACE", "true").env("GEMINI_CLI_NO_RELAUNCH", "1");
        command
    }

    fn call(&self, act: &Act<'_>, root: &Path) -> Call {
        let at = |path: &str| root.join(path);
        let shell = |command: String| Call::new("run_shell_command", json!({"command": command}));
        match *act {
            Act::Write(path, text) => {
                Call::new("write_file", json!({"file_path": at(path), "content": text}))
            }
            Act::Edit(path, old, new) => {
                let edit = json!({"file_path": at(path), "old_string": old, "new_string": new, "instruction": "edit"});
                Call::new("replace", edit)
            }
            Act::Shell(command) => shell(command.to_owned()),
            Act::Mcp(path, text) => {
                Call::new("mcp_files_write_file", json!({"path": at(path), "content": text}))
            }
            Act::Read(path) => Call::new("read_file", json!({"file_path": at(path)})),
            Act::Grep(word, folder) => Call::new("grep_search", json!({"pattern": word, "dir_path": folder})),
            Act::Find(name, folder) => {
                Call::new("glob", json!({"pattern": format!("**/{name}"), "dir_path": folder}))
            }
        }
    }

    fn delegate(&self, prompt: &str) -> Call {
        Call::new("invoke_agent", json!({"agent_name": "generalist", "prompt": prompt}))
    }

    fn without_hooks(&self) -> (&'static str, &'static str) {
        (".gemini/settings.json", "{}")
    }
}
