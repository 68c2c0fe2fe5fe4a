//! The hooks of before: what a script ran with `CLAUDE_OPERATION` and `CLAUDE_TARGET_FILE` in its
//! environment, and nothing on standard input.

use std::path::PathBuf;

use aitk_shared::guard::Tool;

use crate::agents::{Event, Moment};

/// The write that the old variables tell of; `None` where they are not set. One without the other is
/// an error.
pub fn event() -> Option<Result<Event, String>> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let (operation, target) = (set("CLAUDE_OPERATION"), set("CLAUDE_TARGET_FILE"));
    let event = match (operation, target) {
        (None, None) => return None,
        (Some(operation), _) if is_read(&operation.to_string_lossy()) => Tool::Reads,
        // Operations have no closed list: what is not known to read, writes.
        (_, Some(target)) => Tool::Writes(vec![PathBuf::from(target)]),
        (_, None) => return Some(Err("CLAUDE_OPERATION is set and CLAUDE_TARGET_FILE is not".to_owned())),
    };
    Some(Ok(Event { moment: Moment::Tool(event), ..Event::default() }))
}

fn is_read(operation: &str) -> bool {
    ["read", "view", "list", "search", "glob", "grep"]
        .iter()
        .any(|known| operation.eq_ignore_ascii_case(known))
}
