//! `aitk check`: before a session, brings the docs into `.docs/` and makes sure that nobody is
//! changing them.
//!
//! One request asks for the lock and for what changed. While somebody else holds the lock, the
//! docs stay at their old revision and the exit code is 2. When the server is out of reach, the
//! copy may stand in for it: verified byte by byte, not older than the settings allow, and not
//! while a lock that was seen before may still run. A copy that is damaged, or not there in a new
//! working tree, is made whole from the cache.
//!
//! A hook asks no more than it must: a good answer counts for 5 seconds, and a server that did not
//! answer in time is left alone for 30, while the copy stands in for it. Whoever had the good answer and
//! asks again is spared even a look at the mirror.
//!
//! At the top of a monorepo it serves all projects below that git tracks, one after the other.
//!
//! As an agent's hook it reads the event on standard input and answers in that agent's way: every
//! refusal blocks, and a new session is told in one line where the docs are.

mod everywhere;
pub mod hooked;
mod offline;
mod spared;

pub use everywhere::named;
pub use spared::fast_lane;

use std::sync::Arc;
use std::time::{Duration, Instant};

use aitk_shared::api::SyncRequest;
use aitk_shared::time::humanize;
use serde_json::Value;

use crate::app::{Context, Globals};
use crate::client::is_time_out;
use crate::config::Offline;
use crate::credentials::Caller;
use crate::error::{Error, Kind, Result};
use crate::hook::{self, Hook};
use crate::mirror::Mirror;
use crate::mirror::contents::Contents;
use crate::mirror::state::Owner;
use crate::mirror::update::{Outcome, Report, Wish, update};
use crate::output::Output;

/// What is kept back of the deadline to read the copy that stands in: some thousand docs.
const PROVING: Duration = Duration::from_millis(100);

/// Sync the docs, unless somebody has them locked
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  aitk check                    before you start to work
  aitk check --json             for a script: what changed, as one document
  aitk check --agent claude     as an agent's hook: the event is on standard input

Exit codes: 0 the docs are current, 2 locked by somebody else, 5 out of reach and the copy may not
stand in. In a hook, 3, 4 and 5 become 2.")]
pub struct Args {
    /// The agent that asks; told from its event where not given
    #[arg(long, value_name = "NAME")]
    agent: Option<String>,
}

/// What a check found.
struct Checked {
    report: Report,
    /// How old the copy is, where the server was out of reach, and why it was.
    stale: Option<(Duration, String)>,
}

/// Who wants to know.
#[derive(Clone, Copy)]
struct Asker<'a> {
    caller: Caller,
    session: Option<&'a str>,
    agent: Option<&'a str>,
}

/// Checks, for a person or for an agent's hook.
pub async fn run(args: Args, globals: Globals, out: Output) -> Result<()> {
    let begun = Instant::now();
    let hook = match &args.agent {
        Some(agent) => Some(Hook::expect(Some(agent))),
        None => Hook::notice(),
    };
    match hook {
        Some(Ok(hook)) => hooked::answer(&hook, globals, begun).await,
        Some(Err(why)) => hook::refuse(args.agent.as_deref(), &why),
        None => everywhere::run(globals, out, begun).await,
    }
}

/// One request, one switch; the copy where the server is out of reach and the settings allow it.
async fn check(context: &Context, asker: Asker<'_>, begun: Instant) -> Result<Checked> {
    let (mirror, owner) = (Mirror::of(context)?, Owner::of(context)?);
    if asker.caller == Caller::Hook
        && let Some(ago) = mirror.was_down(&owner)
    {
        let server = context.server()?;
        let fact = format!("{server} did not answer in time {} ago, and was not asked again", humanize(ago));
        let offline =
            offline::fall_back(&mirror, &owner, context.config.offline, &Error::new(Kind::Unreachable, fact));
        // Without a copy to go on with, it is asked all the same.
        if offline.as_ref().err().is_none_or(|error| error.kind != Kind::Unreachable) {
            return offline;
        }
    }
    let client = match asker.caller {
        Caller::Person => context.client()?,
        Caller::Hook => context.hook_client()?,
    };
    // With a copy to fall back on nobody waits long; without one, only the request is bounded.
    let whole = context.globals.deadline;
    let patience = whole.saturating_sub(PROVING.min(whole / 4));
    let hurried = client.clone().with_deadline(begun + patience).with_retries(0);
    let ask = async |request: SyncRequest, contents: &Arc<Contents>| {
        let has_copy = request.have.is_some() && context.config.offline != Offline::Deny;
        let client = if has_copy { &hurried } else { &client };
        let (session, agent) = (asker.session.map(str::to_owned), asker.agent.map(str::to_owned));
        client.sync(&owner.project, &SyncRequest { session, agent, ..request }, contents).await
    };
    let outcome = update(&mirror, &owner, Wish::default(), ask).await;
    match (&outcome, asker.caller) {
        (Ok(Outcome::Current(report)), Caller::Hook) => mirror.note_good(&report.state),
        (Err(error), Caller::Hook) if is_time_out(error) => mirror.note_down(&owner),
        (Ok(_), _) => mirror.ask_again(),
        (Err(_), _) => {}
    }
    match outcome {
        Ok(Outcome::Current(report)) => Ok(Checked { report: *report, stale: None }),
        Ok(Outcome::Blocked(lock)) => {
            let error = Error::locked(*lock);
            let hint = error.hint.clone().unwrap_or_default();
            Err(error.hint(format!("{hint}; the docs here stay as they were, run `aitk check` again then")))
        }
        Err(error) if error.kind == Kind::Unreachable => {
            offline::fall_back(&mirror, &owner, context.config.offline, &error)
        }
        Err(error) => Err(error),
    }
}

/// What a check found, in one line.
fn line(checked: &Checked) -> String {
    let report = &checked.report;
    match &checked.stale {
        None => report.summary(),
        Some(_) if report.is_unchanged() => format!(
            "docs at revision {}, {}, not compared with the platform",
            report.state.revision,
            report.count()
        ),
        Some(_) => format!("{}; from the cache, not compared with the platform", report.summary()),
    }
}

/// The same as one document.
fn document(checked: &Checked) -> Value {
    let mut json = checked.report.to_json();
    if let Some((age, _)) = &checked.stale {
        json["status"] = "offline".into();
        json["offline"] = true.into();
        json["ageMs"] = u64::try_from(age.as_millis()).unwrap_or(u64::MAX).into();
    }
    json
}

/// What somebody must know though the docs may be used.
fn warnings(checked: &Checked) -> Vec<String> {
    let report = &checked.report;
    let stale = checked.stale.as_ref().map(|(age, why)| {
        let revision = report.state.revision;
        format!("lock UNKNOWN, using the copy of {} ago (revision {revision}): {why}", humanize(*age))
    });
    [stale, report.older_line(), report.kept_line()].into_iter().flatten().collect()
}
