//! `aitk invite`: a link that turns into a personal key.
//!
//! Whoever runs `aitk join LINK` in a repository has a key of their own and works. The link is
//! printed alone on standard output, once; it makes as many keys as `--uses` says, until it ends.
//! Pass it on like a password. It also ends when the key that made it is revoked.

use std::time::{Duration, SystemTime};

use aitk_shared::api::CreateInvitation;
use aitk_shared::limits;
use aitk_shared::role::Role;
use aitk_shared::time::{Timestamp, parse_duration};
use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::app::Context;
use crate::error::{Error, Kind, Result};
use crate::output::shown;

/// Make a link that turns into a personal key
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A lead invites developers to projects of their own; an admin invites leads, too.

Examples:
  aitk invite --project acme-web
  aitk invite --project acme-web --project acme-app --uses 30 --expires 14d")]
pub struct Args {
    /// The projects that the key will cover; the configured one where not given
    #[arg(long, value_name = "ID", num_args = 1..)]
    project: Vec<String>,
    /// What the key may do
    #[arg(long, value_parser = role(), default_value = "developer")]
    role: Role,
    /// End the link after this time  [default: 7d]
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    expires: Option<Duration>,
    /// Make so many keys
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=limits::INVITATION_USES))]
    uses: u64,
}

fn role() -> impl TypedValueParser<Value = Role> {
    PossibleValuesParser::new(["developer", "lead"]).try_map(|word| Role::parse(&word).ok_or("no such role"))
}

/// Makes the link and prints it.
pub async fn run(args: Args, context: &Context) -> Result<()> {
    let mut projects = args.project;
    if projects.is_empty() {
        projects.push(context.project()?.to_owned());
    }
    let client = context.client()?;
    let wish = CreateInvitation {
        projects,
        role: args.role,
        expires_at: args.expires.map(|time| now().plus(time)),
        uses: Some(args.uses),
    };
    let mut made = client.create_invitation(&wish).await?;
    // The server knows its address only as far as the last proxy; this one has just worked.
    let server = client.server();
    let Some((_, token)) = made.link.split_once('#') else {
        return Err(Error::new(Kind::Failed, format!("{server} answers with a link that is none")));
    };
    made.link = format!("{}#{token}", server.url([aitk_shared::api::JOIN_PATH]));

    let projects: Vec<_> = made.projects.iter().map(|project| project.slug.as_str()).collect();
    let people = if made.uses == 1 { "one person".into() } else { format!("{} people", made.uses) };
    context.out.note(&format!(
        "invited {people} to {} as {}, until {}: pass the link on like a password, it is not shown again",
        shown(&projects.join(", ")),
        made.role,
        made.expires_at,
    ));
    context.out.data(&shown(&made.link));
    context.out.json(&made);
    Ok(())
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(0).plus(since)
}
