//! One case with one client: a repository with the hooks installed, a session, and what came of it.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use aitk_tests::{Docs, Done, Person, Platform, Scene, docs, files};

use crate::cases::{Actor, Case, GUIDE, Given, Outcome};
use crate::client::{Client, Session};
use crate::model::{Call, Heard, Model, SUBAGENT, Script};

/// A session takes seconds; a client that waits for a network that is not there takes longer.
const LIMIT: Duration = Duration::from_secs(120);
/// The team's docs.
const DOCS: [(&str, &str); 2] = [("README.md", "# Handbook\n"), ("guides/release.md", GUIDE)];
/// Why somebody locks them.
const LOCK: &str = "rewriting the release guide";
/// Refusals of ours start with this.
const OURS: &str = "aitk: ";

/// The platform that all cases of a client share.
pub struct Stage<'a> {
    client: &'a dyn Client,
    program: &'a Path,
    scene: Scene,
}

/// What came of a case.
pub struct Outcomes {
    /// What was seen on the disk.
    pub seen: String,
    /// What the model was told last.
    pub told: String,
    /// What is wrong; empty where all is as it must be.
    pub wrong: Vec<String>,
    /// For whoever has to find out why.
    pub trace: String,
}

impl<'a> Stage<'a> {
    pub fn new(client: &'a dyn Client, program: &'a Path) -> Self {
        let scene = Scene::new(&DOCS);
        Stage { client, program, scene }
    }

    /// Plays a case in a home and a repository of its own.
    pub fn play(&self, case: &Case) -> Outcomes {
        let person = match self.prepare(case.given) {
            Ok(person) => person,
            Err(init) => return Outcomes::of_nothing(&init),
        };
        let before = Protected::of(self.client, &person);
        let root = person.at.canonicalize().unwrap();
        let script = self.script(case, &root);
        let model = Model::play(self.client.wire(), script.clone());
        let session = Session {
            model: format!("http://{}", model.address),
            program: self.program.to_owned(),
            prompt: "Do what has to be done.",
        };
        self.client.set_up(&person, &session);
        if case.given == Given::Lock {
            self.scene.lock(LOCK);
        }
        let ended = Ended::of(&mut self.client.command(&person, &session), person.home());
        if case.given == Given::Lock {
            self.scene.unlock();
        }
        let after = Protected::of(self.client, &person);
        Played { case, script, person, heard: model.heard(), ended, hurt: before.hurt(&after) }.judge()
    }

    /// A repository with docs of its own and the team's, and with the hooks.
    fn prepare(&self, given: Given) -> Result<Person, Done> {
        let Platform { url, .. } = &self.scene.platform;
        let key = self.scene.platform.key(&self.scene.project, "developer", "Dan");
        let mut person = Person::at(url, "p", &key);
        let path = std::env::var("PATH").unwrap();
        person.set("PATH", &format!("{}:{path}", aitk_tests::binary("aitk").parent().unwrap().display()));
        person.write("src/main.rs", "fn main() {}\n");
        person.write("docs/own.md", "Own.\n");
        std::os::unix::fs::symlink(".docs", person.file("notes")).unwrap();
        let init = person.aitk(&["init", "--agent", self.client.name()]);
        if init.code != Some(0) {
            return Err(init);
        }
        person.git(&["add", "-A"]);
        person.git(&["commit", "-q", "-m", "all"]);
        if given != Given::NoDocs {
            person.aitk(&["check"]).expect(0);
        }
        Ok(person)
    }

    fn script(&self, case: &Case, root: &Path) -> Script {
        let calls: Vec<Call> = case.acts.iter().flat_map(|act| self.client.calls(act, root)).collect();
        match case.actor {
            Actor::Main => Script { main: calls, subagent: Vec::new() },
            Actor::Subagent => Script {
                main: vec![self.client.delegate(&format!("{SUBAGENT}: do what has to be done."))],
                subagent: calls,
            },
        }
    }
}

/// A case after its session.
struct Played<'a> {
    case: &'a Case,
    script: Script,
    person: Person,
    heard: Heard,
    ended: Ended,
    /// What changed that must not.
    hurt: Vec<&'static str>,
}

