//! The keys, one per server origin, and which origins may get one.
//!
//! `credentials.toml` in the user's config folder, readable by the user alone. An origin that it
//! lists is accepted, with or without a key. A key, also one from the environment, never goes to
//! an origin that only a repository's file named.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::config::{Dirs, Source};
use crate::error::{Error, Kind, Result};
pub use crate::origin::{Origin, Server};
use crate::output::shown;

/// An API key. Its text leaves this type only for a header or the credentials file.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ApiKey(String);

impl ApiKey {
    /// Accepts what can stand in a header; spaces around it are dropped.
    pub fn parse(text: &str) -> Result<Self> {
        let key = text.trim();
        let fits = (1..=8192).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic());
        match fits {
            true => Ok(ApiKey(key.to_owned())),
            false => Err(Error::new(Kind::Credentials, "that is not an API key")
                .hint("a key is 'sk_' and 43 letters, digits, '-' or '_', on one line")),
        }
    }

    /// The key itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(…)")
    }
}

/// Who asks for a key: settings in the environment mean different things to the two.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Caller {
    /// Somebody at a command line.
    Person,
    /// An agent's hook, whose environment a cloned repository can set.
    Hook,
}

/// What is stored of one server.
#[derive(Clone, Default, Debug, Serialize, Deserialize)]
struct Entry {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<ApiKey>,
}

/// The stored keys.
#[derive(Clone, Default, Debug, Serialize, Deserialize)]
pub struct Credentials {
    #[serde(default)]
    servers: BTreeMap<Origin, Entry>,
}

impl Credentials {
    /// Reads the stored keys; none where the file is not there.
    pub fn load(dirs: &Dirs) -> Result<Self> {
        let path = file(dirs);
        match fs::read_to_string(&path) {
            Ok(text) => toml::from_str(&text).map_err(|_| {
                // The parser's message would quote the line, which may hold a key.
                Error::new(Kind::Failed, format!("{} cannot be read as TOML", path.display()))
                    .hint("mend it, or delete it and run `aitk login` again")
            }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Credentials::default()),
            Err(error) => Err(Error::new(Kind::Failed, format!("cannot read {}: {error}", path.display()))),
        }
    }

    /// Whether the user accepted this origin.
    pub fn accepts(&self, origin: &Origin) -> bool {
        self.servers.contains_key(origin)
    }

    /// The key stored for this origin.
    pub fn key_for(&self, origin: &Origin) -> Option<&ApiKey> {
        self.servers.get(origin)?.key.as_ref()
    }

    /// The key to send to `server`, or why none may be sent.
    ///
    /// `named` says where the address came from, `given` is the key of the environment.
    pub fn authorize(
        &self,
        server: &Server,
        named: Source,
        given: Option<ApiKey>,
        caller: Caller,
    ) -> Result<ApiKey> {
        let origin = server.origin();
        let trusted = self.accepts(&origin)
            || match (named, caller) {
                (Source::Flag | Source::UserProjects | Source::UserConfig | Source::Default, _) => true,
                (Source::Environment, Caller::Person) => true,
                // Both were set together, so whoever set the address had the key already.
                (Source::Environment, Caller::Hook) => given.is_some(),
                (Source::ProjectFile | Source::AgentSettings, _) => false,
            };
        let hint = format!("run `aitk login {}`", shown(&server.to_string()));
        if !trusted {
            return Err(Error::new(
                Kind::Credentials,
                format!(
                    "no key is sent to {origin}: only {} named it, and you never accepted it",
                    named.name()
                ),
            )
            .hint(format!("if you know this server, {hint}")));
        }
        given
            .or_else(|| self.key_for(&origin).cloned())
            .ok_or_else(|| Error::new(Kind::Credentials, format!("there is no key for {origin}")).hint(hint))
    }
}

/// Accepts an origin and keeps the key that it may have.
pub fn accept(dirs: &Dirs, origin: &Origin) -> Result<()> {
    change(dirs, |servers| {
        servers.entry(origin.clone()).or_default();
    })
}

/// Accepts an origin and stores its key.
pub fn store(dirs: &Dirs, origin: &Origin, key: ApiKey) -> Result<()> {
    change(dirs, |servers| {
        servers.insert(origin.clone(), Entry { key: Some(key) });
    })
}

/// Drops an origin and its key; false where it was not there.
pub fn remove(dirs: &Dirs, origin: &Origin) -> Result<bool> {
    let mut was_there = false;
    change(dirs, |servers| was_there = servers.remove(origin).is_some())?;
    Ok(was_there)
}

fn file(dirs: &Dirs) -> PathBuf {
    dirs.config.join("credentials.toml")
}

