//! `aitk init` in real repositories.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A repository, in a home of its own.
struct Repository {
    home: tempfile::TempDir,
    root: PathBuf,
}

impl Repository {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().join("repo");
        fs::create_dir(&root).unwrap();
        let repository = Repository { home, root };
        repository.git(&["init", "-q"]);
        repository
    }

    fn run(&self, program: &str, args: &[&str]) -> Output {
        Command::new(program)
            .args(args)
            .current_dir(&self.root)
            .env_clear()
            .env("HOME", self.home.path())
            .env("PATH", "/usr/bin:/bin")
            .output()
            .unwrap()
    }

    fn git(&self, args: &[&str]) -> String {
        let output = self.run("git", args);
        assert!(output.status.success(), "{args:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn init(&self, args: &[&str]) -> String {
        let output = self.run(env!("CARGO_BIN_EXE_aitk"), &[&["init"], args].concat());
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Every file but git's own, and git's exclude file.
    fn files(&self) -> BTreeMap<PathBuf, String> {
        let mut files = BTreeMap::new();
        collect(&self.root, &mut files);
        let exclude = self.root.join(".git/info/exclude");
        files.insert(exclude.clone(), fs::read_to_string(exclude).unwrap_or_default());
        files
    }
}

fn collect(folder: &Path, files: &mut BTreeMap<PathBuf, String>) {
    for entry in fs::read_dir(folder).unwrap().flatten().filter(|entry| entry.file_name() != ".git") {
        match entry.file_type().unwrap().is_dir() {
            true => collect(&entry.path(), files),
            false => drop(files.insert(entry.path(), fs::read_to_string(entry.path()).unwrap())),
        }
    }
}

const PROJECT: &[&str] = &["--project", "web", "--url", "http://localhost:3001"];

#[test]
fn init_twice_changes_nothing_and_uninstall_leaves_no_trace() {
    let repository = Repository::new();
    fs::write(repository.root.join("CLAUDE.md"), "# Mine\n").unwrap();
    fs::create_dir(repository.root.join(".claude")).unwrap();
    fs::write(repository.root.join(".claude/settings.json"), "{\n  \"model\": \"opus\"\n}\n").unwrap();
    let before = repository.files();

    let shown = repository.init(&[PROJECT, &["--dry-run"]].concat());
    assert!(shown.contains("+project = \"web\"") && shown.contains("--- a/CLAUDE.md"), "{shown}");
    assert_eq!(repository.files(), before);

    repository.init(PROJECT);
    let after = repository.files();
    assert_eq!(after.len(), before.len() + 2);
    assert_eq!(repository.init(&[]), "nothing to change\n");
    assert_eq!(repository.files(), after);

    repository.init(&["--uninstall"]);
    assert_eq!(repository.files(), before);
    assert_eq!(repository.init(&["--uninstall"]), "nothing to change\n");
}

#[test]
fn the_mirror_is_hidden_from_git_and_only_there() {
    let repository = Repository::new();
    repository.init(PROJECT);
    for folder in [".docs", ".docs.aitk-x1"] {
        fs::create_dir(repository.root.join(folder)).unwrap();
        fs::write(repository.root.join(folder).join("a.md"), "x").unwrap();
    }
    let status = repository.git(&["status", "--short", "--untracked-files=all"]);
    assert!(!status.contains(".docs"), "{status}");
    assert!(fs::read_to_string(repository.root.join(".ignore")).unwrap().contains("\n!/.docs/\n"));
    assert!(!repository.root.join(".gitignore").exists());
}

#[test]
fn without_a_project_the_hooks_are_installed_all_the_same() {
    let repository = Repository::new();
    repository.init(&[]);
    assert!(!repository.root.join(".aitk.toml").exists());
    let settings = fs::read_to_string(repository.root.join(".claude/settings.json")).unwrap();
    assert!(settings.contains("aitk guard --agent claude"));
}

#[test]
fn a_colleague_without_aitk_is_not_hindered_unless_strict() {
    let repository = Repository::new();
    let hook = || {
        let text = fs::read_to_string(repository.root.join(".claude/settings.json")).unwrap();
        let settings: serde_json::Value = serde_json::from_str(&text).unwrap();
        settings["hooks"]["PreToolUse"][0]["hooks"][0]["command"].as_str().unwrap().to_owned()
    };
    repository.init(PROJECT);
    assert_eq!(repository.run("/bin/sh", &["-c", &hook()]).status.code(), Some(0));
    repository.init(&["--strict"]);
    assert_eq!(repository.run("/bin/sh", &["-c", &hook()]).status.code(), Some(127));
}

/// What each agent reads its hooks from.
const FILES: [&str; 8] = [
    ".claude/settings.json",
    ".codex/hooks.json",
    ".cursor/hooks.json",
    ".factory/settings.json",
    ".gemini/settings.json",
    ".github/hooks/aitk.json",
    ".opencode/plugin/aitk.js",
    ".qwen/settings.json",
];

#[test]
fn every_agent_gets_its_hooks_once_and_loses_them_without_a_trace() {
    let repository = Repository::new();
    fs::create_dir(repository.root.join(".gemini")).unwrap();
    let settings = "{\n  // Mine.\n  \"model\": {\"name\": \"pro\"},\n  \"list\": [1, 2]\n}\n";
    fs::write(repository.root.join(".gemini/settings.json"), settings).unwrap();
    fs::write(repository.root.join("AGENTS.md"), "# Mine\n").unwrap();
    let before = repository.files();

    repository.init(&[PROJECT, &["--agent", "all"]].concat());
    let after = repository.files();
    for file in FILES {
        let text = &after[&repository.root.join(file)];
        assert!(text.contains("aitk"), "{file}: {text}");
    }
    let gemini = &after[&repository.root.join(".gemini/settings.json")];
    assert!(gemini.starts_with(settings.trim_end_matches("\n}\n")), "{gemini}");
    for file in ["CLAUDE.md", "AGENTS.md", "GEMINI.md", "QWEN.md"] {
        assert!(after[&repository.root.join(file)].contains("`.docs/`"), "{file}");
    }
    for file in [".ignore", ".geminiignore", ".qwenignore", ".cursorignore"] {
        assert!(after[&repository.root.join(file)].contains("\n!/.docs/\n"), "{file}");
    }
    assert_eq!(repository.init(&["--agent", "all"]), "nothing to change\n");
    // What is there now tells which agents are used.
    assert_eq!(repository.init(&[]), "nothing to change\n");
    repository.init(&["--uninstall"]);
    assert_eq!(repository.files(), before);
}

#[test]
fn one_agent_of_two_goes_alone() {
    let repository = Repository::new();
    repository.init(&[PROJECT, &["--agent", "codex"]].concat());
    let before = repository.files();
    repository.init(&["--agent", "gemini"]);
    repository.init(&["--uninstall", "--agent", "gemini"]);
    assert_eq!(repository.files(), before);
}

#[test]
fn agents_are_found_by_what_is_in_the_repository_the_home_and_on_the_path() {
    for (place, file) in [
        ("repo/.codex/config.toml", ".codex/hooks.json"),
        ("repo/GEMINI.md", ".gemini/settings.json"),
        (".qwen/settings.json", ".qwen/settings.json"),
        (".config/opencode/opencode.json", ".opencode/plugin/aitk.js"),
    ] {
        let repository = Repository::new();
        let sign = repository.home.path().join(place);
        fs::create_dir_all(sign.parent().unwrap()).unwrap();
        fs::write(sign, "").unwrap();
        repository.init(PROJECT);
        let hooked: Vec<_> = FILES.into_iter().filter(|file| repository.root.join(file).exists()).collect();
        assert_eq!(hooked, [file], "{place}");
    }
}

#[test]
fn an_old_line_in_gitignore_goes_since_it_hides_the_docs_from_agents() {
    let repository = Repository::new();
    fs::write(repository.root.join(".gitignore"), "target/\n.docs/\n").unwrap();
    let shown = repository.init(&[PROJECT, &["--dry-run"]].concat());
    assert!(shown.contains("\n-.docs/\n"), "{shown}");
    repository.init(PROJECT);
    assert_eq!(fs::read_to_string(repository.root.join(".gitignore")).unwrap(), "target/\n");
    // A project below the top of the working tree, which the file at the top hid.
    let below = repository.root.join("apps/web");
    fs::create_dir_all(&below).unwrap();
    fs::write(repository.root.join(".gitignore"), "apps/web/.docs\n*.log\n").unwrap();
    fs::write(below.join(".aitk.toml"), "project = 'web'\n").unwrap();
    repository.init(&["--root", "apps/web"]);
    assert_eq!(fs::read_to_string(repository.root.join(".gitignore")).unwrap(), "*.log\n");
}

#[test]
fn files_are_kept_as_they_were_outside_the_repository() {
    let repository = Repository::new();
    fs::create_dir(repository.root.join(".claude")).unwrap();
    fs::write(repository.root.join(".claude/settings.json"), "{\"model\": \"opus\"}").unwrap();
    repository.init(PROJECT);
    let mut kept = BTreeMap::new();
    collect(&repository.home.path().join(".local/share/aitk/backups"), &mut kept);
    let settings: Vec<_> = kept.iter().filter(|(path, _)| path.ends_with(".claude/settings.json")).collect();
    assert_eq!(settings.len(), 1);
    assert_eq!(settings[0].1, "{\"model\": \"opus\"}");
}

#[test]
fn the_users_own_hooks_name_aitk_by_its_path_and_block_where_it_fails() {
    let repository = Repository::new();
    let elsewhere = repository.home.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    let init = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aitk"));
        command.args(["init", "--scope", "user", "--agent", "claude", "codex"]).args(args);
        command
            .current_dir(&elsewhere)
            .env_clear()
            .env("HOME", repository.home.path())
            .env("PATH", "/usr/bin:/bin");
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    init(&[]);
    // Nothing makes a project of a folder that is none.
    assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);
    let text = fs::read_to_string(repository.home.path().join(".claude/settings.json")).unwrap();
    let settings: serde_json::Value = serde_json::from_str(&text).unwrap();
    let hook = &settings["hooks"]["PreToolUse"][0]["hooks"][0];
    assert_eq!(hook["command"], format!("{} guard --agent claude", env!("CARGO_BIN_EXE_aitk")));
    assert_eq!(hook["onFailure"], "block");
    assert_eq!(settings["permissions"]["deny"][0], "Edit(.docs/**)");
    init(&["--uninstall"]);
    assert!(!repository.home.path().join(".claude/settings.json").exists());
    assert!(!repository.home.path().join(".codex/hooks.json").exists());
}

