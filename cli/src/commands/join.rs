//! `aitk join LINK`: turns an invitation into your own key, and sets this repository up.
//!
//! The server in the link gets nothing but the invitation and your name; with that you accept it.
//! The key is stored in `credentials.toml` in your config folder, which only you can read. Then, in
//! a repository, the same is done as by `aitk init`, `aitk check` and `aitk doctor`: hooks installed,
//! docs there, and it is said what would not work.
//! Everything that can be wrong here is looked at before the link is used.

use std::time::Instant;

use aitk_shared::api::{InvitedProject, JOIN_PATH, Join, Joined};
use serde_json::{Value, json};

use super::{check, doctor, init};
use crate::app::{Context, Globals};
use crate::client::Client;
use crate::config::{self, Config, Environment, Flags, PROJECT_FILE, Source};
use crate::credentials::{self, ApiKey, Credentials, Server};
use crate::error::{Error, Kind, Result};
use crate::mirror::git;
use crate::output::{Output, shown};

/// Turn an invitation into your key, and set this repository up
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  aitk join 'https://docs.example.com/join#inv_…'
  aitk join - < link.txt                             keep it out of the shell's history
  aitk join LINK --project acme-web                  where the invitation covers several")]
pub struct Args {
    /// The link, as `aitk invite` printed it; '-' reads it from standard input
    #[arg(value_name = "LINK")]
    link: String,
    /// Your name, as others will see it  [default: git's user.name]
    #[arg(long)]
    name: Option<String>,
    /// Only store the key
    #[arg(long)]
    no_init: bool,
    /// Give up the key that you already have for this server
    #[arg(long)]
    replace: bool,
}

/// A link, taken apart.
struct Link {
    server: Server,
    /// As good as a key, so it is treated as one.
    token: ApiKey,
}

impl Link {
    /// Takes `<server>/join#<token>` apart; a refusal does not repeat it.
    fn parse(text: &str) -> Result<Self> {
        let refuse = || {
            Error::new(Kind::Usage, "that is not an invitation's link")
                .hint("give all of it, in quotes: 'https://docs.example.com/join#inv_…'")
        };
        let (address, token) = text.trim().split_once('#').ok_or_else(refuse)?;
        let base = address.strip_suffix(JOIN_PATH).and_then(|base| base.strip_suffix('/'));
        let server = Server::parse(base.ok_or_else(refuse)?)?;
        let token = ApiKey::parse(token).map_err(|_| refuse())?;
        Ok(Link { server, token })
    }
}

/// Joins, then sets up what is here.
pub async fn run(args: Args, globals: Globals, out: Output) -> Result<()> {
    let context = Context::new(globals.clone(), out)?;
    let link = match args.link.as_str() {
        "-" => Link::parse(&out.ask_secret("Link: ")?)?,
        text => Link::parse(text)?,
    };
    let sets_up = !args.no_init && is_repository(&context);
    let name = args.name.clone().or_else(|| git::user_name(&context.root)).ok_or_else(|| {
        Error::new(Kind::Usage, "git knows no name of yours here").hint("give one with --name 'Your Name'")
    })?;
    // What the folder itself says, whatever the environment says.
    let folder = config::load(&context.root, Flags::default(), &Environment::default(), &context.dirs)?;
    if sets_up {
        refuse_other_server(&folder, &link.server)?;
        if context.config.disagreement.is_some() {
            context.project()?;
        }
    }
    let origin = link.server.origin();
    let stored = Credentials::load(&context.dirs)?;
    if !args.replace && stored.key_for(&origin).is_some() {
        return Err(Error::new(Kind::Conflict, format!("you already have a key for {origin}; nothing was changed"))
            .hint("to work with it, run `aitk init` and `aitk check` here; --replace gives it up for the invitation's"));
    }

    let client = context.unsigned_client(link.server.clone(), link.token.clone())?;
    let joined = enter(&client, &link, name).await?;
    credentials::store(&context.dirs, &origin, ApiKey::parse(&joined.key)?)?;
    say(&context, &link.server, &joined);

    let mut done = json!({
        "url": link.server.to_string(), "keyId": joined.id, "name": joined.name, "role": joined.role,
        "projects": joined.projects, "project": null,
    });
    let mut works = true;
    if sets_up {
        let project = choose(&context, &link.server, &joined.projects)?;
        done["project"] = json!(project.slug);
        // The folder's own words for the same things stay.
        let url = (folder.url_from == Source::ProjectFile).then_some(folder.url);
        let globals = Globals {
            root: Some(context.root),
            url: url.or_else(|| Some(link.server.to_string())),
            project: globals.project.or(folder.project).or_else(|| Some(project.slug.to_string())),
            ..globals
        };
        let context = Context::new(globals, out)?;
        done["docs"] = set_up(&context).await?;
        let findings = doctor::examine(&context).await;
        works = doctor::tell_faults(&findings, out);
        done["checks"] = json!(findings);
    } else if !args.no_init {
        out.note("this is no repository: run `aitk init` in yours");
    }
    out.json(&done);
    if works { Ok(()) } else { Err(Error::told(Kind::Failed)) }
}

