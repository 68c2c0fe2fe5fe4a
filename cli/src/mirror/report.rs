//! What a sync did, in one line for people and models, and in one document for programs.

use std::path::Path;

use aitk_shared::path::DocPath;
use serde_json::{Value, json};

use super::update::Report;
use crate::output::shown;

/// Names that one line holds of each kind; the rest is a number.
const NAMED: usize = 5;

impl Report {
    /// Whether the mirror was changed at all.
    pub fn is_news(&self) -> bool {
        let docs = [&self.delta.changed, &self.delta.added, &self.delta.removed, &self.repaired];
        docs.iter().any(|docs| !docs.is_empty()) || !self.kept.is_empty()
    }

    /// `docs at revision 12: 2 changed (a.md, b.md), 1 added (c.md)`.
    pub fn summary(&self) -> String {
        let revision = self.state.revision;
        let parts: Vec<_> = [
            ("changed", &self.delta.changed),
            ("added", &self.delta.added),
            ("removed", &self.delta.removed),
            ("repaired", &self.repaired),
        ]
        .into_iter()
        .filter(|(_, docs)| !docs.is_empty())
        .map(|(what, docs)| format!("{} {what} ({})", docs.len(), names(docs.iter().map(DocPath::as_str))))
        .collect();
        match (parts.is_empty(), self.kept.is_empty()) {
            (true, true) => format!("up to date at revision {revision}, {}", self.count()),
            (true, false) => format!("docs at revision {revision}: only files of yours moved away"),
            (false, _) => format!("docs at revision {revision}: {}", parts.join(", ")),
        }
    }

    /// `kept 2 files that are not the platform's in DIR: a.md, notes.txt`.
    pub fn kept_line(&self) -> Option<String> {
        let folder = self.kept_in.as_deref()?;
        let paths: Vec<_> = self.kept.iter().map(|path| path.to_string_lossy()).collect();
        let count = counted(paths.len(), "file");
        let names = names(paths.iter().map(AsRef::as_ref));
        Some(format!(
            "{count} with bytes that the platform does not have moved to {}: {names}",
            folder.display()
        ))
    }

    /// The server's older answer, in words.
    pub fn older_line(&self) -> Option<String> {
        let older = self.older?;
        Some(format!("the server answered with the older revision {older}; {} stays", self.state.revision))
    }

    /// `9 docs`.
    pub fn count(&self) -> String {
        counted(self.state.docs.len(), "doc")
    }

    /// The whole report.
    pub fn to_json(&self) -> Value {
        let state = &self.state;
        json!({
            "status": if self.is_unchanged() { "current" } else { "synced" },
            "project": state.owner.project,
            "revision": state.revision,
            "epoch": state.epoch,
            "hash": state.hash,
            "docs": state.docs.len(),
            "added": self.delta.added,
            "changed": self.delta.changed,
            "removed": self.delta.removed,
            "repaired": self.repaired,
            "kept": self.kept.iter().map(|path| path.to_string_lossy()).collect::<Vec<_>>(),
            "keptIn": self.kept_in.as_deref().map(Path::to_string_lossy),
            "lock": self.lock,
            "lockIsYours": self.lock.is_some() && state.lock.as_ref().is_some_and(|lock| lock.is_yours),
            "offline": false,
            "ageMs": 0,
        })
    }
}

/// `1 doc`, `2 docs`.
pub fn counted(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// Some names, and how many more there are.
pub fn names<'a>(all: impl ExactSizeIterator<Item = &'a str>) -> String {
    let more = all.len().saturating_sub(NAMED);
    let mut text = all.take(NAMED).map(shown).collect::<Vec<_>>().join(", ");
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_names_stand_for_many() {
        let many = ["a", "b", "c", "d", "e", "f\n", "g"];
        assert_eq!(names(many[..2].iter().copied()), "a, b");
        assert_eq!(names(many.iter().copied()), "a, b, c, d, e and 2 more");
        assert_eq!(names(many[5..6].iter().copied()), "f\\u{a}");
        assert_eq!((counted(1, "doc"), counted(0, "doc")), ("1 doc".into(), "0 docs".into()));
    }
}
