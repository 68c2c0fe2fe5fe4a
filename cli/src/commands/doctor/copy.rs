//! The copy in `.docs/`, the cache behind it, and what git thinks of them.

use std::time::Duration;

use aitk_shared::limits;
use aitk_shared::time::humanize;

use super::Finding;
use crate::app::Context;
use crate::error::Result;
use crate::mirror::report::counted;
use crate::mirror::scan::Depth;
use crate::mirror::state::{Owner, now};
use crate::mirror::{Mirror, git};

/// A copy that nobody brought up to date for so long deserves a look.
const OLD: Duration = Duration::from_secs(7 * 24 * 3600);

/// Proves every byte of the copy.
pub fn examine(context: &Context) -> Vec<Finding> {
    let mirror = match Mirror::of(context) {
        Ok(mirror) => mirror,
        Err(error) => return vec![Finding::of("copy", &error)],
    };
    let copy = copy(context, &mirror).unwrap_or_else(|error| Finding::of("copy", &error));
    let tracked = git::refuse_tracked(&mirror.root, &mirror.inside);
    let tracked = tracked.err().map(|error| Finding::of("git", &error));
    let (held, limit) = (megabytes(mirror.cache.size()), megabytes(limits::CACHE_BYTES));
    let place = mirror.cache.folder().display().to_string();
    let cache = Finding::ok("cache", format!("{held} of at most {limit} in {place}"));
    [Some(copy), tracked, Some(cache)].into_iter().flatten().collect()
}

fn copy(context: &Context, mirror: &Mirror) -> Result<Finding> {
    let local = mirror.read(Depth::Bytes)?;
    if let Ok(owner) = Owner::of(context) {
        mirror.refuse_other(&local, &owner)?;
    }
    let folder = mirror.inside.display();
    let Some(state) = &local.state else {
        return Ok(match local.scan.disk.is_empty() {
            true => Finding::fail("copy", format!("there is none in {folder} yet"), "run `aitk check`"),
            false => Finding::fail(
                "copy",
                format!("it is unknown what belongs in {folder}: its state cannot be read"),
                "run `aitk check`; files of yours in it are moved away and named",
            ),
        });
    };
    if local.verified().is_none() {
        let hint = "`aitk verify` names what differs, `aitk verify --repair` brings it back";
        return Ok(Finding::fail("copy", format!("{folder} is not as it was written"), hint));
    }
    let age = now().since(state.synced_at);
    let count = counted(state.docs.len(), "doc");
    let fact = format!(
        "{count} in {folder} at revision {}, every byte verified, compared with the platform {} ago",
        state.revision,
        humanize(age)
    );
    Ok(match age > OLD {
        true => Finding::warn("copy", fact, "run `aitk check`; if hooks should have done so, see below"),
        false => Finding::ok("copy", fact),
    })
}

fn megabytes(bytes: u64) -> String {
    format!("{}.{} MiB", bytes >> 20, (bytes >> 10) % 1024 * 10 / 1024)
}
