//! Brace expansion: `{a,b}`, `{1..5}`.

use super::quotes::skip;

/// Most words that braces may turn into.
const MOST_BRACES: usize = 256;

/// The words that the braces in `raw` stand for; `None` when they are too many.
pub(super) fn braces(raw: &str) -> Option<Vec<String>> {
    let mut done = Vec::new();
    let mut open = vec![raw.to_owned()];
    let mut rounds = 0;
    while let Some(text) = open.pop() {
        rounds += 1;
        if rounds > 4 * MOST_BRACES || done.len() > MOST_BRACES {
            return None;
        }
        match brace(&text) {
            None => done.push(text),
            Some((start, end, members)) => {
                for member in members.iter().rev() {
                    open.push(format!("{}{member}{}", &text[..start], &text[end..]));
                }
            }
        }
    }
    Some(done)
}

/// The first brace expression: where it starts and ends, and its members.
fn brace(text: &str) -> Option<(usize, usize, Vec<String>)> {
    let bytes = text.as_bytes();
    let mut at = 0;
    let mut tries = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'{' if tries < 16 => {
                tries += 1;
                if let Some((end, members)) = members(text, at) {
                    return Some((at, end, members));
                }
                at += 1;
            }
            _ => at = after(bytes, at)?,
        }
    }
    None
}

/// The place after the character, quote or expansion at `at`.
fn after(bytes: &[u8], at: usize) -> Option<usize> {
    Some(match (bytes[at], bytes.get(at + 1)) {
        (b'\\', _) => at + 2,
        (b'\'', _) => at + 2 + bytes[at + 1..].iter().position(|b| *b == b'\'')?,
        (b'"', _) => skip(bytes, at + 1, b'"', 0)? + 1,
        (b'`', _) => skip(bytes, at + 1, b'`', 0)? + 1,
        (b'$', Some(b'(')) => skip(bytes, at + 2, b')', 0)? + 1,
        (b'$', Some(b'{')) => skip(bytes, at + 2, b'}', 0)? + 1,
        _ => at + 1,
    })
}

fn members(text: &str, start: usize) -> Option<(usize, Vec<String>)> {
    let bytes = text.as_bytes();
    let (mut at, mut from, mut depth, mut found) = (start + 1, start + 1, 0, Vec::new());
    while at < bytes.len() {
        match bytes[at] {
            b'{' => depth += 1,
            b'}' if depth > 0 => depth -= 1,
            b'}' => {
                let last = text[from..at].to_owned();
                return match found.is_empty() {
                    true => Some((at + 1, sequence(&last)?)),
                    false => {
                        found.push(last);
                        Some((at + 1, found))
                    }
                };
            }
            b',' if depth == 0 => {
                found.push(text[from..at].to_owned());
                from = at + 1;
            }
            _ => {}
        }
        at = match bytes[at] {
            b'{' | b'}' | b',' => at + 1,
            _ => after(bytes, at)?,
        };
    }
    None
}

/// `1..5`, `a..e`.
fn sequence(text: &str) -> Option<Vec<String>> {
    let mut ends = text.split("..");
    let (low, high) = (ends.next()?, ends.next()?);
    if let (Ok(low), Ok(high)) = (low.parse::<i64>(), high.parse::<i64>()) {
        let (from, to) = (low.min(high), low.max(high));
        return (to.checked_sub(from)? <= 64).then(|| (from..=to).map(|n| n.to_string()).collect());
    }
    let one = |text: &str| text.chars().next().filter(|c| text.len() == 1 && c.is_ascii_alphabetic());
    let (low, high) = (one(low)?, one(high)?);
    Some((low.min(high)..=low.max(high)).map(String::from).collect())
}
