//! Variables and what `${…}` makes of them.

use super::globs;
use super::state::{MOST_VALUES, Variable};
use super::text::{Text, fragments};
use super::walk::Walker;
use super::words::one_of;

/// What an expansion yields.
pub(super) enum Expansion {
    /// One text, of these possible ones.
    Values(Vec<Text>),
    /// Several words, all of them.
    Fields(Vec<Text>),
}

use Expansion::{Fields, Values};

/// Variables whose values are plain and never lead anywhere.
const PLAIN: [&str; 12] = [
    "RANDOM",
    "SRANDOM",
    "SECONDS",
    "UID",
    "EUID",
    "PPID",
    "BASHPID",
    "LINENO",
    "EPOCHSECONDS",
    "EPOCHREALTIME",
    "SHLVL",
    "COLUMNS",
];

impl Walker<'_> {
    /// The values of a variable; `None` when it is not set as far as is known.
    pub(super) fn variable(&mut self, name: &str) -> Option<Vec<Text>> {
        if let Some(variable) = self.state.variables.get(name) {
            return Some(match variable {
                Variable::One(values) => values.clone(),
                Variable::List(values) => values.iter().take(1).cloned().collect(),
            });
        }
        let folders = |folders: &[Option<std::path::PathBuf>]| {
            let text = |folder: &Option<std::path::PathBuf>| match folder {
                Some(path) => Text::known(&path.to_string_lossy()),
                None => Text::gap(),
            };
            folders.iter().map(text).collect::<Vec<_>>()
        };
        match name {
            "PWD" => return Some(folders(&self.state.folders)),
            "OLDPWD" if !self.state.before.is_empty() => return Some(folders(&self.state.before)),
            "HOME" => {
                if let Some(home) = self.setting.home {
                    return Some(vec![Text::known(&home.to_string_lossy())]);
                }
            }
            _ if PLAIN.contains(&name) => return Some(vec![Text::known("0")]),
            _ => {}
        }
        (self.setting.variable)(name).map(|value| vec![Text::known(&value)])
    }

    /// `$name`.
    pub(super) fn named(&mut self, name: &str) -> Expansion {
        Values(self.variable(name).unwrap_or_else(|| vec![Text::gap()]))
    }

    /// `$@`, `$1`, `$?` and their like.
    pub(super) fn special(&mut self, name: &str) -> Expansion {
        match name {
            "@" | "*" => Fields(self.state.arguments.clone().unwrap_or_default()),
            "?" | "#" | "$" | "!" | "-" => Values(vec![Text::known("0")]),
            _ => Values(vec![self.positional(name).unwrap_or_else(Text::gap)]),
        }
    }

    fn positional(&self, name: &str) -> Option<Text> {
        let at: usize = name.parse().ok()?;
        if at == 0 {
            return self.state.name.clone();
        }
        self.state.arguments.as_ref()?.get(at.checked_sub(1)?).cloned()
    }

    /// `${inner}`.
    pub(super) fn braced(&mut self, inner: &str, quoted: bool) -> Expansion {
        if let Some(rest) = inner.strip_prefix('#')
            && !rest.is_empty()
        {
            return Values(vec![Text::known("0")]);
        }
        let (indirect, inner) = match inner.strip_prefix('!') {
            Some(rest) if !rest.is_empty() => (true, rest),
            _ => (false, inner),
        };
        let word = inner.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
        let special = word == 0 && inner.starts_with(['@', '*', '#', '?', '-', '$', '!']);
        let (name, mut rest) = inner.split_at(if special { 1 } else { word });
        if name.is_empty() {
            return Values(vec![Text::naming(fragments(inner))]);
        }
        let mut values = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((index, after)) => {
                rest = after;
                self.element(name, index)
            }
            None if special || name.parse::<usize>().is_ok() => match self.special(name) {
                Values(values) if name.parse::<usize>().is_ok() && self.positional(name).is_none() => {
                    if rest.is_empty() { Some(Values(values)) } else { None }
                }
                other => Some(other),
            },
            None => self.variable(name).map(Values),
        };
        if indirect {
            values = match values {
                Some(Values(names)) => match &names[..] {
                    [one] => one.as_known().map(str::to_owned).and_then(|n| self.variable(&n)).map(Values),
                    _ => None,
                },
                _ => None,
            };
        }
        self.operated(name, values, rest, quoted)
    }

    fn element(&mut self, name: &str, index: &str) -> Option<Expansion> {
        let list = match self.state.variables.get(name)? {
            Variable::List(list) => list.clone(),
            Variable::One(values) => return Some(Values(values.clone())),
        };
        Some(match (index, index.parse::<usize>()) {
            ("@" | "*", _) => Fields(list),
            (_, Ok(at)) => Values(vec![list.get(at).cloned().unwrap_or_default()]),
            // Whichever element it is, it is one of them.
            _ if list.len() <= MOST_VALUES && !list.is_empty() => Values(list),
            _ => Values(vec![one_of(list)]),
        })
    }

    fn operated(&mut self, name: &str, values: Option<Expansion>, operator: &str, quoted: bool) -> Expansion {
        let colon = operator.strip_prefix(':').unwrap_or(operator);
        let word = colon.get(1..).unwrap_or_default();
        let known = values.unwrap_or(Values(Vec::new()));
        let unset = match &known {
            Values(values) => values.iter().all(Text::is_empty),
            Fields(fields) => fields.is_empty(),
        };
        match colon.chars().next() {
            None if unset && matches!(&known, Values(values) if values.is_empty()) => {
                Values(vec![Text::gap()])
            }
            None => known,
            Some('-') if unset => Values(self.inner(word, quoted)),
            Some('=') if unset => {
                let values = self.inner(word, quoted);
                self.state.variables.insert(name.to_owned(), Variable::One(values.clone()));
                Values(values)
            }
            Some('-' | '=' | '?') => match unset {
                true => Values(vec![Text::gap()]),
                false => known,
            },
            Some('+') => {
                let mut values = self.inner(word, quoted);
                if unset {
                    values.push(Text::default());
                }
                Values(values)
            }
            Some(_) if unset => Values(vec![Text::gap()]),
            Some(c) if matches!(&known, Fields(_)) && colon != operator && !"-=?+".contains(c) => {
                let Fields(fields) = known else { return known };
                // `$0` comes before `$1`.
                let shift = usize::from(matches!(name, "@" | "*"));
                let change = self.change(operator);
                match change {
                    Some(Change::Part { from, length }) => {
                        let (from, end) = part(from, length, fields.len() + shift);
                        let (from, end) = (from.saturating_sub(shift), end.saturating_sub(shift));
                        Fields(fields.get(from..end.max(from)).unwrap_or_default().to_vec())
                    }
                    _ => Fields(fields),
                }
            }
            Some(_) => {
                let values = match known {
                    Values(values) | Fields(values) => values,
                };
                let change = self.change(operator);
                let changed = values.iter().map(|value| match (value.as_known(), &change) {
                    (Some(text), Some(change)) => Text::known(&change.apply(text)),
                    // A file's name alone leads nowhere that its folder did not.
                    (None, Some(Change::Cut { front: true, longest: true, pattern })) if pattern == "*/" => {
                        Text::gap()
                    }
                    _ => Text::naming(value.names()),
                });
                Values(changed.collect())
            }
        }
    }

    /// The change that an operator makes to a known text.
    fn change(&mut self, operator: &str) -> Option<Change> {
        let rest = &operator[operator.chars().next()?.len_utf8()..];
        match operator.as_bytes().first()? {
            front @ (b'#' | b'%') => {
                let longest = rest.as_bytes().first() == Some(front);
                let pattern = self.pattern(if longest { &rest[1..] } else { rest })?;
                Some(Change::Cut { front: *front == b'#', longest, pattern })
            }
            b'/' => {
                let all = rest.starts_with('/');
                let rest = if all { &rest[1..] } else { rest };
                let (pattern, to) = split_at_slash(rest);
                let to = self.inner(to, false);
                let [to] = &to[..] else { return None };
                Some(Change::Replace { all, pattern: self.pattern(pattern)?, to: to.as_known()?.to_owned() })
            }
            b'^' if rest == "^" => Some(Change::Upper),
            b',' if rest == "," => Some(Change::Lower),
            b'@' if rest == "U" => Some(Change::Upper),
            b'@' if rest == "L" => Some(Change::Lower),
            b'@' if rest == "Q" || rest == "E" => Some(Change::None),
            b':' => {
                let mut numbers = rest.splitn(2, ':');
                let from: i64 = numbers.next()?.trim().parse().ok()?;
                let length = match numbers.next() {
                    Some(number) => Some(number.trim().parse().ok()?),
                    None => None,
                };
                Some(Change::Part { from, length })
            }
            _ => None,
        }
    }
}

