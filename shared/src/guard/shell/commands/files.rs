//! Programs that change files one by one.

use super::{Options, base, options, within, write_all};
use crate::guard::shell::Reach;
use crate::guard::shell::text::Text;
use crate::guard::shell::walk::{Call, Walker};

pub(super) fn run(walker: &mut Walker<'_>, call: &Call<'_>) -> Text {
    match call.name.strip_prefix('g').unwrap_or(call.name) {
        "cp" | "mv" | "ln" | "install" | "ditto" => return transfer(walker, call),
        "rm" | "srm" | "trash" | "trash-put" => {
            let words = options(call.args, &[]);
            let recursive = words.has(&["r", "R", "recursive"]) || call.name.starts_with("trash");
            write_all(walker, &words.operands, if recursive { Reach::Tree } else { Reach::File });
        }
        "chmod" | "chown" | "chgrp" | "chattr" | "setfacl" | "setfattr" | "xattr" | "chflags" => {
            return mode(walker, call);
        }
        "dd" => {
            for arg in call.args {
                if arg.head().starts_with("of=") {
                    walker.write(&arg.after(3), Reach::File);
                }
            }
        }
        "split" | "uniq" => {
            let valued = ["a", "b", "C", "l", "n", "bytes", "lines", "number", "f", "s", "w", "filter"];
            write_all(walker, options(call.args, &valued).operands.get(1), Reach::File);
        }
        "csplit" => {
            let words = options(call.args, &["f", "prefix", "b", "n"]);
            let prefix = words.value(&["f", "prefix"]).unwrap_or_else(|| Text::known("xx00"));
            walker.write(&prefix, Reach::File);
        }
        "sort" | "shuf" => {
            let valued =
                ["o", "output", "k", "key", "t", "T", "S", "n", "head-count", "i", "field-separator"];
            let words = options(call.args, &valued);
            write_all(walker, &words.values(&["o", "output"]), Reach::File);
            return super::output::passed(call, &words.operands);
        }
        "rename" | "prename" | "mmv" => {
            let words = options(call.args, &["e"]);
            if !words.has(&["n", "no-act", "dry-run"]) {
                let skip = usize::from(!words.has(&["e"]));
                write_all(walker, words.operands.iter().skip(skip), Reach::File);
            }
        }
        "mktemp" => return mktemp(walker, call),
        "sponge" | "dos2unix" | "unix2dos" | "touch" | "mkdir" | "truncate" | "shred" | "rmdir"
        | "unlink" | "mkfifo" | "mknod" | "fallocate" | "logrotate" => {
            let valued = [
                "m",
                "mode",
                "s",
                "size",
                "n",
                "iterations",
                "t",
                "d",
                "date",
                "r",
                "reference",
                "l",
                "length",
                "o",
                "offset",
            ];
            let mut words = options(call.args, &valued);
            if call.name == "mknod" {
                words.operands.truncate(1);
            }
            write_all(walker, &words.operands, Reach::File);
        }
        _ => {}
    }
    Text::default()
}

const FOLDER: [&str; 2] = ["t", "target-directory"];

fn transfer(walker: &mut Walker<'_>, call: &Call<'_>) -> Text {
    let valued: &[&str] = match call.name {
        "install" | "ginstall" => {
            &["t", "target-directory", "m", "mode", "o", "owner", "g", "group", "S", "suffix"]
        }
        _ => &["t", "target-directory", "S", "suffix"],
    };
    let mut words = options(call.args, valued);
    if call.name.ends_with("install") && words.has(&["d", "directory"]) {
        write_all(walker, &words.operands, Reach::File);
        return Text::default();
    }
    let moves = call.name.ends_with("mv");
    let links = call.name.ends_with("ln");
    let target = match words.value(&FOLDER) {
        Some(folder) => folder,
        None if links && words.operands.len() == 1 => Text::known("."),
        None if words.operands.len() < 2 => return Text::default(),
        None => words.operands.pop().unwrap_or_default(),
    };
    if moves {
        write_all(walker, &words.operands, Reach::Tree);
    }
    if links && !words.has(&["s", "symbolic"]) {
        // One file under two names: whoever writes to the new one writes to the old.
        write_all(walker, &words.operands, Reach::File);
    }
    copied(walker, &words.operands, &target);
    if links
        && words.has(&["s", "symbolic"])
        && let [source] = &words.operands[..]
    {
        walker.link(&target, source);
        if let Some(name) = base(source) {
            walker.link(&within(&target, &name), source);
        }
    }
    Text::default()
}

/// `sources` put to `target`, or into it when it is a folder.
pub(super) fn copied(walker: &mut Walker<'_>, sources: &[Text], target: &Text) {
    walker.write(target, Reach::File);
    for source in sources {
        let known = source.as_known().unwrap_or_default();
        if known == "." || known.ends_with("/.") || known.ends_with("..") {
            contents(walker, source, target);
        } else if let Some(name) = base(source).filter(|name| !name.is_empty()) {
            // An unknown name below a known folder is below that folder.
            walker.write(&within(target, &name), Reach::File);
        }
    }
}

/// Everything in the folder `source` put into `target`.
pub(super) fn contents(walker: &mut Walker<'_>, source: &Text, target: &Text) {
    let Some(source) = source.as_known() else { return };
    for folder in walker.state.folders.clone().into_iter().flatten() {
        for name in walker.names_in(&folder.join(source)).unwrap_or_default() {
            walker.write(&within(target, &Text::known(&name)), Reach::File);
        }
    }
}

/// `chmod` and its like: who or how comes first, unless an option says it.
fn mode(walker: &mut Walker<'_>, call: &Call<'_>) -> Text {
    let takes_mode = |arg: &&Text| {
        let head = arg.head();
        head.len() > 1
            && head.starts_with(['-', '+', '='])
            && head[1..].chars().all(|c| "rwxXstugoaie=,+-".contains(c))
    };
    let dashed = matches!(call.name, "chmod" | "chattr") && call.args.iter().any(|arg| takes_mode(&arg));
    let args: Vec<Text> = call.args.iter().filter(|arg| !(dashed && takes_mode(arg))).cloned().collect();
    let valued = ["reference", "m", "modify", "x", "remove", "M", "X", "n", "v", "name", "value", "set-file"];
    let valued: &[&str] = if call.name.starts_with("set") { &valued } else { &valued[..1] };
    let words = options(&args, valued);
    let stated = dashed || words.has(&["reference"]) || call.name.starts_with("set");
    let reach = match words.has(&["R", "recursive", "r"]) {
        true => Reach::Tree,
        false => Reach::File,
    };
    write_all(walker, words.operands.iter().skip(usize::from(!stated)), reach);
    Text::default()
}

fn mktemp(walker: &mut Walker<'_>, call: &Call<'_>) -> Text {
    let words: Options = options(call.args, &["p", "tmpdir", "suffix"]);
    let folder = words.value(&["p", "tmpdir"]);
    let name = words.operands.first().cloned();
    let path = match (folder, name) {
        (Some(folder), name) => within(&folder, &name.unwrap_or_else(|| Text::known("tmp.0"))),
        (None, Some(name)) if !words.has(&["t", "tmpdir"]) => name,
        _ => {
            walker.made.push("/tmp/tmp.0".into());
            return Text::known("/tmp/tmp.0\n");
        }
    };
    walker.write(&path, Reach::File);
    let mut output = path;
    output.push("\n");
    output
}
