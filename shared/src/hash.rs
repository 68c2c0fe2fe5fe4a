//! SHA-256 of one doc (its content hash) and of a whole project (its docs hash).

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::path::DocPath;

/// A text that should be a SHA-256 and is not 64 lower-case hex digits.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not a SHA-256 in lower-case hex")]
pub struct HashError;

macro_rules! hash_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name([u8; 32]);

        impl $name {
            /// Parses 64 lower-case hex digits.
            pub fn parse(text: &str) -> Result<Self, HashError> {
                parse_hex(text).map($name)
            }

            /// The hash of these 32 bytes.
            pub fn from_bytes(bytes: [u8; 32]) -> Self {
                $name(bytes)
            }

            /// The 32 bytes of the hash.
            pub fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(text_of(&hex(&self.0)))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{self}")
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
                output.serialize_str(text_of(&hex(&self.0)))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
                input.deserialize_str(Hex).map($name)
            }
        }

        impl From<$name> for String {
            fn from(hash: $name) -> String {
                hash.to_string()
            }
        }
    };
}

hash_type! {
    /// SHA-256 of a doc's raw bytes.
    ContentHash
}
hash_type! {
    /// SHA-256 of what `sha256sum` prints for all docs of a project, sorted by path bytes.
    DocsHash
}

impl ContentHash {
    /// Hashes a doc that is in memory.
    pub fn of(bytes: &[u8]) -> Self {
        ContentHash(Sha256::digest(bytes).into())
    }

    /// Hashes a doc while it is read, without holding it.
    pub fn of_reader(mut reader: impl std::io::Read) -> std::io::Result<Self> {
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match reader.read(&mut buffer) {
                Ok(0) => return Ok(ContentHash(hasher.finalize().into())),
                Ok(n) => hasher.update(&buffer[..n]),
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
    }
}

impl DocsHash {
    /// Hashes `<content hash>  <path>\n` of every doc; `docs` must come sorted by path bytes.
    pub fn of<'a>(docs: impl IntoIterator<Item = (&'a DocPath, &'a ContentHash)>) -> Self {
        let mut hasher = Sha256::new();
        for (path, hash) in docs {
            hasher.update(hex(&hash.0));
            hasher.update(b"  ");
            hasher.update(path.as_str());
            hasher.update(b"\n");
        }
        DocsHash(hasher.finalize().into())
    }
}

/// Reads the digits where they stand: a large answer has thousands.
struct Hex;

impl Visitor<'_> for Hex {
    type Value = [u8; 32];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        parse_hex(text).map_err(E::custom)
    }
}

fn hex(bytes: &[u8; 32]) -> [u8; 64] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = [0; 64];
    for (pair, byte) in text.chunks_exact_mut(2).zip(bytes) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    text
}

fn text_of(digits: &[u8; 64]) -> &str {
    std::str::from_utf8(digits).unwrap_or_default()
}

fn parse_hex(text: &str) -> Result<[u8; 32], HashError> {
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return Err(HashError);
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
    }
    Ok(bytes)
}

fn nibble(digit: u8) -> Result<u8, HashError> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        _ => Err(HashError),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_docs_hash_is_what_sha256sum_of_sha256sum_prints() {
        // printf a >a.md; printf b >b/c.md; sha256sum a.md b/c.md | sha256sum
        let (a, b) = (DocPath::parse("a.md").unwrap(), DocPath::parse("b/c.md").unwrap());
        let hash = DocsHash::of([(&a, &ContentHash::of(b"a")), (&b, &ContentHash::of(b"b"))]);
        assert_eq!(hash.to_string(), "cdd7650ef8e550a4113343f6664fd2626045671fcb02e2c26f53997b1d4d4ba9");
    }

    #[test]
    fn only_lower_case_hex_of_the_right_length_is_a_hash() {
        let good = ContentHash::of(b"").to_string();
        assert_eq!(ContentHash::parse(&good).unwrap().to_string(), good);
        for bad in ["", "ab", &good.to_uppercase(), &format!("{good}0"), &"g".repeat(64)] {
            assert_eq!(ContentHash::parse(bad), Err(HashError), "{bad}");
        }
    }

    #[test]
    fn a_reader_hashes_like_its_bytes() {
        let bytes = vec![7; 200_000];
        assert_eq!(ContentHash::of_reader(&bytes[..]).unwrap(), ContentHash::of(&bytes));
    }
}
