//! `aitk docs`: the docs as the server keeps them.
//!
//! Reading takes any key of the project; writing takes a lead's. A write is refused while somebody
//! else holds the lock (exit code 2), and when your own lock is over (exit code 7).

mod cat;
mod ls;
mod publish;
mod pull;
mod push;
mod put;
mod rm;
mod tree;

use aitk_shared::path::DocPath;

use crate::app::Context;
use crate::error::{Error, Kind, Result};
use crate::output::shown;

/// Read and change the docs on the server
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    Ls(ls::Args),
    Cat(cat::Args),
    Put(put::Args),
    Push(push::Args),
    Pull(pull::Args),
    Publish(publish::Args),
    Rm(rm::Args),
}

/// Does what is asked.
pub async fn run(args: Args, context: &Context) -> Result<()> {
    match args.action {
        Action::Ls(args) => ls::run(args, context).await,
        Action::Cat(args) => cat::run(args, context).await,
        Action::Put(args) => put::run(args, context).await,
        Action::Push(args) => push::run(args, context).await,
        Action::Pull(args) => pull::run(args, context).await,
        Action::Publish(args) => publish::run(args, context).await,
        Action::Rm(args) => rm::run(args, context).await,
    }
}

/// The hint where a project has no repository; an unknown project has its own.
fn without_repository(mut error: Error) -> Error {
    if error.kind == Kind::NotFound && error.message.contains("no repository is connected") {
        error.hint = Some("an admin connects one with `aitk project set --repo URL --token-stdin`".into());
    }
    error
}

/// A path as it was typed.
fn doc_path(text: &str) -> Result<DocPath> {
    DocPath::parse(text).map_err(|why| {
        Error::new(Kind::Usage, format!("the path '{}' {why}", shown(text)))
            .hint("a doc's path counts from the docs folder, such as guides/release.md")
    })
}
