//! Docs that are at hand without being fetched, and what may go wrong with them.

use super::*;
use crate::mirror::update::restore;
use aitk_shared::hash::DocsHash;

/// Brings `place` to `docs`, and returns which docs hash was sent; a known one gets a delta.
async fn ask_for(place: &Place, revision: u64, docs: &[(&str, &str)], known: &[&[(&str, &str)]]) -> Asked {
    let asked = std::cell::RefCell::new(Asked { have: Vec::new(), sent: 0 });
    let (mirror, owner) = (place.mirror(), place.owner());
    let outcome = update(&mirror, &owner, Wish::default(), async |request, contents: &_| {
        asked.borrow_mut().have.push(request.have);
        let base = known.iter().find(|known| request.have == Some(manifest(known).docs_hash()));
        let mut all = answer(revision, docs);
        if let Some(base) = base {
            let delta = manifest(base).delta_to(&manifest(docs));
            all.base = request.have;
            all.docs
                .retain(|doc| delta.added.contains(&doc.file_name) || delta.changed.contains(&doc.file_name));
            all.removed = delta.removed;
        }
        asked.borrow_mut().sent += all.docs.len();
        take_in(contents, all)
    });
    assert!(matches!(outcome.await.unwrap(), Outcome::Current(_)));
    asked.into_inner()
}

struct Asked {
    have: Vec<Option<DocsHash>>,
    sent: usize,
}

fn entry(place: &Place, text: &str) -> std::path::PathBuf {
    let name = ContentHash::of(text.as_bytes()).to_string();
    place.home.path().join("cache/content").join(&name[..2]).join(name)
}

#[tokio::test]
async fn a_new_working_tree_of_a_known_project_gets_a_delta() {
    let place = Place::new();
    place.update(&answer(1, ONE)).await;
    let new = place.sibling();
    let asked = ask_for(&new, 2, TWO, &[ONE]).await;
    assert_eq!((asked.have, asked.sent), (vec![Some(manifest(ONE).docs_hash())], 2));
    new.holds(2, TWO);
    // An older working tree sends what it has itself.
    let asked = ask_for(&place, 2, TWO, &[ONE]).await;
    assert_eq!(asked.have, [Some(manifest(ONE).docs_hash())]);
    place.holds(2, TWO);
}

#[tokio::test]
async fn a_new_working_tree_is_filled_with_the_network_cut() {
    let place = Place::new();
    place.update(&answer(1, ONE)).await;
    place.update(&answer(2, TWO)).await;
    let new = place.sibling();
    let local = new.mirror().read(Depth::Bytes).unwrap();
    let state = new.mirror().at_hand(&local, &new.owner()).unwrap();
    let report = restore(&new.mirror(), &state).unwrap().unwrap();
    assert_eq!(report.delta.added.len(), 3);
    new.holds(2, TWO);
    let (old, new) = (State::read(&place.at("")).unwrap(), State::read(&new.at("")).unwrap());
    assert_eq!((old.synced_at, old.epoch), (new.synced_at, new.epoch), "its age is the age of the answer");
}

#[tokio::test]
async fn what_another_project_or_server_has_is_not_at_hand() {
    let place = Place::new();
    place.update(&answer(1, ONE)).await;
    let new = place.sibling();
    let local = new.mirror().read(Depth::Bytes).unwrap();
    for other in [
        Owner { project: "app".into(), ..place.owner() },
        Owner { origin: "https://docs.example.com".into(), ..place.owner() },
    ] {
        assert_eq!(new.mirror().at_hand(&local, &other), None);
    }
}

#[tokio::test]
async fn damage_is_repaired_from_the_cache_and_the_platform_sends_nothing() {
    let place = Place::new();
    place.update(&answer(1, ONE)).await;
    fs::remove_file(place.at("b/c.md")).unwrap();
    fs::remove_file(place.at("a.md")).unwrap();
    fs::write(place.at("a.md"), "mine").unwrap();
    let asked = ask_for(&place, 1, ONE, &[ONE]).await;
    assert_eq!((asked.have, asked.sent), (vec![Some(manifest(ONE).docs_hash())], 0));
    place.holds(1, ONE);
}

