//! Whether a case came out as it must.

use aitk_tests::{Done, Person};

use crate::cases::{Act, Actor, Case, Outcome};
use crate::client::Client;
use crate::model::{Heard, Script};
use crate::run::Ended;
use crate::stage::LOCK;

/// Refusals of ours start with this.
const OURS: &str = "aitk: ";
/// What was done nevertheless, and then repaired, is told with this.
const UNDONE: &str = "undone";

/// A case after its session.
pub struct Played<'a> {
    pub client: &'a dyn Client,
    pub case: &'a Case,
    pub script: Script,
    pub person: Person,
    /// Whether `aitk doctor` says that the client can read its settings.
    pub is_read: bool,
    pub heard: Heard,
    pub ended: Ended,
    /// What changed that must not.
    pub hurt: Vec<&'static str>,
}

/// What came of a case.
pub struct Verdict {
    /// What was seen on the disk.
    pub seen: String,
    /// What the model was told last; the person, where it was asked nothing.
    pub told: String,
    /// What is wrong; empty where all is as it must be.
    pub wrong: Vec<String>,
    /// For whoever has to find out why.
    pub trace: String,
}

impl Verdict {
    pub fn of(played: &Played<'_>) -> Self {
        let told = played.told();
        let (seen, missing) = played.outcome(&told);
        let hurt = if played.is_read { &played.hurt[..] } else { &[] };
        let mut wrong: Vec<String> = hurt.iter().map(|what| format!("{what} changed")).collect();
        wrong.extend(played.cut_short());
        wrong.extend(missing);
        if !wrong.is_empty() {
            wrong.extend(played.heard.not_offered.first().cloned());
        }
        Verdict { seen, told, wrong, trace: played.trace() }
    }

    /// Where `aitk init` did not install anything.
    pub fn of_no_session(init: &Done) -> Self {
        let wrong = vec![format!("{}: {}", init.what, init.err.trim())];
        Verdict { seen: "NOT SET UP".to_owned(), told: String::new(), wrong, trace: format!("{init:#?}") }
    }
}

impl Played<'_> {
    fn is_to_start(&self) -> bool {
        !matches!(self.case.outcome, Outcome::NotStarted)
    }

    /// What each of the calls came to, and how many there were.
    fn results(&self) -> (&[String], usize) {
        match self.case.actor {
            Actor::Main => (&self.heard.main, self.script.main.len()),
            Actor::Subagent => (&self.heard.subagent, self.script.subagent.len()),
        }
    }

    fn told(&self) -> String {
        match self.is_to_start() {
            true => self.results().0.last().cloned().unwrap_or_default(),
            false => self.ended.output.split_whitespace().collect::<Vec<_>>().join(" "),
        }
    }

    /// A session that did not get to its end.
    fn cut_short(&self) -> Option<String> {
        let (results, calls) = self.results();
        let is_well = self.ended.status.is_some_and(|status| status.success());
        (self.is_to_start() && self.is_read && !(is_well && results.len() == calls)).then(|| {
            format!(
                "the model heard of {} of {calls} calls; the client: {}",
                results.len(),
                self.ended.said()
            )
        })
    }

    /// What was seen, and what is missing of what had to come.
    fn outcome(&self, told: &str) -> (String, Option<String>) {
        let (good, yes, no, missing) = match self.case.outcome {
            Outcome::NotStarted if !self.client.asks_before_prompts() => {
                let is_stopped = self.results().0.last().is_some_and(|told| told.contains(LOCK));
                (
                    is_stopped,
                    "its write was stopped",
                    "NOT STOPPED",
                    "the model was not told of the lock".to_owned(),
                )
            }
            Outcome::NotStarted => {
                let is_told = told.contains(LOCK) || !self.client.tells_people();
                let missing = if is_told { "the model was asked" } else { "the person was not told why" };
                let begun = self.heard.turns > 0;
                let seen = if begun { "STARTED" } else { "not started" };
                return (seen.to_owned(), (begun || !is_told).then(|| missing.to_owned()));
            }
            Outcome::AsDoctorSays if !self.is_read => {
                // A client may also not start with settings that it cannot read, or write them anew.
                let is_so = self.hurt.contains(&"the mirror") || self.heard.turns == 0;
                (is_so, "as doctor said", "STOPPED", "doctor said that the hooks are not read".to_owned())
            }
            Outcome::Stopped | Outcome::AsDoctorSays => {
                let seen = match self.hurt.is_empty() {
                    true if told.contains(UNDONE) => "undone".to_owned(),
                    true => "stopped".to_owned(),
                    false => format!("{} CHANGED", self.hurt.join(" and ")),
                };
                let missing = "the model was not told our reason".to_owned();
                return (seen, (!told.contains(OURS)).then_some(missing));
            }
            Outcome::Lands(path, text) => {
                let found = std::fs::read_to_string(self.person.file(path)).unwrap_or_default();
                // Not every client can leave out, or put in, the end of the last line.
                let landed = found.trim_end() == text.trim_end();
                (landed, "landed", "DID NOT LAND", format!("{path} is not there"))
            }
            Outcome::Told(_) if self.finds() && !self.client.finds_in_dot_folders() => {
                (true, "not looked for there", "", String::new())
            }
            Outcome::Told(text) => {
                (told.contains(text), "told", "NOT TOLD", format!("the model was not told {text:?}"))
            }
        };
        if good { (yes.to_owned(), None) } else { (no.to_owned(), Some(missing)) }
    }

    fn finds(&self) -> bool {
        matches!(self.case.acts.last(), Some(Act::Find(..)))
    }

    fn trace(&self) -> String {
        let mut lines = vec![format!("ended: {}", self.ended.said()), self.ended.output.clone()];
        let requests = self.heard.requests.iter();
        lines.extend(requests.map(|(what, body)| format!("--- {what}\n{body}")));
        lines.join("\n")
    }
}
