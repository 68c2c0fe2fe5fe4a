//! The flags, which are also the environment's variables and the file's keys.

use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroU64};
use std::path::PathBuf;
use std::time::Duration;

use aitk_shared::role::Role;
use aitk_shared::time::{TimeError, parse_duration};
use clap::Parser;
use serde::Deserialize;

use super::jwt::{self, Secret};
use super::{LogFormat, MetricsFor};
use crate::care::Task;

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
    pub(super) settings: Partial,
    /// What to do instead of serving
    #[command(subcommand)]
    pub task: Option<Task>,
}

/// Settings of one source; what it does not say is left to the next.
#[derive(clap::Args, Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Partial {
    /// Listen on this address; port 0 takes a free one [default: 127.0.0.1:3001]
    #[arg(long, value_name = "ADDR", env = "AITK_SERVER_LISTEN")]
    pub(super) listen: Option<SocketAddr>,
    /// Keep database and secret key in this folder [default: aitk-server, in the user's data folder]
    #[arg(long, value_name = "DIR", env = "AITK_SERVER_DATA", global = true)]
    pub(super) data: Option<PathBuf>,
    /// Use this database [default: sqlite:aitk.db, in the data folder]
    #[arg(long, value_name = "URL", env = "AITK_SERVER_DATABASE_URL", global = true)]
    pub(super) database_url: Option<String>,
    /// Read the secret key that seals tokens from this file [default: secret.key, in the data folder]
    #[arg(long, value_name = "FILE", env = "AITK_SERVER_SECRET_KEY_FILE", global = true)]
    pub(super) secret_key_file: Option<PathBuf>,
    /// Accept this admin key instead of making one; better set by environment or file
    #[arg(long, value_name = "KEY", env = "AITK_SERVER_ADMIN_KEY", hide_env_values = true)]
    pub(super) admin_key: Option<String>,
    /// Accept JWTs signed (HS256) with this secret of at least 32 bytes; better set by environment or file
    #[arg(long, value_name = "SECRET", env = "AITK_SERVER_JWT_SECRET", hide_env_values = true)]
    pub(super) jwt_secret: Option<Secret>,
    /// Accept JWTs signed for this public key: PEM, or the file that holds it (RS256, ES256 or EdDSA by its kind)
    #[arg(long, value_name = "PEM", env = "AITK_SERVER_JWT_PUBLIC_KEY")]
    pub(super) jwt_public_key: Option<String>,
    /// Accept JWTs signed for a key of this JWKS file, chosen by kid; read again when it changes
    #[arg(long, value_name = "FILE", env = "AITK_SERVER_JWKS_FILE")]
    pub(super) jwks_file: Option<PathBuf>,
    /// Accept only JWTs whose aud names this; needed with JWTs
    #[arg(long, value_name = "AUDIENCE", env = "AITK_SERVER_JWT_AUDIENCE")]
    pub(super) jwt_audience: Option<String>,
    /// Accept only JWTs of this iss [default: any that the key signed]
    #[arg(long, value_name = "ISSUER", env = "AITK_SERVER_JWT_ISSUER")]
    pub(super) jwt_issuer: Option<String>,
    /// Let JWTs do at most what this role may: developer, lead or admin [default: lead]
    #[arg(long, value_name = "ROLE", env = "AITK_SERVER_JWT_MAX_ROLE", value_parser = jwt::parse_role)]
    pub(super) jwt_max_role: Option<Role>,
    /// Accept docs up to this size, in bytes [default: 10485760]
    #[arg(long, value_name = "BYTES", env = "AITK_SERVER_MAX_DOC_BYTES")]
    pub(super) max_doc_bytes: Option<u64>,
    /// Accept so many docs a project [default: 5000]
    #[arg(long, value_name = "COUNT", env = "AITK_SERVER_MAX_PROJECT_DOCS")]
    pub(super) max_project_docs: Option<u64>,
    /// Accept docs of a project up to this size together, in bytes [default: 268435456]
    #[arg(long, value_name = "BYTES", env = "AITK_SERVER_MAX_PROJECT_BYTES")]
    pub(super) max_project_bytes: Option<u64>,
    /// Keep so many events of each room for those who come back; 0 keeps all [default: 10000]
    #[arg(long, value_name = "COUNT", env = "AITK_SERVER_KEEP_EVENTS")]
    pub(super) keep_events: Option<u64>,
    /// Keep events so long, such as 72h; 0 keeps them for ever [default: 7d]
    #[arg(long, value_name = "TIME", env = "AITK_SERVER_KEEP_EVENTS_FOR")]
    pub(super) keep_events_for: Option<String>,
    /// Accept browser pages of these origins beside the server's own, as https://app.example.com; * is all
    #[arg(long, value_name = "ORIGIN", env = "AITK_SERVER_ALLOWED_ORIGINS", value_delimiter = ',')]
    pub(super) allowed_origins: Option<Vec<String>>,
    /// Accept so many sockets at once [default: 20000]
    #[arg(long, value_name = "COUNT", env = "AITK_SERVER_MAX_SOCKETS")]
    pub(super) max_sockets: Option<NonZeroU32>,
    /// Accept so many sockets of one user or key [default: 100]
    #[arg(long, value_name = "COUNT", env = "AITK_SERVER_MAX_USER_SOCKETS")]
    pub(super) max_user_sockets: Option<NonZeroU32>,
    /// Accept so many rooms a socket [default: 256]
    #[arg(long, value_name = "COUNT", env = "AITK_SERVER_MAX_SOCKET_ROOMS")]
    pub(super) max_socket_rooms: Option<NonZeroU32>,
    /// Accept so many frames a minute from a client's socket [default: 100]
    #[arg(long, value_name = "COUNT", env = "AITK_SERVER_MAX_CLIENT_FRAMES")]
    pub(super) max_client_frames: Option<NonZeroU32>,
    /// Refuse addresses after so many failed authentications a minute [default: 10]
    #[arg(long, value_name = "COUNT", env = "AITK_SERVER_MAX_AUTH_FAILURES")]
    pub(super) max_auth_failures: Option<NonZeroU32>,
    /// Believe X-Forwarded-For of so many proxies of yours, which every request comes through [default: 0]
    #[arg(long, value_name = "COUNT", env = "AITK_SERVER_TRUSTED_PROXIES")]
    pub(super) trusted_proxies: Option<usize>,
    /// Let projects' repositories be on private and loopback addresses, be reached by plain http there, and be folders
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", env = "AITK_SERVER_ALLOW_PRIVATE_REPOS")]
    pub(super) allow_private_repos: Option<bool>,
    /// Look at each connected repository this often; 'off' waits for webhooks and `aitk docs pull` [default: 5m]
    #[arg(long, value_name = "TIME", env = "AITK_SERVER_PULL_INTERVAL")]
    pub(super) pull_interval: Option<String>,
    /// Keep so many versions of each doc [default: all]
    #[arg(long, value_name = "COUNT", env = "AITK_SERVER_KEEP_VERSIONS")]
    pub(super) keep_versions: Option<NonZeroU64>,
    /// Keep versions that stood within this time, such as 90d; with --keep-versions, what either keeps
    /// stays [default: for ever]
    #[arg(long, value_name = "TIME", env = "AITK_SERVER_KEEP_HISTORY", value_parser = Age::parse)]
    pub(super) keep_history: Option<Age>,
    /// Show /metrics to this machine and to admins alone, or to everybody [default: local]
    #[arg(long, value_name = "WHO", env = "AITK_SERVER_METRICS")]
    pub(super) metrics: Option<MetricsFor>,
    /// Write the log as text or as one JSON object a line [default: text]
    #[arg(long, value_name = "FORMAT", env = "AITK_SERVER_LOG_FORMAT")]
    pub(super) log_format: Option<LogFormat>,
}

/// A length of time, as people write it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Age(pub(super) Duration);

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
