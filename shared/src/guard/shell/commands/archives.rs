//! Archives: what is packed and where it is unpacked to.

use super::options::Options;
use super::{options, within, write_all};
use crate::guard::shell::Reach;
use crate::guard::shell::text::Text;
use crate::guard::shell::walk::{Call, Walker};

pub(super) fn run(walker: &mut Walker<'_>, call: &Call<'_>) -> Text {
    match call.name {
        "tar" | "gtar" | "bsdtar" => return tar(walker, call),
        "unzip" | "unrar" => {
            let words = options(call.args, &["d", "P", "x"]);
            if !words.has(&["l", "t", "p", "c", "Z", "z", "v"]) {
                unpacked(walker, words.value(&["d"]), words.operands.get(1..).unwrap_or_default());
            }
        }
        "zip" => {
            let words = options(call.args, &["b", "i", "x", "t", "n", "P"]);
            write_all(
                walker,
                words.operands.first().filter(|name| name.as_known() != Some("-")),
                Reach::File,
            );
            if words.has(&["m", "move"]) {
                write_all(walker, words.operands.iter().skip(1), Reach::Tree);
            }
        }
        "7z" | "7za" | "7zz" => return seven(walker, call),
        "cpio" => {
            let words = options(call.args, &["D", "directory", "F", "file", "H", "E"]);
            if words.has(&["i", "extract", "p", "pass-through"]) && !words.has(&["t", "list"]) {
                let folder = words.value(&["D", "directory"]).or_else(|| words.operands.first().cloned());
                unpacked(walker, folder, &[]);
            }
        }
        "jar" => {
            let mode = call.args.first().map(Text::head).unwrap_or_default();
            if mode.contains('x') {
                unpacked(walker, None, &[]);
            } else if mode.contains(['c', 'u']) {
                write_all(walker, call.args.get(1), Reach::File);
            }
        }
        _ => {
            let words = options(call.args, &["S", "suffix", "o", "T", "D"]);
            write_all(walker, &words.values(&["o"]), Reach::File);
            if !words.has(&["c", "stdout", "to-stdout", "l", "list", "t", "test"]) {
                write_all(walker, &words.operands, Reach::File);
            }
        }
    }
    Text::gap()
}

/// Something unpacked into `folder`: `members` of it, or who knows what.
fn unpacked(walker: &mut Walker<'_>, folder: Option<Text>, members: &[Text]) {
    let folder = folder.unwrap_or_else(|| Text::known("."));
    walker.write(&folder, Reach::File);
    for member in members {
        walker.write(&within(&folder, member), Reach::Tree);
    }
    if members.is_empty() {
        let names = walker.names_below(&folder);
        walker.doubt_here("an archive whose content is not known", &names);
    }
}

fn tar(walker: &mut Walker<'_>, call: &Call<'_>) -> Text {
    // The first word may be options without a dash.
    let mut args = call.args.to_vec();
    if let Some(first) = args.first_mut().filter(|first| !first.head().starts_with('-')) {
        let mut dashed = Text::known("-");
        dashed.append(first);
        *first = dashed;
    }
    // `xfC a.tar dir` takes its values in order.
    if let Some(first) = args.first().and_then(|first| first.as_known().map(str::to_owned))
        && !first.starts_with("--")
        && first.chars().filter(|c| "fCbTX".contains(*c)).count() > 0
        && !call.args.first().is_some_and(|first| first.head().starts_with('-'))
    {
        args.remove(0);
        let mut split = Vec::new();
        for c in first.chars().skip(1) {
            split.push(Text::known(&format!("-{c}")));
            if "fCbTX".contains(c) && !args.is_empty() {
                split.push(args.remove(0));
            }
        }
        split.append(&mut args);
        args = split;
    }
    let words: Options = options(
        &args,
        &[
            "f",
            "file",
            "C",
            "directory",
            "cd",
            "T",
            "files-from",
            "X",
            "exclude-from",
            "b",
            "exclude",
            "I",
            "strip-components",
            "transform",
            "s",
            "g",
            "use-compress-program",
        ],
    );
    let folder = words.value(&["C", "directory", "cd"]);
    if words.has(&["t", "list"]) && !words.has(&["x"]) {
    } else if words.has(&["x", "extract", "get"]) {
        if !words.has(&["O", "to-stdout"]) {
            unpacked(walker, folder, &words.operands);
        }
    } else if words.has(&["c", "create", "r", "append", "u", "update", "A", "delete"]) {
        let targets = words.values(&["f", "file"]);
        write_all(walker, targets.iter().filter(|target| target.as_known() != Some("-")), Reach::File);
        if words.has(&["remove-files"]) {
            write_all(walker, &words.operands, Reach::Tree);
        }
    }
    Text::gap()
}

fn seven(walker: &mut Walker<'_>, call: &Call<'_>) -> Text {
    let Some((command, rest)) = call.args.split_first() else { return Text::gap() };
    let words = options(rest, &["o", "p"]);
    match command.head() {
        "x" | "e" => unpacked(walker, words.value(&["o"]), words.operands.get(1..).unwrap_or_default()),
        "a" | "d" | "u" | "rn" => write_all(walker, words.operands.first(), Reach::File),
        _ => {}
    }
    Text::gap()
}
