//! After the fact: what somebody did to a mirror since the last sync is undone, from what is at
//! hand here. The platform is not asked.

use std::path::Path;

use aitk_shared::plan::Step;

use super::report::{counted, names};
use super::scan::Depth;
use super::state::Owner;
use super::update::{Report, restore};
use super::{Local, Mirror};
use crate::error::Result;

/// What was found, and what became of it.
#[derive(Debug)]
pub enum Undone {
    /// The mirror is again what it was.
    Restored {
        /// What was done.
        report: Box<Report>,
        /// Files whose write protection was gone, by their paths below the mirror.
        loose: Vec<String>,
    },
    /// Bytes are needed that are not at hand; these paths differ.
    Damaged(Vec<String>),
}

impl Mirror {
    /// Compares the mirror with what was written, by the files' looks where they tell enough, and
    /// undoes what differs. `owner` tells whose docs they are where the mirror cannot; `None` where
    /// nothing differs, or no mirror was ever here.
    pub fn undo(&self, owner: impl FnOnce() -> Result<Owner>) -> Result<Option<Undone>> {
        let local = self.read(Depth::Stamps)?;
        let loose: Vec<_> = local.scan.loose.iter().map(|path| text(path)).collect();
        if local.verified().is_some() && loose.is_empty() {
            return Ok(None);
        }
        let owner = match &local.state {
            Some(state) => state.owner.clone(),
            None => owner()?,
        };
        let restored = match self.at_hand(&local, &owner) {
            Some(state) => restore(self, &state)?,
            None if local.state.is_none() => return Ok(None),
            None => None,
        };
        Ok(Some(match restored {
            Some(report) => Undone::Restored { report: Box::new(report), loose },
            None => Undone::Damaged(differing(&local)?),
        }))
    }
}

fn differing(local: &Local) -> Result<Vec<String>> {
    let drift = local.drift()?;
    let steps = drift.steps.iter().filter(|step| !matches!(step, Step::Reuse(_)));
    Ok(steps.map(|step| text(step.path())).collect())
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

impl Undone {
    /// What a model has to know of it; `folder` is the mirror as people call it.
    pub fn line(&self, folder: &str) -> Option<String> {
        let leave = format!("Leave {folder}/ as it is, and tell the user what should change in the docs");
        match self {
            Undone::Restored { report, loose } if report.is_unchanged() => (!loose.is_empty()).then(|| {
                let which = names(loose.iter().map(String::as_str));
                format!("the write protection in {folder}/ was put back: {which}. {leave}.")
            }),
            Undone::Restored { report, .. } => {
                let mut parts = Vec::new();
                if !report.repaired.is_empty() {
                    let docs = names(report.repaired.iter().map(|doc| doc.as_str()));
                    parts.push(format!(
                        "{} put back as the platform has them ({docs})",
                        counted(report.repaired.len(), "doc")
                    ));
                }
                parts.extend(report.kept_line());
                if parts.is_empty() {
                    parts.push("the copy was made whole".to_owned());
                }
                Some(format!("changes in {folder}/ were undone: {}. {leave}.", parts.join("; ")))
            }
            Undone::Damaged(paths) => Some(format!(
                "{folder}/ was changed and cannot be repaired from what is here ({}). Run `aitk check` before you \
                 rely on the docs, and leave {folder}/ as it is.",
                names(paths.iter().map(String::as_str))
            )),
        }
    }
}
