//! What a tool call does to files, as far as its name and its input tell.
//!
//! Tools are told by their names, in every agent's own words ([`classify`]). What is known to
//! read passes, what is known to write is judged by its targets, and a tool that nobody described
//! by whatever looks like a path in its input.

use std::path::PathBuf;

use serde_json::Value;

use super::fields::{copies_in, paths_in, script_of, targets_of};
use super::forge;
use super::names::{Effect, known, words};
use super::patch::patched;
use super::settings::{Change, may_be_settings};

/// A tool call, sorted by its effect rather than by its name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Tool {
    /// Changes no file.
    Reads,
    /// Writes these files.
    Writes(Vec<PathBuf>),
    /// Writes one file by which an agent may be set up.
    Sets {
        /// The file.
        path: PathBuf,
        /// What becomes of its text.
        change: Change,
    },
    /// Takes these away from their place, with everything below them.
    Removes(Vec<PathBuf>),
    /// Runs a script in a shell.
    Shell {
        /// The script.
        script: String,
        /// The folder that it starts in, where the call names one; relative to the session's.
        folder: Option<PathBuf>,
    },
    /// Runs a script in PowerShell.
    PowerShell {
        /// The script.
        script: String,
        /// The folder that it starts in, where the call names one; relative to the session's.
        folder: Option<PathBuf>,
    },
    /// Does something unknown; whatever looks like a path in its input.
    Unknown(Vec<PathBuf>),
    /// Changes a repository elsewhere, through its host; the paths in it.
    Remote(Vec<PathBuf>),
}

impl Tool {
    /// The paths that the call names.
    pub fn paths(&self) -> &[PathBuf] {
        match self {
            Tool::Reads | Tool::Shell { .. } | Tool::PowerShell { .. } => &[],
            Tool::Writes(paths) | Tool::Removes(paths) | Tool::Unknown(paths) | Tool::Remote(paths) => paths,
            Tool::Sets { path, .. } => std::slice::from_ref(path),
        }
    }

    /// Whether it may have written more than its call tells.
    pub fn is_opaque(&self) -> bool {
        matches!(self, Tool::Shell { .. } | Tool::PowerShell { .. } | Tool::Unknown(_) | Tool::Remote(_))
    }
}

/// Sorts the call of a tool by its effect.
pub fn classify(tool: &str, input: &Value) -> Tool {
    let folder = || fields_folder(input);
    match known(tool) {
        Some(Effect::Reads) => Tool::Reads,
        Some(Effect::Patches) => patches(input),
        Some(Effect::Edits) if looks(input) => Tool::Reads,
        // Without a target it is refused as every write is.
        Some(Effect::Removes) => match paths_in(input) {
            paths if paths.is_empty() => Tool::Writes(paths),
            paths => Tool::Removes(paths),
        },
        Some(Effect::Shell) => Tool::Shell { script: script_of(input).unwrap_or_default(), folder: folder() },
        Some(Effect::PowerShell) => {
            Tool::PowerShell { script: script_of(input).unwrap_or_default(), folder: folder() }
        }
        Some(Effect::Writes | Effect::Edits) => writes(input),
        None => unknown(tool, input),
    }
}

/// A patch names its files in its text, or beside it.
fn patches(input: &Value) -> Tool {
    let mut paths = patched(input);
    paths.extend(targets_of(input));
    Tool::Writes(paths)
}

/// Whether an editor that does several things is asked for the one that changes nothing.
fn looks(input: &Value) -> bool {
    input.get("command").and_then(Value::as_str) == Some("view")
}

fn writes(input: &Value) -> Tool {
    let targets = targets_of(input);
    match targets.as_slice() {
        // An agent that sends a patch under the name of its editing tool.
        [] => Tool::Writes(patched(input)),
        [path] if may_be_settings(path) => Tool::Sets { path: path.clone(), change: Change::of(input) },
        _ => Tool::Writes(targets),
    }
}

