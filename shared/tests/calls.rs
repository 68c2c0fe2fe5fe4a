//! Tool calls of every client, each with the verdict that it must get: `guard/calls.jsonl`, one call a
//! line. Where a client was captured, its input is what it sent; the rest follows its documentation.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use aitk_shared::guard::shell::Setting;
use aitk_shared::guard::tool::classify;
use aitk_shared::guard::{Intent, Place, Refusal, Scene, Site, Trees, Verdict, View, judge};
use serde_json::Value;

const CALLS: &str = include_str!("guard/calls.jsonl");
const OURS: &str = r#"{"hooks": {"PreToolUse": [{"hooks": [{"command": "aitk guard"}]}]}}"#;

/// A home with a project in `/proj`, a working tree of it below, and another project.
struct Disk {
    files: BTreeMap<PathBuf, &'static str>,
    links: BTreeMap<PathBuf, PathBuf>,
}

impl Disk {
    fn new() -> Self {
        let files = [
            ("/proj/.aitk.toml", ""),
            ("/proj/.claude/settings.json", OURS),
            ("/proj/.docs/a.md", "a"),
            ("/proj/docs/a.md", "a"),
            ("/proj/handbook/a.md", "a"),
            ("/proj/.git/hooks/pre-commit", ""),
            ("/proj/src/a.rs", "a"),
            ("/proj/worktrees/fix/.aitk.toml", ""),
            ("/other/proj/.docs/a.md", "a"),
            ("/elsewhere/docs/a.md", "a"),
            ("/home/dev/.codex/config.toml", ""),
        ];
        let links = [("/proj/link", "/proj/.docs"), ("/proj/out", "/elsewhere/x")];
        Disk {
            files: files.map(|(path, text)| (path.into(), text)).into(),
            links: links.map(|(from, to)| (from.into(), to.into())).into(),
        }
    }
}

impl View for Disk {
    fn link(&self, path: &Path) -> Option<PathBuf> {
        self.links.get(path).cloned()
    }

    fn identity(&self, path: &Path) -> Option<(u64, u64)> {
        let at = self.files.keys().position(|file| file.starts_with(path))?;
        Some((at as u64, path.components().count() as u64))
    }

    fn entries(&self, path: &Path) -> Vec<OsString> {
        let below = self.files.keys().filter_map(|file| file.strip_prefix(path).ok());
        let mut names: Vec<_> = below.filter_map(|rest| Some(rest.iter().next()?.to_owned())).collect();
        names.dedup();
        names
    }

    fn folds_case(&self) -> bool {
        false
    }

    fn text(&self, path: &Path) -> Option<String> {
        self.files.get(path).map(|text| (*text).to_owned())
    }
}

fn site(root: &str, more: &[&str], disk: &Disk) -> Site {
    let place = |path: &str| Place::find(Path::new(path), Path::new(root), disk).unwrap();
    let trees = Trees {
        mirror: place(".docs"),
        is_complete: true,
        docs: place("docs"),
        docs_are_free: false,
        more: more.iter().map(|path| place(path)).collect(),
    };
    Site { root: place(""), trees: Ok(trees) }
}

fn verdict(call: &Value, disk: &Disk) -> (&'static str, Option<Refusal>) {
    let (cwd, home) = (Path::new(call["cwd"].as_str().unwrap_or("/proj")), Some(Path::new("/home/dev")));
    let tool = classify(call["tool"].as_str().unwrap(), &call["input"]);
    let intent = Intent::of(&tool, &Setting { cwd, home, variable: &|_| None }, disk).unwrap();
    let sites = [
        site("/proj", &["handbook"], disk),
        site("/proj/worktrees/fix", &[], disk),
        site("/other/proj", &[], disk),
    ];
    let ours = [".config", ".local/share", ".cache", ".local/bin"]
        .map(|folder| Path::new("/home/dev").join(folder).join("aitk"));
    match judge(&intent, &Scene { sites: &sites, cwd, home, ours: &ours, view: disk }) {
        Verdict::Allow => ("allow", None),
        Verdict::Ask(refusal) => ("ask", Some(refusal)),
        Verdict::Deny(refusal) => ("deny", Some(refusal)),
    }
}

#[test]
fn every_call_gets_the_verdict_that_it_must() {
    let disk = Disk::new();
    let mut counts = BTreeMap::<_, usize>::new();
    let mut wrong = Vec::new();
    for (number, line) in CALLS.lines().enumerate() {
        let call: Value = serde_json::from_str(line).unwrap();
        let (found, refusal) = verdict(&call, &disk);
        let expected = call["verdict"].as_str().unwrap().to_owned();
        if found != expected {
            wrong.push(format!("line {}: {found}, not {expected}: {line} {refusal:?}", number + 1));
        }
        *counts.entry(expected).or_default() += 1;
    }
    let all: usize = counts.values().sum();
    println!("{all} calls, {counts:?}, {} wrong", wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(all >= 120 && counts["allow"] * 5 >= all * 2, "{counts:?}");
}
