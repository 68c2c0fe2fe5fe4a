use serde_json::{Value, json};

use crate::platform::{Caller, Platform, send};

async fn sync(who: &Caller, project: &str, body: Value) -> Value {
    who.post(&format!("/api/hook/sync/{project}"), body).await.expect(200)
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|doc| doc["fileName"].as_str().or(doc.as_str()).unwrap()).collect()
}

#[tokio::test]
async fn a_sync_brings_everything_then_only_what_changed() {
    let platform = Platform::start().await;
    let project = platform.project("p").await;
    let dan = platform.member(&project, "developer", "Dan").await;
    let empty = sync(&dan, &project, json!({})).await;
    assert_eq!((&empty["docs"], &empty["base"], &empty["revision"]), (&json!([]), &Value::Null, &json!(0)));

    for (path, content) in [("a.md", &b"a"[..]), ("b/c.md", b"c"), ("x.bin", b"\xff")] {
        platform.admin.save(&project, path, content).await.expect(201);
    }
    let full = sync(&dan, &project, json!({})).await;
    assert_eq!(names(&full["docs"]), ["a.md", "b/c.md", "x.bin"]);
    assert_eq!(
        (&full["docs"][2]["content"], &full["docs"][2]["encoding"]),
        (&json!("/w=="), &json!("base64"))
    );
    assert_eq!(
        (&full["docsPath"], &full["lock"], &full["onLock"]),
        (&json!("docs"), &Value::Null, &json!("warn"))
    );

    let have = full["hash"].clone();
    let same = sync(&dan, &project, json!({"have": have, "session": "s1", "agent": "claude"})).await;
    assert_eq!((&same["docs"], &same["removed"], &same["base"]), (&json!([]), &json!([]), &have));

    // Changed and changed back, added, deleted, added and deleted again.
    platform.admin.save(&project, "b/c.md", b"other").await.expect(200);
    platform.admin.save(&project, "b/c.md", b"c").await.expect(200);
    platform.admin.save(&project, "new.md", b"n").await.expect(201);
    platform.admin.delete(&format!("/api/projects/{project}/docs/a.md")).await.expect(200);
    platform.admin.save(&project, "brief.md", b"x").await.expect(201);
    platform.admin.delete(&format!("/api/projects/{project}/docs/brief.md")).await.expect(200);
    let delta = sync(&dan, &project, json!({"have": have})).await;
    assert_eq!(
        (names(&delta["docs"]), names(&delta["removed"]), &delta["base"]),
        (vec!["new.md"], vec!["a.md"], &have)
    );

    let unknown = sync(&dan, &project, json!({"have": "0".repeat(64)})).await;
    assert_eq!(
        (names(&unknown["docs"]), &unknown["base"]),
        (vec!["b/c.md", "new.md", "x.bin"], &Value::Null)
    );
    dan.post(&format!("/api/hook/sync/{project}"), json!({"have": "nonsense"}))
        .await
        .refused(422, "invalid_request");

    let identity = dan.get(&format!("/api/hook/docs/{project}")).await.expect(200);
    assert_eq!(
        (&identity["hash"], &identity["docsCount"], &identity["revision"], &identity["epoch"]),
        (&delta["hash"], &json!(3), &delta["revision"], &delta["epoch"])
    );
}

#[tokio::test]
async fn the_answer_tells_the_lock_and_whether_it_is_the_askers_own() {
    let platform = Platform::start().await;
    let project = platform.project("p").await;
    let ann = platform.member(&project, "lead", "Ann").await;
    let dan = platform.member(&project, "developer", "Dan").await;
    ann.post(&format!("/api/projects/{project}/lock"), json!({"reason": "why"})).await.expect(201);
    for (who, own) in [(&ann, true), (&dan, false)] {
        let answer = sync(who, &project, json!({})).await;
        assert_eq!(
            (&answer["lock"]["lockedBy"], &answer["lock"]["reason"], &answer["lockIsYours"]),
            (&json!("Ann"), &json!("why"), &json!(own))
        );
    }
    let status = dan.get(&format!("/api/hook/status/{project}")).await.expect(200);
    assert_eq!(
        (&status["locked"], &status["lockedBy"], &status["reason"]),
        (&json!(true), &json!("Ann"), &json!("why"))
    );
    assert!(status["remainingMs"].as_u64().unwrap() > 1_700_000);
}

#[tokio::test]
async fn an_up_to_date_copy_costs_under_a_kilobyte() {
    let platform = Platform::start().await;
    let project = platform.project("p").await;
    for n in 0..100 {
        platform.admin.save(&project, &format!("{n}.md"), &[b'x'; 100]).await.expect(201);
    }
    let have = sync(&platform.admin, &project, json!({})).await["hash"].clone();
    let request = platform.admin.request(reqwest::Method::POST, &format!("/api/hook/sync/{project}"));
    let answer = send(request.json(&json!({"have": have}))).await;
    let headers: usize =
        answer.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    assert!(answer.bytes.len() + headers < 1_000, "{} + {headers} bytes", answer.bytes.len());
}

#[tokio::test]
async fn a_copy_of_a_thousand_revisions_ago_still_gets_a_delta() {
    let platform = Platform::start().await;
    let project = platform.project("p").await;
    for n in 0..50 {
        platform.admin.save(&project, &format!("{n}.md"), b"old").await.expect(201);
    }
    let have = sync(&platform.admin, &project, json!({})).await["hash"].clone();
    for n in 0..1_000_u32 {
        platform.admin.save(&project, &format!("{}.md", n % 3), &n.to_le_bytes()).await.expect(200);
    }
    let delta = sync(&platform.admin, &project, json!({"have": have})).await;
    assert_eq!((names(&delta["docs"]), &delta["base"]), (vec!["0.md", "1.md", "2.md"], &have));
}

#[tokio::test]
async fn large_answers_are_compressed_for_whoever_can_read_that() {
    let platform = Platform::start().await;
    let project = platform.project("p").await;
    platform.admin.save(&project, "a.md", &[b'x'; 50_000]).await.expect(201);
    for encoding in ["gzip", "zstd"] {
        let request = platform.admin.request(reqwest::Method::POST, &format!("/api/hook/sync/{project}"));
        let answer = send(request.header("accept-encoding", encoding)).await;
        assert_eq!(answer.headers["content-encoding"], encoding);
        assert!(answer.bytes.len() < 2_000, "{} bytes", answer.bytes.len());
    }
}
