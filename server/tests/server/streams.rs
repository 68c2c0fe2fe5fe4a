//! Event streams, as `EventSource` reads them: each event once and in order, also across restarts.

use std::collections::VecDeque;
use std::time::Duration;

use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::platform::{Answer, Caller, Platform, send};

/// One event of a stream.
#[derive(Debug, Default)]
struct Line {
    id: Option<String>,
    name: String,
    data: Value,
    retry: Option<u64>,
}

struct Stream {
    response: Response,
    text: String,
    lines: VecDeque<Line>,
    comments: usize,
}

impl Stream {
    async fn open(who: &Caller, path: &str, last_id: Option<&str>) -> Self {
        let mut request = who.request(Method::GET, path).header("accept", "text/event-stream");
        if let Some(id) = last_id {
            request = request.header("last-event-id", id);
        }
        Stream::of(request.send().await.unwrap())
    }

    fn of(response: Response) -> Self {
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert!(response.headers().get("content-encoding").is_none(), "nothing may hold events back");
        Stream { response, text: String::new(), lines: VecDeque::new(), comments: 0 }
    }

    /// The next event, or `None` where the stream ended.
    async fn next_or_end(&mut self) -> Option<Line> {
        while self.lines.is_empty() {
            self.read().await?;
        }
        self.lines.pop_front()
    }

    async fn next(&mut self) -> Line {
        self.next_or_end().await.expect("one more event")
    }

    async fn read(&mut self) -> Option<()> {
        let chunk = self.response.chunk().await.unwrap()?;
        self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        while let Some((block, rest)) = self.text.split_once("\n\n") {
            let mut line = Line::default();
            for field in block.lines() {
                match field.split_once(": ").unwrap_or((field, "")) {
                    ("id", id) => line.id = Some(id.into()),
                    ("event", name) => line.name = name.into(),
                    ("data", data) => line.data = serde_json::from_str(data).unwrap(),
                    ("retry", ms) => line.retry = Some(ms.parse().unwrap()),
                    _ => self.comments += usize::from(field.starts_with(':')),
                }
            }
            if !line.name.is_empty() {
                self.lines.push_back(line);
            }
            self.text = rest.to_owned();
        }
        Some(())
    }
}

fn path(project: &str) -> String {
    format!("/api/rooms/project:{project}/events")
}

#[tokio::test]
async fn a_stream_begins_with_the_state_and_goes_on_where_it_was_after_a_restart() {
    let platform = Platform::start().await;
    let project = platform.project("p").await;
    platform.admin.save(&project, "a.md", b"1").await.expect(201);
    let dan = platform.member(&project, "developer", "Dan").await;
    let mut stream = Stream::open(&dan, &path(&project), None).await;
    let first = stream.next().await;
    assert_eq!(
        (&*first.name, &first.data["recovered"], &first.data["offset"], &first.data["state"]["revision"]),
        ("subscribed", &json!(false), &json!(1), &json!(1))
    );
    let epoch = first.data["epoch"].as_str().unwrap().to_owned();
    assert_eq!((first.id, first.retry), (Some(format!("{epoch}:1")), Some(2000)));
    platform.admin.save(&project, "b.md", b"2").await.expect(201);
    let event = stream.next().await;
    assert_eq!(
        (&*event.name, &event.data["type"], &event.data["offset"], &event.data["data"]["path"]),
        ("doc:updated", &json!("doc:updated"), &json!(2), &json!("b.md"))
    );
    let room = path(&project);
    platform.admin.post(&room, json!({"type": "a.b", "data": 1, "ephemeral": true})).await.expect(200);
    let passing = stream.next().await;
    assert_eq!((&*passing.name, passing.id, &passing.data["data"]), ("a.b", None, &json!(1)));

    let (stopped, platform) = tokio::join!(
        async {
            let word = stream.next().await;
            assert_eq!((&*word.name, &word.data["code"]), ("closed", &json!(4012)));
            let (retry, after) = (word.retry.unwrap(), word.data["retryAfterMs"].as_u64().unwrap());
            assert!(retry == after && (500..2_500).contains(&retry), "{retry}");
            stream.next_or_end().await.is_none()
        },
        platform.restart()
    );
    assert!(stopped);
    for name in ["c.md", "d.md"] {
        platform.admin.save(&project, name, b"x").await.expect(201);
    }
    let dan = platform.as_key(&dan.key);
    let mut stream = Stream::open(&dan, &path(&project), Some(&event.id.unwrap())).await;
    let answer = stream.next().await;
    assert_eq!((&answer.data["recovered"], answer.data.get("state")), (&json!(true), None));
    assert_eq!(answer.id, Some(format!("{epoch}:2")), "where it stands, should it break right here");
    platform.admin.save(&project, "e.md", b"x").await.expect(201);
    for offset in 3..=5 {
        let event = stream.next().await;
        assert_eq!((&event.data["offset"], event.id), (&json!(offset), Some(format!("{epoch}:{offset}"))));
    }
    // The header knows more than the address; what is no place recovers nothing.
    for (query, last_id, recovered) in [
        ("?since=1", None, true),
        (&format!("?since=1&epoch={epoch}"), None, true),
        ("?since=1&epoch=epo_other", None, false),
        ("?since=99", None, false),
        ("?since=99", Some(format!("{epoch}:4")), true),
        ("?since=1", Some("epo_other:4".to_owned()), false),
        ("?since=1", Some("x".to_owned()), false),
    ] {
        let path = format!("{}{query}", path(&project));
        let answer = Stream::open(&dan, &path, last_id.as_deref()).await.next().await;
        assert_eq!(answer.data["recovered"], recovered, "{query} {last_id:?}");
    }
}

