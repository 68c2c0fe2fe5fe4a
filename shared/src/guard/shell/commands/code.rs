//! Programs given as text to an interpreter: what they write where that can be seen,
//! and otherwise which paths their literals name.

use super::{builtins, options};
use crate::guard::shell::Reach;
use crate::guard::shell::text::{GAP, Text};
use crate::guard::shell::walk::{Call, Walker};

/// Words of programs that change files or run others.
const CHANGES: &[&str] = &[
    "write",
    "unlink",
    "rmtree",
    "remove",
    "rmdir",
    "rename",
    "os.replace",
    "shutil",
    "mkdir",
    "makedirs",
    "touch",
    "truncate",
    "chmod",
    "chown",
    "symlink",
    "hardlink",
    "dump(",
    "save",
    "to_csv",
    "to_json",
    "to_excel",
    "to_parquet",
    "extractall",
    "system",
    "popen",
    "subprocess",
    "spawn",
    "exec",
    "eval(",
    "rm(",
    "rmsync",
    "cpsync",
    "cp(",
    "copyfile",
    "copy(",
    "append",
    "file_put",
    "fwrite",
    "fileutils",
    "file.delete",
    "qx",
    "`",
    ".replace(path",
    "move(",
    "outputfile",
    "urlretrieve",
    "deno.",
    "bun.",
    "edit_in_place",
    "$^i",
    "utime",
    "\">",
    "'>",
    "tofile",
];
/// Words around literals that are only read.
const READS: &[&str] = &[
    "open(",
    "readfilesync(",
    "readfile(",
    "file.read(",
    "listdir(",
    "readdirsync(",
    "exists(",
    "isfile(",
    "isdir(",
    "existssync(",
    "statsync(",
    "glob(",
    "walk(",
    "read_csv(",
    "read_json(",
    "read_text(",
    "file_get_contents(",
    "require(",
    "import(",
    "print(",
    "console.log(",
    "getsize(",
    "scandir(",
    "echo ",
    "puts ",
    "print ",
];
/// Words before literals below which files are looked for.
const LISTS: &[&str] = &["glob(", "walk(", "listdir(", "scandir(", "readdirsync("];
/// What a path is asked that changes nothing.
const ASKED: &[&str] = &[
    "read_text(",
    "read_bytes(",
    "exists(",
    "is_file(",
    "is_dir(",
    "stat(",
    "resolve()",
    "name",
    "stem",
    "suffix",
];
/// Words before literals that are compared or put into other text.
const TEXTS: &[&str] = &[
    ".replace(",
    "replaceall(",
    ".sub(",
    ".gsub(",
    ".gsub!(",
    ".sub!(",
    ".split(",
    ".startswith(",
    ".endswith(",
    ".starts_with(",
    ".count(",
    ".index(",
    ".indexof(",
    ".find(",
    ".search(",
    ".match(",
    ".includes(",
    "assert ",
    " in ",
    "== ",
    "!= ",
    " not ",
    ".join(",
    ".encode(",
];
/// How files are opened for writing.
const MODES: &[&str] =
    &["w", "a", "x", "wb", "ab", "xb", "wt", "at", "w+", "a+", "r+", "rb+", "r+b", "wb+", "w+b"];

pub(super) fn run(walker: &mut Walker<'_>, call: &Call<'_>) -> Text {
    match call.name {
        "awk" | "gawk" | "mawk" | "nawk" => awk(walker, call),
        _ => interpreter(walker, call),
    }
}

fn interpreter(walker: &mut Walker<'_>, call: &Call<'_>) -> Text {
    let scripted = matches!(call.name, "perl" | "ruby");
    let python = call.name.starts_with("python") || call.name.starts_with("pypy");
    let mut code: Vec<Text> = Vec::new();
    let mut operands: Vec<Text> = Vec::new();
    let mut in_place = false;
    let mut args = call.args.iter();
    while let Some(arg) = args.next() {
        let head = arg.head();
        match head {
            "--" => operands.extend(args.by_ref().cloned()),
            "-m" if python => {
                // A module by its name is the program of that name.
                let words: Vec<Text> = args.by_ref().cloned().collect();
                return walker.call(&words, call.input);
            }
            "--eval" | "--print" | "eval" if !scripted => code.extend(args.next().cloned()),
            "-X" | "-W" | "-r" | "-I" | "--require" | "--import" if call.name != "php" => drop(args.next()),
            _ if head.starts_with("--eval=") => code.push(arg.after(7)),
            _ if head.len() > 1 && head.starts_with('-') && !head.starts_with("--") => {
                for (at, c) in head.char_indices().skip(1) {
                    let takes_code = match c {
                        'c' => python,
                        'e' | 'E' => !python,
                        'p' => matches!(call.name, "node" | "nodejs" | "bun"),
                        'r' => call.name == "php",
                        _ => false,
                    };
                    if takes_code {
                        let attached = arg.after(at + 1);
                        let clustered = attached.as_known().is_some_and(|rest| {
                            !rest.is_empty()
                                && call.name != "ruby"
                                && rest.len() < 3
                                && rest.chars().all(char::is_alphabetic)
                        });
                        if attached.is_empty() || clustered {
                            code.extend(args.next().cloned());
                        } else {
                            code.push(attached);
                        }
                        break;
                    }
                    if c == 'i' && scripted {
                        in_place = true;
                        // The rest is the suffix of the copy.
                        if !head[at..].starts_with("ie") && !head[at..].starts_with("ip") {
                            break;
                        }
                    }
                }
            }
            _ if head.starts_with("--") => {}
            _ => operands.push(arg.clone()),
        }
    }
    let from_input = code.is_empty() && (operands.is_empty() || operands[0].head() == "-");
    if from_input {
        code.extend(call.input.cloned());
    } else if code.is_empty() && in_place {
        operands.remove(0);
    }
    if in_place {
        super::write_all(walker, &operands, Reach::File);
    }
    for text in &code {
        judged(walker, &text.gapped(), &operands);
    }
    if code.is_empty() && !operands.is_empty() {
        // A program that cannot be looked into says where it writes, or nothing.
        return super::unknown(walker, call);
    }
    Text::gap()
}

