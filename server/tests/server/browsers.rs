//! Pages in browsers, of our own origin and of others.

use reqwest::Method;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;

use aitk_server::Origins;

use crate::platform::{Answer, Caller, Platform, Socket, send};

fn upgrade(caller: &Caller, origin: Option<&str>) -> Request {
    let url = format!("{}/ws?token={}", caller.url.replace("http", "ws"), caller.key);
    let mut request = url.into_client_request().unwrap();
    if let Some(origin) = origin {
        request.headers_mut().insert("origin", origin.parse().unwrap());
    }
    request
}

async fn preflight(caller: &Caller, origin: &str) -> Answer {
    let asked = caller.http().request(Method::OPTIONS, format!("{}/api/projects", caller.url));
    let asked = asked.header("origin", origin).header("access-control-request-method", "PUT");
    send(asked.header("access-control-request-headers", "authorization,x-lock-token")).await
}

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.headers.get(name).map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn only_pages_of_the_server_itself_come_in_unless_a_setting_names_others() {
    let listed = Origins::parse(&["https://app.example.com".into()]).unwrap();
    for (origins, app, evil) in
        [(Origins::default(), false, false), (listed, true, false), (Origins::Any, true, true)]
    {
        let platform = Platform::start_with(|config| config.allowed_origins = origins.clone()).await;
        let own = platform.admin.url.clone();
        let pages = [
            (own.as_str(), true),
            ("https://app.example.com", app),
            ("https://evil.example", evil),
            ("null", evil),
        ];
        let mut socket = Socket::open(upgrade(&platform.admin, None)).await;
        assert_eq!(socket.next().await["type"], "connected", "a program");
        for (origin, allowed) in pages {
            let what = format!("{origin} with {origins:?}");
            let request = upgrade(&platform.admin, Some(origin));
            match allowed {
                true => assert_eq!(Socket::open(request).await.next().await["type"], "connected", "{what}"),
                false => assert_eq!(Socket::refused(request).await.status(), 403, "{what}"),
            }
            let answer =
                send(platform.admin.request(Method::GET, "/api/projects").header("origin", origin)).await;
            let failed =
                send(platform.admin.request(Method::GET, "/api/nowhere").header("origin", origin)).await;
            let preflight = preflight(&platform.admin, origin).await;
            assert_eq!((answer.status, failed.status, preflight.status), (200, 404, 200), "{what}");
            for answer in [&answer, &failed, &preflight] {
                let expected = match (&origins, allowed) {
                    (Origins::Any, _) => "*",
                    (_, true) => origin,
                    (_, false) => "",
                };
                assert_eq!(header(answer, "access-control-allow-origin"), expected, "{what}");
            }
            let with_cookies = header(&preflight, "access-control-allow-credentials") == "true";
            assert_eq!(with_cookies, origins != Origins::Any, "{what}");
            let headers = header(&preflight, "access-control-allow-headers");
            assert!(headers.contains("authorization") && headers.contains("x-api-key"), "{headers}");
        }
    }
}
