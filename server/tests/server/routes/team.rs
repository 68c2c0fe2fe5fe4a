use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::platform::{Caller, Platform, send};

async fn check(who: &Caller, project: &str, body: Value) -> Value {
    let request = who.request(Method::POST, &format!("/api/hook/sync/{project}"));
    send(request.header("user-agent", "aitk/0.1.0").json(&body)).await.expect(200)
}

async fn team(who: &Caller, project: &str) -> Value {
    who.get(&format!("/api/projects/{project}/team")).await.expect(200)
}

/// Who has which session on which revision, and whether it is blocked.
fn rows(team: &Value) -> Vec<(&str, Option<&str>, Option<u64>, bool)> {
    let mut rows: Vec<_> = team["sessions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|session| {
            (
                session["actor"]["name"].as_str().unwrap(),
                session["session"].as_str(),
                session["revision"].as_u64(),
                session["blockedSince"].is_string(),
            )
        })
        .collect();
    rows.sort();
    rows
}

#[tokio::test]
async fn a_lead_sees_which_session_has_which_revision_and_whom_the_lock_blocks() {
    let platform = Platform::start().await;
    let project = platform.project("p").await;
    let ann = platform.member(&project, "lead", "Ann").await;
    let dan = platform.member(&project, "developer", "Dan").await;
    let eve = platform.member(&project, "developer", "Eve").await;
    assert_eq!(team(&ann, &project).await["sessions"], json!([]));
    ann.save(&project, "a.md", b"a").await.expect(201);
    let have = check(&dan, &project, json!({"session": "s1", "agent": "claude"})).await["hash"].clone();
    check(&dan, &project, json!({"session": "s2", "agent": "codex"})).await;
    send(eve.request(Method::POST, &format!("/api/hook/sync/{project}"))).await.expect(200);
    ann.save(&project, "a.md", b"b").await.expect(200);
    check(&dan, &project, json!({"session": "s2", "agent": "codex", "have": have})).await;
    let seen = team(&ann, &project).await;
    assert_eq!(seen["revision"], 2);
    assert_eq!(
        rows(&seen),
        [
            ("Dan", Some("s1"), Some(1), false),
            ("Dan", Some("s2"), Some(2), false),
            ("Eve", None, Some(1), false)
        ]
    );
    let session = seen["sessions"].as_array().unwrap().iter().find(|row| row["session"] == "s1").unwrap();
    assert_eq!((&session["agent"], &session["version"]), (&json!("claude"), &json!("0.1.0")));
    let curl = seen["sessions"].as_array().unwrap().iter().find(|row| row["actor"]["name"] == "Eve").unwrap();
    assert_eq!((&curl["agent"], &curl["version"]), (&Value::Null, &Value::Null));

    // Somebody else's lock keeps a session where it was, from its first refusal on.
    ann.save(&project, "a.md", b"c").await.expect(200);
    let lock = format!("/api/projects/{project}/lock");
    ann.post(&lock, json!({})).await.expect(201);
    let blocked = platform.clock.now();
    check(&dan, &project, json!({"session": "s1", "have": have})).await;
    check(&ann, &project, json!({"session": "own"})).await;
    let since = team(&ann, &project).await["sessions"][1]["blockedSince"].clone();
    platform.clock.advance(Duration::from_secs(600));
    check(&dan, &project, json!({"session": "s1", "have": have})).await;
    check(&eve, &project, json!({"have": "0".repeat(64)})).await;
    let seen = team(&ann, &project).await;
    assert_eq!(
        rows(&seen),
        [
            ("Ann", Some("own"), Some(3), false),
            ("Dan", Some("s1"), Some(1), true),
            ("Dan", Some("s2"), Some(2), false),
            ("Eve", None, None, true),
        ]
    );
    let again = seen["sessions"].as_array().unwrap().iter().find(|row| row["session"] == "s1").unwrap();
    assert_eq!(again["blockedSince"], since);
    let since = aitk_shared::time::Timestamp::parse(since.as_str().unwrap()).unwrap();
    assert!(since.since(blocked) < Duration::from_secs(60));

    // It is over with the lock, also for those who did not ask again.
    ann.delete(&lock).await.expect(200);
    assert!(rows(&team(&ann, &project).await).iter().all(|row| !row.3));
    check(&dan, &project, json!({"session": "s1", "have": have})).await;
    ann.post(&lock, json!({})).await.expect(201);
    let later = platform.clock.now();
    check(&dan, &project, json!({"session": "s1", "have": have})).await;
    let seen = team(&ann, &project).await;
    let now = seen["sessions"].as_array().unwrap().iter().find(|row| row["session"] == "s1").unwrap();
    let now = aitk_shared::time::Timestamp::parse(now["blockedSince"].as_str().unwrap()).unwrap();
    assert!(now >= later, "another lock blocks anew");
    dan.get(&format!("/api/projects/{project}/team")).await.refused(403, "forbidden");
}

#[tokio::test]
async fn reports_survive_a_restart_and_neither_crowds_nor_old_ones_stay() {
    let platform = Platform::start().await;
    let project = platform.project("p").await;
    let dan = platform.member(&project, "developer", "Dan").await;
    let eve = platform.member(&project, "developer", "Eve").await;
    check(&eve, &project, json!({"session": "e"})).await;
    platform.clock.advance(Duration::from_secs(1));
    for n in 0..200 {
        check(&dan, &project, json!({"session": format!("{n}"), "agent": "x".repeat(5_000)})).await;
    }
    let platform = platform.restart().await;
    let seen = team(&platform.admin, &project).await;
    assert_eq!(rows(&seen).iter().filter(|row| row.0 == "Dan").count(), 64);
    assert!(seen.to_string().len() < 40_000, "{}", seen.to_string().len());
    platform.clock.advance(Duration::from_hours(7 * 24));
    let seen = team(&platform.admin, &project).await;
    assert_eq!(rows(&seen).iter().filter(|row| row.0 == "Eve").count(), 0);

    // Whose key ended is not of the team any more.
    let eve = platform.as_key(&eve.key);
    check(&eve, &project, json!({"session": "e"})).await;
    let keys = format!("/api/projects/{project}/keys");
    let listed = platform.admin.get(&keys).await.expect(200);
    let key = listed.as_array().unwrap().iter().find(|key| key["name"] == "Eve").unwrap()["id"].clone();
    assert_eq!(rows(&team(&platform.admin, &project).await).len(), 1);
    check(&eve, &project, json!({"session": "f"})).await;
    platform.admin.delete(&format!("{keys}/{}", key.as_str().unwrap())).await.expect(204);
    assert_eq!(rows(&team(&platform.admin, &project).await), []);
    platform.stop().await;
}
