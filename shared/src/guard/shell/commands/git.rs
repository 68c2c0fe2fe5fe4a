//! Git. What belongs to its own work is free: `pull`, `merge`, `switch`, `add`, `commit`.
//! Paths that a command names, and what it throws away, count.

use std::path::{Path, PathBuf};

use super::options::{leading, options};
use super::{base, builtins, within, write_all};
use crate::guard::shell::Reach;
use crate::guard::shell::diff::{self, Patch};
use crate::guard::shell::text::Text;
use crate::guard::shell::walk::{Call, Walker};

/// Commands that change neither the working tree nor the repository.
const READERS: &[&str] = &[
    "annotate",
    "blame",
    "branch",
    "cat-file",
    "check-attr",
    "check-ignore",
    "cherry",
    "count-objects",
    "describe",
    "diff-files",
    "diff-index",
    "diff-tree",
    "for-each-ref",
    "fsck",
    "grep",
    "help",
    "log",
    "ls-remote",
    "ls-tree",
    "merge-base",
    "name-rev",
    "range-diff",
    "reflog",
    "rev-list",
    "rev-parse",
    "shortlog",
    "show",
    "show-branch",
    "show-ref",
    "status",
    "var",
    "verify-commit",
    "verify-tag",
    "version",
    "whatchanged",
    "diff",
    "ls-files",
    "remote",
];

pub(super) fn run(walker: &mut Walker<'_>, call: &Call<'_>) -> Text {
    let valued = ["C", "c", "git-dir", "work-tree", "namespace", "super-prefix", "config-env", "exec-path"];
    let words = leading(call.args, &valued);
    let Some((command, args)) = words.operands.split_first() else { return Text::gap() };
    walker.apart(|walker| {
        for folder in words.values(&["C"]) {
            walker.state.folders = builtins::folders(walker, &folder);
        }
        for setting in words.values(&["c"]) {
            if setting.head().split_once('=').is_some_and(|(name, _)| is_hooks_path(name)) {
                hooks(walker);
            }
            // An alias of the call's own that runs a shell.
            if let Some(script) =
                setting.head().split_once("=!").filter(|(name, _)| name.starts_with("alias."))
            {
                walker.script(&Text::known(script.1));
            }
        }
        if let Some(tree) = words.value(&["work-tree"]) {
            walker.state.folders = builtins::folders(walker, &tree);
        }
        sub(walker, command.head(), args, call.input)
    })
}

