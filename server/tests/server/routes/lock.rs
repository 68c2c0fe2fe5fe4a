use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::platform::{Answer, Caller, Platform, send};

struct Scene {
    platform: Platform,
    project: String,
    lock: String,
    ann: Caller,
    bob: Caller,
}

async fn scene() -> Scene {
    let platform = Platform::start().await;
    let project = platform.project("p").await;
    let ann = platform.member(&project, "lead", "Ann").await;
    let bob = platform.member(&project, "lead", "Bob").await;
    Scene { lock: format!("/api/projects/{project}/lock"), platform, project, ann, bob }
}

async fn with_token(who: &Caller, method: Method, path: &str, token: u64) -> Answer {
    send(who.request(method, path).header("x-lock-token", token.to_string())).await
}

fn token(lock: &Value) -> u64 {
    lock["token"].as_u64().unwrap()
}

#[tokio::test]
async fn one_holds_it_and_the_other_learns_who_why_and_until_when() {
    let Scene { lock, ann, bob, .. } = &scene().await;
    assert_eq!(ann.get(lock).await.expect(200), Value::Null);
    let taken = ann.post(lock, json!({"reason": "release guide", "ttlSeconds": 60})).await.expect(201);
    assert_eq!((&taken["lockedBy"], &taken["reason"]), (&json!("Ann"), &json!("release guide")));
    assert!((59_000..=60_000).contains(&taken["remainingMs"].as_u64().unwrap()), "{taken}");

    let problem = bob.post(lock, json!({})).await.refused(409, "lock_held");
    assert_eq!((&problem["lock"]["lockedBy"], &problem["lock"]["token"]), (&json!("Ann"), &taken["token"]));
    let again = ann.post(lock, json!({"reason": "another", "ttlSeconds": 9})).await.expect(200);
    assert_eq!(
        (&again["expiresAt"], &again["reason"], &again["token"]),
        (&taken["expiresAt"], &taken["reason"], &taken["token"])
    );
    let seen = bob.get(lock).await.expect(200);
    assert_eq!((&seen["token"], &seen["lockedBy"]), (&taken["token"], &json!("Ann")));
}

#[tokio::test]
async fn of_64_concurrent_requests_exactly_one_wins() {
    let Scene { platform, project, lock, .. } = &scene().await;
    let leads = join_all(
        (0..64).map(|n| platform.member(project, "lead", Box::leak(format!("lead {n}").into_boxed_str()))),
    );
    let leads = leads.await;
    for round in 1..=3 {
        let answers = join_all(leads.iter().map(|lead| lead.post(lock, json!({})))).await;
        let winners: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
        assert_eq!(winners.len(), 1);
        assert_eq!(token(&winners[0].body), round);
        assert!(answers.iter().all(|answer| answer.status == 201 || answer.status == 409));
        platform.admin.delete(&format!("{lock}?force=true&reason=next%20round")).await.expect(200);
    }
}

#[tokio::test]
async fn tokens_strictly_grow_over_1000_take_overs() {
    let Scene { platform, project, lock, ann, bob, .. } = &scene().await;
    let mut last = 0;
    for round in 0..1_000 {
        let who = if round % 2 == 0 { ann } else { bob };
        // By turns: the lease lapsed, it was stolen, it was released.
        let body = match round % 3 {
            1 => json!({"steal": true, "reason": "mine", "ttlSeconds": 10}),
            _ => json!({"ttlSeconds": 10}),
        };
        let taken = who.post(lock, body).await.expect(201);
        assert!(token(&taken) > last, "round {round}");
        last = token(&taken);
        match round % 3 {
            1 => drop(with_token(who, Method::DELETE, lock, last).await.expect(200)),
            2 => platform.clock.advance(Duration::from_secs(10)),
            _ => {}
        }
    }
    assert_eq!(last, 1_000, "every acquisition took one token");
    // The log tells of every one of them, without a gap.
    let mut offset = 0;
    loop {
        let page = ann
            .get(&format!("/api/rooms/project:{project}/events?since={offset}&limit=1000"))
            .await
            .expect(200);
        let events = page["events"].as_array().unwrap();
        if events.is_empty() {
            break;
        }
        for event in events {
            offset += 1;
            assert_eq!(event["offset"], offset);
        }
    }
    assert!(offset > 1_990, "{offset}");
}

