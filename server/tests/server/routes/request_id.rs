use serde_json::json;

use crate::platform::{Platform, send};

#[tokio::test]
async fn what_a_client_calls_its_request_comes_back_and_goes_with_the_events() {
    let platform = Platform::start().await;
    let project = platform.project("p").await;
    let mut socket = platform.admin.socket().await;
    socket.subscribe(&project, None).await;
    let save = |headers: &[(&'static str, &str)]| {
        let path = format!("/api/projects/{project}/docs/a.md");
        let request = platform.admin.request(reqwest::Method::PUT, &path).body(headers.len().to_string());
        let request = request.header("content-type", "text/markdown");
        send(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value)))
    };
    let answer = save(&[("x-request-id", "build-17")]).await;
    assert_eq!(answer.headers["x-request-id"], "build-17");
    assert_eq!(socket.next().await["correlationId"], "build-17");
    let answer = save(&[("x-request-id", "r1"), ("x-correlation-id", "c1")]).await;
    assert_eq!((answer.headers["x-request-id"].to_str().unwrap(), answer.status), ("r1", 200));
    assert_eq!(socket.next().await["correlationId"], "c1");
    // A name of ours is for the log; one that cannot be is replaced.
    let long = "x".repeat(65);
    for headers in [&[][..], &[("x-request-id", "a b"), ("x-correlation-id", ""), ("x-other", &long)]] {
        let answer = save(headers).await;
        assert!(answer.headers["x-request-id"].to_str().unwrap().starts_with("req_"));
        assert_eq!(socket.next().await.get("correlationId"), None);
    }

    let publish = |event: serde_json::Value| {
        let path = format!("/api/rooms/project:{project}/events");
        let request = platform.admin.request(reqwest::Method::POST, &path).json(&event);
        send(request.header("x-request-id", "r2"))
    };
    publish(json!({"type": "a.b"})).await.expect(200);
    assert_eq!(socket.next().await["correlationId"], "r2");
    publish(json!({"type": "a.b", "correlationId": "own"})).await.expect(200);
    assert_eq!(socket.next().await["correlationId"], "own");
    let log = platform.admin.get(&format!("/api/rooms/project:{project}/events")).await.expect(200);
    assert_eq!(log["events"][0]["correlationId"], "build-17", "the log keeps it");
    let refused = platform.admin.get("/api/nowhere").await;
    assert!(refused.headers["x-request-id"].to_str().unwrap().starts_with("req_"));
}
