//! A doc's bytes in JSON.

use std::borrow::Cow;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};

/// How `content` stands for bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// RFC 4648 with padding.
    Base64,
}

/// A doc's bytes in JSON: text as it is, anything else as base64.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Content {
    /// UTF-8 text, or what `encoding` says.
    pub content: String,
    /// Absent for text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<Encoding>,
}

/// The same to send bytes that stay where they are.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct BorrowedContent<'a> {
    content: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding: Option<Encoding>,
}

impl<'a> BorrowedContent<'a> {
    /// Wraps bytes as [`Content::from_bytes`] does.
    pub fn of(bytes: &'a [u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => BorrowedContent { content: text.into(), encoding: None },
            Err(_) => BorrowedContent {
                content: BASE64_STANDARD.encode(bytes).into(),
                encoding: Some(Encoding::Base64),
            },
        }
    }
}

impl Content {
    /// Wraps bytes so that [`Self::into_bytes`] gives exactly these back.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        match String::from_utf8(bytes) {
            Ok(content) => Content { content, encoding: None },
            Err(binary) => Content {
                content: BASE64_STANDARD.encode(binary.as_bytes()),
                encoding: Some(Encoding::Base64),
            },
        }
    }

    /// Unwraps the bytes; an error says why it is no base64.
    pub fn into_bytes(self) -> Result<Vec<u8>, base64::DecodeError> {
        match self.encoding {
            None => Ok(self.content.into_bytes()),
            Some(Encoding::Base64) => BASE64_STANDARD.decode(self.content),
        }
    }
}
