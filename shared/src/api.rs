//! The bodies of the HTTP interface. Both sides decode strictly: a field that is
//! missing or of another type is an error that names it, never a default.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::event::{Actor, Event, Offset};
use crate::hash::{ContentHash, DocsHash};
use crate::id::{DocId, Epoch, KeyId, ProjectId, Slug};
use crate::lock::FencingToken;
use crate::path::DocPath;
use crate::role::Role;
use crate::time::Timestamp;

/// Carries the API key.
pub const API_KEY_HEADER: &str = "x-api-key";
/// Carries the fencing token.
pub const LOCK_TOKEN_HEADER: &str = "x-lock-token";
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

/// Stable names of problems; the HTTP status follows from them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemCode {
    /// Another holds the lock; the document carries it in `lock`.
    LockHeld,
    /// The asker's acquisition of the lock is over.
    LockLost,
    /// The doc changed meanwhile (If-Match, If-None-Match).
    StaleVersion,
    /// No such thing, or not for this credential to see.
    NotFound,
    /// No credential, or one that does not hold.
    Unauthorized,
    /// The credential may not do this.
    Forbidden,
    /// A doc path that cannot be.
    InvalidPath,
    /// Another field or header that cannot be.
    InvalidRequest,
    /// Over a limit.
    TooLarge,
    /// Too many requests.
    RateLimited,
    /// Not something that this server does.
    Unsupported,
    /// Try again later.
    Unavailable,
    /// The client is older than this server takes.
    ClientTooOld,
    /// The server's fault.
    Internal,
    /// A code of a newer server.
    #[serde(other)]
    Unknown,
}

/// An error as RFC 9457 `application/problem+json`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Problem {
    /// `urn:aitk:problem:<code>`.
    #[serde(rename = "type")]
    pub kind: String,
    /// A few words.
    pub title: String,
    /// The HTTP status again.
    pub status: u16,
    /// What is wrong here and now.
    pub detail: String,
    /// Stable name.
    pub code: ProblemCode,
    /// The lock in the way (`lock_held`, and `lock_lost` where somebody else has it).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock: Option<Lock>,
    /// Each path at fault in a batch.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<PathProblem>,
}

/// One path at fault.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PathProblem {
    /// The path as it came.
    pub path: String,
    /// Stable name.
    pub code: ProblemCode,
    /// What is wrong with it.
    pub detail: String,
}

/// How `content` stands for bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// RFC 4648 with padding.
    Base64,
}

/// A doc's bytes in JSON: text as it is, anything else as base64.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Content {
    /// UTF-8 text, or what `encoding` says.
    pub content: String,
    /// Absent for text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<Encoding>,
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

/// What agents may do while somebody else holds the lock.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnLock {
    /// A session that began before goes on, with a word of warning.
    #[default]
    Warn,
    /// All its writes are denied.
    Deny,
}

impl OnLock {
    /// The lower-case name.
    pub fn as_str(self) -> &'static str {
        match self {
            OnLock::Warn => "warn",
            OnLock::Deny => "deny",
        }
    }
}

/// A project.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Project {
    /// Its id.
    pub id: ProjectId,
    /// Its readable id.
    pub slug: Slug,
    /// For people.
    pub name: String,
    /// The git repository that keeps the docs.
    pub repo_url: Option<String>,
    /// Its branch.
    pub branch: Option<String>,
    /// The docs folder in it, and in the developers' repositories.
    pub docs_path: DocPath,
    /// What agents may do while the docs are locked.
    pub on_lock: OnLock,
    /// Whether a token for the repository is kept.
    pub has_token: bool,
    /// Whether a webhook secret is kept.
    pub has_webhook_secret: bool,
    /// The docs' revision.
    pub revision: Offset,
    /// The docs' number.
    pub docs_count: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its settings changed last.
    pub updated_at: Timestamp,
}

/// The body that makes a project.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateProject {
    /// For people.
    pub name: String,
    /// Made of the name where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    /// The git repository that keeps the docs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repo_url: Option<String>,
    /// The repository's access token; kept encrypted, never returned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// The secret of the repository's push webhook; kept encrypted, never returned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook_secret: Option<String>,
    /// The repository's branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// `docs` where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub docs_path: Option<String>,
    /// `warn` where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_lock: Option<OnLock>,
}

