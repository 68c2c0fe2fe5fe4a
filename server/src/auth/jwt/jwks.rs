//! A file of public keys, as issuers publish them (RFC 7517), read again when it changes.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use aitk_shared::limits;
use aitk_shared::text::printable;
use aitk_shared::time::Timestamp;
use anyhow::{Context, bail, ensure};
use jsonwebtoken::jwk::{Jwk, PublicKeyUse};
use serde::Deserialize;
use serde_json::Value;

use super::key::Key;

/// The keys of a file.
pub struct JwksFile {
    path: PathBuf,
    known: Mutex<Known>,
}

struct Known {
    text: Vec<u8>,
    looked_at: Option<Timestamp>,
    keys: Keys,
}

/// By `kid`; a key without one is found by tokens without one.
type Keys = HashMap<Option<String>, Arc<Key>>;

impl JwksFile {
    /// Reads the file for the first time; it must hold a key that can be used.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let text = read(path)?;
        let keys = parse(&text).with_context(|| format!("jwks-file: {}", path.display()))?;
        ensure!(!keys.is_empty(), "jwks-file: {} holds no key that can be used", path.display());
        Ok(JwksFile { path: path.to_owned(), known: Mutex::new(Known { text, looked_at: None, keys }) })
    }

    /// The key that a token names; of a single key, the name is not needed.
    pub fn choose(&self, kid: Option<&str>, now: Timestamp) -> Option<Arc<Key>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = known.looked_at.is_some_and(|at| at <= now && now.since(at) < limits::JWKS_LOOK);
        if !fresh {
            known.look(&self.path, now);
        }
        let found = known.find(kid);
        // A new key may have been published a moment ago.
        if found.is_none() && fresh {
            known.look(&self.path, now);
            return known.find(kid);
        }
        found
    }
}

impl Known {
    /// Takes over what the file says now. While it cannot be read or understood, what it said
    /// before stays: it may be half written.
    fn look(&mut self, path: &Path, now: Timestamp) {
        self.looked_at = Some(now);
        let text = match read(path) {
            Ok(text) if text == self.text => return,
            Ok(text) => text,
            Err(error) => return tracing::error!("{error:#}: the keys that it held before stay"),
        };
        match parse(&text) {
            Ok(keys) => {
                tracing::info!(keys = keys.len(), "the file of keys has changed");
                self.keys = keys;
            }
            Err(error) => tracing::error!("jwks-file: {error:#}: the keys that it held before stay"),
        }
        self.text = text;
    }

    fn find(&self, kid: Option<&str>) -> Option<Arc<Key>> {
        match kid {
            Some(kid) => self.keys.get(&Some(kid.to_owned())).cloned(),
            None if self.keys.len() == 1 => self.keys.values().next().cloned(),
            None => None,
        }
    }
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut text = Vec::new();
    let file = File::open(path).with_context(|| format!("jwks-file: cannot read {}", path.display()))?;
    file.take(limits::JWKS_BYTES + 1)
        .read_to_end(&mut text)
        .with_context(|| format!("jwks-file: cannot read {}", path.display()))?;
    match text.len() as u64 > limits::JWKS_BYTES {
        true => bail!("jwks-file: {} is larger than {} bytes", path.display(), limits::JWKS_BYTES),
        false => Ok(text),
    }
}

/// A set may hold keys for other purposes and of kinds that we do not know: those are left out.
fn parse(text: &[u8]) -> anyhow::Result<Keys> {
    #[derive(Deserialize)]
    struct Set {
        keys: Vec<Value>,
    }
    let set: Set = serde_json::from_slice(text).context("not a set of keys (RFC 7517)")?;
    let mut keys = Keys::new();
    for value in set.keys {
        let kid = value["kid"].as_str().map(str::to_owned);
        let shown = printable(kid.as_deref().unwrap_or("(none)"), 80);
        let key = match serde_json::from_value::<Jwk>(value) {
            Ok(jwk) if matches!(jwk.common.public_key_use, Some(PublicKeyUse::Encryption)) => continue,
            Ok(jwk) => Key::of_jwk(&jwk),
            Err(error) => Err(error.into()),
        };
        match key {
            Ok(_) if keys.contains_key(&kid) => {
                tracing::warn!(kid = %shown, "a second key of this name is left out");
            }
            Ok(key) => drop(keys.insert(kid, Arc::new(key))),
            Err(error) => tracing::warn!(kid = %shown, "a key is left out: {error:#}"),
        }
    }
    Ok(keys)
}
