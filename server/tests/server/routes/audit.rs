use std::time::Duration;

use serde_json::{Value, json};

use crate::platform::{Caller, Platform, Socket, send};

async fn lines(who: &Caller, path: &str) -> Vec<Value> {
    who.get(path).await.expect(200)["entries"].as_array().unwrap().clone()
}

fn actions(lines: &[Value]) -> Vec<&str> {
    lines.iter().rev().map(|line| line["action"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn whatever_changes_something_leaves_a_line_with_who_and_from_where() {
    let platform = Platform::start().await;
    let project = platform.project("p").await;
    let audit = format!("/api/projects/{project}/audit");
    let lock = format!("/api/projects/{project}/lock");
    let ann = platform.member(&project, "lead", "Ann").await;
    let bob = platform.member(&project, "lead", "Bob").await;
    let taken = ann.request(reqwest::Method::POST, &lock).header("x-request-id", "r-1");
    send(taken.json(&json!({"reason": "guide"}))).await.expect(201);
    ann.put(&lock, json!({})).await.expect(200);
    ann.save(&project, "a.md", b"a").await.expect(201);
    ann.delete(&lock).await.expect(200);
    ann.post(&lock, json!({})).await.expect(201);
    bob.delete(&format!("{lock}?force=true&reason=gone")).await.expect(200);
    ann.post(&lock, json!({})).await.expect(201);
    bob.post(&lock, json!({"steal": true, "reason": "urgent", "ttlSeconds": 5})).await.expect(201);
    platform.clock.advance(Duration::from_secs(5));
    ann.post(&lock, json!({})).await.expect(201);
    let batch = json!({
        "message": "more", "puts": [{"path": "a.md", "content": "b"}, {"path": "b.md", "content": "b"}],
    });
    ann.post(&format!("/api/projects/{project}/docs/batch"), batch).await.expect(200);
    ann.save(&project, "a.md", b"b").await.expect(200);
    let secret = "hunter2 of the repository";
    let settings = json!({"token": secret, "onLock": "deny", "branch": null});
    platform.admin.put(&format!("/api/projects/{project}"), settings).await.expect(200);
    let invited =
        ann.post("/api/invitations", json!({"projects": ["p"], "role": "developer"})).await.expect(201);
    let token = invited["link"].as_str().unwrap().split_once('#').unwrap().1;
    let joined =
        send(ann.http().post(format!("{}/api/join", ann.url)).json(&json!({"token": token, "name": "Dan"})));
    let dan = joined.await.expect(201);
    let dan_key = format!("/api/projects/{project}/keys/{}", dan["id"].as_str().unwrap());
    ann.delete(&dan_key).await.expect(204);

    let told = lines(&ann, &audit).await;
    assert_eq!(
        actions(&told),
        [
            "project.created",
            "key.created",
            "key.created",
            "lock.acquired",
            "docs.changed",
            "lock.released",
            "lock.acquired",
            "lock.forced",
            "lock.acquired",
            "lock.stolen",
            "lock.acquired",
            "lock.expired",
            "lock.acquired",
            "docs.changed",
            "project.changed",
            "invitation.created",
            "invitation.used",
            "key.revoked",
        ],
        "a renewal and a save that changes nothing leave none"
    );
    let of = |action: &str| told.iter().find(|line| line["action"] == action).unwrap();
    let first = told.iter().rfind(|line| line["action"] == "lock.acquired").unwrap();
    assert_eq!(
        (&first["actor"]["name"], &first["from"], &first["requestId"], &first["projects"]),
        (&json!("Ann"), &json!("127.0.0.1"), &json!("r-1"), &json!([project]))
    );
    assert_eq!((&first["detail"]["reason"], &first["detail"]["token"]), (&json!("guide"), &json!(1)));
    let forced = of("lock.forced");
    assert_eq!(
        (&forced["actor"]["name"], &forced["detail"]["lockedBy"], &forced["detail"]["reason"]),
        (&json!("Bob"), &json!("Ann"), &json!("gone"))
    );
    let expired = of("lock.expired");
    assert_eq!((&expired["actor"], &expired["from"]), (&Value::Null, &Value::Null));
    let docs = &of("docs.changed")["detail"];
    assert_eq!(
        (&docs["added"], &docs["changed"], &docs["removed"], &docs["message"]),
        (&json!(1), &json!(1), &json!(0), &json!("more"))
    );
    assert_eq!(docs["revision"].as_u64().unwrap(), docs["from"].as_u64().unwrap() + 10);
    assert_eq!(of("project.changed")["detail"]["fields"], json!(["token", "branch", "onLock"]));
    let used = of("invitation.used");
    assert_eq!((&used["actor"]["name"], &used["detail"]["invitedBy"]), (&json!("Dan"), &json!("Ann")));
    assert_eq!(of("key.revoked")["detail"]["name"], "Dan");
    let all = platform.admin.get("/api/audit?limit=1000").await;
    let text = String::from_utf8(all.bytes).unwrap();
    let keys = [&ann.key, &bob.key, &platform.admin.key, dan["key"].as_str().unwrap()];
    assert!(
        !keys.iter().any(|key| text.contains(*key)) && !text.contains(token) && !text.contains(secret),
        "{text}"
    );
}

#[tokio::test]
async fn lines_are_paged_and_outlive_what_they_tell_of() {
    let platform = Platform::start().await;
    let (one, two) = (platform.project("one").await, platform.project("two").await);
    let lead = platform.member(&one, "lead", "Ann").await;
    let dan = platform.member(&one, "developer", "Dan").await;
    let eve = json!({"name": "Eve", "role": "developer", "projects": [one, two]});
    platform.admin.post("/api/keys", eve).await.expect(201);
    for n in 0..5 {
        lead.save(&one, &format!("{n}.md"), b"x").await.expect(201);
    }
    let audit = format!("/api/projects/{one}/audit");
    dan.get(&audit).await.refused(403, "forbidden");
    lead.get(&format!("/api/projects/{two}/audit")).await.refused(404, "not_found");
    lead.get("/api/audit").await.refused(403, "forbidden");
    let (mut seen, mut before) = (Vec::new(), String::new());
    loop {
        let page = lead.get(&format!("{audit}?limit=2{before}")).await.expect(200);
        seen.extend(page["entries"].as_array().unwrap().clone());
        match page["before"].as_u64() {
            Some(next) => before = format!("&before={next}"),
            None => break,
        }
    }
    let numbers: Vec<_> = seen.iter().map(|line| line["seq"].as_u64().unwrap()).collect();
    assert!(numbers.is_sorted_by(|a, b| a > b), "{numbers:?}");
    assert_eq!(seen.iter().filter(|line| line["action"] == "docs.changed").count(), 5);
    let eve = seen.iter().find(|line| line["detail"]["name"] == "Eve").unwrap();
    assert_eq!(eve["projects"], json!([one]), "what a lead does not cover is not shown");

    platform.admin.delete("/api/projects/one").await.expect(204);
    lead.get(&audit).await.refused(404, "not_found");
    let left = lines(&platform.admin, &audit).await;
    let gone = left.iter().find(|line| line["action"] == "project.deleted").unwrap();
    assert_eq!((&gone["detail"]["slug"], &gone["detail"]["docs"]), (&json!("one"), &json!(5)));
    assert!(left.len() > 8, "{left:?}");
    platform.admin.get("/api/projects/nowhere/audit").await.refused(404, "not_found");
    // What was a lead's slug names nothing any more; the numbers go on without a gap.
    let all = lines(&platform.admin, "/api/audit?limit=1000").await;
    let numbers: Vec<_> = all.iter().rev().map(|line| line["seq"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (1..=all.len() as u64).collect::<Vec<_>>());
}

#[tokio::test]
async fn refusals_are_counted_and_a_flood_of_them_is_a_few_lines() {
    let platform = Platform::start_with(|config| config.limits.auth_failures = 1_000).await;
    let project = platform.project("p").await;
    let ann = platform.member(&project, "lead", "Ann").await;
    let bob = platform.member(&project, "lead", "Bob").await;
    let dan = platform.member(&project, "developer", "Dan").await;
    let lock = format!("/api/projects/{project}/lock");
    ann.post(&lock, json!({})).await.expect(201);
    for _ in 0..3 {
        bob.post(&lock, json!({})).await.refused(409, "lock_held");
        bob.save(&project, "a.md", b"x").await.refused(423, "lock_held");
        dan.post(&lock, json!({})).await.refused(403, "forbidden");
    }
    let unknown = platform.as_key(&format!("sk_{}", "A".repeat(43)));
    for n in 0..50 {
        unknown.get(&format!("/api/projects/p/docs/{n}.md")).await.refused(401, "unauthorized");
        platform.as_key("hunter2").get("/api/projects").await.refused(401, "unauthorized");
    }
    let guess = json!({"token": "inv_guess", "name": "Eve"});
    platform.admin.post("/api/join", guess).await.refused(403, "forbidden");
    let url = format!("{}/ws?token=sk_nothing", ann.url.replace("http", "ws"));
    let mut socket = Socket::open(&url).await;
    socket.next().await;
    assert_eq!(socket.next_or_close().await, Err(Some(4401)));

    let told = lines(&platform.admin, "/api/audit?limit=1000").await;
    let refused: Vec<_> = told.iter().filter(|line| line["action"] == "request.refused").collect();
    let of = |who: &str, status: u64| {
        let found =
            refused.iter().find(|line| line["actor"]["name"] == who && line["detail"]["status"] == status);
        found.unwrap_or_else(|| panic!("no {who} {status}: {refused:#?}"))
    };
    assert_eq!(of("Bob", 409)["detail"]["count"], 3);
    assert_eq!(of("Bob", 423)["detail"]["path"], format!("/api/projects/{project}/docs/a.md"));
    assert_eq!(
        (&of("Dan", 403)["detail"]["code"], &of("Dan", 403)["projects"]),
        (&json!("forbidden"), &json!([project]))
    );
    let strangers: Vec<_> = refused.iter().filter(|line| line["actor"].is_null()).collect();
    let counted: u64 = strangers.iter().map(|line| line["detail"]["count"].as_u64().unwrap()).sum();
    assert_eq!(counted, 101);
    assert!(strangers.len() <= 11, "{}", strangers.len());
    assert!(strangers.iter().any(|line| line["detail"]["keyPrefix"] == "sk_AAAAA"));
    assert!(strangers.iter().any(|line| line["detail"]["others"] == true));
    assert!(told.iter().any(|line| line["action"] == "invitation.refused"));
    let text = serde_json::to_string(&told).unwrap();
    assert!(
        !text.contains("hunter2") && !text.contains("inv_guess") && !text.contains("sk_nothing"),
        "{text}"
    );
    // The project's lead sees those that meant the project.
    let own = lines(&ann, &format!("/api/projects/{project}/audit")).await;
    assert!(own.iter().any(|line| line["detail"]["keyPrefix"] == "sk_AAAAA"));

    // What was noted is not lost when the server stops.
    unknown.get("/api/projects").await.refused(401, "unauthorized");
    let platform = platform.restart().await;
    let told = lines(&platform.admin, "/api/audit?limit=1").await;
    assert_eq!(told[0]["action"], "request.refused");
    platform.stop().await;
}

#[tokio::test]
async fn the_address_of_a_client_is_what_our_own_proxy_says_it_is() {
    for (proxies, address) in [(0, "127.0.0.1"), (1, "203.0.113.7"), (2, "6.6.6.6")] {
        let platform = Platform::start_with(|config| config.trusted_proxies = proxies).await;
        let asked = platform.admin.request(reqwest::Method::POST, "/api/projects");
        let asked = asked.header("x-forwarded-for", "6.6.6.6, 203.0.113.7").json(&json!({"name": "p"}));
        send(asked).await.expect(201);
        assert_eq!(lines(&platform.admin, "/api/audit").await[0]["from"], address, "{proxies}");
        platform.stop().await;
    }
}
