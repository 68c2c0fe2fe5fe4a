//! The real file system, as the guard's rules ask for it. Looks, and opens nothing.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use aitk_shared::guard::View;

/// This machine's file system.
pub struct Disk;

impl View for Disk {
    fn link(&self, path: &Path) -> Option<PathBuf> {
        fs::read_link(path).ok()
    }

    #[cfg(unix)]
    fn identity(&self, path: &Path) -> Option<(u64, u64)> {
        use std::os::unix::fs::MetadataExt;
        fs::metadata(path).ok().map(|meta| (meta.dev(), meta.ino()))
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
}
