//! The guard where no agent's hook calls it: before a commit, and from the scripts of before.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A project in a repository, in a home of its own, with `aitk` on its `PATH`.
struct Repository {
    home: tempfile::TempDir,
    root: PathBuf,
}

impl Repository {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().canonicalize().unwrap().join("repo");
        fs::create_dir(&root).unwrap();
        let repository = Repository { home, root };
        repository.git(&["init", "-q", "-b", "main"]);
        repository.write(".aitk.toml", "project = 'web'\nprotect = ['handbook']\n");
        repository
    }

    fn command(&self, program: &str) -> Command {
        let bin = Path::new(env!("CARGO_BIN_EXE_aitk")).parent().unwrap();
        let mut command = Command::new(program);
        command.current_dir(&self.root).env_clear().env("HOME", self.home.path()).stdin(Stdio::null());
        command.env("PATH", format!("{}:/usr/bin:/bin", bin.display()));
        for who in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{who}_NAME"), "t").env(format!("GIT_{who}_EMAIL"), "t@t.invalid");
        }
        command
    }

    fn git(&self, args: &[&str]) -> Output {
        self.command("git").args(args).output().unwrap()
    }

    #[track_caller]
    fn done(&self, args: &[&str]) {
        let output = self.git(args);
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn write(&self, name: &str, text: &str) {
        let file = self.root.join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    fn aitk(&self, args: &[&str]) -> Output {
        self.command(env!("CARGO_BIN_EXE_aitk")).args(args).output().unwrap()
    }
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn a_commit_that_changes_the_docs_is_refused_and_any_other_is_not() {
    let repository = Repository::new();
    assert!(repository.aitk(&["init", "--agent", "git"]).status.success());
    repository.write("src/a.rs", "x");
    repository.done(&["add", ".aitk.toml", "src"]);
    repository.done(&["commit", "-qm", "first"]);
    for path in ["docs/a.md", ".docs/a.md", ".docs.aitk-1/a.md", "handbook/a.md", "docs"] {
        repository.write(path, "x");
        repository.done(&["add", "-f", path]);
        let refused = repository.git(&["commit", "-qm", "no"]);
        assert!(!refused.status.success(), "{path}");
        assert!(said(&refused).contains(path) && said(&refused).contains("hint:"), "{}", said(&refused));
        repository.done(&["rm", "-q", "-r", "--cached", path]);
        let _ = fs::remove_file(repository.root.join(path));
        let _ = fs::remove_dir_all(repository.root.join(path.split('/').next().unwrap()));
    }
    repository.write("src/docs/a.md", "x");
    repository.done(&["add", "src"]);
    repository.done(&["commit", "-qm", "second"]);
    // Also what `-a` stages, and what is taken away.
    repository.write("docs/a.md", "x");
    repository.done(&["add", "docs"]);
    repository.done(&["commit", "-q", "--no-verify", "-m", "docs"]);
    fs::remove_file(repository.root.join("docs/a.md")).unwrap();
    assert!(!repository.git(&["commit", "-qam", "gone"]).status.success());
}

#[test]
fn what_a_merge_brings_in_is_nobodys_change() {
    let repository = Repository::new();
    repository.write("src/a.rs", "1");
    repository.done(&["add", "-A"]);
    repository.done(&["commit", "-qm", "first"]);
    repository.done(&["checkout", "-qb", "platform"]);
    repository.write("docs/a.md", "from the platform");
    repository.write("src/a.rs", "2");
    repository.done(&["add", "-A"]);
    repository.done(&["commit", "-qm", "docs"]);
    repository.done(&["checkout", "-q", "main"]);
    repository.write("src/a.rs", "3");
    repository.done(&["commit", "-qam", "other"]);
    assert!(repository.aitk(&["init", "--agent", "git"]).status.success());
    assert!(!repository.git(&["merge", "-q", "platform"]).status.success(), "they conflict");
    repository.write("src/a.rs", "4");
    repository.write("docs/a.md", "changed on the way");
    repository.done(&["add", "-A"]);
    assert!(!repository.git(&["commit", "-qm", "merged"]).status.success());
    repository.write("docs/a.md", "from the platform");
    repository.done(&["add", "-A"]);
    repository.done(&["commit", "-qm", "merged"]);
}

#[test]
fn a_hook_that_was_there_still_runs_and_stays_when_ours_goes() {
    let repository = Repository::new();
    let hook = repository.root.join(".git/hooks/pre-commit");
    let theirs = "#!/bin/sh\necho theirs >> ran\nexit 0\n";
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    fs::write(&hook, theirs).unwrap();
    assert!(repository.aitk(&["init", "--agent", "git"]).status.success());
    let once = fs::read_to_string(&hook).unwrap();
    assert!(repository.aitk(&["init", "--agent", "git"]).status.success());
    assert_eq!(fs::read_to_string(&hook).unwrap(), once);
    repository.write("docs/a.md", "x");
    repository.done(&["add", "docs"]);
    assert!(!repository.git(&["commit", "-qm", "no"]).status.success());
    repository.done(&["reset", "-q"]);
    repository.done(&["add", ".aitk.toml"]);
    repository.done(&["commit", "-qm", "yes"]);
    assert_eq!(fs::read_to_string(repository.root.join("ran")).unwrap(), "theirs\n");
    assert!(repository.aitk(&["init", "--uninstall"]).status.success());
    assert_eq!(fs::read_to_string(&hook).unwrap(), theirs);
}

#[test]
fn hooks_outside_the_repository_are_left_alone() {
    let repository = Repository::new();
    let elsewhere = repository.home.path().join("hooks");
    repository.done(&["config", "core.hooksPath", elsewhere.to_str().unwrap()]);
    let output = repository.aitk(&["init", "--agent", "git"]);
    assert!(!output.status.success() && said(&output).contains("aitk guard --git"), "{}", said(&output));
    assert!(!elsewhere.exists());
    repository.done(&["config", "core.hooksPath", ".githooks"]);
    assert!(repository.aitk(&["init", "--agent", "git"]).status.success());
    assert!(repository.root.join(".githooks/pre-commit").exists());
}

#[test]
fn the_old_variables_are_heeded_where_standard_input_is_empty() {
    let repository = Repository::new();
    for (operation, target, code) in [
        ("write", "docs/a.md", 2),
        ("edit", ".docs/a.md", 2),
        ("Delete", "handbook/a.md", 2),
        ("tomorrow", "docs/a.md", 2),
        ("write", "", 2),
        ("", "docs/a.md", 2),
        ("", "", 2),
        ("read", "docs/a.md", 0),
        ("write", "src/a.rs", 0),
    ] {
        let mut command = repository.command(env!("CARGO_BIN_EXE_aitk"));
        command.arg("guard").env("CLAUDE_OPERATION", operation).env("CLAUDE_TARGET_FILE", target);
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{operation} {target}: {}", said(&output));
        assert_eq!(said(&output).is_empty(), code == 0);
        assert!(output.stdout.is_empty());
    }
}
