//! `aitk lock --wait`: whoever comes second gets the lock as soon as it is free.

use std::time::{Duration, Instant};

use aitk_tests::{Person, Platform};
use serde_json::json;

fn two_leads() -> (Platform, String, Person, Person) {
    let platform = Platform::start();
    let project = platform.project("p");
    let ann = Person::of(&platform, "p", &platform.key(&project, "lead", "Ann"));
    let bob = Person::of(&platform, "p", &platform.key(&project, "lead", "Bob"));
    (platform, project, ann, bob)
}

#[test]
fn a_waiter_gets_the_lock_when_it_is_released_and_when_its_lease_ends() {
    let (_platform, _, ann, bob) = two_leads();
    ann.aitk(&["lock", "--reason", "guide"]).expect(0);
    let waiting = bob.start(&["lock", "--wait"]);
    let told = waiting.wait_for("waiting");
    assert!(told.contains("Ann") && told.contains("guide") && told.contains("up to 10 min"), "{told}");
    ann.aitk(&["unlock"]).expect(0);
    assert!(waiting.line().starts_with("locked by Bob"));
    assert_eq!(waiting.end(), Some(0));

    bob.aitk(&["unlock"]).expect(0);
    ann.aitk(&["lock", "--ttl", "2s"]).expect(0);
    let begun = Instant::now();
    bob.aitk(&["lock", "--wait=1m"]).expect(0).says(&["waiting"]);
    assert!(begun.elapsed() < Duration::from_secs(15), "the end of the lease is not slept over");
}

#[test]
fn e09_a_wait_that_takes_too_long_is_a_refusal_that_says_who_holds_it() {
    let (_platform, _, ann, bob) = two_leads();
    ann.aitk(&["lock", "--reason", "guide"]).expect(0);
    bob.aitk(&["lock", "--wait=1s"]).expect(2).says(&["waited for 1 s", "Ann", "guide", "hint: wait longer"]);
    let done = bob.aitk(&["lock", "--wait=1s", "--json"]).expect(2);
    assert_eq!(done.json()["error"]["lock"]["lockedBy"], "Ann");
    bob.aitk(&["lock", "--wait=soon"]).expect(64);
}

#[test]
fn a_waiter_outlasts_a_restart_of_the_server() {
    let (mut platform, project, ann, bob) = two_leads();
    ann.aitk(&["lock"]).expect(0);
    let waiting = bob.start(&["-v", "lock", "--wait=1m"]);
    waiting.wait_for("waiting");
    platform.kill();
    waiting.wait_for("cannot reach");
    platform.start_again();
    platform.call("DELETE", &format!("/api/projects/{project}/lock?force=true&reason=x"), Some(json!({})));
    assert!(waiting.line().starts_with("locked by Bob"));
}

#[test]
fn waiters_see_their_place_and_one_that_was_killed_is_passed_over() {
    let (platform, project, ann, bob) = two_leads();
    let cleo = Person::of(&platform, "p", &platform.key(&project, "lead", "Cleo"));
    ann.aitk(&["lock", "--reason", "guide"]).expect(0);
    let mut first = bob.start(&["lock", "--wait"]);
    first.wait_for("first in line");
    let second = cleo.start(&["lock", "--wait"]);
    second.wait_for("number 2 in line after Bob");
    first.process.kill().unwrap();
    assert_eq!(first.end(), None);
    second.wait_for("first in line");
    ann.aitk(&["unlock"]).expect(0).says(&["waiting for it, in this order: Cleo"]);
    assert!(second.line().starts_with("locked by Cleo"));
    assert_eq!(second.end(), Some(0));
}
