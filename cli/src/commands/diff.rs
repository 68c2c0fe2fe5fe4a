//! `aitk diff`: which docs differ between `.docs/` and the platform.
//!
//! One line each, as a sync would change them: `A` comes, `M` gets the platform's bytes, `D` goes,
//! `?` is not the platform's and would be moved away. It changes nothing.

use aitk_shared::manifest::{Entry, Manifest};
use aitk_shared::plan::{Plan, Step};
use serde_json::json;

use crate::app::Context;
use crate::error::{Error, Kind, Result};
use crate::mirror::Mirror;
use crate::mirror::scan::Depth;
use crate::mirror::state::Owner;
use crate::output::shown;

/// Show which docs differ from the platform's
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Exit with 6 when anything differs
    #[arg(long)]
    exit_code: bool,
}

/// Compares the files with the platform's list.
pub async fn run(args: Args, context: &Context) -> Result<()> {
    let (mirror, owner) = (Mirror::of(context)?, Owner::of(context)?);
    let local = mirror.read(Depth::Stamps)?;
    mirror.refuse_other(&local, &owner)?;
    let list = context.client()?.doc_list(&owner.project).await?;
    let target: Manifest =
        list.docs.into_iter().map(|doc| (doc.path, Entry { hash: doc.hash, size: doc.size })).collect();
    let plan = local.plan(&target)?;
    let lines = differences(&plan, |path| local.scan.disk.contains_key(path));

    lines.iter().for_each(|(sign, path)| context.out.data(&format!("{sign} {}", shown(path))));
    let at = local.state.as_ref().map(|state| state.revision);
    context.out.note(&match (lines.len(), at) {
        (0, _) => format!("no difference at revision {}", list.revision),
        (n, Some(at)) => {
            format!("{n} differ; the platform is at revision {}, the copy at {at}", list.revision)
        }
        (n, None) => {
            format!("{n} differ; the platform is at revision {}, there is no copy yet", list.revision)
        }
    });
    let of = |sign: char| {
        lines.iter().filter(|(s, _)| *s == sign).map(|(_, path)| path.as_str()).collect::<Vec<_>>()
    };
    context.out.json(&json!({
        "differs": !lines.is_empty(),
        "revision": list.revision,
        "epoch": list.epoch,
        "hash": list.hash,
        "localRevision": at,
        "localHash": local.state.as_ref().map(|state| state.hash),
        "added": of('A'),
        "changed": of('M'),
        "removed": of('D'),
        "foreign": of('?'),
    }));
    match args.exit_code && !lines.is_empty() {
        true => Err(Error::told(Kind::Differs)),
        false => Ok(()),
    }
}

fn differences(plan: &Plan, is_there: impl Fn(&std::path::Path) -> bool) -> Vec<(char, String)> {
    let sign = |step: &Step| match step {
        Step::Reuse(_) => None,
        Step::Write(_) if !is_there(step.path()) => Some('A'),
        Step::Write(_) | Step::Replace(_) => Some('M'),
        Step::Drop(_) => Some('D'),
        Step::PutAside(_) => Some('?'),
    };
    plan.steps
        .iter()
        .filter_map(|step| Some((sign(step)?, step.path().to_string_lossy().into_owned())))
        .collect()
}
