//! Texts on their way to the platform: kept in the user's own folder until they have arrived.
//!
//! A doc is edited where its draft lies, so that nothing has to be rescued when a run dies. Whoever
//! edits holds the draft's file lock; one that nobody holds was left.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use aitk_shared::hash::ContentHash;
use aitk_shared::id::ProjectId;
use aitk_shared::path::DocPath;
use aitk_shared::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::app::Context;
use crate::credentials::{Origin, create_private_dir, write_private};
use crate::error::{Error, Kind, Result};
use crate::mirror::state::now;

/// What a draft is of; beside its text.
const ABOUT: &str = "about.json";

#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct About {
    origin: Origin,
    project: ProjectId,
    path: DocPath,
    /// The version that it is made from; `None` for a new doc.
    base: Option<ContentHash>,
    /// What the text was at first.
    first: ContentHash,
    begun: Timestamp,
}

/// A text that is being edited.
pub struct Draft {
    folder: PathBuf,
    /// Where the text is, under the doc's own name.
    pub file: PathBuf,
    _held: File,
}

/// A draft that a run left.
pub struct Left {
    /// Where its text is.
    pub file: PathBuf,
    /// When it was begun.
    pub begun: Timestamp,
    /// The version that it was made from.
    pub base: Option<ContentHash>,
}

impl Draft {
    /// Lays a text down to be edited.
    pub fn begin(
        context: &Context,
        project: &ProjectId,
        path: &DocPath,
        base: Option<ContentHash>,
        text: &[u8],
    ) -> Result<Self> {
        let begun = now();
        let time: String = begun.to_string().chars().filter(char::is_ascii_alphanumeric).collect();
        let folder = folder(context).join(format!("{time}-{}", std::process::id()));
        let name = path.as_str().rsplit('/').next().unwrap_or("text");
        let file = folder.join("text").join(name);
        let origin = context.server()?.origin();
        let first = ContentHash::of(text);
        let about = About { origin, project: project.clone(), path: path.clone(), base, first, begun };
        let json = serde_json::to_vec(&about).map_err(anyhow::Error::from)?;
        create_private_dir(&folder)?;
        write_private(&folder.join(ABOUT), &json)?;
        let held = File::open(folder.join(ABOUT))?;
        held.lock()?;
        write_private(&file, text)?;
        Ok(Draft { folder, file, _held: held })
    }

    /// The text as it is now.
    pub fn text(&self) -> Result<Vec<u8>> {
        fs::read(&self.file).map_err(|error| {
            Error::new(Kind::Failed, format!("cannot read {}: {error}", self.file.display()))
                .hint("the editor moved or removed the text; nothing was saved")
        })
    }

    /// Throws the text away: it has arrived, or is what it was.
    pub fn discard(self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The drafts of a doc that runs left, oldest first. Those in which nothing was changed go.
pub fn left(context: &Context, project: &ProjectId, path: &DocPath) -> Result<Vec<Left>> {
    let origin = context.server()?.origin();
    let Ok(entries) = fs::read_dir(folder(context)) else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for folder in entries.flatten().map(|entry| entry.path()) {
        let Some((about, file)) = read(&folder) else { continue };
        if about.origin != origin || about.project != *project || about.path != *path {
            continue;
        }
        let held = File::open(folder.join(ABOUT)).map(|file| file.try_lock());
        if !matches!(held, Ok(Ok(()))) {
            debug_assert!(!matches!(held, Ok(Err(TryLockError::Error(_)))));
            continue;
        }
        match fs::read(&file) {
            Ok(text) if ContentHash::of(&text) != about.first => {
                found.push(Left { file, begun: about.begun, base: about.base });
            }
            // Not even begun, or as it was.
            _ => drop(fs::remove_dir_all(&folder)),
        }
    }
    found.sort_by_key(|left| left.begun);
    Ok(found)
}

/// The version that a draft of ours was made from; `None` for any other file.
pub fn base_of(context: &Context, file: &Path) -> Option<Option<ContentHash>> {
    let folder = own_folder(context, file)?;
    read(&folder).map(|(about, _)| about.base)
}

/// Removes a draft of ours whose text has arrived; any other file stays.
pub fn remove(context: &Context, file: &Path) {
    if let Some(folder) = own_folder(context, file) {
        let _ = fs::remove_dir_all(folder);
    }
}

/// The folder of a draft of ours by its text.
fn own_folder(context: &Context, file: &Path) -> Option<PathBuf> {
    let (file, all) = (file.canonicalize().ok()?, folder(context).canonicalize().ok()?);
    let folder = file.parent()?.parent()?;
    (folder.parent()? == all && folder.join(ABOUT).is_file()).then(|| folder.to_owned())
}

fn read(folder: &Path) -> Option<(About, PathBuf)> {
    let about: About = serde_json::from_slice(&fs::read(folder.join(ABOUT)).ok()?).ok()?;
    let name = about.path.as_str().rsplit('/').next()?.to_owned();
    Some((about, folder.join("text").join(name)))
}

fn folder(context: &Context) -> PathBuf {
    context.dirs.data.join("drafts")
}
