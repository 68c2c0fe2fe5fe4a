//! `aitk lock -- CMD`: runs a command under the lock, and ends it before somebody else can have that.
//!
//! The lease is renewed at a third of its length. When that fails, or the lock is lost, CMD and all of
//! its process group get SIGTERM, and SIGKILL where they do not heed it. However it ends, the lock is
//! released; only a `kill -9` of this process leaves it to lapse.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::Duration;

use aitk_shared::api::{Lock, Project};
use aitk_shared::limits;
use aitk_shared::lock::{FencingToken, Pace};
use aitk_shared::text::printable;
use rustix::process::Signal;
use tokio::time::sleep;

use crate::app::Context;
use crate::client::{Client, Taken};
use crate::error::{Error, Kind, Result};
use crate::job::{self, Change, Job};
use crate::lease;
use crate::lease::clock::Moment;
use crate::lease::keeper::{Held, Keeper, Known};
use crate::mirror::note;
use crate::output::shown;
use crate::signals::{Signals, ended_by};

/// So much of a command line is a reason.
const REASON_CHARS: usize = 80;

/// The reason where none is given: the command line.
pub fn reason(words: &[OsString]) -> String {
    let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
    printable(&words.join(" "), REASON_CHARS)
}

/// Whether we run under the lock of a process above us, which keeps it and releases it.
pub async fn is_nested(context: &Context, client: &Client, project: &Project) -> Result<bool> {
    let Some(token) = lease::given(context)? else { return Ok(false) };
    let id = project.id.as_str();
    let now = client.lock_state(id).await?;
    let ours = match &now {
        // Tokens are numbers, so somebody else's lock can have the same in another project.
        Some(lock) if lock.token == token => client.take_lock(id, &Default::default()).await,
        _ => return Err(lease::ended(token, now)),
    };
    match ours {
        Ok(Taken::Own(lock)) if lock.token == token => Ok(true),
        Ok(Taken::Own(lock)) => Err(lease::ended(token, Some(lock))),
        Ok(Taken::New(lock)) => {
            // It ended between the two questions.
            client.release_lock(id, Some(lock.token)).await?;
            Err(lease::ended(token, None))
        }
        Ok(Taken::Turn(_)) => Err(lease::ended(token, None)),
        Err(error) if error.kind == Kind::Blocked => Err(lease::ended(token, error.lock.map(|lock| *lock))),
        Err(error) => Err(error),
    }
}

/// Becomes the command, whose lock another process keeps: that one must still reach all of what runs.
pub fn become_nested(words: &[OsString]) -> Result<()> {
    let mut command = command(words)?;
    let error = command.exec();
    Err(job::cannot_run(&command, &error))
}

/// Runs the words under an acquisition of ours, and releases it.
pub async fn run(words: &[OsString], held: Held, mut signals: Signals, context: &Context) -> Result<()> {
    let (client, id, token) = (held.client.clone(), held.project.id.clone(), held.token);
    let mut command = command(words)?;
    command.env(lease::TOKEN_VARIABLE, token.to_string());
    let done = match Job::start(&mut command) {
        Ok(job) => run_kept(job, held, &mut signals).await,
        Err(error) => Err(error),
    };
    let released = release(&client, id.as_str(), token, context).await;
    note::own_lock(context, None);
    done.and(released)
}

/// What has to happen to a job whose lock is over.
struct End {
    why: String,
    kill: Moment,
}

