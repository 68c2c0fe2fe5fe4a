//! What sessions were given, on its way into the store: a check waits for nothing but its answer.

use std::collections::HashMap;

use aitk_shared::api::{Lock, SyncRequest};
use aitk_shared::event::{Actor, Offset};
use aitk_shared::id::ProjectId;
use aitk_shared::text::printable;
use aitk_shared::time::Timestamp;
use axum::http::HeaderMap;
use axum::http::header::USER_AGENT;

use crate::error::Result;
use crate::store::Write;
use crate::store::reports::{self, Report};

/// Longest name of a session, an agent or a version that is kept, in characters.
const NAME_CHARS: usize = 100;

/// The newest report of each session that was not written yet.
#[derive(Default)]
pub struct Reports(HashMap<Key, Report>);

type Key = (ProjectId, String, String);

/// An answer to a session, as far as a report tells of it.
pub struct Given<'a> {
    /// The project.
    pub project: &'a ProjectId,
    /// Who asked.
    pub actor: &'a Actor,
    /// With what.
    pub ask: &'a SyncRequest,
    /// And with which headers.
    pub headers: &'a HeaderMap,
    /// The revision that the asker had, where it is one of ours.
    pub had: Option<Offset>,
    /// The revision that the answer leads to.
    pub now: Offset,
    /// Somebody else's lock, which keeps the asker from that.
    pub in_the_way: Option<&'a Lock>,
}

impl Reports {
    /// Notes what a session was given.
    pub fn note(&mut self, given: &Given<'_>, at: Timestamp) {
        let name = |text: &Option<String>| {
            text.as_deref()
                .map(str::trim)
                .filter(|text| !text.is_empty())
                .map(|text| printable(text, NAME_CHARS))
        };
        let session = name(&given.ask.session).unwrap_or_default();
        let key = (given.project.clone(), given.actor.id.clone(), session.clone());
        let before = self.0.get(&key);
        let is_blocked = given.in_the_way.is_some();
        let since = before.and_then(|before| before.blocked_since).unwrap_or(at);
        let was_free = !is_blocked || before.is_some_and(|before| before.was_free);
        let report = Report {
            project: given.project.clone(),
            actor: given.actor.clone(),
            session,
            agent: name(&given.ask.agent),
            revision: if is_blocked { given.had } else { Some(given.now) },
            version: version(given.headers),
            at,
            blocked_since: is_blocked.then_some(since),
            was_free,
        };
        self.0.insert(key, report);
    }

    /// Forgets what a credential that ended was given.
    pub fn forget(&mut self, subject: &str) {
        self.0.retain(|(_, of, _), _| of != subject);
    }

    /// All of it.
    pub fn take(&mut self) -> Vec<Report> {
        std::mem::take(&mut self.0).into_values().collect()
    }

    /// Takes back what could not be written.
    pub fn put_back(&mut self, taken: Vec<Report>) {
        for report in taken {
            let key = (report.project.clone(), report.actor.id.clone(), report.session.clone());
            match self.0.get_mut(&key) {
                None => drop(self.0.insert(key, report)),
                Some(newer) if !newer.was_free => {
                    newer.was_free = report.was_free;
                    newer.blocked_since =
                        newer.blocked_since.and(report.blocked_since.or(newer.blocked_since));
                }
                Some(_) => {}
            }
        }
    }
}

/// Writes each over the session's last one.
pub async fn write(write: &mut Write, taken: &[Report]) -> Result<()> {
    for report in taken {
        reports::put(write, report).await?;
    }
    reports::trim(write).await
}

fn version(headers: &HeaderMap) -> Option<String> {
    let client = headers.get(USER_AGENT)?.to_str().ok()?.split_whitespace().next()?;
    client.strip_prefix("aitk/").map(|version| printable(version, NAME_CHARS))
}
