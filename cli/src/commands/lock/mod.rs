//! `aitk lock`: takes the project's lock, so that you alone can change its docs.
//!
//! While it runs, `aitk check` blocks everybody else's agents at the start of a session, and the
//! server refuses everybody else's writes. It ends by itself after `--ttl`, by the server's clock;
//! `--renew` prolongs it and `aitk unlock` ends it. The lock's token is remembered on this machine
//! and goes along with each of your writes: once the lock is lost, no write slips through.
//!
//! Asking again while you hold it changes nothing and exits with 0. While somebody else holds it,
//! the exit code is 2; `--steal` takes it over and tells them so, and `--wait` takes it as soon as it
//! is free, in the order of arrival, with exit code 2 when that takes too long.
//!
//! With a command behind `--` the lock is held while that runs, and released when it ends, whatever
//! way that is. The command has the terminal, and finds the token in `AITK_LOCK_TOKEN`; an `aitk lock
//! -- …` that it runs itself goes on under the same lock. When the lock is lost or cannot be renewed,
//! the command and what it started are ended before somebody else can have the lock, and the exit
//! code is 7. Otherwise the exit code is the command's: 128 and the signal where one ended it, 127
//! where there is no such command, 126 where it cannot be run. A lock that another process of
//! yours holds is in the way, like anybody's.

#[cfg(unix)]
pub(super) mod command;
mod wait;

use std::ffi::OsString;
use std::time::Duration;

use aitk_shared::api::{Lock, Project, Released, RenewLock, TakeLock};
use aitk_shared::time::{Ttl, humanize, parse_duration};
use serde_json::{Value, json};

use crate::app::Context;
use crate::client::{Client, Taken};
use crate::error::{Error, Kind, Result};
use crate::lease;
use crate::lease::clock::Moment;
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
  aitk lock --steal --reason 'Ann is away'
  aitk lock --wait -- make publish-docs

With a command, its exit code is passed on: 128 and the signal that ended it, 127 where it is not
found, 126 where it cannot be run; 7 where the lock was lost, for which the command was ended.")]
pub struct Args {
    /// Say why, for everybody who has to wait  [default with a command: its command line]
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// End it after this time, unless renewed; 1s to 24h  [default: 30m]
    #[arg(long, value_name = "TIME", value_parser = parse_ttl)]
    ttl: Option<Ttl>,
    /// Take it from whoever holds it; needs a reason
    #[arg(long, requires = "reason")]
    steal: bool,
    /// Wait for your turn until it is free  [for at most 10m, where no time is given]
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
    #[arg(long, conflicts_with_all = ["reason", "steal", "wait", "command"])]
    renew: bool,
    /// Run this while it is held, with the token in AITK_LOCK_TOKEN, and release it
    #[arg(last = true, value_name = "CMD")]
    command: Vec<OsString>,
}

/// An acquisition, or one that was there before.
pub(super) struct Acquired {
    /// The lock.
    pub lock: Lock,
    /// When it was asked for.
    pub asked: Moment,
    /// Whether it is new.
    pub is_new: bool,
}

/// Takes or prolongs the lock.
pub async fn run(args: Args, context: &Context) -> Result<()> {
    match (args.renew, args.command.is_empty()) {
        (true, _) => renew(args, context).await,
        (false, true) => take(args, context).await,
        (false, false) => run_command(args, context).await,
    }
}

async fn take(args: Args, context: &Context) -> Result<()> {
    let project = context.project()?;
    let client = context.client()?;
    let project = client.project(project).await?;
    let acquired =
        acquire(&client, &project, &args.wish(), args.wait, context, std::future::pending()).await?;
    let Acquired { lock, is_new, .. } = acquired;
    lease::remember(context, &project, lock.token)?;
    tell(context, &lock, if is_new { "locked" } else { "already locked" }, is_new);
    if !is_new {
        context.out.note("you held it already, so it is as it was; `aitk lock --renew` prolongs it");
    }
    Ok(())
}

