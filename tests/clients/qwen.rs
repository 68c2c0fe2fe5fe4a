//! Qwen Code.

use std::path::Path;
use std::process::Command;

use aitk_tests::Person;
use serde_json::json;

use crate::cases::Act;
use crate::client::{Client, KEY, Session, mcp_server};
use crate::model::{Call, Wire};

pub struct Qwen;

impl Client for Qwen {
    fn name(&self) -> &'static str {
        "qwen"
    }

    fn package(&self) -> (&'static str, &'static str) {
        ("@qwen-code/qwen-code", "0.24.4")
    }

    fn program(&self) -> &'static str {
        ".bin/qwen"
    }

    fn wire(&self) -> Wire {
        Wire::Chat
    }

    fn set_up(&self, person: &Person, _: &Session) {
        let [node, script] = mcp_server();
        let settings = json!({
            "security": {"auth": {"selectedType": "openai"}},
            "privacy": {"usageStatisticsEnabled": false},
            "telemetry": {"enabled": false},
            "general": {"disableAutoUpdate": true, "enableAutoUpdate": false},
            "mcpServers": {"files": {"command": node, "args": [script], "trust": true}},
        });
        std::fs::create_dir_all(person.home().join(".qwen")).unwrap();
        std::fs::write(person.home().join(".qwen/settings.json"), settings.to_string()).unwrap();
    }

    fn command(&self, person: &Person, session: &Session) -> Command {
        let mut command = person.command(&session.program);
        command.args(["-p", session.prompt, "--approval-mode", "yolo"]);
        command.env("OPENAI_API_KEY", KEY).env("OPENAI_BASE_URL", format!("{}/v1", session.model));
        command.env("OPENAI_MODEL", "scripted");
        command
    }

    fn call(&self, act: &Act<'_>, root: &Path) -> Call {
        let at = |path: &str| root.join(path);
        match *act {
            Act::Write(path, text) => {
                Call::new("write_file", json!({"file_path": at(path), "content": text}))
            }
            Act::Edit(path, old, new) => {
                Call::new("edit", json!({"file_path": at(path), "old_string": old, "new_string": new}))
            }
            Act::Shell(command) => {
                Call::new("run_shell_command", json!({"command": command, "is_background": false}))
            }
            Act::Mcp(path, text) => {
                Call::new("mcp__files__write_file", json!({"path": at(path), "content": text}))
            }
            Act::Read(path) => Call::new("read_file", json!({"file_path": at(path)})),
            Act::Grep(word, folder) => Call::new("grep_search", json!({"pattern": word, "path": at(folder)})),
            Act::Find(name, folder) => {
                Call::new("glob", json!({"pattern": format!("**/{name}"), "path": at(folder)}))
            }
        }
    }

    fn tells_people(&self) -> bool {
        false
    }

    fn finds_in_dot_folders(&self) -> bool {
        false
    }

    fn delegate(&self, prompt: &str) -> Call {
        let arguments =
            json!({"description": "write a doc", "prompt": prompt, "subagent_type": "general-purpose"});
        Call::new("agent", arguments)
    }

    fn without_hooks(&self) -> (&'static str, &'static str) {
        (".qwen/settings.json", "{}")
    }
}
