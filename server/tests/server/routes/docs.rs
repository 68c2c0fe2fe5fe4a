use aitk_shared::hash::ContentHash;
use reqwest::Method;
use serde_json::{Value, json};

use crate::platform::{Platform, send};

#[tokio::test]
async fn bytes_come_back_exactly_as_they_were_saved() {
    let platform = Platform::start().await;
    let project = platform.project("p").await;
    let all_bytes: Vec<u8> = (0..=255).collect();
    for content in
        [&b""[..], b"no newline", b"two\n\n\n", b"-n", b"\0\0", "Übergabe 日本\n".as_bytes(), &all_bytes]
    {
        let hash = ContentHash::of(content).to_string();
        platform.admin.save(&project, "doc.md", content).await;
        let path = format!("/api/projects/{project}/docs/doc.md");
        let raw =
            send(platform.admin.request(Method::GET, &path).header("accept", "application/octet-stream"))
                .await;
        assert_eq!((raw.status, &raw.bytes[..]), (200, content));
        assert_eq!(raw.headers["etag"], format!("\"{hash}\""));
        let doc = platform.admin.get(&path).await.expect(200);
        assert_eq!((&doc["hash"], &doc["size"]), (&json!(hash), &json!(content.len())));
        // … and as JSON, back again under another name.
        let body = match std::str::from_utf8(content) {
            Ok(text) => json!({"content": text}),
            Err(_) => json!({"content": doc["content"], "encoding": "base64"}),
        };
        let copy = platform.admin.put(&format!("/api/projects/{project}/docs/copy.md"), body).await;
        assert_eq!(copy.body["hash"], json!(hash), "{}", copy.body);
    }
}

#[tokio::test]
async fn names_from_outside_are_never_trusted() {
    let platform = Platform::start().await;
    let project = platform.project("p").await;
    for name in [
        "..%2f..%2fetc%2fpasswd",
        "%2fetc%2fpasswd",
        "a%2f..%2fb",
        "a%5cb",
        "a%00b",
        "a%0ab",
        ".sync-hash",
        ".aitk-state.json",
        ".git%2fhooks%2fpre-commit",
        "con",
        "nul.md",
        "a%20",
        "a.",
        "U%cc%88ber.md",
        "a%2f%2fb",
    ] {
        platform.admin.save(&project, name, b"x").await.refused(422, "invalid_path");
        platform
            .admin
            .get(&format!("/api/projects/{project}/docs/{name}"))
            .await
            .refused(422, "invalid_path");
    }
    let long = "x".repeat(513);
    platform.admin.save(&project, &long, b"x").await.refused(422, "invalid_path");
    assert_eq!(platform.admin.get("/api/projects/p/docs").await.expect(200)["docs"], json!([]));
}

#[tokio::test]
async fn a_lost_update_is_refused() {
    let platform = Platform::start().await;
    let project = platform.project("p").await;
    let path = format!("/api/projects/{project}/docs/a.md");
    let put = |name: &'static str, value: String, body: &'static str| {
        send(platform.admin.request(Method::PUT, &path).header(name, value).body(body))
    };
    let absent = || "*".to_owned();
    let first = put("if-none-match", absent(), "one").await.expect(201);
    put("if-none-match", absent(), "two").await.refused(412, "stale_version");
    let tag = |doc: &Value| format!("\"{}\"", doc["hash"].as_str().unwrap());
    let second = put("if-match", tag(&first), "two").await.expect(200);
    put("if-match", tag(&first), "three").await.refused(412, "stale_version");
    send(platform.admin.request(Method::DELETE, &path).header("if-match", tag(&first)))
        .await
        .refused(412, "stale_version");
    send(platform.admin.request(Method::DELETE, &path).header("if-match", tag(&second))).await.expect(200);
    put("if-match", tag(&second), "four").await.refused(412, "stale_version");
    platform.admin.delete(&path).await.refused(404, "not_found");
}

