use reqwest::Method;
use serde_json::json;

use crate::platform::{Platform, send};

#[tokio::test]
async fn a_project_is_made_found_changed_and_removed() {
    let platform = Platform::start().await;
    let admin = &platform.admin;
    let made =
        admin.post("/api/projects", json!({"name": "Acme Web", "docsPath": "handbook"})).await.expect(201);
    assert_eq!(
        (&made["slug"], &made["docsPath"], &made["onLock"]),
        (&json!("acme-web"), &json!("handbook"), &json!("warn"))
    );
    let id = made["id"].as_str().unwrap();
    assert_eq!(admin.get("/api/projects/acme-web").await.expect(200), made);
    assert_eq!(admin.get(&format!("/api/projects/{id}")).await.expect(200), made);
    assert_eq!(admin.get("/api/projects").await.expect(200), json!([made]));

    let changed =
        admin.put("/api/projects/acme-web", json!({"onLock": "deny", "repoUrl": "https://x/y"})).await;
    let changed = changed.expect(200);
    assert_eq!(
        (&changed["onLock"], &changed["repoUrl"], &changed["name"]),
        (&json!("deny"), &json!("https://x/y"), &json!("Acme Web"))
    );
    let cleared = admin.put("/api/projects/acme-web", json!({"repoUrl": null})).await.expect(200);
    assert_eq!(cleared["repoUrl"], json!(null));

    admin.delete("/api/projects/acme-web").await.expect(204);
    admin.get("/api/projects/acme-web").await.refused(404, "not_found");
    admin.delete("/api/projects/acme-web").await.refused(404, "not_found");
}

#[tokio::test]
async fn what_cannot_be_a_project_is_refused_with_the_field_at_fault() {
    let platform = Platform::start().await;
    platform.project("taken").await;
    for (body, status, word) in [
        (json!({}), 422, "name"),
        (json!({"name": "  "}), 422, "name"),
        (json!({"name": "日本"}), 422, "slug"),
        (json!({"name": "x", "slug": "Not A Slug"}), 422, "slug"),
        (json!({"name": "x", "slug": "taken"}), 422, "slug"),
        (json!({"name": "x", "docsPath": "../.."}), 422, "docsPath"),
        (json!({"name": "x", "onLock": "maybe"}), 422, "maybe"),
        (json!({"name": "x", "unknown": 1}), 422, "unknown"),
        (json!({"name": "x\u{1b}[2J"}), 422, "name"),
    ] {
        let problem =
            platform.admin.post("/api/projects", body.clone()).await.refused(status, "invalid_request");
        assert!(problem["detail"].as_str().unwrap().contains(word), "{body}: {problem}");
    }
    let broken = platform.admin.request(Method::POST, "/api/projects").body("{\"name");
    send(broken).await.refused(400, "invalid_request");
}

