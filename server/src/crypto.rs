//! Chance and secrets: random ids and keys, hashes of keys, sealed tokens.

use std::io::Write;
use std::path::{Path, PathBuf};

use aitk_shared::hash::ContentHash;
use anyhow::{Context, Result, anyhow, bail};
use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::rand;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use tempfile::NamedTempFile;
use zeroize::Zeroizing;

/// Random bytes of the operating system's generator.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // Fails only where the system has no randomness at all; nothing safe can be done then.
    if rand::fill(&mut bytes).is_err() {
        std::process::abort();
    }
    bytes
}

/// A new API key: `sk_` and 43 base64url characters, 256 random bits.
pub fn new_api_key() -> String {
    format!("sk_{}", BASE64_URL_SAFE_NO_PAD.encode(random::<32>()))
}

/// A new invitation's token: `inv_` and 43 base64url characters, 256 random bits.
pub fn new_invitation() -> String {
    format!("inv_{}", BASE64_URL_SAFE_NO_PAD.encode(random::<32>()))
}

/// What is kept of an API key, or of an invitation's token. It is random, so a plain SHA-256 cannot be reversed.
pub fn hash_api_key(key: &str) -> ContentHash {
    ContentHash::of(key.as_bytes())
}

/// The server's secret key, which seals what projects entrust to it.
pub struct SecretKey {
    aead: RandomizedNonceKey,
    id: u8,
    /// The key before it, while a rotation is under way.
    older: Option<Box<SecretKey>>,
}

impl SecretKey {
    /// Reads the key file, or makes it (0600) where it does not exist.
    pub fn load_or_make(file: &Path) -> Result<Self> {
        // What cannot be looked at is told of by the reading.
        if let Ok(false) = std::fs::exists(file) {
            write_key(file, &new_key())?;
        }
        SecretKey::load(file)
    }

    /// Reads the key file, and that of the key before where a rotation is under way.
    ///
    /// A file holds one line of 32 bytes in base64url.
    pub fn load(file: &Path) -> Result<Self> {
        let mut key = SecretKey::read(file)?;
        let old = old_key_file(file);
        if std::fs::exists(&old)? {
            key.older = Some(Box::new(SecretKey::read(&old)?));
        }
        Ok(key)
    }

    fn read(file: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(file).map(Zeroizing::new);
        let text = text.with_context(|| format!("cannot read the secret key {}", file.display()))?;
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text.trim()).map(Zeroizing::new);
        match bytes {
            Ok(bytes) if bytes.len() == 32 => SecretKey::new(&bytes),
            _ => bail!("{} holds no secret key: expected 32 bytes in base64url", file.display()),
        }
    }

    /// Whether a rotation was begun and not completed.
    pub fn is_being_rotated(&self) -> bool {
        self.older.is_some()
    }

    fn new(bytes: &[u8]) -> Result<Self> {
        let aead =
            RandomizedNonceKey::new(&AES_256_GCM, bytes).map_err(|_| anyhow!("unusable secret key"))?;
        // Tells keys apart after a rotation; one byte of the key's hash tells nothing of the key.
        let id = ContentHash::of(&[b"aitk key id", bytes].concat()).as_bytes()[0];
        Ok(SecretKey { aead, id, older: None })
    }

    /// Encrypts `secret` for `owner` alone: key id, nonce, ciphertext and tag.
    pub fn seal(&self, owner: &str, secret: &str) -> Result<Vec<u8>> {
        let mut text = secret.as_bytes().to_vec();
        let nonce = self
            .aead
            .seal_in_place_append_tag(Aad::from(owner.as_bytes()), &mut text)
            .map_err(|_| anyhow!("cannot encrypt"))?;
        Ok([&[self.id][..], nonce.as_ref(), &text].concat())
    }

    /// Decrypts what [`Self::seal`], or that of the key before, made for the same owner.
    pub fn open(&self, owner: &str, sealed: &[u8]) -> Result<Zeroizing<String>> {
        match &self.older {
            Some(older) if sealed.first() == Some(&older.id) => older.open_alone(owner, sealed),
            _ => self.open_alone(owner, sealed),
        }
    }

    /// Decrypts what this key made.
    pub fn open_alone(&self, owner: &str, sealed: &[u8]) -> Result<Zeroizing<String>> {
        let (id, rest) = sealed.split_first().context("an empty sealed secret")?;
        if *id != self.id {
            bail!("sealed with another secret key");
        }
        let (nonce, text) = rest.split_at_checked(NONCE_LEN).context("a cut sealed secret")?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| anyhow!("a cut sealed secret"))?;
        let mut text = Zeroizing::new(text.to_vec());
        let plain = self
            .aead
            .open_in_place(nonce, Aad::from(owner.as_bytes()), &mut text)
            .map_err(|_| anyhow!("a sealed secret of another owner, or damaged"))?;
        Ok(Zeroizing::new(String::from_utf8(plain.to_vec())?))
    }
}

