//! `aitk project`: the projects of a server and their settings.
//!
//! A project holds one set of docs. Making, changing and removing takes an admin's key; `ls` and
//! `show` work with any key and show what it covers; `audit` takes a lead's. `create` prints the new
//! project's id, so that scripts can go on with it.

mod audit;

use aitk_shared::api::{CreateProject, OnLock, Project, UpdateProject};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde_json::json;

use crate::app::Context;
use crate::error::{Error, Kind, Result};
use crate::output::shown;
use crate::repository;

/// Make, show and change projects
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Make a project
    #[command(after_help = "\
Examples:
  aitk project create 'Acme Web'
  aitk project create handbook --repo https://github.com/acme/handbook --token-stdin < token")]
    Create(Create),
    /// List the projects that your key covers
    Ls,
    /// Show a project's settings
    Show(Which),
    /// Change a project's settings
    #[command(after_help = "\
An empty text clears --branch.

Examples:
  aitk project set --repo https://github.com/acme/handbook --token-stdin < token
  aitk project set --webhook-secret-stdin < secret")]
    Set(Set),
    /// Show who did what to a project, or to the whole server
    #[command(after_help = "\
Newest first: locks, keys, invitations, settings, saved docs, refused requests. The lines outlive the
project: an admin reads them by its id.

Examples:
  aitk project audit acme-web
  aitk project audit --server --limit 500 --json")]
    Audit(audit::Args),
    /// Remove a project with its docs, their history and its lock
    Rm(Remove),
}

#[derive(Debug, clap::Args)]
struct Which {
    /// Id or slug; the configured project where not given
    id: Option<String>,
}

#[derive(Debug, clap::Args)]
struct Create {
    /// The project's name, for people
    name: String,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Debug, clap::Args)]
struct Set {
    #[command(flatten)]
    which: Which,
    /// Name it so, for people
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    settings: Settings,
    /// Drop the repository's access token
    #[arg(long, conflicts_with = "token_stdin")]
    no_token: bool,
    /// Drop the secret of the repository's webhook, which ends it
    #[arg(long, conflicts_with = "webhook_secret_stdin")]
    no_webhook_secret: bool,
    /// Keep the docs here alone; the repository stays as it is
    #[arg(long, conflicts_with_all = ["repo", "branch"])]
    no_repo: bool,
}

#[derive(Debug, clap::Args)]
struct Settings {
    /// Name it so in commands and URLs
    #[arg(long)]
    slug: Option<String>,
    /// Keep its docs in the git repository at URL
    #[arg(long, value_name = "URL")]
    repo: Option<String>,
    /// Use this branch of the repository
    #[arg(long)]
    branch: Option<String>,
    /// Use this folder of the repository
    #[arg(long, value_name = "DIR")]
    docs_path: Option<String>,
    /// Read the repository's access token, or for ssh a private key, from standard input
    #[arg(long)]
    token_stdin: bool,
    /// Read the secret of the repository's push webhook from standard input
    #[arg(long, conflicts_with = "token_stdin")]
    webhook_secret_stdin: bool,
    /// What agents may do while the docs are locked: go on with a warning, or write nothing
    #[arg(long, value_name = "WHAT", value_parser = on_lock())]
    on_lock: Option<OnLock>,
}

