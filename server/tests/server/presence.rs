//! Who is in a room and who types there, as people with several tabs, reloads and dead lines see it.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::platform::{Caller, Platform, Socket};
use crate::tokens::{Issuer, SECRET, claims};

/// Well over what a reload may take.
const GRACE: Duration = Duration::from_secs(5);

fn ids(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|member| member["id"].as_str().unwrap()).collect()
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|member| member["name"].as_str().unwrap()).collect()
}

async fn say(socket: &mut Socket, project: &str, status: &str) {
    let room = format!("project:{project}");
    socket.say(json!({"type": "presence", "room": room, "status": status})).await;
}

/// Once this has come back, the server has dealt with what the socket said before.
async fn settled(socket: &mut Socket) {
    socket.say(json!({"type": "ping"})).await;
    assert_eq!(socket.next().await["type"], "pong");
}

/// Who is there in another way, as the next message that tells of such says.
async fn changed(socket: &mut Socket) -> Value {
    loop {
        let changed = socket.company().await["data"]["changed"].take();
        if changed.as_array().is_some_and(|list| !list.is_empty()) {
            return changed;
        }
    }
}

async fn there(caller: &Caller, project: &str) -> Value {
    caller.get(&format!("/api/rooms/project:{project}/presence")).await.expect(200)
}

#[tokio::test]
async fn people_see_who_comes_how_they_are_and_who_goes() {
    let platform = Platform::start().await;
    let project = platform.project("p").await;
    let (dan, eve) =
        (platform.member(&project, "developer", "Dan").await, platform.member(&project, "lead", "Eve").await);
    let mut dans = dan.socket().await;
    let answer = dans.subscribe(&project, None).await;
    let first = &answer["state"]["presence"];
    assert_eq!((&first["count"], &names(&first["members"])[..]), (&json!(1), &["Dan"][..]));
    assert_eq!(first["members"][0]["status"], "online");
    assert!(first["members"][0]["since"].is_string() && answer.get("presence").is_none());

    let mut eves = eve.socket().await;
    assert_eq!(eves.subscribe(&project, None).await["state"]["presence"]["count"], 2);
    let update = dans.company().await;
    assert_eq!((&update["room"], &update["actor"]), (&json!(format!("project:{project}")), &Value::Null));
    assert_eq!(update["data"]["count"], 2);
    assert!(names(&update["data"]["joined"]).contains(&"Eve"), "{update}");
    assert_eq!((&update["data"]["left"], &update["data"]["changed"]), (&json!([]), &json!([])));

    say(&mut eves, &project, "busy").await;
    for socket in [&mut dans, &mut eves] {
        let changed = changed(socket).await;
        assert_eq!(names(&changed), ["Eve"], "her own other tabs learn it too");
        assert_eq!(changed[0]["status"], "busy");
    }

    // Who recovers by offset gets no state, but is told who is there.
    let mut tab = dan.socket().await;
    let answer = tab.subscribe(&project, Some(0)).await;
    assert_eq!((&answer["recovered"], answer.get("state")), (&json!(true), None));
    assert_eq!(answer["presence"]["count"], 2);

    eves.say(json!({"type": "unsubscribe", "room": format!("project:{project}")})).await;
    assert_eq!(eves.next().await["type"], "unsubscribed");
    assert_eq!(there(&dan, &project).await["count"], 2, "she may come back");
    platform.clock.advance(GRACE);
    let update = dans.company().await;
    assert_eq!((&update["data"]["count"], &update["data"]["joined"]), (&json!(1), &json!([])));
    assert_eq!(update["data"]["left"].as_array().unwrap().len(), 1);
    assert_eq!(names(&there(&dan, &project).await["members"]), ["Dan"]);
}