#[cfg(unix)]
async fn run_command(args: Args, context: &Context) -> Result<()> {
    use crate::lease::keeper::Held;
    use crate::signals::{Signals, ended_by};

    if context.out.is_json() {
        return Err(Error::new(Kind::Usage, "--json cannot go with a command, whose standard output it is")
            .hint(
                "leave it out; `aitk lock --json` and `aitk unlock --json` take and release the lock alone",
            ));
    }
    let client = context.client()?;
    let project = client.project(context.project()?).await?;
    if command::is_nested(context, &client, &project).await? {
        return command::become_nested(&args.command);
    }
    let reason = args.reason.clone().unwrap_or_else(|| command::reason(&args.command));
    let wish = TakeLock { reason: Some(reason), anew: true, ..args.wish() };
    let mut signals = Signals::of_job()?;
    let interrupted = async { ended_by(signals.next_end().await) };
    let acquired = acquire(&client, &project, &wish, args.wait, context, interrupted).await;
    let acquired = acquired.map_err(|error| ours(error, context, &project))?;
    let ttl = args.ttl.unwrap_or(Ttl::DEFAULT);
    let held = Held::taken_for(&client, &project, &acquired.lock, acquired.asked, ttl);
    if !acquired.is_new {
        return Err(held_by_us(&acquired.lock));
    }
    command::tell(context, &acquired.lock);
    match signals.pending_end() {
        Some(signal) => Err(command::give_back(&held, signal, context).await),
        None => command::run(&args.command, held, signals, context).await,
    }
}

#[cfg(not(unix))]
async fn run_command(_: Args, _: &Context) -> Result<()> {
    Err(Error::new(Kind::Failed, "a command cannot be run under the lock on this system yet")
        .hint("`aitk lock`, then the command, then `aitk unlock`"))
}

impl Args {
    fn wish(&self) -> TakeLock {
        TakeLock {
            reason: self.reason.clone(),
            ttl_seconds: self.ttl.map(seconds),
            steal: self.steal,
            ..TakeLock::default()
        }
    }
}

/// Takes the lock, at once or in turn.
pub(super) async fn acquire(
    client: &Client,
    project: &Project,
    wish: &TakeLock,
    patience: Option<Duration>,
    context: &Context,
    interrupted: impl Future<Output = Error>,
) -> Result<Acquired> {
    if let Some(patience) = patience {
        return wait::take(client, project, wish, patience, context, interrupted).await;
    }
    let (taken, asked) = take_once(client, project, wish).await?;
    match taken {
        Taken::New(lock) => Ok(Acquired { lock, asked, is_new: true }),
        Taken::Own(lock) => Ok(Acquired { lock, asked, is_new: false }),
        Taken::Turn(_) => Err(Error::new(Kind::Unreachable, "others wait for the lock and come first")
            .hint("wait with `--wait`")),
    }
}

async fn take_once(client: &Client, project: &Project, wish: &TakeLock) -> Result<(Taken, Moment)> {
    let asked = Moment::now();
    let taken = client.take_lock(project.id.as_str(), wish).await.map_err(|error| match error.kind {
        Kind::Blocked => error
            .hint("wait with `--wait`, ask for it, or take it over with `aitk lock --steal --reason TEXT`"),
        _ => error,
    })?;
    Ok((taken, asked))
}

/// A refusal because of a lock that is remembered here says so.
pub(super) fn ours(error: Error, context: &Context, project: &Project) -> Error {
    let remembered = lease::token(context, project.slug.as_str()).ok().flatten();
    match &error.lock {
        Some(lock) if error.kind == Kind::Blocked && remembered == Some(lock.token) => held_by_us(lock),
        _ => error,
    }
}

/// The lock is this key's, by another process or by an `aitk lock` before.
pub(super) fn held_by_us(lock: &Lock) -> Error {
    let fact = Error::locked(lock.clone());
    let message = format!("{}; that is you, by another process or an `aitk lock` before", fact.message);
    let hint =
        format!("`aitk unlock` first, or go on under it: AITK_LOCK_TOKEN={} aitk lock -- …", lock.token);
    Error { message, ..fact }.hint(hint)
}

/// Says who waited for a lock that was released.
pub(super) fn tell_waiting(context: &Context, done: &Released) {
    if !done.waiting.is_empty() {
        let names: Vec<_> = done.waiting.iter().map(|name| shown(name)).collect();
        context.out.note(&format!("waiting for it, in this order: {}", names.join(", ")));
    }
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
