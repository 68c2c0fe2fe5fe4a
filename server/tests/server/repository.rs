//! Projects that are connected to a git repository, with the clock in our hands.

use std::time::Duration;

use serde_json::{Value, json};

use crate::platform::Platform;
use crate::remote::Remote;

const BO: &str = "Bo <bo@example.org>";

struct Handbook {
    platform: Platform,
    remote: Remote,
    project: String,
}

impl Handbook {
    async fn start(pull_interval: Option<Duration>) -> Self {
        let platform = Platform::start_with(|config| {
            config.allow_private_repos = true;
            config.pull_interval = pull_interval;
        })
        .await;
        let remote = Remote::start();
        remote.create("handbook");
        remote.commit("handbook", "main", &[("docs/a.md", "a\n")], BO, "first");
        let ask = json!({"name": "handbook", "repoUrl": remote.url("handbook"), "token": remote.token()});
        let made = platform.admin.post("/api/projects", ask).await.expect(201);
        let project = made["id"].as_str().unwrap().to_owned();
        let handbook = Handbook { platform, remote, project };
        handbook.event(0, "docs:synced").await;
        // Visits come one after the other: the first has noted by now when the next is due.
        let sync = format!("/api/projects/{}/docs/sync", handbook.project);
        handbook.platform.admin.post(&sync, json!({})).await.expect(200);
        handbook
    }

    /// The first event of a type after an offset.
    async fn event(&self, since: u64, kind: &str) -> Value {
        let mut since = since;
        for _ in 0..30 {
            let page = format!("/api/rooms/project:{}/events?since={since}&wait=2", self.project);
            let page = self.platform.admin.get(&page).await.expect(200);
            for event in page["events"].as_array().unwrap() {
                if event["type"] == kind {
                    return event.clone();
                }
                since = event["offset"].as_u64().unwrap();
            }
        }
        panic!("no {kind} in time: {}", self.shown().await);
    }

    async fn head(&self) -> u64 {
        let page = format!("/api/rooms/project:{}/events", self.project);
        self.platform.admin.get(&page).await.expect(200)["offset"].as_u64().unwrap()
    }

    async fn shown(&self) -> Value {
        self.platform.admin.get(&format!("/api/projects/{}", self.project)).await.expect(200)
    }
}

#[tokio::test]
async fn saves_without_a_lock_are_one_commit_once_it_is_quiet() {
    let handbook = Handbook::start(None).await;
    let since = handbook.head().await;
    handbook.platform.admin.save(&handbook.project, "a.md", b"A").await.expect(200);
    handbook.platform.clock.advance(Duration::from_secs(8));
    handbook.platform.admin.save(&handbook.project, "b.md", b"b").await.expect(201);
    handbook.platform.clock.advance(Duration::from_secs(8));
    assert_eq!(handbook.shown().await["repo"]["ahead"], 1);
    handbook.platform.admin.save(&handbook.project, "c.md", b"c").await.expect(201);
    handbook.platform.clock.advance(Duration::from_secs(11));
    let event = handbook.event(since, "docs:published").await;
    assert_eq!(event["data"]["docs"], 3, "{event}");
    assert_eq!(handbook.remote.log("handbook").len(), 2);
    assert_eq!(handbook.shown().await["repo"]["ahead"], 0);
    handbook.platform.stop().await;
}

#[tokio::test]
async fn a_repository_is_looked_at_by_itself_every_few_minutes() {
    let handbook = Handbook::start(Some(Duration::from_secs(300))).await;
    let since = handbook.head().await;
    handbook.remote.commit("handbook", "main", &[("docs/b.md", "b\n")], BO, "more");
    handbook.platform.clock.advance(Duration::from_secs(331));
    let event = handbook.event(since, "docs:synced").await;
    assert_eq!((&event["data"]["added"], &event["actor"]), (&json!(1), &Value::Null), "{event}");
}

