//! `aitk project audit`: who did what, when, and from where.

use aitk_shared::api::AuditEntry;
use serde_json::Value;

use crate::app::Context;
use crate::error::Result;
use crate::output::shown;

/// What to show.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Id or slug; the configured project where not given
    id: Option<String>,
    /// Show the whole server's; takes an admin's key
    #[arg(long, conflicts_with = "id")]
    server: bool,
    /// Show so many lines, at most 1000
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=1000))]
    limit: u64,
    /// Show the lines before this one, by its number
    #[arg(long, value_name = "N")]
    before: Option<u64>,
}

/// Shows a page.
pub async fn run(args: Args, context: &Context) -> Result<()> {
    let client = context.client()?;
    let project = match (&args.id, args.server) {
        (_, true) => None,
        (Some(id), false) => Some(id.as_str()),
        (None, false) => Some(context.project()?),
    };
    let page = client.audit(project, args.before, args.limit).await?;
    page.entries.iter().for_each(|entry| context.out.data(&line(entry)));
    if page.entries.is_empty() {
        context.out.note("no lines");
    }
    if let Some(before) = page.before {
        context.out.note(&format!("older lines: --before {before}"));
    }
    context.out.json(&page);
    Ok(())
}

/// Number, when, what, who, from where, and the rest.
fn line(entry: &AuditEntry) -> String {
    let who = match (&entry.actor, &entry.from) {
        (Some(actor), _) => shown(&actor.name),
        (None, Some(_)) => "somebody".to_owned(),
        (None, None) => "the server".to_owned(),
    };
    let from = entry.from.as_deref().map(|from| format!(" from {}", shown(from))).unwrap_or_default();
    let (seq, at, action) = (entry.seq, entry.at, shown(&entry.action));
    format!("{seq:6}  {at}  {action:18}  {who}{from}  {}", detail(&entry.detail)).trim_end().to_owned()
}

fn detail(detail: &Value) -> String {
    let Some(fields) = detail.as_object() else { return String::new() };
    let text = |value: &Value| match value {
        Value::String(text) => shown(text),
        other => shown(&other.to_string()),
    };
    let said = fields
        .iter()
        .filter(|(_, value)| !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty()));
    said.map(|(name, value)| format!("{}={}", shown(name), text(value))).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_line_is_one_safe_line() {
        let line = |actor: Value, from: Value| {
            let entry = json!({
                "seq": 7, "at": "2026-11-20T19:10:00Z", "action": "lock.forced", "projects": [], "actor": actor,
                "from": from, "detail": {"lockedBy": "Ann", "token": 3, "reason": "gone\u{1b}[2J\n", "x": null, "y": []},
            });
            line(&serde_json::from_value(entry).unwrap())
        };
        let start = "     7  2026-11-20T19:10:00.000Z  lock.forced       ";
        let rest = "lockedBy=Ann, token=3, reason=gone\\u{1b}[2J\\u{a}";
        let bob = json!({"id": "k", "name": "Bob"});
        assert_eq!(line(bob, json!("1.2.3.4")), format!("{start}  Bob from 1.2.3.4  {rest}"));
        assert_eq!(line(Value::Null, json!("1.2.3.4")), format!("{start}  somebody from 1.2.3.4  {rest}"));
        assert_eq!(line(Value::Null, Value::Null), format!("{start}  the server  {rest}"));
    }
}
