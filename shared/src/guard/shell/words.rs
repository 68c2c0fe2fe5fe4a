//! Words: quotes, variables, substitutions, braces and patterns, in every value they may have.

use super::globs;
use super::parameters::Expansion;
use super::state::MOST_VALUES;
use super::text::{GAP, Part, Text, fragments};
use super::walk::Walker;

/// Most words that braces may turn into.
const MOST_BRACES: usize = 256;
/// Deepest quotes and substitutions in one word.
const DEEPEST: usize = 100;

/// How text is quoted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quoting {
    /// Not at all.
    Word,
    /// In double quotes.
    Double,
    /// In a here-document: as in double quotes, which are plain characters there.
    Document,
}

/// A piece of a word.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Atom {
    /// Literal, as in quotes.
    Quoted(String),
    /// Literal and open to patterns.
    Open(String),
    /// Unknown; perhaps one of these names.
    Gap(Vec<String>),
    /// Here one word ends and the next begins.
    Break,
}

type Line = Vec<Atom>;

impl Walker<'_> {
    /// The words that `raw` becomes, in every way it may.
    pub(super) fn words(&mut self, raw: &str) -> Vec<Vec<Text>> {
        let mut ways: Vec<Vec<Text>> = vec![Vec::new()];
        let Some(raws) = braces(raw) else {
            return vec![vec![Text::naming(fragments(raw))]];
        };
        for raw in raws {
            let mut next = Vec::new();
            for line in self.atoms(&raw, Quoting::Word) {
                let fields = self.fields(line);
                for way in &ways {
                    next.push(way.iter().cloned().chain(fields.iter().cloned()).collect());
                }
            }
            next.truncate(MOST_VALUES);
            ways = next;
        }
        ways
    }

    /// The values of `raw` where nothing is split and no pattern applies: in an assignment, after `case`.
    pub(super) fn values(&mut self, raw: &str) -> Vec<Text> {
        self.atoms(raw, Quoting::Word).into_iter().map(joined).collect()
    }

    /// The text of a here-document.
    pub(super) fn document(&mut self, raw: &str) -> Text {
        one_of(self.atoms(raw, Quoting::Document).into_iter().map(joined).collect())
    }

    /// The values of text inside an expansion, and of a pattern with its quoted characters escaped.
    pub(super) fn inner(&mut self, raw: &str, quoted: bool) -> Vec<Text> {
        let quoting = if quoted { Quoting::Double } else { Quoting::Word };
        self.atoms(raw, quoting).into_iter().map(joined).collect()
    }

    /// The pattern that `raw` is.
    pub(super) fn pattern(&mut self, raw: &str) -> Option<String> {
        let lines = self.atoms(raw, Quoting::Word);
        let [line] = &lines[..] else { return None };
        pattern(line)
    }

    fn atoms(&mut self, raw: &str, quoting: Quoting) -> Vec<Line> {
        self.spend(raw.len());
        self.nested += 1;
        let lines = match self.nested <= DEEPEST && !self.exhausted {
            true => self.scan(raw, quoting),
            false => {
                self.exhausted = true;
                vec![vec![Atom::Gap(Vec::new())]]
            }
        };
        self.nested -= 1;
        lines
    }

    fn scan(&mut self, raw: &str, quoting: Quoting) -> Vec<Line> {
        let mut lines: Vec<Line> = vec![Vec::new()];
        let mut at = 0;
        if quoting == Quoting::Word && raw.starts_with('~') {
            let end = raw.find('/').unwrap_or(raw.len());
            multiply(&mut lines, self.tilde(&raw[1..end]));
            at = end;
        }
        while let Some(c) = raw.get(at..).and_then(|rest| rest.chars().next()) {
            let rest = &raw[at..];
            let open = quoting == Quoting::Word;
            at += match c {
                '\\' => match (rest[1..].chars().next(), quoting) {
                    (Some('\n'), _) => 2,
                    (Some(next), Quoting::Word) => {
                        literal(&mut lines, &rest[1..1 + next.len_utf8()], false);
                        1 + next.len_utf8()
                    }
                    (Some(next @ ('$' | '`' | '\\')), _) | (Some(next @ '"'), Quoting::Double) => {
                        literal(&mut lines, &next.to_string(), false);
                        2
                    }
                    _ => {
                        literal(&mut lines, "\\", false);
                        1
                    }
                },
                '\'' if open => {
                    let end = rest[1..].find('\'').map_or(rest.len(), |end| end + 1);
                    literal(&mut lines, &rest[1..end], false);
                    end + 1
                }
                '"' if open => {
                    let end = skip(rest.as_bytes(), 1, b'"', 0).unwrap_or(rest.len());
                    literal(&mut lines, "", false);
                    let inner = self.atoms(&rest[1..end], Quoting::Double);
                    multiply(&mut lines, inner);
                    end + 1
                }
                '`' => {
                    let end = skip(rest.as_bytes(), 1, b'`', 0).unwrap_or(rest.len());
                    let script = rest[1..end].replace("\\`", "`").replace("\\$", "$").replace("\\\\", "\\");
                    let output = self.substituted(&script);
                    add(&mut lines, spread(&output, open));
                    end + 1
                }
                '$' => self.dollar(rest, quoting, &mut lines),
                GAP => {
                    add(&mut lines, vec![Atom::Gap(Vec::new())]);
                    c.len_utf8()
                }
                _ => {
                    let end = rest.find(['\\', '\'', '"', '`', '$', GAP]).filter(|end| *end > 0);
                    let end = end.unwrap_or(if c.is_ascii() && "'\"".contains(c) { 1 } else { rest.len() });
                    literal(&mut lines, &rest[..end], open);
                    end
                }
            };
        }
        lines
    }

    /// What a `$` at the start of `rest` stands for; how many bytes it takes.
    fn dollar(&mut self, rest: &str, quoting: Quoting, lines: &mut Vec<Line>) -> usize {
        let open = quoting == Quoting::Word;
        let bytes = rest.as_bytes();
        match bytes.get(1) {
            Some(b'\'') if open => {
                let end = skip_ansi(bytes);
                literal(lines, &ansi(rest.get(2..end).unwrap_or_default()), false);
                end + 1
            }
            // A translated text is its own text.
            Some(b'"') if open => 1,
            Some(b'(') => {
                let Some(end) = skip(bytes, 2, b')', 0) else {
                    add(lines, vec![Atom::Gap(fragments(rest))]);
                    return rest.len();
                };
                let inner = &rest[2..end];
                // `$((a); (b))` runs commands: a sum is closed by two brackets at once.
                let whole = skip(bytes, 3, b')', 0).is_some_and(|close| close + 1 == end);
                match inner.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')).filter(|_| whole) {
                    Some(sum) => {
                        self.inner(sum, true);
                        add(lines, vec![Atom::Quoted("0".to_owned())]);
                    }
                    None => {
                        let output = self.substituted(inner);
                        add(lines, spread(&output, open));
                    }
                }
                end + 1
            }
            Some(b'{') => {
                let Some(end) = skip(bytes, 2, b'}', 0) else {
                    add(lines, vec![Atom::Gap(fragments(rest))]);
                    return rest.len();
                };
                let expansion = self.braced(&rest[2..end], !open);
                self.put(lines, expansion, open);
                end + 1
            }
            Some(b'@' | b'*' | b'#' | b'?' | b'-' | b'$' | b'!' | b'0'..=b'9') => {
                let expansion = self.special(&rest[1..2]);
                self.put(lines, expansion, open);
                2
            }
            Some(first) if first.is_ascii_alphabetic() || *first == b'_' => {
                let end = bytes[1..].iter().position(|b| !b.is_ascii_alphanumeric() && *b != b'_');
                let end = end.map_or(rest.len(), |end| end + 1);
                let expansion = self.named(&rest[1..end]);
                self.put(lines, expansion, open);
                end
            }
            _ => {
                literal(lines, "$", open);
                1
            }
        }
    }

    fn put(&mut self, lines: &mut Vec<Line>, expansion: Expansion, open: bool) {
        match expansion {
            Expansion::Values(values) => {
                values.iter().for_each(|value| self.spend(value.len()));
                multiply(lines, values.iter().map(|value| spread(value, open)).collect());
            }
            Expansion::Fields(fields) => {
                let mut line = Vec::new();
                for (i, field) in fields.iter().enumerate() {
                    self.spend(field.len());
                    if i > 0 {
                        line.push(Atom::Break);
                    }
                    line.extend(spread(field, open));
                }
                add(lines, line);
            }
        }
    }

    /// The words of one line, patterns expanded.
    fn fields(&mut self, line: Line) -> Vec<Text> {
        let mut out = Vec::new();
        for field in line.split(|atom| *atom == Atom::Break) {
            if field.is_empty() {
                continue;
            }
            let open = field.iter().any(|atom| matches!(atom, Atom::Open(text) if globs::is_pattern(text)));
            match pattern(field) {
                // `a[0]=x`, `[` and the like are patterns that match nothing.
                Some(pattern) if open && globs::is_pattern(&pattern) => out.extend(self.globbed(&pattern)),
                _ => out.push(joined(field.to_vec())),
            }
        }
        out
    }

    fn tilde(&mut self, who: &str) -> Vec<Line> {
        let places = match who {
            "" => self.variable("HOME"),
            "+" => self.variable("PWD"),
            "-" => self.variable("OLDPWD"),
            _ => None,
        };
        let places = places.unwrap_or_else(|| vec![Text::gap()]);
        places.iter().map(|place| spread(place, false)).collect()
    }
}

