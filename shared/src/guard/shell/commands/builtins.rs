//! Commands of the shell itself.

use std::path::Path;

use super::options;
use crate::guard::shell::emit::lexical;
use crate::guard::shell::state::{Folders, Variable, bounded};
use crate::guard::shell::text::{Text, fragments};
use crate::guard::shell::walk::{Call, Walker};

/// Runs a builtin; `None` when it is none.
pub(super) fn run(walker: &mut Walker<'_>, call: &Call<'_>) -> Option<Text> {
    match call.name {
        "cd" | "chdir" => {
            let words = options(call.args, &[]);
            let to = match words.operands.first() {
                Some(to) if to.as_known() == Some("-") => walker.state.before.clone(),
                Some(to) => folders(walker, to),
                None => home(walker),
            };
            enter(walker, to);
        }
        "pushd" => {
            let before = walker.state.folders.clone();
            match options(call.args, &[]).operands.first() {
                Some(to) if !to.head().starts_with('+') => {
                    let to = folders(walker, to);
                    walker.state.stack.push(before);
                    enter(walker, to);
                }
                _ => {
                    let to = walker.state.stack.pop().unwrap_or_else(|| vec![None]);
                    walker.state.stack.push(before);
                    enter(walker, to);
                }
            }
        }
        "popd" => {
            if let Some(to) = walker.state.stack.pop() {
                enter(walker, to);
            }
        }
        "export" | "declare" | "typeset" | "local" | "readonly" => {
            for arg in call.args {
                let text = arg.head();
                if let Some(end) = text.find('=').filter(|_| !text.starts_with('-')) {
                    walker.state.set(&text[..end], arg.after(end + 1));
                }
            }
        }
        "unset" => {
            for name in call.args.iter().filter_map(Text::as_known) {
                walker.state.variables.remove(name);
                walker.state.functions.remove(name);
            }
        }
        "read" | "mapfile" | "readarray" => read(walker, call),
        "set" => {
            if let Some(dashes) = call.args.iter().position(|arg| arg.as_known() == Some("--")) {
                walker.state.arguments = Some(call.args[dashes + 1..].to_vec());
            }
        }
        "shift" => {
            let by = call.args.first().and_then(|n| n.as_known()?.parse().ok()).unwrap_or(1);
            if let Some(arguments) = &mut walker.state.arguments {
                arguments.drain(..arguments.len().min(by));
            }
        }
        "eval" => {
            let mut script = Text::default();
            for arg in call.args {
                script.append(arg);
                script.push(" ");
            }
            return Some(scripted(walker, &script));
        }
        "source" | "." => match call.args.first().map(Text::head) {
            Some("/dev/fd/63") => {
                let script = walker.substitution.take().unwrap_or_else(Text::gap);
                return Some(sourced(walker, &script));
            }
            Some("/dev/stdin" | "-") => {
                let script = call.input.cloned().unwrap_or_else(Text::gap);
                return Some(sourced(walker, &script));
            }
            _ => {}
        },
        "trap" => {
            if let Some(script) = options(call.args, &[]).operands.first() {
                walker.apart(|walker| walker.script(script));
            }
        }
        "alias" => {
            for arg in call.args {
                let text = arg.head();
                if let Some(end) = text.find('=') {
                    walker.state.aliases.insert(text[..end].to_owned(), arg.after(end + 1));
                }
            }
        }
        "shopt" | "setopt" => {
            let names = ["dotglob", "globdots", "glob_dots", "GLOB_DOTS"];
            if call.args.iter().any(|arg| names.contains(&arg.head())) {
                walker.state.dot_files = call.args.first().is_none_or(|flag| flag.head() != "-u");
            }
        }
        // With more words than one they are refused, as is a `return` from nowhere.
        "exit" if call.args.len() < 2 => walker.state.over = true,
        "return" if call.args.len() < 2 && walker.functions > 0 => walker.state.over = true,
        "exit" | "return" | "logout" => {}
        ":" | "let" | "getopts" | "hash" | "ulimit" | "umask" | "wait" | "jobs" | "disown" | "bg" | "fg"
        | "break" | "continue" | "unalias" | "unsetopt" | "enable" | "dirs" | "times" | "history"
        | "complete" | "bind" => {}
        _ => return None,
    }
    Some(Text::default())
}

