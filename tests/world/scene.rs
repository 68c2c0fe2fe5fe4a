//! The usual scene: one project with docs, and a developer who reaches the platform through a
//! stand-in that is honest until told otherwise.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::docs::{Docs, docs, docs_hash};
use crate::stand_in::{Reply, Request, StandIn};
use crate::{Done, Person, Platform, files};

/// A developer, a platform, and what stands between.
pub struct Scene {
    pub platform: Platform,
    pub project: String,
    pub between: StandIn,
    pub dev: Person,
}

impl Scene {
    /// With docs on the platform and none here.
    pub fn new<B: AsRef<[u8]>>(pairs: &[(&str, B)]) -> Self {
        Scene::with(&docs(pairs))
    }

    /// The same, with a whole set.
    pub fn with(docs: &Docs) -> Self {
        let platform = Platform::start();
        let project = platform.project("p");
        let between = StandIn::before(&platform.url);
        let dev = Person::at(&between.url, "p", &platform.key(&project, "developer", "Dan"));
        let scene = Scene { platform, project, between, dev };
        scene.publish(docs);
        scene
    }

    /// With the docs here, too.
    pub fn synced<B: AsRef<[u8]>>(pairs: &[(&str, B)]) -> Self {
        let scene = Scene::new(pairs);
        scene.dev.aitk(&["check"]).expect(0);
        assert_eq!(scene.dev.mirror(), docs(pairs));
        scene.between.be_honest();
        scene
    }

    /// Makes the platform's docs exactly these, as one revision.
    pub fn publish(&self, wanted: &Docs) {
        let list = self.platform.call("GET", &self.path("docs"), None);
        let there: std::collections::BTreeMap<_, _> = list["docs"]
            .as_array()
            .unwrap()
            .iter()
            .map(|doc| (doc["path"].as_str().unwrap().to_owned(), doc["hash"].as_str().unwrap().to_owned()))
            .collect();
        let puts: Vec<_> = wanted
            .iter()
            .filter(|(path, bytes)| there.get(*path) != Some(&crate::docs::sha256(bytes)))
            .map(|(path, bytes)| match std::str::from_utf8(bytes) {
                Ok(text) => json!({"path": path, "content": text}),
                Err(_) => json!({"path": path, "content": base64(bytes), "encoding": "base64"}),
            })
            .collect();
        let deletes: Vec<_> = there
            .keys()
            .filter(|path| !wanted.contains_key(*path))
            .map(|path| json!({"path": path}))
            .collect();
        if !(puts.is_empty() && deletes.is_empty()) {
            let done = self.platform.call(
                "POST",
                &self.path("docs/batch"),
                Some(json!({"puts": puts, "deletes": deletes})),
            );
            assert_eq!(done["hash"], docs_hash(wanted), "the platform's sum is what sha256sum says");
        }
    }

    /// A few docs that replace all others.
    pub fn publish_only<B: AsRef<[u8]>>(&self, pairs: &[(&str, B)]) {
        self.publish(&docs(pairs));
    }

    /// Somebody takes the lock.
    pub fn lock(&self, reason: &str) {
        self.platform.call("POST", &self.path("lock"), Some(json!({"reason": reason})));
    }

    /// And gives it back.
    pub fn unlock(&self) {
        self.platform.call("DELETE", &self.path("lock"), None);
    }

    /// A resource of the project.
    pub fn path(&self, rest: &str) -> String {
        format!("/api/projects/{}/{rest}", self.project)
    }

    /// Takes every key of the project back.
    pub fn revoke_keys(&self) {
        let keys = self.platform.call("GET", &self.path("keys"), None);
        for key in keys.as_array().unwrap() {
            let id = key["id"].as_str().unwrap();
            self.platform.call("DELETE", &self.path(&format!("keys/{id}")), None);
        }
    }

