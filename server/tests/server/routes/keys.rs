use std::time::Duration;

use serde_json::json;

use crate::platform::Platform;

#[tokio::test]
async fn a_key_is_shown_once_and_works_until_it_is_revoked() {
    let platform = Platform::start().await;
    let project = platform.project("p").await;
    let keys = format!("/api/projects/{project}/keys");
    let made = platform.admin.post(&keys, json!({"name": "Dan", "role": "developer"})).await.expect(201);
    let key = made["key"].as_str().unwrap();
    assert!(key.starts_with("sk_") && key.len() == 46);
    let listed = platform.admin.get(&keys).await.expect(200);
    assert_eq!((&listed[0]["prefix"], &listed[0]["name"]), (&json!(key[..8]), &json!("Dan")));
    assert!(!listed.to_string().contains(key) && listed[0].get("key").is_none());

    let dan = platform.as_key(key);
    dan.get("/api/projects/p").await.expect(200);
    platform.admin.delete(&format!("{keys}/{}", made["id"].as_str().unwrap())).await.expect(204);
    dan.get("/api/projects/p").await.refused(401, "unauthorized");
    platform
        .admin
        .delete(&format!("{keys}/{}", made["id"].as_str().unwrap()))
        .await
        .refused(404, "not_found");
}

#[tokio::test]
async fn a_key_ends_at_its_moment() {
    let platform = Platform::start().await;
    let project = platform.project("p").await;
    let keys = format!("/api/projects/{project}/keys");
    let body = |at: &str| json!({"name": "Dan", "role": "developer", "expiresAt": at});
    platform.admin.post(&keys, body("2020-01-01T00:00:00Z")).await.refused(422, "invalid_request");
    platform.admin.post(&keys, body("tomorrow")).await.refused(422, "invalid_request");
    let end = platform.clock.now().plus(Duration::from_secs(60)).to_string();
    let made = platform.admin.post(&keys, body(&end)).await.expect(201);
    let dan = platform.as_key(made["key"].as_str().unwrap());
    dan.get("/api/projects/p").await.expect(200);
    let mut socket = dan.socket().await;
    platform.clock.advance(Duration::from_secs(60));
    dan.get("/api/projects/p").await.refused(401, "unauthorized");
    assert_eq!(socket.next_or_close().await, Err(Some(4401)));
}

#[tokio::test]
async fn a_key_may_cover_several_projects_or_the_server() {
    let platform = Platform::start().await;
    let (one, two) = (platform.project("one").await, platform.project("two").await);
    platform.project("three").await;
    let made = platform
        .admin
        .post("/api/keys", json!({"name": "Eve", "role": "lead", "projects": [one, "two", "two"]}))
        .await;
    let made = made.expect(201);
    assert_eq!(made["projects"].as_array().unwrap().len(), 2);
    let eve = platform.as_key(made["key"].as_str().unwrap());
    assert_eq!(eve.get("/api/projects").await.expect(200).as_array().unwrap().len(), 2);
    eve.save(&two, "a.md", b"x").await.expect(201);

    // A lead of one of them neither sees the other one nor may end the key.
    let lead = platform.member(&one, "lead", "Ann").await;
    let listed = lead.get(&format!("/api/projects/{one}/keys")).await.expect(200);
    assert!(listed.to_string().contains("Eve") && !listed.to_string().contains(&two));
    lead.delete(&format!("/api/projects/{one}/keys/{}", made["id"].as_str().unwrap()))
        .await
        .refused(403, "forbidden");

    for (body, word) in [
        (json!({"name": "x", "role": "lead"}), "projects"),
        (json!({"name": "x", "role": "service"}), "rooms"),
        (json!({"name": "x", "role": "admin", "projects": [one]}), "projects"),
        (json!({"name": "x", "role": "developer", "projects": [one], "rooms": ["issue:*"]}), "rooms"),
        (json!({"name": "x", "role": "service", "rooms": ["*"]}), "rooms"),
        (json!({"name": "x", "role": "king"}), "king"),
        (json!({"name": "", "role": "admin"}), "name"),
    ] {
        let problem = platform.admin.post("/api/keys", body).await.refused(422, "invalid_request");
        assert!(problem["detail"].as_str().unwrap().contains(word), "{problem}");
    }
    platform
        .admin
        .post("/api/keys", json!({"name": "x", "role": "lead", "projects": ["nowhere"]}))
        .await
        .refused(404, "not_found");
    platform
        .admin
        .post("/api/keys", json!({"name": "s", "role": "service", "rooms": ["issue:*", "chat:7"]}))
        .await
        .expect(201);
}

#[tokio::test]
async fn the_last_admin_key_cannot_be_revoked() {
    let platform = Platform::start().await;
    let own = platform.admin.get("/api/keys").await.expect(200)[0]["id"].as_str().unwrap().to_owned();
    platform.admin.delete(&format!("/api/keys/{own}")).await.refused(422, "invalid_request");
    let second =
        platform.admin.post("/api/keys", json!({"name": "second", "role": "admin"})).await.expect(201);
    let second = platform.as_key(second["key"].as_str().unwrap());
    second.delete(&format!("/api/keys/{own}")).await.expect(204);
    platform.admin.get("/api/projects").await.refused(401, "unauthorized");
}

#[tokio::test]
async fn a_configured_admin_key_is_accepted_and_none_is_made() {
    let key = format!("sk_{}", "A".repeat(43));
    let dir = tempfile::tempdir().unwrap();
    let mut config = aitk_server::Config::in_folder(dir.path());
    config.admin_key = Some(key.clone());
    let server = aitk_server::Server::start(config, aitk_server::Clock::default()).await.unwrap();
    assert_eq!(server.first_admin_key(), None);
    let request =
        reqwest::Client::new().get(format!("http://{}/api/keys", server.address())).bearer_auth(&key);
    assert_eq!(request.send().await.unwrap().status(), 200);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn the_last_use_of_a_key_is_noted_to_the_minute_beside_the_requests() {
    let platform = Platform::start().await;
    let project = platform.project("p").await;
    let keys = format!("/api/projects/{project}/keys");
    let dan = platform.member(&project, "developer", "Dan").await;
    let used =
        async |platform: &Platform| platform.admin.get(&keys).await.expect(200)[0]["lastUsedAt"].clone();
    assert!(used(&platform).await.is_null());
    let moment = platform.clock.now();
    dan.get("/api/projects/p").await.expect(200);
    let platform = platform.restart().await;
    let first = used(&platform).await;
    let at = aitk_shared::time::Timestamp::parse(first.as_str().unwrap()).unwrap();
    assert!(at >= moment && at.since(moment) < Duration::from_secs(60), "{first}");
    let dan = platform.as_key(&dan.key);
    dan.get("/api/projects/p").await.expect(200);
    let platform = platform.restart().await;
    assert_eq!(used(&platform).await, first, "within a minute nothing is written");
    platform.clock.advance(Duration::from_secs(60));
    platform.as_key(&dan.key).get("/api/projects/p").await.expect(200);
    let platform = platform.restart().await;
    assert_ne!(used(&platform).await, first);
    platform.stop().await;
}
