//! Google's `generateContent`: <https://ai.google.dev/api/generate-content>.

use serde_json::{Value, json};

use super::{Answer, Asked, Turn, names, text_of};

pub fn asked(path: &str, body: &Value) -> Option<Asked> {
    let streams = path.ends_with(":streamGenerateContent");
    if !streams && !path.ends_with(":generateContent") {
        return None;
    }
    let contents = body["contents"].as_array()?;
    let parts = || contents.iter().filter_map(|content| content["parts"].as_array()).flatten();
    let results = parts().filter_map(|part| part.get("functionResponse")).map(|result| {
        let response = &result["response"];
        let known = ["output", "error"].iter().find_map(|field| response[field].as_str());
        known.map_or_else(|| response.to_string(), str::to_owned)
    });
    let said =
        contents.iter().filter(|content| content["role"] == "user").map(|content| text_of(&content["parts"]));
    let declared = body["tools"].as_array().into_iter().flatten();
    Some(Asked {
        tools: declared.flat_map(|tool| names(&tool["functionDeclarations"], "/name")).collect(),
        results: results.collect(),
        beside: contents.last().map_or(String::new(), |last| text_of(&last["parts"])),
        prompt: said.collect::<Vec<_>>().join("\n"),
        streams,
    })
}

pub fn answer(turn: &Turn<'_>, streams: bool) -> Answer {
    let part = match turn {
        Turn::Call(step, call) => {
            json!({"functionCall": {"id": format!("call_{step}"), "name": call.tool, "args": call.arguments}})
        }
        Turn::Say(text) => json!({"text": text}),
    };
    let body = json!({
        "candidates": [{"index": 0, "finishReason": "STOP", "content": {"role": "model", "parts": [part]}}],
        "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 10, "totalTokenCount": 20},
        "modelVersion": "gemini-2.5-flash",
    });
    if streams { Answer::Events(vec![(None, body.to_string())]) } else { Answer::Json(body) }
}
