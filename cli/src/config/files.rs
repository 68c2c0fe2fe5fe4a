//! The two settings files: what they may hold, and why one is refused.

use std::fs;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use aitk_shared::time::parse_duration;
use serde::Deserialize;

use crate::error::{Error, Kind, Result};
use crate::output::shown;

/// `.aitk.toml`.
#[derive(Default, Deserialize)]
pub struct ProjectFile {
    /// The server.
    pub url: Option<String>,
    /// Id or slug.
    pub project: Option<String>,
    /// Where the docs go.
    pub mirror: Option<Folder>,
    /// More trees that no agent may change.
    #[serde(default)]
    pub protect: Vec<Folder>,
    /// Whether the copy may stand in for the server.
    pub offline: Option<Offline>,
}

/// The user's `config.toml`.
#[derive(Default, Deserialize)]
pub struct UserFile {
    /// The server.
    pub url: Option<String>,
    /// Whether a copy may stand in for the server.
    pub offline: Option<Offline>,
    /// Whether plain http to other machines is allowed.
    #[serde(default)]
    pub insecure_http: bool,
}

/// Whether a complete copy may stand in for a server that is out of reach.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug, Deserialize)]
#[serde(try_from = "String")]
pub enum Offline {
    /// However old it is.
    #[default]
    Allow,
    /// Never.
    Deny,
    /// While it is not older.
    MaxAge(Duration),
}

impl Offline {
    /// Parses `AITK_OFFLINE`.
    pub fn of_environment(text: &str) -> Result<Self> {
        Offline::try_from(text.to_owned()).map_err(|why| refused("AITK_OFFLINE", &why))
    }
}

impl TryFrom<String> for Offline {
    type Error = String;
    fn try_from(text: String) -> std::result::Result<Self, String> {
        match text.trim() {
            "allow" => Ok(Offline::Allow),
            "deny" => Ok(Offline::Deny),
            age => parse_duration(age)
                .map(Offline::MaxAge)
                .map_err(|_| format!("'{}' is neither allow, nor deny, nor an age such as 72h", shown(age))),
        }
    }
}

/// A folder below the root: relative, without `.` and `..`, and not in a `.git`.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Folder(PathBuf);

impl TryFrom<String> for Folder {
    type Error = String;
    fn try_from(text: String) -> std::result::Result<Self, String> {
        let refuse = |why: &str| Err(format!("the folder '{}' {why}", shown(&text)));
        let mut folder = PathBuf::new();
        for component in Path::new(&text).components() {
            match component {
                Component::Normal(name) if name.eq_ignore_ascii_case(".git") => {
                    return refuse("must not be in '.git'");
                }
                Component::Normal(name) => folder.push(name),
                Component::CurDir => {}
                Component::ParentDir => return refuse("must not have '..'"),
                Component::RootDir | Component::Prefix(_) => return refuse("must be relative to the root"),
            }
        }
        match folder.as_os_str().is_empty() || text.contains(['\\', '\0']) {
            true => refuse("must be a folder below the root"),
            false => Ok(Folder(folder)),
        }
    }
}

impl From<Folder> for PathBuf {
    fn from(folder: Folder) -> PathBuf {
        folder.0
    }
}

/// Reads a settings file; `None` where it is not there.
pub fn read(path: &Path) -> Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(refused(&path.display().to_string(), &error.to_string())),
    }
}

/// Parses a settings file; a field that nobody knows is a warning, a key in it is an error.
pub fn parse<T: Default + for<'de> Deserialize<'de>>(
    path: &Path,
    text: Option<&str>,
    warnings: &mut Vec<String>,
) -> Result<T> {
    #[derive(Deserialize)]
    struct File<T> {
        #[serde(flatten)]
        known: T,
        #[serde(flatten)]
        unknown: toml::Table,
    }
    let Some(text) = text else { return Ok(T::default()) };
    let place = path.display().to_string();
    if holds_a_key(text) {
        return Err(refused(&place, "it holds a key, and keys do not belong in a settings file")
            .hint("take it out, revoke it with `aitk key revoke`, and store the new one with `aitk login`"));
    }
    let file: File<T> = toml::from_str(text).map_err(|error| refused(&place, error.message()))?;
    warnings.extend(file.unknown.keys().map(|name| format!("{place}: unknown field '{}'", shown(name))));
    Ok(file.known)
}

/// Whether a line sets `key`, `api_key`, `token` or the like, or a value looks like a key.
fn holds_a_key(text: &str) -> bool {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    lines.clone().any(|line| line.contains("\"sk_") || line.contains("'sk_"))
        || lines.filter_map(|line| line.split_once('=')).any(|(name, _)| {
            let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
            matches!(name.to_ascii_lowercase().as_str(), "key" | "apikey" | "token" | "apitoken" | "secret")
        })
}

fn refused(place: &str, why: &str) -> Error {
    Error::new(Kind::NotFound, format!("{place}: {why}"))
}
