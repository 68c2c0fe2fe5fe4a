//! A model server of ours on loopback: it answers with what a script says, whatever it is asked, and
//! keeps what the client told it.
//!
//! It has no memory: how many results of tools a conversation holds says which step is next. So a request
//! that a client repeats gets the same answer again, and one on the side (a title, a model list) moves nothing.

mod anthropic;
mod chat;
mod gemini;
mod responses;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Method, Request, Response, StatusCode, Uri};
use serde_json::Value;
use tokio::runtime::Runtime;
use tokio::sync::Notify;

/// What starts the words that a script's subagent gets, so that its conversation is told from the main one.
pub const SUBAGENT: &str = "AS-A-SUBAGENT";

/// How long the main conversation waits for its subagent.
const SUBAGENT_LIMIT: Duration = Duration::from_secs(30);

/// The call of a client's tool.
#[derive(Clone, Debug)]
pub struct Call {
    pub tool: String,
    pub arguments: Value,
}

impl Call {
    pub fn new(tool: &str, arguments: Value) -> Self {
        Call { tool: tool.to_owned(), arguments }
    }
}

/// The calls of the main conversation, and those of the subagent that one of them starts.
#[derive(Clone, Debug, Default)]
pub struct Script {
    pub main: Vec<Call>,
    pub subagent: Vec<Call>,
}

/// What a client told the model.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    /// What each call of the main conversation came to.
    pub main: Vec<String>,
    /// What each call of the subagent came to.
    pub subagent: Vec<String>,
    /// How often it was asked for the next step of a conversation.
    pub turns: usize,
    /// Scripted tools that the client did not offer when their turn came, with those that it did.
    pub not_offered: Vec<String>,
    /// Every request: its path and its body.
    pub requests: Vec<(String, String)>,
}

/// The interface of a model's vendor.
#[derive(Clone, Copy, Debug)]
pub enum Wire {
    /// Anthropic's Messages.
    Anthropic,
    /// OpenAI's Responses.
    Responses,
    /// OpenAI's chat completions.
    Chat,
    /// Google's `generateContent`.
    Gemini,
}

/// A request for the next words of a conversation.
struct Asked {
    /// The names of the tools that the client offers.
    tools: Vec<String>,
    /// What the calls so far came to.
    results: Vec<String>,
    /// The text that started the conversation.
    prompt: String,
    streams: bool,
}

