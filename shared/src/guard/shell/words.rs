//! Words: quotes, variables, substitutions, braces and patterns, in every value they may have.

use super::braces::braces;
use super::globs;
use super::parameters::Expansion;
use super::quotes::{DEEPEST, ansi, skip, skip_ansi};
use super::state::{MOST_VALUES, Variable};
use super::text::{GAP, Part, Text, fragments};
use super::walk::Walker;

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
                    add(&mut lines, spread(&output, open, &self.separators()));
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
                        add(lines, spread(&output, open, &self.separators()));
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
        let separators = self.separators();
        match expansion {
            Expansion::Values(values) => {
                values.iter().for_each(|value| self.spend(value.len()));
                multiply(lines, values.iter().map(|value| spread(value, open, &separators)).collect());
            }
            Expansion::Fields(fields) => {
                let mut line = Vec::new();
                for (i, field) in fields.iter().enumerate() {
                    self.spend(field.len());
                    if i > 0 {
                        line.push(Atom::Break);
                    }
                    line.extend(spread(field, open, &separators));
                }
                add(lines, line);
            }
        }
    }

    /// What splits words beside whitespace, where the script says so.
    fn separators(&self) -> String {
        match self.state.variables.get("IFS") {
            Some(Variable::One(values)) => {
                values.iter().filter_map(|ifs| Some(ifs.as_known()?.to_owned())).collect()
            }
            _ => String::new(),
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
        places.iter().map(|place| spread(place, false, "")).collect()
    }
}

/// `text` as part of a word: split at whitespace and `separators`, and open to patterns, unless it is
/// quoted.
fn spread(text: &Text, open: bool, separators: &str) -> Line {
    let mut line = Vec::new();
    for part in text.parts() {
        match part {
            Part::Gap(names) => line.push(Atom::Gap(names.clone())),
            Part::Known(known) if !open => line.push(Atom::Quoted(known.clone())),
            Part::Known(known) => {
                for (i, piece) in
                    known.split(|c: char| c.is_whitespace() || separators.contains(c)).enumerate()
                {
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
