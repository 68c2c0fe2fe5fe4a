//! What the command line says of itself, and how it answers wrong usage.
#![allow(clippy::unwrap_used)]

use std::process::{Command, Output};

/// Runs `aitk` in a home of its own, away from every project.
fn aitk(args: &[&str]) -> Output {
    let home = tempfile::tempdir().unwrap();
    Command::new(env!("CARGO_BIN_EXE_aitk"))
        .args(args)
        .current_dir(home.path())
        .env_clear()
        .env("HOME", home.path())
        .env("COLUMNS", "100")
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A command's help, and that of each command below it; the global options only once.
fn help(command: &[&str], all: &mut String) {
    let answer = aitk(&[command, &["--help"]].concat());
    assert_eq!(answer.status.code(), Some(0), "{command:?}");
    let help = text(&answer.stdout);
    let shown: Vec<_> = help
        .split("\n\n")
        .filter(|section| command.is_empty() || !section.starts_with("Global options:"))
        .collect();
    let typed = [&["aitk"], command].concat().join(" ");
    all.push_str(&format!("$ {typed}\n{}\n\n", shown.join("\n\n").trim_end()));
    let below = help.split("\n\n").find_map(|section| section.strip_prefix("Commands:\n"));
    for name in below
        .into_iter()
        .flat_map(str::lines)
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
    {
        self::help(&[command, &[name]].concat(), all);
    }
}

#[test]
fn help_is_as_it_was() {
    let mut all = String::new();
    help(&[], &mut all);
    insta::assert_snapshot!(all);
}

#[test]
fn without_a_command_help_is_shown() {
    let answer = aitk(&[]);
    assert_eq!((answer.status.code(), answer.stderr.len()), (Some(0), 0));
    assert!(text(&answer.stdout).contains("Usage: aitk"));
}

#[test]
fn wrong_usage_exits_with_64_and_never_with_2() {
    for wrong in [
        &["dance"][..],
        &["lock", "--dance"],
        &["lock", "--ttl", "25h"],
        &["lock", "--steal"],
        &["docs"],
        &["docs", "push"],
        &["key", "create", "--name", "x", "--role", "king"],
        &["--timeout", "soon", "docs", "ls"],
        &["--root", "/nowhere", "docs", "ls"],
        &["--url", "ftp://x", "--project", "p", "docs", "ls"],
        &["docs", "cat", "../x"],
        &["publish", "planet:1", "a.b"],
        &["publish", "issue:1", "word"],
    ] {
        let answer = aitk(wrong);
        assert_eq!(answer.status.code(), Some(64), "{wrong:?}: {}", text(&answer.stderr));
        assert!(answer.stdout.is_empty() && !answer.stderr.is_empty(), "{wrong:?}");
    }
}

#[test]
fn with_json_a_failure_is_one_document_on_standard_output() {
    for (args, code, kind) in [
        (&["dance", "--json"][..], 64, "usage"),
        (&["--json", "docs", "ls"], 4, "not_found"),
        (&["docs", "ls", "--json", "--project", "p"], 3, "credentials"),
    ] {
        let answer = aitk(args);
        assert_eq!(answer.status.code(), Some(code), "{args:?}");
        assert!(answer.stderr.is_empty(), "{args:?}: {}", text(&answer.stderr));
        let document: serde_json::Value = serde_json::from_slice(&answer.stdout).unwrap();
        assert_eq!(document["error"]["kind"], kind, "{args:?}");
        assert_eq!(document["error"]["exitCode"], code, "{args:?}");
        assert!(document["error"]["message"].is_string() && document["error"]["hint"].is_string());
    }
}

#[test]
fn nothing_is_coloured_off_a_terminal_unless_asked_for() {
    let plain = text(&aitk(&["docs", "ls"]).stderr);
    assert!(plain.starts_with("error: no project is configured\nhint: "), "{plain}");
    let coloured = text(&aitk(&["docs", "ls", "--color", "always"]).stderr);
    assert!(coloured.contains("\x1b["), "{coloured}");
}

#[test]
fn man_pages_and_completions_need_no_project_and_are_the_same_each_time() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = aitk(&["completions", shell]);
        assert!(script.status.success() && text(&script.stdout).contains("aitk"), "{shell}");
    }
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for dir in [&one, &two] {
        assert!(aitk(&["man", dir.path().to_str().unwrap()]).status.success());
    }
    let pages = |dir: &tempfile::TempDir| {
        let entries = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap());
        let mut pages: Vec<_> = entries
            .map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap()))
            .collect();
        pages.sort();
        pages
    };
    assert_eq!(pages(&one), pages(&two));
    let names: Vec<_> = pages(&one).into_iter().map(|(name, _)| name).collect();
    for name in ["aitk.1", "aitk-docs.1", "aitk-docs-put.1", "aitk-watch.1"] {
        assert!(names.iter().any(|found| found == name), "{name} is not among {names:?}");
    }
}
