//! Mirrors that somebody changed, places that are not ours, answers that are not to be trusted.

use super::*;

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

/// After a power cut a doc may be other than it was written though it looks the same.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn what_was_noted_before_the_machine_started_proves_nothing() {
    let place = Place::new();
    place.update(&answer(1, ONE)).await;
    std::thread::sleep(std::time::Duration::from_millis(30));
    place.update(&answer(1, ONE)).await;
    let mut state = State::read(&place.at("")).unwrap();
    assert!(state.docs.iter().all(|doc| doc.stamp.is_some()));
    assert_eq!(place.mirror().read(Depth::Stamps).unwrap().scan.hashed, 0);

    state.boot = Some(serde_json::from_str("\"another\"").unwrap());
    apply::record(&place.at(""), &state).unwrap();
    assert_eq!(place.mirror().read(Depth::Stamps).unwrap().scan.hashed, ONE.len());
    place.update(&answer(1, ONE)).await;
    assert_eq!(place.mirror().read(Depth::Stamps).unwrap().scan.hashed, 0);
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
    let ask = async |_, contents: &Arc<Contents>| take_in(contents, answer(9, TWO));
    let error = update(&mirror, &other, Wish::default(), ask).await.unwrap_err();
    assert_eq!(error.kind, Kind::NotFound);
    assert!(error.message.contains("web") && error.message.contains("app"), "{}", error.message);
    place.holds(1, ONE);
    // Revision 1 of the other project is not older than revision 9 of this one.
    place.update(&answer(9, ONE)).await;
    let ask = async |_, contents: &Arc<Contents>| take_in(contents, answer(1, TWO));
    let forced = Wish { force: true, ..Wish::default() };
    assert!(matches!(update(&mirror, &other, forced, ask).await, Ok(Outcome::Current(_))));
    place.holds(1, TWO);
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

/// Writes `docs` and a state that fits them, as somebody would who knows how a mirror looks.
fn forge(place: &Place, docs: &[(&str, &str)], change: impl FnOnce(&mut State)) {
    let mut state = State::read(&place.at("")).unwrap();
    for (name, text) in docs {
        fs::remove_file(place.at(name)).unwrap();
        fs::write(place.at(name), text).unwrap();
    }
    state.docs = State::docs_of(&manifest(docs));
    state.hash = manifest(docs).docs_hash();
    change(&mut state);
    fs::remove_file(place.at(".sync-hash")).unwrap();
    fs::write(place.at(".sync-hash"), format!("{}\n", state.hash)).unwrap();
    apply::record(&place.at(""), &state).unwrap();
}

fn altered() -> Vec<(&'static str, &'static str)> {
    ONE.iter().map(|(name, text)| if *name == "a.md" { (*name, "forged") } else { (*name, *text) }).collect()
}

#[tokio::test]
async fn docs_that_were_rewritten_with_their_state_are_put_back_without_the_platform() {
    for revision in [0, 1, 99] {
        let place = Place::new();
        place.update(&answer(1, ONE)).await;
        forge(&place, &altered(), |state| state.revision = revision);
        let undone = place.mirror().undo(|| Ok(place.owner())).unwrap().unwrap();
        let line = undone.line(".docs").unwrap();
        assert!(line.contains("undone"), "{line}");
        place.holds(1, ONE);
        assert!(place.mirror().undo(|| Ok(place.owner())).unwrap().is_none());
    }
}

#[tokio::test]
async fn a_forged_state_is_never_newer_than_the_platform() {
    let place = Place::new();
    place.update(&answer(1, ONE)).await;
    forge(&place, &altered(), |state| state.revision = 99);
    place.update(&answer(2, TWO)).await;
    place.holds(2, TWO);
}

#[tokio::test]
async fn a_state_that_unprotects_the_docs_folder_is_written_anew() {
    let place = Place::new();
    place.update(&answer(1, ONE)).await;
    forge(&place, ONE, |state| state.docs_path = path("elsewhere"));
    place.mirror().undo(|| Ok(place.owner())).unwrap();
    assert_eq!(State::read(&place.at("")).unwrap().docs_path, path("docs"));
}

#[tokio::test]
async fn a_mirror_that_followed_another_of_its_project_or_was_moved_here_is_believed() {
    let place = Place::new();
    place.update(&answer(1, ONE)).await;
    let sibling = place.sibling();
    sibling.update(&answer(1, ONE)).await;
    sibling.update(&answer(2, TWO)).await;
    fs::remove_dir_all(place.at("")).unwrap();
    fs::rename(sibling.at(""), place.at("")).unwrap();
    assert!(place.mirror().read(Depth::Bytes).unwrap().verified().is_some());
    let elsewhere = place.sibling();
    fs::rename(place.at(""), elsewhere.at("")).unwrap();
    assert!(elsewhere.mirror().read(Depth::Bytes).unwrap().verified().is_some());
}
