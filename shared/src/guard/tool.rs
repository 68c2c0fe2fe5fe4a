//! What a tool call does to files, as far as its name and its input tell.
//!
//! Tools are told by their names, in every agent's own words ([`classify`]); a tool that
//! nobody described is judged by whatever looks like a path in its input.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// A tool call, sorted by its effect rather than by its name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Tool {
    /// Changes no file.
    Reads,
    /// Writes these files.
    Writes(Vec<PathBuf>),
    /// Runs a script in a shell.
    Shell {
        /// The script.
        script: String,
        /// The folder that it starts in, where the call names one; relative to the session's.
        folder: Option<PathBuf>,
    },
    /// Does something unknown; whatever looks like a path in its input.
    Unknown(Vec<PathBuf>),
}

impl Tool {
    /// The paths that the call names.
    pub fn paths(&self) -> &[PathBuf] {
        match self {
            Tool::Reads | Tool::Shell { .. } => &[],
            Tool::Writes(paths) | Tool::Unknown(paths) => paths,
        }
    }
}

/// Tools that change no file, and tools that only start others, whose calls have hooks of their own.
const READERS: [&str; 34] = [
    "Agent",
    "AskUserQuestion",
    "BashOutput",
    "CronCreate",
    "CronDelete",
    "CronList",
    "EnterPlanMode",
    "ExitPlanMode",
    "Glob",
    "Grep",
    "KillBash",
    "KillShell",
    "LS",
    "LSP",
    "ListMcpResourcesTool",
    "NotebookRead",
    "Read",
    "ReadMcpResourceTool",
    "SendMessage",
    "Skill",
    "SlashCommand",
    "Task",
    "TaskCreate",
    "TaskGet",
    "TaskList",
    "TaskOutput",
    "TaskStop",
    "TaskUpdate",
    "TodoRead",
    "TodoWrite",
    "ToolSearch",
    "WebFetch",
    "WebSearch",
    "Workflow",
];
/// Tools of the common MCP file server that change no file.
const MCP_READERS: [&str; 10] = [
    "directory_tree",
    "get_file_info",
    "list_allowed_directories",
    "list_directory",
    "list_directory_with_sizes",
    "read_file",
    "read_media_file",
    "read_multiple_files",
    "read_text_file",
    "search_files",
];
/// Where the writing tools take their path; another client's tools go by other names under ours.
const TARGETS: [&str; 4] = ["file_path", "notebook_path", "path", "filePath"];

/// Sorts the call of a tool by its effect.
pub fn classify(tool: &str, input: &Value) -> Tool {
    match tool {
        "Write" | "Edit" | "MultiEdit" | "NotebookEdit" => Tool::Writes(targets(input)),
        "Bash" | "PowerShell" => {
            Tool::Shell { script: input["command"].as_str().unwrap_or_default().to_owned(), folder: None }
        }
        _ if READERS.contains(&tool) => Tool::Reads,
        _ if tool.starts_with("mcp__")
            && tool.rsplit("__").next().is_some_and(|t| MCP_READERS.contains(&t)) =>
        {
            Tool::Reads
        }
        _ => Tool::Unknown(paths_in(input)),
    }
}

fn targets(input: &Value) -> Vec<PathBuf> {
    let text = |field: &&str| input[*field].as_str().filter(|path| !path.is_empty());
    TARGETS.iter().filter_map(text).map(PathBuf::from).collect()
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
    fn tools_are_sorted_by_their_effect() {
        let writes = |path: &str| Tool::Writes(vec![path.into()]);
        for (tool, input, expected) in [
            ("Write", json!({"file_path": "/p/a", "content": "x"}), writes("/p/a")),
            ("Edit", json!({"file_path": "/p/a"}), writes("/p/a")),
            ("MultiEdit", json!({"file_path": "/p/a", "edits": []}), writes("/p/a")),
            ("NotebookEdit", json!({"notebook_path": "/p/n.ipynb"}), writes("/p/n.ipynb")),
            ("Write", json!({"path": "/p/a", "file_text": "x"}), writes("/p/a")),
            ("Write", json!({"content": "x"}), Tool::Writes(vec![])),
            ("Write", json!({"file_path": 7}), Tool::Writes(vec![])),
            ("Edit", Value::Null, Tool::Writes(vec![])),
            ("Read", json!({"file_path": "/p/a"}), Tool::Reads),
            ("Agent", json!({"prompt": "write docs/a"}), Tool::Reads),
            ("mcp__fs__read_text_file", json!({"path": "/p/a"}), Tool::Reads),
            ("mcp__fs__write_file", json!({"path": "/p/a"}), Tool::Unknown(vec!["/p/a".into()])),
            ("read_file", json!({"path": "/p/a"}), Tool::Unknown(vec!["/p/a".into()])),
            ("Tomorrow", json!({"path": "/p/a"}), Tool::Unknown(vec!["/p/a".into()])),
            (
                "Bash",
                json!({"command": "rm -r docs"}),
                Tool::Shell { script: "rm -r docs".into(), folder: None },
            ),
        ] {
            assert_eq!(classify(tool, &input), expected, "{tool} {input}");
        }
    }

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
