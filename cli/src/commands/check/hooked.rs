//! A check that an agent's hook asked for: its outcome as a verdict.

use std::path::{Path, PathBuf};
use std::time::Instant;

use aitk_shared::time::humanize;

use super::{Asker, Checked, check, spared, warnings};
use crate::agents::{Moment, Verdict};
use crate::app::{Context, Globals};
use crate::commands::guard::is_project;
use crate::credentials::Caller;
use crate::error::{Error, Kind, Result};
use crate::hook::{self, Hook, below};
use crate::mirror::Mirror;
use crate::mirror::report::names;
use crate::mirror::state::{Owner, SeenLock, State, now};
use crate::mirror::update::Report;
use crate::output::shown;
use crate::sessions::{Heard, Note, Sessions};

/// Docs that a new session is told by name.
const ENTRY_DOCS: usize = 12;

/// Checks the projects that the agent works in; elsewhere says nothing.
pub async fn answer(hook: &Hook, globals: Globals, begun: Instant) -> Result<()> {
    // What is neither a session's start nor a prompt has nobody who waits for the docs.
    if !matches!(hook.event.moment, Moment::SessionStart | Moment::Prompt) {
        return hook.reply(Verdict::Pass);
    }
    let explicit = globals.root.as_deref();
    let root = match hook.root(explicit) {
        Ok(root) => root,
        Err(error) => return hook.reply(Verdict::Refuse(reason(&error.into()))),
    };
    let mut told = Vec::new();
    if is_project(&root) {
        match verdict(hook, &root, &globals, begun).await {
            Ok(outcome) => told.extend(outcome.text()),
            Err(error) => return hook.reply(Verdict::Refuse(reason(&error))),
        }
    }
    let below = if explicit.is_some() { Vec::new() } else { below::projects(&root) };
    let is_alone = below.is_empty();
    for root in below {
        match verdict(hook, &root, &globals, begun).await {
            Ok(outcome) => told.extend(outcome.text()),
            Err(error) => return hook.reply(Verdict::Refuse(reason(&error))),
        }
    }
    if is_alone && explicit.is_none() {
        spared::spare(hook, &root);
    }
    hook.reply(if told.is_empty() { Verdict::Pass } else { Verdict::Tell(told.join(" ")) })
}

/// How a check that passed went.
enum Outcome {
    /// There is nothing to tell.
    Silent,
    /// The model should know this.
    Told(String),
}

impl Outcome {
    fn text(self) -> Option<String> {
        match self {
            Outcome::Told(text) => Some(text),
            Outcome::Silent => None,
        }
    }
}

async fn verdict(hook: &Hook, root: &Path, globals: &Globals, begun: Instant) -> Result<Outcome> {
    let globals = Globals { root: Some(root.to_owned()), json: false, ..globals.clone() };
    let context = Context::new(globals, hook::output())?;
    let asker =
        Asker { caller: Caller::Hook, session: hook.event.session.as_deref(), agent: Some(hook.agent()) };
    let (mirror, owner) = (Mirror::of(&context)?, Owner::of(&context)?);
    let sessions = Sessions::of(&mirror.data, &mirror.folder());
    let session = asker.session.unwrap_or(hook.agent());
    let starts = hook.event.moment == Moment::SessionStart;
    let turn = Turn::of(hook, session, &sessions);
    let checked = match mirror.was_good(&owner) {
        true if !starts => {
            sessions.note_good(session, None, false);
            turn.note_good(&sessions);
            return Ok(Outcome::Silent);
        }
        true => State::read(&mirror.folder())
            .map(|state| Checked { report: Report::unchanged(state, None), stale: None }),
        false => None,
    };
    let checked = match checked {
        Some(checked) => checked,
        None => match check(&context, asker, begun).await {
            Ok(checked) => checked,
            Err(error) => {
                // Also where no copy could remember it: the guard goes by it.
                if let Some(lock) = &error.lock {
                    sessions.hear(&Heard { at: now(), lock: Some(SeenLock::new(lock, false, now())) });
                }
                let goes_on = error.kind == Kind::Blocked && turn.is_under_way;
                return if goes_on { Ok(Outcome::Silent) } else { Err(error) };
            }
        },
    };
    let revision = checked.report.state.revision;
    let before = sessions.get(session).and_then(|note| note.revision);
    // Another session's check, or `watch`, may have brought the docs here.
    let has_moved = before.is_some_and(|before| before != revision);
    sessions.note_good(session, Some(revision), true);
    turn.note_good(&sessions);

    let warnings = warnings(&checked);
    warnings.iter().for_each(|text| context.out.warn(text));
    let folder = shown(&seen_from(&hook.cwd()?, &mirror.folder()).to_string_lossy());
    Ok(match starts {
        true => Outcome::Told(introduction(&checked, &folder, &warnings)),
        false if checked.report.is_unchanged() && warnings.is_empty() && !has_moved => Outcome::Silent,
        false => Outcome::Told(news(&checked, has_moved, &folder, &warnings)),
    })
}

