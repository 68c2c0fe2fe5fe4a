//! Where quotes and brackets end, and what escapes stand for.

/// Deepest quotes and substitutions in one word.
pub(super) const DEEPEST: usize = 100;

/// Where the `until` that closes what was opened before `at` is.
pub(super) fn skip(text: &[u8], mut at: usize, until: u8, depth: usize) -> Option<usize> {
    if depth > DEEPEST {
        return None;
    }
    while let Some(&byte) = text.get(at) {
        let next = text.get(at + 1).copied();
        at = match (byte, next) {
            _ if byte == until => return Some(at),
            (b'\\', _) => at + 1,
            (b'\'', _) if until != b'"' && until != b'`' => {
                at + 1 + text[at + 1..].iter().position(|b| *b == b'\'')?
            }
            (b'"', _) if until != b'`' => skip(text, at + 1, b'"', depth + 1)?,
            (b'`', _) => skip(text, at + 1, b'`', depth + 1)?,
            (b'$', Some(b'(')) if until != b'`' => skip(text, at + 2, b')', depth + 1)?,
            (b'$', Some(b'{')) if until != b'`' => skip(text, at + 2, b'}', depth + 1)?,
            (b'(', _) if until == b')' => skip(text, at + 1, b')', depth + 1)?,
            _ => at,
        } + 1;
    }
    None
}

/// Where `$'…'` at the start of `text` ends.
pub(super) fn skip_ansi(text: &[u8]) -> usize {
    let mut at = 2;
    while let Some(byte) = text.get(at) {
        match byte {
            b'\'' => break,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    at.min(text.len())
}

/// Undoes the escapes of `$'…'`, of `echo -e` and of `printf`.
pub(super) fn ansi(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let Some(c) = after.chars().next() else {
            out.push('\\');
            return out;
        };
        let tail = &after[c.len_utf8()..];
        let (digits, most, radix) = match c {
            'x' => (tail, 2, 16),
            'u' => (tail, 4, 16),
            'U' => (tail, 8, 16),
            '0'..='7' => (after, 4, 8),
            _ => ("", 0, 10),
        };
        let taken = digits.bytes().take(most).take_while(|b| char::from(*b).is_digit(radix)).count();
        let code = u32::from_str_radix(&digits[..taken], radix).ok().and_then(char::from_u32);
        rest = match (code, c) {
            (Some(code), _) => {
                out.push(code);
                &digits[taken..]
            }
            (None, _) => {
                out.push(match c {
                    'n' => '\n',
                    't' => '\t',
                    'r' => '\r',
                    'e' | 'E' => '\u{1b}',
                    'a' | 'b' | 'f' | 'v' => ' ',
                    other => other,
                });
                tail
            }
        };
    }
    out.push_str(rest);
    out
}