#[tokio::test]
async fn a_page_that_is_loaded_anew_is_no_news() {
    let platform = Platform::start().await;
    let project = platform.project("p").await;
    let dan = platform.member(&project, "developer", "Dan").await;
    let mut admins = platform.admin.socket().await;
    admins.subscribe(&project, None).await;
    let mut dans = dan.socket().await;
    dans.subscribe(&project, None).await;
    assert!(names(&admins.company().await["data"]["joined"]).contains(&"Dan"));
    say(&mut dans, &project, "busy").await;
    let since = changed(&mut admins).await[0]["since"].clone();
    for _ in 0..3 {
        drop(dans);
        platform.clock.advance(GRACE / 2);
        dans = dan.socket().await;
        dans.subscribe(&project, None).await;
    }
    platform.clock.advance(GRACE * 2);
    // The next news is of something else, and he is as he was.
    let mut others = platform.member(&project, "developer", "Eve").await.socket().await;
    others.subscribe(&project, None).await;
    let update = admins.company().await;
    assert_eq!((names(&update["data"]["joined"]), &update["data"]["left"]), (vec!["Eve"], &json!([])));
    let members = there(&dan, &project).await["members"].clone();
    let dans = members.as_array().unwrap().iter().find(|member| member["name"] == "Dan").unwrap();
    assert_eq!((&dans["status"], &dans["since"]), (&json!("busy"), &since));
}

