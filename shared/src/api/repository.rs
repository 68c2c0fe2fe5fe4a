//! What ties a project to a git repository: its state, pulls, publishing, conflicts.

use serde::{Deserialize, Serialize};

use super::nullable;
use crate::event::Offset;
use crate::hash::{ContentHash, DocsHash};
use crate::path::DocPath;
use crate::time::Timestamp;

/// How a project stands to its repository.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct RepoState {
    /// The branch, as the repository has it; `null` until it was seen.
    #[serde(deserialize_with = "nullable")]
    pub branch: Option<String>,
    /// Its last commit that was seen.
    #[serde(deserialize_with = "nullable")]
    pub commit: Option<String>,
    /// When it was looked at last with success.
    #[serde(deserialize_with = "nullable")]
    pub pulled_at: Option<Timestamp>,
    /// Commits that are still to be made of what was saved here.
    pub ahead: u64,
    /// Docs that differ from the repository's for it.
    pub unpublished: u64,
    /// Docs that were changed on both sides; nothing of them is pushed until they are saved again.
    pub conflicts: Vec<DocPath>,
    /// What is in the docs folder and cannot be a doc.
    pub skipped: Vec<SkippedFile>,
    /// What fails at present.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<RepoFailure>,
}

/// A pull or push that failed and is tried again.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct RepoFailure {
    /// `pull` or `push`.
    pub doing: String,
    /// What went wrong, and the fix where there is one.
    pub message: String,
    /// Since when nothing succeeded.
    pub since: Timestamp,
    /// How often it failed since.
    pub tries: u64,
    /// When it is tried again; `null` where it waits to be asked.
    #[serde(deserialize_with = "nullable")]
    pub next_try_at: Option<Timestamp>,
}

/// A name in the docs folder that cannot be a doc.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SkippedFile {
    /// The name, made safe to show.
    pub path: String,
    /// Why.
    pub why: String,
}

/// The body that pulls; all of it optional.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PullRequest {
    /// Delete all docs where the repository has none any more; refused otherwise.
    #[serde(default)]
    pub accept_empty: bool,
}

/// What a pull did.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PullDone {
    /// Always true: failures are problem documents.
    pub success: bool,
    /// The docs hash now.
    pub hash: DocsHash,
    /// The revision now.
    pub revision: Offset,
    /// The repository's commit; `null` where it has none yet.
    #[serde(deserialize_with = "nullable")]
    pub commit: Option<String>,
    /// Docs that are new.
    pub added: Vec<DocPath>,
    /// Docs with other bytes.
    pub changed: Vec<DocPath>,
    /// Docs that are gone.
    pub removed: Vec<DocPath>,
    /// Those among `changed` that hold both sides' changes.
    pub merged: Vec<DocPath>,
    /// Those among `added` that were deleted here and changed there.
    pub restored: Vec<DocPath>,
    /// Docs that were changed on both sides and wait to be saved again.
    pub conflicts: Vec<DocPath>,
    /// What is in the docs folder and cannot be a doc.
    pub skipped: Vec<SkippedFile>,
}

/// What publishing did: a pull, and then a push.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PublishDone {
    /// What the pull before did.
    #[serde(flatten)]
    pub pull: PullDone,
    /// The commits that were made, oldest first.
    pub commits: Vec<String>,
    /// The docs in them.
    pub published: Vec<DocPath>,
}

/// A doc's undecided conflict with the repository.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Conflict {
    /// The hash of the repository's text; `null` where it deleted the doc.
    #[serde(deserialize_with = "nullable")]
    pub theirs_hash: Option<ContentHash>,
    /// `?revision=` with it gives the repository's text.
    #[serde(deserialize_with = "nullable")]
    pub theirs_revision: Option<Offset>,
    /// Both texts in one, with git's conflict marks; `null` where they cannot be (a deletion, bytes).
    #[serde(deserialize_with = "nullable")]
    pub merged: Option<String>,
    /// Since when.
    pub at: Timestamp,
}
