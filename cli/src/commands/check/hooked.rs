//! A check that an agent's hook asked for: its outcome as a verdict.

use std::time::Instant;

use super::{Asker, Checked, check, warnings};
use crate::agents::{Moment, Verdict};
use crate::app::{Context, Globals};
use crate::commands::guard::is_project;
use crate::credentials::Caller;
use crate::error::{Error, Kind, Result};
use crate::hook::{self, Hook};
use crate::mirror::Mirror;
use crate::mirror::report::names;
use crate::mirror::state::{Owner, State};
use crate::mirror::update::Report;
use crate::output::shown;

/// Docs that a new session is told by name.
const ENTRY_DOCS: usize = 12;

/// Checks the project that the agent works in; elsewhere says nothing.
pub async fn answer(hook: &Hook, globals: Globals, begun: Instant) -> Result<()> {
    let verdict = match verdict(hook, globals, begun).await {
        Ok(verdict) => verdict,
        Err(error) => Verdict::Refuse(reason(&error)),
    };
    hook.reply(verdict)
}

async fn verdict(hook: &Hook, globals: Globals, begun: Instant) -> Result<Verdict> {
    let root = hook.root(globals.root.as_deref())?;
    if !is_project(&root) {
        return Ok(Verdict::Pass);
    }
    let context = Context::new(Globals { root: Some(root), json: false, ..globals }, hook::output())?;
    let asker =
        Asker { caller: Caller::Hook, session: hook.event.session.as_deref(), agent: Some(hook.agent()) };
    let (mirror, owner) = (Mirror::of(&context)?, Owner::of(&context)?);
    let checked = match mirror.was_good(&owner) {
        true if hook.event.moment != Moment::SessionStart => return Ok(Verdict::Pass),
        true => State::read(&mirror.folder())
            .map(|state| Checked { report: Report::unchanged(state, None), stale: None }),
        false => None,
    };
    let checked = match checked {
        Some(checked) => checked,
        None => check(&context, asker, begun).await?,
    };
    let warnings = warnings(&checked);
    warnings.iter().for_each(|text| context.out.warn(text));
    let folder = shown(&context.config.mirror.to_string_lossy());
    Ok(match (&hook.event.moment, checked.report.is_unchanged() && warnings.is_empty()) {
        (Moment::SessionStart, _) => Verdict::Tell(introduction(&checked, &folder, &warnings)),
        (_, true) => Verdict::Pass,
        (_, false) => Verdict::Tell(news(&checked, &folder, &warnings)),
    })
}

fn introduction(checked: &Checked, folder: &str, warnings: &[String]) -> String {
    let report = &checked.report;
    let mut docs: Vec<_> = report.state.docs.iter().map(|doc| doc.path.as_str()).collect();
    // Those at the top come first: they lead to the others.
    docs.sort_by_key(|path| (path.matches('/').count(), *path));
    docs.truncate(ENTRY_DOCS);
    let entry = docs.iter().map(|path| format!("{folder}/{}", shown(path))).collect::<Vec<_>>().join(", ");
    let mut text = format!(
        "The team's docs are in {folder}/, {} at revision {}, read-only. Read those that apply before you \
         change anything; do not edit them, but tell the user what should change. They start with: {entry}.",
        report.count(),
        report.state.revision,
    );
    warnings.iter().for_each(|warning| text.push_str(&format!(" Note: {warning}.")));
    text
}

fn news(checked: &Checked, folder: &str, warnings: &[String]) -> String {
    let report = &checked.report;
    let mut text = String::new();
    if !report.is_unchanged() {
        text = format!("News of the team's docs in {folder}/: {}. ", report.summary());
        let read: Vec<_> =
            report.delta.changed.iter().chain(&report.delta.added).map(|doc| doc.as_str()).collect();
        if !read.is_empty() {
            text.push_str(&format!("Read again where they apply: {}. ", names(read.into_iter())));
        }
    }
    warnings.iter().for_each(|warning| text.push_str(&format!("Note: {warning}. ")));
    text.trim_end().to_owned()
}

/// One line for the agent or its user: the fact, and what to do.
fn reason(error: &Error) -> String {
    let hint = error.hint.as_deref().map(|hint| format!(" ({hint})")).unwrap_or_default();
    let rest = match error.kind {
        Kind::Blocked => "",
        _ => "the docs cannot be checked: ",
    };
    format!("aitk: {rest}{}{hint}", error.message)
}
