//! A project with 2,000 docs, as a check leaves it, and the calls that agents make most in it.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;

/// One program with one input.
pub struct Call {
    pub name: &'static str,
    pub program: PathBuf,
    pub args: &'static [&'static str],
    pub event: String,
    /// What the agent says afterwards, which is not measured.
    pub done: Option<String>,
    pub goal: &'static str,
}

/// The folder that all calls are about.
pub struct Stage {
    folder: TempDir,
}

const PROJECT: &str = "url = \"http://localhost:3001\"\nproject = \"web\"\nprotect = [\"handbook\"]\n";
const DOCS: usize = 2_000;
/// 200 characters.
const SCRIPT: &str = "cd src && for f in *.rs; do rustfmt --check $f || echo $f >> ../target/bad.log; done; \
    cargo build --release 2>&1 | tail -n 20 | tee ../target/build.log && git add -A && git status --short | head";

impl Stage {
    pub fn set() -> Self {
        let stage = Stage { folder: tempfile::tempdir().unwrap() };
        let root = stage.root();
        for folder in [stage.home(), root.join("src"), root.join(".docs")] {
            fs::create_dir_all(folder).unwrap();
        }
        fs::write(root.join(".aitk.toml"), PROJECT).unwrap();
        let doc = |n| format!(r#"{{"path":"guides/{n}.md","hash":"0","size":1,"stamp":[1,1,1]}}"#);
        let docs: Vec<_> = (0..DOCS).map(doc).collect();
        let head = concat!(
            r#"{"version":1,"owner":{"origin":"http://localhost:3001","project":"web"},"epoch":"e","#,
            r#""revision":12,"hash":"0","syncedAt":"2026-11-20T09:30:00Z","docsPath":"docs","#,
            r#""onLock":"warn","lock":null,"docs":["#
        );
        fs::write(root.join(".docs/.aitk-state.json"), format!("{head}{}]}}", docs.join(","))).unwrap();
        fs::write(root.join(".docs/.sync-hash"), "0\n").unwrap();
        stage
    }

    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("proj")
    }

    /// What is measured; first that with which the rest is compared.
    pub fn calls(&self) -> Vec<Call> {
        let aitk = super::programs().join("aitk");
        let file = self.root().join("src/main.rs");
        let guard = |name, goal, tool, input| Call {
            name,
            program: aitk.clone(),
            args: &["guard", "--agent", "claude"],
            event: self.event("PreToolUse", tool, &input),
            done: (tool == "Bash").then(|| self.event("PostToolUse", tool, &input)),
            goal,
        };
        vec![
            Call {
                name: "/bin/true",
                program: "/bin/true".into(),
                args: &[],
                event: String::new(),
                done: None,
                goal: "",
            },
            guard(
                "Write, 3 KB",
                "≤ 1.15, ≤ 3 MiB",
                "Write",
                json!({"file_path": file, "content": "x".repeat(2_700)}),
            ),
            guard(
                "Bash, 200 characters",
                "≤ 1.3",
                "Bash",
                json!({"command": SCRIPT, "description": "build"}),
            ),
            guard("Read", "", "Read", json!({"file_path": file})),
        ]
    }

    fn event(&self, moment: &str, tool: &str, input: &Value) -> String {
        json!({
            "session_id": "e22c1c57-7f1a-4e61-9358-5a2dbeeb459c",
            "transcript_path": "/home/dev/.claude/a.jsonl",
            "cwd": self.root(),
            "permission_mode": "default",
            "hook_event_name": moment,
            "tool_name": tool,
            "tool_input": input,
            "tool_use_id": "toolu_0001",
        })
        .to_string()
    }
}
