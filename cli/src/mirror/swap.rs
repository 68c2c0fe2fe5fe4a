//! One mirror for another, in one step; and what dead runs left behind.
//!
//! On Linux the two folders are exchanged: a reader sees one or the other and never
//! none. Where that cannot be done the old one steps aside first; a run that dies
//! between the two renames is put right by the next ([`recover`]).

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use aitk_shared::guard::STAGING_INFIX;

use super::boot::flush_folder;
use super::failed;
use super::stage::remove_dead;
use super::state::State;
use crate::error::Result;

/// Puts the complete mirror in `new` into the place of `mirror`; returns where the old one is now.
pub fn swap(mirror: &Path, new: &Path) -> Result<Option<PathBuf>> {
    let old = match fs::symlink_metadata(mirror) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => fs::rename(new, mirror).map(|()| None),
        Err(error) => Err(error),
        Ok(_) if exchange(mirror, new) => Ok(Some(new.to_owned())),
        Ok(_) => step_aside(mirror, new).map(Some),
    };
    let old = old.map_err(failed("switch", mirror))?;
    let parent = mirror.parent().unwrap_or(mirror);
    flush_folder(parent).map_err(failed("flush", parent))?;
    Ok(old)
}

/// False where the platform or the file system cannot.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn exchange(one: &Path, other: &Path) -> bool {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).is_ok()
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn exchange(_: &Path, _: &Path) -> bool {
    false
}

fn step_aside(mirror: &Path, new: &Path) -> io::Result<PathBuf> {
    let mut aside = new.to_owned();
    aside.as_mut_os_string().push("-old");
    fs::rename(mirror, &aside)?;
    if let Err(error) = fs::rename(new, mirror) {
        fs::rename(&aside, mirror)?;
        return Err(error);
    }
    Ok(aside)
}

/// The start of every staging folder's name beside `mirror`.
pub fn staging_prefix(mirror: &Path) -> String {
    let name = mirror.file_name().unwrap_or_default().to_string_lossy();
    format!("{name}{STAGING_INFIX}")
}

/// Staging folders beside `mirror`; they belong to dead runs whenever nobody has the turn, but for
/// those that are held.
pub fn leftovers(mirror: &Path) -> Result<Vec<PathBuf>> {
    let (parent, prefix) = (mirror.parent().unwrap_or(mirror), staging_prefix(mirror));
    let mut found = Vec::new();
    for entry in fs::read_dir(parent).map_err(failed("read", parent))? {
        let entry = entry.map_err(failed("read", parent))?;
        let ours = entry.file_name().to_string_lossy().starts_with(&prefix);
        if ours && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// Clears up after dead runs: a complete folder comes back where the mirror is missing, the rest goes.
pub fn recover(mirror: &Path) -> Result<()> {
    let mut left = leftovers(mirror)?;
    if fs::symlink_metadata(mirror).is_err() {
        let complete = |path: &PathBuf| State::read(path).filter(|state| state.is_marked(path));
        let latest =
            left.iter().enumerate().filter_map(|(at, path)| Some((complete(path)?.synced_at, at))).max();
        if let Some((_, at)) = latest {
            let path = left.swap_remove(at);
            fs::rename(&path, mirror).map_err(failed("bring back", mirror))?;
        }
    }
    left.iter().try_for_each(|path| remove_dead(path).map_err(failed("remove", path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders() -> (tempfile::TempDir, PathBuf, PathBuf) {
        let parent = tempfile::tempdir().unwrap();
        let (mirror, new) = (parent.path().join(".docs"), parent.path().join(".docs.aitk-x"));
        for folder in [&mirror, &new] {
            fs::create_dir(folder).unwrap();
            fs::write(folder.join("name"), folder.file_name().unwrap().as_encoded_bytes()).unwrap();
        }
        (parent, mirror, new)
    }

    #[test]
    fn both_ways_of_switching_put_the_new_in_place_and_return_the_old() {
        type Switch = fn(&Path, &Path) -> PathBuf;
        let ways: [Switch; 2] = [
            |mirror, new| swap(mirror, new).unwrap().unwrap(),
            |mirror, new| step_aside(mirror, new).unwrap(),
        ];
        for switch in ways {
            let (_parent, mirror, new) = folders();
            let old = switch(&mirror, &new);
            assert_eq!(fs::read(mirror.join("name")).unwrap(), b".docs.aitk-x");
            assert_eq!(fs::read(old.join("name")).unwrap(), b".docs");
            assert_eq!(leftovers(&mirror).unwrap(), [old]);
        }
    }

    #[test]
    fn a_switch_that_fails_leaves_the_old_in_place() {
        let (_parent, mirror, new) = folders();
        fs::remove_dir_all(&new).unwrap();
        assert!(swap(&mirror, &new).is_err());
        assert_eq!(fs::read(mirror.join("name")).unwrap(), b".docs");
    }

    #[test]
    fn only_our_own_folders_are_leftovers() {
        let (parent, mirror, new) = folders();
        fs::write(parent.path().join(".docs.aitk-file"), "").unwrap();
        fs::create_dir(parent.path().join(".docs.old")).unwrap();
        assert_eq!(leftovers(&mirror).unwrap(), [new]);
    }
}
