//! `/projects/{id}/docs` and histories.

use serde::{Deserialize, Serialize};

use super::{Conflict, Content, Encoding, nullable};
use crate::event::{Actor, Offset};
use crate::hash::{ContentHash, DocsHash};
use crate::id::{DocId, Epoch};
use crate::path::DocPath;
use crate::time::Timestamp;

/// All docs of a project, without their content.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
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
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
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
    /// Whether it was changed in the repository as well, and nobody has decided yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub conflicted: bool,
}

/// One doc with its content.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Doc {
    /// What the list says of it.
    #[serde(flatten)]
    pub info: DocInfo,
    /// Its bytes.
    #[serde(flatten)]
    pub content: Content,
    /// Its undecided conflict with the repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conflict: Option<Conflict>,
}

/// The body that saves a doc as JSON.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
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
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
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
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
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
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
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
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
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
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct History {
    /// The versions.
    pub versions: Vec<Version>,
    /// Pass it as `?before=` for the next page; `null` at the end.
    #[serde(deserialize_with = "nullable")]
    pub before: Option<Offset>,
}

/// One saved or deleted version of a doc.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
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
