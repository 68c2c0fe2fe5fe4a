//! Pages in browsers: which may read our answers (CORS), and which may open a socket, for which
//! browsers ask nobody.

use std::time::Duration;

use aitk_shared::api::{API_KEY_HEADER, DOCS_COUNT_HEADER, LOCK_TOKEN_HEADER};
use aitk_shared::text::printable;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::header::{
    AUTHORIZATION, CONTENT_TYPE, ETAG, HOST, IF_MATCH, IF_NONE_MATCH, ORIGIN, RETRY_AFTER,
};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, Uri};
use axum::middleware::Next;
use axum::response::Response;
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::config::Origins;
use crate::error::{Error, Result};
use crate::origin::{CORRELATION_ID_HEADER, REQUEST_ID_HEADER};
use crate::state::App;

/// How long a browser need not ask again.
const REMEMBERED: Duration = Duration::from_secs(600);

/// Lets the pages that may come read the answers.
pub fn cors(origins: &Origins) -> CorsLayer {
    let custom =
        [API_KEY_HEADER, LOCK_TOKEN_HEADER, "idempotency-key", REQUEST_ID_HEADER, CORRELATION_ID_HEADER]
            .map(HeaderName::from_static);
    let shown = [
        ETAG,
        RETRY_AFTER,
        HeaderName::from_static(DOCS_COUNT_HEADER),
        HeaderName::from_static(REQUEST_ID_HEADER),
    ];
    let cors = CorsLayer::new()
        .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE])
        .allow_headers(
            custom
                .into_iter()
                .chain([AUTHORIZATION, CONTENT_TYPE, IF_MATCH, IF_NONE_MATCH])
                .collect::<Vec<_>>(),
        )
        .expose_headers(shown)
        .max_age(REMEMBERED);
    match origins.clone() {
        // Together with cookies this would trust everybody.
        Origins::Any => cors.allow_origin(tower_http::cors::Any),
        origins => {
            let allows = move |origin: &HeaderValue, asked: &Parts| {
                origin.to_str().is_ok_and(|origin| origins.allow(origin, host(&asked.uri, &asked.headers)))
            };
            cors.allow_origin(AllowOrigin::predicate(allows)).allow_credentials(true)
        }
    }
}

/// Refuses requests of pages that may not come. Programs name no origin.
pub async fn check(State(app): State<App>, request: Request, next: Next) -> Result<Response> {
    if let Some(origin) = request.headers().get(ORIGIN) {
        let named = origin.to_str().unwrap_or_default();
        if !app.origins.allow(named, host(request.uri(), request.headers())) {
            tracing::info!(origin = %printable(named, 200), "a page of this origin is refused");
            return Err(Error::Forbidden(
                "pages of this origin may not come here: the setting allowed-origins names those that may"
                    .into(),
            ));
        }
    }
    Ok(next.run(request).await)
}

/// What the browser calls us: it sets this itself, whatever a page wants.
fn host<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Option<&'a str> {
    uri.authority().map(|authority| authority.as_str()).or_else(|| headers.get(HOST)?.to_str().ok())
}
