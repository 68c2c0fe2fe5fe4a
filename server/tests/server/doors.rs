//! How sockets are let in, kept to their credential, and shown out.

use std::time::Duration;

use serde_json::{Value, json};

use crate::platform::{Caller, Platform, Socket, send};
use crate::tokens::{self, claims};

fn ws(caller: &Caller) -> String {
    format!("{}/ws", caller.url.replace("http", "ws"))
}

async fn anonymous(caller: &Caller) -> Socket {
    let mut socket = Socket::open(&ws(caller)).await;
    assert_eq!(socket.next().await["type"], "connected");
    socket
}

/// Subscribes, and tells `subscribed` or the code of the refusal.
async fn ask(socket: &mut Socket, room: &str) -> String {
    socket.say(json!({"type": "subscribe", "room": room})).await;
    let answer = socket.next().await;
    assert_eq!(answer["room"], room, "{answer}");
    answer["code"].as_str().or(answer["type"].as_str()).unwrap().to_owned()
}

#[tokio::test]
async fn a_token_opens_the_rooms_that_its_claims_name_and_no_others() {
    let (platform, issuer) = tokens::platform().await;
    let (one, two) = (platform.project("one").await, platform.project("two").await);
    let more = json!({"projects": ["one"], "workspaces": ["acme"], "rooms": ["issue:*", "chat:7", "user:*", "project:*"]});
    let ann = platform.as_key(&issuer.sign(&claims(&platform, "ann", more)));
    let mut socket = ann.socket().await;
    for (room, answer) in [
        (format!("project:{one}"), "subscribed"),
        (format!("project:{two}"), "not_found"),
        ("workspace:acme".into(), "subscribed"),
        ("workspace:other".into(), "not_found"),
        ("user:ann".into(), "subscribed"),
        ("user:bob".into(), "not_found"),
        ("issue:1".into(), "subscribed"),
        ("chat:7".into(), "subscribed"),
        ("chat:8".into(), "not_found"),
        ("cycle:1".into(), "not_found"),
    ] {
        assert_eq!(ask(&mut socket, &room).await, answer, "{room}");
    }
}

#[tokio::test]
async fn a_fresh_token_goes_on_in_place_and_takes_away_what_it_does_not_cover() {
    let (platform, issuer) = tokens::platform().await;
    let project = platform.project("p").await;
    let now = platform.clock.now().as_millis() / 1000;
    let token = |more: Value| issuer.sign(&claims(&platform, "ann", more));
    let mut socket = anonymous(&platform.admin).await;
    let first = token(json!({"exp": now + 60, "projects": [project], "rooms": ["issue:*"]}));
    socket.say(json!({"type": "auth", "token": first})).await;
    socket.subscribe(&project, None).await;
    assert_eq!(ask(&mut socket, "issue:1").await, "subscribed");

    let second = token(json!({"exp": now + 120, "projects": [project]}));
    socket.say(json!({"type": "auth", "token": second})).await;
    let left = socket.next().await;
    assert_eq!((&left["type"], &left["room"]), (&json!("unsubscribed"), &json!("issue:1")));
    platform.clock.advance(Duration::from_secs(90));
    platform.admin.save(&project, "a.md", b"x").await.expect(201);
    assert_eq!(socket.next().await["type"], "doc:updated", "the first token's end is past");
    platform.clock.advance(Duration::from_secs(31));
    assert_eq!(socket.next_or_close().await, Err(Some(4401)), "and this is the second one's");

    let mut socket = anonymous(&platform.admin).await;
    socket.say(json!({"type": "auth", "token": token(json!({"exp": now + 3_600}))})).await;
    socket.say(json!({"type": "auth", "token": "not.a.token"})).await;
    assert_eq!(socket.next_or_close().await, Err(Some(4401)));
}

#[tokio::test]
async fn a_socket_that_shows_no_credential_is_closed() {
    let platform = Platform::start_with(|config| config.limits.socket_auth = Duration::from_millis(50)).await;
    let mut silent = anonymous(&platform.admin).await;
    assert_eq!(silent.next_or_close().await, Err(Some(4401)));
}