/// What the model says next: the call with its place in the conversation, or a text.
enum Turn<'a> {
    Call(usize, &'a Call),
    Say(&'a str),
}

/// An answer in the wire's words.
enum Answer {
    Json(Value),
    /// Events with their names, where the wire has such.
    Events(Vec<(Option<&'static str>, String)>),
}

/// The server. It ends when it is dropped.
pub struct Model {
    pub address: SocketAddr,
    play: Arc<Play>,
    _runtime: Runtime,
}

/// A script on its way.
struct Play {
    wire: Wire,
    script: Script,
    heard: Mutex<Heard>,
    moved: Notify,
}

impl Model {
    /// Starts a server that plays `script`.
    pub fn play(wire: Wire, script: Script) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let play = Arc::new(Play { wire, script, heard: Mutex::default(), moved: Notify::new() });
        let played = play.clone();
        let router = Router::new().fallback(move |request: Request<Body>| {
            let play = played.clone();
            async move {
                let (head, body) = request.into_parts();
                let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
                play.reply(&head.method, &head.uri, &body).await
            }
        });
        runtime.spawn(async move { axum::serve(listener, router).await });
        Model { address, play, _runtime: runtime }
    }

    /// What it was told until now.
    pub fn heard(&self) -> Heard {
        self.play.heard.lock().unwrap().clone()
    }
}

impl Play {
    async fn reply(&self, method: &Method, uri: &Uri, body: &Bytes) -> Response<Body> {
        let path = uri.path();
        let request = (format!("{method} {path}"), String::from_utf8_lossy(body).into_owned());
        self.heard.lock().unwrap().requests.push(request);
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let asked = match self.wire {
            Wire::Anthropic => anthropic::asked(path, &body),
            Wire::Responses => responses::asked(path, &body),
            Wire::Chat => chat::asked(path, &body),
            Wire::Gemini => gemini::asked(path, &body),
        };
        let Some(asked) = asked else { return render(aside(self.wire, method, path)) };
        let turn = self.turn(&asked).await;
        render(match self.wire {
            Wire::Anthropic => anthropic::answer(&turn, asked.streams),
            Wire::Responses => responses::answer(&turn),
            Wire::Chat => chat::answer(&turn, asked.streams),
            Wire::Gemini => gemini::answer(&turn, asked.streams),
        })
    }

    /// The next step of the conversation; what was told so far is kept.
    async fn turn(&self, asked: &Asked) -> Turn<'_> {
        if asked.tools.is_empty() {
            return Turn::Say("A title");
        }
        let is_main = !asked.prompt.contains(SUBAGENT);
        let calls = if is_main { &self.script.main } else { &self.script.subagent };
        let step = asked.results.len();
        let call = calls.get(step);
        self.note(is_main, asked, call);
        match call {
            Some(call) => Turn::Call(step, call),
            None => {
                // A session that ends takes a subagent in the background with it.
                let _ = tokio::time::timeout(SUBAGENT_LIMIT, self.subagent_has_ended()).await;
                Turn::Say("Done.")
            }
        }
    }

    fn note(&self, is_main: bool, asked: &Asked, next: Option<&Call>) {
        let mut heard = self.heard.lock().unwrap();
        heard.turns += 1;
        let told = if is_main { &mut heard.main } else { &mut heard.subagent };
        if asked.results.len() > told.len() {
            told.clone_from(&asked.results);
        }
        if let Some(call) = next.filter(|call| !asked.tools.contains(&call.tool)) {
            let missing = format!("{} is not one of {}", call.tool, asked.tools.join(", "));
            heard.not_offered.push(missing);
        }
        self.moved.notify_waiters();
    }

    async fn subagent_has_ended(&self) {
        loop {
            let moved = self.moved.notified();
            if self.heard.lock().unwrap().subagent.len() >= self.script.subagent.len() {
                return;
            }
            moved.await;
        }
    }
}

/// What a client asks beside a conversation: how long a text is, which models there are.
fn aside(wire: Wire, method: &Method, path: &str) -> Answer {
    let is_list = *method == Method::GET && path.ends_with("/models");
    Answer::Json(match wire {
        Wire::Anthropic if path.ends_with("/count_tokens") => serde_json::json!({"input_tokens": 100}),
        Wire::Gemini if path.ends_with(":countTokens") => serde_json::json!({"totalTokens": 100}),
        Wire::Gemini if is_list => serde_json::json!({"models": []}),
        _ if is_list => serde_json::json!({"object": "list", "data": [], "models": []}),
        _ => Value::Null,
    })
}

fn render(answer: Answer) -> Response<Body> {
    let (status, kind, body) = match answer {
        Answer::Json(Value::Null) => (StatusCode::NOT_FOUND, "application/json", "{}".to_owned()),
        Answer::Json(body) => (StatusCode::OK, "application/json", body.to_string()),
        Answer::Events(events) => {
            let event = |(name, data): (Option<&str>, String)| {
                format!("{}data: {data}\n\n", name.map_or(String::new(), |name| format!("event: {name}\n")))
            };
            (StatusCode::OK, "text/event-stream", events.into_iter().map(event).collect())
        }
    };
    Response::builder().status(status).header("content-type", kind).body(Body::from(body)).unwrap()
}

/// All text in a value: a string, or the `text` of each of a list's parts.
fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().map(text_of).collect::<Vec<_>>().join("\n"),
        Value::Object(part) => part.get("text").map_or(String::new(), text_of),
        _ => String::new(),
    }
}

/// The strings at `field` of each of a list's members.
fn names(list: &Value, field: &str) -> Vec<String> {
    let members = list.as_array().into_iter().flatten();
    members.filter_map(|member| member.pointer(field)?.as_str().map(str::to_owned)).collect()
}
