//! Scripts as agents run them, judged over a pretended project: `guard/shell.txt` says
//! what each must come to.
//!
//! The judge here is smaller than the guard's own: it knows one project, without links.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

use aitk_shared::guard::View;
use aitk_shared::guard::shell::{Doubt, Reach, Setting, Write, effects};
use proptest::prelude::*;

const CORPUS: &str = include_str!("guard/shell.txt");
const PROTECTED: [&str; 3] = ["/proj/.docs", "/proj/docs", "/proj/handbook"];
const FILES: &str = "
    /proj/.git/HEAD /proj/.docs/a.md /proj/.docs/guide/b.md /proj/.docs/.sync-hash /proj/.aitk.toml
    /proj/docs/a.md /proj/docs/guide/b.md /proj/docs/api.json /proj/handbook/h.md /proj/handbook/.git/HEAD
    /proj/src/main.rs /proj/src/lib.rs /proj/src/app.py /proj/src/index.ts /proj/src/docs/x.md /proj/src/README.md
    /proj/src/old.txt /proj/src/cache/c.pyc /proj/tests/test_a.py /proj/target/debug/x /proj/build/out.o
    /proj/node_modules/left/index.js /proj/README.md /proj/package.json /proj/Cargo.toml /proj/Makefile
    /proj/.env /proj/.github/workflows/ci.yml /proj/dist/x.js /proj/notes.txt
    /elsewhere/docs/y.md /elsewhere/.git/HEAD /elsewhere/z.txt /tmp/new/docs/a.md /tmp/plain/a.txt /home/me/.bashrc
";

/// The pretended file system.
struct Pretend {
    folders: BTreeMap<PathBuf, Vec<OsString>>,
    paths: BTreeMap<PathBuf, u64>,
}

impl Pretend {
    fn new() -> Self {
        let mut out = Pretend { folders: BTreeMap::new(), paths: BTreeMap::new() };
        for file in FILES.split_whitespace().map(Path::new) {
            for path in file.ancestors() {
                let number = out.paths.len() as u64;
                out.paths.entry(path.to_owned()).or_insert(number);
                if let (Some(folder), Some(name)) = (path.parent(), path.file_name()) {
                    let names = out.folders.entry(folder.to_owned()).or_default();
                    if !names.contains(&name.to_owned()) {
                        names.push(name.to_owned());
                    }
                }
            }
        }
        out
    }
}

impl View for Pretend {
    fn link(&self, _: &Path) -> Option<PathBuf> {
        None
    }
    fn identity(&self, path: &Path) -> Option<(u64, u64)> {
        self.paths.get(&lexical(path)).map(|n| (1, *n))
    }
    fn entries(&self, path: &Path) -> Vec<OsString> {
        self.folders.get(&lexical(path)).cloned().unwrap_or_default()
    }
    fn folds_case(&self) -> bool {
        false
    }
}

fn lexical(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => drop(out.pop()),
            other => out.push(other),
        }
    }
    out
}

fn is_protected(path: &Path) -> bool {
    let path = lexical(path);
    PROTECTED.iter().any(|tree| path.starts_with(tree))
        || path.to_string_lossy().starts_with("/proj/.docs.aitk-")
}

fn hits(write: &Write) -> bool {
    let above = || PROTECTED.iter().any(|tree| Path::new(tree).starts_with(lexical(&write.path)));
    is_protected(&write.path) || (write.reach == Reach::Tree && above())
}

fn names_one(doubt: &Doubt) -> bool {
    let root = Path::new("/proj");
    doubt.names.iter().any(|name| {
        let here = doubt.cwd.as_deref().unwrap_or(root);
        name.contains(".docs") || is_protected(&here.join(name)) || is_protected(&root.join(name))
    })
}

fn verdict(script: &str, cwd: &str) -> &'static str {
    let variable = |name: &str| match name {
        "USER" => Some("me".to_owned()),
        "TMPDIR" => Some("/tmp".to_owned()),
        _ => None,
    };
    let setting = Setting { cwd: Path::new(cwd), home: Some(Path::new("/home/me")), variable: &variable };
    let found = effects(script, &setting, &Pretend::new());
    if found.writes.iter().any(hits) {
        "deny"
    } else if found.doubts.iter().any(names_one) {
        "ask"
    } else {
        "allow"
    }
}

