//! Mirrors on real folders, brought up to date by answers made here.

mod damage;
mod fetching;
mod remembering;
mod runs;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use aitk_shared::api::{Content, Lock, OnLock, SyncAnswer, SyncDoc};
use aitk_shared::hash::ContentHash;
use aitk_shared::id::Epoch;
use aitk_shared::lock::FencingToken;
use aitk_shared::manifest::{Entry, Manifest};
use aitk_shared::path::DocPath;
use aitk_shared::time::Timestamp;

use super::cache::Cache;
use super::contents::{Arrived, Contents};
use super::scan::Depth;
use super::state::{Owner, SeenLock, State, now};
use super::update::{Outcome, Report, Wish, update};
use super::{Mirror, apply, swap};
use crate::error::{Error, Kind, Result};

pub fn path(text: &str) -> DocPath {
    DocPath::parse(text).unwrap()
}

pub fn manifest(docs: &[(&str, &str)]) -> Manifest {
    let entry = |text: &str| Entry { hash: ContentHash::of(text.as_bytes()), size: text.len() as u64 };
    docs.iter().map(|(p, text)| (path(p), entry(text))).collect()
}

/// The answer to a client that has nothing.
pub fn answer(revision: u64, docs: &[(&str, &str)]) -> SyncAnswer {
    SyncAnswer {
        hash: manifest(docs).docs_hash(),
        revision,
        epoch: Epoch::parse("epo_1").unwrap(),
        lock: None,
        on_lock: OnLock::Warn,
        docs_path: path("docs"),
        base: None,
        docs: docs
            .iter()
            .map(|(p, text)| SyncDoc {
                file_name: path(p),
                content: Content::from_bytes(text.as_bytes().to_vec()),
                hash: ContentHash::of(text.as_bytes()),
            })
            .collect(),
        removed: vec![],
        lock_is_yours: false,
    }
}

/// The same answer, its docs taken in.
pub fn arrived(revision: u64, docs: &[(&str, &str)]) -> SyncAnswer<Arrived> {
    let folder = tempfile::tempdir().unwrap();
    let contents = Contents::new(Arc::new(Cache::at(folder.path())), folder.path());
    take_in(&contents, answer(revision, docs)).unwrap()
}

/// Takes in what came over no line.
fn take_in(contents: &Contents, mut answer: SyncAnswer) -> Result<SyncAnswer<Arrived>> {
    let docs = answer.docs.drain(..).map(|doc| contents.take_in(doc)).collect::<Result<_>>()?;
    Ok(answer.with_docs(docs))
}

fn lock(by: &str) -> Lock {
    Lock {
        project_id: "p".to_owned().try_into().unwrap(),
        locked_by: by.into(),
        locked_at: Timestamp::from_millis(0),
        expires_at: Timestamp::from_millis(0),
        remaining_ms: 60_000,
        reason: Some("release".into()),
        token: FencingToken::new(7),
    }
}

/// A project folder of its own, in a home of its own or of another place's.
struct Place {
    root: tempfile::TempDir,
    home: Arc<tempfile::TempDir>,
}

impl Place {
    fn new() -> Self {
        Place { root: tempfile::tempdir().unwrap(), home: Arc::new(tempfile::tempdir().unwrap()) }
    }

    /// Another working tree of the same user.
    fn sibling(&self) -> Self {
        Place { root: tempfile::tempdir().unwrap(), home: self.home.clone() }
    }

    fn forget_cache(&self) {
        fs::remove_dir_all(self.home.path().join("cache")).unwrap();
    }

    fn mirror(&self) -> Mirror {
        Mirror {
            root: self.root.path().to_owned(),
            inside: ".docs".into(),
            data: self.home.path().join("data"),
            cache: Arc::new(Cache::at(&self.home.path().join("cache"))),
        }
    }

    fn owner(&self) -> Owner {
        Owner { origin: "http://localhost:3001".into(), project: "web".into() }
    }

    fn at(&self, name: &str) -> std::path::PathBuf {
        self.root.path().join(".docs").join(name)
    }

    async fn try_update(&self, wish: Wish, answer: &SyncAnswer) -> Result<Outcome> {
        update(&self.mirror(), &self.owner(), wish, async |_, contents: &_| take_in(contents, answer.clone()))
            .await
    }

    async fn update(&self, answer: &SyncAnswer) -> Report {
        match self.try_update(Wish::default(), answer).await.unwrap() {
            Outcome::Current(report) => *report,
            Outcome::Blocked(lock) => panic!("blocked by {lock:?}"),
        }
    }

    async fn refuse(&self, answer: &SyncAnswer) -> Error {
        self.try_update(Wish::default(), answer).await.unwrap_err()
    }

    /// Everything in the mirror but our own files.
    fn docs(&self) -> BTreeMap<String, String> {
        let scan = super::scan::scan(&self.at(""), None, Depth::Bytes).unwrap();
        let name = |path: &Path| path.to_str().unwrap().to_owned();
        scan.disk
            .keys()
            .map(|path| (name(path), fs::read_to_string(self.at(&name(path))).unwrap_or_default()))
            .collect()
    }

    fn holds(&self, revision: u64, docs: &[(&str, &str)]) {
        let expected = docs.iter().map(|(p, text)| ((*p).into(), (*text).into())).collect();
        assert_eq!(self.docs(), expected);
        let local = self.mirror().read(Depth::Bytes).unwrap();
        assert_eq!(local.verified().unwrap().revision, revision);
        assert_eq!(swap::leftovers(&self.at("")).unwrap(), Vec::<std::path::PathBuf>::new());
        assert!(local.scan.loose.is_empty(), "{:?}", local.scan.loose);
    }

