//! The git program of this machine, and what its last runs left.

use std::path::Path;

use aitk_shared::text::printable;

use super::run::Run;
use super::{Git, GitError, merge, ssh};

/// The oldest git that takes `http.curloptResolve`, without which a checked address is not the one connected to.
const OLDEST: (u32, u32) = (2, 37);

/// Makes sure, once, that there is a git and that it is recent enough.
pub(super) async fn check(git: &Git) -> Result<(), GitError> {
    let look = async || {
        let made = tokio::fs::create_dir_all(git.folder.join(".home")).await;
        made.map_err(|error| GitError::Failed(format!("cannot make a folder for repositories: {error}")))?;
        sweep(&git.folder).await;
        let said = Run::new(git, &["--version"]).output().await?.expect("tell its version")?;
        let said = String::from_utf8_lossy(&said).trim().to_owned();
        match version(&said) {
            Some(version) if version >= OLDEST => Ok(()),
            _ => Err(GitError::Failed(format!(
                "the server needs git {}.{} or newer to reach repositories, and has {}",
                OLDEST.0,
                OLDEST.1,
                printable(&said, 60)
            ))),
        }
    };
    git.program.get_or_try_init(look).await.copied()
}

/// Removes what a server that was killed had lent to a run of git.
async fn sweep(folder: &Path) {
    let Ok(mut entries) = tokio::fs::read_dir(folder).await else { return };
    while let Ok(Some(entry)) = entries.next_entry().await {
        let name = entry.file_name();
        let starts = |prefix: &str| name.as_encoded_bytes().starts_with(prefix.as_bytes());
        let removed = match (starts(ssh::KEY_PREFIX), starts(merge::MERGE_PREFIX)) {
            (true, _) => tokio::fs::remove_file(entry.path()).await,
            (_, true) => tokio::fs::remove_dir_all(entry.path()).await,
            _ => Ok(()),
        };
        if let Err(error) = removed {
            tracing::warn!("cannot remove {}: {error}", entry.path().display());
        }
    }
}

/// The version in `git version 2.47.3 (Apple Git-154)`.
fn version(said: &str) -> Option<(u32, u32)> {
    let mut numbers = said.strip_prefix("git version ")?.split(['.', ' ']);
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_systems_print_them() {
        for (said, expected) in [
            ("git version 2.47.3", Some((2, 47))),
            ("git version 2.39.5 (Apple Git-154)", Some((2, 39))),
            ("git version 2.50.0.windows.1", Some((2, 50))),
            ("git version 3.0", Some((3, 0))),
            ("hub version 2", None),
        ] {
            assert_eq!(version(said), expected, "{said}");
        }
    }
}
