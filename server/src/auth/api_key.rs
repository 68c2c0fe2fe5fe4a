//! API keys: random, stored as their SHA-256, compared in constant time.

use std::time::Duration;

use aitk_shared::event::Actor;
use aitk_shared::id::KeyId;
use aitk_shared::time::Timestamp;
use subtle::ConstantTimeEq;

use super::{Credential, Source};
use crate::crypto;
use crate::error::{Error, Result};
use crate::state::App;
use crate::store::keys::{self, StoredKey};

/// `lastUsedAt` is kept to the minute: not every request is a write.
const TOUCH_EVERY: Duration = Duration::from_secs(60);

/// Checks a key as it came from outside.
pub async fn verify(app: &App, presented: &str) -> Result<Credential> {
    let wrong = Error::Unauthorized("this key is not known here: it may be mistyped or revoked");
    if presented.len() > 128 {
        return Err(wrong);
    }
    let hash = crypto::hash_api_key(presented);
    let mut read = app.store.read().await?;
    let Some(key) = keys::by_hash(&mut read, &hash).await? else { return Err(wrong) };
    drop(read);
    if !bool::from(key.hash.as_bytes().ct_eq(hash.as_bytes())) {
        return Err(wrong);
    }
    let now = app.clock.now();
    let (id, last_used_at) = (key.info.id.clone(), key.info.last_used_at);
    let credential = holding(key, now)?;
    if last_used_at.is_none_or(|last| now.since(last) >= TOUCH_EVERY) {
        app.notes.used(&id, now);
    }
    Ok(credential)
}

/// The key with this id as it is now.
pub async fn again(app: &App, id: &KeyId) -> Result<Credential> {
    let mut read = app.store.read().await?;
    let key = keys::by_id(&mut read, id.as_str()).await?;
    holding(key.ok_or(Error::Unauthorized("this key was revoked"))?, app.clock.now())
}

fn holding(key: StoredKey, now: Timestamp) -> Result<Credential> {
    if key.info.expires_at.is_some_and(|end| end <= now) {
        return Err(Error::Unauthorized("this key has expired"));
    }
    Ok(Credential {
        actor: Actor { id: key.info.id.to_string(), name: key.info.name },
        role: key.info.role,
        projects: key.info.projects,
        workspaces: Vec::new(),
        rooms: key.info.rooms,
        expires_at: key.info.expires_at,
        source: Source::Key(key.info.id),
    })
}
