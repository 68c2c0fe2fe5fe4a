//! What a credential may do.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A credential's role. Developers, leads and admins form a ladder; a service
/// stands beside it: it speaks in rooms and knows nothing of docs.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads docs, syncs, subscribes to its projects' rooms.
    Developer,
    /// Also writes docs, locks, makes developer keys and invitations.
    Lead,
    /// Everything, in every project.
    Admin,
    /// Publishes to and subscribes to the rooms that its patterns name.
    Service,
}

/// A right over one project that its credential covers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Right {
    /// Read docs, locks and history; sync; subscribe to the room.
    Read,
    /// Write docs; take, renew and release the lock.
    Write,
    /// Make and revoke keys of developers, and invite them.
    DeveloperKeys,
    /// See who reads what, and the audit log.
    Oversee,
    /// Make and revoke any key; change or remove the project.
    Administer,
}

impl Role {
    /// Whether this role carries `right` in the projects that its credential covers.
    pub fn may(self, right: Right) -> bool {
        match self {
            Role::Service => false,
            Role::Developer => right == Right::Read,
            Role::Lead => right != Right::Administer,
            Role::Admin => true,
        }
    }

    /// Whether a credential of this role covers the whole server rather than named projects.
    pub fn is_server_wide(self) -> bool {
        matches!(self, Role::Admin | Role::Service)
    }

    /// This role, or the most of it that `most` lets through. A service acts for others, so only
    /// who lets leads through lets it.
    pub fn capped(self, most: Role) -> Role {
        match (self, most) {
            (_, Role::Developer) => Role::Developer,
            (Role::Admin, Role::Lead | Role::Service) => Role::Lead,
            (role, _) => role,
        }
    }

    /// Parses the lower-case name.
    pub fn parse(text: &str) -> Option<Self> {
        [Role::Developer, Role::Lead, Role::Admin, Role::Service].into_iter().find(|r| r.as_str() == text)
    }

    /// The lower-case name.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Developer => "developer",
            Role::Lead => "lead",
            Role::Admin => "admin",
            Role::Service => "service",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_by_role() {
        use Right::*;
        for (role, rights) in [
            (Role::Developer, &[Read][..]),
            (Role::Lead, &[Read, Write, DeveloperKeys, Oversee]),
            (Role::Admin, &[Read, Write, DeveloperKeys, Oversee, Administer]),
            (Role::Service, &[]),
        ] {
            for right in [Read, Write, DeveloperKeys, Oversee, Administer] {
                assert_eq!(role.may(right), rights.contains(&right), "{role} {right:?}");
            }
        }
    }

    #[test]
    fn a_cap_takes_away_and_never_gives() {
        use Role::*;
        for (role, most, left) in [
            (Admin, Lead, Lead),
            (Admin, Developer, Developer),
            (Admin, Admin, Admin),
            (Lead, Developer, Developer),
            (Developer, Admin, Developer),
            (Service, Lead, Service),
            (Service, Developer, Developer),
        ] {
            assert_eq!(role.capped(most), left, "{role} {most}");
        }
    }

    #[test]
    fn names_round_trip() {
        for role in [Role::Developer, Role::Lead, Role::Admin, Role::Service] {
            assert_eq!(Role::parse(role.as_str()), Some(role));
        }
        assert_eq!(Role::parse("Admin"), None);
    }
}
