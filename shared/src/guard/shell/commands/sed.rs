//! The stream editor: in place, or with files named in its script.

use crate::guard::shell::Reach;
use crate::guard::shell::text::{Text, fragments};
use crate::guard::shell::walk::{Call, Walker};

pub(super) fn run(walker: &mut Walker<'_>, call: &Call<'_>) -> Text {
    let mut in_place = false;
    let mut scripts = Vec::new();
    let mut operands: Vec<Text> = Vec::new();
    let mut script_file = false;
    let mut args = call.args.iter();
    while let Some(arg) = args.next() {
        let head = arg.head();
        if arg.as_known() == Some("--") {
            operands.extend(args.by_ref().cloned());
        } else if head.starts_with("--in-place") {
            in_place = true;
        } else if let Some(rest) = head.strip_prefix("--expression=") {
            scripts.push(arg.after(head.len() - rest.len()));
        } else if head == "--expression" {
            scripts.extend(args.next().cloned());
        } else if head.starts_with("--") {
            script_file |= head.starts_with("--file");
        } else if head.len() > 1 && head.starts_with('-') {
            for (at, c) in head.char_indices().skip(1) {
                match c {
                    'i' | 'I' => in_place = true,
                    'e' | 'f' | 'l' => {
                        let attached = arg.after(at + 1);
                        let value = if attached.is_empty() { args.next().cloned() } else { Some(attached) };
                        script_file |= c == 'f';
                        scripts.extend(value.filter(|_| c == 'e'));
                    }
                    _ => continue,
                }
                // What follows is the suffix of the copy, or was the value.
                break;
            }
        } else if !arg.is_empty() {
            operands.push(arg.clone());
        }
    }
    if scripts.is_empty() && !script_file && !operands.is_empty() {
        scripts.push(operands.remove(0));
    }
    if in_place {
        operands.iter().for_each(|operand| walker.write(operand, Reach::File));
    }
    for script in &scripts {
        match script.as_known().map(written) {
            Some(targets) => {
                targets.iter().for_each(|target| walker.write(&Text::known(target), Reach::File))
            }
            None if script.gapped().contains("w ") => {
                let names = fragments(&script.gapped());
                walker.doubt_here("a sed script that is not known", &names);
            }
            None => {}
        }
    }
    match in_place || !operands.is_empty() {
        true => Text::gap(),
        false => sed_output(call, &scripts),
    }
}

/// What simple scripts make of known input: nothing is followed but `s` with plain texts.
fn sed_output(call: &Call<'_>, scripts: &[Text]) -> Text {
    let (Some(input), [script]) = (call.input, scripts) else { return Text::gap() };
    let Some(script) = script.as_known().and_then(|script| script.strip_prefix('s')) else {
        return Text::gap();
    };
    let Some(delimiter) = script.chars().next() else { return Text::gap() };
    let mut parts = script[delimiter.len_utf8()..].split(delimiter);
    let (Some(from), Some(to), Some(flags)) = (parts.next(), parts.next(), parts.next()) else {
        return Text::gap();
    };
    let plain = |text: &str| !text.contains(['\\', '*', '[', ']', '^', '$', '.', '&', '+', '?', '(', '|']);
    match (input.as_known(), plain(from) && plain(to) && !from.is_empty()) {
        (Some(input), true) => Text::known(&match flags.contains('g') {
            true => input.replace(from, to),
            false => input.lines().map(|line| line.replacen(from, to, 1) + "\n").collect(),
        }),
        _ => Text::gap(),
    }
}

/// The files that a script writes by `w`, by `s///w` and by `e`.
fn written(script: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in script.lines() {
        let mut rest = line;
        loop {
            rest = address(rest.trim_start_matches([' ', '\t', ';', '{', '}', '!']));
            let Some(command) = rest.chars().next() else { break };
            let after = &rest[command.len_utf8()..];
            match command {
                'w' | 'W' => {
                    found.push(after.trim().to_owned());
                    break;
                }
                // Their text goes on to the end of the line.
                'a' | 'i' | 'c' | 'r' | 'R' | ':' | '#' | 'e' => break,
                's' | 'y' => {
                    let Some(delimiter) = after.chars().next() else { break };
                    let body = &after[delimiter.len_utf8()..];
                    let Some(flags) = past(body, delimiter).and_then(|to| past(to, delimiter)) else { break };
                    let end = flags.find([';', '}', ' ', 'w']).unwrap_or(flags.len());
                    if let Some(file) = flags[end..].strip_prefix('w') {
                        found.push(file.trim().to_owned());
                        break;
                    }
                    rest = &flags[end..];
                }
                'b' | 't' | 'T' | 'l' | 'q' | 'Q' => {
                    rest = after.find([';', '}']).map_or("", |end| &after[end..]);
                }
                _ => rest = after,
            }
        }
    }
    found
}

/// What follows the addresses at the start of `text`.
fn address(text: &str) -> &str {
    let mut rest = text;
    loop {
        let before = rest;
        rest = rest.trim_start_matches(|c: char| c.is_ascii_digit() || ", \t!~+$;{".contains(c));
        if let Some(regex) = rest.strip_prefix('/') {
            rest = past(regex, '/').unwrap_or_default().trim_start_matches(['I', 'M']);
        }
        if let Some(regex) = rest.strip_prefix('\\')
            && let Some(delimiter) = regex.chars().next()
        {
            rest = past(&regex[delimiter.len_utf8()..], delimiter).unwrap_or_default();
        }
        if rest.len() == before.len() {
            return rest;
        }
    }
}

/// What follows the next `delimiter` that no backslash hides.
fn past(text: &str, delimiter: char) -> Option<&str> {
    let mut hidden = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if hidden => hidden = false,
            '\\' => hidden = true,
            _ if c == delimiter => return text.get(at + c.len_utf8()..),
            _ => {}
        }
    }
    None
}
