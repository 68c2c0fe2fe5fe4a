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

#[tokio::test]
async fn a_large_answer_holds_every_doc_byte_for_byte_in_every_encoding() {
    let platform = Platform::start().await;
    let project = platform.project("p").await;
    let content = |n: usize| match n % 3 {
        0 => format!("\"quoted\" \\ \u{1} \t\n{}", "ü日本 ".repeat(n)),
        1 => String::new(),
        _ => "plain text, ".repeat(n * 7),
    };
    let puts: Vec<_> =
        (0..200).map(|n| json!({"path": format!("{}/{n:03}.md", n % 7), "content": content(n)})).collect();
    let binary = json!({"path": "z.bin", "content": "/w==", "encoding": "base64"});
    let puts = [puts, vec![binary]].concat();
    let batch = json!({"puts": puts});
    platform.admin.post(&format!("/api/projects/{project}/docs/batch"), batch).await.expect(200);

    let plain = sync(&platform.admin, &project, json!({})).await;
    let docs = plain["docs"].as_array().unwrap();
    assert!(plain.to_string().len() > 200_000, "more than one part");
    assert_eq!((docs.len(), &docs[200]["content"]), (201, &json!("/w==")));
    assert!(names(&plain["docs"]).is_sorted());
    for doc in &docs[..200] {
        let number: usize = doc["fileName"].as_str().unwrap()[2..5].parse().unwrap();
        assert_eq!((&doc["content"], &doc["encoding"]), (&json!(content(number)), &Value::Null));
    }
    for encoding in ["gzip", "zstd"] {
        let unpacking = reqwest::Client::builder().gzip(encoding == "gzip").zstd(encoding == "zstd");
        let unpacking = unpacking.no_proxy().build().unwrap();
        let request = unpacking.post(format!("{}/api/hook/sync/{project}", platform.admin.url));
        let answer = send(request.header("x-api-key", &platform.admin.key).json(&json!({}))).await;
        assert_eq!(answer.expect(200), plain, "{encoding}");
    }
}

#[tokio::test]
async fn whoever_is_slow_or_goes_away_in_the_middle_keeps_nobody_waiting() {
    let platform = Platform::start().await;
    let project = platform.project("p").await;
    for n in 0..24_u8 {
        platform.admin.save(&project, &format!("{n}.md"), &[b'a' + n; 512 * 1024]).await.expect(201);
    }
    let path = format!("/api/hook/sync/{project}");
    // More than there are readers; each answer is larger than what waits on a line.
    let mut begun = Vec::new();
    for _ in 0..12 {
        let answer = platform.admin.request(reqwest::Method::POST, &path).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        begun.push(answer);
    }
    platform.admin.save(&project, "a.md", b"a").await.expect(201);
    let now = platform.admin.get(&format!("/api/hook/docs/{project}")).await.expect(200);
    // One is patient, and gets the docs of the moment when it asked; the others go away.
    let patient = begun.pop().unwrap();
    drop(begun);
    let old: Value = serde_json::from_slice(&patient.bytes().await.unwrap()).unwrap();
    assert_eq!((old["docs"].as_array().unwrap().len(), &now["docsCount"]), (24, &json!(25)));
    assert_ne!(old["hash"], now["hash"]);
    let new = sync(&platform.admin, &project, json!({})).await;
    assert_eq!((&new["hash"], new["docs"].as_array().unwrap().len()), (&now["hash"], 25));
    platform.stop().await;
}

#[tokio::test]
async fn an_answer_given_again_tells_the_docs_and_the_lock_of_now() {
    let platform = Platform::start().await;
    let project = platform.project("p").await;
    let dan = platform.member(&project, "developer", "Dan").await;
    let unpacking = reqwest::Client::builder().no_proxy().zstd(true).build().unwrap();
    let ask = async || {
        let request = unpacking.post(format!("{}/api/hook/sync/{project}", dan.url));
        send(request.header("x-api-key", &dan.key).json(&json!({}))).await.expect(200)
    };
    let expect = async |docs: &[&str], locked: bool| {
        let plain = sync(&dan, &project, json!({})).await;
        for _ in 0..3 {
            let answer = ask().await;
            assert_eq!((names(&answer["docs"]), answer["lock"].is_object()), (docs.to_vec(), locked));
            assert_eq!((&answer["docs"], &answer["hash"]), (&plain["docs"], &plain["hash"]));
        }
    };
    expect(&[], false).await;
    platform.admin.save(&project, "a.md", b"a").await.expect(201);
    expect(&["a.md"], false).await;
    platform.admin.save(&project, "a.md", b"b").await.expect(200);
    platform.admin.post(&format!("/api/projects/{project}/lock"), json!({})).await.expect(201);
    expect(&["a.md"], true).await;
    platform.admin.save(&project, "b.md", b"b").await.expect(201);
    expect(&["a.md", "b.md"], true).await;
    platform.admin.delete(&format!("/api/projects/{project}/lock")).await.expect(200);
    expect(&["a.md", "b.md"], false).await;
    platform.admin.delete(&format!("/api/projects/{project}/docs/b.md")).await.expect(200);
    platform.admin.save(&project, "a.md", b"a").await.expect(200);
    expect(&["a.md"], false).await;
    platform.admin.put(&format!("/api/projects/{project}"), json!({"onLock": "deny"})).await.expect(200);
    assert_eq!(ask().await["onLock"], "deny");
}