#[tokio::test]
async fn a_damaged_entry_is_seen_and_fetched_again() {
    let place = Place::new();
    place.update(&answer(1, ONE)).await;
    fs::write(entry(&place, "2"), "x").unwrap();
    let new = place.sibling();
    let asked = ask_for(&new, 1, ONE, &[ONE]).await;
    assert_eq!((asked.have, asked.sent), (vec![None], 3));
    new.holds(1, ONE);
    assert_eq!(fs::read(entry(&place, "2")).unwrap(), b"2");
}

#[tokio::test]
async fn an_entry_that_goes_while_the_platform_is_asked_is_fetched_again() {
    for damage in [|path: &Path| fs::remove_file(path).unwrap(), |path: &Path| fs::write(path, "x").unwrap()]
    {
        let place = Place::new();
        place.update(&answer(1, ONE)).await;
        let new = place.sibling();
        let (mirror, owner, rounds) = (new.mirror(), new.owner(), std::cell::Cell::new(0));
        let outcome = update(&mirror, &owner, Wish::default(), async |request, contents: &_| {
            rounds.set(rounds.get() + 1);
            if rounds.get() == 1 {
                damage(&entry(&place, "2"));
            }
            match request.have {
                Some(have) => {
                    take_in(contents, SyncAnswer { base: Some(have), docs: vec![], ..answer(1, ONE) })
                }
                None => take_in(contents, answer(1, ONE)),
            }
        });
        assert!(matches!(outcome.await.unwrap(), Outcome::Current(_)));
        assert_eq!(rounds.get(), 2);
        new.holds(1, ONE);
    }
}

#[tokio::test]
async fn a_cache_that_cannot_be_written_is_no_failure() {
    let place = Place::new();
    fs::write(place.home.path().join("cache"), "in the way").unwrap();
    place.update(&answer(1, ONE)).await;
    place.update(&answer(2, TWO)).await;
    place.holds(2, TWO);
    let left: Vec<_> = fs::read_dir(place.root.path()).unwrap().flatten().map(|e| e.file_name()).collect();
    assert_eq!(left, [".docs"]);
}

#[cfg(unix)]
#[tokio::test]
async fn a_mirror_and_the_cache_share_no_file() {
    use std::os::unix::fs::MetadataExt;
    let place = Place::new();
    place.update(&answer(1, ONE)).await;
    for (path, text) in ONE {
        let (one, other) =
            (fs::metadata(place.at(path)).unwrap(), fs::metadata(entry(&place, text)).unwrap());
        assert_ne!((one.dev(), one.ino()), (other.dev(), other.ino()));
        assert_eq!((one.nlink(), other.nlink()), (1, 1));
    }
}

#[tokio::test]
async fn a_lock_that_one_working_tree_saw_is_known_to_all() {
    let (place, owner) = (Place::new(), Place::new().owner());
    place.update(&answer(1, ONE)).await;
    let other = place.sibling();
    other.update(&answer(1, ONE)).await;
    let last = |place: &Place| {
        let local = place.mirror().read(Depth::Stamps).unwrap();
        place.mirror().last_lock(&local, &owner).map(|lock| lock.locked_by)
    };
    assert_eq!(last(&other), None);
    let locked = SyncAnswer { lock: Some(lock("Ann")), ..answer(2, TWO) };
    assert!(matches!(place.try_update(Wish::default(), &locked).await, Ok(Outcome::Blocked(_))));
    for place in [&place, &other, &place.sibling()] {
        assert_eq!(last(place).as_deref(), Some("Ann"));
    }
    other.update(&answer(2, TWO)).await;
    for place in [&place, &other, &place.sibling()] {
        assert_eq!(last(place), None);
    }
}

#[test]
fn eight_runs_share_a_cache_and_a_mirror() {
    let place = Place::new();
    std::thread::scope(|scope| {
        for run in 0..8 {
            let (place, own) = (&place, place.sibling());
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                runtime.block_on(async {
                    for revision in 1..6 {
                        let docs = if revision % 2 == 0 { TWO } else { ONE };
                        own.update(&answer(revision, docs)).await;
                        own.holds(revision, docs);
                        place.try_update(Wish::default(), &answer(revision, docs)).await.unwrap();
                        if run == 0 {
                            fs::write(entry(place, "1"), "damaged").unwrap();
                        }
                    }
                });
            });
        }
    });
    place.holds(5, ONE);
}