struct Case<'c> {
    line: usize,
    expected: &'c str,
    cwd: &'c str,
    script: String,
}

/// Cases: `allow script`, `deny@/folder script`; lines that start with a bar belong to the script above.
fn cases() -> Vec<Case<'static>> {
    let mut cases: Vec<Case<'static>> = Vec::new();
    for (i, text) in CORPUS.lines().enumerate() {
        if let Some(more) = text.strip_prefix("| ").or_else(|| text.strip_prefix('|')) {
            let case = cases.last_mut().expect("a script goes on before it began");
            case.script.push('\n');
            case.script.push_str(more);
        } else if !text.trim().is_empty() && !text.starts_with('#') {
            let (label, script) = text.split_once(char::is_whitespace).expect("a label and a script");
            let (expected, cwd) = label.split_once('@').unwrap_or((label, "/proj"));
            assert!(["allow", "ask", "deny"].contains(&expected), "line {}: {expected}", i + 1);
            cases.push(Case { line: i + 1, expected, cwd, script: script.trim_start().to_owned() });
        }
    }
    cases
}

#[test]
#[expect(clippy::print_stdout, reason = "the figures are read when the rules change")]
fn every_script_of_the_corpus_is_judged_as_it_says() {
    let cases = cases();
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for case in &cases {
        let found = verdict(&case.script, case.cwd);
        *counts.entry((case.expected, found)).or_default() += 1;
        if found != case.expected {
            wrong.push(format!("line {}: {} became {found}: {}", case.line, case.expected, case.script));
        }
    }
    let count =
        |expected: &str| counts.iter().filter(|((e, _), _)| *e == expected).map(|(_, n)| n).sum::<usize>();
    println!("{} scripts: (expected, found) {counts:?}", cases.len());
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    assert!(cases.len() >= 350 && count("allow") * 5 >= cases.len() * 2, "{counts:?}");
}

#[test]
fn our_own_commands_are_reported_with_their_words() {
    let variable = |_: &str| None;
    let setting = Setting { cwd: Path::new("/proj"), home: None, variable: &variable };
    for (script, expected) in [
        ("aitk unlock --force --reason x", vec![vec!["unlock", "--force", "--reason", "x"]]),
        ("cd src && /usr/bin/aitk docs put \"a b.md\" | cat", vec![vec!["docs", "put", "a b.md"]]),
        ("bash -c 'sudo aitk lock' ; aitk $X y", vec![vec!["lock"], vec![]]),
        (
            "for c in lock unlock; do aitk $c --json; done",
            vec![vec!["lock", "--json"], vec!["unlock", "--json"]],
        ),
        ("echo aitk unlock", vec![]),
    ] {
        assert_eq!(effects(script, &setting, &Pretend::new()).aitk, expected, "{script}");
    }
}

#[test]
fn what_cannot_be_read_as_shell_is_one_doubt_over_its_words() {
    assert_eq!(verdict("rm docs/a.md ((( (", "/proj"), "ask");
    assert_eq!(verdict("if then else ((( (", "/proj"), "allow");
    assert_eq!(verdict(&format!("{}; rm docs/a.md", "echo a; ".repeat(20_000)), "/proj"), "ask");
    assert_eq!(verdict(&format!("{} rm docs/a.md {}", "( ".repeat(60), " )".repeat(60)), "/proj"), "ask");
    let endless = "for a in {1..60}; do for b in {1..60}; do for c in {1..60}; do : $a; done; done; done";
    assert_eq!(verdict(&format!("{endless}; rm docs/a.md"), "/proj"), "ask");
}

