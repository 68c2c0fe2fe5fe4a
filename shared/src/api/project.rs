//! `/projects`.

use serde::{Deserialize, Serialize};

use super::{RepoState, double_option};
use crate::event::Offset;
use crate::id::{ProjectId, Slug};
use crate::path::DocPath;
use crate::time::Timestamp;

/// What agents may do while somebody else holds the lock.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
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
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
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
    /// Its branch; the repository's default branch where there is none.
    pub branch: Option<String>,
    /// The docs folder in it, and in the developers' repositories.
    pub docs_path: DocPath,
    /// What agents may do while the docs are locked.
    pub on_lock: OnLock,
    /// Whether a token for the repository is kept.
    pub has_token: bool,
    /// Whether a webhook secret is kept.
    pub has_webhook_secret: bool,
    /// How it stands to the repository; absent where none is connected, and in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repo: Option<RepoState>,
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
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
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
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
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