/// Any subset of a project's settings; `null` clears what can be empty.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateProject {
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its readable id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    /// The git repository that keeps the docs.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "double_option")]
    pub repo_url: Option<Option<String>>,
    /// The repository's access token.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "double_option")]
    pub token: Option<Option<String>>,
    /// The secret of the repository's push webhook.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "double_option")]
    pub webhook_secret: Option<Option<String>>,
    /// The repository's branch.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "double_option")]
    pub branch: Option<Option<String>>,
    /// The docs folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub docs_path: Option<String>,
    /// What agents may do while the docs are locked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_lock: Option<OnLock>,
}

/// All docs of a project, without their content.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DocList {
    /// The docs hash.
    pub hash: DocsHash,
    /// The revision.
    pub revision: Offset,
    /// The epoch in which `revision` counts.
    pub epoch: Epoch,
    /// Sorted by path bytes.
    pub docs: Vec<DocInfo>,
}

/// One doc, without its content.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DocInfo {
    /// Its id.
    pub id: DocId,
    /// Where it is, below the docs folder.
    pub path: DocPath,
    /// The same; the name that old clients know.
    pub file_name: DocPath,
    /// The hash of its bytes.
    pub hash: ContentHash,
    /// Their number.
    pub size: u64,
    /// Counts this doc's saves, from 1.
    pub version: u64,
    /// The revision that brought this version.
    pub revision: Offset,
    /// When it was saved.
    pub updated_at: Timestamp,
    /// Who saved it.
    pub updated_by: String,
}

/// One doc with its content.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Doc {
    /// What the list says of it.
    #[serde(flatten)]
    pub info: DocInfo,
    /// Its bytes.
    #[serde(flatten)]
    pub content: Content,
}

/// The body that saves a doc as JSON.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PutDoc {
    /// UTF-8 text, or what `encoding` says.
    pub content: String,
    /// Absent for text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<Encoding>,
    /// Why, for the history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// Several saves and deletions as one revision, all or nothing.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// Why, for the history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Docs to save.
    #[serde(default)]
    pub puts: Vec<BatchPut>,
    /// Docs to delete.
    #[serde(default)]
    pub deletes: Vec<BatchDelete>,
}

/// One save of a batch.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BatchPut {
    /// Checked by the server, so that a refusal can name every path at fault.
    pub path: String,
    /// UTF-8 text, or what `encoding` says.
    pub content: String,
    /// Absent for text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<Encoding>,
    /// The content hash that must be there now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub if_match: Option<ContentHash>,
}

/// One deletion of a batch.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BatchDelete {
    /// Checked by the server, so that a refusal can name every path at fault.
    pub path: String,
    /// The content hash that must be there now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub if_match: Option<ContentHash>,
}

/// What a batch did.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct BatchDone {
    /// The docs hash now.
    pub hash: DocsHash,
    /// The revision now.
    pub revision: Offset,
    /// Docs that are new.
    pub added: Vec<DocPath>,
    /// Docs with other bytes.
    pub changed: Vec<DocPath>,
    /// Docs that are gone.
    pub removed: Vec<DocPath>,
}

/// A page of versions, newest first.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct History {
    /// The versions.
    pub versions: Vec<Version>,
    /// Pass it as `?before=` for the next page; `null` at the end.
    #[serde(deserialize_with = "nullable")]
    pub before: Option<Offset>,
}

/// One saved or deleted version of a doc.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Version {
    /// The doc.
    pub path: DocPath,
    /// The offset of the event that told of it; `?revision=` takes it.
    pub revision: Offset,
    /// Counts this doc's saves.
    pub version: u64,
    /// `null` where the doc was deleted.
    #[serde(deserialize_with = "nullable")]
    pub hash: Option<ContentHash>,
    /// In bytes.
    pub size: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: Actor,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// A live lock.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Lock {
    /// The locked project.
    pub project_id: ProjectId,
    /// The holder's name, for people.
    pub locked_by: String,
    /// Since when.
    pub locked_at: Timestamp,
    /// Until when, by the server's clock.
    pub expires_at: Timestamp,
    /// What is left; the one figure that clients count with.
    pub remaining_ms: u64,
    /// Why.
    #[serde(deserialize_with = "nullable")]
    pub reason: Option<String>,
    /// The fencing token of this acquisition.
    pub token: FencingToken,
}