#[tokio::test]
async fn a_reader_with_the_same_version_gets_304() {
    let platform = Platform::start().await;
    let project = platform.project("p").await;
    platform.admin.save(&project, "a.md", b"x").await.expect(201);
    for path in [format!("/api/projects/{project}/docs"), format!("/api/projects/{project}/docs/a.md")] {
        let tag = platform.admin.get(&path).await.headers["etag"].to_str().unwrap().to_owned();
        let again = send(platform.admin.request(Method::GET, &path).header("if-none-match", &tag)).await;
        assert_eq!((again.status, again.bytes.len()), (304, 0));
        assert_eq!(again.headers["etag"], tag);
    }
    platform.admin.save(&project, "a.md", b"y").await.expect(200);
}

#[tokio::test]
async fn saving_the_same_bytes_again_makes_no_new_version() {
    let platform = Platform::start().await;
    let project = platform.project("p").await;
    let first = platform.admin.save(&project, "a.md", b"x").await.expect(201);
    let again = platform.admin.save(&project, "a.md", b"x").await.expect(200);
    assert_eq!(first, again);
    let list = platform.admin.get("/api/projects/p/docs").await.expect(200);
    assert_eq!(list["revision"], 1);
}

#[tokio::test]
async fn a_batch_is_one_revision_or_nothing() {
    let platform = Platform::start().await;
    let project = platform.project("p").await;
    let batch = format!("/api/projects/{project}/docs/batch");
    let done = platform.admin.post(&batch, json!({"message": "first", "puts": [
        {"path": "b.md", "content": "b"}, {"path": "a/x.md", "content": "/w==", "encoding": "base64"}, {"path": "Readme.md", "content": "r"},
    ]})).await.expect(200);
    assert_eq!((&done["revision"], &done["added"]), (&json!(3), &json!(["Readme.md", "a/x.md", "b.md"])));

    let before = platform.admin.get("/api/projects/p/docs").await.expect(200);
    let refused = platform
        .admin
        .post(
            &batch,
            json!({
                "puts": [
                    {"path": "new.md", "content": "n"},
                    {"path": "../x", "content": "n"},
                    {"path": "b.md", "content": "n", "ifMatch": "0".repeat(64)},
                    {"path": "c.md", "content": "not base64!", "encoding": "base64"},
                ],
                "deletes": [{"path": "gone.md"}, {"path": "new.md"}],
            }),
        )
        .await;
    let problem = refused.refused(422, "invalid_path");
    let mut at_fault: Vec<_> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| (e["path"].as_str().unwrap(), e["code"].as_str().unwrap()))
        .collect();
    at_fault.sort_unstable();
    assert_eq!(
        at_fault,
        [
            ("../x", "invalid_path"),
            ("b.md", "stale_version"),
            ("c.md", "invalid_request"),
            ("gone.md", "not_found"),
            ("new.md", "invalid_request"),
        ]
    );
    assert_eq!(platform.admin.get("/api/projects/p/docs").await.expect(200), before);

    // A doc may be renamed to its own twin in one step.
    let renamed = platform
        .admin
        .post(
            &batch,
            json!({"puts": [{"path": "README.md", "content": "r"}], "deletes": [{"path": "Readme.md"}]}),
        )
        .await
        .expect(200);
    assert_eq!((&renamed["added"], &renamed["removed"]), (&json!(["README.md"]), &json!(["Readme.md"])));
    let nothing =
        platform.admin.post(&batch, json!({"puts": [{"path": "b.md", "content": "b"}]})).await.expect(200);
    assert_eq!(nothing["revision"], renamed["revision"]);
}

#[tokio::test]
async fn a_batch_may_demand_that_all_docs_are_what_was_seen() {
    let platform = Platform::start().await;
    let project = platform.project("p").await;
    let batch = |tag: String, path: &'static str| {
        let request = platform.admin.request(Method::POST, &format!("/api/projects/{project}/docs/batch"));
        send(request.header("if-match", tag).json(&json!({"puts": [{"path": path, "content": "x"}]})))
    };
    let empty = platform.admin.get("/api/projects/p/docs").await.headers["etag"].to_str().unwrap().to_owned();
    platform.admin.save(&project, "new.md", b"somebody else's").await.expect(201);
    batch(empty, "new.md").await.refused(412, "stale_version");
    let now = platform.admin.get("/api/projects/p/docs").await.headers["etag"].to_str().unwrap().to_owned();
    batch(now, "other.md").await.expect(200);
}

