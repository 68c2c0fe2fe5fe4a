//! Settings of JWTs: whose, for whom, and how much they may do.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use aitk_shared::role::Role;
use anyhow::{Result, bail};
use serde::Deserialize;

/// A text that no log, error or help shows.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The text, for whoever uses it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Secret {
    type Err = std::convert::Infallible;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Secret(text.to_owned()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// What checks signatures.
#[derive(Clone, Debug)]
pub enum JwtKey {
    /// Shared with the issuer.
    Secret(Secret),
    /// In PEM form, or the file that holds it.
    PublicKey(String),
    /// A file of public keys.
    JwksFile(PathBuf),
}

/// How tokens of others are accepted.
#[derive(Clone, Debug)]
pub struct JwtSettings {
    /// What checks signatures.
    pub key: JwtKey,
    /// What `aud` must name.
    pub audience: String,
    /// What `iss` must be.
    pub issuer: Option<String>,
    /// The most that a token may do.
    pub max_role: Role,
}

/// The settings one by one, as they come from flags, environment and file.
pub struct Said {
    /// `jwt-secret`.
    pub secret: Option<Secret>,
    /// `jwt-public-key`.
    pub public_key: Option<String>,
    /// `jwks-file`.
    pub jwks_file: Option<PathBuf>,
    /// `jwt-audience`.
    pub audience: Option<String>,
    /// `jwt-issuer`.
    pub issuer: Option<String>,
    /// `jwt-max-role`.
    pub max_role: Option<Role>,
}

impl JwtSettings {
    /// Puts them together; without any key, tokens are not accepted.
    pub fn of(said: Said) -> Result<Option<Self>> {
        let key = match (said.secret, said.public_key, said.jwks_file) {
            (None, None, None) => {
                if said.audience.is_some() || said.issuer.is_some() || said.max_role.is_some() {
                    bail!("jwt-…: no key is set; give jwt-secret, jwt-public-key or jwks-file");
                }
                return Ok(None);
            }
            (Some(secret), None, None) => JwtKey::Secret(secret),
            (None, Some(pem_or_file), None) => JwtKey::PublicKey(pem_or_file),
            (None, None, Some(file)) => JwtKey::JwksFile(file),
            _ => bail!("jwt-secret, jwt-public-key and jwks-file: give one of them"),
        };
        let Some(audience) = said.audience.filter(|audience| !audience.is_empty()) else {
            bail!("jwt-audience: needed with JWTs, so that tokens for other services open nothing here");
        };
        let max_role = said.max_role.unwrap_or(Role::Lead);
        if max_role == Role::Service {
            bail!("jwt-max-role: developer, lead or admin");
        }
        Ok(Some(JwtSettings { key, audience, issuer: said.issuer.filter(|i| !i.is_empty()), max_role }))
    }
}

/// Reads a role from a flag.
pub fn parse_role(text: &str) -> Result<Role, String> {
    Role::parse(text).ok_or_else(|| "a role is developer, lead or admin".to_owned())
}