#[tokio::test]
async fn three_tabs_are_one_person() {
    let platform = Platform::start().await;
    let project = platform.project("p").await;
    let dan = platform.member(&project, "developer", "Dan").await;
    let mut admins = platform.admin.socket().await;
    admins.subscribe(&project, None).await;
    let mut tabs = Vec::new();
    for _ in 0..3 {
        let mut tab = dan.socket().await;
        tab.subscribe(&project, None).await;
        tabs.push(tab);
    }
    let update = admins.company().await;
    assert_eq!(update["data"]["count"], 2);
    assert!(names(&update["data"]["joined"]).contains(&"Dan"), "{update}");
    for tab in &mut tabs[..2] {
        say(tab, &project, "away").await;
        settled(tab).await;
    }
    assert_eq!(there(&dan, &project).await["members"].as_array().unwrap().len(), 2);
    say(&mut tabs[2], &project, "away").await;
    assert_eq!(changed(&mut admins).await[0]["status"], "away", "only now no tab is looked at");
    tabs.truncate(1);
    platform.clock.advance(GRACE * 2);
    assert_eq!(there(&dan, &project).await["count"], 2, "one tab is left");
    tabs.clear();
    platform.admin.get("/healthz").await.expect(200);
    loop {
        platform.clock.advance(GRACE);
        if there(&dan, &project).await["count"] == 1 {
            break;
        }
    }
    assert_eq!(admins.company().await["data"]["left"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn of_more_than_200_people_everybody_is_told_how_many() {
    let platform = Platform::start().await;
    let project = platform.project("p").await;
    let mut admins = platform.admin.socket().await;
    let mut crowd = Vec::new();
    for n in 0..200 {
        let person = platform.member(&project, "developer", &format!("p{n}")).await;
        let mut socket = person.socket().await;
        socket.subscribe(&project, None).await;
        crowd.push(socket);
    }
    let listed = there(&platform.admin, &project).await;
    assert_eq!((&listed["count"], ids(&listed["members"]).len()), (&json!(200), 200));
    let answer = admins.subscribe(&project, None).await;
    assert_eq!(answer["state"]["presence"], json!({"count": 201}));
    assert_eq!(there(&platform.admin, &project).await, json!({"count": 201}));
    assert_eq!(admins.company().await["data"], json!({"count": 201}));
    drop(crowd.pop());
    settled(&mut admins).await;
    loop {
        platform.clock.advance(GRACE);
        let update = admins.company().await;
        if update["data"]["count"] == 200 {
            assert_eq!(ids(&update["data"]["members"]).len(), 200, "and is listed again");
            break;
        }
    }
}

#[tokio::test]
async fn a_service_listens_and_is_no_person() {
    let platform = Platform::start().await;
    let made = platform
        .admin
        .post("/api/keys", json!({"name": "ci", "role": "service", "rooms": ["issue:*"]}))
        .await
        .expect(201);
    let mut robot = platform.as_key(made["key"].as_str().unwrap()).socket().await;
    let mut admins = platform.admin.socket().await;
    for socket in [&mut robot, &mut admins] {
        socket.say(json!({"type": "presence", "room": "issue:1", "status": "away"})).await;
        assert_eq!(socket.next().await["code"], "invalid_request", "subscribe first");
        socket.say(json!({"type": "subscribe", "room": "issue:1"})).await;
        socket.next().await;
    }
    robot.say(json!({"type": "presence", "room": "issue:1", "status": "away"})).await;
    let refused = robot.next().await;
    assert_eq!((&refused["code"], &refused["room"]), (&json!("forbidden"), &json!("issue:1")));
    let presence = platform.admin.get("/api/rooms/issue:1/presence").await.expect(200);
    assert_eq!((&presence["count"], names(&presence["members"])), (&json!(1), vec!["admin"]));
    robot.say(json!({"type": "presence", "room": "issue:1", "status": "asleep"})).await;
    assert_eq!(robot.next().await["code"], "invalid_request");
    platform.admin.get("/api/rooms/planet:1/presence").await.refused(422, "invalid_request");
    let nobody = platform.as_key(made["key"].as_str().unwrap());
    nobody.get("/api/rooms/team:1/presence").await.refused(404, "not_found");
}

#[tokio::test]
async fn the_others_see_somebody_typing_until_it_ends_by_itself() {
    let platform = Platform::start().await;
    let project = platform.project("p").await;
    let dan = platform.member(&project, "developer", "Dan").await;
    let (mut dans, mut tab) = (dan.socket().await, dan.socket().await);
    let mut admins = platform.admin.socket().await;
    for socket in [&mut dans, &mut tab, &mut admins] {
        socket.subscribe(&project, None).await;
    }
    let room = format!("project:{project}");
    for _ in 0..5 {
        dans.say(json!({"type": "typing", "room": room, "on": true})).await;
    }
    settled(&mut dans).await;
    let typing = async |socket: &mut Socket| loop {
        let told = socket.company().await;
        if told["type"] == "user:typing" {
            return told;
        }
    };
    let told = typing(&mut admins).await;
    assert_eq!((&told["data"]["user"]["name"], &told["data"]["on"]), (&json!("Dan"), &json!(true)));
    assert_eq!((told["data"]["user"]["id"] == told["actor"]["id"], &told["room"]), (true, &json!(room)));
    platform.clock.advance(Duration::from_secs(1));
    assert_eq!(
        typing(&mut admins).await["data"]["on"],
        true,
        "the repetitions are one message, a second later"
    );
    platform.clock.advance(Duration::from_secs(5));
    assert_eq!(typing(&mut admins).await["data"]["on"], false);
    // Neither his own tabs nor the log hear of it.
    settled(&mut tab).await;
    platform.admin.save(&project, "a.md", b"x").await.expect(201);
    for socket in [&mut dans, &mut tab] {
        assert_eq!(socket.next().await["type"], "doc:updated");
    }
    let log = dan.get(&format!("/api/rooms/{room}/events")).await.expect(200);
    assert_eq!(log["events"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_thousand_people_come_and_vanish_and_each_message_tells_of_many() {
    let issuer = Issuer::of_secret(SECRET);
    let platform = Platform::start_with(|config| config.jwt = Some(issuer.accepted())).await;
    let project = platform.project("p").await;
    let mut admins = platform.admin.socket().await;
    admins.subscribe(&project, None).await;
    let url = format!("{}/ws", platform.admin.url.replace("http", "ws"));
    let mut crowd = Vec::new();
    for hundred in 0..10 {
        let sockets = (0..100).map(async |n| {
            let subject = format!("u{}", hundred * 100 + n);
            let token = issuer.sign(&claims(&platform, &subject, json!({"projects": [project]})));
            let mut socket = Socket::open(&format!("{url}?token={token}")).await;
            assert_eq!(socket.next().await["type"], "connected");
            socket.subscribe(&project, None).await;
            socket
        });
        crowd.extend(join_all(sockets).await);
    }
    let mut messages = 0;
    loop {
        messages += 1;
        if admins.company().await["data"]["count"] == 1_001 {
            break;
        }
    }
    assert!(messages <= 200, "{messages} messages for a thousand");
    // Gone without a word: no close frame, no unsubscription.
    drop(crowd);
    while there(&platform.admin, &project).await["count"] != 1 {
        platform.clock.advance(GRACE);
    }
    loop {
        let update = admins.company().await;
        if update["data"]["count"] == 1 {
            assert_eq!(names(&update["data"]["members"]), ["admin"]);
            break;
        }
    }
}