    fn kept(&self, report: &Report, path: &str) -> String {
        fs::read_to_string(report.kept_in.as_ref().unwrap().join(path)).unwrap()
    }
}

const ONE: &[(&str, &str)] = &[("a.md", "1"), ("b/c.md", "2"), ("b/d/e.md", "3")];
const TWO: &[(&str, &str)] = &[("a.md", "1"), ("b/c.md", "two"), ("new.md", "4")];

#[tokio::test]
async fn a_first_sync_and_the_next_bring_exactly_the_docs() {
    let place = Place::new();
    let report = place.update(&answer(1, ONE)).await;
    assert_eq!(report.delta.added.len(), 3);
    place.holds(1, ONE);
    assert_eq!(
        fs::read_to_string(place.at(".sync-hash")).unwrap(),
        format!("{}\n", manifest(ONE).docs_hash())
    );
    let report = place.update(&answer(2, TWO)).await;
    assert_eq!(report.delta.changed, [path("b/c.md")]);
    assert_eq!(report.delta.removed, [path("b/d/e.md")]);
    assert!(report.repaired.is_empty() && report.kept.is_empty());
    place.holds(2, TWO);
    assert!(!place.at("b/d").exists());
}

#[tokio::test]
async fn only_a_verified_copy_is_told_to_the_platform_and_gets_a_delta() {
    let place = Place::new();
    place.update(&answer(1, ONE)).await;
    let hash = manifest(ONE).docs_hash();
    let delta = SyncAnswer {
        base: Some(hash),
        docs: answer(2, &[("b/c.md", "two"), ("new.md", "4")]).docs,
        removed: vec![path("b/d/e.md")],
        ..answer(2, TWO)
    };
    let (mirror, owner) = (place.mirror(), place.owner());
    let outcome = update(&mirror, &owner, Wish::default(), async |request, contents: &_| {
        assert_eq!(request.have, Some(hash));
        take_in(contents, delta.clone())
    });
    assert!(matches!(outcome.await, Ok(Outcome::Current(_))));
    place.holds(2, TWO);

    fs::remove_file(place.at("a.md")).unwrap();
    place.forget_cache();
    let (mirror, owner) = (place.mirror(), place.owner());
    let outcome = update(&mirror, &owner, Wish::default(), async |request, contents: &_| {
        assert_eq!(request.have, None);
        take_in(contents, answer(2, TWO))
    });
    assert!(matches!(outcome.await, Ok(Outcome::Current(_))));
    place.holds(2, TWO);
}

#[tokio::test]
async fn an_empty_project_is_a_complete_mirror_too() {
    let place = Place::new();
    place.update(&answer(0, &[])).await;
    place.holds(0, &[]);
}

#[tokio::test]
async fn untouched_docs_keep_their_times() {
    let place = Place::new();
    place.update(&answer(1, ONE)).await;
    let old = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    fs::File::open(place.at("a.md")).unwrap().set_modified(old).unwrap();
    place.update(&answer(2, TWO)).await;
    assert_eq!(fs::metadata(place.at("a.md")).unwrap().modified().unwrap(), old);
}

#[tokio::test]
async fn somebody_elses_lock_blocks_and_is_remembered() {
    let place = Place::new();
    place.update(&answer(1, ONE)).await;
    let locked = SyncAnswer { lock: Some(lock("Ann")), ..answer(2, TWO) };
    let blocked = place.try_update(Wish::default(), &locked).await.unwrap();
    assert!(matches!(blocked, Outcome::Blocked(lock) if lock.locked_by == "Ann"));
    place.holds(1, ONE);
    let seen = State::read(&place.at("")).unwrap().lock.unwrap();
    assert!(seen.is_live(now()) && !seen.is_yours && seen.locked_by == "Ann");

    let over = SyncAnswer { lock: Some(Lock { remaining_ms: 0, ..lock("Ann") }), ..answer(2, TWO) };
    place.update(&over).await;
    place.holds(2, TWO);
    assert_eq!(State::read(&place.at("")).unwrap().lock, None);

    let own = SyncAnswer { lock: Some(lock("me")), lock_is_yours: true, ..answer(3, ONE) };
    place.update(&own).await;
    place.holds(3, ONE);
    assert!(State::read(&place.at("")).unwrap().lock.is_some_and(|lock| lock.is_yours));

    let while_locked = Wish { while_locked: true, ..Wish::default() };
    place.try_update(while_locked, &SyncAnswer { revision: 4, ..locked }).await.unwrap();
    place.holds(4, TWO);
}

#[tokio::test]
async fn a_quiet_check_writes_nothing_within_ten_seconds() {
    let place = Place::new();
    place.update(&answer(1, ONE)).await;
    std::thread::sleep(std::time::Duration::from_millis(30));
    place.update(&answer(1, ONE)).await;
    let stamp = || fs::metadata(place.at(".aitk-state.json")).unwrap().modified().unwrap();
    let before = stamp();
    let report = place.update(&answer(1, ONE)).await;
    assert_eq!(stamp(), before);
    assert!(report.is_unchanged());
    assert_eq!(place.mirror().read(Depth::Stamps).unwrap().scan.hashed, 0);
}

#[test]
fn a_remembered_lock_is_reckoned_from_its_arrival() {
    let seen = SeenLock::new(&lock("Ann"), false, Timestamp::from_millis(5_000));
    assert_eq!(seen.until, Timestamp::from_millis(65_000));
}
