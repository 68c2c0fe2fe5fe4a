//! `aitk unlock`: ends the lock that you hold.
//!
//! With nothing to release it says so and exits with 0, also when your lock has run out meanwhile.
//! When somebody took it over, the exit code is 7. `--force` ends a lock that somebody else holds;
//! they and everybody who watches are told who did, and why.

use aitk_shared::api::Released;

use crate::app::Context;
use crate::error::{Error, Kind, Result};
use crate::lease;
use crate::mirror::note;
use crate::output::shown;

/// Release the lock
#[derive(Debug, clap::Args)]
pub struct Args {
    /// End it whoever holds it
    #[arg(long, requires = "reason")]
    force: bool,
    /// Say why you force it
    #[arg(long, value_name = "TEXT", requires = "force")]
    reason: Option<String>,
}

/// Ends the lock and forgets its token.
pub async fn run(args: Args, context: &Context) -> Result<()> {
    let project = context.project()?;
    let client = context.client()?;
    let result = match &args.reason {
        Some(reason) => client.force_release_lock(project, reason).await,
        None => client.release_lock(project, lease::token(context, project)?).await,
    };
    let done = match result {
        Ok(done) => done,
        Err(error) if error.kind == Kind::Conflict => {
            lease::forget(context, project)?;
            over(error)?
        }
        Err(error) if error.kind == Kind::Blocked => {
            return Err(error.hint("only they can release it; `aitk unlock --force --reason TEXT` breaks it"));
        }
        Err(error) => return Err(error),
    };
    lease::forget(context, project)?;
    note::own_lock(context, None);
    context.out.data(&match &done.message {
        _ if done.released => "unlocked".to_owned(),
        Some(message) => format!("nothing to release: {}", shown(message)),
        None => "nothing to release".to_owned(),
    });
    super::lock::tell_waiting(context, &done);
    context.out.json(&done);
    Ok(())
}

/// Our acquisition is over: harmless where nobody took the lock since.
fn over(error: Error) -> Result<Released> {
    match &error.lock {
        None => Ok(Released {
            released: false,
            message: Some("your lock had ended before".into()),
            waiting: Vec::new(),
        }),
        Some(_) => Err(Error { hint: None, ..error }
            .hint("there is nothing left to release; look at what they change before you write again")),
    }
}
