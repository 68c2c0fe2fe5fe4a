//! Settings: flags before environment before the TOML file before defaults.

mod flags;
mod jwt;
mod origins;
mod sizes;

use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroU64};
use std::path::{Path, PathBuf};
use std::time::Duration;

use aitk_shared::limits;
use aitk_shared::time::parse_duration;
use anyhow::{Context, Result, anyhow, bail};
use clap::ValueEnum;
use serde::Deserialize;

pub use flags::Flags;
pub use jwt::{JwtKey, JwtSettings, Secret};
pub use origins::Origins;
pub use sizes::Limits;

use crate::retention::{EventBounds, HistoryBounds};
use flags::Partial;

/// How the log is written.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For machines.
    Json,
}

/// Who may read `/metrics`.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MetricsFor {
    /// This machine, without a proxy, and admins.
    #[default]
    Local,
    /// Everybody.
    Public,
}

/// All settings of a server.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// The data folder.
    pub data: PathBuf,
    /// The database file.
    pub database: PathBuf,
    /// The file of the secret key.
    pub secret_key_file: PathBuf,
    /// An admin key from outside.
    pub admin_key: Option<String>,
    /// How tokens of others are accepted, if they are.
    pub jwt: Option<JwtSettings>,
    /// Sizes and counts.
    pub limits: Limits,
    /// What rooms keep of their events.
    pub events: EventBounds,
    /// Browser pages that may come.
    pub allowed_origins: Origins,
    /// Proxies that every request comes through.
    pub trusted_proxies: usize,
    /// Whether repositories may be on private addresses.
    pub allow_private_repos: bool,
    /// How often connected repositories are looked at by themselves; `None` for never.
    pub pull_interval: Option<Duration>,
    /// How far the history of docs goes back.
    pub history: HistoryBounds,
    /// Who may read `/metrics`.
    pub metrics: MetricsFor,
    /// How the log is written.
    pub log_format: LogFormat,
}

impl Config {
    /// Puts flags, environment (clap reads both), file and defaults together.
    pub fn load(flags: Flags) -> Result<Self> {
        let file = match &flags.config {
            None => Partial::default(),
            Some(file) => {
                let text = std::fs::read_to_string(file)
                    .with_context(|| format!("cannot read {}", file.display()))?;
                // The error itself would show the line, which may hold a secret.
                toml::from_str(&text).map_err(|error| {
                    let line = text[..error.span().map_or(0, |span| span.start)].lines().count().max(1);
                    anyhow!("cannot understand {}, line {line}: {}", file.display(), error.message())
                })?
            }
        };
        let set = flags.settings;
        let data = match set.data.or(file.data) {
            Some(data) => data,
            None => default_data_folder()?,
        };
        let defaults = Limits::default();
        Ok(Config {
            listen: set.listen.or(file.listen).unwrap_or(SocketAddr::from(([127, 0, 0, 1], 3001))),
            database: database_file(set.database_url.or(file.database_url).as_deref(), &data)?,
            secret_key_file: set.secret_key_file.or(file.secret_key_file).unwrap_or(data.join("secret.key")),
            admin_key: set.admin_key.or(file.admin_key).map(checked_admin_key).transpose()?,
            jwt: JwtSettings::of(jwt::Said {
                secret: set.jwt_secret.or(file.jwt_secret),
                public_key: set.jwt_public_key.or(file.jwt_public_key),
                jwks_file: set.jwks_file.or(file.jwks_file),
                audience: set.jwt_audience.or(file.jwt_audience),
                issuer: set.jwt_issuer.or(file.jwt_issuer),
                max_role: set.jwt_max_role.or(file.jwt_max_role),
            })?,
            limits: Limits {
                doc_bytes: set.max_doc_bytes.or(file.max_doc_bytes).unwrap_or(defaults.doc_bytes),
                project_docs: set.max_project_docs.or(file.max_project_docs).unwrap_or(defaults.project_docs),
                project_bytes: set
                    .max_project_bytes
                    .or(file.max_project_bytes)
                    .unwrap_or(defaults.project_bytes),
                auth_failures: count(set.max_auth_failures, file.max_auth_failures, defaults.auth_failures),
                sockets: count(set.max_sockets, file.max_sockets, defaults.sockets),
                user_sockets: count(set.max_user_sockets, file.max_user_sockets, defaults.user_sockets),
                socket_rooms: count(set.max_socket_rooms, file.max_socket_rooms, defaults.socket_rooms),
                client_frames: count(set.max_client_frames, file.max_client_frames, defaults.client_frames),
                ..defaults
            },
            events: retention(
                set.keep_events.or(file.keep_events),
                set.keep_events_for.or(file.keep_events_for).as_deref(),
            )?,
            allowed_origins: Origins::parse(
                &set.allowed_origins.or(file.allowed_origins).unwrap_or_default(),
            )?,
            trusted_proxies: set.trusted_proxies.or(file.trusted_proxies).unwrap_or(0),
            allow_private_repos: set.allow_private_repos.or(file.allow_private_repos).unwrap_or_default(),
            pull_interval: pull_interval(set.pull_interval.or(file.pull_interval).as_deref())?,
            history: HistoryBounds {
                versions: set.keep_versions.or(file.keep_versions).map(NonZeroU64::get),
                time: set.keep_history.or(file.keep_history).map(|age| age.0),
            },
            metrics: set.metrics.or(file.metrics).unwrap_or_default(),
            log_format: set.log_format.or(file.log_format).unwrap_or_default(),
            data,
        })
    }