/// Code whose grammar is not known here.
fn judged(walker: &mut Walker<'_>, code: &str, operands: &[Text]) {
    let literals = literals(code);
    let plain = code.to_lowercase().replace("stdout.write", "").replace("stderr.write", "");
    let changes = CHANGES.iter().any(|word| plain.contains(word));
    let opens = literals.iter().any(|l| l.is_moved_to || (MODES.contains(&l.text) && l.after_comma));
    if !changes && !opens {
        return;
    }
    let runs =
        ["system", "popen", "subprocess", "spawn", "exec", "qx", "`"].iter().any(|word| plain.contains(word));
    // What was found below a folder may be what is written.
    let elsewhere = plain.replace(".write(", "");
    let unnamed = literals.iter().any(|l| MODES.contains(&l.text) && l.after_comma && !l.after_literal)
        || CHANGES.iter().any(|word| elsewhere.contains(word));
    let mut names: Vec<String> = Vec::new();
    for literal in &literals {
        let text = literal.text;
        if text.is_empty() || text.len() > 4096 || literal.is_read && !(literal.is_listed && unnamed) {
            continue;
        }
        // Perl puts how a file is opened before its name.
        let text = text.trim_start_matches(['>', '<', '+', '|', ' ']);
        if !text.contains(char::is_whitespace) {
            names.push(text.replace(GAP, ""));
        } else if runs && !text.contains('\n') {
            // It may be a command: what that would do is in doubt, as all here.
            names.extend(text.split_whitespace().map(|word| word.trim_matches(['"', '\'', ';']).to_owned()));
        }
    }
    // Perl's and Ruby's other quotes.
    for (at, _) in code.match_indices("q(").take(64) {
        names.extend(code[at + 2..].split(')').next().map(str::to_owned));
    }
    if code.contains("argv") || code.contains("ARGV") || code.contains("@F") {
        names.extend(operands.iter().flat_map(Text::names));
    }
    names.sort_unstable();
    names.dedup();
    walker.doubt_here("code of another language that changes something", &names);
}

struct Literal<'c> {
    text: &'c str,
    after_comma: bool,
    /// Nothing but a comma is between it and the literal before.
    after_literal: bool,
    /// A folder or a pattern of which the files are listed.
    is_listed: bool,
    /// `path.replace("here")`.
    is_moved_to: bool,
    is_read: bool,
}

