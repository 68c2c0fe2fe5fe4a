//! Where a doc may live. Names come from outside and end up on many file systems.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};
use unicode_normalization::{UnicodeNormalization, is_nfc};

use crate::limits;
use crate::text::printable;

/// Marks a complete mirror and holds its docs hash; the one name every reader may rely on.
pub const SYNC_HASH_FILE: &str = ".sync-hash";
/// Everything that starts so, at the top of a mirror, is ours.
pub const OWN_PREFIX: &str = ".aitk";

/// Why a text cannot be a doc's path. Every message finishes the sentence "the path …".
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
pub enum PathError {
    /// No characters at all.
    #[error("is empty")]
    Empty,
    /// Over [`limits::DOC_PATH_BYTES`].
    #[error("is longer than {} bytes", limits::DOC_PATH_BYTES)]
    TooLong,
    /// Starts at a root.
    #[error("must be relative, without a leading '/'")]
    Absolute,
    /// `a//b`, or a trailing slash.
    #[error("has an empty segment ('//' or a trailing '/')")]
    EmptySegment,
    /// `.` or `..`.
    #[error("has a '.' or '..' segment")]
    Dots,
    /// A separator on Windows.
    #[error("has a backslash")]
    Backslash,
    /// C0, DEL or C1.
    #[error("has a control character")]
    Control,
    /// Not in Unicode normalisation form C.
    #[error("is not in Unicode NFC (compose its accents)")]
    NotNfc,
    /// Windows drops it silently, so two names would become one.
    #[error("has a segment that ends with a dot or a space")]
    TrailingDotOrSpace,
    /// `CON`, `nul.txt` …
    #[error("has a name that Windows reserves (CON, NUL, COM1 …)")]
    WindowsReserved,
    /// Git's own folder, in any spelling that some file system takes for it.
    #[error("has a '.git' segment")]
    Git,
    /// A name that the mirror keeps for itself.
    #[error("starts with a name that aitk keeps for itself ('{SYNC_HASH_FILE}', '{OWN_PREFIX}…')")]
    Reserved,
}

/// A doc's path below the docs folder: `/`-separated, portable, safe to create.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DocPath(String);

impl DocPath {
    /// Accepts a path only as a whole: nothing is repaired or normalised.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        check(text)?;
        Ok(DocPath(text.to_owned()))
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Equal for two paths that some file system cannot tell apart (case, normalisation).
    pub fn twin_key(&self) -> String {
        fold(&self.0)
    }

    /// The folders above the doc, from the top: `a`, `a/b` for `a/b/c.md`.
    pub fn folders(&self) -> impl Iterator<Item = &str> {
        self.0.match_indices('/').map(|(at, _)| &self.0[..at])
    }
}

fn check(text: &str) -> Result<(), PathError> {
    if text.is_empty() {
        return Err(PathError::Empty);
    }
    if text.len() > limits::DOC_PATH_BYTES {
        return Err(PathError::TooLong);
    }
    if text.starts_with('/') {
        return Err(PathError::Absolute);
    }
    if text.contains('\\') {
        return Err(PathError::Backslash);
    }
    if text.chars().any(char::is_control) {
        return Err(PathError::Control);
    }
    // ASCII has nothing to compose.
    if !text.is_ascii() && !is_nfc(text) {
        return Err(PathError::NotNfc);
    }
    text.split('/').try_for_each(check_segment)?;
    let first = folded(text.split('/').next().unwrap_or_default());
    if first == SYNC_HASH_FILE || first.starts_with(OWN_PREFIX) {
        return Err(PathError::Reserved);
    }
    Ok(())
}

fn check_segment(segment: &str) -> Result<(), PathError> {
    match segment {
        "" => return Err(PathError::EmptySegment),
        "." | ".." => return Err(PathError::Dots),
        _ => {}
    }
    if segment.ends_with(['.', ' ']) {
        return Err(PathError::TrailingDotOrSpace);
    }
    if is_git(segment) {
        return Err(PathError::Git);
    }
    if is_windows_reserved(segment) {
        return Err(PathError::WindowsReserved);
    }
    Ok(())
}

