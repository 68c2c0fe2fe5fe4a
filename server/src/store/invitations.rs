//! Links that turn into keys: what is kept of them, and how often they still do.

use aitk_shared::api::InvitedProject;
use aitk_shared::event::Actor;
use aitk_shared::hash::ContentHash;
use aitk_shared::id::{ProjectId, Slug};
use aitk_shared::role::Role;
use aitk_shared::time::Timestamp;
use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::Write;
use super::row::{Columns, big, damaged};
use crate::error::Result;

/// An invitation as it is stored.
pub struct StoredInvitation<'a> {
    /// SHA-256 of the token.
    pub hash: ContentHash,
    /// What its keys may do.
    pub role: Role,
    /// What they cover.
    pub projects: &'a [InvitedProject],
    /// Who made it.
    pub created_by: &'a Actor,
    /// When it ends.
    pub expires_at: Timestamp,
    /// How many keys it makes.
    pub uses: u64,
}

/// What one use of an invitation grants.
pub struct Grant {
    /// What the key may do.
    pub role: Role,
    /// What it covers.
    pub projects: Vec<InvitedProject>,
    /// The name of who invited.
    pub invited_by: String,
}

/// Adds an invitation, and drops those that have ended.
pub async fn insert(write: &mut Write, invitation: &StoredInvitation<'_>) -> Result<()> {
    let now = write.now();
    sqlx::query("DELETE FROM invitations WHERE expires_at <= $1 OR uses_left = 0")
        .bind(now.as_millis())
        .execute(write.connection())
        .await?;
    let insert = "INSERT INTO invitations \
                  (hash, role, created_at, created_by_id, created_by_name, expires_at, uses_left) \
                  VALUES ($1, $2, $3, $4, $5, $6, $7)";
    sqlx::query(insert)
        .bind(invitation.hash.to_string())
        .bind(invitation.role.as_str())
        .bind(now.as_millis())
        .bind(invitation.created_by.id.clone())
        .bind(invitation.created_by.name.clone())
        .bind(invitation.expires_at.as_millis())
        .bind(big(invitation.uses))
        .execute(write.connection())
        .await?;
    for project in invitation.projects {
        sqlx::query("INSERT INTO invitation_projects (hash, project_id) VALUES ($1, $2)")
            .bind(invitation.hash.to_string())
            .bind(project.id.as_str().to_owned())
            .execute(write.connection())
            .await?;
    }
    Ok(())
}

/// Whether the invitation of this hash would make a key now. Wrong, used up and ended ones
/// take the same one look.
pub async fn holds(db: &mut AnyConnection, hash: &ContentHash, now: Timestamp) -> Result<bool> {
    let select = "SELECT i.hash FROM invitations i WHERE i.hash = $1 AND i.expires_at > $2 AND i.uses_left > 0 \
                  AND EXISTS (SELECT 1 FROM invitation_projects p WHERE p.hash = i.hash)";
    let row = sqlx::query(select).bind(hash.to_string()).bind(now.as_millis()).fetch_optional(db).await?;
    Ok(row.is_some())
}

/// Takes one use; `None` where the invitation does not hold, or no longer.
pub async fn take(write: &mut Write, hash: &ContentHash) -> Result<Option<Grant>> {
    let now = write.now();
    if !holds(write.connection(), hash, now).await? {
        return Ok(None);
    }
    let take = "UPDATE invitations SET uses_left = uses_left - 1 WHERE hash = $1 AND uses_left > 0 \
                RETURNING role, created_by_name";
    let row = sqlx::query(take).bind(hash.to_string()).fetch_optional(write.connection()).await?;
    let Some(row) = row else { return Ok(None) };
    let select = "SELECT p.id AS id, p.slug AS slug, p.name AS name FROM invitation_projects i \
                  JOIN projects p ON p.id = i.project_id WHERE i.hash = $1 ORDER BY p.slug";
    let projects = sqlx::query(select).bind(hash.to_string()).fetch_all(write.connection()).await?;
    Ok(Some(Grant {
        role: Role::parse(&row.text("role")?).ok_or_else(|| damaged("role", std::fmt::Error))?,
        projects: projects.iter().map(decode).collect::<sqlx::Result<_>>()?,
        invited_by: row.text("created_by_name")?,
    }))
}

/// Ends every invitation that a credential made.
pub async fn end_those_of(write: &mut Write, creator: &str) -> Result<()> {
    sqlx::query("DELETE FROM invitations WHERE created_by_id = $1")
        .bind(creator.to_owned())
        .execute(write.connection())
        .await?;
    Ok(())
}

fn decode(row: &AnyRow) -> sqlx::Result<InvitedProject> {
    Ok(InvitedProject {
        id: row.parsed("id", ProjectId::parse)?,
        slug: row.parsed("slug", Slug::parse)?,
        name: row.text("name")?,
    })
}
