//! What a token says about who shows it: strict, since whoever signed it meant something by it.

use aitk_shared::event::Room;
use aitk_shared::limits;
use aitk_shared::role::Role;
use aitk_shared::text::printable;
use aitk_shared::time::Timestamp;
use serde::Deserialize;

use super::Refusal;
use crate::auth::is_pattern;

/// Names longer than this are cut where they are shown.
const NAME_CHARS: usize = 100;

/// The claims as they come.
#[derive(Deserialize)]
pub struct Wire {
    sub: String,
    exp: f64,
    nbf: Option<f64>,
    /// Checked before; here so that only a text passes for one (RFC 7519 §4.1.1).
    #[serde(rename = "iss")]
    _iss: Option<String>,
    name: Option<String>,
    role: Option<String>,
    projects: Option<Vec<String>>,
    workspaces: Option<Vec<String>>,
    rooms: Option<Vec<String>>,
}

/// The claims of a token that holds.
#[derive(Clone, PartialEq, Debug)]
pub struct Claims {
    /// Who shows it.
    pub sub: String,
    /// For people.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// Ids or slugs.
    pub projects: Vec<String>,
    /// Ids of workspaces.
    pub workspaces: Vec<String>,
    /// Patterns of rooms.
    pub rooms: Vec<String>,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl Wire {
    /// Accepts claims that hold now, with at most the role `most`.
    pub fn check(self, now: Timestamp, most: Role) -> Result<Claims, Refusal> {
        let expires_at = moment(self.exp);
        if expires_at <= now {
            return Err("this token has expired");
        }
        if self.nbf.is_some_and(|from| moment(from) > now.plus(limits::JWT_LEEWAY)) {
            return Err("this token does not hold yet");
        }
        if Room::parse(&format!("user:{}", self.sub)).is_err() {
            return Err("this token's 'sub' is not 1 to 128 visible ASCII characters");
        }
        // Keys and tokens share the names of lock holders: neither may pass for the other.
        if self.sub.starts_with("key_") {
            return Err("this token's 'sub' begins with 'key_', as only the ids of keys do");
        }
        let role = match self.role {
            None => Role::Developer,
            Some(role) => Role::parse(&role).ok_or("this token's 'role' is none that this server knows")?,
        };
        let rooms = self.rooms.unwrap_or_default();
        if !rooms.iter().all(|pattern| is_pattern(pattern)) {
            return Err("this token's 'rooms' are not all rooms such as issue:42, or issue:*");
        }
        let name = self.name.as_deref().map(str::trim).filter(|name| !name.is_empty());
        Ok(Claims {
            name: printable(name.unwrap_or(&self.sub), NAME_CHARS),
            sub: self.sub,
            role: role.capped(most),
            projects: self.projects.unwrap_or_default(),
            workspaces: self.workspaces.unwrap_or_default(),
            rooms,
            expires_at,
        })
    }
}

/// A NumericDate: seconds since 1970, whole or not (RFC 7519 §2).
#[expect(clippy::cast_possible_truncation, reason = "what is out of bounds becomes the bound")]
fn moment(seconds: f64) -> Timestamp {
    Timestamp::from_millis((seconds * 1000.0) as i64)
}
