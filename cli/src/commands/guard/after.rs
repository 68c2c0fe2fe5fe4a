//! After the fact: what a tool did to the docs that its call did not tell.
//!
//! Some agents say when a tool is done; for the others a shell leaves a mark, and the next call looks.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aitk_shared::guard::Place;

use super::sites::{self, Project};
use super::view::Disk;
use crate::config::{self, Dirs, Environment, Flags};
use crate::credentials::{Server, create_private_dir};
use crate::error::{Error, Kind, Result};
use crate::mirror::Mirror;
use crate::mirror::cache::Cache;
use crate::mirror::state::Owner;
use crate::mirror::turn::short_name;
use crate::output::shown;

/// Leaves a mark that a tool ran whose doings nobody saw.
pub fn expect(project: &Project, data: &Path) {
    let mark = mark(project.root(), data);
    if project.known.state.is_none() || mark.exists() {
        return;
    }
    if fs::rename(seen(&mark), &mark).is_err() && fs::write(&mark, "").is_err() {
        let _ = mark.parent().map(create_private_dir);
        let _ = fs::write(&mark, "");
    }
}

/// Looks at the project in `root`, if a mark says so; what there is to tell.
pub fn catch_up(root: &Path, data: &Path, disk: &Disk) -> Option<String> {
    let place = Place::find(root, root, disk).ok()?;
    mark(&place.physical, data).exists().then(|| look(root, data))?
}

/// Compares the docs of the project in `root` with what was written, and undoes what differs; what
/// there is to tell.
pub fn look(root: &Path, data: &Path) -> Option<String> {
    let settings = sites::settings(root).ok()?;
    let root = root.canonicalize().ok()?;
    let cache = Arc::new(Cache::at(&Dirs::of_user().ok()?.cache));
    let mirror = Mirror { root: root.clone(), inside: settings.mirror, data: data.to_owned(), cache };
    let folder = shown(&mirror.inside.to_string_lossy());
    let undone = mirror.undo(|| owner(&root));
    let mark = mark(&root, data);
    if fs::rename(&mark, seen(&mark)).is_err() {
        let _ = fs::remove_file(&mark);
    }
    match undone {
        Ok(undone) => undone?.line(&folder),
        Err(error) if error.kind == Kind::NotFound && settings.project.is_none() => None,
        Err(error) => Some(format!(
            "{folder}/ cannot be compared with what was written there: {}. Run `aitk check` before you rely on the \
             docs.",
            error.message
        )),
    }
}

const MARKS: &str = "after";

fn mark(root: &Path, data: &Path) -> PathBuf {
    data.join(MARKS).join(short_name(root))
}

/// Where a mark is kept until the next one is needed: some file systems make a new file more slowly
/// than all of the guard's work, right after another was removed.
fn seen(mark: &Path) -> PathBuf {
    mark.with_extension("seen")
}

/// Whose docs belong in the project of `root`.
fn owner(root: &Path) -> Result<Owner> {
    let config = config::load(root, Flags::default(), &Environment::read(), &Dirs::of_user()?)?;
    let project = config.project.ok_or_else(|| Error::new(Kind::NotFound, "no project is configured"))?;
    Ok(Owner { origin: Server::parse(&config.url)?.origin().as_str().to_owned(), project })
}
