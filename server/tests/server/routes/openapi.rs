use serde_json::json;

use crate::platform::{Platform, send};

#[tokio::test]
async fn everybody_may_read_how_to_speak_to_the_server() {
    let platform = Platform::start().await;
    let url = format!("{}/api/openapi.json", platform.admin.url);
    let document = send(platform.admin.http().get(url)).await;
    assert_eq!(document.headers["content-type"], "application/json");
    let document = document.expect(200);
    assert_eq!(document["openapi"], "3.1.0");
    let save = &document["paths"]["/api/projects/{id}/docs/{path}"]["put"];
    assert_eq!(
        save["parameters"][1],
        json!({
            "name": "path", "in": "path", "required": true, "schema": {"type": "string"},
        })
    );
    assert_eq!(save["responses"]["default"]["$ref"], "#/components/responses/Refusal");
    assert_eq!(
        document["components"]["schemas"]["Lock"]["properties"]["expiresAt"]["$ref"],
        "#/components/schemas/Timestamp"
    );
}