#[derive(Debug, clap::Args)]
struct Remove {
    /// Id or slug
    id: String,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

fn on_lock() -> impl TypedValueParser<Value = OnLock> {
    PossibleValuesParser::new(["warn", "deny"]).map(|word| match word.as_str() {
        "deny" => OnLock::Deny,
        _ => OnLock::Warn,
    })
}

/// Does what is asked.
pub async fn run(args: Args, context: &Context) -> Result<()> {
    match args.action {
        Action::Create(args) => create(args, context).await,
        Action::Ls => list(context).await,
        Action::Show(which) => show(which, context).await,
        Action::Set(args) => set(args, context).await,
        Action::Audit(args) => audit::run(args, context).await,
        Action::Rm(args) => remove(args, context).await,
    }
}

async fn create(args: Create, context: &Context) -> Result<()> {
    let client = context.client()?;
    let (token, webhook_secret) = secrets(&args.settings, context)?;
    let Settings { slug, repo: repo_url, branch, docs_path, on_lock, .. } = args.settings;
    let name = args.name;
    let wish = CreateProject { name, slug, repo_url, token, webhook_secret, branch, docs_path, on_lock };
    let project = client.create_project(&wish).await?;
    context.out.note(&format!("made project {}", project.slug));
    if project.repo_url.is_some() {
        let slug = &project.slug;
        context
            .out
            .note(&format!("the repository is pulled now; `aitk project show {slug}` tells how it went"));
    }
    if project.has_webhook_secret {
        note_webhook(&project, context);
    }
    context.out.data(project.id.as_str());
    context.out.json(&project);
    Ok(())
}

async fn list(context: &Context) -> Result<()> {
    let projects = context.client()?.projects().await?;
    let width = projects.iter().map(|project| project.slug.as_str().len()).max().unwrap_or_default();
    for project in &projects {
        let (id, slug, name) = (&project.id, project.slug.as_str(), shown(&project.name));
        context.out.data(&format!("{id}  {slug:width$}  {name}"));
    }
    if projects.is_empty() {
        context.out.note("no projects");
    }
    context.out.json(&projects);
    Ok(())
}

async fn show(which: Which, context: &Context) -> Result<()> {
    let id = which.of(context)?;
    let project = context.client()?.project(id).await?;
    describe(&project, context);
    Ok(())
}

async fn set(args: Set, context: &Context) -> Result<()> {
    let client = context.client()?;
    let (token, webhook_secret) = secrets(&args.settings, context)?;
    let token = if args.no_token { Some(None) } else { token.map(Some) };
    let webhook_secret = if args.no_webhook_secret { Some(None) } else { webhook_secret.map(Some) };
    let made_webhook = matches!(webhook_secret, Some(Some(_)));
    let empty_clears = |text: Option<String>| text.map(|text| Some(text).filter(|text| !text.is_empty()));
    let wish = UpdateProject {
        name: args.name,
        slug: args.settings.slug,
        repo_url: if args.no_repo { Some(None) } else { empty_clears(args.settings.repo) },
        token,
        webhook_secret,
        branch: empty_clears(args.settings.branch),
        docs_path: args.settings.docs_path,
        on_lock: args.settings.on_lock,
    };
    if wish == UpdateProject::default() {
        return Err(Error::new(Kind::Usage, "nothing to change").hint("see `aitk project set --help`"));
    }
    let changes_host = matches!(wish.repo_url, Some(Some(_))) && wish.token.is_none();
    let project = client.update_project(args.which.of(context)?, &wish).await?;
    describe(&project, context);
    if changes_host && !project.has_token {
        context.out.note("no access token is kept for this host; --token-stdin gives one");
    }
    if made_webhook {
        note_webhook(&project, context);
    }
    Ok(())
}

async fn remove(args: Remove, context: &Context) -> Result<()> {
    let client = context.client()?;
    let project = client.project(&args.id).await?;
    let what = format!("{} with its {} docs and their history", project.slug, project.docs_count);
    context.out.require_yes(args.yes, &format!("remove project {what} for good?"))?;
    client.remove_project(project.id.as_str()).await?;
    context.out.note(&format!("removed project {}", project.slug));
    context.out.json(&json!({ "removed": project.id }));
    Ok(())
}

impl Which {
    fn of<'a>(&'a self, context: &'a Context) -> Result<&'a str> {
        self.id.as_deref().map_or_else(|| context.project(), Ok)
    }
}

/// The access token and the webhook's secret, where they are to be read; never both.
fn secrets(settings: &Settings, context: &Context) -> Result<(Option<String>, Option<String>)> {
    let ask = |wanted: bool, prompt| wanted.then(|| context.out.ask_secret(prompt)).transpose();
    let token = ask(settings.token_stdin, "access token of the repository: ")?;
    let secret = ask(settings.webhook_secret_stdin, "secret of the repository's webhook: ")?;
    Ok((token, secret))
}

/// Says what the git host has to be told.
fn note_webhook(project: &Project, context: &Context) {
    let place = format!("{}/api/webhooks/git/{}", context.config.url.trim_end_matches('/'), project.id);
    context
        .out
        .note(&format!("have the git host tell {} of pushes (JSON, with the same secret)", shown(&place)));
}

fn describe(project: &Project, context: &Context) {
    let or_none = |text: &Option<String>| text.as_deref().map_or_else(|| "none".to_owned(), shown);
    for (field, value) in [
        ("id", project.id.to_string()),
        ("slug", project.slug.to_string()),
        ("name", shown(&project.name)),
        ("repository", or_none(&project.repo_url)),
        ("branch", or_none(&project.branch)),
        ("docs path", project.docs_path.to_string()),
        ("access token", if project.has_token { "kept" } else { "none" }.to_owned()),
        ("webhook", if project.has_webhook_secret { "secret kept" } else { "none" }.to_owned()),
        ("on lock", project.on_lock.as_str().to_owned()),
        ("docs", project.docs_count.to_string()),
        ("revision", project.revision.to_string()),
        ("created", project.created_at.to_string()),
        ("updated", project.updated_at.to_string()),
    ] {
        context.out.data(&format!("{field:13} {value}"));
    }
    if let Some(repo) = &project.repo {
        context.out.data(&format!("{:13} {}", "repo", repository::line(repo)));
        for path in &repo.conflicts {
            context.out.data(&format!("{:13} {}", "in conflict", shown(path.as_str())));
        }
        for file in &repo.skipped {
            context.out.data(&format!("{:13} {} {}", "left out", shown(&file.path), shown(&file.why)));
        }
    }
    context.out.json(project);
}
