//! The aitk platform: projects, versioned docs, one lock per project, live events.
//!
//! `http` and `live` are the edge, `store` and `crypto` the state; the rules they
//! apply are `aitk_shared`'s. Handlers are the use cases: there is no layer between.

#![forbid(unsafe_code)]

mod auth;
mod care;
mod clock;
mod config;
mod crypto;
mod error;
mod git;
mod http;
mod leases;
mod lines;
mod live;
mod metrics;
mod notes;
mod origin;
mod publishing;
mod repository;
mod retention;
mod state;
mod store;

use std::fs::{File, TryLockError};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use aitk_shared::api::{Key, action};
use aitk_shared::id::KeyId;
use aitk_shared::limits;
use aitk_shared::role::Role;
use anyhow::{Context, bail};
use axum::serve::ListenerExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

pub use care::{Task, run as care};
pub use clock::Clock;
pub use config::{Config, Flags, JwtKey, JwtSettings, Limits, LogFormat, MetricsFor, Origins, Secret};
pub use retention::{EventBounds, HistoryBounds};

use aitk_shared::rate::Quota;
use auth::{Failures, Jwt};
use crypto::SecretKey;
use git::{Git, Policy};
use live::Hub;
use metrics::Metrics;
use notes::Notes;
use repository::Repositories;
use state::{App, Parts};
use store::Store;
use store::keys::{self, StoredKey};
use store::{audit, projects};

/// Requests in flight have so long to finish when the server stops.
const DRAIN: Duration = Duration::from_secs(25);

/// A running server.
pub struct Server {
    address: SocketAddr,
    first_admin_key: Option<String>,
    app: App,
    serving: JoinHandle<std::io::Result<()>>,
    tasks: Vec<JoinHandle<()>>,
    /// Held as long as the server lives: one server a data folder.
    folder: File,
}

impl Server {
    /// Starts a server: data folder, secret key, database, timer, listener.
    pub async fn start(config: Config, clock: Clock) -> anyhow::Result<Self> {
        // The installed build leaves it to us to ask the processor what it can.
        aws_lc_rs::init();
        let folder = own_folder(&config, "give this one its own --data")?;
        let secret = SecretKey::load_or_make(&config.secret_key_file)?;
        let jwt = config.jwt.as_ref().map(Jwt::open).transpose()?;
        if secret.is_being_rotated() {
            tracing::warn!(
                "a new secret key was not brought to its end: `aitk-server rotate-key` completes it"
            );
        }
        if let Some(saved) = care::backup::before_migration(&config, clock.now()).await? {
            tracing::info!(backup = %saved.display(), "saved the database before bringing it up to date");
        }
        let metrics = Arc::new(Metrics::default());
        let hub = Hub::new(metrics.clone());
        let store = Store::open(&config.database, clock.clone(), hub.clone()).await?;
        let (publishing, waiting) = publishing::queue();
        let private = config.allow_private_repos;
        let policy =
            Policy { allow_private: private, allow_files: private, doc_bytes: config.limits.doc_bytes };
        // Git works in folders of its own.
        let git = Git::new(std::path::absolute(config.data.join("repos"))?, policy);
        let app = App::new(Parts {
            store,
            hub,
            metrics,
            metrics_for: config.metrics,
            clock,
            secret,
            failures: Failures::new(Quota::a_minute(config.limits.auth_failures)),
            jwt,
            limits: config.limits,
            repositories: Repositories::new(git, config.pull_interval),
            answers: http::Answers::default(),
            publishing,
            notes: Notes::default(),
            origins: config.allowed_origins.clone(),
            trusted_proxies: config.trusted_proxies,
            leases_moved: Notify::new(),
            lines: lines::Lines::default(),
            draining: watch::channel(false).0,
        });
        let first_admin_key = ensure_admin(&app, config.admin_key.as_deref()).await.map_err(internal)?;
        check_sealed_secrets(&app).await.map_err(internal)?;
        let listener = TcpListener::bind(config.listen).await;
        let listener = listener.with_context(|| format!("cannot listen on {}", config.listen))?;
        let address = listener.local_addr()?;
        let tasks = vec![
            tokio::spawn(leases::expire(app.clone())),
            tokio::spawn(publishing::commit_all(app.clone(), waiting)),
            tokio::spawn(retention::events::trim(app.clone(), config.events)),
            tokio::spawn(retention::history::trim(app.clone(), config.history)),
            tokio::spawn(notes::keep_writing(app.clone())),
            tokio::spawn(repository::work(app.clone())),
            tokio::spawn(live::tell_of_company(app.clone())),
        ];
        let drained = app.clone();
        let serving = tokio::spawn(async move {
            let router = http::router(drained.clone()).into_make_service_with_connect_info::<SocketAddr>();
            let listener = listener.tap_io(|line| bound_silence(line));
            axum::serve(listener, router).with_graceful_shutdown(async move { drained.drained().await }).await
        });
        Ok(Server { address, first_admin_key, app, serving, tasks, folder })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The admin key made at the first start; to be shown once.
    pub fn first_admin_key(&self) -> Option<&str> {
        self.first_admin_key.as_deref()
    }

    /// Takes no new work, lets requests in flight finish, tells sockets to reconnect.
    pub async fn stop(self) -> anyhow::Result<()> {
        let _ = self.app.draining.send_replace(true);
        let finish = async {
            let served = self.serving.await;
            // Sockets outlive their requests; each holds a receiver until it has closed.
            self.app.draining.closed().await;
            served
        };
        let served = tokio::time::timeout(DRAIN, finish).await;
        self.tasks.iter().for_each(JoinHandle::abort);
        if let Err(error) = notes::write(&self.app, notes::Due::All).await {
            tracing::warn!(?error, "what was noted last is lost");
        }
        self.app.store.close().await;
        // Closing alone would not do while a child that was just forked has it open as well.
        self.folder.unlock()?;
        match served {
            Ok(served) => Ok(served??),
            Err(_) => bail!("requests were still running after {} s", DRAIN.as_secs()),
        }
    }
}

/// Ends a connection whose other side takes nothing for long, whatever is being sent over it: who
/// writes cannot tell by itself.
fn bound_silence(line: &TcpStream) {
    #[cfg(target_os = "linux")]
    {
        let millis = u32::try_from(limits::SOCKET_DEAD.as_millis()).unwrap_or(u32::MAX);
        if let Err(error) = rustix::net::sockopt::set_tcp_user_timeout(line, millis) {
            tracing::debug!(%error, "a connection without a bound on silence");
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = line;
}

/// Claims the data folder for this process; `hint` says what to do where another one has it.
fn own_folder(config: &Config, hint: &str) -> anyhow::Result<File> {
    let data = config.data.display();
    std::fs::create_dir_all(&config.data).with_context(|| format!("cannot make the data folder {data}"))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&config.data, PermissionsExt::from_mode(0o700))
            .with_context(|| format!("cannot protect the data folder {data}"))?;
    }
    let mut options = File::options();
    let file = options.create(true).truncate(false).write(true).open(config.data.join("server.lock"));
    let file = file.with_context(|| format!("cannot write in the data folder {data}"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            bail!("another aitk-server runs in {data}; {hint}")
        }
        Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("cannot lock {data}")),
    }
}

