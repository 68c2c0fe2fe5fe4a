//! Formatters and linters that rewrite what they read.

use super::find;
use super::options;
use crate::guard::shell::Reach;
use crate::guard::shell::emit::join;
use crate::guard::shell::globs;
use crate::guard::shell::text::Text;
use crate::guard::shell::walk::{Call, Walker};

/// What a formatter rewrites in a folder.
#[derive(Clone, Copy)]
enum Kinds {
    /// Texts of all kinds, docs among them.
    All,
    /// Files with these endings.
    Only(&'static [&'static str]),
}

use Kinds::{All, Only};

const PYTHON: Kinds = Only(&["*.py", "*.pyi", "*.ipynb"]);
const SCRIPT: Kinds =
    Only(&["*.js", "*.jsx", "*.ts", "*.tsx", "*.mjs", "*.cjs", "*.mts", "*.cts", "*.vue", "*.svelte"]);
const STYLE: Kinds = Only(&["*.css", "*.scss", "*.less", "*.vue"]);
const MARKDOWN: Kinds = Only(&["*.md", "*.markdown", "*.mdx"]);
const C: Kinds = Only(&["*.c", "*.h", "*.cc", "*.cpp", "*.hpp", "*.java", "*.proto"]);
const SHELL: Kinds = Only(&["*.sh", "*.bash"]);
const GO: Kinds = Only(&["*.go"]);
const RUST: Kinds = Only(&["*.rs"]);

/// Programs, what they rewrite, and the options that make them write (none: they always do).
const FORMATTERS: &[(&str, Kinds, &[&str])] = &[
    ("prettier", All, &["write", "w"]),
    ("prettierd", All, &["write"]),
    ("biome", All, &["write", "fix", "apply"]),
    ("eslint", SCRIPT, &["fix"]),
    ("oxlint", SCRIPT, &["fix"]),
    ("standard", SCRIPT, &["fix"]),
    ("xo", SCRIPT, &["fix"]),
    ("tslint", SCRIPT, &["fix"]),
    ("stylelint", STYLE, &["fix"]),
    ("dprint", All, &[]),
    ("black", PYTHON, &[]),
    ("isort", PYTHON, &[]),
    ("autopep8", PYTHON, &["i", "in-place"]),
    ("ruff", PYTHON, &[]),
    ("yapf", PYTHON, &["i", "in-place"]),
    ("autoflake", PYTHON, &["i", "in-place"]),
    ("pyupgrade", PYTHON, &[]),
    ("docformatter", PYTHON, &["i", "in-place"]),
    ("gofmt", GO, &["w"]),
    ("goimports", GO, &["w"]),
    ("gofumpt", GO, &["w"]),
    ("shfmt", SHELL, &["w", "write"]),
    ("clang-format", C, &["i"]),
    ("rustfmt", RUST, &[]),
    ("markdownlint", MARKDOWN, &["fix", "f"]),
    ("markdownlint-cli2", MARKDOWN, &["fix"]),
    ("mdformat", MARKDOWN, &[]),
    ("rumdl", MARKDOWN, &["fix", "f"]),
    ("remark", MARKDOWN, &["o", "output"]),
    ("doctoc", MARKDOWN, &[]),
    ("textlint", MARKDOWN, &["fix"]),
    ("markdown-toc", MARKDOWN, &["i"]),
    ("alex", MARKDOWN, &["fix"]),
    ("codespell", All, &["w", "write-changes"]),
    ("typos", All, &["w", "write-changes"]),
    ("misspell", All, &["w"]),
    ("djlint", All, &["reformat"]),
    ("taplo", Only(&["*.toml"]), &[]),
    ("pre-commit", All, &["never"]),
    ("sd", All, &[]),
    ("ast-grep", SCRIPT, &["U", "update-all"]),
    ("addlicense", All, &[]),
    ("sponge", All, &[]),
    ("swiftformat", Only(&["*.swift"]), &[]),
    ("ktlint", Only(&["*.kt"]), &["F", "format"]),
    ("rubocop", Only(&["*.rb"]), &["a", "A", "x", "autocorrect"]),
];

const VALUED: &[&str] = &[
    "config",
    "c",
    "l",
    "line-length",
    "parser",
    "plugin",
    "ignore-path",
    "ext",
    "rule",
    "select",
    "ignore",
    "extend",
    "format",
    "edition",
    "style",
    "check-path",
    "log-level",
    "loglevel",
    "exclude",
    "skip",
    "S",
    "L",
    "target-version",
];

/// Runs a formatter; `None` when it is none.
pub(super) fn run(walker: &mut Walker<'_>, call: &Call<'_>, name: &str) -> Option<Text> {
    let bare = name.rsplit('/').next().unwrap_or(name);
    let (_, kinds, triggers) = FORMATTERS.iter().find(|(known, _, _)| *known == bare)?;
    // `ruff format`, `biome check`, `dprint fmt` … take a word first.
    let staged = matches!(bare, "ruff" | "biome" | "dprint" | "taplo");
    let (stage, args) = match call.args.split_first() {
        Some((stage, rest)) if staged => (stage.head(), rest),
        _ => ("", call.args),
    };
    let mut words = options(args, VALUED);
    let reads =
        words.has(&["check", "diff", "dry-run", "version", "help", "list-different", "fix-dry-run", "n"])
            || words.options.is_empty() && words.operands.is_empty() && !staged;
    let writes = match bare {
        "ruff" => (stage == "format" && !words.has(&["check", "diff"])) || words.has(&["fix", "fix-only"]),
        "dprint" | "taplo" => matches!(stage, "fmt" | "format"),
        "sd" => words.operands.len() > 2,
        _ => triggers.is_empty() || words.has(triggers),
    };
    if reads && bare != "ruff" || !writes {
        return Some(Text::gap());
    }
    if bare == "sd" {
        words.operands.drain(..2);
    }
    if words.operands.is_empty() {
        words.operands.push(Text::known("."));
    }
    for target in &words.operands {
        rewrite(walker, target, *kinds);
    }
    Some(Text::gap())
}

fn rewrite(walker: &mut Walker<'_>, target: &Text, kinds: Kinds) {
    let Some(known) = target.as_known() else { return walker.write(target, Reach::File) };
    if known.starts_with('!') {
        return;
    }
    // They expand patterns of their own.
    if globs::is_pattern(known) {
        let before = std::mem::replace(&mut walker.state.dot_files, false);
        for path in walker.globbed(known) {
            walker.write(&path, Reach::File);
        }
        walker.state.dot_files = before;
        return;
    }
    match kinds {
        Only(endings) => {
            walker.write(target, Reach::File);
            let mut args = vec![target.clone(), Text::known("-type"), Text::known("f"), Text::known("(")];
            for (i, ending) in endings.iter().enumerate() {
                args.extend((i > 0).then(|| Text::known("-o")));
                args.extend([Text::known("-name"), Text::known(ending)]);
            }
            args.push(Text::known(")"));
            let found = find::run(walker, &Call { name: "find", args: &args, input: None });
            for path in found.lines() {
                walker.write(&Text::known(&join("", &path.filled())), Reach::File);
            }
        }
        All => walker.write(target, Reach::Tree),
    }
}
