//! opencode's plugin as node runs it, with the real `aitk` behind it.
#![allow(clippy::unwrap_used)]
#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Calls the plugin's hooks as opencode does, and prints how each went.
const OPENCODE: &str = r#"
import { readFileSync } from "node:fs"
const [plugin, directory] = process.argv.slice(2)
const { aitk } = await import(plugin)
const hooks = await aitk({ directory })
for (const [tool, args] of JSON.parse(readFileSync(0, "utf8"))) {
  try {
    await hooks["tool.execute.before"]({ tool, sessionID: "ses_1", callID: "c" }, { args })
    console.log(tool, "runs")
  } catch (error) {
    console.log(tool, "is stopped:", error.message)
  }
}
try {
  await hooks["chat.message"]({ sessionID: "ses_1" }, {})
} catch (error) {
  console.log("prompt is stopped:", error.message)
}
const system = []
await hooks["experimental.chat.system.transform"]({ sessionID: "ses_1" }, { system })
system.forEach((text) => console.log("told:", text))
"#;

fn node() -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|folder| folder.join("node"))
        .find(|node| node.exists())
}

/// What happens to a few calls with `aitk` on the `PATH`, or without it.
fn run(node: &Path, strict: bool, installed: bool) -> String {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().canonicalize().unwrap().join("repo");
    fs::create_dir_all(root.join(".docs")).unwrap();
    let aitk = Path::new(env!("CARGO_BIN_EXE_aitk"));
    let command = |program: &Path, with_aitk: bool| {
        let mut command = Command::new(program);
        let bin = aitk.parent().unwrap().display().to_string();
        let path = if with_aitk { format!("{bin}:/usr/bin:/bin") } else { "/usr/bin:/bin".to_owned() };
        command.current_dir(&root).env_clear().env("HOME", home.path()).env("PATH", path);
        command
    };
    let flags: &[&str] = if strict { &["--strict"] } else { &[] };
    let init = command(aitk, true).args(["init", "--agent", "opencode"]).args(flags).output().unwrap();
    assert!(init.status.success());
    // Node takes a file for a module by its name.
    let (plugin, opencode) = (home.path().join("aitk.mjs"), home.path().join("opencode.mjs"));
    fs::copy(root.join(".opencode/plugin/aitk.js"), &plugin).unwrap();
    fs::write(&opencode, OPENCODE).unwrap();
    let input = home.path().join("calls.json");
    let calls = serde_json::json!([
        ["write", {"filePath": root.join(".docs/x.md"), "content": "x"}],
        ["edit", {"filePath": root.join("src/x.rs")}],
        ["fs_write_file", {"path": root.join("docs/x.md")}],
        ["grep", {"pattern": "x"}],
    ]);
    fs::write(&input, calls.to_string()).unwrap();
    let mut process = command(node, installed);
    process.arg(&opencode).arg(&plugin).arg(&root).stdin(Stdio::from(fs::File::open(&input).unwrap()));
    let output = process.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_plugin_throws_the_reason_of_a_refusal_also_where_aitk_is_missing() {
    // On a machine without node there is no opencode either.
    let Some(node) = node() else { return };
    let said = run(&node, false, true);
    let lines: Vec<_> = said.lines().collect();
    assert!(lines[0].starts_with("write is stopped: aitk: '.docs/x.md' is in the read-only copy"), "{said}");
    assert_eq!(lines[1], "edit runs");
    assert!(lines[2].starts_with("fs_write_file is stopped: aitk: 'docs/x.md'"), "{said}");
    assert!(lines[4].starts_with("prompt is stopped: aitk: the docs cannot be checked"), "{said}");

    let said = run(&node, false, false);
    let lines: Vec<_> = said.lines().collect();
    for stopped in &lines[..3] {
        assert!(stopped.contains("is stopped: aitk: aitk is not installed here"), "{said}");
    }
    assert_eq!(lines[3], "grep runs");
    assert!(lines[4].starts_with("told: aitk: aitk is not installed here"), "{said}");

    let said = run(&node, true, false);
    assert_eq!(said.matches("is stopped: aitk: aitk is not installed here").count(), 5, "{said}");
}
