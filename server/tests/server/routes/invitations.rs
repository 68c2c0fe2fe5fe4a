use std::time::Duration;

use aitk_shared::limits;
use reqwest::Method;
use serde_json::{Value, json};

use crate::platform::{Answer, Caller, Platform, send};

/// Makes an invitation and returns its token.
async fn invite(who: &Caller, body: Value) -> String {
    let made = who.post("/api/invitations", body).await.expect(201);
    made["link"].as_str().unwrap().split_once("/join#").unwrap().1.to_owned()
}

/// Joins without any credential.
async fn join(platform: &Platform, token: &str, name: &str) -> Answer {
    let url = format!("{}/api/join", platform.admin.url);
    send(platform.admin.http().post(url).json(&json!({"token": token, "name": name}))).await
}

#[tokio::test]
async fn an_invitation_makes_one_personal_key_and_is_used_up() {
    let platform = Platform::start().await;
    let (web, app) = (platform.project("Acme Web").await, platform.project("Acme App").await);
    let ann = platform.member(&web, "lead", "Ann").await;
    let answer = ann.post("/api/invitations", json!({"projects": ["acme-web"], "role": "developer"})).await;
    assert_eq!(answer.headers["cache-control"], "no-store");
    let made = answer.expect(201);
    let address = platform.admin.url.strip_prefix("http://").unwrap();
    let token = made["link"].as_str().unwrap().strip_prefix(&format!("http://{address}/join#")).unwrap();
    assert_eq!((token.len(), &token[..4]), (47, "inv_"));
    assert_eq!(
        (&made["projects"], &made["uses"], &made["role"]),
        (&json!([{"id": web, "slug": "acme-web", "name": "Acme Web"}]), &json!(1), &json!("developer"))
    );

    let joined = join(&platform, token, "Dan").await.expect(201);
    assert_eq!((&joined["name"], &joined["role"]), (&json!("Dan"), &json!("developer")));
    assert_eq!(joined["projects"], made["projects"]);
    let dan = platform.as_key(joined["key"].as_str().unwrap());
    dan.get(&format!("/api/hook/docs/{web}")).await.expect(200);
    dan.get(&format!("/api/hook/docs/{app}")).await.refused(404, "not_found");
    dan.post(&format!("/api/projects/{web}/lock"), json!({})).await.refused(403, "forbidden");
    let keys = ann.get(&format!("/api/projects/{web}/keys")).await.expect(200);
    let key = keys.as_array().unwrap().iter().find(|key| key["name"] == "Dan").unwrap();
    assert_eq!((&key["id"], &key["createdBy"]), (&joined["id"], &json!("Ann")));

    join(&platform, token, "Eve").await.refused(403, "forbidden");
}

