//! Settings: flags before environment before the TOML file before defaults.

mod jwt;
mod origins;

use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroU64};
use std::path::{Path, PathBuf};
use std::time::Duration;

use aitk_shared::limits;
use aitk_shared::role::Role;
use aitk_shared::time::{TimeError, parse_duration};
use anyhow::{Context, Result, anyhow, bail};
use clap::{Parser, ValueEnum};
use serde::Deserialize;

pub use jwt::{JwtKey, JwtSettings, Secret};
pub use origins::Origins;

use crate::care::Task;
use crate::trimming::Bounds;

/// Run the aitk platform: projects, versioned docs, locks and live events
///
/// Without any setting it listens on 127.0.0.1:3001 and keeps everything in its
/// data folder. At the first start it prints an admin key, once.
#[derive(Parser, Clone, Debug, Default)]
#[command(name = "aitk-server", version, max_term_width = 100)]
pub struct Flags {
    /// Read settings from this TOML file; its keys are the names of these flags
    #[arg(long, value_name = "FILE", env = "AITK_SERVER_CONFIG", global = true)]
    pub config: Option<PathBuf>,
    #[command(flatten)]
    settings: Partial,
    /// What to do instead of serving
    #[command(subcommand)]
    pub task: Option<Task>,
}

/// Settings of one source; what it does not say is left to the next.
#[derive(clap::Args, Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Partial {
    /// Listen on this address; port 0 takes a free one [default: 127.0.0.1:3001]
    #[arg(long, value_name = "ADDR", env = "AITK_SERVER_LISTEN")]
    listen: Option<SocketAddr>,
    /// Keep database and secret key in this folder [default: aitk-server, in the user's data folder]
    #[arg(long, value_name = "DIR", env = "AITK_SERVER_DATA", global = true)]
    data: Option<PathBuf>,
    /// Use this database [default: sqlite:aitk.db, in the data folder]
    #[arg(long, value_name = "URL", env = "AITK_SERVER_DATABASE_URL", global = true)]
    database_url: Option<String>,
    /// Read the secret key that seals tokens from this file [default: secret.key, in the data folder]
    #[arg(long, value_name = "FILE", env = "AITK_SERVER_SECRET_KEY_FILE", global = true)]
    secret_key_file: Option<PathBuf>,
    /// Accept this admin key instead of making one; better set by environment or file
    #[arg(long, value_name = "KEY", env = "AITK_SERVER_ADMIN_KEY", hide_env_values = true)]
    admin_key: Option<String>,
    /// Accept JWTs signed (HS256) with this secret of at least 32 bytes; better set by environment or file
    #[arg(long, value_name = "SECRET", env = "AITK_SERVER_JWT_SECRET", hide_env_values = true)]
    jwt_secret: Option<Secret>,
    /// Accept JWTs signed for this public key: PEM, or the file that holds it (RS256, ES256 or EdDSA by its kind)
    #[arg(long, value_name = "PEM", env = "AITK_SERVER_JWT_PUBLIC_KEY")]
    jwt_public_key: Option<String>,
    /// Accept JWTs signed for a key of this JWKS file, chosen by kid; read again when it changes
    #[arg(long, value_name = "FILE", env = "AITK_SERVER_JWKS_FILE")]
    jwks_file: Option<PathBuf>,
    /// Accept only JWTs whose aud names this; needed with JWTs
    #[arg(long, value_name = "AUDIENCE", env = "AITK_SERVER_JWT_AUDIENCE")]
    jwt_audience: Option<String>,
    /// Accept only JWTs of this iss [default: any that the key signed]
    #[arg(long, value_name = "ISSUER", env = "AITK_SERVER_JWT_ISSUER")]
    jwt_issuer: Option<String>,
    /// Let JWTs do at most what this role may: developer, lead or admin [default: lead]
    #[arg(long, value_name = "ROLE", env = "AITK_SERVER_JWT_MAX_ROLE", value_parser = jwt::parse_role)]
    jwt_max_role: Option<Role>,
    /// Accept docs up to this size, in bytes [default: 10485760]
    #[arg(long, value_name = "BYTES", env = "AITK_SERVER_MAX_DOC_BYTES")]
    max_doc_bytes: Option<u64>,
    /// Accept so many docs a project [default: 5000]
    #[arg(long, value_name = "COUNT", env = "AITK_SERVER_MAX_PROJECT_DOCS")]
    max_project_docs: Option<u64>,
    /// Accept docs of a project up to this size together, in bytes [default: 268435456]
    #[arg(long, value_name = "BYTES", env = "AITK_SERVER_MAX_PROJECT_BYTES")]
    max_project_bytes: Option<u64>,
    /// Keep so many events of each room for those who come back; 0 keeps all [default: 10000]
    #[arg(long, value_name = "COUNT", env = "AITK_SERVER_KEEP_EVENTS")]
    keep_events: Option<u64>,
    /// Keep events so long, such as 72h; 0 keeps them for ever [default: 7d]
    #[arg(long, value_name = "TIME", env = "AITK_SERVER_KEEP_EVENTS_FOR")]
    keep_events_for: Option<String>,
    /// Accept browser pages of these origins beside the server's own, as https://app.example.com; * is all
    #[arg(long, value_name = "ORIGIN", env = "AITK_SERVER_ALLOWED_ORIGINS", value_delimiter = ',')]
    allowed_origins: Option<Vec<String>>,
    /// Accept so many sockets at once [default: 20000]
    #[arg(long, value_name = "COUNT", env = "AITK_SERVER_MAX_SOCKETS")]
    max_sockets: Option<NonZeroU32>,
    /// Accept so many sockets of one user or key [default: 100]
    #[arg(long, value_name = "COUNT", env = "AITK_SERVER_MAX_USER_SOCKETS")]
    max_user_sockets: Option<NonZeroU32>,
    /// Accept so many rooms a socket [default: 256]
    #[arg(long, value_name = "COUNT", env = "AITK_SERVER_MAX_SOCKET_ROOMS")]
    max_socket_rooms: Option<NonZeroU32>,
    /// Accept so many frames a minute from a client's socket [default: 100]
    #[arg(long, value_name = "COUNT", env = "AITK_SERVER_MAX_CLIENT_FRAMES")]
    max_client_frames: Option<NonZeroU32>,
    /// Refuse addresses after so many failed authentications a minute [default: 10]
    #[arg(long, value_name = "COUNT", env = "AITK_SERVER_MAX_AUTH_FAILURES")]
    max_auth_failures: Option<NonZeroU32>,
    /// Believe X-Forwarded-For of so many proxies of yours, which every request comes through [default: 0]
    #[arg(long, value_name = "COUNT", env = "AITK_SERVER_TRUSTED_PROXIES")]
    trusted_proxies: Option<usize>,
    /// Let projects' repositories be on private and loopback addresses, be reached by plain http there, and be folders
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", env = "AITK_SERVER_ALLOW_PRIVATE_REPOS")]
    allow_private_repos: Option<bool>,
    /// Look at each connected repository this often; 'off' waits for webhooks and `aitk docs pull` [default: 5m]
    #[arg(long, value_name = "TIME", env = "AITK_SERVER_PULL_INTERVAL")]
    pull_interval: Option<String>,
    /// Keep so many versions of each doc [default: all]
    #[arg(long, value_name = "COUNT", env = "AITK_SERVER_KEEP_VERSIONS")]
    keep_versions: Option<NonZeroU64>,
    /// Keep versions that stood within this time, such as 90d; with --keep-versions, what either keeps
    /// stays [default: for ever]
    #[arg(long, value_name = "TIME", env = "AITK_SERVER_KEEP_HISTORY", value_parser = Age::parse)]
    keep_history: Option<Age>,
    /// Show /metrics to this machine and to admins alone, or to everybody [default: local]
    #[arg(long, value_name = "WHO", env = "AITK_SERVER_METRICS")]
    metrics: Option<MetricsFor>,
    /// Write the log as text or as one JSON object a line [default: text]
    #[arg(long, value_name = "FORMAT", env = "AITK_SERVER_LOG_FORMAT")]
    log_format: Option<LogFormat>,
}

