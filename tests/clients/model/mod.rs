//! A model server of ours on loopback: it answers with what a script says, whatever it is asked, and
//! keeps what the client told it.
//!
//! It has no memory: how many results of tools a conversation holds says which step is next. So a request
//! that a client repeats gets the same answer again, and one on the side (a title, a model list) moves nothing.

mod anthropic;
mod chat;
mod gemini;
mod play;
mod responses;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use play::Play;
use serde_json::Value;
use tokio::runtime::Runtime;

/// What starts the words that a script's subagent gets, so that its conversation is told from the main one.
pub const SUBAGENT: &str = "AS-A-SUBAGENT";

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
    /// What the client adds of its own after the last call: the words of hooks are there.
    beside: String,
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

impl Model {
    /// Starts a server that plays `script`.
    pub fn play(wire: Wire, script: Script) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let play = Arc::new(Play::new(wire, script));
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
        self.play.heard()
    }
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
