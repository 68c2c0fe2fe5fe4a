//! Claude Code. Checked against 2.1.329.
//!
//! Exit 2 with the reason on standard error and nothing on standard output blocks; exit 1
//! does not. Silence with exit 0 leaves the permission to the user, so `allow` is never
//! said. At the start of a session nothing can be blocked: the reason is shown, and the
//! prompt is blocked next.

use std::path::PathBuf;

use aitk_shared::guard::Tool;
use aitk_shared::guard::tool::paths_in;
use serde_json::{Value, json};

use super::{Dialect, Event, Moment, Reply, Verdict};

/// Claude Code's hooks.
pub struct Claude;

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

impl Dialect for Claude {
    fn name(&self) -> &'static str {
        "claude"
    }

    fn is_spoken_in(&self, event: &Value) -> bool {
        event["hook_event_name"].is_string()
    }

    fn event(&self, event: &Value) -> Result<Event, String> {
        let name = event["hook_event_name"].as_str().ok_or("the hook event has no hook_event_name")?;
        let text = |field: &str| event[field].as_str().filter(|text| !text.is_empty());
        let moment = match name {
            "SessionStart" => Moment::SessionStart,
            "UserPromptSubmit" => Moment::Prompt,
            "PreToolUse" => {
                let tool = text("tool_name").ok_or("the hook event names no tool")?;
                Moment::Tool(classify(tool, &event["tool_input"]))
            }
            _ => Moment::Other,
        };
        Ok(Event {
            moment,
            session: text("session_id").map(str::to_owned),
            cwd: text("cwd").map(PathBuf::from),
        })
    }

    fn reply(&self, moment: &Moment, verdict: Verdict) -> Reply {
        let mut reply = Reply { stdout: String::new(), stderr: String::new(), blocks: false };
        let event = match moment {
            Moment::SessionStart => Some("SessionStart"),
            Moment::Prompt => Some("UserPromptSubmit"),
            Moment::Tool(_) | Moment::Other => None,
        };
        match verdict {
            Verdict::Pass => {}
            Verdict::Tell(text) => {
                if let Some(event) = event {
                    let told = json!({ "hookEventName": event, "additionalContext": text });
                    reply.stdout = json!({ "hookSpecificOutput": told }).to_string();
                }
            }
            Verdict::Refuse(reason) => {
                reply.stderr = reason;
                reply.blocks = true;
            }
        }
        reply
    }
}

fn classify(tool: &str, input: &Value) -> Tool {
    match tool {
        "Write" | "Edit" | "MultiEdit" | "NotebookEdit" => Tool::Writes(targets(input)),
        "Bash" | "PowerShell" => Tool::Shell(input["command"].as_str().unwrap_or_default().to_owned()),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn classified(tool: &str, input: Value) -> Tool {
        let event = json!({ "hook_event_name": "PreToolUse", "tool_name": tool, "tool_input": input });
        match Claude.event(&event).unwrap().moment {
            Moment::Tool(tool) => tool,
            other => panic!("{other:?}"),
        }
    }

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
            ("Bash", json!({"command": "rm -r docs"}), Tool::Shell("rm -r docs".into())),
        ] {
            assert_eq!(classified(tool, input.clone()), expected, "{tool} {input}");
        }
    }

    #[test]
    fn an_event_without_its_name_or_its_tool_is_an_error_and_an_unknown_one_is_not() {
        for bad in
            [json!({}), json!([]), json!({"hook_event_name": 1}), json!({"hook_event_name": "PreToolUse"})]
        {
            assert!(Claude.event(&bad).is_err(), "{bad}");
        }
        let other = json!({"hook_event_name": "Tomorrow", "more": {"x": 1}});
        assert_eq!(Claude.event(&other).unwrap().moment, Moment::Other);
    }

    #[test]
    fn a_refusal_is_on_standard_error_alone_and_context_on_standard_output_alone() {
        let refused = Claude.reply(&Moment::Prompt, Verdict::Refuse("locked".into()));
        assert_eq!(refused, Reply { stdout: "".into(), stderr: "locked".into(), blocks: true });
        let told = Claude.reply(&Moment::SessionStart, Verdict::Tell("hello \"you\"".into()));
        assert_eq!(
            told.stdout,
            r#"{"hookSpecificOutput":{"hookEventName":"SessionStart","additionalContext":"hello \"you\""}}"#
        );
        assert!(told.stderr.is_empty() && !told.blocks);
        let silent = Reply { stdout: "".into(), stderr: "".into(), blocks: false };
        assert_eq!(Claude.reply(&Moment::Tool(Tool::Reads), Verdict::Pass), silent);
        assert_eq!(Claude.reply(&Moment::Other, Verdict::Tell("x".into())), silent);
    }
}
