//! `/hook/…`: what runs before an agent's session asks.

use serde::{Deserialize, Serialize};

use super::{BorrowedContent, Content, Lock, OnLock, nullable};
use crate::event::Offset;
use crate::hash::{ContentHash, DocsHash};
use crate::id::Epoch;
use crate::path::DocPath;
use crate::time::Timestamp;

/// The lock as old clients ask for it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
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
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
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
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
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
///
/// `D` is a doc: as it is sent, or what is left of it where docs are taken in one by one.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SyncAnswer<D = SyncDoc> {
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
    /// Docs gone since `base`.
    pub removed: Vec<DocPath>,
    /// Whether the asking credential holds `lock`; a server that does not say so means no.
    #[serde(default)]
    pub lock_is_yours: bool,
    /// New and changed docs since `base`, or all. Last, so that they can be sent one by one.
    pub docs: Vec<D>,
}

impl<D> SyncAnswer<D> {
    /// The same answer with other docs.
    pub fn with_docs<E>(self, docs: Vec<E>) -> SyncAnswer<E> {
        SyncAnswer {
            docs,
            hash: self.hash,
            revision: self.revision,
            epoch: self.epoch,
            lock: self.lock,
            on_lock: self.on_lock,
            docs_path: self.docs_path,
            base: self.base,
            removed: self.removed,
            lock_is_yours: self.lock_is_yours,
        }
    }
}

/// One doc of a sync.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
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

/// The same to send a doc that stays where it is.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BorrowedSyncDoc<'a> {
    /// Where it goes, below the mirror.
    pub file_name: &'a DocPath,
    /// Its bytes.
    #[serde(flatten)]
    pub content: BorrowedContent<'a>,
    /// Their hash.
    pub hash: ContentHash,
}
