//! Which keys were used, on its way into the store.

use std::collections::BTreeMap;

use aitk_shared::id::KeyId;
use aitk_shared::time::Timestamp;

use crate::error::Result;
use crate::store::{Write, keys};

/// The last use of each key that was not written yet.
#[derive(Default)]
pub struct Uses(BTreeMap<KeyId, Timestamp>);

impl Uses {
    /// Notes a use.
    pub fn note(&mut self, key: &KeyId, at: Timestamp) {
        self.0.insert(key.clone(), at);
    }

    /// All of them.
    pub fn take(&mut self) -> BTreeMap<KeyId, Timestamp> {
        std::mem::take(&mut self.0)
    }

    /// Takes back what could not be written.
    pub fn put_back(&mut self, taken: BTreeMap<KeyId, Timestamp>) {
        for (key, at) in taken {
            self.0.entry(key).or_insert(at);
        }
    }
}

/// Writes them down.
pub async fn write(write: &mut Write, taken: &BTreeMap<KeyId, Timestamp>) -> Result<()> {
    for (key, at) in taken {
        keys::touch(write, key, *at).await?;
    }
    Ok(())
}