#[tokio::test]
async fn docs_that_some_file_system_would_confuse_cannot_meet() {
    let platform = Platform::start().await;
    let project = platform.project("p").await;
    platform.admin.save(&project, "a.md", b"x").await.expect(201);
    for name in ["A.md", "a.md/b"] {
        let problem = platform.admin.save(&project, name, b"x").await.refused(422, "invalid_path");
        assert_eq!(problem["errors"][0]["path"], name);
    }
    platform.admin.save(&project, "f/x.md", b"x").await.expect(201);
    platform.admin.save(&project, "f", b"x").await.refused(422, "invalid_path");
}

#[tokio::test]
async fn limits_are_clear_refusals() {
    let platform = Platform::start_with(|config| {
        config.limits.doc_bytes = 1000;
        config.limits.project_docs = 3;
        config.limits.project_bytes = 2000;
    })
    .await;
    let project = platform.project("p").await;
    platform.admin.save(&project, "a", &[b'x'; 1001]).await.refused(413, "too_large");
    platform.admin.save(&project, "a", &[b'x'; 1_000_000]).await.refused(413, "too_large");
    platform.admin.save(&project, "a", &[b'x'; 1000]).await.expect(201);
    platform.admin.save(&project, "b", &[b'y'; 1000]).await.expect(201);
    platform.admin.save(&project, "c", b"z").await.refused(413, "too_large");
    platform.admin.save(&project, "b", b"y").await.expect(200);
    platform.admin.save(&project, "c", b"z").await.expect(201);
    let problem = platform.admin.save(&project, "d", b"").await.refused(413, "too_large");
    assert!(problem["detail"].as_str().unwrap().contains("3 docs"), "{problem}");
}

