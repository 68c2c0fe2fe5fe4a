//! `/audit` and `/projects/{id}/audit`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::nullable;
use crate::event::Actor;
use crate::id::ProjectId;
use crate::time::Timestamp;

/// A page of the audit log, newest first.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct AuditPage {
    /// The lines.
    pub entries: Vec<AuditEntry>,
    /// Pass it as `?before=` for the next page; `null` at the end.
    #[serde(deserialize_with = "nullable")]
    pub before: Option<u64>,
}

/// One line of the audit log.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct AuditEntry {
    /// Its number: dense, from 1 on.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// What was done, such as `lock.acquired`.
    pub action: String,
    /// The projects that it is about, as far as the asker covers them; none for what is about the server.
    pub projects: Vec<ProjectId>,
    /// Who did it; `null` where the server itself did, or nobody knows who asked.
    #[serde(deserialize_with = "nullable")]
    pub actor: Option<Actor>,
    /// The address that it came from; `null` where no request was the cause.
    #[serde(deserialize_with = "nullable")]
    pub from: Option<String>,
    /// The request's `X-Request-Id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// What more there is to know, by action.
    pub detail: Value,
}

/// What the audit log has lines of.
pub mod action {
    /// The lock was taken: `lockedBy`, `token`, `expiresAt`, `reason`.
    pub const LOCK_ACQUIRED: &str = "lock.acquired";
    /// Its holder gave it back: `lockedBy`, `token`.
    pub const LOCK_RELEASED: &str = "lock.released";
    /// Its lease ended by the clock.
    pub const LOCK_EXPIRED: &str = "lock.expired";
    /// Somebody else ended it: also `reason`.
    pub const LOCK_FORCED: &str = "lock.forced";
    /// Somebody else took it over: also `reason`.
    pub const LOCK_STOLEN: &str = "lock.stolen";
    /// A key was made: `key`, `name`, `role`, `prefix`, `rooms`, `expiresAt`.
    pub const KEY_CREATED: &str = "key.created";
    /// A key was ended: the same.
    pub const KEY_REVOKED: &str = "key.revoked";
    /// A link was made: `role`, `uses`, `expiresAt`.
    pub const INVITATION_CREATED: &str = "invitation.created";
    /// A link turned into a key: `key`, `role`, `invitedBy`.
    pub const INVITATION_USED: &str = "invitation.used";
    /// Somebody came with a link that opens nothing: `count`.
    pub const INVITATION_REFUSED: &str = "invitation.refused";
    /// A project was made: `slug`, `name`.
    pub const PROJECT_CREATED: &str = "project.created";
    /// Settings were changed: `fields`, their names.
    pub const PROJECT_CHANGED: &str = "project.changed";
    /// A project was removed: `slug`, `name`, `docs`.
    pub const PROJECT_DELETED: &str = "project.deleted";
    /// Docs were saved or deleted, as one revision: `from`, `revision`, `added`, `changed`,
    /// `removed`, `path` where it is one, `message`.
    pub const DOCS_CHANGED: &str = "docs.changed";
    /// A request was refused: `status`, `code`, `method`, `path`, `keyPrefix`, `count`.
    pub const REQUEST_REFUSED: &str = "request.refused";
    /// The database was restored from a backup: `backupAt`, `epoch`.
    pub const DATABASE_RESTORED: &str = "database.restored";
    /// Another secret key seals the secrets now: `secrets`.
    pub const KEY_ROTATED: &str = "secret_key.rotated";
}
