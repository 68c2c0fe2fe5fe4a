//! Commands that write no file and whose output is known.

use super::{base, options};
use crate::guard::shell::emit::lexical;
use crate::guard::shell::globs;
use crate::guard::shell::quotes::ansi;
use crate::guard::shell::text::{Part, Text};
use crate::guard::shell::walk::{Call, SUBSTITUTED, Walker};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The output of a command that is only good for its output; `None` for all others.
pub(super) fn run(walker: &mut Walker<'_>, call: &Call<'_>) -> Option<Text> {
    let all = call.args;
    Some(match call.name {
        "echo" => echo(all),
        "printf" => printf(walker, all),
        "cat" | "head" | "tail" | "uniq" | "tac" | "nl" | "column" | "less" | "more" => {
            let words = options(all, &["n", "c", "lines", "bytes"]);
            if let [file] = &words.operands[..]
                && file.as_known() == Some(SUBSTITUTED)
            {
                return Some(walker.substitution.take().unwrap_or_else(Text::gap));
            }
            passed(call, &words.operands)
        }
        "tee" => {
            let words = options(all, &[]);
            super::write_all(walker, &words.operands, crate::guard::shell::Reach::File);
            passed(call, &[])
        }
        "grep" | "egrep" | "fgrep" | "rg" | "ag" | "ack" => grep(walker, call),
        "ls" | "tree" if call.name == "ls" || !all.iter().any(|arg| arg.head() == "-o") => ls(walker, call),
        "compgen" => Text::naming(walker.names_below(&Text::known("."))),
        "pwd" => line(walker.variable("PWD")?.into_iter().next()?),
        "dirname" => {
            let path = options(all, &["z"]).operands.first()?.clone();
            let known = path.gapped();
            let trimmed = known.trim_end_matches('/');
            line(Text::known(match trimmed.rfind('/') {
                None if path.as_known().is_none() => return Some(Text::naming(path.names())),
                Some(0) => "/",
                Some(end) => &trimmed[..end],
                None => ".",
            }))
        }
        "basename" => {
            let words = options(all, &["s", "suffix"]);
            let mut name = base(words.operands.first()?)?;
            let suffix = words.value(&["s", "suffix"]).or_else(|| words.operands.get(1).cloned());
            if let (Some(known), Some(suffix)) = (name.as_known(), suffix.as_ref().and_then(Text::as_known)) {
                name = Text::known(known.strip_suffix(suffix).unwrap_or(known));
            }
            line(name)
        }
        "realpath" | "readlink" | "abspath" => {
            let words = options(all, &["relative-to", "relative-base"]);
            if words.has(&["relative-to", "relative-base"]) {
                return Some(Text::gap());
            }
            let path = words.operands.first()?;
            match (path.as_known(), &walker.state.folders[..]) {
                (Some(known), [Some(folder)]) => {
                    line(Text::known(&lexical(&folder.join(known)).to_string_lossy()))
                }
                _ => line(path.clone()),
            }
        }
        "base64" => {
            let decodes = all.iter().any(|arg| matches!(arg.head(), "-d" | "-D" | "--decode" | "-di"));
            let input = call.input.and_then(Text::as_known).filter(|_| decodes);
            let packed: String = input?.split_whitespace().collect();
            let bytes = STANDARD.decode(packed).ok();
            bytes
                .and_then(|bytes| String::from_utf8(bytes).ok())
                .map_or_else(Text::gap, |text| Text::known(&text))
        }
        // What these say is never a path.
        "date" | "nproc" | "wc" | "uuidgen" | "whoami" | "hostname" | "uname" | "id" | "seq" | "arch"
        | "expr" | "sleep" | "kill" | "true" | "false" | "test" | "[" | "which" | "type" => match call.name {
            "which" | "type" => Text::gap(),
            "true" | "false" | "test" | "[" | "sleep" | "kill" => Text::default(),
            _ => Text::known("0\n"),
        },
        _ => return None,
    })
}

fn line(mut text: Text) -> Text {
    text.push("\n");
    text
}