    /// Settings of a server that lives in one folder, on a free port.
    pub fn in_folder(data: &Path) -> Self {
        Config {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            data: data.to_owned(),
            database: data.join("aitk.db"),
            secret_key_file: data.join("secret.key"),
            admin_key: None,
            jwt: None,
            limits: Limits::default(),
            events: EventBounds::default(),
            allowed_origins: Origins::default(),
            trusted_proxies: 0,
            allow_private_repos: false,
            pull_interval: Some(limits::PULL_INTERVAL),
            history: HistoryBounds::default(),
            metrics: MetricsFor::Local,
            log_format: LogFormat::Text,
        }
    }
}

fn retention(events: Option<u64>, time: Option<&str>) -> Result<EventBounds> {
    let default = EventBounds::default();
    let time = match time.map(parse_duration) {
        None => default.time,
        Some(Ok(Duration::ZERO)) => None,
        Some(Ok(time)) => Some(time),
        Some(Err(why)) => bail!("keep-events-for: {why}"),
    };
    Ok(EventBounds { events: events.map_or(default.events, |count| (count > 0).then_some(count)), time })
}

/// A count from the first source that says one.
fn count(set: Option<NonZeroU32>, file: Option<NonZeroU32>, default: u32) -> u32 {
    set.or(file).map_or(default, NonZeroU32::get)
}

/// `0` and `off` mean never.
fn pull_interval(text: Option<&str>) -> Result<Option<Duration>> {
    match text {
        None => Ok(Some(limits::PULL_INTERVAL)),
        Some("off" | "never") => Ok(None),
        Some(text) => {
            let interval =
                parse_duration(text).map_err(|error| anyhow::anyhow!("pull-interval: {error}, or off"))?;
            Ok(Some(interval).filter(|interval| !interval.is_zero()))
        }
    }
}

fn database_file(url: Option<&str>, data: &Path) -> Result<PathBuf> {
    let Some(url) = url else { return Ok(data.join("aitk.db")) };
    let Some(file) = url.strip_prefix("sqlite:") else {
        let scheme = url.split(':').next().unwrap_or_default();
        bail!("database-url: this version speaks sqlite:FILE only, not '{scheme}:'");
    };
    match file.strip_prefix("//").unwrap_or(file) {
        "" => bail!("database-url: 'sqlite:' needs a file, as in sqlite:/var/lib/aitk/aitk.db"),
        file => Ok(data.join(file)),
    }
}

fn checked_admin_key(key: String) -> Result<String> {
    let fits = key.strip_prefix("sk_").is_some_and(|rest| {
        rest.len() == 43 && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    });
    match fits {
        true => Ok(key),
        false => bail!("admin-key: a key is 'sk_' and 43 characters of A-Z a-z 0-9 - _"),
    }
}

