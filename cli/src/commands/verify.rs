//! `aitk verify`: reads every file in `.docs/` and compares it with what the last sync wrote.
//!
//! It needs no server. Anything that differs is named, and the exit code is 6. `--repair` brings
//! the docs back from the cache, or where that lacks some, from the server; your own bytes are
//! moved away and named, never deleted.

use aitk_shared::plan::{Plan, Step};
use serde_json::json;

use super::sync;
use crate::app::Context;
use crate::error::{Error, Kind, Result};
use crate::mirror::report::counted;
use crate::mirror::scan::Depth;
use crate::mirror::update::{Report, restore};
use crate::mirror::{Local, Mirror};
use crate::output::shown;

/// Hash every mirrored file and compare
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Bring back what differs, from the cache or the server
    #[arg(long)]
    repair: bool,
}

/// Compares every byte with the manifest.
pub async fn run(args: Args, context: &Context) -> Result<()> {
    let mirror = Mirror::of(context)?;
    mirror.recover()?;
    let local = mirror.read(Depth::Bytes)?;
    if args.repair && local.verified().is_none() {
        return match from_cache(&mirror, &local)? {
            Some(report) => {
                sync::tell(&report, context);
                Ok(())
            }
            None => sync::run(sync::Args::forced(), context).await,
        };
    }
    let Some(state) = &local.state else { return Err(nothing_to_compare(&mirror, &local)) };
    let faults = faults(&local.drift()?);
    let whole = local.verified().is_some();
    faults.iter().for_each(|(what, path)| context.out.data(&format!("{what:<8} {}", shown(path))));
    if whole {
        let count = counted(state.docs.len(), "doc");
        context.out.data(&format!("{count} verified at revision {}", state.revision));
    }
    let of = |what: &str| {
        faults.iter().filter(|(w, _)| *w == what).map(|(_, path)| path.as_str()).collect::<Vec<_>>()
    };
    context.out.json(&json!({
        "verified": whole,
        "complete": local.marked,
        "revision": state.revision,
        "epoch": state.epoch,
        "hash": state.hash,
        "docs": state.docs.len(),
        "changed": of("changed"),
        "missing": of("missing"),
        "foreign": of("foreign"),
    }));
    match whole {
        true => Ok(()),
        false if faults.is_empty() && !context.out.is_json() => {
            Err(Error::new(Kind::Differs, "the mark of a complete copy is missing").hint(HINT))
        }
        false => {
            context.out.note(&format!("hint: {HINT}"));
            Err(Error::told(Kind::Differs))
        }
    }
}

/// The mirror as its state says, where every doc is at hand.
fn from_cache(mirror: &Mirror, local: &Local) -> Result<Option<Report>> {
    let Some(state) = &local.state else { return Ok(None) };
    let whole = mirror.at_hand(local, &state.owner).filter(|whole| whole.hash == state.hash);
    whole.map_or(Ok(None), |state| restore(mirror, &state))
}

const HINT: &str = "`aitk verify --repair` brings the docs back";

fn faults(plan: &Plan) -> Vec<(&'static str, String)> {
    let what = |step: &Step| match step {
        Step::Reuse(_) => None,
        Step::Write(_) => Some("missing"),
        Step::Replace(_) => Some("changed"),
        Step::Drop(_) | Step::PutAside(_) => Some("foreign"),
    };
    plan.steps
        .iter()
        .filter_map(|step| Some((what(step)?, step.path().to_string_lossy().into_owned())))
        .collect()
}

fn nothing_to_compare(mirror: &Mirror, local: &Local) -> Error {
    let folder = mirror.inside.display();
    match local.scan.disk.is_empty() {
        true => {
            Error::new(Kind::NotFound, format!("there is no copy in {folder} yet")).hint("run `aitk sync`")
        }
        false => Error::new(
            Kind::Differs,
            format!("it is unknown what belongs in {folder}: its state cannot be read"),
        )
        .hint(HINT),
    }
}
