//! What a tool call does to files, as far as its name and its input tell.
//!
//! Which tools of an agent write is for that agent's adapter to say; here is what
//! holds for all: how a path is found in an input that nobody described.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// A tool call, sorted by its effect rather than by its name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Tool {
    /// Changes no file.
    Reads,
    /// Writes these files.
    Writes(Vec<PathBuf>),
    /// Runs a command in a shell; the command is not looked at.
    Shell(String),
    /// Does something unknown; whatever looks like a path in its input.
    Unknown(Vec<PathBuf>),
}

impl Tool {
    /// The paths that the call names.
    pub fn paths(&self) -> &[PathBuf] {
        match self {
            Tool::Reads | Tool::Shell(_) => &[],
            Tool::Writes(paths) | Tool::Unknown(paths) => paths,
        }
    }
}

/// Parts of the names under which tools take paths.
const PATH_WORDS: [&str; 11] =
    ["path", "file", "dir", "folder", "source", "src", "dest", "dst", "target", "output", "uri"];
/// Longest text that is taken for a path, in bytes (`PATH_MAX` on Linux).
const LONGEST: usize = 4096;

/// Every text in `input`, at any depth, that is a path by its field's name or by its looks.
pub fn paths_in(input: &Value) -> Vec<PathBuf> {
    let mut found = Vec::new();
    collect(input, false, &mut found);
    found
}

fn collect(value: &Value, named: bool, found: &mut Vec<PathBuf>) {
    match value {
        Value::String(text) if named || looks_like_a_path(text) => found.extend(path_of(text)),
        Value::Array(items) => items.iter().for_each(|item| collect(item, named, found)),
        Value::Object(fields) => fields.iter().for_each(|(name, value)| {
            let name = name.to_lowercase();
            collect(value, PATH_WORDS.iter().any(|word| name.contains(word)), found);
        }),
        _ => {}
    }
}

fn looks_like_a_path(text: &str) -> bool {
    text.contains(['/', '\\']) && !text.contains(char::is_whitespace)
}

/// The path that `text` spells; `None` for what cannot be one.
fn path_of(text: &str) -> Option<PathBuf> {
    if text.is_empty() || text.len() > LONGEST || text.contains(char::is_control) {
        return None;
    }
    match text.split_once("://") {
        Some(("file", rest)) => Some(decoded(rest.strip_prefix("localhost").unwrap_or(rest))),
        Some((scheme, _)) if scheme.bytes().all(|b| b.is_ascii_alphanumeric()) => None,
        _ => Some(PathBuf::from(text)),
    }
}

/// Undoes the percent signs of a URL.
fn decoded(text: &str) -> PathBuf {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let escaped = after.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match escaped.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) if first == b'%' => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    Path::new(&*String::from_utf8_lossy(&bytes)).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths_are_found_by_field_or_by_looks() {
        for (input, paths) in [
            (json!({"path": "/p/.docs/a.md", "content": "x"}), &["/p/.docs/a.md"][..]),
            (json!({"filePath": "docs"}), &["docs"]),
            (json!({"edits": [{"file": "a"}, {"file": "b"}]}), &["a", "b"]),
            (json!({"paths": ["a", "b"]}), &["a", "b"]),
            (json!({"from": "docs/a.md", "to": "b/c.md"}), &["docs/a.md", "b/c.md"]),
            (json!({"uri": "file:///p/a%20b/%2e%2e/c"}), &["/p/a b/../c"]),
            (json!({"uri": "file://localhost/p/a"}), &["/p/a"]),
            (json!({"url": "https://example.com/docs/a"}), &[]),
            (json!({"query": "docs"}), &[]),
            (json!({"text": "see docs/a.md for more"}), &[]),
            (json!({"file_text": "# a doc\n\nof docs/"}), &[]),
            (json!({"path": ""}), &[]),
            (json!({"path": 1, "more": null}), &[]),
            (json!("docs/a.md"), &["docs/a.md"]),
        ] {
            let found = paths_in(&input);
            assert_eq!(found, paths.iter().map(PathBuf::from).collect::<Vec<_>>(), "{input}");
        }
    }

    #[test]
    fn broken_percent_signs_stay() {
        assert_eq!(decoded("/a%/b%zz%4"), Path::new("/a%/b%zz%4"));
    }
}