fn sub(walker: &mut Walker<'_>, command: &str, args: &[Text], input: Option<&Text>) -> Text {
    let all = options(args, &["o", "output", "output-directory", "O"]);
    if READERS.contains(&command) {
        write_all(walker, &all.values(&["output"]), Reach::File);
        return listed(walker, command, args);
    }
    if !matches!(command, "clone" | "init" | "archive" | "config" | "worktree") {
        repository(walker);
    }
    match command {
        "checkout" => checkout(walker, args),
        "restore" => {
            let words = options(args, &["s", "source", "U", "pathspec-from-file", "conflict"]);
            let staged = words.has(&["S", "staged"]) && !words.has(&["W", "worktree"]);
            if !staged {
                paths(walker, &words.operands);
            }
        }
        "rm" => {
            let words = options(args, &["pathspec-from-file"]);
            if !words.has(&["cached", "n", "dry-run"]) {
                paths(walker, &words.operands);
            }
        }
        "mv" => {
            let mut words = options(args, &[]);
            if !words.has(&["n", "dry-run"]) {
                let target = words.operands.pop().unwrap_or_default();
                write_all(walker, &words.operands, Reach::Tree);
                super::files::copied(walker, &words.operands, &target);
            }
        }
        "clean" => clean(walker, args),
        "stash" => match args.first().map(Text::head) {
            None | Some("push" | "save") => {
                let words =
                    options(args.get(1..).unwrap_or_default(), &["m", "message", "pathspec-from-file"]);
                if words.has(&["a", "all"]) {
                    write_all(walker, [&Text::known(".")], Reach::Tree);
                } else if args[0..args.len().min(1)].iter().any(|arg| arg.head() == "push") {
                    paths(walker, &words.operands);
                }
            }
            Some(flags) if flags.starts_with('-') && all.has(&["a", "all"]) => {
                walker.write(&Text::known("."), Reach::Tree);
            }
            _ => {}
        },
        "apply" | "am" => {
            let words = options(
                args,
                &["directory", "p", "C", "exclude", "include", "whitespace", "build-fake-ancestor"],
            );
            if words.has(&["check", "stat", "numstat", "summary", "cached"]) {
                return Text::gap();
            }
            let folder = words.value(&["directory"]).unwrap_or_else(|| Text::known("."));
            walker.write(&folder, Reach::File);
            if let Some(text) = input.filter(|_| words.operands.iter().all(|name| name.head() == "-")) {
                let strip = words.value(&["p"]).and_then(|n| n.as_known()?.parse().ok()).unwrap_or(1);
                for target in diff::targets(&text.gapped(), Patch::Unified { strip: Some(strip) }) {
                    walker.write(&within(&folder, &Text::known(&target)), Reach::File);
                }
            }
        }
        "clone" => {
            let valued = [
                "b",
                "branch",
                "depth",
                "o",
                "origin",
                "c",
                "config",
                "filter",
                "j",
                "jobs",
                "reference",
                "u",
                "template",
                "separate-git-dir",
                "shallow-since",
                "upload-pack",
            ];
            let words = options(args, &valued);
            match (words.operands.get(1), words.operands.first().and_then(base)) {
                (Some(target), _) => walker.write(target, Reach::File),
                (None, Some(name)) => {
                    let name = name.filled();
                    let name = name.rsplit(':').next().unwrap_or_default();
                    walker.write(&Text::known(name.trim_end_matches(".git")), Reach::File);
                }
                _ => {}
            }
        }
        "init" => {
            let words =
                options(args, &["b", "initial-branch", "template", "separate-git-dir", "object-format"]);
            let here = Text::known(".");
            walker.write(words.operands.first().unwrap_or(&here), Reach::File);
        }
        "worktree" => {
            let words = options(args.get(1..).unwrap_or_default(), &["b", "B", "reason"]);
            match args.first().map(Text::head) {
                Some("add") => write_all(walker, words.operands.first(), Reach::File),
                Some("remove") => write_all(walker, words.operands.first(), Reach::Tree),
                Some("move") => {
                    write_all(walker, words.operands.first(), Reach::Tree);
                    write_all(walker, words.operands.get(1), Reach::File);
                }
                _ => {}
            }
        }
        "submodule" => {
            let words = options(
                args.get(1..).unwrap_or_default(),
                &["b", "branch", "name", "depth", "reference", "jobs"],
            );
            match args.first().map(Text::head) {
                Some("add") => write_all(walker, words.operands.get(1), Reach::File),
                Some("update" | "deinit") => paths(walker, &words.operands),
                Some("foreach") => {
                    for script in &words.operands {
                        walker.script(script);
                    }
                }
                _ => {}
            }
        }
        "archive" | "format-patch" | "bundle" => {
            write_all(walker, &all.values(&["o", "output", "output-directory"]), Reach::File);
            if command == "bundle" {
                write_all(walker, args.get(1), Reach::File);
            }
        }
        "config" => {
            let words = options(args, &["f", "file", "blob"]);
            write_all(walker, &words.values(&["f", "file"]), Reach::File);
            let sets = words.operands.len() > 1 || words.has(&["unset", "unset-all", "e", "edit"]);
            let reads = words.has(&["get", "get-all", "l", "list"]);
            if sets && !reads && words.operands.iter().any(|word| is_hooks_path(word.head())) {
                hooks(walker);
            }
        }
        "subtree" if matches!(args.first().map(Text::head), Some("split" | "push")) => {}
        "subtree" | "read-tree" | "checkout-index" => {
            write_all(walker, &options(args, &["P", "prefix"]).values(&["P", "prefix"]), Reach::File);
            if command == "checkout-index" {
                paths(walker, &options(args, &["prefix"]).operands);
            }
        }
        "rebase" => {
            for script in options(args, &["x", "exec", "onto", "s", "X"]).values(&["x", "exec"]) {
                walker.script(&script);
            }
        }
        "bisect" if args.first().is_some_and(|word| word.head() == "run") => {
            walker.call(&args[1..], None);
        }
        "filter-branch" => {
            for script in options(args, &["tree-filter", "index-filter", "msg-filter", "env-filter", "d"])
                .values(&["tree-filter", "index-filter"])
            {
                walker.script(&script);
            }
        }
        _ => {}
    }
    Text::gap()
}