/// A script that came together from words: what is unknown in it may be more than a word.
pub(super) fn scripted(walker: &mut Walker<'_>, script: &Text) -> Text {
    if script.as_known().is_none() && script.words().first().is_some_and(|word| word.as_known().is_none()) {
        let names = fragments(&script.gapped());
        walker.doubt_here("a script that is not known", &names);
        return Text::gap();
    }
    walker.script(script)
}

fn sourced(walker: &mut Walker<'_>, script: &Text) -> Text {
    let output = scripted(walker, script);
    // A `return` ends that script alone.
    walker.state.over = false;
    output
}

fn enter(walker: &mut Walker<'_>, mut to: Folders) {
    to.dedup();
    walker.lost |= to.iter().flatten().any(|folder| !is_there(walker, folder));
    if to.is_empty() {
        to.push(None);
    }
    walker.state.before = std::mem::replace(&mut walker.state.folders, to);
}

/// Whether a folder exists, or was made by the script.
fn is_there(walker: &Walker<'_>, folder: &Path) -> bool {
    let made = |path: &Path| path.starts_with(folder) || folder.starts_with(path);
    walker.view.identity(folder).is_some()
        || walker.made.iter().any(|path| made(path))
        || walker.writes.iter().take(256).any(|write| made(&lexical(&write.path)))
}

pub(super) fn home(walker: &mut Walker<'_>) -> Folders {
    let values = walker.variable("HOME").unwrap_or_default();
    values.iter().flat_map(|home| folders(walker, home)).collect()
}

/// Where `cd to` leads.
pub(super) fn folders(walker: &mut Walker<'_>, to: &Text) -> Folders {
    let to = match to.as_known() {
        Some(known) => known.to_owned(),
        // Below a known folder it is somewhere below.
        None if to.head().contains('/') => {
            let filled = to.filled();
            for folder in walker.state.folders.clone().into_iter().flatten() {
                walker.made.push(lexical(&folder.join(&filled)));
            }
            filled
        }
        None => return vec![None],
    };
    let from = walker.state.folders.iter();
    from.map(|folder| match folder {
        Some(folder) => Some(lexical(&folder.join(&to))),
        None => to.starts_with('/').then(|| lexical(to.as_ref())),
    })
    .collect()
}

fn read(walker: &mut Walker<'_>, call: &Call<'_>) {
    let lists = call.name != "read";
    let valued: &[&str] = match lists {
        true => &["d", "n", "O", "s", "u", "C", "c"],
        false => &["d", "n", "N", "p", "t", "u", "i", "a"],
    };
    let words = options(call.args, valued);
    let mut names: Vec<Text> = words.operands.clone();
    names.extend(words.values(&["a"]).into_iter().filter(|_| !lists));
    if names.is_empty() {
        names.push(Text::known(if lists { "MAPFILE" } else { "REPLY" }));
    }
    let input = match &walker.substitution {
        // `done < <(…)`, `read x < <(…)`.
        Some(output) if call.input.is_some_and(|input| input.as_known().is_none()) => output.clone(),
        _ => call.input.cloned().unwrap_or_else(Text::gap),
    };
    let values = match (names.len(), lists) {
        (1, _) => input.lines(),
        _ => match walker.variable("IFS").and_then(|ifs| ifs.first()?.as_known().map(str::to_owned)) {
            Some(ifs) if !ifs.is_empty() => input.split(|c| c.is_whitespace() || ifs.contains(c)),
            _ => input.words(),
        },
    };
    for name in names.iter().filter_map(Text::as_known) {
        let value = match lists || words.has(&["a"]) {
            true => Variable::List(values.iter().take(4096).cloned().collect()),
            false if values.is_empty() => Variable::One(vec![Text::gap()]),
            false => Variable::One(bounded(values.clone())),
        };
        walker.state.variables.insert(name.to_owned(), value);
    }
}
