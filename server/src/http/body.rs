//! Bodies and parameters, read strictly: what cannot be names the field at fault.

use aitk_shared::limits;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};
use crate::state::App;

/// A JSON body of the form `T`, whatever its content type says.
pub struct Json<T>(pub T);

/// A JSON body of the form `T`, or none at all.
pub struct MaybeJson<T>(pub Option<T>);

/// The body's bytes.
pub struct Raw(pub Bytes);

/// The query's parameters.
pub struct Params<T>(pub T);

/// The path's parameters.
pub struct At<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<App> for Params<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let query = Query::<T>::from_request_parts(parts, app).await;
        query.map(|Query(params)| Params(params)).map_err(|error| Error::Invalid(error.body_text()))
    }
}

impl<T: DeserializeOwned + Send> FromRequestParts<App> for At<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let path = Path::<T>::from_request_parts(parts, app).await;
        path.map(|Path(params)| At(params)).map_err(|error| Error::Malformed(error.body_text()))
    }
}

impl FromRequest<App> for Raw {
    type Rejection = Error;

    async fn from_request(request: Request, app: &App) -> Result<Self> {
        Bytes::from_request(request, app).await.map(Raw).map_err(|refused: BytesRejection| {
            match refused.status() {
                StatusCode::PAYLOAD_TOO_LARGE => {
                    Error::TooLarge("the body is larger than this server accepts".into())
                }
                _ => Error::Malformed("the body ended early".into()),
            }
        })
    }
}

impl<T: DeserializeOwned> FromRequest<App> for Json<T> {
    type Rejection = Error;

    async fn from_request(request: Request, app: &App) -> Result<Self> {
        let Raw(bytes) = Raw::from_request(request, app).await?;
        parse(&bytes).map(Json)
    }
}

impl<T: DeserializeOwned> FromRequest<App> for MaybeJson<T> {
    type Rejection = Error;

    async fn from_request(request: Request, app: &App) -> Result<Self> {
        let Raw(bytes) = Raw::from_request(request, app).await?;
        match bytes.trim_ascii().is_empty() {
            true => Ok(MaybeJson(None)),
            false => parse(&bytes).map(|value| MaybeJson(Some(value))),
        }
    }
}

/// Parses JSON; an error tells broken syntax (400) from a wrong field (422).
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    serde_json::from_slice(bytes).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => Error::Invalid(format!("the body: {error}")),
        _ => Error::Malformed(format!("the body is no JSON: {error}")),
    })
}

/// Accepts a short text that a person gave, without control characters.
pub fn short_text(field: &str, text: &str) -> Result<String> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Error::Invalid(format!("{field} must not be empty")));
    }
    if text.chars().count() > limits::TEXT_CHARS {
        return Err(Error::Invalid(format!("{field} must be at most {} characters", limits::TEXT_CHARS)));
    }
    if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return Err(Error::Invalid(format!("{field} must not hold control characters")));
    }
    Ok(text.to_owned())
}

/// The same for a text that may be missing or blank.
pub fn maybe_short_text(field: &str, text: Option<&str>) -> Result<Option<String>> {
    match text.map(str::trim) {
        None | Some("") => Ok(None),
        Some(text) => short_text(field, text).map(Some),
    }
}
