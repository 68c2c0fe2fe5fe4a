//! Each request has a name: the one that it came with, or one that is made here. The log, the audit log
//! and the answer (`X-Request-Id`) tell it.
//!
//! Events that a request causes carry what the client calls it: `X-Correlation-Id`, else `X-Request-Id`.
//! A name that was made here tells a client nothing, so it is in no event.

use axum::extract::Request;
use axum::http::HeaderValue;
use axum::middleware::Next;
use axum::response::Response;

use crate::crypto;
use crate::origin::{CORRELATION_ID_HEADER, REQUEST_ID_HEADER, named};

/// What the client calls what it does.
#[derive(Clone)]
pub struct Correlation(pub Option<String>);

/// Names the request, and its answer.
pub async fn name(mut request: Request, next: Next) -> Response {
    let headers = request.headers();
    let given = named(headers, REQUEST_ID_HEADER).map(str::to_owned);
    let correlation = named(headers, CORRELATION_ID_HEADER).map(str::to_owned).or(given.clone());
    let id = given.unwrap_or_else(made);
    request.extensions_mut().insert(Correlation(correlation));
    let Ok(id) = HeaderValue::from_str(&id) else { return next.run(request).await };
    request.headers_mut().insert(REQUEST_ID_HEADER, id.clone());
    let mut response = next.run(request).await;
    response.headers_mut().insert(REQUEST_ID_HEADER, id);
    response
}

fn made() -> String {
    let bytes: [u8; 16] = crypto::random();
    format!("req_{}", bytes.map(|byte| format!("{byte:02x}")).concat())
}