#[tokio::test]
async fn a_key_that_loses_its_only_project_loses_its_sockets_and_others_lose_the_room() {
    let platform = Platform::start().await;
    let (one, two) = (platform.project("one").await, platform.project("two").await);
    let dan = platform.member(&one, "developer", "Dan").await;
    let eve = json!({"name": "Eve", "role": "developer", "projects": [one, two]});
    let eve = platform.admin.post("/api/keys", eve).await.expect(201);
    let eve = platform.as_key(eve["key"].as_str().unwrap());
    let (mut dans, mut eves) = (dan.socket().await, eve.socket().await);
    dans.subscribe(&one, None).await;
    eves.subscribe(&one, None).await;
    eves.subscribe(&two, None).await;

    platform.admin.delete(&format!("/api/projects/{one}")).await.expect(204);
    assert_eq!(dans.next().await["code"], "not_found", "it hears why");
    assert_eq!(dans.next_or_close().await, Err(Some(4401)));
    assert_eq!(eves.next().await["code"], "not_found");
    let left = eves.next().await;
    assert_eq!((&left["type"], &left["room"]), (&json!("unsubscribed"), &json!(format!("project:{one}"))));
    platform.admin.save(&two, "a.md", b"x").await.expect(201);
    assert_eq!(eves.next().await["type"], "doc:updated");
    eves.say(json!({"type": "subscribe", "room": format!("project:{one}")})).await;
    assert_eq!(eves.next().await["code"], "not_found");
}

#[tokio::test]
async fn too_many_frames_are_refused_with_a_time_and_going_on_closes_the_socket() {
    let platform = Platform::start_with(|config| config.limits.client_frames = 5).await;
    let mut socket = platform.admin.socket().await;
    let ping = json!({"type": "ping"});
    for _ in 0..5 {
        socket.say(ping.clone()).await;
        assert_eq!(socket.next().await["type"], "pong");
    }
    socket.say(ping.clone()).await;
    let refused = socket.next().await;
    assert_eq!((&refused["type"], &refused["code"]), (&json!("error"), &json!("rate_limited")));
    let wait = refused["retryAfterMs"].as_u64().unwrap();
    assert!((1..=12_000).contains(&wait), "{refused}");
    platform.clock.advance(Duration::from_millis(wait));
    socket.say(ping.clone()).await;
    assert_eq!(socket.next().await["type"], "pong", "after that time it goes on");
    let closed = loop {
        socket.say(ping.clone()).await;
        match socket.next_or_close().await {
            Ok(frame) => assert_eq!(frame["code"], "rate_limited"),
            Err(code) => break code,
        }
    };
    assert_eq!(closed, Some(4403));
    platform.admin.socket().await;
}

#[tokio::test]
async fn sockets_and_their_rooms_are_bounded() {
    let platform = Platform::start_with(|config| {
        config.limits.sockets = 3;
        config.limits.user_sockets = 2;
        config.limits.socket_rooms = 2;
    });
    let platform = platform.await;
    let projects = [platform.project("a").await, platform.project("b").await, platform.project("c").await];
    let dan = platform.member(&projects[0], "developer", "Dan").await;
    let (mut first, mut second) = (platform.admin.socket().await, platform.admin.socket().await);
    for socket in [&mut first, &mut second] {
        // Its credential was looked at when it answers.
        socket.say(json!({"type": "ping"})).await;
        assert_eq!(socket.next().await["type"], "pong");
    }
    let mut third = platform.admin.socket().await;
    assert_eq!(third.next_or_close().await, Err(Some(4009)), "two of one user");
    let dans = dan.socket().await;
    let mut fourth = Socket::open(&ws(&dan)).await;
    assert_eq!(fourth.next_or_close().await, Err(Some(4009)), "three in all");
    drop(second);

    first.subscribe(&projects[0], None).await;
    first.subscribe(&projects[1], None).await;
    first.subscribe(&projects[1], None).await;
    assert_eq!(ask(&mut first, &format!("project:{}", projects[2])).await, "too_large");
    let rooms: Vec<_> = projects.iter().map(|id| format!("project:{id}")).collect();
    first.say(json!({"type": "subscribe", "rooms": rooms})).await;
    assert_eq!(first.next().await["code"], "too_large", "a list that cannot fit is refused as one");
    first.say(json!({"type": "unsubscribe", "room": rooms[0]})).await;
    assert_eq!(first.next().await["type"], "unsubscribed");
    assert_eq!(ask(&mut first, &rooms[2]).await, "subscribed");
    drop(dans);
}

