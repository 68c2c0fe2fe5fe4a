//! git's hook before a commit, as text.

use super::settings::Wish;

const BEGIN: &str = "# aitk:begin (see `aitk init --help`)\n";
const END: &str = "# aitk:end\n";
/// What a hook of nobody else's starts with.
const SHEBANG: &str = "#!/bin/sh\n";
/// Programs that understand our lines.
const SHELLS: [&str; 5] = ["sh", "bash", "dash", "ksh", "zsh"];

/// The hook with our lines, before all others: one of those may end it.
pub fn with(text: &str, wish: &Wish) -> Result<String, String> {
    let text = if text.is_empty() { SHEBANG } else { text };
    let rest = without(text);
    let (first, rest) = rest.split_at(rest.find('\n').map_or(rest.len(), |end| end + 1));
    let program = first.trim().trim_start_matches("#!").rsplit(['/', ' ']).next().unwrap_or_default();
    if !first.starts_with("#!") || !SHELLS.contains(&program) {
        return Err(
            "it is no shell script; have it run `aitk guard --git` and end where that fails".to_owned()
        );
    }
    let gap = if first.ends_with('\n') { "" } else { "\n" };
    let run = "aitk guard --git || exit $?";
    let lines = match wish.strict {
        true => format!("{run}\n"),
        false => format!(
            "if command -v aitk >/dev/null 2>&1; then {run}\n\
             else echo 'aitk is not installed here, so this commit was not checked for changed docs' >&2; fi\n"
        ),
    };
    Ok(format!("{first}{gap}{BEGIN}{lines}{END}{rest}"))
}

/// The hook without our lines; nothing, where it had no others.
pub fn without(text: &str) -> String {
    let Some(start) = text.find(BEGIN) else { return text.to_owned() };
    let Some(length) = text[start..].find(END) else { return text.to_owned() };
    format!("{}{}", &text[..start], &text[start + length + END.len()..])
}

/// The hook as it is left where hooks go.
pub fn removed(text: &str) -> String {
    match without(text) {
        rest if rest == SHEBANG && rest != text => String::new(),
        rest => rest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_lines_are_put_in_once_and_taken_out_without_a_trace() {
        for text in ["", "#!/bin/sh\nexit 0\n", "#!/usr/bin/env bash\nset -e\nnpm test\n"] {
            for strict in [false, true] {
                let wish = |strict| Wish { program: "aitk".into(), strict, mirror: ".docs".into() };
                let once = with(text, &wish(strict)).unwrap();
                assert_eq!(with(&once, &wish(strict)).unwrap(), once);
                assert_eq!(removed(&once), text);
                assert_eq!(with(&once, &wish(!strict)).unwrap(), with(text, &wish(!strict)).unwrap());
            }
        }
        assert_eq!(removed(SHEBANG), SHEBANG);
    }

    #[test]
    fn a_hook_in_another_language_is_left_alone() {
        let wish = Wish { program: "aitk".into(), strict: false, mirror: ".docs".into() };
        for text in ["#!/usr/bin/env python3\nprint()\n", "no shebang\n"] {
            assert!(with(text, &wish).is_err(), "{text}");
        }
    }
}