#[tokio::test]
async fn history_tells_every_version_and_old_ones_stay_readable() {
    let platform = Platform::start().await;
    let project = platform.project("p").await;
    let lead = platform.member(&project, "lead", "Ann").await;
    lead.put(&format!("/api/projects/{project}/docs/a.md"), json!({"content": "1", "message": "start"}))
        .await
        .expect(201);
    lead.save(&project, "b.md", b"b").await.expect(201);
    lead.save(&project, "a.md", b"2").await.expect(200);
    lead.delete(&format!("/api/projects/{project}/docs/a.md?message=obsolete")).await.expect(200);
    lead.save(&project, "a.md", b"3").await.expect(201);

    let history = lead.get(&format!("/api/projects/{project}/docs/a.md/history")).await.expect(200);
    let versions = history["versions"].as_array().unwrap();
    let told: Vec<_> = versions
        .iter()
        .map(|v| (v["revision"].as_u64().unwrap(), v["version"].as_u64().unwrap(), v["hash"].is_null()))
        .collect();
    assert_eq!(told, [(5, 4, false), (4, 3, true), (3, 2, false), (1, 1, false)]);
    assert_eq!((&versions[3]["message"], &versions[1]["message"]), (&json!("start"), &json!("obsolete")));
    assert_eq!(versions[0]["by"]["name"], "Ann");
    let whole = lead.get(&format!("/api/projects/{project}/history?before=3")).await.expect(200);
    assert_eq!(whole["versions"].as_array().unwrap().len(), 2);

    for (revision, content) in [(1, "1"), (2, "1"), (3, "2"), (5, "3")] {
        let doc =
            lead.get(&format!("/api/projects/{project}/docs/a.md?revision={revision}")).await.expect(200);
        assert_eq!(doc["content"], content, "{revision}");
    }
    lead.get(&format!("/api/projects/{project}/docs/a.md?revision=4")).await.refused(404, "not_found");
    lead.get(&format!("/api/projects/{project}/docs/c.md/history")).await.refused(404, "not_found");

    // A doc that is itself called history is a doc.
    lead.save(&project, "x/history", b"h").await.expect(201);
    assert_eq!(
        lead.get(&format!("/api/projects/{project}/docs/x/history")).await.expect(200)["content"],
        "h"
    );
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_restart() {
    let platform = Platform::start().await;
    let project = platform.project("p").await;
    platform.admin.save(&project, "a.md", b"x").await.expect(201);
    let before = platform.admin.get("/api/projects/p/docs").await.expect(200);
    let platform = platform.restart().await;
    assert_eq!(platform.admin.get("/api/projects/p/docs").await.expect(200), before);
    platform.stop().await;
}

#[tokio::test]
async fn the_docs_are_listed_as_they_were_and_a_change_of_several_is_never_halved() {
    let platform = Platform::start().await;
    let project = platform.project("p").await;
    let admin = &platform.admin;
    let docs = format!("/api/projects/{project}/docs");
    admin.save(&project, "a.md", b"1").await.expect(201);
    let first = admin.get(&docs).await.expect(200);
    let batch = json!({
        "puts": [{"path": "b.md", "content": "b"}, {"path": "c.md", "content": "c"}],
        "deletes": [{"path": "a.md"}],
    });
    let second = admin.post(&format!("{docs}/batch"), batch).await.expect(200);
    assert_eq!(second["revision"], 4);
    admin.post(&format!("/api/projects/{project}/lock"), json!({})).await.expect(201);
    admin.save(&project, "b.md", b"again").await.expect(200);
    let at = async |revision: u64| admin.get(&format!("{docs}?revision={revision}")).await.expect(200);
    assert_eq!(at(0).await["docs"], json!([]));
    let then = at(1).await;
    assert_eq!(
        (&then["hash"], &then["docs"], &then["revision"]),
        (&first["hash"], &first["docs"], &json!(1))
    );
    for within in [2, 3, 4, 5] {
        assert_eq!(at(within).await["hash"], second["hash"], "{within}");
    }
    assert_eq!(at(6).await["hash"], admin.get(&docs).await.expect(200)["hash"]);
    let refused = admin.get(&format!("{docs}?revision=7")).await.refused(404, "not_found");
    assert!(refused["detail"].as_str().unwrap().contains("no revision 7 yet"), "{refused}");
}

#[tokio::test]
async fn a_bounded_history_loses_old_versions_and_nothing_else() {
    use aitk_server::HistoryBounds;
    let day = std::time::Duration::from_hours(24);
    let platform = Platform::start_with(|config| {
        config.history = HistoryBounds { versions: Some(2), time: Some(7 * day) };
    })
    .await;
    let project = platform.project("p").await;
    let admin = &platform.admin;
    let docs = format!("/api/projects/{project}/docs");
    admin.save(&project, "still.md", b"never changed").await.expect(201);
    admin.save(&project, "gone.md", b"deleted long ago").await.expect(201);
    let have = admin.get(&docs).await.expect(200)["hash"].clone();
    admin.delete(&format!("{docs}/gone.md")).await.expect(200);
    for text in ["one", "two", "three", "four"] {
        admin.save(&project, "a.md", text.as_bytes()).await;
    }
    let now = admin.get(&docs).await.expect(200);
    let versions = async || {
        let page = admin.get(&format!("/api/projects/{project}/history")).await.expect(200);
        page["versions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|v| v["revision"].as_u64().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(versions().await, [7, 6, 5, 4, 3, 2, 1], "young versions stay, however many they are");

    platform.clock.advance(8 * day);
    admin.save(&project, "new.md", b"x").await.expect(201);
    while versions().await.len() > 6 {
        tokio::task::yield_now().await;
    }
    // Of each doc the last two stay; of the deleted one its end is one of them.
    assert_eq!(versions().await, [8, 7, 6, 3, 2, 1]);
    for (path, revision) in [("still.md", 1), ("a.md", 6)] {
        admin.get(&format!("{docs}/{path}?revision={revision}")).await.expect(200);
    }
    let refused = admin.get(&format!("{docs}/a.md?revision=4")).await.refused(404, "not_found");
    assert!(refused["detail"].as_str().unwrap().contains("from revision 6 on"), "{refused}");
    admin.get(&format!("{docs}?revision=5")).await.refused(404, "not_found");
    assert_eq!(admin.get(&format!("{docs}?revision=7")).await.expect(200)["hash"], now["hash"]);
    // A copy of a revision that is not whole any more gets everything, a younger one what changed.
    let sync = async |have: &Value| {
        admin.post(&format!("/api/hook/sync/{project}"), json!({"have": have})).await.expect(200)
    };
    assert_eq!(sync(&have).await["base"], Value::Null);
    let delta = sync(&now["hash"]).await;
    assert_eq!((&delta["base"], delta["docs"].as_array().unwrap().len()), (&now["hash"], 1));
}