#[tokio::test]
async fn an_expired_lock_binds_nobody_and_can_be_taken_over() {
    let Scene { platform, project, lock, ann, bob } = &scene().await;
    let taken = ann.post(lock, json!({"ttlSeconds": 5})).await.expect(201);
    platform.clock.advance(Duration::from_secs(5));
    assert_eq!(bob.get(lock).await.expect(200), Value::Null);
    assert_eq!(bob.get(&format!("/api/hook/status/{project}")).await.expect(200), json!({"locked": false}));
    bob.save(project, "a.md", b"x").await.expect(201);
    with_token(ann, Method::PUT, lock, token(&taken)).await.refused(409, "lock_lost");
    with_token(ann, Method::DELETE, lock, token(&taken)).await.refused(409, "lock_lost");
    let over = bob.post(lock, json!({})).await.expect(201);
    assert!(token(&over) > token(&taken));
}

#[tokio::test]
async fn a_write_with_a_stale_token_is_refused_whoever_holds_the_lock_now() {
    let Scene { platform, project, lock, ann, bob } = &scene().await;
    let path = format!("/api/projects/{project}/docs/a.md");
    let batch = format!("/api/projects/{project}/docs/batch");
    let put = |who: &Caller, token: u64, text: &'static str| {
        send(who.request(Method::PUT, &path).header("x-lock-token", token.to_string()).body(text))
    };
    let first = token(&ann.post(lock, json!({"ttlSeconds": 60})).await.expect(201));
    put(ann, first, "one").await.expect(201);
    put(bob, first, "stolen").await.refused(423, "lock_held");
    bob.save(project, "a.md", b"no token").await.refused(423, "lock_held");

    // Ann sleeps; her lease lapses; nobody, Bob, and Ann herself hold it after that.
    platform.clock.advance(Duration::from_secs(60));
    put(ann, first, "late").await.refused(409, "lock_lost");
    let second = token(&bob.post(lock, json!({"ttlSeconds": 60})).await.expect(201));
    let problem = put(ann, first, "late").await.refused(409, "lock_lost");
    assert_eq!(problem["lock"]["lockedBy"], "Bob");
    with_token(bob, Method::DELETE, lock, second).await.expect(200);
    let third = token(&ann.post(lock, json!({})).await.expect(201));
    put(ann, first, "late").await.refused(409, "lock_lost");
    let late = ann.request(Method::POST, &batch).header("x-lock-token", first.to_string());
    send(late.json(&json!({"puts": [{"path": "b.md", "content": "late"}]}))).await.refused(409, "lock_lost");
    with_token(ann, Method::DELETE, &path, first).await.refused(409, "lock_lost");
    assert_eq!(ann.get(&path).await.expect(200)["content"], "one");
    put(ann, third, "two").await.expect(200);
    let odd = ann.request(Method::PUT, &path).header("x-lock-token", "seven");
    send(odd.body("x")).await.refused(422, "invalid_request");
}

#[tokio::test]
async fn a_lease_is_prolonged_by_its_holder_alone() {
    let Scene { platform, lock, ann, bob, .. } = &scene().await;
    ann.put(lock, json!({})).await.refused(409, "lock_lost");
    let taken = ann.post(lock, json!({"ttlSeconds": 60})).await.expect(201);
    platform.clock.advance(Duration::from_secs(30));
    bob.put(lock, json!({})).await.refused(409, "lock_lost");
    let renewed = ann.put(lock, json!({"ttlSeconds": 60})).await.expect(200);
    assert!((59_000..=60_000).contains(&renewed["remainingMs"].as_u64().unwrap()), "{renewed}");
    assert_eq!((&renewed["token"], &renewed["lockedAt"]), (&taken["token"], &taken["lockedAt"]));
    ann.put(lock, json!({"ttlSeconds": 86_400})).await.expect(200);
    let kept = send(ann.request(Method::PUT, lock)).await.expect(200);
    assert!(kept["remainingMs"].as_u64().unwrap() > 86_000_000, "a renewal without a length never shortens");
}

