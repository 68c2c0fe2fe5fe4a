//! opencode. Its hooks are a plugin.

use std::path::Path;
use std::process::Command;

use aitk_tests::Person;
use serde_json::json;

use crate::cases::Act;
use crate::client::{Client, KEY, Session, mcp_server};
use crate::model::{Call, Wire};

pub struct Opencode;

impl Client for Opencode {
    fn name(&self) -> &'static str {
        "opencode"
    }

    fn package(&self) -> (&'static str, &'static str) {
        ("opencode-ai", "1.18.33")
    }

    fn program(&self) -> &'static str {
        ".bin/opencode"
    }

    fn wire(&self) -> Wire {
        Wire::Chat
    }

    fn set_up(&self, person: &Person, session: &Session) {
        let [node, script] = mcp_server();
        let config = json!({
            "model": "scripted/scripted",
            "small_model": "scripted/scripted",
            "autoupdate": false,
            "share": "disabled",
            "permission": "allow",
            "provider": {"scripted": {
                "npm": "@ai-sdk/openai-compatible",
                "options": {"baseURL": format!("{}/v1", session.model), "apiKey": KEY},
                "models": {"scripted": {"name": "scripted", "tool_call": true}},
            }},
            "mcp": {"files": {"type": "local", "command": [node, script], "enabled": true}},
        });
        std::fs::create_dir_all(person.home().join(".config/opencode")).unwrap();
        std::fs::write(person.home().join(".config/opencode/opencode.json"), config.to_string()).unwrap();
    }

    fn command(&self, person: &Person, session: &Session) -> Command {
        let mut command = person.command(&session.program);
        command.args(["run", session.prompt]);
        command.env("OPENCODE_DISABLE_AUTOUPDATE", "1").env("OPENCODE_DISABLE_MODELS_FETCH", "1");
        command.env("OPENCODE_DISABLE_DEFAULT_PLUGINS", "1").env("OPENCODE_DISABLE_LSP_DOWNLOAD", "1");
        command
    }

    fn call(&self, act: &Act<'_>, root: &Path) -> Call {
        let at = |path: &str| root.join(path);
        match *act {
            Act::Write(path, text) => Call::new("write", json!({"filePath": at(path), "content": text})),
            Act::Edit(path, old, new) => {
                Call::new("edit", json!({"filePath": at(path), "oldString": old, "newString": new}))
            }
            Act::Shell(command) => Call::new("bash", json!({"command": command, "description": "a step"})),
            Act::Mcp(path, text) => Call::new("files_write_file", json!({"path": at(path), "content": text})),
            Act::Read(path) => Call::new("read", json!({"filePath": at(path)})),
            Act::Grep(word, folder) => Call::new("grep", json!({"pattern": word, "path": at(folder)})),
            Act::Find(name, folder) => {
                Call::new("glob", json!({"pattern": format!("**/{name}"), "path": at(folder)}))
            }
        }
    }

    fn delegate(&self, prompt: &str) -> Call {
        let arguments = json!({"description": "write a doc", "prompt": prompt, "subagent_type": "general"});
        Call::new("task", arguments)
    }

    fn without_hooks(&self) -> (&'static str, &'static str) {
        (".opencode/plugin/aitk.js", "export const none = async () => ({})")
    }

    /// It writes over a file only after it has read it.
    fn tamper(&self, root: &Path) -> Vec<Call> {
        let (file, text) = self.without_hooks();
        [Act::Read(file), Act::Write(file, text)].iter().map(|act| self.call(act, root)).collect()
    }
}