fn is_hooks_path(name: &str) -> bool {
    name.eq_ignore_ascii_case("core.hooksPath")
}

/// Other hooks take the place of those that are there: as if these were changed.
fn hooks(walker: &mut Walker<'_>) {
    for folder in walker.state.folders.clone().into_iter().flatten() {
        let hook = top(walker, &folder).unwrap_or(folder).join(".git/hooks/pre-commit");
        walker.write(&Text::known(&hook.to_string_lossy()), Reach::File);
    }
}

/// Paths that a command puts back, moves or removes. A folder is meant with all below.
fn paths(walker: &mut Walker<'_>, paths: &[Text]) {
    let excluded: Vec<&str> = paths.iter().filter_map(|path| left_out(path.as_known()?)).collect();
    for path in paths {
        match path.as_known() {
            Some(known) if left_out(known).is_some() => {}
            // All but some: what lies there, one by one.
            Some(known) if !excluded.is_empty() && Path::new(known).is_relative() => {
                let names = walker.names_below(path);
                let is_in = |name: &str| excluded.iter().any(|out| clean_path(out) == clean_path(name));
                let below = names.iter().skip(1).filter(|name| !is_in(name));
                below.for_each(|name| walker.write(&Text::known(name), Reach::Tree));
            }
            // `:/docs` and `:(top)docs` start at the top.
            Some(known) if known.starts_with([':', '!']) => {
                let bare = known.trim_start_matches([':', '/']);
                let bare = bare.split_once(')').map_or(bare, |(_, path)| path);
                walker.write(&Text::known(if bare.is_empty() { "." } else { bare }), Reach::Tree);
            }
            // It expands patterns by itself, over everything below.
            Some(known) if crate::guard::shell::globs::is_pattern(known) => {
                let start = known.find(['*', '?', '[']).unwrap_or_default();
                let folder = known[..start].rfind('/').map_or(".", |end| &known[..end]);
                let args = [Text::known(folder), Text::known("-path"), Text::known(&starred(known))];
                let found = super::find::run(walker, &Call { name: "find", args: &args, input: None });
                found.lines().iter().for_each(|path| walker.write(path, Reach::File));
            }
            _ => walker.write(path, Reach::Tree),
        }
    }
}

/// What a pathspec leaves out: `:!docs`, `:^docs`, `:(exclude)docs`, also from the top.
fn left_out(spec: &str) -> Option<&str> {
    let spec = spec.strip_prefix(':')?;
    if let Some((magic, path)) = spec.strip_prefix('(').and_then(|spec| spec.split_once(')')) {
        return magic.split(',').any(|word| word == "exclude").then_some(path);
    }
    let path = spec.trim_start_matches(['!', '^', '/']);
    spec[..spec.len() - path.len()].contains(['!', '^']).then_some(path)
}

fn clean_path(path: &str) -> &str {
    path.trim_start_matches("./").trim_end_matches('/')
}

/// A pathspec as `find -path` has it: it starts where the search does.
fn starred(pathspec: &str) -> String {
    match pathspec.starts_with(['*', '?', '[']) {
        true => format!("*{pathspec}"),
        false => pathspec.to_owned(),
    }
}

/// The repository itself changes: that counts where it lies in a protected tree.
fn repository(walker: &mut Walker<'_>) {
    for folder in walker.state.folders.clone().into_iter().flatten() {
        let top = top(walker, &folder).unwrap_or(folder);
        walker.write(&Text::known(&top.to_string_lossy()), Reach::File);
    }
}

