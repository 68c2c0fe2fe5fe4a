//! What a commit says of the saves that it carries into a repository: who, and why.

use std::collections::BTreeMap;

use crate::event::Actor;
use crate::limits;
use crate::path::DocPath;
use crate::time::Timestamp;

/// One save or deletion of a doc, as its history has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Save {
    /// Who.
    pub by: Actor,
    /// Why, where it was said.
    pub message: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// What a commit does to a doc.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// It is new.
    Added,
    /// It has other bytes.
    Changed,
    /// It is gone.
    Removed,
}

/// A person as git knows one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Signature {
    /// The name.
    pub name: String,
    /// An address; where none is known, one that can be nobody's.
    pub email: String,
}

/// Who wrote a commit, and what it says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Description {
    /// Who saved first.
    pub author: Signature,
    /// Subject, body, and the other authors as `Co-authored-by`.
    pub message: String,
}

impl Signature {
    /// The credential's name. Its id is an address where it looks like one, else it stands before
    /// `@aitk.invalid`, which can be nobody's (RFC 2606).
    pub fn of(actor: &Actor) -> Self {
        let plain = |text: &str| -> String {
            let bare = |c: char| if c.is_control() || "<>\"\\".contains(c) { ' ' } else { c };
            text.chars().map(bare).collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
        };
        let id: String = plain(&actor.id).replace(' ', "-");
        let name = match plain(&actor.name) {
            // Git strips these from the ends, and refuses what is then empty.
            name if name.chars().all(|c| ".,:;'".contains(c)) => id.clone(),
            name => name,
        };
        let email = match id.split_once('@') {
            Some((user, host)) if !user.is_empty() && host.contains('.') && !host.contains('@') => id,
            _ => format!("{}@aitk.invalid", id.replace('@', "-")),
        };
        Signature { name, email }
    }

    /// Who made a commit where nobody's save is known.
    pub fn of_platform() -> Self {
        Signature::of(&Actor { id: "aitk".into(), name: "aitk".into() })
    }
}

/// Describes a commit by the lock's reason, else by the one message of its saves, else by a summary.
pub fn describe(reason: Option<&str>, saves: &[Save], changes: &BTreeMap<DocPath, Change>) -> Description {
    let mut people: Vec<Signature> = Vec::new();
    let mut messages: Vec<&str> = Vec::new();
    for save in saves {
        let person = Signature::of(&save.by);
        if !people.contains(&person) {
            people.push(person);
        }
        if let Some(message) = save.message.as_deref().filter(|message| !messages.contains(message)) {
            messages.push(message);
        }
    }
    let said = reason.into_iter().chain(messages.iter().copied().filter(|message| Some(*message) != reason));
    let said: Vec<&str> = said.collect();
    let mut paragraphs = Vec::new();
    match (reason, said.as_slice()) {
        (_, []) => paragraphs.push(summary(changes)),
        (_, [only]) => paragraphs.push(in_lines(only)),
        (Some(reason), [_, others @ ..]) => paragraphs.extend([in_lines(reason), listed(others)]),
        (None, several) => paragraphs.extend([summary(changes), listed(several)]),
    }
    paragraphs.push(named(changes));
    let mut people = people.into_iter();
    let author = people.next().unwrap_or_else(Signature::of_platform);
    let trailers: Vec<_> =
        people.map(|person| format!("Co-authored-by: {} <{}>", person.name, person.email)).collect();
    if !trailers.is_empty() {
        paragraphs.push(trailers.join("\n"));
    }
    paragraphs.retain(|paragraph| !paragraph.is_empty());
    Description { author, message: paragraphs.join("\n\n") + "\n" }
}

/// `docs: 2 changed, 1 added`.
fn summary(changes: &BTreeMap<DocPath, Change>) -> String {
    let count = |kind| changes.values().filter(|change| **change == kind).count();
    let counts = [(Change::Changed, "changed"), (Change::Added, "added"), (Change::Removed, "deleted")];
    let counts = counts.map(|(kind, word)| (count(kind), word)).into_iter().filter(|(count, _)| *count > 0);
    format!("docs: {}", counts.map(|(count, word)| format!("{count} {word}")).collect::<Vec<_>>().join(", "))
}

/// The first line alone is the subject.
fn in_lines(text: &str) -> String {
    match text.trim().split_once('\n') {
        None => text.trim().to_owned(),
        Some((first, rest)) => format!("{}\n\n{}", first.trim_end(), rest.trim()),
    }
}

