//! OpenAI's Responses, as a stream: <https://platform.openai.com/docs/api-reference/responses-streaming>.

use serde_json::{Value, json};

use super::{Answer, Asked, Turn, text_of};

pub fn asked(path: &str, body: &Value) -> Option<Asked> {
    let input = path.ends_with("/responses").then(|| body["input"].as_array())??;
    let results =
        input.iter().filter(|item| item["type"].as_str().is_some_and(|kind| kind.ends_with("_output")));
    let said = input.iter().filter(|item| item["role"] == "user").map(|item| text_of(&item["content"]));
    let is_call = |item: &Value| item["type"].as_str().is_some_and(|kind| kind.ends_with("_call"));
    let beside = input.iter().rev().take_while(|item| !is_call(item)).map(|item| text_of(&item["content"]));
    Some(Asked {
        tools: body["tools"].as_array().into_iter().flatten().flat_map(tool_names).collect(),
        results: results.map(|item| text_of(&item["output"])).collect(),
        beside: beside.collect::<Vec<_>>().join("\n"),
        prompt: said.collect::<Vec<_>>().join("\n"),
        streams: true,
    })
}

/// A namespace's tools are written as `namespace/tool`.
fn tool_names(tool: &Value) -> Vec<String> {
    let name = tool["name"].as_str().or(tool["type"].as_str()).unwrap_or_default().to_owned();
    match tool["tools"].as_array() {
        None => vec![name],
        Some(tools) => tools.iter().flat_map(tool_names).map(|tool| format!("{name}/{tool}")).collect(),
    }
}

pub fn answer(turn: &Turn<'_>) -> Answer {
    let item = match turn {
        // A tool without a schema takes a text, and no JSON.
        Turn::Call(step, call) if call.arguments.is_string() => {
            json!({"type": "custom_tool_call", "id": format!("ctc_{step}"), "call_id": format!("call_{step}"),
                "status": "completed", "name": call.tool, "input": call.arguments})
        }
        Turn::Call(step, call) => {
            let mut item = json!({"type": "function_call", "id": format!("fc_{step}"),
                "call_id": format!("call_{step}"), "status": "completed", "name": call.tool,
                "arguments": call.arguments.to_string()});
            if let Some((namespace, tool)) = call.tool.split_once('/') {
                item["namespace"] = namespace.into();
                item["name"] = tool.into();
            }
            item
        }
        Turn::Say(text) => {
            json!({"type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
                "content": [{"type": "output_text", "text": text, "annotations": []}]})
        }
    };
    let usage = json!({"input_tokens": 10, "input_tokens_details": null, "output_tokens": 10,
        "output_tokens_details": null, "total_tokens": 20});
    let events = [
        ("response.created", json!({"response": {"id": "resp_1"}})),
        ("response.output_item.added", json!({"output_index": 0, "item": item})),
        ("response.output_item.done", json!({"output_index": 0, "item": item})),
        ("response.completed", json!({"response": {"id": "resp_1", "output": [item], "usage": usage}})),
    ];
    let events = events.into_iter().map(|(name, mut data)| {
        data["type"] = name.into();
        (Some(name), data.to_string())
    });
    Answer::Events(events.collect())
}
