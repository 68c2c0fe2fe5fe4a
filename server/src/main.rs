//! The binary `aitk-server`: settings, log, signals.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use aitk_server::{Clock, Config, Flags, LogFormat, Server};
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> ExitCode {
    match run(Flags::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "aitk-server: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(mut flags: Flags) -> anyhow::Result<()> {
    let task = flags.task.take();
    let config = Config::load(flags)?;
    start_log(config.log_format);
    if let Some(task) = task {
        let told = aitk_server::care(task, &config, Clock::default()).await?;
        return Ok(writeln!(std::io::stdout(), "{told}")?);
    }
    // Before anybody learns that it runs: whoever ends it then shall find it listening.
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let server = Server::start(config, Clock::default()).await?;
    announce(&server)?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("draining");
    server.stop().await
}

/// Says on standard output where the server listens and, once in its life, the admin key.
fn announce(server: &Server) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    if let Some(key) = server.first_admin_key() {
        writeln!(out, "admin key: {key}")?;
        writeln!(out, "It is shown this once; `aitk login http://{}` stores it.", server.address())?;
    }
    writeln!(out, "aitk-server {} listening on http://{}", env!("CARGO_PKG_VERSION"), server.address())?;
    out.flush()
}

/// The log goes to standard error; `RUST_LOG` chooses what is in it.
fn start_log(format: LogFormat) {
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn,aitk_server=info"));
    let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let log =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colour);
    match format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }
}