/// `text` as part of a word: split at whitespace and open to patterns unless it is quoted.
fn spread(text: &Text, open: bool) -> Line {
    let mut line = Vec::new();
    for part in text.parts() {
        match part {
            Part::Gap(names) => line.push(Atom::Gap(names.clone())),
            Part::Known(known) if !open => line.push(Atom::Quoted(known.clone())),
            Part::Known(known) => {
                for (i, piece) in known.split(char::is_whitespace).enumerate() {
                    if i > 0 {
                        line.push(Atom::Break);
                    }
                    if !piece.is_empty() {
                        line.push(Atom::Open(piece.to_owned()));
                    }
                }
            }
        }
    }
    if !open && line.is_empty() {
        line.push(Atom::Quoted(String::new()));
    }
    line
}

fn add(lines: &mut [Line], atoms: Line) {
    lines.iter_mut().for_each(|line| line.extend(atoms.iter().cloned()));
}

fn literal(lines: &mut [Line], text: &str, open: bool) {
    for line in lines {
        match (line.last_mut(), open) {
            (Some(Atom::Open(before)), true) | (Some(Atom::Quoted(before)), false) => before.push_str(text),
            (_, true) => line.push(Atom::Open(text.to_owned())),
            (_, false) => line.push(Atom::Quoted(text.to_owned())),
        }
    }
}