/// One change at a time, also across processes: read, change, write back as a whole.
fn change(dirs: &Dirs, apply: impl FnOnce(&mut BTreeMap<Origin, Entry>)) -> Result<()> {
    create_private_dir(&dirs.config)?;
    let turn = File::create(dirs.config.join("credentials.lock"))?;
    turn.lock()?;
    let mut credentials = Credentials::load(dirs)?;
    apply(&mut credentials.servers);
    let text = toml::to_string(&credentials).map_err(anyhow::Error::from)?;
    write_private(&file(dirs), text.as_bytes())
}

/// Writes a file that only the user may read: as a whole, or not at all.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<()> {
    let cannot = |error: std::io::Error| {
        Error::new(Kind::Failed, format!("cannot write {}: {error}", path.display())).source(error)
    };
    let dir = path.parent().unwrap_or(Path::new("."));
    create_private_dir(dir)?;
    // tempfile makes its files 0600.
    let mut staged = tempfile::NamedTempFile::new_in(dir).map_err(cannot)?;
    staged.write_all(bytes).and_then(|()| staged.as_file().sync_all()).map_err(cannot)?;
    staged.persist(path).map_err(|error| cannot(error.error))?;
    Ok(())
}

/// Makes a folder that only the user may enter.
pub fn create_private_dir(path: &Path) -> Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|error| {
        Error::new(Kind::Failed, format!("cannot make {}: {error}", path.display())).source(error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dirs(at: &Path) -> Dirs {
        Dirs { config: at.join("config"), data: at.join("data"), cache: at.join("cache") }
    }

    #[test]
    fn a_key_goes_only_where_the_user_sent_it() {
        let server = Server::parse("https://docs.example.com/base").unwrap();
        let key = || ApiKey::parse("sk_env").unwrap();
        let unknown = Credentials::default();
        let mut accepted = Credentials::default();
        accepted.servers.insert(server.origin(), Entry::default());
        use Caller::*;
        use Source::*;
        for (store, named, given, caller, sent) in [
            (&unknown, Flag, true, Person, true),
            (&unknown, Default, true, Person, true),
            (&unknown, UserConfig, true, Hook, true),
            (&unknown, Environment, true, Person, true),
            (&unknown, Environment, true, Hook, true),
            (&unknown, Environment, false, Hook, false),
            (&unknown, ProjectFile, true, Person, false),
            (&unknown, ProjectFile, true, Hook, false),
            (&unknown, AgentSettings, true, Hook, false),
            (&accepted, AgentSettings, true, Hook, true),
            (&accepted, ProjectFile, true, Person, true),
            (&accepted, ProjectFile, true, Hook, true),
            (&accepted, ProjectFile, false, Person, false),
            (&unknown, Flag, false, Person, false),
        ] {
            let result = store.authorize(&server, named, given.then(key), caller);
            assert_eq!(result.is_ok(), sent, "{named:?} {given} {caller:?}");
            if let Err(error) = result {
                assert_eq!(error.kind, Kind::Credentials);
                assert!(error.hint.unwrap().contains("aitk login https://docs.example.com/base"));
            }
        }
    }

    #[test]
    fn keys_are_kept_per_origin_in_a_private_file() {
        let home = tempfile::tempdir().unwrap();
        let dirs = dirs(home.path());
        let origin = |url| Server::parse(url).unwrap().origin();
        let (one, two) = (origin("https://one"), origin("http://localhost:1"));
        store(&dirs, &one, ApiKey::parse(" sk_1\n").unwrap()).unwrap();
        accept(&dirs, &one).unwrap();
        accept(&dirs, &two).unwrap();
        let stored = Credentials::load(&dirs).unwrap();
        assert_eq!(stored.key_for(&one).unwrap().expose(), "sk_1");
        assert!(stored.accepts(&two) && stored.key_for(&two).is_none());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(&file(&dirs)), mode(&dirs.config)), (0o600, 0o700));
        }
        assert!(remove(&dirs, &one).unwrap());
        assert!(!remove(&dirs, &one).unwrap());
        assert!(!Credentials::load(&dirs).unwrap().accepts(&one));
    }

    #[test]
    fn a_broken_file_is_an_error_that_shows_no_key() {
        let home = tempfile::tempdir().unwrap();
        let dirs = dirs(home.path());
        write_private(&file(&dirs), b"key = \"sk_secret").unwrap();
        let error = Credentials::load(&dirs).unwrap_err();
        assert!(!format!("{error:?}").contains("sk_secret"));
    }

    #[test]
    fn a_key_is_one_visible_word() {
        for bad in ["", " ", "a b", "sk_\u{e4}", "a\nb"] {
            assert!(ApiKey::parse(bad).is_err(), "{bad:?}");
        }
        assert_eq!(format!("{:?}", ApiKey::parse("sk_1").unwrap()), "ApiKey(…)");
    }
}
