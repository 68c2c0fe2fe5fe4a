//! What a command runs in: the global flags, the settings they lead to, and the way to a server.

use std::path::PathBuf;
use std::time::Duration;

use aitk_shared::limits;
use aitk_shared::time::parse_duration;
use clap::Args;

use crate::client::Client;
use crate::config::{self, Config, Dirs, Environment, Flags, Source};
use crate::credentials::{ApiKey, Caller, Credentials, Server};
use crate::error::{Error, Kind, Result};
use crate::hook;
use crate::output::{Color, Output, shown};

/// Flags that every command takes.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Global options")]
pub struct Globals {
    /// Work in the project at DIR
    #[arg(long, value_name = "DIR", global = true)]
    pub root: Option<PathBuf>,
    /// Use this project, an id or a slug
    #[arg(long, value_name = "ID", global = true)]
    pub project: Option<String>,
    /// Ask the server at URL
    #[arg(long, value_name = "URL", global = true)]
    pub url: Option<String>,
    /// Print one JSON document, also of a failure
    #[arg(long, global = true)]
    pub json: bool,
    /// Say nothing but warnings and errors
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Say what is asked of the server, and why something failed
    #[arg(long, short, global = true, conflicts_with = "quiet")]
    pub verbose: bool,
    /// Colour what is said: auto, always or never
    #[arg(
        long,
        value_name = "WHEN",
        value_enum,
        default_value_t,
        global = true,
        hide_possible_values = true
    )]
    pub color: Color,
    /// Wait so long for one request
    #[arg(long, value_name = "TIME", value_parser = parse_duration, default_value = "10s", global = true)]
    pub timeout: Duration,
    /// Give `check` so long where a complete copy exists
    #[arg(long, value_name = "TIME", value_parser = parse_duration, default_value = "2s", global = true)]
    pub deadline: Duration,
    /// Try again so often when the server is out of reach
    #[arg(long, value_name = "N", default_value_t = limits::RETRIES, global = true)]
    pub retries: u32,
}

impl Globals {
    /// What they are where nobody says otherwise.
    pub fn plain() -> Self {
        Globals {
            root: None,
            project: None,
            url: None,
            json: false,
            quiet: false,
            verbose: false,
            color: Color::Auto,
            timeout: limits::REQUEST,
            deadline: limits::CHECK_DEADLINE,
            retries: limits::RETRIES,
        }
    }
}

/// What a command runs in.
pub struct Context {
    /// The flags.
    pub globals: Globals,
    /// The project root; absolute.
    pub root: PathBuf,
    /// The settings.
    pub config: Config,
    /// The user's own folders.
    pub dirs: Dirs,
    /// The environment.
    pub environment: Environment,
    /// How to talk.
    pub out: Output,
}

impl Context {
    /// Finds the root and reads the settings.
    pub fn new(globals: Globals, out: Output) -> Result<Self> {
        let here = std::env::current_dir()?;
        let root = config::find_root(&here, globals.root.as_deref());
        if !root.is_dir() {
            return Err(Error::new(Kind::Usage, format!("'{}' is not a folder", root.display())));
        }
        let dirs = Dirs::of_user()?;
        let environment = Environment::read();
        let flags = Flags { url: globals.url.as_deref(), project: globals.project.as_deref() };
        let config = config::load(&root, flags, &environment, &dirs)?;
        config.warnings.iter().for_each(|text| out.warn(text));
        Ok(Context { globals, root, config, dirs, environment, out })
    }

    /// The configured project.
    pub fn project(&self) -> Result<&str> {
        if let Some((env, file)) = &self.config.disagreement {
            let (env, file) = (shown(env), shown(file));
            return Err(Error::new(
                Kind::NotFound,
                format!("the environment names the project '{env}', {} names '{file}'", config::PROJECT_FILE),
            )
            .hint(format!("unset AITK_PROJECT, or decide with --project {file}")));
        }
        self.config.project.as_deref().ok_or_else(|| {
            Error::new(Kind::NotFound, "no project is configured")
                .hint("run `aitk init --project ID` here, or name one with --project ID or AITK_PROJECT")
        })
    }

    /// The server, by the address alone.
    pub fn server(&self) -> Result<Server> {
        Server::parse(&self.config.url)
    }

    /// The key of the environment.
    pub fn given_key(&self) -> Result<Option<ApiKey>> {
        self.environment.api_key.as_deref().map(ApiKey::parse).transpose()
    }

    /// A client for somebody at a command line.
    pub fn client(&self) -> Result<Client> {
        self.client_for(Caller::Person)
    }

    /// A client for an agent's hook, whose environment proves less.
    pub fn hook_client(&self) -> Result<Client> {
        self.client_for(Caller::Hook)
    }

    fn client_for(&self, caller: Caller) -> Result<Client> {
        let server = self.server()?;
        let credentials = Credentials::load(&self.dirs)?;
        let named = match (self.config.url_from, caller) {
            (Source::Environment, Caller::Hook) if hook::is_led_by_repository(&self.root) => {
                Source::AgentSettings
            }
            (named, _) => named,
        };
        let key = credentials.authorize(&server, named, self.given_key()?, caller)?;
        self.client_with(server, key)
    }

    /// A client with a key that was decided elsewhere.
    pub fn client_with(&self, server: Server, key: ApiKey) -> Result<Client> {
        self.refuse_exposed(&server)?;
        Client::new(server, key, &self.globals, self.out)
    }

    /// A client without a key, for an invitation's token.
    pub fn unsigned_client(&self, server: Server, token: ApiKey) -> Result<Client> {
        self.refuse_exposed(&server)?;
        Client::unsigned(server, token, &self.globals, self.out)
    }

    fn refuse_exposed(&self, server: &Server) -> Result<()> {
        if !server.is_exposed() || self.config.insecure_http {
            return Ok(());
        }
        Err(Error::new(
            Kind::Credentials,
            format!("no key is sent to {server}: plain http can be read on the way"),
        )
        .hint(format!(
            "use https, or allow it with `insecure_http = true` in {}",
            self.dirs.config.join("config.toml").display()
        )))
    }
}