async fn run_kept(mut job: Job, held: Held, signals: &mut Signals) -> Result<()> {
    let pace = held.pace();
    let mut keeper = Keeper::new(held);
    let mut end: Option<End> = None;
    loop {
        match job.change()? {
            Change::Ended(code) => return over(&job, end, code),
            Change::Stopped(signal) if !job.satisfy(signal) && job.stop_along() => {
                // Nothing was renewed meanwhile; it goes on only under a lock that is known to be ours.
                end = end.or(due(keeper.renewed().await, pace));
                match &end {
                    Some(_) => ask_to_end(&job),
                    None => job.go_on(),
                }
            }
            Change::Stopped(_) | Change::None => {}
        }
        if end.is_none() {
            end = due(keeper.known(), pace);
            if end.is_some() {
                ask_to_end(&job);
            }
        }
        if end.as_ref().is_some_and(|end| end.kill.left().is_zero()) {
            job.signal(Signal::KILL);
        }
        let next = match (&end, keeper.known()) {
            (Some(end), _) => end.kill.left(),
            (None, Known::Held(until)) => until.minus(pace.end_before).left(),
            (None, Known::Lost(_)) => limits::LEASE_TICK,
        };
        tokio::select! {
            signal = signals.next() => match signal {
                Signal::CHILD => {}
                signal => job.signal(signal),
            },
            () = keeper.changed() => {}
            () = sleep(next.clamp(Duration::from_millis(5), limits::LEASE_TICK)) => {}
        }
    }
}

/// Whether what runs has to end now, by what is known of its lease.
fn due(known: Known, pace: Pace) -> Option<End> {
    match known {
        Known::Lost(why) => Some(End { why, kill: Moment::now().plus(limits::LOST_KILL_AFTER) }),
        Known::Held(until) => until.minus(pace.end_before).left().is_zero().then(|| End {
            why: "it could not be renewed in time".into(),
            kill: until.minus(pace.kill_before),
        }),
    }
}

fn ask_to_end(job: &Job) {
    job.signal(Signal::TERM);
    job.signal(Signal::CONT);
}

fn over(job: &Job, end: Option<End>, code: u8) -> Result<()> {
    let Some(End { why, .. }) = end else { return passed_on(code) };
    // Its first process is gone; the others had their time.
    job.signal(Signal::KILL);
    Err(Error::new(Kind::Conflict, format!("the lock was lost, so the command was ended: {why}"))
        .hint("others may have changed docs since: look at what was done, then run it again"))
}

fn passed_on(code: u8) -> Result<()> {
    match code {
        0 => Ok(()),
        code => Err(Error::told(Kind::Command(code))),
    }
}

/// Ends the acquisition; a server that is out of reach is asked a few times.
async fn release(client: &Client, project: &str, token: FencingToken, context: &Context) -> Result<()> {
    let mut tries = 0;
    loop {
        tries += 1;
        match client.release_lock(project, Some(token)).await {
            Ok(done) => {
                super::tell_waiting(context, &done);
                return Ok(());
            }
            // An answer may have been lost on its way.
            Err(error) if error.kind == Kind::Conflict && tries > 1 => return Ok(()),
            Err(error) if error.kind == Kind::Conflict => {
                return Err(Error { hint: None, ..error }
                    .hint("it ended while the command ran: look at what others changed meanwhile"));
            }
            Err(error) if error.kind == Kind::Unreachable && tries <= limits::RETRIES => {
                sleep(Duration::from_millis(300)).await;
            }
            Err(error) => {
                context.out.warn(&format!(
                    "the lock (token {token}) could not be released and ends by itself: {}",
                    error.message
                ));
                return Ok(());
            }
        }
    }
}

fn command(words: &[OsString]) -> Result<Command> {
    let (program, arguments) =
        words.split_first().ok_or_else(|| Error::new(Kind::Usage, "there is no command behind '--'"))?;
    let mut command = Command::new(program);
    command.args(arguments);
    Ok(command)
}

/// Ends an acquisition whose command never ran, because a signal came first.
pub async fn give_back(held: &Held, signal: Signal, context: &Context) -> Error {
    let released = release(&held.client, held.project.id.as_str(), held.token, context).await;
    note::own_lock(context, None);
    released.err().unwrap_or_else(|| ended_by(signal))
}

/// Says what runs now.
pub fn tell(context: &Context, lock: &Lock) {
    note::own_lock(context, Some(lock));
    context.out.detail(&format!("locked by {} (token {})", shown(&lock.locked_by), lock.token));
}
