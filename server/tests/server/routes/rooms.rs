use serde_json::json;

use crate::platform::Platform;

#[tokio::test]
async fn the_log_is_read_by_offset_and_page() {
    let platform = Platform::start().await;
    let project = platform.project("p").await;
    for n in 0..5 {
        platform.admin.save(&project, &format!("{n}.md"), b"x").await.expect(201);
    }
    let room = format!("/api/rooms/project:{project}/events");
    let page = platform.admin.get(&format!("{room}?since=1&limit=2")).await.expect(200);
    let offsets: Vec<_> =
        page["events"].as_array().unwrap().iter().map(|event| event["offset"].as_u64().unwrap()).collect();
    assert_eq!((&offsets[..], &page["offset"]), (&[2, 3][..], &json!(5)));
    let event = &page["events"][0];
    assert_eq!(
        (&event["type"], &event["data"]["path"], &event["data"]["revision"]),
        (&json!("doc:updated"), &json!("1.md"), &json!(2))
    );
    assert_eq!((&event["epoch"], &event["room"]), (&page["epoch"], &json!(format!("project:{project}"))));
    let beyond = platform.admin.get(&format!("{room}?since=99&wait=20")).await.expect(200);
    assert_eq!((&beyond["events"], &beyond["offset"]), (&json!([]), &json!(5)));
    let elsewhere = platform.admin.get(&format!("{room}?since=2&epoch=epo_other&wait=20")).await.expect(200);
    assert_eq!(
        (&elsewhere["recovered"], &elsewhere["events"], &elsewhere["offset"]),
        (&json!(false), &json!([]), &json!(5))
    );
    platform.admin.get("/api/rooms/planet:x/events").await.refused(422, "invalid_request");
    platform.admin.get(&format!("{room}?wait=61")).await.refused(422, "invalid_request");
    platform.admin.get(&format!("{room}?since=x")).await.refused(422, "invalid_request");
}

#[tokio::test]
async fn a_long_poll_wakes_with_the_event() {
    let platform = Platform::start().await;
    let project = platform.project("p").await;
    let developer = platform.member(&project, "developer", "Dan").await;
    let room = format!("/api/rooms/project:{project}/events");
    let poll = tokio::spawn({
        let (developer, path) = (developer.clone(), format!("{room}?since=0&wait=20"));
        async move { developer.get(&path).await }
    });
    platform.admin.save(&project, "a.md", b"x").await.expect(201);
    let page = poll.await.unwrap().expect(200);
    assert_eq!(page["events"][0]["data"]["path"], "a.md");
    let quiet = developer.get(&format!("{room}?since=1&wait=1")).await.expect(200);
    assert_eq!(quiet["events"], json!([]));
    let path = format!("{room}?since=1&wait=20");
    let poll = developer.get(&path);
    let revoke = async {
        let keys = platform.admin.get(&format!("/api/projects/{project}/keys")).await.expect(200);
        let key = format!("/api/projects/{project}/keys/{}", keys[0]["id"].as_str().unwrap());
        platform.admin.delete(&key).await.expect(204);
        platform.admin.save(&project, "b.md", b"x").await.expect(201);
    };
    let (poll, ()) = tokio::join!(poll, revoke);
    poll.refused(401, "unauthorized");
    let developer = platform.member(&project, "developer", "Dan").await;
    developer.get("/api/rooms/user:somebody/events").await.refused(404, "not_found");
}
