//! File name patterns: whether a name matches, and which names a pattern stands for.

use std::path::{Path, PathBuf};

use super::text::Text;
use super::walk::Walker;

/// Most steps that one match may take; beyond, a name counts as matching.
const MOST_STEPS: usize = 20_000;
/// Most names that one pattern is followed through.
const MOST_NAMES: usize = 2048;
/// Most folders that one script's patterns may list.
const MOST_FOLDERS: usize = 4096;
/// What these folders hold is made by tools: a walk does not go into them.
pub(super) const MADE: [&str; 5] = [".git", "node_modules", "target", ".venv", "__pycache__"];

/// Whether `text` would be taken as a pattern. A backslash takes a character's meaning away.
pub(super) fn is_pattern(text: &str) -> bool {
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => drop(chars.next()),
            '*' | '?' | '[' => return true,
            '!' | '@' | '+' if chars.peek() == Some(&'(') => return true,
            _ => {}
        }
    }
    false
}

/// `text` as a pattern that matches nothing but itself.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if "\\*?[]!@+(|)".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// `pattern` without its backslashes.
pub(super) fn unescaped(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        out.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    out
}

/// Whether the whole of `text` matches `pattern`; `/` is a character like any other.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    Matcher { steps: 0 }.matches(&pattern, &text)
}

struct Matcher {
    steps: usize,
}

impl Matcher {
    fn matches(&mut self, pattern: &[char], text: &[char]) -> bool {
        let (mut p, mut t) = (0, 0);
        // Where to go on when what follows the last star did not match.
        let mut star: Option<(usize, usize)> = None;
        loop {
            self.steps += 1;
            if self.steps > MOST_STEPS {
                return true;
            }
            if let Some((kind, alternatives, end)) = group(pattern, p) {
                if self.group(kind, &alternatives, &pattern[end..], &text[t..]) {
                    return true;
                }
            } else if pattern.get(p) == Some(&'*') {
                p += 1;
                star = Some((p, t));
                continue;
            } else if let Some(after) = text.get(t).and_then(|c| one(pattern, p, *c)) {
                (p, t) = (after, t + 1);
                continue;
            } else if p == pattern.len() && t == text.len() {
                return true;
            }
            match star {
                Some((after, from)) if from < text.len() => {
                    star = Some((after, from + 1));
                    (p, t) = (after, from + 1);
                }
                _ => return false,
            }
        }
    }

    /// A group such as `!(a|b)` followed by `rest`, against all of `text`.
    fn group(&mut self, kind: char, alternatives: &[&[char]], rest: &[char], text: &[char]) -> bool {
        (0..=text.len()).any(|end| {
            let (taken, left) = text.split_at(end);
            let any = |m: &mut Self| alternatives.iter().any(|pattern| m.matches(pattern, taken));
            let taken_fits = match kind {
                '!' => !any(self),
                '?' | '*' if taken.is_empty() => true,
                // A repetition is taken for anything that starts like it.
                '*' | '+' => any(self) || alternatives.iter().any(|p| self.starts(p, taken)),
                _ => any(self),
            };
            taken_fits && self.matches(rest, left)
        })
    }

    fn starts(&mut self, pattern: &[char], text: &[char]) -> bool {
        (1..text.len()).any(|end| self.matches(pattern, &text[..end]))
    }
}

/// The group at `at`: its kind, its alternatives and where it ends.
fn group(pattern: &[char], at: usize) -> Option<(char, Vec<&[char]>, usize)> {
    let kind = *pattern.get(at).filter(|c| "!@?*+".contains(**c))?;
    if pattern.get(at + 1) != Some(&'(') {
        return None;
    }
    let (mut depth, mut alternatives, mut from) = (0, Vec::new(), at + 2);
    let mut i = at + 1;
    while i < pattern.len() {
        match pattern[i] {
            '\\' => i += 1,
            '(' => depth += 1,
            ')' if depth == 1 => {
                alternatives.push(&pattern[from..i]);
                return Some((kind, alternatives, i + 1));
            }
            ')' => depth -= 1,
            '|' if depth == 1 => {
                alternatives.push(&pattern[from..i]);
                from = i + 1;
            }
            _ => {}
        }
        i += 1;
    }
    None
}

/// Where the pattern goes on after it has taken `c`, if it does.
fn one(pattern: &[char], at: usize, c: char) -> Option<usize> {
    match *pattern.get(at)? {
        '?' => Some(at + 1),
        '\\' => (pattern.get(at + 1) == Some(&c)).then_some(at + 2),
        '[' => match class(pattern, at, c) {
            Some((fits, end)) => fits.then_some(end),
            None => (c == '[').then_some(at + 1),
        },
        own => (own == c).then_some(at + 1),
    }
}

