//! `aitk publish ROOM TYPE [JSON]`: publishes an event.
//!
//! The data is JSON: the argument, or standard input where that is `-` or piped; without any it is
//! `null`. The command ends with 0 when the event is on the server's disk. A try that was not
//! answered is repeated under the same idempotency key, so that nothing is published twice;
//! `--idempotency-key` goes on with that of an earlier run.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, IsTerminal, Read};

use aitk_shared::api::{ProblemCode, Publish};
use aitk_shared::event::{EventType, Room};
use aitk_shared::limits;
use serde_json::Value;

use crate::app::Context;
use crate::error::{Error, Kind, Result};
use crate::output::shown;

/// Publish an event
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  aitk publish issue:42 issue.updated '{\"issueId\": \"42\", \"title\": \"Login fails\"}'
  jq -n '{text: \"deployed\"}' | aitk publish chat:ops chat.message
  aitk publish project:prj_0123 build:progress '{\"percent\": 40}' --ephemeral")]
pub struct Args {
    /// Where to, such as issue:42
    #[arg(value_parser = Room::parse)]
    room: Room,
    /// What happened, such as issue.updated
    #[arg(value_name = "TYPE", value_parser = EventType::parse)]
    kind: EventType,
    /// The event's data; '-' reads it from standard input
    #[arg(value_name = "JSON", allow_hyphen_values = true)]
    data: Option<String>,
    /// Tell only those who listen now, and keep it nowhere
    #[arg(long)]
    ephemeral: bool,
    /// Do not tell this subject, a key's id or a token's sub
    #[arg(long, value_name = "SUBJECT")]
    exclude: Option<String>,
    /// Pass this on with the event
    #[arg(long, value_name = "ID")]
    correlation_id: Option<String>,
    /// Publish once under this key, however often it is sent  [default: a random one]
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
}

/// Publishes and says at which offset.
pub async fn run(args: Args, context: &Context) -> Result<()> {
    let client = context.client()?;
    let event = Publish {
        kind: args.kind.as_str().to_owned(),
        data: data(args.data)?,
        ephemeral: args.ephemeral,
        exclude: args.exclude,
        correlation_id: args.correlation_id,
    };
    let key = args.idempotency_key.unwrap_or_else(random_key);
    let published = client.publish(&args.room, &event, &key).await.map_err(|error| match error.kind {
        Kind::Unreachable => error.hint(format!(
            "it may be published all the same: the same command with --idempotency-key {} finds out",
            shown(&key)
        )),
        Kind::Credentials if error.code == Some(ProblemCode::Forbidden) => match args.kind.reserved() {
            Some(_) => error.hint("choose a type of your own, such as build:done"),
            None => error.hint("ask an admin for a service's key with this room: `aitk key create --rooms`"),
        },
        _ => error,
    })?;
    let place = match published.offset {
        Some(offset) => format!("at offset {offset}"),
        None => "to those who listen now".into(),
    };
    context.out.note(&format!("published {} in {} {place}", args.kind, shown(args.room.as_str())));
    context.out.json(&published);
    Ok(())
}

fn data(argument: Option<String>) -> Result<Value> {
    let (text, is_needed) = match argument.as_deref() {
        Some("-") => (piped()?, true),
        Some(text) => (text.to_owned(), true),
        None if io::stdin().is_terminal() => return Ok(Value::Null),
        None => (piped()?, false),
    };
    if text.trim().is_empty() && !is_needed {
        return Ok(Value::Null);
    }
    serde_json::from_str(&text).map_err(|why| {
        Error::new(Kind::Usage, format!("the data is no JSON: {why}"))
            .hint("quote it for the shell, as in '{\"issueId\": \"42\"}', or pipe it in")
    })
}

fn piped() -> Result<String> {
    // Spaces that a server would not count may still make it larger than the limit.
    let most = 4 * limits::EVENT_DATA_BYTES as u64;
    let mut text = String::new();
    io::stdin().take(most + 1).read_to_string(&mut text)?;
    match text.len() as u64 > most {
        true => Err(Error::new(
            Kind::Usage,
            format!(
                "standard input is larger than an event may be ({} KiB)",
                limits::EVENT_DATA_BYTES / 1024
            ),
        )
        .hint("publish where to find it instead")),
        false => Ok(text),
    }
}

/// Unlike any other run's; it need not be a secret.
fn random_key() -> String {
    // Seeded by the system, once a run.
    let part = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", part(), part())
}
