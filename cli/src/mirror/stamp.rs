//! By what a file is known to be unchanged without reading it.

use std::fs::{DirEntry, Metadata};
use std::time::Duration;

use aitk_shared::time::Timestamp;
use serde::{Deserialize, Serialize};

/// A file that changed so recently may change again without its times telling.
const SETTLED: Duration = Duration::from_millis(20);

/// What changes when a file does: modification and change time in nanoseconds, inode.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Stamp(i64, i64, u64);

impl Stamp {
    /// The file's looks now.
    #[cfg(unix)]
    pub fn of(meta: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        let nanos = |seconds: i64, rest: i64| seconds.saturating_mul(1_000_000_000).saturating_add(rest);
        Stamp(nanos(meta.mtime(), meta.mtime_nsec()), nanos(meta.ctime(), meta.ctime_nsec()), meta.ino())
    }

    /// The same, as the kernel tells it.
    #[cfg(unix)]
    pub fn of_stat(stat: &rustix::fs::Stat) -> Self {
        let nanos = |seconds: i64, rest: i64| seconds.saturating_mul(1_000_000_000).saturating_add(rest);
        // The types differ between platforms.
        #[allow(clippy::useless_conversion, clippy::unnecessary_cast)]
        Stamp(
            nanos(stat.st_mtime as i64, stat.st_mtime_nsec as i64),
            nanos(stat.st_ctime as i64, stat.st_ctime_nsec as i64),
            stat.st_ino as u64,
        )
    }

    /// The file's looks now, as far as this platform shows them.
    #[cfg(not(unix))]
    pub fn of(meta: &Metadata) -> Self {
        let modified = meta.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        Stamp(modified.map_or(0, |since| i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)), 0, 0)
    }

    /// Whether it is still the same file with the same bytes, though links to it may have come or gone.
    pub fn is_same_file(self, other: Stamp) -> bool {
        (self.0, self.2) == (other.0, other.2)
    }

    /// Whether the folder tells that it is still the same file at this place; false may mean that
    /// this folder does not tell.
    #[cfg(unix)]
    pub fn is_at(self, entry: &DirEntry) -> bool {
        std::os::unix::fs::DirEntryExt::ino(entry) == self.2
    }

    /// Folders do not tell.
    #[cfg(not(unix))]
    pub fn is_at(self, _: &DirEntry) -> bool {
        false
    }

    /// Whether a write after `now` must show in the time of modification. Links to the file may have
    /// come or gone just now; whoever writes and sets that time back in the same instant is not seen.
    pub fn bytes_are_settled(self, now: Timestamp) -> bool {
        Stamp(self.0, self.0, self.2).is_settled(now)
    }

    /// Whether a change after `now` must show in the times.
    pub fn is_settled(self, now: Timestamp) -> bool {
        let latest = self.0.max(self.1) / 1_000_000;
        latest.saturating_add(i64::try_from(SETTLED.as_millis()).unwrap_or(0)) < now.as_millis()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fresh_file_is_not_settled() {
        let at = Timestamp::from_millis(1_000);
        assert!(!Stamp(990_000_000, 0, 1).is_settled(at));
        assert!(!Stamp(0, 990_000_000, 1).is_settled(at));
        assert!(Stamp(900_000_000, 990_000_000, 1).bytes_are_settled(at));
        assert!(!Stamp(990_000_000, 0, 1).bytes_are_settled(at));
        assert!(Stamp(900_000_000, 900_000_000, 1).is_settled(at));
    }
}