#[test]
fn instructions_that_are_a_link_to_others_are_changed_once() {
    let repository = Repository::new();
    fs::write(repository.root.join("AGENTS.md"), "# Mine\n").unwrap();
    std::os::unix::fs::symlink("AGENTS.md", repository.root.join("CLAUDE.md")).unwrap();
    repository.init(&[PROJECT, &["--agent", "claude", "codex"]].concat());
    let text = fs::read_to_string(repository.root.join("AGENTS.md")).unwrap();
    assert_eq!(text.matches("aitk:begin").count(), 1);
    assert!(repository.root.join("CLAUDE.md").symlink_metadata().unwrap().is_symlink());
    repository.init(&["--uninstall"]);
    assert_eq!(fs::read_to_string(repository.root.join("AGENTS.md")).unwrap(), "# Mine\n");
}

#[test]
fn a_broken_settings_file_is_left_alone() {
    let repository = Repository::new();
    fs::create_dir(repository.root.join(".claude")).unwrap();
    fs::write(repository.root.join(".claude/settings.json"), "{,}").unwrap();
    let before = repository.files();
    let output = repository.run(env!("CARGO_BIN_EXE_aitk"), &[&["init"], PROJECT].concat());
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(repository.files(), before);
}

/// What a program called `codex` says that is asked for its hooks: one, of ours, which it skips
/// until it is told of its user's trust.
const CODEX: &str = r#"#!/bin/sh
while read -r line; do
  case "$line" in
    *'"initialize"'*) echo '{"id":1,"result":{}}' ;;
    *hooks/list*)
      trust=untrusted; [ -e "$HOME/trusted" ] && trust=trusted
      hooks=
      for n in 1 2 3 4; do
        hooks="$hooks,{\"key\":\"k$n\",\"currentHash\":\"h$n\",\"trustStatus\":\"$trust\",\"command\":\"aitk guard --agent codex\"}"
      done
      echo '{"method":"news"}'
      echo "{\"id\":2,\"result\":{\"data\":[{\"hooks\":[{\"key\":\"theirs\",\"currentHash\":\"x\",\"trustStatus\":\"untrusted\",\"command\":\"theirs\"}$hooks]}]}}" ;;
    *config/batchWrite*) echo "$line" > "$HOME/trusted"; echo '{"id":3,"result":{}}' ;;
  esac
