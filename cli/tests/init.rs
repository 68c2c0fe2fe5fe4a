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