#[tokio::test]
async fn wrong_used_up_and_ended_tokens_are_refused_alike() {
    let platform = Platform::start().await;
    let project = platform.project("p").await;
    let body = json!({"projects": [project], "role": "developer"});
    let used = invite(&platform.admin, body.clone()).await;
    join(&platform, &used, "Dan").await.expect(201);
    let ended = invite(&platform.admin, body.clone()).await;
    let orphan = platform.project("gone").await;
    let of_nothing = invite(&platform.admin, json!({"projects": [orphan], "role": "developer"})).await;
    platform.admin.delete(&format!("/api/projects/{orphan}")).await.expect(204);
    platform.clock.advance(limits::INVITATION_TIME);

    let mut answers = Vec::new();
    for token in ["", "inv_", "sk_x", &used, &ended, &of_nothing, &used.to_uppercase(), &"x".repeat(5_000)] {
        answers.push(join(&platform, token, "Eve").await.refused(403, "forbidden"));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    let keys = platform.admin.get("/api/keys").await.expect(200);
    assert!(keys.as_array().unwrap().iter().all(|key| key["name"] != "Eve"));
}

#[tokio::test]
async fn of_many_who_join_at_once_only_as_many_as_invited_get_in() {
    let platform = Platform::start().await;
    let project = platform.project("p").await;
    for uses in [1, 5] {
        let body = json!({"projects": [project], "role": "developer", "uses": uses});
        let token = invite(&platform.admin, body).await;
        let names: Vec<_> = (0..20).map(|n| format!("Dev {n}")).collect();
        let tries = names.iter().map(|name| join(&platform, &token, name));
        let answers = futures_util::future::join_all(tries).await;
        let mut keys: Vec<_> =
            answers.iter().filter(|answer| answer.status == 201).map(|answer| &answer.body["key"]).collect();
        keys.dedup();
        assert_eq!(keys.len(), uses, "{answers:?}");
        assert_eq!(answers.iter().filter(|answer| answer.status == 403).count(), 20 - uses);
    }
}

#[tokio::test]
async fn who_may_invite_whom_and_for_how_long() {
    let platform = Platform::start().await;
    let (mine, other) = (platform.project("mine").await, platform.project("other").await);
    let lead = platform.member(&mine, "lead", "Ann").await;
    let developer = platform.member(&mine, "developer", "Dan").await;
    let in_days = |days: u64| {
        let at = platform.clock.now().plus(Duration::from_hours(24 * days));
        json!(at.plus(Duration::from_mins(1)).to_string())
    };
    for (who, body, status, code, word) in [
        (&developer, json!({"projects": [mine], "role": "developer"}), 403, "forbidden", "developer"),
        (&lead, json!({"projects": [other], "role": "developer"}), 404, "not_found", "no project"),
        (&lead, json!({"projects": [mine, other], "role": "developer"}), 404, "not_found", "no project"),
        (&lead, json!({"projects": [mine], "role": "lead"}), 403, "forbidden", "lead"),
        (&lead, json!({"projects": [mine], "role": "admin"}), 422, "invalid_request", "role"),
        (&platform.admin, json!({"projects": [mine], "role": "service"}), 422, "invalid_request", "role"),
        (&lead, json!({"projects": [], "role": "developer"}), 422, "invalid_request", "projects"),
        (
            &lead,
            json!({"projects": vec!["mine"; 101], "role": "developer"}),
            422,
            "invalid_request",
            "projects",
        ),
        (&lead, json!({"projects": [mine], "role": "developer", "uses": 0}), 422, "invalid_request", "uses"),
        (
            &lead,
            json!({"projects": [mine], "role": "developer", "uses": 1001}),
            422,
            "invalid_request",
            "uses",
        ),
        (
            &lead,
            json!({"projects": [mine], "role": "developer", "expiresAt": "2000-01-01T00:00:00Z"}),
            422,
            "invalid_request",
            "expiresAt",
        ),
        (
            &lead,
            json!({"projects": [mine], "role": "developer", "expiresAt": in_days(90)}),
            422,
            "invalid_request",
            "expiresAt",
        ),
        (&lead, json!({"projects": [mine], "role": "developer", "x": 1}), 422, "invalid_request", "x"),
        (&lead, json!({"role": "developer"}), 422, "invalid_request", "projects"),
    ] {
        let refused = who.post("/api/invitations", body.clone()).await.refused(status, code);
        assert!(refused["detail"].as_str().unwrap().contains(word), "{body}: {refused}");
    }
    let unknown = platform.as_key("sk_nobody");
    unknown.post("/api/invitations", json!({})).await.refused(401, "unauthorized");
    let wish =
        json!({"projects": [mine, "other", "mine"], "role": "lead", "expiresAt": in_days(89), "uses": 1000});
    let made = platform.admin.post("/api/invitations", wish).await.expect(201);
    assert_eq!(made["projects"].as_array().unwrap().len(), 2);
    let token = made["link"].as_str().unwrap().split_once('#').unwrap().1;
    for name in ["", " ", "a\u{7}b", &"x".repeat(501)] {
        join(&platform, token, name).await.refused(422, "invalid_request");
    }
    let joined = join(&platform, token, "Lee").await.expect(201);
    assert_eq!((&joined["role"], joined["projects"].as_array().unwrap().len()), (&json!("lead"), 2));
}

#[tokio::test]
async fn an_invitation_ends_with_the_key_that_made_it() {
    let platform = Platform::start().await;
    let project = platform.project("p").await;
    let body = json!({"projects": [project], "role": "developer", "uses": 2});
    let lead = platform.member(&project, "lead", "Ann").await;
    let (hers, mine) = (invite(&lead, body.clone()).await, invite(&platform.admin, body).await);
    join(&platform, &hers, "Dan").await.expect(201);
    let keys = platform.admin.get("/api/keys").await.expect(200);
    let ann = keys.as_array().unwrap().iter().find(|key| key["name"] == "Ann").unwrap();
    platform.admin.delete(&format!("/api/keys/{}", ann["id"].as_str().unwrap())).await.expect(204);
    join(&platform, &hers, "Eve").await.refused(403, "forbidden");
    join(&platform, &mine, "Eve").await.expect(201);
}

#[tokio::test]
async fn the_server_keeps_no_token_and_the_links_page_says_what_to_do() {
    let platform = Platform::start().await;
    let project = platform.project("p").await;
    let token = invite(&platform.admin, json!({"projects": [project], "role": "developer"})).await;
    let page = send(platform.admin.http().request(Method::GET, format!("{}/join", platform.admin.url))).await;
    assert_eq!(
        (page.status, &page.headers["content-type"]),
        (200, &"text/plain; charset=utf-8".parse().unwrap())
    );
    assert!(String::from_utf8(page.bytes).unwrap().contains("aitk join"));

    // Also after a restart the link works; in between, only its hash is on disk.
    let platform = platform.restart().await;
    for file in ["aitk.db", "aitk.db-wal"] {
        let bytes = std::fs::read(platform.dir.path().join(file)).unwrap_or_default();
        assert!(!bytes.windows(token.len()).any(|bytes| bytes == token.as_bytes()), "{file}");
    }
    join(&platform, &token, "Dan").await.expect(201);
}
