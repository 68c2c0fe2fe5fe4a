//! `aitk watch`: follows what happens, live, one event a line.
//!
//! Without `--room` it follows the configured project: its lock and its docs. After a break it
//! reconnects and goes on with the first event that it missed, so that no event is told twice or
//! left out; where the server cannot give that any more, it says so. `--since OFFSET` starts with
//! the events after that one.
//!
//! With `--json` each line of standard output is one event as the server sent it. Ctrl-C and
//! SIGTERM end it with exit code 0.

use std::collections::BTreeMap;
use std::time::Duration;

use aitk_shared::event::{Event, Offset, Room, types};
use aitk_shared::frame::RoomState;
use aitk_shared::time::humanize;
use serde_json::Value;

use crate::app::Context;
use crate::error::{Error, Kind, Result};
use crate::live::{Follower, News, Position};
use crate::output::shown;

/// Follow what happens, live
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  aitk watch
  aitk watch --json | jq .data
  aitk watch --room project:prj_0123 --since 41")]
pub struct Args {
    /// Follow these rooms; the configured project's where not given
    #[arg(long, value_name = "ROOM", value_parser = Room::parse, num_args = 1..)]
    room: Vec<Room>,
    /// Start with the events after this one
    #[arg(long, value_name = "OFFSET")]
    since: Option<Offset>,
    /// Give up after so many failed tries in a row
    #[arg(long, value_name = "N", default_value_t = 10)]
    max_retries: u32,
}

/// Follows until a signal, until nobody reads any more, or until the server refuses.
pub async fn run(args: Args, context: &Context) -> Result<()> {
    let mut rooms = args.room;
    let project = if rooms.is_empty() { Some(context.project()?) } else { None };
    let client = context.client()?;
    if let Some(project) = project {
        rooms.push(Room::project(&client.project(project).await?.id));
    }
    if args.since.is_some() && rooms.len() > 1 {
        return Err(Error::new(Kind::Usage, "--since counts in one room, and several were named"));
    }
    let many = rooms.len() > 1;
    let start = args.since.map(|offset| Position { epoch: None, offset });
    let rooms: BTreeMap<_, _> = rooms.into_iter().map(|room| (room, start.clone())).collect();
    let mut follower = Follower::new(client, rooms, args.max_retries);
    let mut stopped = std::pin::pin!(stop_signal());
    loop {
        let news = tokio::select! {
            news = follower.next() => news?,
            done = &mut stopped => return done,
        };
        match news {
            News::Event(event, raw) => {
                let line = if context.out.is_json() { raw.to_string() } else { line(&event, many) };
                if context.out.stream(&line).is_err() {
                    return Ok(());
                }
            }
            News::Joined { room, offset, gap, state } => {
                if gap {
                    context.out.warn("the server does not have all events since the last one any more");
                }
                let state = state.map(|state| describe(&state)).unwrap_or_default();
                context.out.note(&format!("watching {} after offset {offset}{state}", shown(room.as_str())));
            }
            News::Broken { why, delay } => {
                let seconds = delay.as_secs_f32();
                context.out.note(&format!("{why}; reconnecting in {seconds:.1} s"));
            }
        }
    }
}

/// One event for people: when, what kind, who, what.
fn line(event: &Event, with_room: bool) -> String {
    let who = event.actor.as_ref().map_or_else(|| "the server".to_owned(), |actor| shown(&actor.name));
    let room = if with_room { format!("{}  ", shown(event.room.as_str())) } else { String::new() };
    let line = format!("{}  {room}{:14}  {who}  {}", event.at, shown(&event.kind), what(event));
    line.trim_end().to_owned()
}

fn what(event: &Event) -> String {
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

fn describe(state: &RoomState) -> String {
    let lock = match &state.lock {
        Some(lock) => {
            let left = humanize(Duration::from_millis(lock.remaining_ms));
            format!("locked by {} for another {left}", shown(&lock.locked_by))
        }
        None => "not locked".into(),
    };
    format!(": {lock}, docs at revision {}", state.revision)
}

/// Ends with Ctrl-C, and where there are signals with SIGTERM.
async fn stop_signal() -> Result<()> {
    #[cfg(unix)]
    {
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            pressed = tokio::signal::ctrl_c() => Ok(pressed?),
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    Ok(tokio::signal::ctrl_c().await?)
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
