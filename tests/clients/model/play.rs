//! A script on its way: which step is next, and what was told so far.

use std::sync::Mutex;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{Method, Response, StatusCode, Uri};
use serde_json::Value;
use tokio::sync::Notify;

use super::{Answer, Asked, Call, Heard, SUBAGENT, Script, Turn, Wire, anthropic, chat, gemini, responses};

/// How long the main conversation waits for its subagent.
const SUBAGENT_LIMIT: Duration = Duration::from_secs(30);

/// A script on its way.
pub struct Play {
    wire: Wire,
    script: Script,
    heard: Mutex<Heard>,
    moved: Notify,
}

impl Play {
    pub fn new(wire: Wire, script: Script) -> Self {
        Play { wire, script, heard: Mutex::default(), moved: Notify::new() }
    }

    pub fn heard(&self) -> Heard {
        self.heard.lock().unwrap().clone()
    }

    pub async fn reply(&self, method: &Method, uri: &Uri, body: &Bytes) -> Response<Body> {
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
            if let Some(last) = told.last_mut() {
                *last = format!("{last}\n{}", asked.beside);
            }
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