/// Standard input passed on, unless files are named.
pub(super) fn passed(call: &Call<'_>, files: &[Text]) -> Text {
    match (files.iter().all(|file| file.as_known() == Some("-")), call.input) {
        (true, Some(input)) => input.clone(),
        (true, None) => Text::default(),
        (false, _) => Text::gap(),
    }
}

fn echo(args: &[Text]) -> Text {
    let flags =
        args.iter().take_while(|arg| matches!(arg.head(), "-n" | "-e" | "-E" | "-ne" | "-en")).count();
    let (flags, rest) = args.split_at(flags);
    let escapes = flags.iter().any(|flag| flag.head().contains('e'));
    let mut out = Text::default();
    for (i, arg) in rest.iter().enumerate() {
        if i > 0 {
            out.push(" ");
        }
        append(&mut out, arg, escapes);
    }
    if !flags.iter().any(|flag| flag.head().contains('n')) {
        out.push("\n");
    }
    out
}

fn append(out: &mut Text, text: &Text, escapes: bool) {
    for part in text.parts() {
        match part {
            Part::Known(known) if escapes => out.push(&ansi(known)),
            Part::Known(known) => out.push(known),
            Part::Gap(names) => out.push_gap(names.clone()),
        }
    }
}

fn printf(walker: &mut Walker<'_>, args: &[Text]) -> Text {
    let (target, args) = match args {
        [flag, name, rest @ ..] if flag.head() == "-v" => (name.as_known(), rest),
        [flag, rest @ ..] if flag.head() == "--" => (None, rest),
        _ => (None, args),
    };
    let Some((format, values)) = args.split_first() else { return Text::default() };
    let mut values = values.iter();
    let mut out = Text::default();
    loop {
        let before = values.len();
        for part in format.parts() {
            let Part::Known(known) = part else {
                out.push_gap(Vec::new());
                continue;
            };
            let mut pieces = known.split('%');
            out.push(&ansi(pieces.next().unwrap_or_default()));
            let mut plain = false;
            for piece in pieces {
                if plain || piece.is_empty() {
                    // `%%`: the second sign is plain.
                    if !plain {
                        out.push("%");
                    }
                    plain = !plain;
                    out.push(&ansi(piece));
                    continue;
                }
                let end = piece.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(0);
                if let Some(value) = values.next() {
                    append(&mut out, value, piece[end..].starts_with('b'));
                }
                out.push(&ansi(piece.get(end + 1..).unwrap_or_default()));
            }
        }
        if values.len() == 0 || values.len() == before || out.len() > 64 * 1024 {
            break;
        }
    }
    match target {
        Some(name) => {
            walker.state.set(name, out);
            Text::default()
        }
        None => out,
    }
}