fn default_data_folder() -> Result<PathBuf> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    match (absolute("XDG_DATA_HOME"), absolute("HOME")) {
        (Some(data), _) => Ok(data.join("aitk-server")),
        (None, Some(home)) => Ok(home.join(".local/share/aitk-server")),
        (None, None) => bail!("no home folder to keep data in: give one with --data DIR"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aitk_shared::role::Role;
    use clap::Parser;

    #[test]
    fn a_flag_beats_the_file_and_the_file_beats_the_default() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("server.toml");
        std::fs::write(&file, "listen = '127.0.0.1:4000'\nmax-doc-bytes = 7\ndata = '/d'\n").unwrap();
        let file_name = file.to_str().unwrap();
        let flags = ["aitk-server", "--config", file_name, "--listen", "127.0.0.1:5000"];
        let config = Config::load(Flags::parse_from(flags)).unwrap();
        assert_eq!(config.listen.port(), 5000);
        assert_eq!((config.limits.doc_bytes, config.limits.project_docs), (7, 5_000));
        assert_eq!(config.database, Path::new("/d/aitk.db"));
        std::fs::write(&file, "lisen = '127.0.0.1:4000'\n").unwrap();
        let error = format!("{:#}", Config::load(Flags::parse_from(flags)).unwrap_err());
        assert!(error.contains("lisen"), "{error}");
    }

    #[test]
    fn settings_of_tokens_hang_together_and_no_error_shows_a_secret() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("server.toml");
        let secret = "0123456789abcdef0123456789abcdef";
        for (text, word) in [
            (format!("jwt-secret = '{secret}'"), "jwt-audience"),
            (format!("jwt-secret = '{secret}'\njwks-file = 'x'\njwt-audience = 'a'"), "give one of them"),
            ("jwt-audience = 'a'".into(), "no key"),
            (
                format!("jwt-secret = '{secret}'\njwt-audience = 'a'\njwt-max-role = 'service'"),
                "jwt-max-role",
            ),
            (format!("data = '/d'\njwt-secret = {secret}"), "line 2"),
        ] {
            std::fs::write(&file, &text).unwrap();
            let flags =
                Flags::parse_from(["aitk-server", "--config", file.to_str().unwrap(), "--data", "/d"]);
            let error = format!("{:#}", Config::load(flags).unwrap_err());
            assert!(error.contains(word) && !error.contains("cdef"), "{text}: {error}");
        }
        let text = format!("jwt-secret = '{secret}'\njwt-audience = 'a'\njwt-max-role = 'admin'");
        std::fs::write(&file, text).unwrap();
        let flags = Flags::parse_from(["aitk-server", "--config", file.to_str().unwrap(), "--data", "/d"]);
        let config = Config::load(flags).unwrap();
        assert_eq!(config.jwt.as_ref().unwrap().max_role, Role::Admin);
        assert!(!format!("{config:?}").contains(secret));
    }

    #[test]
    fn another_database_is_refused_with_its_name() {
        let data = Path::new("/d");
        assert_eq!(database_file(Some("sqlite:///x/y.db"), data).unwrap(), Path::new("/x/y.db"));
        assert_eq!(database_file(Some("sqlite:y.db"), data).unwrap(), Path::new("/d/y.db"));
        for (url, word) in [("postgres://u:secret@h/d", "'postgres:'"), ("sqlite:", "needs a file")] {
            let error = database_file(Some(url), data).unwrap_err().to_string();
            assert!(error.contains(word) && !error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn what_rooms_keep_is_bounded_unless_told_otherwise() {
        let kept = |events, time| retention(events, time).map(|kept| (kept.events, kept.time));
        let week = Duration::from_secs(7 * 86_400);
        assert_eq!(kept(None, None).unwrap(), (Some(10_000), Some(week)));
        assert_eq!(kept(Some(5), Some("1h")).unwrap(), (Some(5), Some(Duration::from_secs(3_600))));
        assert_eq!(kept(Some(0), Some("0")).unwrap(), (None, None));
        assert!(kept(None, Some("soon")).unwrap_err().to_string().contains("keep-events-for"));
    }

    #[test]
    fn the_pull_interval_is_a_time_or_off() {
        for (text, seconds) in [
            (None, Some(300)),
            (Some("90s"), Some(90)),
            (Some("0"), None),
            (Some("0s"), None),
            (Some("off"), None),
        ] {
            assert_eq!(pull_interval(text).unwrap().map(|time| time.as_secs()), seconds, "{text:?}");
        }
        assert!(pull_interval(Some("often")).unwrap_err().to_string().contains("pull-interval"));
    }

    #[test]
    fn a_weak_admin_key_is_refused() {
        assert!(checked_admin_key("sk_admin".into()).is_err());
        assert!(checked_admin_key(crate::crypto::new_api_key()).is_ok());
    }
}