impl Played<'_> {
    fn judge(self) -> Outcomes {
        let (results, calls) = match self.case.actor {
            Actor::Main => (&self.heard.main, &self.script.main),
            Actor::Subagent => (&self.heard.subagent, &self.script.subagent),
        };
        let told = results.last().cloned().unwrap_or_default();
        let mut wrong = Vec::new();
        if !self.hurt.is_empty() {
            wrong.push(format!("{} changed", self.hurt.join(" and ")));
        }
        if !matches!(self.case.outcome, Outcome::NotStarted) {
            if results.len() != calls.len() {
                wrong.push(format!("the model heard of {} of {} calls", results.len(), calls.len()));
            }
            if !self.ended.status.is_some_and(|status| status.success()) {
                wrong.push(format!("the client ended with {}", self.ended.said()));
            }
        }
        let (seen, missing) = self.outcome(&told);
        wrong.extend(missing);
        if !wrong.is_empty() {
            wrong.extend(self.heard.not_offered.first().cloned());
        }
        let told = match self.case.outcome {
            Outcome::NotStarted => self.ended.output.clone(),
            _ => told,
        };
        Outcomes { seen, told, wrong, trace: self.trace() }
    }

    /// What was seen, and what is missing of what had to come.
    fn outcome(&self, told: &str) -> (String, Option<String>) {
        let either = |good: bool, yes: &str, no: &str, missing: String| {
            (if good { yes } else { no }.to_owned(), (!good).then_some(missing))
        };
        match self.case.outcome {
            Outcome::NotStarted => {
                let begun = !self.heard.requests.is_empty();
                let known = self.ended.output.contains(LOCK);
                let missing = format!("{} requests; told why: {known}", self.heard.requests.len());
                either(!begun && known, "not started", "STARTED", missing)
            }
            Outcome::Stopped if self.hurt.is_empty() => {
                let missing = "the model was not told our reason".to_owned();
                ("stopped".to_owned(), (!told.contains(OURS)).then_some(missing))
            }
            Outcome::Stopped => (format!("{} CHANGED", self.hurt.join(" and ")), None),
            Outcome::Lands(path, text) => {
                let found = std::fs::read_to_string(self.person.file(path)).unwrap_or_default();
                let landed = found.trim_end() == text.trim_end();
                either(landed, "landed", "DID NOT LAND", format!("{path} is not there"))
            }
            Outcome::Told(text) => {
                either(told.contains(text), "told", "NOT TOLD", format!("the model was not told {text:?}"))
            }
        }
    }

    fn trace(&self) -> String {
        let mut lines = vec![format!("ended: {}", self.ended.said()), self.ended.output.clone()];
        let requests = self.heard.requests.iter();
        lines.extend(requests.map(|(what, body)| format!("--- {what}\n{body}")));
        lines.join("\n")
    }
}

impl Outcomes {
    /// Where `aitk init` did not install anything.
    fn of_nothing(init: &Done) -> Self {
        let wrong = vec![format!("{}: {}", init.what, init.err.trim())];
        Outcomes { seen: "NOT SET UP".to_owned(), told: String::new(), wrong, trace: format!("{init:#?}") }
    }
}

/// What no session may change.
struct Protected {
    mirror: Docs,
    own: Docs,
    hooks: Option<Vec<u8>>,
}

impl Protected {
    fn of(client: &dyn Client, person: &Person) -> Self {
        let all = |folder: &str| match person.file(folder).is_dir() {
            true => files(&person.file(folder)),
            false => Docs::new(),
        };
        let hooks = std::fs::read(person.file(client.without_hooks().0)).ok();
        Protected { mirror: all(".docs"), own: all("docs"), hooks }
    }

    fn hurt(&self, after: &Protected) -> Vec<&'static str> {
        let all = [
            ("the mirror", after.mirror == docs(&DOCS)),
            ("docs/", after.own == self.own),
            ("the hooks", after.hooks == self.hooks),
        ];
        all.into_iter().filter(|(_, is_whole)| !is_whole).map(|(what, _)| what).collect()
    }
}

/// How a client ended.
struct Ended {
    /// `None` where it had to be killed.
    status: Option<ExitStatus>,
    output: String,
}

impl Ended {
    /// Runs a client to its end.
    fn of(command: &mut Command, home: &Path) -> Self {
        let path = home.join("output");
        let output = std::fs::File::create(&path).unwrap();
        let streams = (output.try_clone().unwrap(), output);
        command.stdin(Stdio::null()).stdout(streams.0).stderr(streams.1).process_group(0);
        let mut client = command.spawn().unwrap();
        let until = Instant::now() + LIMIT;
        let mut status = None;
        while status.is_none() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(20));
            status = client.try_wait().unwrap();
        }
        // With everything that it left running.
        let group = rustix::process::Pid::from_raw(i32::try_from(client.id()).unwrap()).unwrap();
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        let _ = client.wait();
        Ended { status, output: String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned() }
    }

    fn said(&self) -> String {
        let status = self.status.map_or_else(|| format!("no end in {LIMIT:?}"), |status| status.to_string());
        let last = self.output.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
        format!("{status}: {last}")
    }
}