/// `.git` as HFS+ (ignores zero-width characters) and NTFS (short names) may read it;
/// git itself refuses the same spellings (`core.protectHFS`, `core.protectNTFS`).
fn is_git(segment: &str) -> bool {
    const NAMES: [&str; 2] = [".git", "git~1"];
    if segment.is_ascii() {
        return NAMES.iter().any(|name| segment.eq_ignore_ascii_case(name));
    }
    let seen: String =
        segment.chars().filter(|c| !matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')).collect();
    NAMES.contains(&fold(&seen).as_str())
}

/// Device names, with any extension:
/// <https://learn.microsoft.com/windows/win32/fileio/naming-a-file>.
fn is_windows_reserved(segment: &str) -> bool {
    let stem = segment.split('.').next().unwrap_or_default().trim_end();
    let is = |name: &&str| stem.eq_ignore_ascii_case(name);
    let is_port = |port: &&str| {
        stem.get(..port.len()).is_some_and(|start| start.eq_ignore_ascii_case(port)) && {
            let mut rest = stem[port.len()..].chars();
            matches!((rest.next(), rest.next()), (Some('0'..='9' | '¹' | '²' | '³'), None))
        }
    };
    ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"].iter().any(is) || ["COM", "LPT"].iter().any(is_port)
}

/// Character by character, so that the result does not depend on neighbours.
pub(crate) fn fold(text: &str) -> String {
    folded(text).into_owned()
}

/// The same; what most paths are is folded already.
pub(crate) fn folded(text: &str) -> Cow<'_, str> {
    match text.is_ascii() {
        true if text.bytes().any(|byte| byte.is_ascii_uppercase()) => text.to_ascii_lowercase().into(),
        true => text.into(),
        false => text.nfd().flat_map(char::to_lowercase).nfc().collect::<String>().into(),
    }
}

impl fmt::Display for DocPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for DocPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

/// A refused path together with its (printable) name, for whoever decodes a whole message.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error("path '{path}' {why}")]
pub struct RefusedPath {
    /// The path as it came, made safe to print.
    pub path: String,
    /// What is wrong with it.
    pub why: PathError,
}

impl TryFrom<String> for DocPath {
    type Error = RefusedPath;
    fn try_from(text: String) -> Result<Self, RefusedPath> {
        match check(&text) {
            Ok(()) => Ok(DocPath(text)),
            Err(why) => Err(RefusedPath { path: printable(&text, 200), why }),
        }
    }
}

impl From<DocPath> for String {
    fn from(path: DocPath) -> String {
        path.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ordinary_names_are_free() {
        for good in [
            "a.md",
            "a/b/c.md",
            "Übergabe.md",
            "日本/メモ.md",
            "-e",
            "what? yes: 100%.md",
            ".hidden/x",
            "console.md",
            "com10.txt",
            "a/.sync-hash",
            "a b.md",
            ".gitignore",
            "git/x",
            &"x".repeat(512),
        ] {
            assert_eq!(DocPath::parse(good).map(String::from).as_deref(), Ok(good));
        }
    }

    #[test]
    fn names_that_leave_the_folder_or_break_a_file_system_are_refused() {
        use PathError::*;
        for (bad, why) in [
            ("", Empty),
            (&*"x".repeat(513), TooLong),
            ("/etc/passwd", Absolute),
            ("//server/share", Absolute),
            ("../x", Dots),
            ("a/../b", Dots),
            ("./a", Dots),
            ("a/..", Dots),
            ("a//b", EmptySegment),
            ("a/", EmptySegment),
            ("a\\b", Backslash),
            ("C:\\x", Backslash),
            ("a\0b", Control),
            ("a\nb", Control),
            ("a\u{7f}", Control),
            ("a\u{85}", Control),
            ("U\u{308}ber.md", NotNfc),
            ("a./b", TrailingDotOrSpace),
            ("a /b", TrailingDotOrSpace),
            ("a...", TrailingDotOrSpace),
            ("con", WindowsReserved),
            ("a/NUL.txt", WindowsReserved),
            ("Com1.tar.gz", WindowsReserved),
            ("lpt¹", WindowsReserved),
            ("aux .md", WindowsReserved),
            (".git/config", Git),
            ("a/.GIT/hooks/pre-commit", Git),
            (".g\u{200c}it/config", Git),
            ("GIT~1/config", Git),
            (".sync-hash", Reserved),
            (".SYNC-HASH", Reserved),
            (".aitk-state.json", Reserved),
            (".Aitk/x", Reserved),
        ] {
            assert_eq!(DocPath::parse(bad), Err(why), "{bad:?}");
        }
    }

    #[test]
    fn twins_share_a_key_and_neighbours_do_not() {
        let key = |text: &str| DocPath::parse(text).unwrap().twin_key();
        assert_eq!(key("Readme.md"), key("README.MD"));
        assert_eq!(key("É/x"), key("é/X"));
        assert_ne!(key("a.md"), key("b.md"));
    }

    #[test]
    fn folders_come_from_the_top() {
        let path = DocPath::parse("a/b/c.md").unwrap();
        assert_eq!(path.folders().collect::<Vec<_>>(), ["a", "a/b"]);
        assert_eq!(DocPath::parse("c.md").unwrap().folders().count(), 0);
    }

    proptest! {
        #[test]
        fn an_accepted_path_stays_below_its_folder(text in "\\PC{0,40}|[./a~ \\\\]{0,12}") {
            if let Ok(path) = DocPath::parse(&text) {
                let joined = std::path::Path::new("/root").join(path.as_str());
                let plain = joined.components().skip(2)
                    .all(|c| matches!(c, std::path::Component::Normal(_)));
                prop_assert!(plain && joined.starts_with("/root"), "{path:?}");
                prop_assert_eq!(path.as_str(), text);
            }
        }
    }
}
