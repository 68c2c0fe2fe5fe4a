//! Editors and patches.

use super::{options, within, write_all};
use crate::guard::shell::Reach;
use crate::guard::shell::diff::{self, Patch};
use crate::guard::shell::text::Text;
use crate::guard::shell::walk::{Call, Walker};

pub(super) fn run(walker: &mut Walker<'_>, call: &Call<'_>) -> Text {
    match call.name {
        "patch" => return patch(walker, call),
        "apply_patch" | "applypatch" => {
            let text = call.args.first().or(call.input).map(Text::gapped).unwrap_or_default();
            for target in diff::targets(&text, Patch::Envelope) {
                walker.write(&Text::known(&target), Reach::File);
            }
        }
        _ => {
            let words =
                options(call.args, &["c", "cmd", "S", "u", "w", "p", "T", "eval", "load", "l", "f", "i"]);
            if !words.has(&["R", "version", "help"]) && call.name != "view" {
                write_all(
                    walker,
                    words.operands.iter().filter(|word| !word.head().starts_with('+')),
                    Reach::File,
                );
            }
            // An editor's own commands can write anywhere.
            let mut commands = words.values(&["c", "cmd", "eval"]);
            commands.extend(call.input.cloned());
            commands.extend(words.operands.iter().filter(|word| word.head().starts_with('+')).cloned());
            for line in commands.iter().flat_map(Text::lines) {
                let text = line.gapped();
                let command = text.trim_start_matches(['+', ':', '%', ' ']);
                if let Some(target) = ["w! ", "w ", "wq ", "write ", "saveas ", "W "]
                    .iter()
                    .find_map(|start| command.strip_prefix(start))
                {
                    walker.write(&Text::known(target.trim()), Reach::File);
                } else if let Some(script) = command.strip_prefix('!') {
                    walker.apart(|walker| walker.script(&Text::known(script)));
                }
            }
        }
    }
    Text::gap()
}

fn patch(walker: &mut Walker<'_>, call: &Call<'_>) -> Text {
    let words = options(
        call.args,
        &[
            "p",
            "strip",
            "d",
            "directory",
            "i",
            "input",
            "o",
            "output",
            "r",
            "reject-file",
            "F",
            "B",
            "b",
            "z",
            "D",
            "g",
        ],
    );
    if words.has(&["dry-run", "C", "check"]) {
        return Text::gap();
    }
    let folder = words.value(&["d", "directory"]).unwrap_or_else(|| Text::known("."));
    walker.write(&folder, Reach::File);
    write_all(walker, &words.values(&["o", "output", "r", "reject-file"]), Reach::File);
    write_all(walker, words.operands.first().map(|name| within(&folder, name)).as_ref(), Reach::File);
    if let Some(text) = call.input.filter(|_| !words.has(&["i", "input"])) {
        let strip = words.value(&["p", "strip"]).and_then(|n| n.as_known()?.parse().ok());
        for target in diff::targets(&text.gapped(), Patch::Unified { strip }) {
            walker.write(&within(&folder, &Text::known(&target)), Reach::File);
        }
    }
    Text::gap()
}
