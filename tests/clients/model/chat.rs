//! OpenAI's chat completions: <https://platform.openai.com/docs/api-reference/chat-streaming>.

use serde_json::{Value, json};

use super::{Answer, Asked, Turn, names, text_of};

pub fn asked(path: &str, body: &Value) -> Option<Asked> {
    let messages = path.ends_with("/chat/completions").then(|| body["messages"].as_array())??;
    let of = |role: &'static str| messages.iter().filter(move |message| message["role"] == role);
    let said = messages.iter().rev().take_while(|message| message["role"] != "assistant");
    let beside = said.filter(|message| message["role"] != "tool").map(|message| text_of(&message["content"]));
    Some(Asked {
        tools: names(&body["tools"], "/function/name"),
        results: of("tool").map(|message| text_of(&message["content"])).collect(),
        beside: beside.collect::<Vec<_>>().join("\n"),
        prompt: of("user").map(|message| text_of(&message["content"])).collect::<Vec<_>>().join("\n"),
        streams: body["stream"] == true,
    })
}

pub fn answer(turn: &Turn<'_>, streams: bool) -> Answer {
    let (message, finish) = match turn {
        Turn::Call(step, call) => {
            let function = json!({"name": call.tool, "arguments": call.arguments.to_string()});
            let call =
                json!({"index": 0, "id": format!("call_{step}"), "type": "function", "function": function});
            (json!({"role": "assistant", "content": null, "tool_calls": [call]}), "tool_calls")
        }
        Turn::Say(text) => (json!({"role": "assistant", "content": text}), "stop"),
    };
    let usage = json!({"prompt_tokens": 10, "completion_tokens": 10, "total_tokens": 20});
    let body = |object: &str, choices: Value, usage: Value| {
        json!({"id": "chatcmpl-1", "object": object, "created": 1, "model": "scripted", "choices": choices,
            "usage": usage})
    };
    if !streams {
        let choices = json!([{"index": 0, "message": message, "finish_reason": finish}]);
        return Answer::Json(body("chat.completion", choices, usage));
    }
    let chunk =
        |choices: Value, usage: Value| (None, body("chat.completion.chunk", choices, usage).to_string());
    Answer::Events(vec![
        chunk(json!([{"index": 0, "delta": message, "finish_reason": null}]), Value::Null),
        chunk(json!([{"index": 0, "delta": {}, "finish_reason": finish}]), Value::Null),
        chunk(json!([]), usage),
        (None, "[DONE]".to_owned()),
    ])
}