/// The top of the working tree around `folder`.
fn top(walker: &Walker<'_>, folder: &Path) -> Option<PathBuf> {
    let has_git = |above: &&Path| walker.view.identity(&above.join(".git")).is_some();
    folder.ancestors().find(has_git).map(Path::to_owned)
}

fn checkout(walker: &mut Walker<'_>, args: &[Text]) {
    let dashes = args.iter().position(|arg| arg.as_known() == Some("--"));
    if let Some(dashes) = dashes {
        return paths(walker, &args[dashes + 1..]);
    }
    let words = options(args, &["b", "B", "orphan", "conflict", "pathspec-from-file"]);
    if words.has(&["b", "B", "orphan", "t", "track", "detach", "d"]) {
        return;
    }
    let mut named = Vec::new();
    for (i, word) in words.operands.iter().enumerate() {
        // The first may be a branch as well as a path.
        let known = word.filled();
        let last = known.rsplit('/').next().unwrap_or_default();
        let folder = walker.state.folders.first().cloned().flatten();
        let is_path = i > 0
            || known.starts_with('.')
            || last
                .rfind('.')
                .is_some_and(|dot| dot > 0 && last[dot + 1..].chars().all(|c| c.is_ascii_alphabetic()))
            || folder.is_some_and(|folder| walker.exists(&folder.join(&known)));
        if is_path {
            named.push(word.clone());
        }
    }
    paths(walker, &named);
}

fn clean(walker: &mut Walker<'_>, args: &[Text]) {
    let words = options(args, &["e", "exclude"]);
    if !words.has(&["f", "force"]) || words.has(&["n", "dry-run"]) {
        return;
    }
    if !words.operands.is_empty() {
        return paths(walker, &words.operands);
    }
    if !words.has(&["x", "X"]) {
        // Untracked files only; the mirror is excluded, docs are tracked.
        return walker.write(&Text::known("."), Reach::File);
    }
    let kept = words.values(&["e", "exclude"]);
    if kept.is_empty() {
        return walker.write(&Text::known("."), Reach::Tree);
    }
    let mut names = walker.names_below(&Text::known("."));
    names.retain(|name| !kept.iter().any(|kept| kept.filled().trim_matches(['/', '!', '*']) == name));
    walker.doubt_here("what git ignores, but for some names", &names);
}

/// What a reading command prints, where that is paths.
fn listed(walker: &mut Walker<'_>, command: &str, args: &[Text]) -> Text {
    match command {
        "rev-parse" if args.iter().any(|arg| arg.head() == "--show-toplevel") => {
            let folder = walker.state.folders.first().cloned().flatten();
            match folder.and_then(|folder| top(walker, &folder)) {
                Some(top) => Text::known(&top.to_string_lossy()),
                None => Text::gap(),
            }
        }
        "rev-parse" | "describe" | "rev-list" | "merge-base"
            if !args.iter().any(|a| a.head() == "--show-cdup") =>
        {
            Text::known("0\n")
        }
        "ls-files" | "diff" | "grep" | "diff-tree" | "ls-tree" | "show" | "status" => {
            let words = options(args, &["e", "x", "X", "exclude"]);
            let specs: Vec<Text> = match args.iter().position(|arg| arg.as_known() == Some("--")) {
                Some(dashes) => args[dashes + 1..].to_vec(),
                None if command == "ls-files" => words.operands,
                None if command == "grep" => words.operands.get(1..).unwrap_or_default().to_vec(),
                None => Vec::new(),
            };
            let mut names = Vec::new();
            for spec in &specs {
                let known = spec.filled();
                if crate::guard::shell::globs::is_pattern(&known) {
                    let args = [Text::known("."), Text::known("-path"), Text::known(&format!("*{known}"))];
                    let found = super::find::run(walker, &Call { name: "find", args: &args, input: None });
                    names.extend(found.lines().iter().flat_map(Text::names));
                } else if !known.starts_with(':') {
                    names.push(known);
                }
            }
            if specs.is_empty() {
                // Ignored files are not among them: the mirror is one.
                names = walker.names_below(&Text::known("."));
                names.retain(|name| !name.starts_with('.') || name == ".");
            }
            Text::naming(names)
        }
        _ => Text::gap(),
    }
}
