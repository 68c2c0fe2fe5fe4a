//! Runs that die, race each other, or are read from while they switch.

use super::*;

#[tokio::test]
async fn a_run_that_dies_before_the_switch_leaves_the_old_mirror() {
    let place = Place::new();
    place.update(&answer(1, ONE)).await;
    let stage = crate::mirror::stage::Stage::begin(place.root.path(), ".docs.aitk-").unwrap();
    fs::write(stage.path().join("half"), "").unwrap();
    let dead = stage.keep();
    assert_eq!(place.docs().len(), 3);
    place.update(&answer(2, TWO)).await;
    assert!(!dead.exists());
    place.holds(2, TWO);
}

#[tokio::test]
async fn what_a_live_run_drafts_is_left_alone() {
    let place = Place::new();
    let contents = place.mirror().contents();
    let drafted = take_in(&contents, answer(1, ONE)).unwrap();
    assert_eq!(swap::leftovers(&place.at("")).unwrap().len(), 1);
    place.mirror().recover().unwrap();
    assert_eq!(swap::leftovers(&place.at("")).unwrap().len(), 1);
    let wanted = drafted.docs.iter().map(|doc| (&doc.path, doc.hash)).collect();
    assert_eq!(contents.take_draft(&wanted).unwrap().written().len(), 3);
    assert!(swap::leftovers(&place.at("")).unwrap().is_empty());
}

#[tokio::test]
async fn a_draft_of_other_docs_than_are_wanted_is_not_used() {
    let place = Place::new();
    place.update(&answer(1, ONE)).await;
    let (mirror, owner) = (place.mirror(), place.owner());
    // While this run is answered, a faster one brings the same and more.
    let outcome = update(&mirror, &owner, Wish::default(), async |_, contents: &_| {
        let taken = take_in(contents, answer(2, TWO));
        place.update(&answer(2, TWO)).await;
        taken
    });
    assert!(matches!(outcome.await, Ok(Outcome::Current(_))));
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
    let (manifest, contents) = (manifest(TWO), mirror.contents());
    let answer = take_in(&contents, answer(2, TWO)).unwrap();
    let state = State::new(place.owner(), &answer, &manifest, now());
    let plan = local.plan(&manifest).unwrap();
    let target = apply::Target { manifest: &manifest, contents: &contents };
    let kept = apply::apply(&mirror, &local, &plan, target, state).unwrap();
    assert_eq!(kept.paths(), [Path::new("late.txt")]);
    assert_eq!(fs::read_to_string(kept.folder().unwrap().join("late.txt")).unwrap(), "late");
    place.holds(2, TWO);
}

#[tokio::test]
async fn a_faster_run_is_reused() {
    let place = Place::new();
    place.update(&answer(1, ONE)).await;
    let (mirror, owner) = (place.mirror(), place.owner());
    let outcome = update(&mirror, &owner, Wish::default(), async |_, contents: &_| {
        place.update(&answer(3, TWO)).await;
        take_in(contents, answer(2, ONE))
    });
    let Ok(Outcome::Current(report)) = outcome.await else { panic!() };
    assert_eq!((report.state.revision, report.older), (3, None));
    place.holds(3, TWO);
}
