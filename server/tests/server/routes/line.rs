//! Waiting for the lock: in the order of arrival, and only as long as somebody is there.

use std::time::Duration;

use futures_util::future::{join_all, select_all};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::platform::{Answer, Caller, Platform};

struct Scene {
    platform: Platform,
    lock: String,
    holder: Caller,
    leads: Vec<Caller>,
}

async fn scene(leads: usize) -> Scene {
    let platform = Platform::start().await;
    let project = platform.project("p").await;
    let holder = platform.member(&project, "lead", "Hal").await;
    let mut all = Vec::new();
    for n in 1..=leads {
        all.push(platform.member(&project, "lead", &format!("lead {n}")).await);
    }
    let lock = format!("/api/projects/{project}/lock");
    holder.post(&lock, json!({})).await.expect(201);
    Scene { platform, lock, holder, leads: all }
}

fn wish(seconds: u64) -> Value {
    json!({"waitSeconds": seconds, "ticket": "t"})
}

/// Waits for the turn and takes the lock, as the command line does.
async fn wait(lead: &Caller, lock: &str) -> Answer {
    loop {
        let answer = lead.post(lock, wish(30)).await;
        match answer.status {
            202 => continue,
            409 if answer.body["position"].is_number() => continue,
            _ => return answer,
        }
    }
}

#[tokio::test]
async fn twenty_waiters_get_the_lock_in_the_order_of_arrival() {
    let Scene { lock, holder, leads, .. } = &scene(20).await;
    for (n, lead) in (1..).zip(leads) {
        let refused = lead.post(lock, wish(0)).await.refused(409, "lock_held");
        assert_eq!((&refused["position"], &refused["lock"]["lockedBy"]), (&json!(n), &json!("Hal")));
        assert_eq!(refused["waiting"].as_array().unwrap().len(), n);
    }
    let mut waiting: Vec<_> = leads.iter().map(|lead| Box::pin(wait(lead, lock))).collect();
    let released = async {
        let done = holder.delete(lock).await.expect(200);
        assert_eq!(done["waiting"].as_array().unwrap().len(), 20, "{done}");
        std::future::pending::<Answer>().await
    };
    let mut released = Box::pin(released);
    for n in 1..=20 {
        let (answer, _, rest) = tokio::select! {
            first = select_all(waiting) => first,
            _ = &mut released => unreachable!(),
        };
        waiting = rest;
        let taken = answer.expect(201);
        assert_eq!((&taken["lockedBy"], &taken["token"]), (&json!(format!("lead {n}")), &json!(n + 1)));
        // Those who remain go on asking while the lock is given back.
        let release = leads[n - 1].delete(lock);
        if waiting.is_empty() {
            assert_eq!(release.await.expect(200), json!({"released": true}));
            break;
        }
        drop(release.await.expect(200));
    }
}

#[tokio::test]
async fn who_does_not_wait_comes_behind_those_who_do() {
    let Scene { platform, lock, holder, leads } = &scene(2).await;
    let [first, late] = &leads[..] else { unreachable!() };
    first.post(lock, wish(0)).await.refused(409, "lock_held");
    holder.delete(lock).await.expect(200);
    // The lock is free, and the first right to it is kept for who waited.
    let (late, first) = tokio::join!(late.post(lock, json!({})), first.post(lock, wish(0)));
    assert_eq!(first.expect(201)["lockedBy"], "lead 1");
    let refused = late.refused(409, "lock_held");
    assert_eq!((&refused["lock"]["lockedBy"], &refused["position"]), (&json!("lead 1"), &Value::Null));
    // Theft waits for nobody.
    let stolen = platform.admin.post(lock, json!({"steal": true, "reason": "urgent"})).await.expect(201);
    assert_eq!(stolen["token"], 3);
}

#[tokio::test]
async fn a_waiter_that_is_gone_is_passed_over_and_one_that_lost_its_answer_gets_it_again() {
    let Scene { lock, holder, leads, .. } = &scene(2).await;
    let [gone, next] = &leads[..] else { unreachable!() };
    // Gone in the middle of a request.
    assert!(timeout(Duration::from_millis(300), gone.post(lock, wish(30))).await.is_err());
    let behind = next.post(lock, wish(0)).await.refused(409, "lock_held");
    assert_eq!(behind["waiting"].as_array().unwrap().last().unwrap(), "lead 2");
    let (taken, _) = tokio::join!(wait(next, lock), holder.delete(lock));
    let taken = taken.expect(201);
    assert_eq!(taken["lockedBy"], "lead 2");
    assert_eq!(next.post(lock, wish(0)).await.expect(201)["token"], taken["token"]);
    assert_eq!(next.post(lock, json!({})).await.expect(200)["token"], taken["token"]);
    let anew = next.post(lock, json!({"anew": true})).await.refused(409, "lock_held");
    assert_eq!(anew["lock"]["token"], taken["token"], "a holder that asks for a lock of its own is refused");
}

#[tokio::test]
async fn the_end_of_a_lease_wakes_the_first_in_line() {
    let Scene { platform, lock, holder, leads } = &scene(1).await;
    holder.put(lock, json!({"ttlSeconds": 60})).await.expect(200);
    let (taken, _) = tokio::join!(wait(&leads[0], lock), async {
        while holder.post(lock, json!({"anew": true})).await.body["waiting"].is_null() {}
        platform.clock.advance(Duration::from_secs(60));
    });
    assert_eq!(taken.expect(201)["lockedBy"], "lead 1");
}

#[tokio::test]
async fn a_wish_to_wait_is_read_strictly() {
    let Scene { lock, leads, .. } = &scene(1).await;
    for wrong in [
        json!({"waitSeconds": 31, "ticket": "t"}),
        json!({"ticket": ""}),
        json!({"ticket": "a b"}),
        json!({"ticket": "x".repeat(65)}),
    ] {
        leads[0].post(lock, wrong).await.refused(422, "invalid_request");
    }
    // Without a ticket one request may wait as well, and leaves no place behind.
    leads[0].post(lock, json!({"waitSeconds": 1})).await.refused(409, "lock_held");
    let all = join_all((0..3).map(|_| leads[0].post(lock, json!({})))).await;
    assert!(all.iter().all(|answer| answer.body["waiting"].is_null()));
}