/// Makes sure that an admin's key exists; returns it where it was made here.
async fn ensure_admin(app: &App, given: Option<&str>) -> error::Result<Option<String>> {
    let mut write = app.store.write().await?;
    let made = match given {
        Some(key) if keys::by_hash(write.connection(), &crypto::hash_api_key(key)).await?.is_some() => {
            return Ok(None);
        }
        Some(key) => key.to_owned(),
        None if keys::any_admin(write.connection()).await? => return Ok(None),
        None => crypto::new_api_key(),
    };
    let info = Key {
        id: KeyId::from_random(crypto::random()),
        name: "admin".into(),
        role: Role::Admin,
        projects: Vec::new(),
        rooms: Vec::new(),
        prefix: made.chars().take(8).collect(),
        created_at: write.now(),
        created_by: if given.is_some() { "configuration" } else { "first start" }.into(),
        expires_at: None,
        last_used_at: None,
    };
    let detail = http::key_detail(&info);
    audit::add(&mut write, audit::Line { action: action::KEY_CREATED, projects: &[], actor: None, detail })
        .await?;
    keys::insert(&mut write, &StoredKey { hash: crypto::hash_api_key(&made), info }).await?;
    write.commit().await?;
    Ok(given.is_none().then_some(made))
}

/// Says at the start, not at the first pull, that a secret key is not the one that sealed.
async fn check_sealed_secrets(app: &App) -> error::Result<()> {
    let mut read = app.store.read().await?;
    for project in projects::all(&mut read).await? {
        let id = &project.public.id;
        let sealed = [("token", &project.sealed_token), ("webhookSecret", &project.sealed_webhook)];
        for (field, sealed) in sealed {
            if sealed
                .as_ref()
                .is_some_and(|sealed| app.secret.open(&format!("{id}/{field}"), sealed).is_err())
            {
                tracing::warn!(project = %project.public.slug, field, "the secret key does not open this: set it again, or bring the key back");
            }
        }
    }
    Ok(())
}

fn internal(error: error::Error) -> anyhow::Error {
    match error {
        error::Error::Internal(cause) | error::Error::Unavailable(cause) => cause,
        other => anyhow::anyhow!("{other:?}"),
    }
}
