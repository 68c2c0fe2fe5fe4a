//! Factory's droid, with a model of one's own.

use std::path::Path;
use std::process::Command;

use aitk_tests::Person;
use serde_json::json;

use crate::cases::Act;
use crate::client::{Client, KEY, Session, mcp_server};
use crate::model::{Call, Wire};

pub struct Droid;

impl Client for Droid {
    fn name(&self) -> &'static str {
        "droid"
    }

    fn package(&self) -> (&'static str, &'static str) {
        ("@factory/cli-linux-x64", "0.225.2")
    }

    fn program(&self) -> &'static str {
        "@factory/cli-linux-x64/bin/droid"
    }

    fn wire(&self) -> Wire {
        Wire::Chat
    }

    fn set_up(&self, person: &Person, session: &Session) {
        let [node, script] = mcp_server();
        let settings = json!({
            "cloudSessionSync": false,
            "enableDroidShield": false,
            "customModels": [{"model": "scripted", "displayName": "scripted", "provider": "generic-chat-completion-api",
                "baseUrl": format!("{}/v1", session.model), "apiKey": KEY, "maxOutputTokens": 8000}],
        });
        let servers = json!({"mcpServers": {"files": {"type": "stdio", "command": node, "args": [script]}}});
        let folder = person.home().join(".factory");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("settings.json"), settings.to_string()).unwrap();
        std::fs::write(folder.join("mcp.json"), servers.to_string()).unwrap();
    }

    fn command(&self, person: &Person, session: &Session) -> Command {
        let mut command = person.command(&session.program);
        command.args(["exec", "--skip-permissions-unsafe", "-m", "custom:scripted-0", session.prompt]);
        command.env("FACTORY_API_KEY", format!("fk-{KEY}"));
        command
    }

    fn call(&self, act: &Act<'_>, root: &Path) -> Call {
        let at = |path: &str| root.join(path);
        match *act {
            Act::Write(path, text) => Call::new("Create", json!({"file_path": at(path), "content": text})),
            Act::Edit(path, old, new) => {
                Call::new("Edit", json!({"file_path": at(path), "old_str": old, "new_str": new}))
            }
            Act::Shell(command) => Call::new("Execute", json!({"command": command, "summary": "a step"})),
            Act::Mcp(path, text) => {
                Call::new("files___write_file", json!({"path": at(path), "content": text}))
            }
            Act::Read(path) => Call::new("Read", json!({"file_path": at(path)})),
            Act::Grep(word, folder) => Call::new("Grep", json!({"pattern": word, "path": at(folder)})),
            Act::Find(name, folder) => {
                Call::new("Glob", json!({"patterns": [format!("**/{name}")], "folder": at(folder)}))
            }
        }
    }

    fn asks_before_prompts(&self) -> bool {
        false
    }

    fn delegate(&self, prompt: &str) -> Call {
        let arguments = json!({"description": "write a doc", "prompt": prompt, "subagent_type": "worker"});
        Call::new("Task", arguments)
    }

    fn without_hooks(&self) -> (&'static str, &'static str) {
        (".factory/settings.json", "{}")
    }
}
