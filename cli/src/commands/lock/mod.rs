//! `aitk lock`: takes the project's lock, so that you alone can change its docs.
//!
//! While it runs, `aitk check` blocks everybody else's agents at the start of a session, and the
//! server refuses everybody else's writes. It ends by itself after `--ttl`, by the server's clock;
//! `--renew` prolongs it and `aitk unlock` ends it. The lock's token is remembered on this machine
//! and goes along with each of your writes: once the lock is lost, no write slips through.
//!
//! Asking again while you hold it changes nothing and exits with 0. While somebody else holds it,
//! the exit code is 2; `--steal` takes it over and tells them so, and `--wait` takes it as soon as it
//! is free, with exit code 2 when that takes too long.

mod wait;

use std::time::Duration;

use aitk_shared::api::{Lock, Project, RenewLock, TakeLock};
use aitk_shared::time::{Ttl, humanize, parse_duration};
use serde_json::{Value, json};

use crate::app::Context;
use crate::client::Client;
use crate::error::{Error, Kind, Result};
use crate::lease;
use crate::mirror::note;
use crate::output::shown;

/// Lock the docs, so that you alone can change them
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  aitk lock --reason 'new release guide'
  aitk lock --ttl 2h
  aitk lock --wait=1h
  aitk lock --renew --ttl 1h
  aitk lock --steal --reason 'Ann is away'")]
pub struct Args {
    /// Say why, for everybody who has to wait
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// End it after this time, unless renewed; 1s to 24h  [default: 30m]
    #[arg(long, value_name = "TIME", value_parser = parse_ttl)]
    ttl: Option<Ttl>,
    /// Take it from whoever holds it; needs a reason
    #[arg(long, requires = "reason")]
    steal: bool,
    /// Wait until it is free  [for at most 10m, where no time is given]
    #[arg(
        long,
        value_name = "TIME",
        value_parser = parse_duration,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "10m",
        conflicts_with = "steal"
    )]
    wait: Option<Duration>,
    /// Prolong the lock that you hold
    #[arg(long, conflicts_with_all = ["reason", "steal", "wait"])]
    renew: bool,
}

/// Takes or prolongs the lock.
pub async fn run(args: Args, context: &Context) -> Result<()> {
    match args.renew {
        true => renew(args, context).await,
        false => take(args, context).await,
    }
}

async fn take(args: Args, context: &Context) -> Result<()> {
    let project = context.project()?;
    let client = context.client()?;
    let project = client.project(project).await?;
    let wish = TakeLock {
        reason: args.reason,
        ttl_seconds: args.ttl.map(seconds),
        steal: args.steal,
        locked_by: None,
    };
    let (lock, taken) = match args.wait {
        Some(patience) => wait::take(&client, &project, &wish, patience, context).await?,
        None => take_once(&client, &project, &wish).await?,
    };
    lease::remember(context, &project, lock.token)?;
    tell(context, &lock, if taken { "locked" } else { "already locked" }, taken);
    if !taken {
        context.out.note("you held it already, so it is as it was; `aitk lock --renew` prolongs it");
    }
    Ok(())
}

async fn take_once(client: &Client, project: &Project, wish: &TakeLock) -> Result<(Lock, bool)> {
    client.take_lock(project.id.as_str(), wish).await.map_err(|error| match error.kind {
        Kind::Blocked => error
            .hint("wait with `--wait`, ask for it, or take it over with `aitk lock --steal --reason TEXT`"),
        _ => error,
    })
}

async fn renew(args: Args, context: &Context) -> Result<()> {
    let project = context.project()?;
    let client = context.client()?;
    let token = lease::token(context, project)?;
    let wish = RenewLock { ttl_seconds: args.ttl.map(seconds) };
    let lock = match client.renew_lock(project, &wish, token).await {
        Err(error) if error.kind == Kind::Conflict => {
            lease::forget(context, project)?;
            return Err(Error { hint: None, ..error }
                .hint("others may have changed docs since: look, then `aitk lock` again"));
        }
        lock => lock?,
    };
    tell(context, &lock, "renewed: locked", false);
    Ok(())
}

fn tell(context: &Context, lock: &Lock, verb: &str, acquired: bool) {
    note::own_lock(context, Some(lock));
    let left = humanize(Duration::from_millis(lock.remaining_ms));
    let reason = lock.reason.as_deref().map(|reason| format!(": {}", shown(reason))).unwrap_or_default();
    let (who, token) = (shown(&lock.locked_by), lock.token);
    context.out.data(&format!("{verb} by {who} for {left}{reason} (token {token})"));
    let mut document = json!(lock);
    if let Value::Object(fields) = &mut document {
        fields.insert("acquired".into(), acquired.into());
    }
    context.out.json(&document);
}

fn parse_ttl(text: &str) -> std::result::Result<Ttl, String> {
    let length = parse_duration(text).map_err(|error| error.to_string())?;
    Ttl::parse(i64::try_from(length.as_secs()).unwrap_or(i64::MAX))
        .map_err(|_| "a lock lasts from 1s to 24h".to_owned())
}

fn seconds(ttl: Ttl) -> i64 {
    i64::try_from(ttl.as_duration().as_secs()).unwrap_or(i64::MAX)
}
