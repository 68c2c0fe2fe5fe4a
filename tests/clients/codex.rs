//! Codex CLI.

use std::path::Path;
use std::process::Command;

use aitk_tests::Person;
use serde_json::json;

use crate::cases::Act;
use crate::client::{Client, KEY, Session, mcp_server};
use crate::model::{Call, Wire};

pub struct Codex;

impl Client for Codex {
    fn name(&self) -> &'static str {
        "codex"
    }

    fn package(&self) -> (&'static str, &'static str) {
        ("@openai/codex", "0.169.0")
    }

    fn program(&self) -> &'static str {
        ".bin/codex"
    }

    fn wire(&self) -> Wire {
        Wire::Responses
    }

    fn set_up(&self, person: &Person, session: &Session) {
        let [node, script] = mcp_server();
        let config = format!(
            "model = \"gpt-5.5\"\nmodel_provider = \"scripted\"\ncheck_for_update_on_startup = false\n\n\
             [model_providers.scripted]\nname = \"scripted\"\nbase_url = \"{}/v1\"\nwire_api = \"responses\"\n\
             env_key = \"SCRIPTED_KEY\"\n\n\
             [mcp_servers.files]\ncommand = \"{node}\"\nargs = [\"{script}\"]\n\n\
             [projects.\"{}\"]\ntrust_level = \"trusted\"\n\n\
             [analytics]\nenabled = false\n",
            session.model,
            person.at.display(),
        );
        std::fs::create_dir_all(person.home().join(".codex")).unwrap();
        std::fs::write(person.home().join(".codex/config.toml"), config).unwrap();
    }

    fn command(&self, person: &Person, session: &Session) -> Command {
        let mut command = person.command(&session.program);
        // A person reviews the hooks on a screen, which these sessions do not have.
        command.args([
            "exec",
            "--dangerously-bypass-approvals-and-sandbox",
            "--dangerously-bypass-hook-trust",
        ]);
        command.arg(session.prompt).env("SCRIPTED_KEY", KEY);
        command
    }

    fn call(&self, act: &Act<'_>, root: &Path) -> Call {
        let shell = |command: String| Call::new("exec_command", json!({"cmd": command}));
        match *act {
            Act::Write(path, text) => patch(&format!("*** Add File: {path}\n{}", added(text))),
            Act::Edit(path, old, new) => patch(&format!("*** Update File: {path}\n@@\n-{old}\n+{new}\n")),
            Act::Shell(command) => shell(command.to_owned()),
            Act::Mcp(path, text) => {
                Call::new("mcp__files/write_file", json!({"path": root.join(path), "content": text}))
            }
            // It reads and searches in its shell.
            Act::Read(path) => shell(format!("cat {path}")),
            Act::Grep(word, folder) => shell(format!("grep -rl {word} {folder}")),
            Act::Find(name, folder) => shell(format!("find {folder} -name {name}")),
        }
    }

    /// One patch cannot remove and add a file.
    fn tamper(&self, root: &Path) -> Vec<Call> {
        let (file, text) = self.without_hooks();
        vec![patch(&format!("*** Delete File: {file}\n")), self.call(&Act::Write(file, text), root)]
    }

    /// The reason is shown on its screen alone.
    fn tells_people(&self) -> bool {
        false
    }

    fn delegate(&self, prompt: &str) -> Call {
        Call::new("multi_agent_v1/spawn_agent", json!({"message": prompt}))
    }

    fn without_hooks(&self) -> (&'static str, &'static str) {
        (".codex/hooks.json", r#"{"hooks": {}}"#)
    }
}

/// A patch is a text of its own, and no JSON.
fn patch(body: &str) -> Call {
    Call::new("apply_patch", format!("*** Begin Patch\n{body}*** End Patch\n").into())
}

/// The lines of a new file, in a patch.
fn added(text: &str) -> String {
    text.lines().map(|line| format!("+{line}\n")).collect()
}
