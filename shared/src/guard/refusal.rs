//! Why a call must not run, or not before a person said so, in words for a model.

use std::fmt;
use std::path::{Path, PathBuf};

use super::PROJECT_FILE;
use super::intent::Aim;
use super::lease::Held;
use super::paths::Lost;
use crate::text::printable;

/// Why a call must not run. Its text is for the model: the fact, then what to do instead.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// A tool that writes, and no word about where.
    NoTarget,
    /// A path that cannot be followed.
    Lost(Lost),
    /// In the mirror or in its staging.
    Mirror(PathBuf),
    /// In the project's docs folder.
    Docs(PathBuf),
    /// In a tree that the project file protects.
    Protected(PathBuf),
    /// Protected, and the docs are not here yet.
    Unsynced(PathBuf),
    /// The project's settings cannot be read.
    Unknown(String),
    /// Settings that would run our hooks no more.
    EndsHooks(PathBuf),
    /// A file by which our hooks run.
    Own(PathBuf),
    /// One of our own commands that changes more than this copy.
    Command(String),
    /// A command that cannot be decided and names what is protected.
    Doubt {
        /// What it names.
        name: String,
        /// Why it cannot be decided.
        why: String,
    },
    /// A repository elsewhere has docs under this name.
    Elsewhere(PathBuf),
    /// Somebody is changing the docs.
    Locked(Held),
}

impl Refusal {
    /// What is asked about a call that acts on a repository elsewhere.
    pub fn elsewhere(aim: &Aim) -> Self {
        Refusal::Elsewhere(aim.place.lexical.clone())
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |path: &Path| printable(&path.to_string_lossy(), 200);
        let tell = "Leave it as it is and tell the user what should change and why; \
                    the Tech Lead changes it on the docs platform.";
        match self {
            Refusal::NoTarget => {
                f.write_str("this call writes but names no file. Name the file that it is to write.")
            }
            Refusal::Lost(why) => write!(f, "{why}. Use an absolute path without links."),
            Refusal::Mirror(path) => {
                write!(f, "'{}' is in the read-only copy of the team's docs. {tell}", shown(path))
            }
            Refusal::Docs(path) => {
                write!(f, "'{}' is in the team's docs, which agents do not change. {tell}", shown(path))
            }
            Refusal::Protected(path) => {
                write!(f, "'{}' is protected by this project's {PROJECT_FILE}. {tell}", shown(path))
            }
            Refusal::Unsynced(path) => write!(
                f,
                "'{}' is protected, and the team's docs are not here yet. Run `aitk check`, read them, and leave \
                 this file to the Tech Lead.",
                shown(path)
            ),
            Refusal::Unknown(why) => write!(
                f,
                "it is unknown what this project protects: {}. Nothing is written here until the user \
                 has repaired that.",
                printable(why, 300)
            ),
            Refusal::EndsHooks(path) => write!(
                f,
                "this would switch off the hooks in '{}' that keep the team's docs. Leave them in, and tell the \
                 user if they are in the way.",
                shown(path)
            ),
            Refusal::Own(path) => write!(
                f,
                "'{}' decides whether the hooks that keep the team's docs run. The user has to allow this change.",
                shown(path)
            ),
            Refusal::Command(command) => write!(
                f,
                "`{}` is for people. The user has to allow it, or runs it in a terminal.",
                printable(command, 100)
            ),
            Refusal::Doubt { name, why } => write!(
                f,
                "it cannot be seen whether this writes to '{}', which is protected: {}. Name the files that it \
                 writes, or have the user allow it.",
                printable(name, 200),
                printable(why, 200)
            ),
            Refusal::Elsewhere(path) => write!(
                f,
                "this would change '{}' in a repository elsewhere. Where that is the team's docs, the change goes past \
                 the Tech Lead and the docs platform: the user has to allow it.",
                shown(path)
            ),
            Refusal::Locked(held) => write!(
                f,
                "{held}. Do not write in this project until then: what you know of the docs may be out of date. \
                 Tell the user; `aitk status` shows who has the lock, and `aitk check` brings the new docs when it \
                 is free."
            ),
        }
    }
}