/// Hooks in, then docs; returns what `aitk check` says of those.
async fn set_up(context: &Context) -> Result<Value> {
    init::install(context).await?;
    check::named(context, Instant::now(), "").await
}

/// Asks for the key.
async fn enter(client: &Client, link: &Link, name: String) -> Result<Joined> {
    let wish = Join { token: link.token.expose().to_owned(), name };
    client.join(&wish).await.map_err(|error| match error.kind {
        Kind::Credentials => {
            error.hint("nothing was changed; whoever sent it makes a new one with `aitk invite`")
        }
        _ => error,
    })
}

/// Whether there is something to set up: a repository, or a folder that is a project already.
fn is_repository(context: &Context) -> bool {
    context.config.has_project_file || context.root.join(".git").exists()
}

/// A folder of another server's project is not made this one's by a link.
fn refuse_other_server(folder: &Config, server: &Server) -> Result<()> {
    if folder.url_from != Source::ProjectFile || Server::parse(&folder.url)?.origin() == server.origin() {
        return Ok(());
    }
    let here = shown(&folder.url);
    Err(Error::new(
        Kind::Conflict,
        format!("the invitation is of {server}, but {PROJECT_FILE} here names {here}; nothing was changed"),
    )
    .hint("run this in a repository of that server, or store only the key with --no-init"))
}

/// The project that this folder is to be of: what was asked for, or what it is already, or the only one.
fn choose(context: &Context, server: &Server, covered: &[InvitedProject]) -> Result<InvitedProject> {
    let named =
        |id: &str| covered.iter().find(|project| project.slug.as_str() == id || project.id.as_str() == id);
    let chosen = match &context.config.project {
        Some(id) => named(id),
        None => covered.first().filter(|_| covered.len() == 1),
    };
    chosen.cloned().ok_or_else(|| {
        let slugs: Vec<_> = covered.iter().map(|project| project.slug.as_str()).collect();
        let slugs = shown(&slugs.join(", "));
        let fact = match &context.config.project {
            Some(id) => format!("the invitation does not cover the project '{}', but {slugs}", shown(id)),
            None => format!("the invitation covers several projects: {slugs}"),
        };
        let server = shown(&server.to_string());
        Error::new(Kind::NotFound, format!("{fact}; your key is stored, and nothing was set up here"))
            .hint(format!("choose one: `aitk init --url {server} --project ID`, then `aitk check`"))
    })
}

fn say(context: &Context, server: &Server, joined: &Joined) {
    let slugs: Vec<_> = joined.projects.iter().map(|project| project.slug.as_str()).collect();
    context.out.note(&format!(
        "joined {server} as {} ({}), with {}; your key is stored",
        shown(&joined.name),
        joined.role,
        shown(&slugs.join(", ")),
    ));
    if context.environment.api_key.is_some() {
        context.out.warn("AITK_API_KEY is set, and goes before the key that was stored");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_an_address_and_a_token() {
        for (text, server) in [
            ("https://docs.example.com/join#inv_1", "https://docs.example.com"),
            (" https://docs.example.com/aitk/join#inv_1\n", "https://docs.example.com/aitk"),
            ("http://127.0.0.1:3001/join#inv_1", "http://127.0.0.1:3001"),
        ] {
            let link = Link::parse(text).unwrap();
            assert_eq!((link.server.to_string().as_str(), link.token.expose()), (server, "inv_1"), "{text}");
        }
    }

    #[test]
    fn what_is_no_link_is_refused_without_repeating_the_token() {
        for text in [
            "",
            "inv_secret",
            "https://docs.example.com/join",
            "https://docs.example.com/join#",
            "https://docs.example.com/#inv_secret",
            "https://docs.example.com/rejoin#inv_secret",
            "https://docs.example.com/join?x#inv_secret",
            "https://docs.example.com/join#inv secret",
            "docs.example.com/join#inv_secret",
            "ftp://docs.example.com/join#inv_secret",
            "https://ann:secret@docs.example.com/join#inv_secret",
        ] {
            let error = Link::parse(text).err().unwrap();
            assert_eq!(error.kind, Kind::Usage, "{text}");
            let said = format!("{error:?}");
            assert!(!said.contains("secret"), "{said}");
        }
    }
}