/// A tool that no table knows: a server's, a plugin's, or a new one.
fn unknown(tool: &str, input: &Value) -> Tool {
    let words = words(tool);
    if words.run()
        && let Some(script) = script_of(input)
    {
        return Tool::Shell { script, folder: fields_folder(input) };
    }
    if words.read() || words.edit() && looks(input) {
        return Tool::Reads;
    }
    if words.forge()
        && let Some(paths) = forge::paths(input)
    {
        return Tool::Remote(paths);
    }
    let paths = if words.copy() { copies_in(input) } else { paths_in(input) };
    if words.remove() { Tool::Removes(paths) } else { Tool::Unknown(paths) }
}

/// The working folder that a call names.
fn fields_folder(input: &Value) -> Option<PathBuf> {
    const NAMES: [&str; 7] =
        ["workdir", "dir_path", "directory", "cwd", "working_directory", "workingDirectory", "workDir"];
    let named = |name: &&str| input.get(*name).and_then(Value::as_str).filter(|text| !text.is_empty());
    NAMES.iter().find_map(named).map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn writes(path: &str) -> Tool {
        Tool::Writes(vec![path.into()])
    }

    fn shell(script: &str, folder: Option<&str>) -> Tool {
        Tool::Shell { script: script.into(), folder: folder.map(PathBuf::from) }
    }

    #[test]
    fn writers_of_every_client_name_their_targets() {
        for (tool, input, path) in [
            ("Write", json!({"file_path": "/p/a", "content": "x"}), "/p/a"),
            ("Edit", json!({"file_path": "/p/a"}), "/p/a"),
            ("MultiEdit", json!({"file_path": "/p/a", "edits": []}), "/p/a"),
            ("NotebookEdit", json!({"notebook_path": "/p/n.ipynb", "new_source": "docs/x"}), "/p/n.ipynb"),
            ("Write", json!({"path": "/p/a", "file_text": "x"}), "/p/a"),
            ("create", json!({"path": "/p/a", "file_text": "x"}), "/p/a"),
            ("edit", json!({"path": "/p/a", "old_str": "x"}), "/p/a"),
            ("write_file", json!({"file_path": "a", "content": "docs/x"}), "a"),
            ("replace", json!({"file_path": "a", "old_string": "x"}), "a"),
            ("write", json!({"filePath": "/p/a", "content": "x"}), "/p/a"),
            ("Create", json!({"file_path": "/p/a", "content": "x"}), "/p/a"),
            ("editor", json!({"path": "/p/a", "new_text": "x"}), "/p/a"),
            ("write_to_file", json!({"path": "a", "content": "x"}), "a"),
            ("editFiles", json!({"files": ["/p/a"]}), "/p/a"),
            ("replace_string_in_file", json!({"filePath": "/p/a", "oldString": "x"}), "/p/a"),
            ("fs_write", json!({"command": "create", "path": "/p/a"}), "/p/a"),
            ("search_replace", json!({"target_file": "/p/a"}), "/p/a"),
            ("createFile", json!({"uri": "file:///p/a%20b"}), "/p/a b"),
        ] {
            assert_eq!(classify(tool, &input), writes(path), "{tool} {input}");
        }
        for input in [json!({"content": "x"}), json!({"file_path": 7}), Value::Null, json!([])] {
            assert_eq!(classify("Write", &input), Tool::Writes(vec![]), "{input}");
        }
    }

    #[test]
    fn patches_name_their_files_in_their_text() {
        let patch = "*** Begin Patch\n*** Add File: a\n+x\n*** End Patch\n";
        for (tool, input) in [
            ("apply_patch", json!({"command": patch})),
            ("apply_patch", json!({"input": patch})),
            ("ApplyPatch", json!({"patch": patch})),
            ("apply_patch", json!({"command": ["apply_patch", patch]})),
            ("apply_patch", json!(patch)),
            ("Edit", json!({"patchText": patch})),
        ] {
            assert_eq!(classify(tool, &input), writes("a"), "{tool} {input}");
        }
        assert_eq!(classify("apply_patch", &json!({"command": "no patch"})), Tool::Writes(vec![]));
    }

    #[test]
    fn shells_of_every_client_are_shells() {
        for (tool, input, expected) in [
            ("Bash", json!({"command": "ls"}), shell("ls", None)),
            ("bash", json!({"command": "ls", "workdir": "/p/x"}), shell("ls", Some("/p/x"))),
            ("run_shell_command", json!({"command": "ls", "dir_path": "x"}), shell("ls", Some("x"))),
            ("run_shell_command", json!({"command": "ls", "directory": "/p"}), shell("ls", Some("/p"))),
            ("Execute", json!({"command": "ls"}), shell("ls", None)),
            ("exec_command", json!({"cmd": "ls", "workdir": "/p"}), shell("ls", Some("/p"))),
            ("local_shell", json!({"command": ["echo", "a b"]}), shell("echo 'a b'", None)),
            ("shell", json!({"command": ["bash", "-lc", "rm x > y"]}), shell("bash -lc 'rm x > y'", None)),
            ("write_stdin", json!({"session_id": 1, "chars": "rm x\n"}), shell("rm x\n", None)),
            ("run_commands", json!({"commands": ["a", "b"]}), shell("a\nb", None)),
            ("run_commands", json!({"commands": "[\"a\"]"}), shell("a", None)),
            ("run_in_terminal", json!({"command": "ls"}), shell("ls", None)),
            ("mcp__term__run_command", json!({"command": "rm x"}), shell("rm x", None)),
            ("mcp_desktop_start_process", json!({"command": "rm x"}), shell("rm x", None)),
            ("PowerShell", json!({"command": "ls"}), Tool::PowerShell { script: "ls".into(), folder: None }),
        ] {
            assert_eq!(classify(tool, &input), expected, "{tool} {input}");
        }
    }

    #[test]
    fn reading_is_told_by_the_name_and_everything_else_by_its_paths() {
        let unknown = || Tool::Unknown(vec!["/p/a".into()]);
        let path = json!({"path": "/p/a"});
        for (tool, expected) in [
            ("Read", Tool::Reads),
            ("view", Tool::Reads),
            ("Agent", Tool::Reads),
            ("task", Tool::Reads),
            ("spawn_agent", Tool::Reads),
            ("read_many_files", Tool::Reads),
            ("mcp__fs__read_text_file", Tool::Reads),
            ("mcp__fs__directory_tree", Tool::Reads),
            ("fs-read_file", Tool::Reads),
            ("mcp_fs_list_directory", Tool::Reads),
            ("mcp__fs__write_file", unknown()),
            ("fs-write_file", unknown()),
            ("mcp__fs__read_and_update", unknown()),
            ("mcp__x__searchAndReplace", unknown()),
            ("Tomorrow", unknown()),
            ("mcp__fs__move_file", Tool::Removes(vec!["/p/a".into()])),
            ("delete_file", Tool::Removes(vec!["/p/a".into()])),
        ] {
            assert_eq!(classify(tool, &path), expected, "{tool}");
        }
    }

    #[test]
    fn settings_come_with_what_becomes_of_them() {
        let path = || PathBuf::from("/p/.claude/settings.json");
        let whole = json!({"file_path": "/p/.claude/settings.json", "content": "{}"});
        let change = Change::Whole("{}".into());
        assert_eq!(classify("Write", &whole), Tool::Sets { path: path(), change });
        let edit = json!({"file_path": "/p/.claude/settings.json", "old_string": "a", "new_string": "b"});
        let change = Change::Parts(vec![("a".into(), "b".into())]);
        assert_eq!(classify("Edit", &edit), Tool::Sets { path: path(), change });
    }
}