/// A length of time, as people write it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(try_from = "String")]
struct Age(Duration);

impl Age {
    fn parse(text: &str) -> Result<Self, TimeError> {
        parse_duration(text).map(Age)
    }
}

impl TryFrom<String> for Age {
    type Error = TimeError;
    fn try_from(text: String) -> Result<Self, TimeError> {
        Age::parse(&text)
    }
}

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

/// Sizes and counts that a server accepts.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of one doc.
    pub doc_bytes: u64,
    /// Docs of one project.
    pub project_docs: u64,
    /// Bytes of all docs of one project.
    pub project_bytes: u64,
    /// Failed authentications a minute and address.
    pub auth_failures: u32,
    /// Sockets in all.
    pub sockets: u32,
    /// Sockets of one user or key.
    pub user_sockets: u32,
    /// Rooms of one socket.
    pub socket_rooms: u32,
    /// Frames a minute and socket.
    pub client_frames: u32,
    /// How often a ping goes out; no setting, for tests.
    pub heartbeat: Duration,
    /// How long a socket may be silent; no setting, for tests.
    pub socket_dead: Duration,
    /// How long a socket may show no credential; no setting, for tests.
    pub socket_auth: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            doc_bytes: limits::DOC_BYTES,
            project_docs: limits::PROJECT_DOCS,
            project_bytes: limits::PROJECT_BYTES,
            auth_failures: limits::AUTH_FAILURES,
            sockets: limits::SOCKETS,
            user_sockets: limits::USER_SOCKETS,
            socket_rooms: limits::SOCKET_ROOMS,
            client_frames: limits::CLIENT_FRAMES,
            heartbeat: limits::HEARTBEAT,
            socket_dead: limits::SOCKET_DEAD,
            socket_auth: limits::SOCKET_AUTH,
        }
    }
}