/// Where the key before is kept while a rotation is under way.
pub fn old_key_file(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".old");
    name.into()
}

/// Writes a new key into a file that does not exist; false where its id would be that of `key`.
pub fn write_other_key(file: &Path, key: &SecretKey) -> Result<bool> {
    let bytes = new_key();
    if SecretKey::new(&*bytes)?.id == key.id {
        return Ok(false);
    }
    write_key(file, &bytes).map(|()| true)
}

fn new_key() -> Zeroizing<[u8; 32]> {
    Zeroizing::new(random::<32>())
}

/// Writes a key into a file that does not exist (0600), whole or not at all.
fn write_key(file: &Path, bytes: &[u8; 32]) -> Result<()> {
    let cannot = || format!("cannot create the secret key {}", file.display());
    let text = Zeroizing::new(BASE64_URL_SAFE_NO_PAD.encode(bytes));
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut staged = NamedTempFile::new_in(folder).with_context(cannot)?;
    staged.write_all(text.as_bytes())?;
    staged.as_file().sync_all()?;
    staged.persist_noclobber(file).with_context(cannot)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_the_promised_form_and_is_never_the_same() {
        let (one, two) = (new_api_key(), new_api_key());
        assert_eq!(one.len(), 3 + 43);
        assert!(one.starts_with("sk_") && one != two);
    }

    #[test]
    fn a_sealed_secret_opens_for_its_owner_alone() {
        let key = SecretKey::new(&[1; 32]).unwrap();
        let sealed = key.seal("prj_1", "ghp_token").unwrap();
        assert_eq!(*key.open("prj_1", &sealed).unwrap(), "ghp_token");
        assert!(!sealed.windows(5).any(|w| w == b"token"));
        assert!(key.open("prj_2", &sealed).is_err());
        let other = SecretKey::new(&[2; 32]).unwrap();
        assert!(other.open("prj_1", &sealed).is_err());
        for cut in 0..sealed.len() {
            assert!(key.open("prj_1", &sealed[..cut]).is_err());
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_key_file_is_for_its_owner_alone_and_stays() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("secret.key");
        let sealed = SecretKey::load_or_make(&file).unwrap().seal("p", "x").unwrap();
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(*SecretKey::load_or_make(&file).unwrap().open("p", &sealed).unwrap(), "x");
        std::fs::write(&file, "short").unwrap();
        assert!(SecretKey::load_or_make(&file).is_err());
    }

    #[test]
    fn while_a_rotation_is_under_way_both_keys_open_and_the_new_one_seals() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("secret.key");
        let first = SecretKey::load_or_make(&file).unwrap();
        let sealed = first.seal("p", "x").unwrap();
        std::fs::rename(&file, old_key_file(&file)).unwrap();
        while !write_other_key(&file, &first).unwrap() {}
        let both = SecretKey::load(&file).unwrap();
        assert!(both.is_being_rotated());
        assert_eq!(*both.open("p", &sealed).unwrap(), "x");
        assert!(both.open_alone("p", &sealed).is_err());
        let anew = both.seal("p", "x").unwrap();
        std::fs::remove_file(old_key_file(&file)).unwrap();
        let second = SecretKey::load(&file).unwrap();
        assert_eq!(*second.open("p", &anew).unwrap(), "x");
        assert!(second.open("p", &sealed).is_err());
    }
}
