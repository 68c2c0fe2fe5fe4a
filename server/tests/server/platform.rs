//! A real server in this process, its clock in our hands, and callers that speak HTTP to it.

use std::time::Duration;

use aitk_server::{Clock, Config, Server};
use futures_util::{SinkExt, StreamExt};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::Response;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// No answer of these tests takes nearly so long.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Platform {
    server: Server,
    pub clock: Clock,
    pub dir: tempfile::TempDir,
    pub admin: Caller,
}

impl Platform {
    pub async fn start() -> Self {
        Platform::start_with(|_| {}).await
    }

    pub async fn start_with(adjust: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut config = Config::in_folder(dir.path());
        adjust(&mut config);
        let clock = Clock::default();
        let server = Server::start(config, clock.clone()).await.unwrap();
        let key = server.first_admin_key().unwrap().to_owned();
        let admin = Caller::new(&format!("http://{}", server.address()), &key);
        Platform { server, clock, dir, admin }
    }

    /// Stops the server and starts another on the same data.
    pub async fn restart(self) -> Self {
        let config = Config::in_folder(self.dir.path());
        self.restart_as(config).await
    }

    /// The same, where it was, so that clients come back.
    pub async fn restart_in_place(self) -> Self {
        let config = Config { listen: self.server.address(), ..Config::in_folder(self.dir.path()) };
        self.restart_as(config).await
    }

    async fn restart_as(self, config: Config) -> Self {
        self.server.stop().await.unwrap();
        let server = Server::start(config, self.clock.clone()).await.unwrap();
        assert_eq!(server.first_admin_key(), None, "an admin key is made once");
        let admin = Caller::new(&format!("http://{}", server.address()), &self.admin.key);
        Platform { server, admin, ..self }
    }

    pub async fn stop(self) {
        self.server.stop().await.unwrap();
    }

    /// Makes a project and returns its id.
    pub async fn project(&self, name: &str) -> String {
        let made = self.admin.post("/api/projects", json!({"name": name})).await;
        made.expect(201)["id"].as_str().unwrap().to_owned()
    }

    /// Makes a key of one project and returns who holds it.
    pub async fn member(&self, project: &str, role: &str, name: &str) -> Caller {
        let path = format!("/api/projects/{project}/keys");
        let made = self.admin.post(&path, json!({"name": name, "role": role})).await;
        self.as_key(made.expect(201)["key"].as_str().unwrap())
    }

    pub fn as_key(&self, key: &str) -> Caller {
        Caller { key: key.into(), ..self.admin.clone() }
    }
}

#[derive(Clone)]
pub struct Caller {
    http: reqwest::Client,
    pub url: String,
    pub key: String,
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub bytes: Vec<u8>,
    pub body: Value,
}

impl Answer {
    /// The body, if the status is the expected one.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.body
    }

    /// The code of a problem document, if that and the status are the expected ones.
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> Value {
        assert_eq!(self.headers["content-type"], "application/problem+json", "{}", self.body);
        assert_eq!((self.status, &self.body["code"]), (status, &json!(code)), "{}", self.body);
        assert_eq!(self.body["status"], status, "{}", self.body);
        self.body
    }
}

impl Caller {
    fn new(url: &str, key: &str) -> Self {
        let http =
            reqwest::Client::builder().no_proxy().no_gzip().no_zstd().timeout(PATIENCE).build().unwrap();
        Caller { http, url: url.into(), key: key.into() }
    }

    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url)).header("x-api-key", &self.key)
    }

    /// Sends without any credential.
    pub fn http(&self) -> &reqwest::Client {
        &self.http
    }

    pub async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        send(self.request(Method::POST, path).json(&body)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        send(self.request(Method::PUT, path).json(&body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        send(self.request(Method::DELETE, path)).await
    }

    /// Saves a doc as raw bytes.
    pub async fn save(&self, project: &str, path: &str, content: &[u8]) -> Answer {
        let url = format!("/api/projects/{project}/docs/{path}");
        send(self.request(Method::PUT, &url).header("content-type", "text/markdown").body(content.to_vec()))
            .await
    }

    /// Opens a socket with this key and reads the greeting.
    pub async fn socket(&self) -> Socket {
        let mut socket =
            Socket::open(&format!("{}/ws?token={}", self.url.replace("http", "ws"), self.key)).await;
        assert_eq!(socket.next().await["type"], "connected");
        socket
    }
}

pub async fn send(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let bytes = response.bytes().await.unwrap().to_vec();
    let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    Answer { status, headers, bytes, body }
}

pub struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    pub async fn open(url: impl IntoClientRequest + Unpin) -> Self {
        Socket(tokio_tungstenite::connect_async(url).await.unwrap().0)
    }

    /// The answer to an upgrade that is refused.
    pub async fn refused(url: impl IntoClientRequest + Unpin) -> Response<Option<Vec<u8>>> {
        match tokio_tungstenite::connect_async(url).await {
            Err(tungstenite::Error::Http(answer)) => *answer,
            other => panic!("{:?}", other.map(|_| "a socket")),
        }
    }

    /// Reads bytes, and answers nothing, until the server hangs up.
    pub async fn until_closed(&mut self) {
        let MaybeTlsStream::Plain(line) = self.0.get_mut() else { panic!("encrypted") };
        let mut bytes = Vec::new();
        let closed = tokio::time::timeout(PATIENCE, line.read_to_end(&mut bytes)).await;
        // Reset or closed: both are the end.
        let _ = closed.expect("an end in time");
    }

    pub async fn say(&mut self, frame: Value) {
        self.0.send(Message::text(frame.to_string())).await.unwrap();
    }

    /// The next frame.
    pub async fn next(&mut self) -> Value {
        match self.next_or_close().await {
            Ok(frame) => frame,
            Err(code) => panic!("closed with {code:?}"),
        }
    }

    pub async fn say_text(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.unwrap();
    }

    /// The next frame that is not about who is there, or the close code.
    pub async fn next_or_close(&mut self) -> Result<Value, Option<u16>> {
        loop {
            match self.any().await {
                Ok(frame) if frame["type"] == "presence:update" => {}
                other => return other,
            }
        }
    }

    /// The next `presence:update` or `user:typing`.
    pub async fn company(&mut self) -> Value {
        loop {
            let frame = self.any().await.unwrap();
            if frame["type"] == "presence:update" || frame["type"] == "user:typing" {
                assert_eq!((frame.get("offset"), frame["id"].is_string()), (None, true), "{frame}");
                return frame;
            }
        }
    }

    /// The next frame of any kind, or the close code.
    pub async fn any(&mut self) -> Result<Value, Option<u16>> {
        self.next_text().await.map(|text| serde_json::from_str(&text).unwrap())
    }

    /// The same, as it came.
    pub async fn next_text(&mut self) -> Result<String, Option<u16>> {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.0.next()).await.expect("a frame in time");
            match message {
                Some(Ok(Message::Text(text))) => return Ok(text.to_string()),
                Some(Ok(Message::Close(frame))) => return Err(frame.map(|frame| frame.code.into())),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(None),
            }
        }
    }

    /// Subscribes to a project's room; returns the answer.
    pub async fn subscribe(&mut self, project: &str, since: Option<u64>) -> Value {
        let mut frame = json!({"type": "subscribe", "room": format!("project:{project}")});
        if let Some(since) = since {
            frame["since"] = since.into();
        }
        self.say(frame).await;
        let answer = self.next().await;
        assert_eq!(answer["type"], "subscribed", "{answer}");
        answer
    }
}
