//! One case with one client: a repository with the hooks installed, and a session in it.

use std::path::Path;

use aitk_tests::{Docs, Done, Person, Scene, docs, files};

use crate::cases::{Actor, Case, GUIDE, Given, Put, Tamper};
use crate::client::{Client, Session};
use crate::model::{Call, Model, SUBAGENT, Script};
use crate::run::Ended;
use crate::verdict::{Played, Verdict};
use serde_json::Value;

/// The team's docs.
const DOCS: [(&str, &str); 2] = [("README.md", "# Handbook\n"), ("guides/release.md", GUIDE)];
/// Why somebody locks them.
pub const LOCK: &str = "rewriting the release guide";

/// A client, and the platform that all of its cases share.
pub struct Stage<'a> {
    client: &'a dyn Client,
    program: &'a Path,
    scene: Scene,
}

impl<'a> Stage<'a> {
    pub fn new(client: &'a dyn Client, program: &'a Path) -> Self {
        Stage { client, program, scene: Scene::new(&DOCS) }
    }

    /// Plays a case in a home and a repository of its own.
    pub fn play(&self, case: &Case) -> Verdict {
        let person = match self.prepare(case.given, case.put) {
            Ok(person) => person,
            Err(init) => return Verdict::of_no_session(&init),
        };
        let before = Protected::of(self.client, &person);
        let script = self.script(case, &person.at.canonicalize().unwrap());
        let model = Model::play(self.client.wire(), script.clone());
        let session = Session {
            model: format!("http://{}", model.address),
            program: self.program.to_owned(),
            prompt: "Do what has to be done.",
        };
        self.client.set_up(&person, &session);
        let is_read = case.put.is_none() || reads_its_settings(&person);
        if case.given == Given::Lock {
            self.scene.lock(LOCK);
        }
        let ended = Ended::of(&mut self.client.command(&person, &session), person.home());
        if case.given == Given::Lock {
            self.scene.unlock();
        }
        let hurt = before.hurt(&Protected::of(self.client, &person));
        let client = self.client;
        Verdict::of(&Played { client, case, script, person, is_read, heard: model.heard(), ended, hurt })
    }

    /// A repository with docs of its own, the hooks, and the team's docs.
    fn prepare(&self, given: Given, put: Option<Put>) -> Result<Person, Done> {
        let key = self.scene.platform.key(&self.scene.project, "developer", "Dan");
        let mut person = Person::at(&self.scene.platform.url, "p", &key);
        let path = std::env::var("PATH").unwrap();
        person.set("PATH", &format!("{}:{path}", aitk_tests::binary("aitk").parent().unwrap().display()));
        person.write("src/main.rs", "fn main() {}\n");
        person.write("docs/own.md", "Own.\n");
        std::os::unix::fs::symlink(".docs", person.file("notes")).unwrap();
        let init = self.client.init(&person);
        if init.code != Some(0) {
            return Err(init);
        }
        let settings = self.client.without_hooks().0;
        if let Some(put) = put.filter(|_| settings.ends_with(".json")) {
            person.write(settings, put.into(&person.read(settings)));
        }
        person.git(&["add", "-A"]);
        person.git(&["commit", "-q", "-m", "all"]);
        if given != Given::NoDocs {
            person.aitk(&["check"]).expect(0);
        }
        Ok(person)
    }

    fn script(&self, case: &Case, root: &Path) -> Script {
        let mut calls: Vec<Call> = match case.tamper {
            None => Vec::new(),
            Some(Tamper::WithTools) => self.client.tamper(root),
            Some(Tamper::InShell) => self.client.tamper_in_shell(root),
        };
        calls.extend(case.acts.iter().map(|act| self.client.call(act, root)));
        match case.actor {
            Actor::Main => Script { main: calls, subagent: Vec::new() },
            Actor::Subagent => {
                let delegate = self.client.delegate(&format!("{SUBAGENT}: do what has to be done."));
                Script { main: vec![delegate], subagent: calls }
            }
        }
    }
}

/// Whether `aitk doctor` says that the client can read its settings.
fn reads_its_settings(person: &Person) -> bool {
    let done = person.aitk(&["doctor", "--json"]);
    let checks = done.json()["checks"].as_array().cloned().unwrap_or_default();
    let says = |check: &Value| check["message"].as_str().unwrap_or_default().contains("cannot be read");
    !checks.iter().any(says)
}

/// What no session may change.
struct Protected {
    mirror: Docs,
    own: Docs,
    /// How often the client's settings name our program: some clients rewrite them.
    hooks: usize,
}

impl Protected {
    fn of(client: &dyn Client, person: &Person) -> Self {
        let all = |folder: &str| match person.file(folder).is_dir() {
            true => files(&person.file(folder)),
            false => Docs::new(),
        };
        let settings = std::fs::read_to_string(person.file(client.without_hooks().0)).unwrap_or_default();
        let hooks = settings.matches("aitk").count();
        Protected { mirror: all(".docs"), own: all("docs"), hooks }
    }

    /// What is not as it was; the mirror has to hold the team's docs, also where it was not there.
    fn hurt(&self, after: &Protected) -> Vec<&'static str> {
        let all = [
            ("the mirror", after.mirror == docs(&DOCS)),
            ("docs/", after.own == self.own),
            ("the hooks", after.hooks >= self.hooks),
        ];
        all.into_iter().filter(|(_, is_whole)| !is_whole).map(|(what, _)| what).collect()
    }
}
