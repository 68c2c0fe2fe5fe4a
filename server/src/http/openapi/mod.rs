//! `/openapi.json`: the HTTP interface as a document for programs (OpenAPI 3.1).
//!
//! The operations stand in one table ([`table`]); what bodies look like comes from their own types. A
//! test compares the table with the routes, so that neither has what the other lacks.

mod operation;
mod table;

use std::sync::LazyLock;

use aitk_shared::api::{API_KEY_HEADER, PROBLEM_JSON, Problem};
use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use serde_json::{Map, Value, json};

use operation::{Schemas, schema};

/// It is the same for everybody and does not change while the server runs.
static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| document().to_string().into());

/// The document.
pub async fn show() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], DOCUMENT.clone())
}

fn document() -> Value {
    let mut schemas = Schemas::new();
    let problem = schema::<Problem>(&mut schemas);
    let mut paths = Map::new();
    for operation in table::operations(&mut schemas) {
        let path = paths.entry(operation.path.replace("{*", "{")).or_insert_with(|| json!({}));
        path[operation.method] = operation.to_json();
    }
    let schemas: Map<String, Value> = schemas.into_iter().collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "aitk platform",
            "description": "Projects, versioned docs, one lock per project, rooms with live events. \
                            Every refusal is a problem document (RFC 9457) with a stable code.",
            "version": env!("CARGO_PKG_VERSION"),
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"key": []}, {"bearer": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "key": {"type": "apiKey", "in": "header", "name": API_KEY_HEADER},
                "bearer": {"type": "http", "scheme": "bearer", "description": "An API key or a JWT"},
            },
            "responses": {
                "Refusal": {
                    "description": "A refusal, and what to do about it",
                    "content": {PROBLEM_JSON: {"schema": problem}},
                },
            },
            "schemas": schemas,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Every route as the table of routes names it: method and path.
    fn routes() -> BTreeSet<(String, String)> {
        let source = include_str!("../mod.rs");
        let (api, rest) = source.split_once("Router::new()\n        .nest").unwrap();
        let mut found = BTreeSet::new();
        for (prefix, part) in [("/api", api), ("", rest)] {
            for route in part.split(".route(").skip(1) {
                let path = route.split('"').nth(1).unwrap();
                // Up to the end of this route; what follows is no method call on a handler.
                let handlers = &route[..route.find("\n        .route(").unwrap_or(route.len())];
                let handlers = handlers.split(".fallback(").next().unwrap();
                for method in ["get", "post", "put", "delete"] {
                    let call = format!("{method}(");
                    let is_word =
                        |at: usize| !handlers[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
                    if handlers.match_indices(&call).any(|(at, _)| is_word(at)) {
                        found.insert((method.to_owned(), format!("{prefix}{path}")));
                    }
                }
            }
        }
        found
    }

    #[test]
    fn every_route_is_in_the_document_and_nothing_else_is() {
        let documented: BTreeSet<_> = table::operations(&mut Schemas::new())
            .into_iter()
            .map(|operation| (operation.method.to_owned(), operation.path.to_owned()))
            .collect();
        let routes = routes();
        assert!(routes.len() > 40, "{routes:?}");
        let missing: Vec<_> = routes.difference(&documented).collect();
        let unknown: Vec<_> = documented.difference(&routes).collect();
        assert!(missing.is_empty(), "add to http/openapi/table.rs: {missing:?}");
        assert!(unknown.is_empty(), "no such route any more: {unknown:?}");
    }

    #[test]
    fn every_reference_leads_somewhere_and_every_name_is_taken_once() {
        let document = document();
        let text = document.to_string();
        for reference in text.split(r##""$ref":"#"##).skip(1) {
            let pointer = reference.split('"').next().unwrap();
            assert!(document.pointer(pointer).is_some(), "{pointer}");
        }
        let ids: Vec<_> =
            text.split(r#""operationId":""#).skip(1).map(|rest| rest.split('"').next()).collect();
        assert_eq!(ids.len(), ids.iter().collect::<BTreeSet<_>>().len(), "{ids:?}");
    }
}
