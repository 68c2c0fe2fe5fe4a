//! Events and rooms in words, for people.

use std::time::Duration;

use aitk_shared::event::{Event, types};
use aitk_shared::frame::RoomState;
use aitk_shared::time::humanize;
use serde_json::Value;

use crate::output::shown;

/// One event for people: when, what kind, who, what.
pub fn line(event: &Event, with_room: bool) -> String {
    let who = event.actor.as_ref().map_or_else(|| "the server".to_owned(), |actor| shown(&actor.name));
    let room = if with_room { format!("{}  ", shown(event.room.as_str())) } else { String::new() };
    let line = format!("{}  {room}{:14}  {who}  {}", event.at, shown(&event.kind), what(event));
    line.trim_end().to_owned()
}

/// What happened, beyond its kind.
pub fn what(event: &Event) -> String {
    let text = |field: &str| event.data[field].as_str().map(shown);
    let found = match event.kind.as_str() {
        types::LOCK_ACQUIRED | types::LOCK_RENEWED => text("expiresAt").map(|until| {
            let reason = text("reason").map(|reason| format!(": {reason}")).unwrap_or_default();
            format!("until {until}{reason}")
        }),
        types::LOCK_RELEASED => text("cause").map(|cause| match text("lockedBy") {
            Some(holder) if cause != "released" => format!("{cause}, was held by {holder}"),
            _ => cause,
        }),
        types::DOC_UPDATED | types::DOC_DELETED => text("path"),
        _ => None,
    };
    found.unwrap_or_else(|| match &event.data {
        Value::Null => String::new(),
        data => shown(&data.to_string()),
    })
}

/// A project room as it stands, to be put behind its name.
pub fn describe(state: &RoomState) -> String {
    let lock = match &state.lock {
        Some(lock) => {
            let left = humanize(Duration::from_millis(lock.remaining_ms));
            format!("locked by {} for another {left}", shown(&lock.locked_by))
        }
        None => "not locked".into(),
    };
    format!(": {lock}, docs at revision {}", state.revision)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_event_is_one_safe_line() {
        let event = |kind: &str, data: Value| {
            let event = json!({
                "type": kind, "id": "e", "room": "project:p", "epoch": "x", "offset": 1,
                "at": "2026-11-20T19:10:00Z", "actor": {"id": "k", "name": "Ann\n"}, "data": data,
            });
            line(&serde_json::from_value(event).unwrap(), false)
        };
        for (kind, data, says) in [
            (
                "lock:acquired",
                json!({"expiresAt": "T", "reason": "guide\x1b[2J"}),
                "until T: guide\\u{1b}[2J",
            ),
            ("lock:released", json!({"cause": "expired", "lockedBy": "Bob"}), "expired, was held by Bob"),
            ("doc:updated", json!({"path": "a.md"}), "a.md"),
            ("doc:deleted", json!({}), "{}"),
            ("issue.created", json!({"n": 1}), "{\"n\":1}"),
        ] {
            let expected = format!("2026-11-20T19:10:00.000Z  {kind:14}  Ann\\u{{a}}  {says}");
            assert_eq!(event(kind, data), expected);
        }
    }
}