    /// Runs `check` against a platform that answers so, and makes sure that neither the copy nor
    /// anything else on disk moved.
    #[track_caller]
    pub fn check_against(&self, manner: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Done {
        self.check_with(&[], manner)
    }

    /// The same with more arguments.
    #[track_caller]
    pub fn check_with(
        &self,
        arguments: &[&str],
        manner: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> Done {
        let before = self.dev.file(".docs").exists().then(|| self.dev.mirror());
        self.between.answer(manner);
        let done = self.dev.aitk(&[&["check"], arguments].concat());
        let after = self.dev.file(".docs").exists().then(|| self.dev.mirror());
        assert!(after == before, "the copy moved from {before:?} to {after:?}: {done:#?}");
        assert_eq!(self.dev.staging(), [""; 0].map(PathBuf::from), "{done:#?}");
        done
    }

    /// The same for an answer with everything in it, which was tampered with.
    #[track_caller]
    pub fn check_tampered(&self, tamper: impl Fn(&mut Value) + Send + Sync + 'static) -> Done {
        self.check_against(move |request| request.pass_on_for_everything().edit(&tamper))
    }

    /// The platform is honest again, and all is well at once.
    #[track_caller]
    pub fn recovers(&self, wanted: &Docs) {
        self.between.be_honest();
        self.dev.aitk(&["check"]).expect(0);
        assert_eq!(&self.dev.mirror(), wanted);
        assert_eq!(self.dev.staging(), [""; 0].map(PathBuf::from));
    }
}

impl Person {
    /// The docs in the mirror, which must be exactly what its mark says.
    #[track_caller]
    pub fn mirror(&self) -> Docs {
        let docs = files(&self.file(".docs"));
        assert_eq!(self.read(".docs/.sync-hash"), format!("{}\n", docs_hash(&docs)), "{:?}", docs.keys());
        docs
    }

    /// Throws the copy away, and whatever it could be made of again without the platform.
    pub fn forget_copy(&self) {
        for folder in [self.file(".docs"), self.home().join(".cache/aitk")] {
            std::fs::remove_dir_all(folder).unwrap_or_default();
        }
    }

    /// Goes on in a folder in memory, where there is such a place, so that a run is made of its steps and
    /// not of the flushes between them; returns the folder, which goes when it is dropped.
    pub fn work_in_memory(&mut self) -> TempDir {
        let memory = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        std::fs::copy(self.file(".aitk.toml"), memory.path().join(".aitk.toml")).unwrap();
        self.at = memory.path().to_owned();
        memory
    }

    /// What runs left beside the mirror, and in it: no more than one file there is our own.
    pub fn staging(&self) -> Vec<PathBuf> {
        let beside = names_in(&self.at, ".docs.");
        let own = names_in(&self.file(".docs"), ".aitk");
        beside.into_iter().chain(own.into_iter().filter(|path| !path.ends_with(".aitk-state.json"))).collect()
    }

    /// The files that were moved out of the mirror, by their last name.
    pub fn kept(&self) -> Docs {
        let kept = self.home().join(".local/share/aitk/kept");
        let found = if kept.exists() { files(&kept) } else { Docs::new() };
        found.into_iter().map(|(path, bytes)| (path.rsplit('/').next().unwrap().to_owned(), bytes)).collect()
    }

    /// What Claude Code tells a hook at the start of a session, or before a prompt.
    pub fn claude(&self, event: &str) -> String {
        json!({"session_id": "s", "cwd": self.at, "hook_event_name": event, "source": "startup", "prompt": "x"})
            .to_string()
    }
}

fn names_in(folder: &Path, start: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with(start)).collect()
}

/// RFC 4648.
pub fn base64(bytes: &[u8]) -> String {
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let bits =
            three.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for at in 0..4 {
            let letter = char::from(letters[(bits >> (18 - 6 * at) & 63) as usize]);
            text.push(if at <= three.len() { letter } else { '=' });
        }
    }
    text
}