#[tokio::test]
async fn a_reader_that_comes_and_goes_during_many_writes_sees_every_event_once_and_in_order() {
    let platform = Platform::start().await;
    let project = platform.project("p").await;
    let room = path(&project);
    let write = async {
        for n in 0..300 {
            platform.admin.post(&room, json!({"type": "a.b", "data": n})).await.expect(200);
        }
    };
    let read = async {
        let (mut last, mut seen) = (None::<String>, 0);
        while seen < 300 {
            let query = format!("{room}?since=0");
            let mut stream = Stream::open(&platform.admin, &query, last.as_deref()).await;
            assert_eq!(stream.next().await.data["recovered"], true);
            for _ in 0..(300 - seen).min(37) {
                let event = stream.next().await;
                assert_eq!(event.data["offset"], seen + 1);
                assert_eq!(event.data["data"], seen);
                (last, seen) = (event.id, seen + 1);
            }
        }
    };
    tokio::join!(write, read);
}

#[tokio::test]
async fn a_stream_ends_with_its_credential_and_with_its_room() {
    let platform = Platform::start().await;
    let (first, second) = (platform.project("p").await, platform.project("q").await);
    let (keys, key) = (format!("/api/projects/{first}/keys"), json!({"name": "D", "role": "developer"}));
    let made = platform.admin.post(&keys, key).await.expect(201);
    let dan = platform.as_key(made["key"].as_str().unwrap());
    let mut stream = Stream::open(&dan, &path(&first), None).await;
    stream.next().await;
    let key = format!("/api/projects/{first}/keys/{}", made["id"].as_str().unwrap());
    platform.admin.delete(&key).await.expect(204);
    assert_eq!(stream.next().await.data["code"], 4401);
    assert!(stream.next_or_end().await.is_none());

    let end = platform.clock.now().plus(Duration::from_secs(3600));
    let short = json!({"name": "S", "role": "developer", "expiresAt": end.to_string()});
    let made = platform.admin.post(&format!("/api/projects/{second}/keys"), short).await.expect(201);
    let mut stream =
        Stream::open(&platform.as_key(made["key"].as_str().unwrap()), &path(&second), None).await;
    stream.next().await;
    platform.clock.advance(Duration::from_secs(3601));
    assert_eq!(stream.next().await.data["code"], 4401);

    let mut stream = Stream::open(&platform.admin, &path(&second), None).await;
    stream.next().await;
    platform.admin.delete(&format!("/api/projects/{second}")).await.expect(204);
    assert_eq!(stream.next().await.data["code"], 4403);
    assert!(stream.next_or_end().await.is_none());
}

/// As a browser asks: nothing but the address.
async fn as_browser(caller: &Caller, query: &str, accept: &str) -> Response {
    let url = format!("{}{query}", caller.url);
    caller.http().get(url).header("accept", accept).send().await.unwrap()
}

#[tokio::test]
async fn a_browser_shows_its_credential_in_the_address_and_only_for_a_stream() {
    let platform = Platform::start_with(|config| {
        config.limits.user_sockets = 2;
        config.limits.heartbeat = Duration::from_millis(50);
    })
    .await;
    let project = platform.project("p").await;
    let dan = platform.member(&project, "developer", "Dan").await;
    let query = format!("{}?token={}", path(&project), dan.key);
    let mut first = Stream::of(as_browser(&dan, &query, "text/event-stream").await);
    assert_eq!(first.next().await.name, "subscribed");
    while first.comments < 2 {
        first.read().await.unwrap();
    }
    assert_eq!(as_browser(&dan, &query, "*/*").await.status(), 401);
    let wrong = format!("{}?token=sk_wrong", path(&project));
    assert_eq!(as_browser(&dan, &wrong, "text/event-stream").await.status(), 401);
    let other = platform.project("other").await;
    let stream =
        |project: &str| dan.request(Method::GET, &path(project)).header("accept", "text/event-stream");
    let refused: Answer = send(stream(&other)).await;
    refused.refused(404, "not_found");
    let second = Stream::open(&dan, &path(&project), None).await;
    let refused = send(stream(&project)).await;
    assert!(refused.headers.contains_key("retry-after"));
    refused.refused(429, "rate_limited");
    drop((first, second));
}

#[tokio::test]
async fn a_stream_that_nobody_reads_is_ended_and_loses_nothing() {
    let platform = Platform::start().await;
    let project = platform.project("p").await;
    let room = path(&project);
    let mut slow = Stream::open(&platform.admin, &room, None).await;
    let mut last = slow.next().await.id;
    let event = json!({"type": "a.b", "data": "x".repeat(30_000)});
    // Far more than the line and the queue hold together.
    for _ in 0..50 {
        let events: Vec<_> = (0..20).map(|_| event.clone()).collect();
        platform.admin.post(&room, events.into()).await.expect(200);
    }
    let (mut seen, mut breaks) = (0, 0);
    while seen < 1_000 {
        let line = slow.next().await;
        if line.name == "closed" {
            assert_eq!(line.data["code"], 4008);
            assert!(slow.next_or_end().await.is_none());
            breaks += 1;
            slow = Stream::open(&platform.admin, &room, last.as_deref()).await;
            assert_eq!(slow.next().await.data["recovered"], true);
            continue;
        }
        seen += 1;
        assert_eq!(line.data["offset"], seen);
        last = line.id;
    }
    assert_eq!(breaks, 1);
}