/// What rooms keep of their events, for those who come back.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// So many of each room; `None` keeps all.
    pub events: Option<u64>,
    /// So long; `None` is for ever.
    pub time: Option<Duration>,
}

impl Default for Retention {
    fn default() -> Self {
        Retention { events: Some(limits::KEEP_EVENTS), time: Some(limits::KEEP_EVENTS_FOR) }
    }
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
    pub retention: Retention,
    /// Browser pages that may come.
    pub allowed_origins: Origins,
    /// Proxies that every request comes through.
    pub trusted_proxies: usize,
    /// Whether repositories may be on private addresses.
    pub allow_private_repos: bool,
    /// How often connected repositories are looked at by themselves; `None` for never.
    pub pull_interval: Option<Duration>,
    /// How far the history of docs goes back.
    pub history: Bounds,
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
            retention: retention(
                set.keep_events.or(file.keep_events),
                set.keep_events_for.or(file.keep_events_for).as_deref(),
            )?,
            allowed_origins: Origins::parse(
                &set.allowed_origins.or(file.allowed_origins).unwrap_or_default(),
            )?,
            trusted_proxies: set.trusted_proxies.or(file.trusted_proxies).unwrap_or(0),
            allow_private_repos: set.allow_private_repos.or(file.allow_private_repos).unwrap_or_default(),
            pull_interval: pull_interval(set.pull_interval.or(file.pull_interval).as_deref())?,
            history: Bounds {
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
            retention: Retention::default(),
            allowed_origins: Origins::default(),
            trusted_proxies: 0,
            allow_private_repos: false,
            pull_interval: Some(limits::PULL_INTERVAL),
            history: Bounds::default(),
            metrics: MetricsFor::Local,
            log_format: LogFormat::Text,
        }
    }
}

fn retention(events: Option<u64>, time: Option<&str>) -> Result<Retention> {
    let default = Retention::default();
    let time = match time.map(parse_duration) {
        None => default.time,
        Some(Ok(Duration::ZERO)) => None,
        Some(Ok(time)) => Some(time),
        Some(Err(why)) => bail!("keep-events-for: {why}"),
    };
    Ok(Retention { events: events.map_or(default.events, |count| (count > 0).then_some(count)), time })
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
