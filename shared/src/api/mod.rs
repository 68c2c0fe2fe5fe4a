//! The bodies of the HTTP interface, by what they are about. Both sides decode strictly: a field
//! that is missing or of another type is an error that names it, never a default.

mod audit;
mod content;
mod docs;
mod health;
mod hook;
mod invitation;
mod key;
mod lock;
mod problem;
mod project;
mod repository;
mod room;
mod stats;
mod team;

use serde::{Deserialize, Deserializer};

pub use audit::*;
pub use content::*;
pub use docs::*;
pub use health::*;
pub use hook::*;
pub use invitation::*;
pub use key::*;
pub use lock::*;
pub use problem::*;
pub use project::*;
pub use repository::*;
pub use room::*;
pub use stats::*;
pub use team::*;

/// Carries the API key.
pub const API_KEY_HEADER: &str = "x-api-key";
/// Carries the fencing token.
pub const LOCK_TOKEN_HEADER: &str = "x-lock-token";
/// Says how many docs a sync's answer brings, for whoever waits for them.
pub const DOCS_COUNT_HEADER: &str = "x-docs-count";
/// Names the problem document's media type (RFC 9457).
pub const PROBLEM_JSON: &str = "application/problem+json";

/// Decodes a field that may be `null` and must be there.
pub fn nullable<'de, T: Deserialize<'de>, D: Deserializer<'de>>(input: D) -> Result<Option<T>, D::Error> {
    Option::deserialize(input)
}

/// Decodes a field whose absence and whose `null` mean different things.
fn double_option<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    input: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(input).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_sync_answer_without_a_lock_field_is_an_error_and_not_unlocked() {
        let full = serde_json::json!({
            "hash": "0".repeat(64), "revision": 1, "epoch": "e", "lock": null, "onLock": "warn",
            "docsPath": "docs", "base": null, "docs": [], "removed": [],
        });
        assert!(serde_json::from_value::<SyncAnswer>(full.clone()).is_ok());
        for field in ["hash", "revision", "epoch", "lock", "onLock", "docsPath", "base", "docs", "removed"] {
            let mut cut = full.clone();
            cut.as_object_mut().unwrap().remove(field);
            let error = serde_json::from_value::<SyncAnswer>(cut).unwrap_err().to_string();
            assert!(error.contains(field), "{field}: {error}");
        }
    }

    #[test]
    fn a_lock_of_another_type_is_an_error() {
        for bad in [r#"{"locked":1}"#, r#"{"locked":"true"}"#, r#"{}"#, ""] {
            assert!(serde_json::from_str::<HookStatus>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn absent_and_null_settings_differ() {
        let keep: UpdateProject = serde_json::from_str("{}").unwrap();
        let clear: UpdateProject = serde_json::from_str(r#"{"repoUrl":null}"#).unwrap();
        assert_eq!((keep.repo_url, clear.repo_url), (None, Some(None)));
    }

    proptest! {
        #[test]
        fn every_byte_string_survives_json(bytes: Vec<u8>) {
            let json = serde_json::to_string(&Content::from_bytes(bytes.clone())).unwrap();
            let back: Content = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(&back.into_bytes().unwrap(), &bytes);
            prop_assert_eq!(serde_json::to_string(&BorrowedContent::of(&bytes)).unwrap(), json);
        }
    }
}
