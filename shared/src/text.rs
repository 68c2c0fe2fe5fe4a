//! Text that came from somewhere else, made safe to show to a person or a model.

/// Returns `text` with every control character escaped and its length bounded.
///
/// Server text may hold terminal escapes, forged lines and bidirectional
/// overrides; none of them survives. At most `max_chars` characters are kept,
/// and a cut is marked by `…`.
pub fn printable(text: &str, max_chars: usize) -> String {
    let mut out = String::with_capacity(text.len().min(max_chars.saturating_mul(4)));
    for (shown, c) in text.chars().enumerate() {
        if shown == max_chars {
            out.push('…');
            break;
        }
        match c {
            c if c.is_control() || is_invisible(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

/// Bidirectional controls, line separators and zero-width marks: they change how
/// the rest of a line is shown (Unicode TR 36, "Trojan Source").
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_and_forged_lines_do_not_survive() {
        assert_eq!(printable("Ann\x1b[2J\nOK: unlocked", 100), "Ann\\u{1b}[2J\\u{a}OK: unlocked");
        assert_eq!(printable("a\u{202e}b", 100), "a\\u{202e}b");
        assert_eq!(printable("Übergabe 日本", 100), "Übergabe 日本");
    }

    #[test]
    fn long_text_is_cut_and_the_cut_is_shown() {
        assert_eq!(printable("abcdef", 3), "abc…");
        assert_eq!(printable("abc", 3), "abc");
    }
}
