//! Anthropic's Messages: <https://docs.anthropic.com/en/api/messages-streaming>.

use serde_json::{Value, json};

use super::{Answer, Asked, Turn, names, text_of};

pub fn asked(path: &str, body: &Value) -> Option<Asked> {
    let messages = path.ends_with("/v1/messages").then(|| body["messages"].as_array())??;
    let parts = messages.iter().filter_map(|message| message["content"].as_array()).flatten();
    let results = parts.filter(|part| part["type"] == "tool_result").map(|part| text_of(&part["content"]));
    let said = messages.iter().rev().take_while(|message| message["role"] != "assistant");
    let beside: Vec<_> = said.map(|message| text_of(&message["content"])).collect();
    Some(Asked {
        tools: names(&body["tools"], "/name"),
        results: results.collect(),
        beside: beside.join("\n"),
        prompt: messages.first().map_or(String::new(), |first| text_of(&first["content"])),
        streams: body["stream"] == true,
    })
}

pub fn answer(turn: &Turn<'_>, streams: bool) -> Answer {
    let (block, stop) = match turn {
        Turn::Call(step, call) => {
            let id = format!("toolu_{step:04}");
            (json!({"type": "tool_use", "id": id, "name": call.tool, "input": call.arguments}), "tool_use")
        }
        Turn::Say(text) => (json!({"type": "text", "text": text}), "end_turn"),
    };
    let message = |content: Value, stop: Value| {
        json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5",
            "content": content, "stop_reason": stop, "stop_sequence": null,
            "usage": {"input_tokens": 10, "output_tokens": 10}})
    };
    if !streams {
        return Answer::Json(message(json!([block]), stop.into()));
    }
    let (empty, delta) = match turn {
        Turn::Call(_, call) => {
            let mut empty = block;
            empty["input"] = json!({});
            (empty, json!({"type": "input_json_delta", "partial_json": call.arguments.to_string()}))
        }
        Turn::Say(text) => (json!({"type": "text", "text": ""}), json!({"type": "text_delta", "text": text})),
    };
    let events = [
        ("message_start", json!({"message": message(json!([]), Value::Null)})),
        ("content_block_start", json!({"index": 0, "content_block": empty})),
        ("content_block_delta", json!({"index": 0, "delta": delta})),
        ("content_block_stop", json!({"index": 0})),
        (
            "message_delta",
            json!({"delta": {"stop_reason": stop, "stop_sequence": null}, "usage": {"output_tokens": 10}}),
        ),
        ("message_stop", json!({})),
    ];
    let events = events.into_iter().map(|(name, mut data)| {
        data["type"] = name.into();
        (Some(name), data.to_string())
    });
    Answer::Events(events.collect())
}