#[test]
fn a_long_or_deep_script_comes_to_an_end() {
    for script in [
        "( ".repeat(5000),
        "$(".repeat(5000),
        "${x:-".repeat(5000),
        "\"$(".repeat(5000),
        "if true; then ".repeat(5000),
        "{a,".repeat(5000),
        "`".repeat(5001),
        "a | ".repeat(20_000),
        format!("echo {}", "{a,b}".repeat(500)),
        format!("rm {}", "*".repeat(60_000)),
        format!("echo {}", "'a b' ".repeat(20_000)),
        format!("x=a; {}", "x=$x$x; ".repeat(200)),
        "f() { f; f; }; f".to_owned(),
        format!("{} f", "x && f() { f; f; }; ".repeat(300)),
        (0..5000).map(|i| format!("a && v{i}=1; ")).collect(),
        (0..3000).map(|i| format!("a && f{i}() {{ :; }}; ")).collect(),
        format!("{}:; {}", "f() { ".repeat(30), "}; ".repeat(30)),
        "for a in {1..60}; do for b in {1..60}; do for c in {1..60}; do rm $a$b$c; done; done; done"
            .to_owned(),
        format!("cat <<E\n{}\nE", "$(echo a) ".repeat(10_000)),
        format!("python -c \"{}\"", "'w' open( ".repeat(10_000)),
        format!("sed '{}' a", "s/a/b/;".repeat(15_000)),
        format!("x={}; echo ${{x//a*b/c}}", "a".repeat(100_000)),
    ] {
        verdict(&script, "/proj");
    }
}

#[test]
fn of_a_search_that_is_too_large_to_follow_what_lies_here_is_in_doubt() {
    let mut view = Pretend::new();
    let top = view.folders.entry("/".into()).or_default();
    top.splice(0..0, (0..6000).map(|i| OsString::from(format!("d{i}"))));
    let setting = Setting { cwd: Path::new("/proj"), home: None, variable: &|_| None };
    for script in ["find / -name '*.md' -delete", "find / -name '*.md' | xargs rm"] {
        let found = effects(script, &setting, &view);
        assert!(found.doubts.iter().any(names_one), "{script}: {:?}", found.doubts);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_breaks_it(script in "\\PC{0,80}") {
        verdict(&script, "/proj");
    }

    #[test]
    fn no_jumble_of_shell_breaks_it(
        words in prop::collection::vec(prop::sample::select(WORDS.to_vec()), 0..24),
        glue in prop::sample::select(vec!["", " "]),
    ) {
        verdict(&words.join(glue), "/proj");
    }

    #[test]
    fn a_removal_in_the_docs_is_found_however_it_is_wrapped(
        around in prop::collection::vec(0..WRAPS.len(), 0..4),
        spelling in prop::sample::select(SPELLINGS.to_vec()),
    ) {
        let script = around.iter().fold(format!("rm -rf {spelling}"), |script, i| WRAPS[*i].replace('@', &script));
        prop_assert_eq!(verdict(&script, "/proj"), "deny", "{}", script);
    }
}

const WORDS: [&str; 66] = [
    "rm", "-rf", "docs", "\"", "'", "$", "${", "}", "$(", ")", "(", "((", "))", "`", "|", "||", "&&", ";",
    "&", "\n", ">", ">>", "<", "<<E", "<<<", "E", "if", "then", "fi", "for", "in", "do", "done", "while",
    "case", "esac", "{", ",", "[[", "]]", "!", "=", "x=", "$x", "*", "?", "[", "]", "~", "#", "\\", "cd",
    "sed", "-i", "find", "-exec", "xargs", "git", "checkout", "--", "eval", "é", "${x%", "${x:1:", "//",
    "\u{e000}",
];
const WRAPS: [&str; 16] = [
    "( @ )",
    "{ @; }",
    "if true; then @; fi",
    "true && @",
    "no || @",
    "for i in 1 2; do @; done",
    "f() { @; }; f",
    "x=1; @ # docs\ntrue",
    "while read l; do @; done < list",
    "@ & wait",
    "@ 2>/dev/null | cat",
    "case $x in (a) @;; esac\ntrue",
    "cd src; cd ..; @",
    "time { @; }",
    "echo $( @)",
    "cd src && (cd ..; @)",
];
const SPELLINGS: [&str; 14] = [
    "docs",
    "./docs",
    "docs/",
    "/proj/docs",
    "src/../docs",
    "\"do\"'cs'",
    "d\\ocs",
    "$'\\x64ocs'",
    "{docs,x}",
    "[d]ocs",
    "doc?",
    "${U:-docs}",
    "$PWD/docs",
    "~+/docs",
];