/// Lines of known input that may pass; names of files that may hold what is looked for.
fn grep(walker: &mut Walker<'_>, call: &Call<'_>) -> Text {
    let words = options(
        call.args,
        &[
            "e",
            "regexp",
            "f",
            "file",
            "m",
            "A",
            "B",
            "C",
            "include",
            "exclude",
            "exclude-dir",
            "g",
            "glob",
            "t",
            "type",
        ],
    );
    let patterns = words.values(&["e", "regexp"]);
    let skip = usize::from(patterns.is_empty());
    let names = words.has(&["l", "files-with-matches", "L", "files-without-match", "files"]);
    let files = words.operands.get(skip..).unwrap_or_default();
    if names {
        let here = [Text::known(".")];
        let roots = if files.is_empty() { &here[..] } else { files };
        let hidden = matches!(call.name, "grep" | "egrep" | "fgrep") || words.has(&["hidden", "uuu", "u"]);
        let mut out = Text::default();
        for root in roots {
            let mut below = walker.names_below(root);
            below.retain(|name| hidden || !name.starts_with('.') || Some(&**name) == root.as_known());
            let globs = words.values(&["include", "g", "glob"]);
            let known: Vec<&str> = globs.iter().filter_map(Text::as_known).collect();
            match known.iter().any(|glob| !glob.starts_with('!')) {
                // Only these names: where none fits, nothing is meant.
                true => below = fitting(walker, root, &known),
                false => below.retain(|name| !excluded(&words, name, &known)),
            }
            out.push_gap(below);
        }
        out.push("\n");
        return out;
    }
    let Some(input) = call.input.filter(|_| files.is_empty()) else { return Text::gap() };
    let pattern = patterns.first().or(words.operands.first()).and_then(Text::as_known);
    let plain = pattern.map(|pattern| pattern.replace("\\.", ".")).filter(|pattern| {
        !pattern
            .trim_start_matches('^')
            .trim_end_matches('$')
            .contains(['*', '[', '+', '?', '(', '\\', '|', '^', '$'])
    });
    let mut out = Text::default();
    for line in input.lines() {
        let fits = match (&plain, line.as_known()) {
            (Some(plain), Some(line)) => Some(plain_match(plain, line)),
            _ => None,
        };
        if let (Some(plain), None, true) = (&plain, line.as_known(), words.has(&["v", "invert-match"])) {
            let is_out = |name: &String| plain_match(plain, name) || plain_match(plain, &format!("{name}/"));
            out.push_gap(line.names().into_iter().filter(|name| !is_out(name)).collect());
            out.push("\n");
            continue;
        }
        // Of names that are not known, those with this ending.
        let ending =
            plain.as_ref().and_then(|plain| plain.strip_suffix('$')).filter(|end| !end.starts_with('^'));
        if let Some(ending) =
            ending.filter(|_| line.as_known().is_none() && !words.has(&["v", "invert-match"]))
        {
            out.push_gap(fitting(walker, &Text::known("."), &[&format!("*{ending}")]));
            out.push("\n");
            continue;
        }
        if fits.is_none_or(|fits| fits != words.has(&["v", "invert-match"])) {
            out.append(&line);
            out.push("\n");
        }
    }
    out
}

fn plain_match(pattern: &str, line: &str) -> bool {
    match (pattern.strip_prefix('^'), pattern.strip_suffix('$')) {
        (Some(start), None) => line.starts_with(start),
        (None, Some(end)) => line.ends_with(end),
        (Some(start), Some(_)) => line == start.trim_end_matches('$'),
        (None, None) => line.contains(pattern),
    }
}

fn excluded(words: &super::Options, name: &str, globs: &[&str]) -> bool {
    let last = name.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let folders = words.values(&["exclude-dir", "exclude"]);
    folders.iter().any(|pattern| pattern.as_known().is_some_and(|pattern| globs::matches(pattern, last)))
        || globs.iter().filter_map(|glob| glob.strip_prefix('!')).any(|glob| {
            let glob = glob.trim_end_matches("/**").trim_end_matches('/');
            globs::matches(glob, last) || globs::matches(glob, name)
        })
}

/// The names below `root` that fit one of `patterns`, as far as can be seen.
fn fitting(walker: &mut Walker<'_>, root: &Text, patterns: &[&str]) -> Vec<String> {
    let mut args = vec![root.clone()];
    for (i, pattern) in patterns.iter().filter(|pattern| !pattern.starts_with('!')).enumerate() {
        args.extend((i > 0).then(|| Text::known("-o")));
        args.extend([Text::known("-name"), Text::known(pattern.rsplit('/').next().unwrap_or(pattern))]);
    }
    let found = super::find::run(walker, &Call { name: "find", args: &args, input: None });
    found.lines().iter().flat_map(Text::names).collect()
}

fn ls(walker: &mut Walker<'_>, call: &Call<'_>) -> Text {
    let words = options(call.args, &["I", "w", "L", "P"]);
    let here = [Text::known(".")];
    let roots = if words.operands.is_empty() { &here[..] } else { &words.operands[..] };
    let mut out = Text::default();
    for root in roots {
        let Some(known) = root.as_known().filter(|_| call.name == "ls") else {
            out.push_gap(root.names());
            continue;
        };
        for folder in walker.state.folders.clone().into_iter().flatten() {
            let names = walker.names_in(&folder.join(known)).unwrap_or_default();
            if names.is_empty() || words.has(&["d"]) {
                out.push(known);
                out.push("\n");
            } else {
                for name in names.iter().filter(|name| !name.starts_with('.') || words.has(&["a", "A"])) {
                    out.push(name);
                    out.push("\n");
                }
            }
        }
    }
    out
}
