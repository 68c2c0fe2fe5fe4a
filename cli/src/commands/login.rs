//! `aitk login URL`: stores your key for a server, and accepts the server.
//!
//! The key is read from standard input, or asked for without showing it at a terminal; it never
//! stands on the command line, where other users of the machine could read it. It is tried on the
//! server before it is stored, in `credentials.toml` in your config folder, which only you can
//! read. From then on the key is also sent when a repository's `.aitk.toml` names that server.

use serde_json::json;

use crate::app::Context;
use crate::credentials::{self, ApiKey, Server};
use crate::error::Result;
use crate::output::shown;

/// Store your key for a server
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  aitk login https://docs.example.com            ask for the key
  aitk login https://docs.example.com < key.txt  read it from a file")]
pub struct Args {
    /// The server, such as https://docs.example.com
    #[arg(value_name = "URL")]
    server: String,
}

/// Tries the key and stores it.
pub async fn run(args: Args, context: &Context) -> Result<()> {
    let server = Server::parse(&args.server)?;
    let origin = server.origin();
    let key = ApiKey::parse(&context.out.ask_secret(&format!("API key for {origin}: "))?)?;
    let projects = context.client_with(server.clone(), key.clone())?.projects().await?;
    credentials::store(&context.dirs, &origin, key)?;

    let slugs: Vec<_> = projects.iter().map(|project| project.slug.as_str()).collect();
    context.out.note(&match slugs.len() {
        0 => format!("logged in to {server}; there is no project yet"),
        1 => format!("logged in to {server} with the project {}", slugs[0]),
        n => format!("logged in to {server} with {n} projects: {}", shown(&slugs.join(", "))),
    });
    if context.environment.api_key.is_some() {
        context.out.warn("AITK_API_KEY is set, and goes before the key that was stored");
    }
    context.out.json(&json!({ "url": server.to_string(), "projects": projects }));
    Ok(())
}
