//! `aitk status --team`: who reads which revision, and whom the lock blocks.

use std::collections::BTreeMap;

use aitk_shared::api::{Session, Team};
use aitk_shared::time::{Timestamp, humanize};

use crate::app::Context;
use crate::error::Result;
use crate::mirror::state::now;
use crate::output::shown;

/// Asks the platform, and tells.
pub async fn run(context: &Context) -> Result<()> {
    let team = context.client()?.team(context.project()?).await?;
    lines(&team, now()).iter().for_each(|line| context.out.data(line));
    if team.sessions.is_empty() {
        context.out.note("nobody has asked for the docs within a week");
    }
    context.out.json(&team);
    Ok(())
}

fn lines(team: &Team, now: Timestamp) -> Vec<String> {
    let mut lines = summary(team);
    if team.sessions.is_empty() {
        return lines;
    }
    let rows = team.sessions.iter().map(|session| row(session, now));
    let rows: Vec<_> = std::iter::once(HEAD.map(str::to_owned)).chain(rows).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: Vec<_> = (0..HEAD.len()).map(width).collect();
    for row in &rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        lines.push(cells.collect::<Vec<_>>().join("  ").trim_end().to_owned());
    }
    lines
}

const HEAD: [&str; 6] = ["WHO", "AGENT", "REVISION", "AITK", "LAST SEEN", "BLOCKED"];

/// One line a revision that somebody has, the newest first.
fn summary(team: &Team) -> Vec<String> {
    let mut counts = BTreeMap::new();
    for session in &team.sessions {
        *counts.entry(session.revision).or_insert(0) += 1;
    }
    let (all, newest) = (team.sessions.len(), team.revision);
    let line = |(revision, count): (&Option<u64>, &usize)| match revision {
        Some(revision) if *revision == newest => format!("{count} of {all} sessions on revision {revision}"),
        Some(revision) => format!("{count} of {all} sessions on revision {revision} (now {newest})"),
        None => format!("{count} of {all} sessions on no revision (now {newest})"),
    };
    counts.iter().rev().map(line).collect()
}

fn row(session: &Session, now: Timestamp) -> [String; 6] {
    let maybe = |text: &Option<String>| text.as_deref().map_or_else(|| "-".to_owned(), shown);
    let ago = |at| format!("{} ago", humanize(now.since(at)));
    [
        shown(&session.actor.name),
        maybe(&session.agent),
        session.revision.map_or_else(|| "-".to_owned(), |revision| revision.to_string()),
        maybe(&session.version),
        ago(session.last_seen_at),
        session.blocked_since.map(|at| format!("for {}", humanize(now.since(at)))).unwrap_or_default(),
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_lead_sees_at_a_glance_who_is_behind_and_who_is_blocked() {
        let session = |name: &str, revision: Option<u64>, blocked: Option<&str>| {
            json!({
                "actor": {"id": "k", "name": name}, "session": "s", "agent": "claude", "revision": revision,
                "version": "0.1.0", "lastSeenAt": "2026-11-20T19:59:00Z", "blockedSince": blocked,
            })
        };
        let sessions = json!([
            session("Dan\u{1b}[2J", Some(41), Some("2026-11-20T19:40:00Z")),
            session("Eve", Some(43), None),
            session("Max", None, None),
        ]);
        let team = json!({"epoch": "e", "revision": 43, "sessions": sessions});
        let now = Timestamp::parse("2026-11-20T20:00:00Z").unwrap();
        assert_eq!(
            lines(&serde_json::from_value(team).unwrap(), now),
            [
                "1 of 3 sessions on revision 43",
                "1 of 3 sessions on revision 41 (now 43)",
                "1 of 3 sessions on no revision (now 43)",
                "WHO           AGENT   REVISION  AITK   LAST SEEN  BLOCKED",
                "Dan\\u{1b}[2J  claude  41        0.1.0  1 min ago  for 20 min",
                "Eve           claude  43        0.1.0  1 min ago",
                "Max           claude  -         0.1.0  1 min ago",
            ]
        );
    }
}
