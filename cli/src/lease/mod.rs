//! The leases that this user holds from this machine: each lock's fencing token, so that a write
//! can show under which acquisition it was made.
//!
//! A remembered token stays until `unlock`, even when its lease has run out: a write must then
//! fail once and be looked at, instead of going over what others wrote meanwhile.

pub mod clock;
pub mod keeper;

use std::fs;
use std::path::PathBuf;

use aitk_shared::api::{Lock, Project};
use aitk_shared::hash::ContentHash;
use aitk_shared::id::{ProjectId, Slug};
use aitk_shared::lock::FencingToken;
use serde::{Deserialize, Serialize};

use crate::app::Context;
use crate::credentials::{self, Origin};
use crate::error::{Error, Kind, Result};
use crate::output::shown;

/// The variable that tells what we run under which acquisition it runs.
pub const TOKEN_VARIABLE: &str = "AITK_LOCK_TOKEN";

#[derive(Serialize, Deserialize)]
struct Lease {
    origin: Origin,
    project: ProjectId,
    slug: Slug,
    token: FencingToken,
}

/// The token to show for writes to `project`, an id or a slug: `AITK_LOCK_TOKEN`, else the remembered one.
pub fn token(context: &Context, project: &str) -> Result<Option<FencingToken>> {
    match given(context)? {
        Some(token) => Ok(Some(token)),
        None => Ok(find(context, project)?.map(|(_, lease)| lease.token)),
    }
}

/// The token that the environment gives, as `aitk lock -- CMD` does; the remembered one does not count.
pub fn given(context: &Context) -> Result<Option<FencingToken>> {
    let parsed = |text: &String| {
        FencingToken::parse(text).ok_or_else(|| {
            Error::new(Kind::Usage, format!("AITK_LOCK_TOKEN is '{}', not a number", shown(text)))
                .hint("unset it, or set it to the token that `aitk lock` showed")
        })
    };
    context.environment.lock_token.as_ref().map(parsed).transpose()
}

/// The refusal to go on under an acquisition that is over.
pub fn ended(token: FencingToken, now: Option<Lock>) -> Error {
    Error::new(
        Kind::Conflict,
        format!("{TOKEN_VARIABLE} is {token}, and that acquisition of the lock has ended"),
    )
    .hint(format!("look at what changed since; `env -u {TOKEN_VARIABLE} aitk lock …` takes the lock anew"))
    .lock(now)
}

/// Remembers an acquisition.
pub fn remember(context: &Context, project: &Project, token: FencingToken) -> Result<()> {
    let origin = context.server()?.origin();
    let name = ContentHash::of(format!("{origin}\n{}", project.id).as_bytes());
    let lease = Lease { origin, project: project.id.clone(), slug: project.slug.clone(), token };
    let text = serde_json::to_vec(&lease).map_err(anyhow::Error::from)?;
    credentials::write_private(&folder(context).join(format!("{name}.json")), &text)
}

/// Forgets the acquisition of `project`, an id or a slug; false where none was remembered.
pub fn forget(context: &Context, project: &str) -> Result<bool> {
    match find(context, project)? {
        Some((path, _)) => Ok(fs::remove_file(path).map(|()| true)?),
        None => Ok(false),
    }
}

fn folder(context: &Context) -> PathBuf {
    context.dirs.data.join("leases")
}

fn find(context: &Context, project: &str) -> Result<Option<(PathBuf, Lease)>> {
    let origin = context.server()?.origin();
    let entries = match fs::read_dir(folder(context)) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        entries => entries?,
    };
    for entry in entries {
        let path = entry?.path();
        // What cannot be read is a staged file, or of another version: nothing to show.
        let lease = fs::read(&path).ok().and_then(|text| serde_json::from_slice::<Lease>(&text).ok());
        if let Some(lease) = lease {
            let same = lease.project.as_str() == project || lease.slug.as_str() == project;
            if lease.origin == origin && same {
                return Ok(Some((path, lease)));
            }
        }
    }
    Ok(None)
}
