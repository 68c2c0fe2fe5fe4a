//! Names that the platform gives: ids, slugs, epochs.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A text that cannot be an id or a slug.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{what} must be {rule}")]
pub struct IdError {
    what: &'static str,
    rule: &'static str,
}

macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident, $what:literal, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Makes an id of random bytes: the prefix and 26 base32 characters.
            pub fn from_random(bytes: [u8; 16]) -> Self {
                $name(concat!($prefix, "_").to_owned() + &base32(bytes))
            }

            /// Parses what an earlier [`Self::from_random`] made; also takes ids of other makers.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                let fits = (1..=64).contains(&text.len())
                    && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
                match fits {
                    true => Ok($name(text.to_owned())),
                    false => Err(IdError { what: $what, rule: "1 to 64 letters, digits, '-' or '_'" }),
                }
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                $name::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }
    };
}

id_type! {
    /// Names a project for its whole life.
    ProjectId, "a project id", "prj"
}
id_type! {
    /// Names a doc from its first save on, also across later versions.
    DocId, "a doc id", "doc"
}
id_type! {
    /// Names an API key; not the key itself.
    KeyId, "a key id", "key"
}
id_type! {
    /// Names one event in all rooms that got it.
    EventId, "an event id", "evt"
}
id_type! {
    /// One life of the database: offsets compare only within the same epoch.
    Epoch, "an epoch", "epo"
}

/// The readable name of a project, unique on its server: `acme-web`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Slug(String);

impl Slug {
    /// Parses 1–63 lower-case letters, digits and hyphens; the first is no hyphen.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let fits = (1..=63).contains(&text.len())
            && !text.starts_with('-')
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        match fits {
            true => Ok(Slug(text.to_owned())),
            false => Err(IdError {
                what: "slug",
                rule: "1 to 63 lower-case letters, digits or '-', and not start with '-'",
            }),
        }
    }

    /// Makes a slug of a project's name: `Acme Web!` becomes `acme-web`.
    ///
    /// `None` where the name has no letter or digit of ASCII to make it of.
    pub fn from_name(name: &str) -> Option<Self> {
        let mut slug = String::new();
        for c in name.chars() {
            match c.to_ascii_lowercase() {
                c if c.is_ascii_alphanumeric() => slug.push(c),
                _ if slug.is_empty() || slug.ends_with('-') => {}
                _ => slug.push('-'),
            }
        }
        slug.truncate(63);
        Slug::parse(slug.trim_end_matches('-')).ok()
    }

    /// The slug as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Slug {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        Slug::parse(&text)
    }
}

impl From<Slug> for String {
    fn from(slug: Slug) -> String {
        slug.0
    }
}

/// Crockford's base32 in lower case: no letter that can be misread, safe in URLs and file names.
fn base32(bytes: [u8; 16]) -> String {
    const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let number = u128::from_be_bytes(bytes);
    (0..26).rev().map(|digit| char::from(DIGITS[(number >> (digit * 5)) as usize & 31])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_ids_keep_every_bit() {
        assert_eq!(ProjectId::from_random([0; 16]).as_str(), "prj_00000000000000000000000000");
        assert_eq!(ProjectId::from_random([0xff; 16]).as_str(), "prj_7zzzzzzzzzzzzzzzzzzzzzzzzz");
        let id = KeyId::from_random([3; 16]);
        assert_eq!(KeyId::parse(id.as_str()), Ok(id));
    }

    #[test]
    fn a_slug_is_made_of_a_name() {
        for (name, slug) in [
            ("Acme Web!", Some("acme-web")),
            ("  handbook  ", Some("handbook")),
            ("a--b__c", Some("a-b-c")),
            ("Übergabe", Some("bergabe")),
            ("日本", None),
            ("", None),
        ] {
            assert_eq!(Slug::from_name(name).map(String::from).as_deref(), slug, "{name}");
        }
    }

    #[test]
    fn what_could_leave_a_url_or_a_folder_is_no_id() {
        for bad in ["", "a/b", "..", "a b", "ä", "a\n", &"x".repeat(65)] {
            assert!(ProjectId::parse(bad).is_err(), "{bad:?}");
        }
        for bad in ["", "-a", "A", "a_b", "a/b", &"x".repeat(64)] {
            assert!(Slug::parse(bad).is_err(), "{bad:?}");
        }
    }
}
