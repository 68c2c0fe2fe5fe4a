//! The real file system, as the guard's rules ask for it. Looks, and changes nothing.

use std::cell::RefCell;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use aitk_shared::guard::View;

/// Larger settings, in bytes, are nobody's.
const TEXT_BYTES: u64 = 4 * 1024 * 1024;

/// This machine's file system, as it was when first looked at: the paths of one call share most of
/// their folders.
#[derive(Default, Debug)]
pub struct Disk {
    links: Memo<Option<PathBuf>>,
    identities: Memo<Option<(u64, u64)>>,
}

/// What was found at a few paths.
type Memo<T> = RefCell<Vec<(PathBuf, T)>>;

/// More paths are not remembered: looking for them would take longer than looking at them.
const REMEMBERED: usize = 64;

fn remembered<T: Clone>(memo: &Memo<T>, path: &Path, look: impl FnOnce() -> T) -> T {
    // The last ones are the likeliest.
    if let Some((_, found)) =
        memo.borrow().iter().rev().find(|(known, _)| known.as_os_str() == path.as_os_str())
    {
        return found.clone();
    }
    let found = look();
    let mut memo = memo.borrow_mut();
    if memo.len() < REMEMBERED {
        memo.push((path.to_owned(), found.clone()));
    }
    found
}

impl View for Disk {
    fn link(&self, path: &Path) -> Option<PathBuf> {
        remembered(&self.links, path, || fs::read_link(path).ok())
    }

    #[cfg(unix)]
    fn identity(&self, path: &Path) -> Option<(u64, u64)> {
        use std::os::unix::fs::MetadataExt;
        remembered(&self.identities, path, || fs::metadata(path).ok().map(|meta| (meta.dev(), meta.ino())))
    }

    #[cfg(not(unix))]
    fn identity(&self, _: &Path) -> Option<(u64, u64)> {
        None
    }

    fn entries(&self, path: &Path) -> Vec<OsString> {
        fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.file_name()).collect()
    }

    /// Where names usually fold. Elsewhere a folded name is found by its identity.
    fn folds_case(&self) -> bool {
        cfg!(any(windows, target_vendor = "apple"))
    }

    fn text(&self, path: &Path) -> Option<String> {
        let plain = fs::metadata(path).ok()?;
        let bytes = (plain.is_file() && plain.len() <= TEXT_BYTES).then(|| fs::read(path).ok())??;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }
}
