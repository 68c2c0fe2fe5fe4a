use aitk_server::MetricsFor;
use serde_json::json;

use crate::platform::{Platform, send};

/// A value of the Prometheus text.
fn value(text: &str, name: &str) -> f64 {
    let line = text.lines().find(|line| line.split(' ').next() == Some(name));
    line.unwrap_or_else(|| panic!("no {name} in {text}")).rsplit(' ').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn the_server_counts_what_passes_and_names_nobody() {
    let platform = Platform::start().await;
    let project = platform.project("p").await;
    let dan = platform.member(&project, "developer", "Dan").await;
    let (mut one, mut two) = (dan.socket().await, platform.admin.socket().await);
    one.subscribe(&project, None).await;
    two.subscribe(&project, None).await;
    for n in 0..3 {
        platform
            .admin
            .save(&project, "a.md", format!("{n}").as_bytes())
            .await
            .expect(200 + u16::from(n == 0));
    }
    for socket in [&mut one, &mut two] {
        for offset in 1..=3 {
            assert_eq!(socket.next().await["offset"], offset);
        }
    }
    drop(one);
    let mut one = dan.socket().await;
    one.subscribe(&project, Some(1)).await;
    assert_eq!((&one.next().await["offset"], &one.next().await["offset"]), (&json!(2), &json!(3)));

    let stats = platform.admin.get("/api/ws/stats").await.expect(200);
    assert_eq!((&stats["rooms"], &stats["users"], &stats["recovered"]), (&json!(1), &json!(2), &json!(2)));
    assert_eq!((&stats["dropped"], &stats["rateLimiter"]["framesRefused"]), (&json!(0), &json!(0)));
    assert_eq!(stats["perRoom"][0]["room"], format!("project:{project}"));
    assert_eq!(stats["perRoom"][0]["people"], 2);
    assert!(stats["delivered"].as_u64() >= Some(6) && stats["connections"].as_u64() >= Some(2), "{stats}");
    dan.get("/api/ws/stats").await.refused(403, "forbidden");

    // No credential is needed on this machine.
    let url = format!("{}/metrics", platform.admin.url);
    let answer = dan.http().get(&url).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    let text = answer.text().await.unwrap();
    assert_eq!(value(&text, "aitk_events_recovered_total"), 2.0);
    assert!(value(&text, "aitk_events_delivered_total") >= 6.0);
    assert_eq!(value(&text, "aitk_rooms"), 1.0);
    let saved =
        r#"aitk_http_requests_total{method="PUT",route="/api/projects/{id}/docs/{*path}",status="200"}"#;
    assert_eq!(value(&text, saved), 2.0);
    for name in ["aitk_fan_out_seconds", "aitk_write_seconds"] {
        let count = value(&text, &format!("{name}_count"));
        assert!(count >= 3.0 && value(&text, &format!("{name}_bucket{{le=\"+Inf\"}}")) == count);
        assert!(value(&text, &format!("{name}_sum")) > 0.0);
    }
    assert!(!text.contains(&project) && !text.contains("Dan"), "{text}");
}

#[tokio::test]
async fn the_figures_are_for_this_machine_and_for_admins_unless_set_otherwise() {
    let platform = Platform::start().await;
    let project = platform.project("p").await;
    let dan = platform.member(&project, "developer", "Dan").await;
    let url = format!("{}/metrics", dan.url);
    // What came through a proxy on this machine may come from anywhere.
    let far = |key: Option<&str>| {
        let request = dan.http().get(&url).header("x-forwarded-for", "203.0.113.9");
        key.into_iter().fold(request, |request, key| request.header("x-api-key", key))
    };
    send(far(None)).await.refused(401, "unauthorized");
    send(far(Some(&dan.key))).await.refused(403, "forbidden");
    assert_eq!(send(far(Some(&platform.admin.key))).await.status, 200);

    let open = Platform::start_with(|config| config.metrics = MetricsFor::Public).await;
    let url = format!("{}/metrics", open.admin.url);
    let far = open.admin.http().get(&url).header("x-forwarded-for", "203.0.113.9");
    assert_eq!(send(far).await.status, 200);
    open.admin.get("/api/nowhere").await.refused(404, "not_found");
    let text = String::from_utf8(open.admin.get("/metrics").await.bytes).unwrap();
    assert_eq!(value(&text, r#"aitk_http_requests_total{method="GET",route="none",status="404"}"#), 1.0);
}

#[tokio::test]
async fn what_slow_readers_do_not_get_and_what_waits_for_them_is_counted() {
    let platform = Platform::start().await;
    let mut slow = platform.admin.socket().await;
    slow.say(json!({"type": "subscribe", "room": "issue:1"})).await;
    assert_eq!(slow.next().await["type"], "subscribed");
    let large = json!({"type": "a.b", "ephemeral": true, "data": "x".repeat(30_000)});
    let many = json!(vec![large; 50]);
    let mut most_queued = 0;
    for _ in 0..200 {
        platform.admin.post("/api/rooms/issue:1/events", many.clone()).await.expect(200);
        let stats = platform.admin.get("/api/ws/stats").await.expect(200);
        most_queued = most_queued.max(stats["queuedBytes"].as_u64().unwrap());
        if stats["dropped"] != 0 {
            break;
        }
    }
    let stats = platform.admin.get("/api/ws/stats").await.expect(200);
    assert!(stats["dropped"].as_u64() > Some(0), "{stats}");
    assert!(most_queued <= 1024 * 1024 + 64 * 1024, "bounded: {most_queued}");
}
