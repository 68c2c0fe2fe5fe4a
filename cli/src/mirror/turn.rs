//! One writer at a time for each mirror, across processes.

use std::fs::{self, File, TryLockError};
use std::path::Path;
use std::time::{Duration, Instant};

use aitk_shared::hash::ContentHash;
use hmac_sha256::Hash;

use super::failed;
use crate::error::{Error, Kind, Result};

/// Longer than any sync of the largest project takes on a slow disk.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often to look whether the other is done.
const PAUSE: Duration = Duration::from_millis(10);

/// The right to change one mirror; ends when dropped, also by `kill -9`.
#[derive(Debug)]
pub struct Turn(#[expect(dead_code, reason = "its drop releases the lock")] File);

impl Turn {
    /// Waits for the turn to change the mirror in `folder`.
    ///
    /// The lock file is in the user's `data` folder: the mirror itself is swapped away.
    pub fn take(folder: &Path, data: &Path) -> Result<Self> {
        let locks = data.join("locks");
        fs::create_dir_all(&locks).map_err(failed("make", &locks))?;
        let path = locks.join(format!("{}.lock", short_name(folder)));
        let file = File::create(&path).map_err(failed("open", &path))?;
        let start = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Turn(file)),
                Err(TryLockError::WouldBlock) if start.elapsed() < PATIENCE => std::thread::sleep(PAUSE),
                Err(TryLockError::WouldBlock) => {
                    let fact = format!("another aitk has been changing {} for a minute", folder.display());
                    return Err(Error::new(Kind::Failed, fact).hint("end it, or try again later"));
                }
                Err(TryLockError::Error(error)) => return Err(failed("lock", &path)(error)),
            }
        }
    }
}

/// A name for a folder's absolute path that fits into a file name.
pub fn short_name(folder: &Path) -> String {
    file_name_of(folder.as_os_str().as_encoded_bytes(), 16)
}

/// A file name for anything: the first `digits` of its SHA-256.
///
/// Not by the hasher of the docs, which first asks the processor what it can: where that is a virtual
/// one, each question takes longer than this hash, and the guard asks for names before every tool call.
pub fn file_name_of(text: &[u8], digits: usize) -> String {
    let mut name = ContentHash::from_bytes(Hash::hash(text)).to_string();
    name.truncate(digits);
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_start_of_the_sha_256() {
        assert_eq!(short_name(Path::new("abc")), "ba7816bf8f01cfea");
        assert_eq!(file_name_of(b"", 32), "e3b0c44298fc1c149afbf4c8996fb924");
    }

    #[test]
    fn a_second_turn_waits_for_the_first() {
        let data = tempfile::tempdir().unwrap();
        let first = Turn::take(Path::new("/p/.docs"), data.path()).unwrap();
        let _other = Turn::take(Path::new("/q/.docs"), data.path()).unwrap();
        let waiter = std::thread::spawn({
            let data = data.path().to_owned();
            move || Turn::take(Path::new("/p/.docs"), &data).map(|_| Instant::now())
        });
        std::thread::sleep(PAUSE * 3);
        let released = Instant::now();
        drop(first);
        assert!(waiter.join().unwrap().unwrap() >= released);
    }
}
