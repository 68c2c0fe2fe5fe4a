//! What the fields of a tool's input hold: paths, and scripts.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// Longest text that is taken for a path, in bytes (`PATH_MAX` on Linux).
const LONGEST: usize = 4096;
/// Parts of the names under which unknown tools take paths.
const PATH_WORDS: [&str; 11] =
    ["path", "file", "dir", "folder", "source", "src", "dest", "dst", "target", "output", "uri"];

/// Names under which tools take text that may be as short as a path: for people, for a file, to look
/// for. Compared without case and without what joins words.
const TEXTS: [&str; 55] = [
    "title",
    "body",
    "text",
    "message",
    "description",
    "prompt",
    "question",
    "comment",
    "summary",
    "subject",
    "note",
    "fact",
    "label",
    "labels",
    "content",
    "contents",
    "filetext",
    "oldstring",
    "newstring",
    "oldstr",
    "newstr",
    "oldtext",
    "newtext",
    "needle",
    "repl",
    "replacement",
    "search",
    "replace",
    "pattern",
    "query",
    "sql",
    "diff",
    "explanation",
    "observations",
    "html",
    "selector",
    "filecontent",
    "filecontents",
    "newcontent",
    "oldcontent",
    "code",
    "codeedit",
    "sourcecode",
    "branch",
    "branchname",
    "newbranch",
    "basebranch",
    "tag",
    "ref",
    "head",
    "key",
    "value",
    "values",
    "newsource",
    "oldsource",
];
/// Names under which what copies takes what it copies from.
const SOURCES: [&str; 12] = [
    "source",
    "src",
    "from",
    "sourcepath",
    "srcpath",
    "frompath",
    "input",
    "inputpath",
    "inputfile",
    "inputfiles",
    "archive",
    "uri",
];

/// The files that a known writer's input names, at any depth.
pub fn targets_of(input: &Value) -> Vec<PathBuf> {
    let mut found = Vec::new();
    collect(input, &mut found, &|name| match name {
        "file_path" | "filePath" | "path" | "notebook_path" | "notebookPath" | "target_file"
        | "targetFile" | "TargetFile" | "target_notebook" | "absolute_path" | "absolutePath"
        | "AbsolutePath" | "filename" | "fileName" | "file_name" | "file" | "files" | "paths"
        | "file_paths" | "filePaths" | "dirPath" | "dir_path" | "uri" | "destination" | "new_path"
        | "newPath" | "old_path" | "oldPath" | "source_path" => Named::Path,
        _ => Named::Other,
    });
    found
}

/// Every text in `input`, at any depth, that is a path by its field's name or by its looks.
pub fn paths_in(input: &Value) -> Vec<PathBuf> {
    let mut found = Vec::new();
    collect_any(input, false, &TEXTS, &mut found);
    found
}

/// The same for a tool that copies, but for what it copies from.
pub fn copies_in(input: &Value) -> Vec<PathBuf> {
    let mut found = Vec::new();
    collect_any(input, false, &[&TEXTS[..], &SOURCES].concat(), &mut found);
    found
}

/// What an input says is to be run: a text, the words of one command, or several commands.
pub fn script_of(input: &Value) -> Option<String> {
    const NAMES: [&str; 10] = [
        "command",
        "cmd",
        "commands",
        "script",
        "chars",
        "input",
        "CommandLine",
        "command_line",
        "commandLine",
        "code",
    ];
    if let Value::String(text) = input {
        return Some(text.clone());
    }
    NAMES.iter().find_map(|name| match input.get(*name)? {
        Value::String(text) if *name == "commands" => Some(listed(text).unwrap_or_else(|| text.clone())),
        Value::String(text) if *name == "code" && !is_shell(input) => {
            Some(format!("python3 -c {}", quoted(text)))
        }
        Value::String(text) => Some(text.clone()),
        Value::Array(items) if *name == "commands" => Some(lines(items)),
        Value::Array(words) => {
            Some(words.iter().filter_map(Value::as_str).map(quoted).collect::<Vec<_>>().join(" "))
        }
        _ => None,
    })
}

