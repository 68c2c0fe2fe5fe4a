//! `/invitations` and `/join`.

use serde::{Deserialize, Serialize};

use crate::id::{KeyId, ProjectId, Slug};
use crate::role::Role;
use crate::time::Timestamp;

/// The path, below the server's address, that an invitation's link has before `#` and the token.
pub const JOIN_PATH: &str = "join";

/// The body that makes an invitation.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateInvitation {
    /// Ids or slugs.
    pub projects: Vec<String>,
    /// `developer` or `lead`.
    pub role: Role,
    /// When the link ends; after seven days where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// How many keys it makes; one where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uses: Option<u64>,
}

/// A new invitation, with its link: shown this once.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Invitation {
    /// `<server>/join#<token>`. Whoever has it gets a key; what stands behind `#` reaches no log.
    pub link: String,
    /// What its keys will cover.
    pub projects: Vec<InvitedProject>,
    /// What its keys will allow.
    pub role: Role,
    /// When it ends.
    pub expires_at: Timestamp,
    /// How many keys it makes.
    pub uses: u64,
}

/// A project, as somebody learns of it who only joins it now.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct InvitedProject {
    /// Its id.
    pub id: ProjectId,
    /// Its readable id.
    pub slug: Slug,
    /// Its name.
    pub name: String,
}

/// The body that turns an invitation into a key.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Join {
    /// What stands behind `#` in the link.
    pub token: String,
    /// Whose key it will be.
    pub name: String,
}

impl std::fmt::Debug for Join {
    /// Without the token: it is as good as a key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Join").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The key that an invitation made, shown this once, and what it is good for.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Joined {
    /// `sk_` and 43 base64url characters.
    pub key: String,
    /// The key's id.
    pub id: KeyId,
    /// Whose it is.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// What it covers.
    pub projects: Vec<InvitedProject>,
}
