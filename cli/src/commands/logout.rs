//! `aitk logout [URL]`: forgets a server and its key.
//!
//! The key is dropped from this machine, not revoked: `aitk key revoke` ends it everywhere.

use serde_json::json;

use crate::app::Context;
use crate::credentials::{self, Server};
use crate::error::Result;

/// Forget a server and its key
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The server; the configured one where not given
    #[arg(value_name = "URL")]
    server: Option<String>,
}

/// Drops the key.
pub async fn run(args: Args, context: &Context) -> Result<()> {
    let server = match &args.server {
        Some(url) => Server::parse(url)?,
        None => context.server()?,
    };
    let origin = server.origin();
    let removed = credentials::remove(&context.dirs, &origin)?;
    context.out.note(&match removed {
        true => format!("logged out of {origin}"),
        false => format!("there was no key for {origin}"),
    });
    context.out.json(&json!({ "url": origin, "removed": removed }));
    Ok(())
}