/// What an operator does to a text.
enum Change {
    None,
    Cut { front: bool, longest: bool, pattern: String },
    Replace { all: bool, pattern: String, to: String },
    Part { from: i64, length: Option<i64> },
    Upper,
    Lower,
}

/// Longest text in which a pattern is looked for, in bytes.
const LONGEST: usize = 4096;

impl Change {
    fn apply(&self, text: &str) -> String {
        if text.len() > LONGEST {
            return super::text::GAP.to_string();
        }
        match self {
            Change::None => text.to_owned(),
            Change::Upper => text.to_uppercase(),
            Change::Lower => text.to_lowercase(),
            Change::Cut { front, longest, pattern } => {
                let ends: Vec<usize> = text.char_indices().map(|(i, _)| i).chain([text.len()]).collect();
                let fits = |end: &&usize| {
                    let (head, tail) = text.split_at(**end);
                    globs::matches(pattern, if *front { head } else { tail })
                };
                // The shortest front ends first, the shortest tail starts last.
                let cut = match front == longest {
                    true => ends.iter().rev().find(fits),
                    false => ends.iter().find(fits),
                };
                match (cut, front) {
                    (Some(end), true) => text[*end..].to_owned(),
                    (Some(end), false) => text[..*end].to_owned(),
                    (None, _) => text.to_owned(),
                }
            }
            Change::Replace { all, pattern, to } => replaced(text, pattern, to, *all),
            Change::Part { from, length } => {
                let chars: Vec<char> = text.chars().collect();
                let (from, end) = part(*from, *length, chars.len());
                chars.get(from..end).unwrap_or_default().iter().collect()
            }
        }
    }
}