#[tokio::test]
async fn what_failed_is_tried_again_and_told_once() {
    let handbook = Handbook::start(None).await;
    let since = handbook.head().await;
    let token = handbook.remote.token();
    handbook.remote.set_token(Some("another"));
    let sync = format!("/api/projects/{}/docs/sync", handbook.project);
    let refused = handbook.platform.admin.post(&sync, json!({})).await.refused(422, "invalid_request");
    assert!(!refused.to_string().contains(&token));
    handbook.platform.admin.post(&sync, json!({})).await.refused(422, "invalid_request");
    let shown = handbook.shown().await;
    assert_eq!(
        (&shown["repo"]["failure"]["tries"], &shown["repo"]["failure"]["doing"]),
        (&json!(2), &json!("pull"))
    );
    let failed = handbook.event(since, "docs:failed").await;
    assert_eq!(handbook.head().await, failed["offset"].as_u64().unwrap(), "a second failure is no news");

    handbook.remote.commit("handbook", "main", &[("docs/b.md", "b\n")], BO, "more");
    handbook.remote.set_token(Some(&token));
    handbook.platform.clock.advance(Duration::from_secs(34 * 60));
    handbook.event(since, "docs:synced").await;
}

#[tokio::test]
async fn a_connection_that_cannot_be_is_refused_with_the_field_at_fault() {
    let platform = Platform::start().await;
    for (body, word) in [
        (json!({"repoUrl": "ext::sh -c true"}), "repoUrl"),
        (json!({"repoUrl": "https://user:secret@example.com/x"}), "repoUrl"),
        (json!({"repoUrl": "https://-x/y"}), "repoUrl"),
        (json!({"repoUrl": "https://example.com/x", "branch": "-x"}), "branch"),
        (json!({"repoUrl": "https://example.com/x", "branch": "a..b"}), "branch"),
    ] {
        let mut ask = body.clone();
        ask["name"] = "x".into();
        let problem = platform.admin.post("/api/projects", ask).await.refused(422, "invalid_request");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(word) && !detail.contains("secret"), "{body}: {problem}");
    }
    let alone = platform.project("alone").await;
    assert_eq!(platform.admin.get("/api/projects/alone").await.expect(200).get("repo"), None);
    let sync = platform.admin.post(&format!("/api/projects/{alone}/docs/sync"), json!({})).await;
    sync.refused(404, "not_found");
    let publish = platform.admin.post(&format!("/api/projects/{alone}/docs/publish"), json!({})).await;
    publish.refused(404, "not_found");
    let private = json!({"name": "private", "repoUrl": "https://127.0.0.1:9/x.git"});
    platform.admin.post("/api/projects", private).await.expect(201);
    let refused = platform.admin.post("/api/projects/private/docs/sync", json!({})).await;
    let refused = refused.refused(422, "invalid_request");
    assert!(refused["detail"].as_str().unwrap().contains("127.0.0.1"), "{refused}");
}

#[tokio::test]
async fn a_token_goes_to_no_other_host_than_it_was_given_for() {
    let platform = Platform::start().await;
    let ask = json!({"name": "p", "repoUrl": "https://git.example.com/a/b", "token": "t0ken"});
    platform.admin.post("/api/projects", ask).await.expect(201);
    let has_token =
        async |ask: Value| platform.admin.put("/api/projects/p", ask).await.expect(200)["hasToken"].clone();
    assert_eq!(has_token(json!({"repoUrl": "https://git.example.com/c/d"})).await, true);
    assert_eq!(has_token(json!({"repoUrl": "https://git.example.com:8443/c/d"})).await, false);
    assert_eq!(has_token(json!({"token": "t0ken"})).await, true);
    assert_eq!(has_token(json!({"repoUrl": "https://git.example.com/c/d", "token": "other"})).await, true);
    assert_eq!(has_token(json!({"repoUrl": null})).await, false);
}
