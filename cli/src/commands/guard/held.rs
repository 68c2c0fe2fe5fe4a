//! What somebody else's lock does to a session's writes outside the protected trees.

use std::path::Path;
use std::time::{Duration, Instant};

use aitk_shared::api::Lock;
use aitk_shared::guard::lease::{self, Effect, Held, Session};

use super::sites::Project;
use crate::app::{Context, Globals};
use crate::config::{self, Dirs, Environment, Flags};
use crate::error::Result;
use crate::hook;
use crate::mirror::state::{Owner, SeenLock, now};
use crate::output::{Color, shown};
use crate::sessions::{Heard, Note, Sessions};

/// What is known of the lock counts for so long before it is asked for again.
const FRESH: Duration = Duration::from_secs(10);
/// An agent waits so long for a server's word on the lock.
const PATIENCE: Duration = Duration::from_millis(300);

/// What the session has to be told before it writes in `project`; the error stops the write.
pub fn effect(project: &Project, session: &str, data: &Path) -> std::result::Result<Vec<String>, Box<Held>> {
    let Some(mirror) = project.mirror() else { return Ok(Vec::new()) };
    let sessions = Sessions::of(data, mirror);
    let mut told = Vec::new();
    let note = match project.known.lock().filter(|lock| !lock.is_yours) {
        None if project.known.state.is_none() => return Ok(told),
        None => sessions.get(session),
        Some(lock) => {
            let mut lock = lock.clone();
            let note = sessions.get(session);
            if stops(note, &lock, project) && !project.known.is_fresh() {
                // Out of reach, the remembered lease counts until it ends.
                if let Ok(answer) = ask(project) {
                    let current = answer.map(|found| SeenLock::new(&found, false, now()));
                    let same = |found: &SeenLock| found.token == lock.token;
                    sessions.hear(&Heard { at: now(), lock: current.clone() });
                    match current {
                        Some(found) if same(&found) || stops(note, &found, project) => lock = found,
                        _ => return Ok(told),
                    }
                }
            }
            if stops(note, &lock, project) {
                return Err(Box::new(held(&lock)));
            }
            if lease::effect(session_of(note, &lock), project.known.denies) == Effect::Tell {
                told.push(format!(
                    "{}. What you know of them may change; go on with what does not depend on it, and read the docs \
                     again when the lock is gone.",
                    held(&lock)
                ));
                sessions.put(session, Note { lock: Some(lock.token), ..note.unwrap_or_default() });
            }
            sessions.get(session)
        }
    };
    told.extend(news(project, session, note, &sessions));
    Ok(told)
}

fn session_of(note: Option<Note>, lock: &SeenLock) -> Session {
    note.map_or(Session::Unchecked, |note| Session::Checked { is_told: note.lock == Some(lock.token) })
}

fn stops(note: Option<Note>, lock: &SeenLock, project: &Project) -> bool {
    lease::effect(session_of(note, lock), project.known.denies) == Effect::Stop
}

fn held(lock: &SeenLock) -> Held {
    Held {
        by: lock.locked_by.clone(),
        reason: lock.reason.clone(),
        since: lock.locked_at.to_string(),
        left: lock.until.since(now()),
    }
}

/// That the docs changed since the session was last told, by another session's check or by `watch`.
fn news(project: &Project, session: &str, note: Option<Note>, sessions: &Sessions) -> Option<String> {
    let (note, revision) = (note?, project.known.state.as_ref()?.revision);
    let told = note.revision.filter(|told| *told != revision);
    if note.revision != Some(revision) {
        sessions.put(session, Note { revision: Some(revision), ..note });
    }
    let mirror = project.mirror()?.strip_prefix(project.root()).ok()?;
    let folder = shown(&mirror.to_string_lossy());
    told.map(|told| {
        format!(
            "the docs in {folder}/ changed since your session began: revision {told} is {revision} now. Read again \
             those that apply."
        )
    })
}

impl super::known::Known {
    fn is_fresh(&self) -> bool {
        self.heard.as_ref().is_some_and(|heard| heard.at <= now() && now().since(heard.at) < FRESH)
    }
}

/// Asks the server for the lock, once.
fn ask(project: &Project) -> Result<Option<Lock>> {
    let root = project.root().to_owned();
    let globals = Globals {
        root: Some(root.clone()),
        quiet: true,
        color: Color::Never,
        timeout: PATIENCE,
        deadline: PATIENCE,
        retries: 0,
        ..Globals::plain()
    };
    let (dirs, environment) = (Dirs::of_user()?, Environment::read());
    let config = config::load(&root, Flags::default(), &environment, &dirs)?;
    let context = Context { globals, root, config, dirs, environment, out: hook::output() };
    let owner = Owner::of(&context)?;
    // A thread of its own: a guard that was inferred runs in a runtime already.
    let asked = std::thread::spawn(move || {
        let client = context.hook_client()?.with_deadline(Instant::now() + PATIENCE).with_retries(0);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let answer = runtime.block_on(client.lock_state(&owner.project));
        // A name that is still being looked up is not waited for.
        runtime.shutdown_background();
        answer
    });
    asked.join().unwrap_or_else(|_| Ok(None))
}
