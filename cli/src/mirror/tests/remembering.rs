//! What a hook need not ask twice, and for how long.

use super::*;
use aitk_shared::limits;
use std::time::Duration;

/// As if what was noted had been noted so long ago.
fn age(place: &Place, by: Duration) {
    let folder = place.home.path().join("data/recent");
    for file in fs::read_dir(folder).unwrap().flatten() {
        let mut recent: serde_json::Value = serde_json::from_slice(&fs::read(file.path()).unwrap()).unwrap();
        let at: Timestamp = serde_json::from_value(recent["at"].clone()).unwrap();
        let by = i64::try_from(by.as_millis()).unwrap();
        recent["at"] = serde_json::json!(Timestamp::from_millis(at.as_millis() - by));
        fs::write(file.path(), recent.to_string()).unwrap();
    }
}

#[tokio::test]
async fn a_good_answer_counts_for_five_seconds() {
    let (place, owner) = (Place::new(), Place::new().owner());
    let report = place.update(&answer(1, ONE)).await;
    assert!(!place.mirror().was_good(&owner));
    place.mirror().note_good(&report.state);
    assert!(place.mirror().was_good(&owner) && place.mirror().was_down(&owner).is_none());
    assert!(!place.sibling().mirror().was_good(&owner), "another working tree");
    assert!(!place.mirror().was_good(&Owner { project: "app".into(), ..owner.clone() }));
    age(&place, limits::HOOK_GOOD);
    assert!(!place.mirror().was_good(&owner));
    place.mirror().note_good(&report.state);
    place.mirror().ask_again();
    assert!(!place.mirror().was_good(&owner));
}

#[tokio::test]
async fn a_good_answer_does_not_speak_for_another_copy() {
    let (place, owner) = (Place::new(), Place::new().owner());
    let report = place.update(&answer(1, ONE)).await;
    place.mirror().note_good(&report.state);
    place.update(&answer(2, TWO)).await;
    assert!(!place.mirror().was_good(&owner), "another revision");
    let report = place.update(&answer(3, ONE)).await;
    place.mirror().note_good(&report.state);
    fs::remove_dir_all(place.at("")).unwrap();
    assert!(!place.mirror().was_good(&owner), "no mirror any more");
}

#[tokio::test]
async fn a_server_that_did_not_answer_in_time_is_left_alone_for_half_a_minute() {
    let (place, owner) = (Place::new(), Place::new().owner());
    place.mirror().note_down(&owner);
    assert!(place.mirror().was_down(&owner).is_some() && !place.mirror().was_good(&owner));
    age(&place, limits::HOOK_DOWN);
    assert!(place.mirror().was_down(&owner).is_none());
}