/// Whether `c` is in the class that starts at `at`, and where the class ends.
fn class(pattern: &[char], at: usize, c: char) -> Option<(bool, usize)> {
    let negated = matches!(pattern.get(at + 1), Some('!' | '^'));
    let first = at + 1 + usize::from(negated);
    let (mut i, mut fits) = (first, false);
    loop {
        match *pattern.get(i)? {
            ']' if i > first => return Some((fits != negated, i + 1)),
            '[' if pattern.get(i + 1) == Some(&':') => {
                let end = (i + 2..pattern.len()).find(|e| pattern[*e] == ':')?;
                let name: String = pattern[i + 2..end].iter().collect();
                fits |= match &name[..] {
                    "alpha" => c.is_alphabetic(),
                    "digit" => c.is_ascii_digit(),
                    "lower" => c.is_lowercase(),
                    "upper" => c.is_uppercase(),
                    "punct" => c.is_ascii_punctuation(),
                    "space" | "blank" => c.is_whitespace(),
                    _ => c.is_alphanumeric(),
                };
                i = end + 2;
            }
            low => {
                let low_at = if low == '\\' { i + 1 } else { i };
                let low = *pattern.get(low_at)?;
                match (pattern.get(low_at + 1), pattern.get(low_at + 2)) {
                    (Some('-'), Some(high)) if *high != ']' => {
                        fits |= (low..=*high).contains(&c);
                        i = low_at + 3;
                    }
                    _ => {
                        fits |= low == c;
                        i = low_at + 1;
                    }
                }
            }
        }
    }
}

impl Walker<'_> {
    /// The names in a folder; `None` when too many folders were listed already.
    pub(super) fn names_in(&mut self, folder: &Path) -> Option<Vec<String>> {
        self.listed += 1;
        if self.listed > MOST_FOLDERS {
            return None;
        }
        let mut names: Vec<String> =
            self.view.entries(folder).iter().map(|name| name.to_string_lossy().into_owned()).collect();
        names.sort_unstable();
        Some(names)
    }

    /// Whether there is something at `path`.
    pub(super) fn exists(&mut self, path: &Path) -> bool {
        if self.view.identity(path).is_some() || self.view.link(path).is_some() {
            return true;
        }
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return true };
        let name = name.to_string_lossy();
        self.names_in(folder).is_some_and(|names| names.iter().any(|other| *other == *name))
    }

    /// What `pattern` stands for in the folders that the script may be in; itself when nothing matches.
    pub(super) fn globbed(&mut self, pattern: &str) -> Vec<Text> {
        let mut found: Vec<Text> = Vec::new();
        for folder in self.state.folders.clone() {
            let known = match folder {
                Some(folder) => self.globbed_in(pattern, &folder),
                None if pattern.starts_with('/') => self.globbed_in(pattern, Path::new("/")),
                None => None,
            };
            match known {
                Some(names) => found.extend(names.iter().map(|name| Text::known(name))),
                None => {
                    let start = pattern.find(['*', '?', '[']).unwrap_or_default();
                    let mut text = Text::known(&unescaped(&pattern[..start]));
                    text.push_gap(vec![unescaped(pattern)]);
                    found.push(text);
                }
            }
        }
        found.dedup();
        match found.is_empty() {
            true => vec![Text::known(&unescaped(pattern))],
            false => found,
        }
    }

    /// As [`Walker::globbed`], in one folder; `None` when there is too much to look at.
    fn globbed_in(&mut self, pattern: &str, folder: &Path) -> Option<Vec<String>> {
        let mut found = vec![String::new()];
        let mut checked = true;
        let components: Vec<&str> = pattern.split('/').collect();
        for (i, component) in components.iter().enumerate() {
            let last = i + 1 == components.len();
            let end = if last { "" } else { "/" };
            let mut next = Vec::new();
            for start in &found {
                if *component == "**" {
                    next.extend(self.below(start, folder, last)?);
                } else if is_pattern(component) {
                    for name in self.names_in(&folder.join(start))? {
                        let hidden =
                            name.starts_with('.') && !component.starts_with('.') && !self.state.dot_files;
                        if !hidden && matches(component, &name) {
                            next.push(format!("{start}{name}{end}"));
                        }
                    }
                    checked = false;
                } else {
                    let path = format!("{start}{}{end}", unescaped(component));
                    if checked || component.is_empty() || self.exists(&folder.join(&path)) {
                        next.push(path);
                    }
                }
                if next.len() > MOST_NAMES {
                    return None;
                }
            }
            if *component == "**" {
                checked = false;
            }
            found = next;
        }
        Some(found)
    }

    /// The folders at and below `start`, and all names below when `**` stands last.
    fn below(&mut self, start: &str, folder: &Path, last: bool) -> Option<Vec<String>> {
        let mut found = vec![start.to_owned()];
        let mut i = 0;
        while let Some(at) = found.get(i).cloned() {
            i += 1;
            for name in self.names_in(&folder.join(&at))? {
                if MADE.contains(&&name[..]) || (name.starts_with('.') && !self.state.dot_files) {
                    continue;
                }
                let path = PathBuf::from(format!("{at}{name}"));
                found.push(format!("{}/", path.display()));
            }
            if found.len() > MOST_NAMES {
                return None;
            }
        }
        if last {
            found.iter_mut().for_each(|path| {
                if path.ends_with('/') {
                    path.pop();
                }
            });
        }
        Some(found)
    }
}
