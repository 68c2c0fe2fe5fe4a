//! A project whose docs live in a git repository: everybody's day, conflicts, failures, secrets.

mod conflicts;
mod day;
mod failures;
mod secrets;
mod webhook;

use aitk_tests::{Done, Person, Platform, Remote};
use serde_json::Value;

/// Commits from outside the platform.
pub const BO: &str = "Bo <bo@example.org>";

/// A platform, a git host with a repository, a project that is connected to it, and its Tech Lead.
pub struct Handbook {
    pub platform: Platform,
    pub remote: Remote,
    pub project: String,
    pub lead: Person,
}

impl Handbook {
    /// Connected to a repository with these docs, which have come already.
    pub fn with(files: &[(&str, &str)]) -> Self {
        let remote = Remote::start();
        remote.create("handbook");
        if !files.is_empty() {
            remote.commit("handbook", "main", files, BO, "first");
        }
        Handbook::at(remote)
    }

    /// Connected to the repository `handbook` of a host.
    pub fn at(remote: Remote) -> Self {
        let platform = Platform::start_with(&["--allow-private-repos", "--pull-interval", "off"]);
        let admin = Person::new();
        admin.feed(&["login", &platform.url], &platform.admin_key).expect(0);
        let (url, repo) = (platform.url.clone(), remote.url("handbook"));
        let create = ["project", "create", "handbook", "--url", &url, "--repo", &repo, "--token-stdin"];
        let made = admin.feed(&create, remote.token()).expect(0);
        let project = made.out.trim().to_owned();
        let lead = Person::of(&platform, "handbook", &platform.key(&project, "lead", "Ann"));
        let handbook = Handbook { platform, remote, project, lead };
        handbook.lead.aitk(&["docs", "pull"]).expect(0);
        handbook
    }

    /// Somebody else of the project.
    pub fn member(&self, role: &str, name: &str) -> Person {
        Person::of(&self.platform, "handbook", &self.platform.key(&self.project, role, name))
    }

    /// Has the lead save a doc.
    #[track_caller]
    pub fn put(&self, path: &str, text: &str) {
        self.lead.feed(&["docs", "put", path, "-"], text).expect(0);
    }

    /// Has the lead save docs under one lock; waits until they are in the repository.
    #[track_caller]
    pub fn edit(&self, reason: &str, docs: &[(&str, &str)]) {
        let before = self.platform.head(&self.project);
        self.lead.aitk(&["lock", "--reason", reason]).expect(0);
        for (path, text) in docs {
            self.put(path, text);
        }
        self.lead.aitk(&["unlock"]).expect(0);
        self.platform.event(&self.project, before, "docs:published");
    }

    /// The doc as readers get it.
    #[track_caller]
    pub fn doc(&self, path: &str) -> Value {
        self.platform.call("GET", &format!("/api/projects/{}/docs/{path}", self.project), None)
    }

    /// The project, with how it stands to the repository.
    #[track_caller]
    pub fn shown(&self) -> Value {
        self.platform.call("GET", &format!("/api/projects/{}", self.project), None)
    }

    /// A doc in the repository.
    pub fn there(&self, path: &str) -> Option<String> {
        let bytes = self.remote.show("handbook", "main", &format!("docs/{path}"))?;
        Some(String::from_utf8(bytes).unwrap())
    }

    /// The subjects of the repository's commits, newest first.
    pub fn subjects(&self) -> Vec<String> {
        let log = self.remote.log("handbook").into_iter();
        log.map(|commit| commit.message.lines().next().unwrap_or_default().to_owned()).collect()
    }

    pub fn pull(&self) -> Done {
        self.lead.aitk(&["docs", "pull"])
    }

    pub fn publish(&self) -> Done {
        self.lead.aitk(&["docs", "publish"])
    }
}