#[tokio::test]
async fn a_socket_that_answers_no_ping_is_dead_and_one_that_does_is_not() {
    let platform = Platform::start_with(|config| {
        config.limits.heartbeat = Duration::from_millis(100);
        config.limits.socket_dead = Duration::from_secs(4);
    });
    let platform = platform.await;
    let project = platform.project("p").await;
    let mut alive = platform.admin.socket().await;
    alive.subscribe(&project, None).await;
    let mut deaf = platform.admin.socket().await;
    let alive = tokio::spawn(async move { alive.next_or_close().await });
    // A client that reads nothing answers no ping; the server hangs up without a word.
    deaf.until_closed().await;
    platform.admin.save(&project, "a.md", b"x").await.expect(201);
    assert_eq!(alive.await.unwrap().unwrap()["type"], "doc:updated", "who answers stays");
}

#[tokio::test]
async fn an_address_that_fails_too_often_is_refused_unheard() {
    let platform = Platform::start_with(|config| config.trusted_proxies = 1).await;
    let project = platform.project("p").await;
    let from = |key: &str, address: &str| {
        let request = platform.admin.http().get(format!("{}/api/projects", platform.admin.url));
        send(request.bearer_auth(key).header("x-forwarded-for", format!("9.9.9.9, {address}")))
    };
    let ann = platform.member(&project, "developer", "Ann").await;
    let bob = platform.member(&project, "developer", "Bob").await;
    from(&ann.key, "1.1.1.1").await.expect(200);
    for n in 0..10 {
        from(&format!("sk_guess{n}"), "1.1.1.1").await.refused(401, "unauthorized");
    }
    let refused = from("sk_guess10", "1.1.1.1").await;
    let seconds: u64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=6).contains(&seconds), "{seconds}");
    refused.refused(429, "rate_limited");
    from(&bob.key, "1.1.1.1").await.refused(429, "rate_limited");
    from("sk_guess1", "1.1.1.1").await.refused(401, "unauthorized");
    from(&ann.key, "1.1.1.1").await.expect(200);
    from(&bob.key, "1.1.1.2").await.expect(200);
    from(&bob.key, "1.1.1.1").await.expect(200);
    platform.clock.advance(Duration::from_secs(6));
    from("sk_guess11", "1.1.1.1").await.refused(401, "unauthorized");
    from("sk_guess12", "1.1.1.1").await.refused(429, "rate_limited");

    for n in 0..10 {
        from(&format!("sk_guess{n}"), &format!("2001:db8:1:2::{n}")).await.refused(401, "unauthorized");
    }
    from("sk_other", "2001:db8:1:2:ffff::1").await.refused(429, "rate_limited");
    from("sk_other", "2001:db8:1:3::1").await.refused(401, "unauthorized");
}

#[tokio::test]
async fn guessing_over_sockets_is_refused_at_the_upgrade_and_on_the_line() {
    let platform = Platform::start().await;
    let mut waiting = anonymous(&platform.admin).await;
    for n in 0..10 {
        let mut socket = anonymous(&platform.admin).await;
        socket.say(json!({"type": "auth", "token": format!("sk_guess{n}")})).await;
        assert_eq!(socket.next_or_close().await, Err(Some(4401)));
    }
    for guess in ["sk_guess1", "sk_guess10"] {
        let answer = Socket::refused(&format!("{}?token={guess}", ws(&platform.admin))).await;
        assert_eq!(answer.status(), 429);
        assert!(answer.headers().contains_key("retry-after"));
    }
    waiting.say(json!({"type": "auth", "token": "sk_guess11"})).await;
    let refused = waiting.next().await;
    assert_eq!((&refused["code"], refused["retryAfterMs"].is_u64()), (&json!("rate_limited"), true));
    assert_eq!(waiting.next_or_close().await, Err(Some(4401)));
    platform.admin.get("/api/projects").await.refused(429, "rate_limited");
    platform.clock.advance(Duration::from_secs(6));
    platform.admin.get("/api/projects").await.expect(200);
    let mut guess = anonymous(&platform.admin).await;
    guess.say(json!({"type": "auth", "token": "sk_guess12"})).await;
    assert_eq!(guess.next_or_close().await, Err(Some(4401)));
    let socket = platform.admin.socket().await;
    drop(socket);
}
