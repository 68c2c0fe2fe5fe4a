//! Mirrors on real folders, brought up to date by answers made here.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use aitk_shared::api::{Content, Lock, OnLock, SyncAnswer, SyncDoc};
use aitk_shared::hash::ContentHash;
use aitk_shared::id::Epoch;
use aitk_shared::lock::FencingToken;
use aitk_shared::manifest::{Entry, Manifest};
use aitk_shared::path::DocPath;
use aitk_shared::time::Timestamp;

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

/// A project folder and a data folder of their own.
struct Place {
    root: tempfile::TempDir,
    data: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Place { root: tempfile::tempdir().unwrap(), data: tempfile::tempdir().unwrap() }
    }

    fn mirror(&self) -> Mirror {
        Mirror {
            root: self.root.path().to_owned(),
            inside: ".docs".into(),
            data: self.data.path().to_owned(),
        }
    }

    fn owner(&self) -> Owner {
        Owner { origin: "http://localhost:3001".into(), project: "web".into() }
    }

    fn at(&self, name: &str) -> std::path::PathBuf {
        self.root.path().join(".docs").join(name)
    }

    async fn try_update(&self, wish: Wish, answer: &SyncAnswer) -> Result<Outcome> {
        update(&self.mirror(), &self.owner(), wish, async |_| Ok(answer.clone())).await
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
    let outcome = update(&mirror, &owner, Wish::default(), async |request| {
        assert_eq!(request.have, Some(hash));
        Ok(delta.clone())
    });
    assert!(matches!(outcome.await, Ok(Outcome::Current(_))));
    place.holds(2, TWO);

    fs::remove_file(place.at("a.md")).unwrap();
    let (mirror, owner) = (place.mirror(), place.owner());
    let outcome = update(&mirror, &owner, Wish::default(), async |request| {
        assert_eq!(request.have, None);
        Ok(answer(2, TWO))
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
async fn local_changes_are_repaired_and_their_bytes_kept() {
    let place = Place::new();
    place.update(&answer(1, ONE)).await;
    fs::remove_file(place.at("a.md")).unwrap();
    fs::write(place.at("a.md"), "mine").unwrap();
    fs::remove_file(place.at("b/c.md")).unwrap();
    let report = place.update(&answer(1, ONE)).await;
    assert_eq!(report.repaired, [path("a.md"), path("b/c.md")]);
    assert_eq!(report.kept, [Path::new("a.md")]);
    assert_eq!(place.kept(&report, "a.md"), "mine");
    place.holds(1, ONE);
}

#[tokio::test]
async fn a_change_of_the_same_size_is_seen() {
    let place = Place::new();
    place.update(&answer(1, ONE)).await;
    place.update(&answer(1, ONE)).await;
    let before = fs::metadata(place.at("a.md")).unwrap().modified().unwrap();
    fs::remove_file(place.at("a.md")).unwrap();
    fs::write(place.at("a.md"), "x").unwrap();
    fs::File::open(place.at("a.md")).unwrap().set_modified(before).unwrap();
    assert_eq!(place.update(&answer(1, ONE)).await.repaired, [path("a.md")]);
    place.holds(1, ONE);
}

#[tokio::test]
async fn a_doc_that_is_writable_becomes_read_only_again() {
    let place = Place::new();
    place.update(&answer(1, ONE)).await;
    let mut permissions = fs::metadata(place.at("a.md")).unwrap().permissions();
    #[expect(clippy::permissions_set_readonly_false, reason = "that is the fault to be repaired")]
    permissions.set_readonly(false);
    fs::set_permissions(place.at("a.md"), permissions).unwrap();
    place.update(&answer(1, ONE)).await;
    place.holds(1, ONE);
}

#[tokio::test]
async fn foreign_files_are_kept_and_named() {
    let place = Place::new();
    place.update(&answer(1, ONE)).await;
    fs::write(place.at("b/notes.txt"), "notes").unwrap();
    fs::create_dir(place.at("empty")).unwrap();
    let report = place.update(&answer(1, ONE)).await;
    assert_eq!(report.kept, [Path::new("b/notes.txt")]);
    assert_eq!(place.kept(&report, "b/notes.txt"), "notes");
    assert!(report.repaired.is_empty());
    place.holds(1, ONE);
}

#[cfg(unix)]
#[tokio::test]
async fn links_in_a_mirror_are_replaced_and_never_followed() {
    use std::os::unix::fs::symlink;
    let (place, outside) = (Place::new(), tempfile::tempdir().unwrap());
    place.update(&answer(1, ONE)).await;
    fs::write(outside.path().join("e.md"), "source code").unwrap();
    fs::remove_file(place.at("a.md")).unwrap();
    symlink(outside.path().join("e.md"), place.at("a.md")).unwrap();
    fs::remove_dir_all(place.at("b/d")).unwrap();
    symlink(outside.path(), place.at("b/d")).unwrap();
    let report = place.update(&answer(2, ONE)).await;
    assert_eq!(fs::read_to_string(outside.path().join("e.md")).unwrap(), "source code");
    assert_eq!(report.repaired, [path("a.md"), path("b/d/e.md")]);
    place.holds(2, ONE);
}

#[cfg(unix)]
#[tokio::test]
async fn a_mirror_that_is_a_link_is_refused() {
    let (place, outside) = (Place::new(), tempfile::tempdir().unwrap());
    std::os::unix::fs::symlink(outside.path(), place.root.path().join(".docs")).unwrap();
    assert_eq!(place.refuse(&answer(1, ONE)).await.kind, Kind::NotFound);
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_folder_that_is_not_a_mirror_is_refused_and_stays() {
    let place = Place::new();
    fs::create_dir(place.at("")).unwrap();
    place.update(&answer(1, ONE)).await;
    place.holds(1, ONE);

    let place = Place::new();
    fs::create_dir(place.at("")).unwrap();
    fs::write(place.at("thesis.md"), "ten years").unwrap();
    assert_eq!(place.refuse(&answer(1, ONE)).await.kind, Kind::NotFound);
    assert_eq!(place.docs()["thesis.md"], "ten years");
}

#[tokio::test]
async fn a_mirror_without_its_state_is_compared_anew_and_loses_nothing() {
    let place = Place::new();
    place.update(&answer(1, ONE)).await;
    for spoiled in ["", "{}", "{\"version\":99}"] {
        fs::remove_file(place.at(".aitk-state.json")).unwrap();
        fs::write(place.at(".aitk-state.json"), spoiled).unwrap();
        fs::remove_file(place.at("a.md")).unwrap();
        fs::write(place.at("a.md"), "mine").unwrap();
        let report = place.update(&answer(2, ONE)).await;
        assert_eq!(place.kept(&report, "a.md"), "mine");
        place.holds(2, ONE);
    }
}

#[tokio::test]
async fn another_projects_mirror_is_refused_unless_forced() {
    let place = Place::new();
    place.update(&answer(1, ONE)).await;
    let (mirror, other) = (place.mirror(), Owner { project: "app".into(), ..place.owner() });
    let ask = async |_| Ok(answer(9, TWO));
    let error = update(&mirror, &other, Wish::default(), ask).await.unwrap_err();
    assert_eq!(error.kind, Kind::NotFound);
    assert!(error.message.contains("web") && error.message.contains("app"), "{}", error.message);
    place.holds(1, ONE);
    let forced = Wish { force: true, ..Wish::default() };
    assert!(matches!(update(&mirror, &other, forced, ask).await, Ok(Outcome::Current(_))));
}

#[tokio::test]
async fn a_wrong_hash_changes_nothing_and_names_the_file() {
    let place = Place::new();
    place.update(&answer(1, ONE)).await;
    let mut bad = answer(2, TWO);
    bad.docs[1].content = Content::from_bytes(b"forged".to_vec());
    let error = place.refuse(&bad).await;
    assert!(error.message.contains("'b/c.md'"), "{}", error.message);
    place.holds(1, ONE);
}

#[tokio::test]
async fn an_older_revision_never_replaces_a_newer_one_but_a_new_epoch_does() {
    let place = Place::new();
    place.update(&answer(2, TWO)).await;
    assert_eq!(place.update(&answer(1, ONE)).await.older, Some(1));
    place.holds(2, TWO);

    fs::remove_file(place.at("a.md")).unwrap();
    assert!(place.refuse(&answer(1, ONE)).await.message.contains("older"));

    let restored = SyncAnswer { epoch: Epoch::parse("epo_2").unwrap(), ..answer(1, ONE) };
    place.update(&restored).await;
    place.holds(1, ONE);
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
async fn a_run_that_dies_before_the_switch_leaves_the_old_mirror() {
    let place = Place::new();
    place.update(&answer(1, ONE)).await;
    let stage = super::stage::Stage::begin(place.root.path(), ".docs.aitk-").unwrap();
    fs::write(stage.path().join("half"), "").unwrap();
    let dead = stage.keep();
    assert_eq!(place.docs().len(), 3);
    place.update(&answer(2, TWO)).await;
    assert!(!dead.exists());
    place.holds(2, TWO);
}

#[tokio::test]
async fn a_run_that_dies_between_two_renames_is_put_right() {
    let place = Place::new();
    place.update(&answer(1, ONE)).await;
    fs::rename(place.at(""), place.root.path().join(".docs.aitk-x-old")).unwrap();
    fs::create_dir(place.root.path().join(".docs.aitk-x")).unwrap();
    place.mirror().recover().unwrap();
    place.holds(1, ONE);
}

#[tokio::test]
async fn a_reader_of_a_looping_switch_sees_one_revision_or_the_other() {
    let place = Place::new();
    place.update(&answer(1, ONE)).await;
    let folder = place.at("");
    let done = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let reader = std::thread::spawn({
        let done = done.clone();
        move || {
            let mut seen = 0;
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                // An open folder stays the revision that it was opened as.
                let Ok(names) = fs::read_dir(&folder) else { panic!("the mirror was missing") };
                let names: Vec<_> = names.flatten().map(|entry| entry.file_name()).collect();
                seen += usize::from(names.iter().any(|name| name == "a.md"));
            }
            seen
        }
    });
    for round in 2..40 {
        place.update(&answer(round, if round % 2 == 0 { TWO } else { ONE })).await;
    }
    done.store(true, std::sync::atomic::Ordering::Relaxed);
    assert!(reader.join().unwrap() > 0);
}

#[tokio::test]
async fn news_that_come_while_the_switch_runs_are_kept() {
    let place = Place::new();
    place.update(&answer(1, ONE)).await;
    let mirror = place.mirror();
    let local = mirror.read(Depth::Stamps).unwrap();
    fs::write(place.at("late.txt"), "late").unwrap();
    let target = super::answer::Target {
        manifest: manifest(TWO),
        contents: TWO.iter().map(|(p, text)| (path(p), text.as_bytes().to_vec())).collect(),
    };
    let state = State::new(place.owner(), &answer(2, TWO), &target.manifest, now());
    let plan = local.plan(&target.manifest).unwrap();
    let kept = apply::apply(&mirror, &local, &plan, &target, state).unwrap();
    assert_eq!(kept.paths(), [Path::new("late.txt")]);
    assert_eq!(fs::read_to_string(kept.folder().unwrap().join("late.txt")).unwrap(), "late");
    place.holds(2, TWO);
}

#[tokio::test]
async fn a_faster_run_is_reused() {
    let place = Place::new();
    place.update(&answer(1, ONE)).await;
    let (mirror, owner) = (place.mirror(), place.owner());
    let outcome = update(&mirror, &owner, Wish::default(), async |_| {
        place.update(&answer(3, TWO)).await;
        Ok(answer(2, ONE))
    });
    let Ok(Outcome::Current(report)) = outcome.await else { panic!() };
    assert_eq!((report.state.revision, report.older), (3, None));
    place.holds(3, TWO);
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