/// The quoted texts in `code`.
fn literals(code: &str) -> Vec<Literal<'_>> {
    let mut found = Vec::new();
    let bytes = code.as_bytes();
    let mut at = 0;
    let mut ended = 0;
    // Whether the literal before was what a replacement looks for.
    let mut replacing = false;
    while at < bytes.len() {
        let quote = bytes[at];
        if !matches!(quote, b'"' | b'\'' | b'`') {
            // A comment's apostrophe quotes nothing.
            at = match quote {
                b'#' if at == 0 || bytes[at - 1].is_ascii_whitespace() => {
                    bytes[at..].iter().position(|b| *b == b'\n').map_or(bytes.len(), |end| at + end)
                }
                _ => at + 1,
            };
            continue;
        }
        let triple = bytes[at..].starts_with(&[quote, quote, quote]);
        let width = if triple { 3 } else { 1 };
        let from = at + width;
        let mut end = from;
        while end < bytes.len() {
            let closes = if triple { bytes[end..].starts_with(&[quote; 3]) } else { bytes[end] == quote };
            if closes || (!triple && quote != b'`' && bytes[end] == b'\n') {
                break;
            }
            end += if bytes[end] == b'\\' { 2 } else { 1 };
        }
        let end = end.min(bytes.len());
        if let Some(text) = code.get(from..end) {
            let before = code[..at].trim_end_matches(['r', 'b', 'f', 'u']);
            // Only the words just before matter.
            let near = before
                .get(floor(before, before.len().saturating_sub(24))..)
                .unwrap_or_default()
                .to_lowercase();
            let after = code.get(end + width..).unwrap_or_default().trim_start();
            let next = after.trim_start_matches([',', ' ']);
            let alone = after.starts_with(')') || next.starts_with("'r')") || next.starts_with("\"r\")");
            let named =
                ["encoding", "'utf", "\"utf", "'rb'", "\"rb\""].iter().any(|word| next.starts_with(word));
            let reads = READS.iter().any(|word| near.ends_with(word));
            let on = |names: &[&str]| {
                near.ends_with("path(")
                    && after
                        .strip_prefix(").")
                        .is_some_and(|next| names.iter().any(|name| next.starts_with(name)))
            };
            let asked = on(ASKED);
            let is_listed = LISTS.iter().any(|word| near.ends_with(word))
                || on(&["glob(", "rglob(", "iterdir(", "walk("]);
            // `text.replace("a", "b")`, but not `os.replace("a", "b")` and `path.replace("b")`.
            let replaces = near.ends_with(".replace(") || near.ends_with(".sub(");
            let is_text = !near.ends_with("os.replace(")
                && TEXTS.iter().any(|word| near.ends_with(word))
                && (!replaces || after.starts_with(','));
            // `fields["docs"]`
            let is_key = after.starts_with(']')
                && near.strip_suffix('[').is_some_and(|name| {
                    name.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | ']' | ')'))
                });
            let is_text = is_text || is_key || (replacing && before.trim_end().ends_with(','));
            replacing = is_text && replaces;
            found.push(Literal {
                text,
                after_literal: ended > 0
                    && code.get(ended..at).is_some_and(|between| {
                        between.trim_matches(|c: char| c.is_whitespace() || c == ',').is_empty()
                    }),
                is_listed,
                after_comma: before.trim_end().ends_with([',', '=']),
                is_moved_to: near.ends_with(".replace(") && after.starts_with(')'),
                is_read: is_text || asked || is_listed || reads && (alone || named || near.ends_with(' ')),
            });
        }
        at = end + width;
        ended = at.min(bytes.len());
    }
    found
}

fn floor(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn awk(walker: &mut Walker<'_>, call: &Call<'_>) -> Text {
    let words = options(
        call.args,
        &["F", "v", "f", "i", "e", "assign", "field-separator", "file", "include", "source"],
    );
    let in_place = words.values(&["i", "include"]).iter().any(|value| value.head().starts_with("inplace"));
    let mut operands = words.operands.clone();
    let mut programs = words.values(&["e", "source"]);
    if programs.is_empty() && !words.has(&["f", "file"]) && !operands.is_empty() {
        programs.push(operands.remove(0));
    }
    if in_place {
        super::write_all(walker, &operands, Reach::File);
    }
    for program in &programs {
        let text = program.gapped();
        for literal in awk_literals(&text) {
            let before = text[..literal.0].trim_end();
            if before.ends_with('>') {
                walker.write(&Text::known(literal.1), Reach::File);
            } else if before.ends_with("system(") || before.ends_with("| getline") || before.ends_with('|') {
                walker.apart(|walker| builtins::scripted(walker, &Text::known(literal.1)));
            }
        }
        // Into a file whose name is put together.
        if text.contains("print") && text.contains(['>', '|']) || text.contains("system(") {
            let mut names: Vec<String> =
                awk_literals(&text).iter().map(|(_, literal)| (*literal).to_owned()).collect();
            for value in words.values(&["v", "assign"]) {
                names.extend(value.filled().split_once('=').map(|(_, value)| value.to_owned()));
            }
            let redirected = text.match_indices('>').any(|(at, _)| {
                let after = text[at + 1..].trim_start_matches(['>', ' ']);
                after.starts_with(|c: char| c.is_alphabetic() || c == '(' || c == '$')
                    || after.starts_with('"')
            });
            if (redirected && text.contains("print")) || text.contains("system(") {
                names.retain(|name| !name.contains(char::is_whitespace) || text.contains("system("));
                walker.doubt_here("an awk program that writes", &names);
            }
        }
    }
    Text::gap()
}

/// The texts in double quotes of an awk program, with the places where their quotes start.
fn awk_literals(text: &str) -> Vec<(usize, &str)> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == b'"' {
            let mut end = at + 1;
            while end < bytes.len() && bytes[end] != b'"' {
                end += if bytes[end] == b'\\' { 2 } else { 1 };
            }
            let end = end.min(bytes.len());
            found.extend(text.get(at + 1..end).map(|literal| (at, literal)));
            at = end;
        }
        at += 1;
    }
    found
}