#[tokio::test]
async fn a_repository_token_is_sealed_and_never_returned() {
    let platform = Platform::start().await;
    let made = platform.admin.post("/api/projects", json!({"name": "p", "token": "ghp_very_secret"})).await;
    let text = made.expect(201).to_string();
    assert!(text.contains(r#""hasToken":true"#) && !text.contains("ghp_very_secret"), "{text}");
    let shown = platform.admin.get("/api/projects/p").await.expect(200).to_string();
    assert!(!shown.contains("ghp_very_secret"));
    for file in std::fs::read_dir(platform.dir.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(15).any(|window| window == b"ghp_very_secret"));
    }
    let cleared = platform.admin.put("/api/projects/p", json!({"token": null})).await.expect(200);
    assert_eq!(cleared["hasToken"], json!(false));
}

#[tokio::test]
async fn a_key_sees_nothing_of_other_projects() {
    let platform = Platform::start().await;
    let (ours, theirs) = (platform.project("ours").await, platform.project("theirs").await);
    platform.admin.save(&theirs, "secret.md", b"x").await.expect(201);
    let lead = platform.member(&ours, "lead", "Ann").await;
    let listed = lead.get("/api/projects").await.expect(200);
    assert_eq!(listed.as_array().unwrap().len(), 1);
    for path in [
        format!("/api/projects/{theirs}"),
        "/api/projects/theirs".into(),
        format!("/api/projects/{theirs}/docs"),
        format!("/api/projects/{theirs}/docs/secret.md"),
        format!("/api/projects/{theirs}/docs/secret.md/history"),
        format!("/api/projects/{theirs}/history"),
        format!("/api/projects/{theirs}/lock"),
        format!("/api/projects/{theirs}/keys"),
        format!("/api/hook/status/{theirs}"),
        format!("/api/hook/docs/{theirs}"),
        format!("/api/rooms/project:{theirs}/events"),
    ] {
        let hidden = lead.get(&path).await.refused(404, "not_found");
        let nowhere = lead.get(&path.replace(&theirs, "prj_nowhere").replace("theirs", "nowhere")).await;
        let nowhere = nowhere.refused(404, "not_found");
        let plain = |problem: &serde_json::Value| {
            problem["detail"].as_str().unwrap().replace(&theirs, "prj_nowhere").replace("theirs", "nowhere")
        };
        assert_eq!(plain(&hidden), plain(&nowhere), "{path} must read as if it did not exist");
    }
    lead.post(&format!("/api/hook/sync/{theirs}"), json!({})).await.refused(404, "not_found");
    lead.post(&format!("/api/projects/{theirs}/lock"), json!({})).await.refused(404, "not_found");
    lead.save(&theirs, "x.md", b"x").await.refused(404, "not_found");
    lead.put("/api/projects/theirs", json!({"name": "x"})).await.refused(404, "not_found");
}

#[tokio::test]
async fn roles_are_enforced() {
    let platform = Platform::start().await;
    let project = platform.project("p").await;
    platform.admin.save(&project, "a.md", b"x").await.expect(201);
    let developer = platform.member(&project, "developer", "Dan").await;
    let lead = platform.member(&project, "lead", "Ann").await;
    let service =
        platform.admin.post("/api/keys", json!({"name": "s", "role": "service", "rooms": ["issue:*"]})).await;
    let service = platform.as_key(service.expect(201)["key"].as_str().unwrap());
    let nobody = platform.as_key("sk_unknown");

    let base = format!("/api/projects/{project}");
    developer.get(&format!("{base}/docs/a.md")).await.expect(200);
    developer.save(&project, "b.md", b"x").await.refused(403, "forbidden");
    developer.delete(&format!("{base}/docs/a.md")).await.refused(403, "forbidden");
    developer.post(&format!("{base}/docs/batch"), json!({})).await.refused(403, "forbidden");
    developer.post(&format!("{base}/lock"), json!({})).await.refused(403, "forbidden");
    developer.delete(&format!("{base}/lock")).await.refused(403, "forbidden");
    developer.get(&format!("{base}/keys")).await.refused(403, "forbidden");
    developer.post("/api/projects", json!({"name": "x"})).await.refused(403, "forbidden");

    lead.save(&project, "b.md", b"x").await.expect(201);
    lead.put(&base, json!({"name": "x"})).await.refused(403, "forbidden");
    lead.delete(&base).await.refused(403, "forbidden");
    lead.get("/api/keys").await.refused(403, "forbidden");
    lead.post(&format!("{base}/keys"), json!({"name": "x", "role": "lead"})).await.refused(403, "forbidden");
    lead.post(&format!("{base}/keys"), json!({"name": "x", "role": "developer"})).await.expect(201);

    assert_eq!(service.get("/api/projects").await.expect(200), json!([]));
    service.get(&format!("{base}/docs")).await.refused(404, "not_found");
    nobody.get("/api/projects").await.refused(401, "unauthorized");
    for key in ["", "x", "sk_\u{1b}"] {
        let request = reqwest::Client::new().get(format!("{}/api/projects", platform.admin.url));
        let request = match reqwest::header::HeaderValue::from_bytes(key.as_bytes()) {
            Ok(value) => request.header("x-api-key", value),
            Err(_) => request,
        };
        send(request).await.refused(401, "unauthorized");
    }
}

#[tokio::test]
async fn unknown_routes_and_methods_are_problems_too() {
    let platform = Platform::start().await;
    platform.admin.get("/api/nothing").await.refused(404, "not_found");
    platform.admin.get("/nothing").await.refused(404, "not_found");
    send(platform.admin.request(Method::PATCH, "/api/projects")).await.refused(405, "unsupported");
    platform.admin.get("/ws").await.refused(400, "invalid_request");
    platform.admin.get("/api/projects/%ff").await.refused(400, "invalid_request");
    platform.admin.delete("/api/projects/p/lock?force=maybe").await.refused(422, "invalid_request");
    assert_eq!(platform.admin.get("/healthz").await.expect(200)["status"], "ok");
    assert_eq!(platform.admin.get("/readyz").await.expect(200)["checks"]["store"], "ok");
}
