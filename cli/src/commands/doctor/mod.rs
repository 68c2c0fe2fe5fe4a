//! `aitk doctor`: says whether all of it works here, one line a check.
//!
//! It asks the server, proves the copy, and sends real events of each agent through the hooks as
//! they are installed: a write into the docs must be stopped, in the way that this agent heeds,
//! and an ordinary one must pass. It changes nothing. The exit code is 1 where something would
//! fail its user; what merely deserves a look is a warning.

mod agents;
mod command;
mod copy;
mod install;
mod platform;
mod probe;
mod search;
mod trust;

use serde::Serialize;
use serde_json::json;

use crate::app::{Context, Globals};
use crate::error::{Error, Kind, Result};
use crate::output::Output;

/// Say whether everything works here
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  aitk doctor
  aitk doctor --json | jq '.checks[] | select(.status != \"ok\")'

Exit codes: 0 all is well or only warned of, 1 something does not work.")]
pub struct Args {}

/// How a check came out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It works.
    Ok,
    /// It works for now, or may not be wanted.
    Warn,
    /// It does not work.
    Fail,
}

/// One check's outcome.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Finding {
    /// What was looked at, in a word.
    pub check: &'static str,
    /// How it came out.
    pub status: Status,
    /// The fact.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

impl Finding {
    /// Something that works.
    pub fn ok(check: &'static str, message: impl Into<String>) -> Self {
        Finding { check, status: Status::Ok, message: message.into(), hint: None }
    }

    /// Something that deserves a look.
    pub fn warn(check: &'static str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Finding { check, status: Status::Warn, message: message.into(), hint: Some(hint.into()) }
    }

    /// Something that does not work.
    pub fn fail(check: &'static str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Finding { check, status: Status::Fail, message: message.into(), hint: Some(hint.into()) }
    }

    /// A failure as a finding.
    pub fn of(check: &'static str, error: &Error) -> Self {
        Finding { check, status: Status::Fail, message: error.message.clone(), hint: error.hint.clone() }
    }

    fn tell(&self, out: Output) {
        let status = match self.status {
            Status::Ok => "ok",
            Status::Warn => "warn",
            Status::Fail => "FAIL",
        };
        out.data(&format!("{status:<5} {:<8} {}", self.check, self.message));
        if let Some(hint) = &self.hint {
            out.data(&format!("{:<14} hint: {hint}", ""));
        }
    }
}

/// Examines everything; the settings themselves may be what is broken.
pub async fn run(_: Args, globals: Globals, out: Output) -> Result<()> {
    let mut findings = vec![Finding::ok("version", format!("aitk {}", env!("CARGO_PKG_VERSION")))];
    match Context::new(globals, out) {
        Ok(context) => findings.extend(examine(&context).await),
        Err(error) => findings.push(Finding::of("settings", &error)),
    }
    findings.iter().for_each(|finding| finding.tell(out));
    let failed = findings.iter().filter(|finding| finding.status == Status::Fail).count();
    out.json(&json!({ "ok": failed == 0, "checks": findings }));
    match failed {
        0 => Ok(()),
        _ => Err(Error::told(Kind::Failed)),
    }
}

/// Tells what is not well, or that all is; false where something does not work.
pub fn tell_faults(findings: &[Finding], out: Output) -> bool {
    findings.iter().filter(|finding| finding.status != Status::Ok).for_each(|finding| finding.tell(out));
    let works = findings.iter().all(|finding| finding.status != Status::Fail);
    if works {
        out.data(&format!("{} checks, nothing is broken (`aitk doctor` shows them)", findings.len()));
    }
    works
}

/// All checks, in the order in which they build on each other.
pub async fn examine(context: &Context) -> Vec<Finding> {
    let mut findings = vec![platform::settings(context)];
    findings.extend(platform::examine(context).await);
    findings.extend(copy::examine(context));
    findings.extend(search::examine(context));
    findings.extend(agents::examine(context));
    findings
}
