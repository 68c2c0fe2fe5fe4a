//! `aitk docs`: the docs as the server keeps them.
//!
//! Reading takes any key of the project; writing takes a lead's. A write is refused while somebody
//! else holds the lock (exit code 2), and when your own lock is over (exit code 7).

mod cat;
mod diff;
mod edit;
mod log;
mod ls;
mod publish;
mod pull;
mod push;
mod put;
mod restore;
mod rm;
mod show;
mod tree;

use aitk_shared::api::Doc;
use aitk_shared::event::Offset;
use aitk_shared::hash::ContentHash;
use aitk_shared::path::DocPath;

use crate::app::Context;
use crate::client::Client;
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
    Edit(edit::Args),
    Put(put::Args),
    Push(push::Args),
    Pull(pull::Args),
    Publish(publish::Args),
    Rm(rm::Args),
    Log(log::Args),
    Show(show::Args),
    Diff(diff::Args),
    Restore(restore::Args),
}

/// Does what is asked.
pub async fn run(args: Args, context: &Context) -> Result<()> {
    match args.action {
        Action::Ls(args) => ls::run(args, context).await,
        Action::Cat(args) => cat::run(args, context).await,
        Action::Edit(args) => edit::run(args, context).await,
        Action::Put(args) => put::run(args, context).await,
        Action::Push(args) => push::run(args, context).await,
        Action::Pull(args) => pull::run(args, context).await,
        Action::Publish(args) => publish::run(args, context).await,
        Action::Rm(args) => rm::run(args, context).await,
        Action::Log(args) => log::run(args, context).await,
        Action::Show(args) => show::run(args, context).await,
        Action::Diff(args) => diff::run(args, context).await,
        Action::Restore(args) => restore::run(args, context).await,
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

/// A doc's bytes, once they are known to be the right ones.
fn checked_bytes(doc: &Doc) -> Result<Vec<u8>> {
    let bytes = doc.content.clone().into_bytes().map_err(anyhow::Error::from)?;
    match ContentHash::of(&bytes) == doc.info.hash {
        true => Ok(bytes),
        false => Err(Error::new(
            Kind::Failed,
            format!("what came for '{}' does not have the hash {}", doc.info.path, doc.info.hash),
        )
        .hint("something between here and the server changed it; try again")),
    }
}

/// Why a doc is not there, where its history tells more than the refusal.
async fn absent(client: &Client, project: &str, path: &DocPath, at: Option<Offset>, error: Error) -> Error {
    if error.kind != Kind::NotFound {
        return error;
    }
    let before = at.map(|revision| revision.saturating_add(1));
    let page = client.history(project, Some(path), before).await;
    let last = page.ok().and_then(|page| page.versions.into_iter().next());
    match (last, at) {
        (Some(version), _) if version.hash.is_none() => {
            let (revision, by) = (version.revision, shown(&version.by.name));
            let as_it_was = revision.saturating_sub(1);
            Error::new(error.kind, format!("'{path}' was deleted at revision {revision} by {by}"))
                .hint(format!("`aitk docs show {path} --revision {as_it_was}` shows it as it was"))
        }
        (None, Some(revision)) if error.message.starts_with("no doc ") => {
            Error::new(error.kind, format!("'{path}' did not exist at revision {revision}"))
                .hint(format!("`aitk docs log {path}` shows at which revisions it did"))
        }
        _ => error.hint(format!("`aitk docs log {path}` shows at which revisions it was there")),
    }
}