/// A turn of the model, for an agent that asks before each of them. A prompt that had its good check
/// goes on when the docs are locked meanwhile, as a session does that began before.
struct Turn {
    /// The prompt, as sessions are remembered.
    prompt: Option<String>,
    /// Whether the prompt had a good check.
    is_under_way: bool,
}

impl Turn {
    fn of(hook: &Hook, session: &str, sessions: &Sessions) -> Self {
        let prompt = hook.event.prompt.as_deref().filter(|_| hook.event.moment == Moment::Prompt);
        let prompt = prompt.map(|prompt| format!("{session} {prompt}"));
        let is_under_way = prompt.as_deref().is_some_and(|prompt| sessions.get(prompt).is_some());
        Turn { prompt, is_under_way }
    }

    fn note_good(&self, sessions: &Sessions) {
        if let Some(prompt) = self.prompt.as_deref().filter(|_| !self.is_under_way) {
            sessions.put(prompt, Note::default());
        }
    }
}

/// The mirror as the agent can name it: from its own folder, where it is below that.
fn seen_from(cwd: &Path, folder: &Path) -> PathBuf {
    let real = cwd.canonicalize();
    let inside = real.iter().chain([&cwd.to_owned()]).find_map(|cwd| folder.strip_prefix(cwd).ok());
    inside.unwrap_or(folder).to_owned()
}

fn introduction(checked: &Checked, folder: &str, warnings: &[String]) -> String {
    let report = &checked.report;
    let mut docs: Vec<_> = report.state.docs.iter().map(|doc| doc.path.as_str()).collect();
    // Those at the top come first: they lead to the others.
    docs.sort_by_key(|path| (path.matches('/').count(), *path));
    docs.truncate(ENTRY_DOCS);
    let entry = docs.iter().map(|path| format!("{folder}/{}", shown(path))).collect::<Vec<_>>().join(", ");
    let age = now().since(report.state.synced_at);
    let current = match age.as_secs() {
        0 => "current".to_owned(),
        _ => format!("current {} ago", humanize(age)),
    };
    let mut text = format!(
        "The team's docs are in {folder}/, {} at revision {}, {current}, read-only. Read those that apply \
         before you change anything; do not edit them, but tell the user what should change. They start with: \
         {entry}.",
        report.count(),
        report.state.revision,
    );
    // All docs are new where there were none.
    if !report.is_unchanged() && report.delta.added.len() < report.state.docs.len() {
        text.push_str(&format!(" New since the last check here: {}.", report.summary()));
    }
    warnings.iter().for_each(|warning| text.push_str(&format!(" Note: {warning}.")));
    text
}

fn news(checked: &Checked, has_moved: bool, folder: &str, warnings: &[String]) -> String {
    let report = &checked.report;
    let mut text = String::new();
    if has_moved && report.is_unchanged() {
        text = format!(
            "The team's docs in {folder}/ changed since this session was last told of them: they are at revision {} \
             now. Read those again that you rely on. ",
            report.state.revision
        );
    }
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
