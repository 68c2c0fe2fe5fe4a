//! API keys: random, stored as their SHA-256, compared in constant time.

use std::time::Duration;

use aitk_shared::event::Actor;
use subtle::ConstantTimeEq;

use super::Credential;
use crate::crypto;
use crate::error::{Error, Result};
use crate::state::App;
use crate::store::keys;

/// `lastUsedAt` is kept to the minute: not every request is a write.
const TOUCH_EVERY: Duration = Duration::from_secs(60);

/// Checks a key as it came from outside.
pub async fn verify(app: &App, presented: &str) -> Result<Credential> {
    let wrong = Error::Unauthorized("this key is not known here: it may be mistyped or revoked");
    if !presented.starts_with("sk_") || presented.len() > 128 {
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
    if key.info.expires_at.is_some_and(|end| end <= now) {
        return Err(Error::Unauthorized("this key has expired"));
    }
    if key.info.last_used_at.is_none_or(|last| now.since(last) >= TOUCH_EVERY) {
        touch_later(app.clone(), key.info.id.clone());
    }
    Ok(Credential {
        actor: Actor { id: key.info.id.to_string(), name: key.info.name },
        role: key.info.role,
        projects: key.info.projects,
        rooms: key.info.rooms,
        expires_at: key.info.expires_at,
    })
}

/// Notes the use beside the request, which does not wait for it.
fn touch_later(app: App, id: aitk_shared::id::KeyId) {
    tokio::spawn(async move {
        let touch = async {
            let mut write = app.store.write().await?;
            keys::touch(&mut write, &id).await?;
            write.commit().await
        };
        if let Err(error) = touch.await {
            tracing::debug!(?error, "cannot note a key's use");
        }
    });
}
