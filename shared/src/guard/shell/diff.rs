//! The files that a patch names.

/// The notation of a patch.
#[derive(Clone, Copy)]
pub(super) enum Patch {
    /// `--- a/file`, `+++ b/file`; how many leading folders do not count, where that is said.
    Unified {
        /// `patch -pN`.
        strip: Option<usize>,
    },
    /// `*** Update File: file`.
    Envelope,
}

/// What `patch` would change.
pub(super) fn targets(patch: &str, notation: Patch) -> Vec<String> {
    let mut found = Vec::new();
    for line in patch.lines() {
        match notation {
            Patch::Envelope => {
                let starts = ["*** Add File: ", "*** Update File: ", "*** Delete File: ", "*** Move to: "];
                found.extend(
                    starts.iter().find_map(|start| line.strip_prefix(start)).map(|p| p.trim().to_owned()),
                );
            }
            Patch::Unified { strip } => {
                let starts = ["--- ", "+++ ", "rename to ", "rename from "];
                let Some(start) = starts.iter().find(|start| line.starts_with(**start)) else { continue };
                let path =
                    line[start.len()..].split('\t').next().unwrap_or_default().trim().trim_matches('"');
                if path == "/dev/null" || path.is_empty() {
                    continue;
                }
                match strip {
                    _ if start.starts_with("rename") => found.push(path.to_owned()),
                    Some(n) => found.extend(path.splitn(n + 1, '/').nth(n).map(str::to_owned)),
                    // Without a word about it, `patch` takes the last name, or the path where that exists.
                    None => {
                        found.push(path.to_owned());
                        found.extend(path.split_once('/').map(|(_, rest)| rest.to_owned()));
                    }
                }
            }
        }
    }
    found
}