/// Where `${x:from:length}` starts and ends among `all` pieces.
fn part(from: i64, length: Option<i64>, all: usize) -> (usize, usize) {
    let size = i64::try_from(all).unwrap_or(i64::MAX);
    let place = |at: i64| usize::try_from(if at < 0 { size.saturating_add(at) } else { at }.clamp(0, size));
    let from = place(from).unwrap_or_default();
    let end = match length {
        Some(length) if length < 0 => place(length).unwrap_or_default(),
        Some(length) => from.saturating_add(usize::try_from(length).unwrap_or_default()),
        None => all,
    };
    (from, end.clamp(from, all))
}

fn replaced(text: &str, pattern: &str, to: &str, all: bool) -> String {
    let (anchor, pattern) = match pattern.as_bytes().first() {
        Some(b'#') if !all => (Some(true), &pattern[1..]),
        Some(b'%') if !all => (Some(false), &pattern[1..]),
        _ => (None, pattern),
    };
    if !globs::is_pattern(pattern) {
        let literal = globs::unescaped(pattern);
        return match (anchor, all) {
            _ if literal.is_empty() && anchor.is_none() => text.to_owned(),
            (Some(true), _) => {
                text.strip_prefix(&*literal).map_or(text.to_owned(), |rest| format!("{to}{rest}"))
            }
            (Some(false), _) => {
                text.strip_suffix(&*literal).map_or(text.to_owned(), |rest| format!("{rest}{to}"))
            }
            (None, true) => text.replace(&*literal, to),
            (None, false) => text.replacen(&*literal, to, 1),
        };
    }
    if text.len() > 256 {
        return super::text::GAP.to_string();
    }
    let mut out = String::new();
    let mut at = 0;
    while at <= text.len() {
        let rest = &text[at..];
        let ends = rest.char_indices().map(|(i, c)| i + c.len_utf8()).rev();
        let end = ends.into_iter().find(|end| {
            (anchor != Some(true) || at == 0)
                && (anchor != Some(false) || *end == rest.len())
                && globs::matches(pattern, &rest[..*end])
        });
        match (end, rest.chars().next()) {
            (Some(end), _) => {
                out.push_str(to);
                at += end;
                if !all {
                    break;
                }
            }
            (None, Some(c)) => {
                out.push(c);
                at += c.len_utf8();
            }
            (None, None) => break,
        }
    }
    out + text.get(at..).unwrap_or_default()
}

/// `pattern/replacement`, where a backslash or quotes may hide a slash.
fn split_at_slash(text: &str) -> (&str, &str) {
    let bytes = text.as_bytes();
    let (mut at, mut quoted) = (0, None);
    while let Some(byte) = bytes.get(at) {
        match (byte, quoted) {
            (b'\\', None) => at += 1,
            (b'\'' | b'"', None) => quoted = Some(byte),
            (byte, Some(quote)) if byte == quote => quoted = None,
            // A slash right at the start belongs to the pattern.
            (b'/', None) if at > 0 => return (&text[..at], &text[at + 1..]),
            _ => {}
        }
        at += 1;
    }
    (text, "")
}