/// Every line followed by every one of `ways`; one unknown when that is too many.
fn multiply(lines: &mut Vec<Line>, mut ways: Vec<Line>) {
    match ways.pop() {
        None => {}
        Some(only) if ways.is_empty() => add(lines, only),
        Some(last) if lines.len() * (ways.len() + 1) <= MOST_VALUES => {
            ways.push(last);
            let before = std::mem::take(lines);
            for way in &ways {
                lines.extend(before.iter().map(|line| line.iter().chain(way).cloned().collect::<Line>()));
            }
        }
        Some(last) => {
            let names = ways.into_iter().chain([last]).flat_map(|way| joined(way).names()).collect();
            add(lines, vec![Atom::Gap(names)]);
        }
    }
}

fn joined(line: Line) -> Text {
    let mut text = Text::default();
    for atom in line {
        match atom {
            Atom::Quoted(piece) | Atom::Open(piece) => text.push(&piece),
            Atom::Gap(names) => text.push_gap(names),
            Atom::Break => text.push(" "),
        }
    }
    text
}

/// The text that is one of `values`, as far as they are the same.
pub(super) fn one_of(mut values: Vec<Text>) -> Text {
    values.dedup();
    match values.len() {
        0 => Text::default(),
        1 => values.remove(0),
        _ => Text::naming(values.iter().flat_map(Text::names).take(1024).collect()),
    }
}

/// The pattern of a line without unknown parts.
fn pattern(line: &[Atom]) -> Option<String> {
    line.iter()
        .map(|atom| match atom {
            Atom::Quoted(text) => Some(globs::escaped(text)),
            Atom::Open(text) => Some(text.clone()),
            Atom::Gap(_) | Atom::Break => None,
        })
        .collect()
}

/// Where the `until` that closes what was opened before `at` is.
fn skip(text: &[u8], mut at: usize, until: u8, depth: usize) -> Option<usize> {
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
fn skip_ansi(text: &[u8]) -> usize {
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

/// The words that the braces in `raw` stand for; `None` when they are too many.
fn braces(raw: &str) -> Option<Vec<String>> {
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
