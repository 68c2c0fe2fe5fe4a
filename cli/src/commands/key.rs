//! `aitk key`: who may do what.
//!
//! A key belongs to one person or service. `create` prints the new key alone on standard output,
//! once: the server keeps only its hash. A lead's key makes and revokes developers' keys of its
//! projects; everything else takes an admin's.

use std::time::{Duration, SystemTime};

use aitk_shared::api::{CreateKey, CreateProjectKey, Key, NewKey};
use aitk_shared::id::KeyId;
use aitk_shared::role::Role;
use aitk_shared::time::{Timestamp, parse_duration};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde_json::json;

use crate::app::Context;
use crate::client::Client;
use crate::error::{Error, Kind, Result};
use crate::output::shown;

/// Make, list and revoke API keys
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Make a key and print it, this once
    #[command(after_help = "\
Roles: developer reads docs; lead also writes and locks them and makes developers' keys;
admin may do everything; service publishes to and subscribes to the rooms of --rooms.

Examples:
  aitk key create --name 'Dana' --role developer --project acme-web
  aitk key create --name 'Lee' --role lead --project acme-web --project acme-app
  aitk key create --name tracker --role service --rooms 'issue:*' --expires 365d")]
    Create(Create),
    /// List the keys of a project (--project), or of the server
    Ls,
    /// End a key, everywhere and at once
    Revoke {
        /// The key's id, as `aitk key ls` shows it
        #[arg(value_parser = KeyId::parse)]
        id: KeyId,
    },
}

#[derive(Debug, clap::Args)]
struct Create {
    /// Whose key it is
    #[arg(long)]
    name: String,
    /// What it may do
    #[arg(long, value_parser = role())]
    role: Role,
    /// The projects that a developer's or lead's key covers; the configured one where not given
    #[arg(long, value_name = "ID", num_args = 1..)]
    project: Vec<String>,
    /// The rooms that a service's key covers, such as 'issue:*'
    #[arg(long, value_name = "PATTERN", num_args = 1..)]
    rooms: Vec<String>,
    /// End it after this time, such as 30d
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    expires: Option<Duration>,
}

fn role() -> impl TypedValueParser<Value = Role> {
    PossibleValuesParser::new(["developer", "lead", "admin", "service"])
        .try_map(|word| Role::parse(&word).ok_or("no such role"))
}

/// Does what is asked.
pub async fn run(args: Args, context: &Context) -> Result<()> {
    let client = context.client()?;
    match args.action {
        Action::Create(args) => create(args, &client, context).await,
        Action::Ls => list(&client, context).await,
        Action::Revoke { id } => revoke(id, &client, context).await,
    }
}

async fn create(args: Create, client: &Client, context: &Context) -> Result<()> {
    let expires_at = args.expires.map(|time| now().plus(time));
    let Create { name, role, mut project, rooms, .. } = args;
    match (role.is_server_wide(), project.is_empty()) {
        (true, false) => {
            return Err(Error::new(Kind::Usage, format!("a key of the role {role} covers the whole server"))
                .hint("leave --project out"));
        }
        (false, true) => project.push(context.project()?.to_owned()),
        _ => {}
    }
    let made = match project.as_slice() {
        [one] if rooms.is_empty() => {
            client.create_project_key(one, &CreateProjectKey { name, role, expires_at }).await?
        }
        _ => client.create_key(&CreateKey { name, role, projects: project, rooms, expires_at }).await?,
    };
    let NewKey { key, info } = &made;
    context.out.note(&format!(
        "made key {} for {}, {}{}: keep it now, it is not shown again",
        info.id,
        shown(&info.name),
        info.role,
        info.expires_at.map(|at| format!(", until {at}")).unwrap_or_default(),
    ));
    context.out.data(&shown(key));
    context.out.json(&made);
    Ok(())
}

async fn list(client: &Client, context: &Context) -> Result<()> {
    let keys = match &context.globals.project {
        Some(project) => client.project_keys(project).await?,
        None => match client.keys().await {
            // A lead may not see them all, but those of the configured project.
            Err(error) if error.kind == Kind::Credentials && context.config.project.is_some() => {
                client.project_keys(context.project()?).await?
            }
            keys => keys?,
        },
    };
    let width = keys.iter().map(|key| shown(&key.name).chars().count()).max().unwrap_or_default();
    for key in &keys {
        let (id, name, role) = (&key.id, shown(&key.name), key.role.as_str());
        context.out.data(&format!("{id}  {}…  {role:9}  {name:width$}  {}", shown(&key.prefix), scope(key)));
    }
    context.out.json(&keys);
    Ok(())
}

async fn revoke(id: KeyId, client: &Client, context: &Context) -> Result<()> {
    match &context.globals.project {
        Some(project) => client.revoke_project_key(project, &id).await?,
        None => match client.revoke_key(&id).await {
            Err(error) if error.kind == Kind::Credentials && context.config.project.is_some() => {
                client.revoke_project_key(context.project()?, &id).await?;
            }
            done => done?,
        },
    }
    context.out.note(&format!("revoked key {id}"));
    context.out.json(&json!({ "revoked": id }));
    Ok(())
}

fn scope(key: &Key) -> String {
    let projects = key.projects.iter().map(|project| project.as_str());
    let covered: Vec<_> = projects.chain(key.rooms.iter().map(String::as_str)).collect();
    let used = key.last_used_at.map_or("never used".into(), |at| format!("used {at}"));
    let until = key.expires_at.map(|at| format!(", until {at}")).unwrap_or_default();
    let covered = if covered.is_empty() { "everything".into() } else { shown(&covered.join(" ")) };
    format!("{covered}, {used}{until}")
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(0).plus(since)
}