done
"#;

#[test]
fn codex_is_told_of_its_users_trust_in_our_hooks_and_in_no_others() {
    use std::os::unix::fs::PermissionsExt;
    let repository = Repository::new();
    let bin = repository.home.path().join("bin");
    fs::create_dir(&bin).unwrap();
    fs::write(bin.join("codex"), CODEX).unwrap();
    fs::set_permissions(bin.join("codex"), fs::Permissions::from_mode(0o755)).unwrap();
    let init = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aitk"));
        command.args(["init", "--agent", "codex"]).args(args).current_dir(&repository.root).env_clear();
        command.env("HOME", repository.home.path()).env("PATH", format!("{}:/usr/bin:/bin", bin.display()));
        let output = command.output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let said = init(&[]);
    assert!(said.contains("skips 4 hooks") && said.contains("--trust"), "{said}");
    assert!(!repository.home.path().join("trusted").exists());
    let said = init(&["--trust"]);
    assert!(said.contains("it trusts the 4 hooks now"), "{said}");
    let told = fs::read_to_string(repository.home.path().join("trusted")).unwrap();
    assert!(told.contains(r#""k4":{"trusted_hash":"h4"}"#) && !told.contains("theirs"), "{told}");
    assert!(init(&["--trust"]).contains("codex: it trusts the hooks\n"));
}