/// The body that takes a lock.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TakeLock {
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How long, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl_seconds: Option<i64>,
    /// Take it from its holder; needs a reason.
    #[serde(default)]
    pub steal: bool,
    /// A name for people; the credential's own where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locked_by: Option<String>,
}

/// The body that prolongs a lease.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RenewLock {
    /// How long from now, in seconds; where absent half an hour, and never shorter than it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl_seconds: Option<i64>,
}

/// The answer to a release.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Released {
    /// Whether a lock ended.
    pub released: bool,
    /// Why none did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// The body that makes a key of one project.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateProjectKey {
    /// Whose it is.
    pub name: String,
    /// `developer` or `lead`.
    pub role: Role,
    /// When it ends; never where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// The body that makes a key over several projects, or a server-wide one.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateKey {
    /// Whose it is.
    pub name: String,
    /// Any role.
    pub role: Role,
    /// Ids or slugs; for developers and leads.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub projects: Vec<String>,
    /// Patterns such as `issue:*`; for services.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rooms: Vec<String>,
    /// When it ends; never where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// A key, without the key.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Key {
    /// Its id.
    pub id: KeyId,
    /// Whose it is.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// The projects that it covers; empty for a server-wide key.
    pub projects: Vec<ProjectId>,
    /// The rooms that a service key covers.
    pub rooms: Vec<String>,
    /// The key's first characters, to tell keys apart.
    pub prefix: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who made it.
    pub created_by: String,
    /// When it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// When it was used last, to the minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Timestamp>,
}

/// A new key, with the key: shown this once.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct NewKey {
    /// `sk_` and 43 base64url characters.
    pub key: String,
    /// What the list will say of it.
    #[serde(flatten)]
    pub info: Key,
}

/// The lock as old clients ask for it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HookStatus {
    /// Whether a live lock exists.
    pub locked: bool,
    /// Its holder's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locked_by: Option<String>,
    /// Since when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locked_at: Option<Timestamp>,
    /// Until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// What is left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remaining_ms: Option<u64>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The docs' identity as old clients ask for it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HookDocs {
    /// The docs hash.
    pub hash: DocsHash,
    /// The docs' number.
    pub docs_count: u64,
    /// The revision.
    pub revision: Offset,
    /// The epoch in which `revision` counts.
    pub epoch: Epoch,
}

/// What `check` tells the server; all of it optional.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
pub struct SyncRequest {
    /// The docs hash of the verified local copy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub have: Option<DocsHash>,
    /// The agent's session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
}

/// The one answer that `check` needs: lock, revision and docs of one snapshot.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SyncAnswer {
    /// The docs hash of the whole project.
    pub hash: DocsHash,
    /// The revision.
    pub revision: Offset,
    /// The epoch in which `revision` counts.
    pub epoch: Epoch,
    /// The live lock.
    #[serde(deserialize_with = "nullable")]
    pub lock: Option<Lock>,
    /// What agents may do while it is held by another.
    pub on_lock: OnLock,
    /// The project's docs folder in the developers' repositories.
    pub docs_path: DocPath,
    /// The docs hash that `docs` and `removed` lead on from; `null` where `docs` is everything.
    #[serde(deserialize_with = "nullable")]
    pub base: Option<DocsHash>,
    /// New and changed docs since `base`, or all.
    pub docs: Vec<SyncDoc>,
    /// Docs gone since `base`.
    pub removed: Vec<DocPath>,
    /// Whether the asking credential holds `lock`; a server that does not say so means no.
    #[serde(default)]
    pub lock_is_yours: bool,
}

/// One doc of a sync.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SyncDoc {
    /// Where it goes, below the mirror.
    pub file_name: DocPath,
    /// Its bytes.
    #[serde(flatten)]
    pub content: Content,
    /// Their hash.
    pub hash: ContentHash,
}

/// A page of a room's events.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct EventPage {
    /// The epoch in which offsets count.
    pub epoch: Epoch,
    /// The room's head.
    pub offset: Offset,
    /// Events after `since`, in order.
    pub events: Vec<Event>,
}

/// The state of a part of the server, for operators.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Ready {
    /// `ok` or `unavailable`.
    pub status: String,
    /// By part: `ok`, or what is wrong.
    pub checks: Value,
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
            prop_assert_eq!(back.into_bytes().unwrap(), bytes);
        }
    }
}