fn listed(messages: &[&str]) -> String {
    let items = messages.iter().map(|message| format!("- {}", message.trim().replace('\n', "\n  ")));
    items.collect::<Vec<_>>().join("\n")
}

fn named(changes: &BTreeMap<DocPath, Change>) -> String {
    let line = |(path, change): (&DocPath, &Change)| match change {
        Change::Added => format!("added {path}"),
        Change::Changed => format!("changed {path}"),
        Change::Removed => format!("deleted {path}"),
    };
    let mut lines: Vec<_> = changes.iter().take(limits::COMMIT_NAMED).map(line).collect();
    if changes.len() > limits::COMMIT_NAMED {
        lines.push(format!("and {} more", changes.len() - limits::COMMIT_NAMED));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn actor(id: &str, name: &str) -> Actor {
        Actor { id: id.into(), name: name.into() }
    }

    fn save(id: &str, name: &str, message: Option<&str>) -> Save {
        Save { by: actor(id, name), message: message.map(Into::into), at: Timestamp::from_millis(0) }
    }

    fn changes(docs: &[(&str, Change)]) -> BTreeMap<DocPath, Change> {
        docs.iter().map(|(path, change)| (DocPath::parse(path).unwrap(), *change)).collect()
    }

    #[test]
    fn a_person_is_a_name_and_an_address_that_is_theirs_or_nobodys() {
        for (id, name, expected) in [
            ("key_1", "Ann Lee", "Ann Lee <key_1@aitk.invalid>"),
            ("ann@example.com", "Ann", "Ann <ann@example.com>"),
            ("a@b@c.d", "Ann", "Ann <a-b-c.d@aitk.invalid>"),
            ("key_1", "Ann <x@y>\n\"Q\"", "Ann x@y Q <key_1@aitk.invalid>"),
            ("key_1", " .. ", "key_1 <key_1@aitk.invalid>"),
            ("a b>", "Übergabe", "Übergabe <a-b@aitk.invalid>"),
        ] {
            let person = Signature::of(&actor(id, name));
            assert_eq!(format!("{} <{}>", person.name, person.email), expected);
        }
    }

    #[test]
    fn a_commit_says_the_locks_reason_else_the_saves_message_else_a_summary() {
        use Change::*;
        let docs = changes(&[("a.md", Changed), ("b.md", Added), ("c/d.md", Removed)]);
        let list = "changed a.md\nadded b.md\ndeleted c/d.md\n";
        let ann = |message| save("key_1", "Ann", message);
        for (reason, saves, start) in [
            (Some("new guide"), vec![ann(None)], "new guide\n\n"),
            (Some("new guide"), vec![ann(Some("new guide"))], "new guide\n\n"),
            (Some("new guide"), vec![ann(Some("typo"))], "new guide\n\n- typo\n\n"),
            (Some("one\ntwo"), vec![ann(None)], "one\n\ntwo\n\n"),
            (None, vec![ann(Some("typo")), ann(Some("typo"))], "typo\n\n"),
            (
                None,
                vec![ann(Some("a")), ann(Some("b"))],
                "docs: 1 changed, 1 added, 1 deleted\n\n- a\n- b\n\n",
            ),
            (None, vec![ann(None)], "docs: 1 changed, 1 added, 1 deleted\n\n"),
        ] {
            let said = describe(reason, &saves, &docs);
            assert_eq!(said.message, format!("{start}{list}"));
            assert_eq!(said.author.name, "Ann");
        }
    }

    #[test]
    fn who_saved_with_the_author_is_named_and_nobody_is_the_platform() {
        let docs = changes(&[("a.md", Change::Added)]);
        let saves = [save("key_1", "Ann", None), save("key_2", "Bo", None), save("key_1", "Ann", None)];
        let said = describe(Some("r"), &saves, &docs);
        assert_eq!(said.message, "r\n\nadded a.md\n\nCo-authored-by: Bo <key_2@aitk.invalid>\n");
        assert_eq!(describe(None, &[], &docs).author.name, "aitk");
    }

    #[test]
    fn a_long_list_is_cut_and_the_cut_is_said() {
        let docs: BTreeMap<_, _> = (0..limits::COMMIT_NAMED + 5)
            .map(|n| (DocPath::parse(&format!("{n}.md")).unwrap(), Change::Added))
            .collect();
        let said = describe(None, &[], &docs);
        assert!(said.message.ends_with("\nand 5 more\n"), "{}", said.message);
    }
}
