//! `/keys` and `/projects/{id}/keys`.

use serde::{Deserialize, Serialize};

use crate::id::{KeyId, ProjectId};
use crate::role::Role;
use crate::time::Timestamp;

/// The body that makes a key of one project.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
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
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
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
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
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
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct NewKey {
    /// `sk_` and 43 base64url characters.
    pub key: String,
    /// What the list will say of it.
    #[serde(flatten)]
    pub info: Key,
}
