//! JWTs: tokens that somebody else made and signed, and what they say about who shows them.
//!
//! A token's own header chooses nothing but which of the configured keys to try: the algorithm is
//! the key's, and a key is for one algorithm.

mod claims;
mod jwks;
mod key;

use aitk_shared::event::Actor;
use aitk_shared::limits;
use aitk_shared::role::Role;
use aitk_shared::time::Timestamp;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Validation, decode, decode_header};

pub use claims::Claims;

use super::{Credential, Source};
use crate::config::{JwtKey, JwtSettings};
use crate::error::{Error, Result};
use crate::state::App;
use crate::store::projects;
use claims::Wire;
use jwks::JwksFile;
use key::Key;

/// Why a token does not hold, for whoever showed it. Says nothing of the token itself.
type Refusal = &'static str;

/// Checks tokens.
pub struct Jwt {
    keys: Keys,
    audience: String,
    issuer: Option<String>,
    max_role: Role,
}

/// What signatures are checked with.
enum Keys {
    One(Box<Key>),
    File(JwksFile),
}

impl Jwt {
    /// Takes the settings; an error names the one that cannot be.
    pub fn open(settings: &JwtSettings) -> anyhow::Result<Self> {
        let keys = match &settings.key {
            JwtKey::Secret(secret) => Keys::One(Box::new(Key::of_secret(secret)?)),
            JwtKey::PublicKey(pem_or_file) => Keys::One(Box::new(Key::of_pem(pem_or_file)?)),
            JwtKey::JwksFile(file) => Keys::File(JwksFile::open(file)?),
        };
        let JwtSettings { audience, issuer, max_role, .. } = settings.clone();
        Ok(Jwt { keys, audience, issuer, max_role })
    }

    /// What a token says, if it holds at this moment.
    pub fn read(&self, token: &str, now: Timestamp) -> Result<Claims, Refusal> {
        if token.len() > limits::JWT_BYTES {
            return Err("this token is too long");
        }
        let header = decode_header(token).map_err(|_| "this is no token that this server reads")?;
        if header.crit.is_some() {
            return Err("this token has critical headers, which this server does not know");
        }
        const UNKNOWN: Refusal = "this token is signed with a key that this server does not have";
        let claims = match &self.keys {
            Keys::One(key) => self.decode(token, key)?,
            Keys::File(file) => {
                self.decode(token, &*file.choose(header.kid.as_deref(), now).ok_or(UNKNOWN)?)?
            }
        };
        claims.check(now, self.max_role)
    }

    /// Signature, audience and issuer. The times are checked with our own clock.
    fn decode(&self, token: &str, key: &Key) -> Result<Wire, Refusal> {
        let mut validation = Validation::new(key.algorithm);
        validation.validate_exp = false;
        validation.set_audience(&[&self.audience]);
        validation.required_spec_claims = ["exp", "aud", "sub"].map(str::to_owned).into();
        if let Some(issuer) = &self.issuer {
            validation.set_issuer(&[issuer]);
            validation.required_spec_claims.insert("iss".to_owned());
        }
        match decode::<Wire>(token, &key.key, &validation) {
            Ok(token) => Ok(token.claims),
            Err(error) => Err(match error.kind() {
                ErrorKind::InvalidSignature => "this token's signature does not hold",
                ErrorKind::InvalidAlgorithm | ErrorKind::InvalidKeyFormat => {
                    "this token is not signed in the way that this server's key is for"
                }
                ErrorKind::InvalidAudience => "this token is for another audience",
                ErrorKind::InvalidIssuer => "this token is of another issuer",
                ErrorKind::MissingRequiredClaim(claim) => match claim.as_str() {
                    "exp" => "this token has no end: it needs 'exp' in seconds",
                    "aud" => "this token says for whom it is in no 'aud'",
                    "iss" => "this token says whose it is in no 'iss'",
                    _ => "this token says who shows it in no 'sub'",
                },
                ErrorKind::Json(_) => "this token's claims are not of the form that this server knows",
                _ => "this is no token that this server reads",
            }),
        }
    }
}

/// Checks a token as it came from outside.
pub async fn verify(app: &App, jwt: &Jwt, presented: &str) -> Result<Credential> {
    let claims = jwt.read(presented, app.clock.now()).map_err(Error::Unauthorized)?;
    let mut covered = Vec::new();
    if !claims.projects.is_empty() {
        let mut read = app.store.read().await?;
        for named in &claims.projects {
            covered.extend(projects::id_of(&mut read, named).await?);
        }
    }
    Ok(Credential {
        actor: Actor { id: claims.sub, name: claims.name },
        role: claims.role,
        projects: covered,
        workspaces: claims.workspaces,
        rooms: claims.rooms,
        expires_at: Some(claims.expires_at),
        source: Source::Token,
    })
}