/// Whether code is said to be of a shell; other languages are all judged alike.
fn is_shell(input: &Value) -> bool {
    let language = input.get("language").or(input.get("lang")).and_then(Value::as_str).unwrap_or_default();
    ["sh", "bash", "zsh", "shell"].iter().any(|shell| language.eq_ignore_ascii_case(shell))
}

/// A list of commands that came as the text of a JSON list.
fn listed(text: &str) -> Option<String> {
    serde_json::from_str::<Vec<Value>>(text).ok().map(|items| lines(&items))
}

fn lines(commands: &[Value]) -> String {
    commands.iter().filter_map(script_of).collect::<Vec<_>>().join("\n")
}

/// `word` as a shell reads it back.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

enum Named {
    Path,
    Other,
}

fn collect(value: &Value, found: &mut Vec<PathBuf>, named: &impl Fn(&str) -> Named) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| match (named(name), value) {
            (Named::Path, Value::String(text)) => found.extend(path_of(text)),
            (Named::Path, Value::Array(items)) if items.iter().any(Value::is_string) => {
                found.extend(items.iter().filter_map(Value::as_str).filter_map(path_of));
            }
            (_, value) => collect(value, found, named),
        }),
        Value::Array(items) => items.iter().for_each(|item| collect(item, found, named)),
        _ => {}
    }
}

/// Adds every path in `value`, but for the fields called as one of `not`.
fn collect_any(value: &Value, named: bool, not: &[&str], found: &mut Vec<PathBuf>) {
    match value {
        Value::String(text) if named || looks_like_a_path(text) => found.extend(path_of(text)),
        Value::Array(items) => items.iter().for_each(|item| collect_any(item, named, not, found)),
        Value::Object(fields) => fields.iter().for_each(|(name, value)| {
            let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
            let plain = plain.to_ascii_lowercase();
            let named = PATH_WORDS.iter().any(|word| plain.contains(word));
            match value {
                Value::String(_) if not.contains(&plain.as_str()) => {}
                Value::Array(items) if not.contains(&plain.as_str()) => {
                    let objects = items.iter().filter(|item| item.is_object());
                    objects.for_each(|item| collect_any(item, false, not, found));
                }
                _ => collect_any(value, named, not, found),
            }
        }),
        _ => {}
    }
}

fn looks_like_a_path(text: &str) -> bool {
    text.len() <= LONGEST && text.contains(['/', '\\']) && !text.contains(char::is_whitespace)
}

/// The path that `text` spells; `None` for what cannot be one.
pub fn path_of(text: &str) -> Option<PathBuf> {
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
            (json!({"title": "docs/", "labels": ["docs/a"], "comment": {"path": "a"}}), &["a"]),
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
    fn a_writers_content_is_never_taken_for_a_path() {
        for (input, paths) in [
            (json!({"file_path": "a", "content": "docs/x", "new_source": "docs/y"}), &["a"][..]),
            (
                json!({"replacements": [{"filePath": "a", "newString": "docs/x"}, {"filePath": "b"}]}),
                &["a", "b"],
            ),
            (json!({"files": [{"path": "a"}, {"path": "b"}]}), &["a", "b"]),
            (json!({"file_paths": ["a", "b"]}), &["a", "b"]),
            (json!({"file_path": "https://example.com/docs"}), &[]),
        ] {
            assert_eq!(targets_of(&input), paths.iter().map(PathBuf::from).collect::<Vec<_>>(), "{input}");
        }
    }

    #[test]
    fn broken_percent_signs_stay() {
        assert_eq!(decoded("/a%/b%zz%4"), Path::new("/a%/b%zz%4"));
    }

    #[test]
    fn words_are_quoted_so_that_a_shell_reads_them_back() {
        assert_eq!(script_of(&json!({"cmd": ["a", "b c", "it's", ""]})).unwrap(), "a 'b c' 'it'\\''s' ''");
        assert_eq!(script_of(&json!({"command": 1})), None);
    }
}