#[tokio::test]
async fn ttl_and_reasons_are_checked() {
    let Scene { lock, ann, bob, .. } = &scene().await;
    for ttl in [0, -1, 86_401] {
        let problem = ann.post(lock, json!({"ttlSeconds": ttl})).await.refused(422, "invalid_request");
        assert!(problem["detail"].as_str().unwrap().contains("ttlSeconds"), "{problem}");
    }
    let taken = send(ann.request(Method::POST, lock)).await.expect(201);
    assert!((1_799_000..=1_800_000).contains(&taken["remainingMs"].as_u64().unwrap()), "{taken}");
    bob.post(lock, json!({"steal": true})).await.refused(422, "invalid_request");
    bob.delete(lock).await.refused(409, "lock_held");
    bob.delete(&format!("{lock}?force=true")).await.refused(422, "invalid_request");
    let stolen = bob.post(lock, json!({"steal": true, "reason": "urgent"})).await.expect(201);
    assert_eq!((&stolen["lockedBy"], token(&stolen)), (&json!("Bob"), token(&taken) + 1));
    let shown = ann.post(lock, json!({"lockedBy": "x"})).await.refused(409, "lock_held");
    assert_eq!(shown["lock"]["reason"], "urgent");
}

#[tokio::test]
async fn the_room_hears_how_each_lock_ended() {
    let Scene { platform, project, lock, ann, bob } = &scene().await;
    ann.post(lock, json!({"lockedBy": "Ann (docs team)"})).await.expect(201);
    ann.put(lock, json!({})).await.expect(200);
    assert_eq!(ann.delete(lock).await.expect(200), json!({"released": true}));
    let nothing = ann.delete(lock).await.expect(200);
    assert_eq!((&nothing["released"], nothing["message"].is_string()), (&json!(false), true));
    ann.post(lock, json!({})).await.expect(201);
    bob.delete(&format!("{lock}?force=true&reason=gone%20home")).await.expect(200);
    ann.post(lock, json!({"ttlSeconds": 5})).await.expect(201);
    bob.post(lock, json!({"steal": true, "reason": "urgent", "ttlSeconds": 5})).await.expect(201);
    platform.clock.advance(Duration::from_secs(5));
    // Nobody asks for the lock: the server tells of the end by itself.
    let wait = format!("/api/rooms/project:{project}/events?since=8&wait=20");
    assert_eq!(ann.get(&wait).await.expect(200)["events"].as_array().unwrap().len(), 1);

    let page = ann.get(&format!("/api/rooms/project:{project}/events")).await.expect(200);
    let told: Vec<_> = page["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| {
            let data = &event["data"];
            (
                event["type"].as_str().unwrap(),
                data["lockedBy"].as_str().unwrap(),
                data["cause"].as_str(),
                data["by"].as_str(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("lock:acquired", "Ann (docs team)", None, None),
            ("lock:renewed", "Ann (docs team)", None, None),
            ("lock:released", "Ann (docs team)", Some("released"), Some("Ann")),
            ("lock:acquired", "Ann", None, None),
            ("lock:released", "Ann", Some("forced"), Some("Bob")),
            ("lock:acquired", "Ann", None, None),
            ("lock:released", "Ann", Some("stolen"), Some("Bob")),
            ("lock:acquired", "Bob", None, None),
            ("lock:released", "Bob", Some("expired"), None),
        ][..told.len()]
    );
    assert_eq!(told.len(), 9);
    let actors: BTreeSet<_> =
        page["events"].as_array().unwrap().iter().map(|event| event["actor"]["name"].as_str()).collect();
    assert_eq!(
        actors,
        BTreeSet::from([None, Some("Ann"), Some("Bob")]),
        "the actor is the credential, whatever lockedBy says"
    );
}

#[tokio::test]
async fn expiry_is_told_within_a_second_of_its_moment() {
    let Scene { project, lock, ann, .. } = &scene().await;
    let taken = ann.post(lock, json!({"ttlSeconds": 1})).await.expect(201);
    let page = ann.get(&format!("/api/rooms/project:{project}/events?since=1&wait=20")).await.expect(200);
    let released = &page["events"][0];
    assert_eq!(released["data"]["cause"], "expired");
    let at = |text: &Value| aitk_shared::time::Timestamp::parse(text.as_str().unwrap()).unwrap().as_millis();
    let late = at(&released["at"]) - at(&taken["expiresAt"]);
    assert!((0..1_000).contains(&late), "{late} ms late");
}
