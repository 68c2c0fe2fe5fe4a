//! What was saved on the platform goes to the repository, one commit for each lock or quiet time.

use std::collections::{BTreeMap, BTreeSet};

use aitk_shared::api::PublishDone;
use aitk_shared::commit::{Change, Save, describe};
use aitk_shared::event::{Offset, Room, types};
use aitk_shared::hash::ContentHash;
use aitk_shared::manifest::{Entry, Manifest};
use aitk_shared::path::DocPath;
use aitk_shared::repo::CommitId;
use aws_lc_rs::digest;
use serde_json::json;

use super::failure::Trouble;
use super::visit::Visit;
use crate::error::{Error, Result};
use crate::git::{Author, Remote, Tip};
use crate::store::docs;
use crate::store::projects;
use crate::store::repository::{self, GIT, Known, Mark, Saved};

type Hashes = BTreeMap<DocPath, Option<ContentHash>>;

/// What one commit will hold.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Slice {
    /// It holds the saves up to here.
    up_to: Offset,
    reason: Option<String>,
    saves: Vec<Save>,
    docs: Hashes,
    kinds: BTreeMap<DocPath, Change>,
}

/// What there is to push, at one moment.
struct Outgoing {
    revision: Offset,
    ours: Hashes,
    base: Hashes,
    marks: Vec<Mark>,
    versions: Vec<Saved>,
    /// Docs in conflict, and what is no doc in the repository.
    left_out: BTreeSet<DocPath>,
}

impl Visit<'_> {
    /// Pushes what waits, on top of `tip`, which was just pulled.
    pub(super) async fn push(
        &self,
        remote: &Remote,
        tip: &Tip,
        done: &mut PublishDone,
    ) -> Result<(), Trouble> {
        let hidden = done.pull.skipped.iter().filter_map(|skipped| DocPath::parse(&skipped.path).ok());
        let outgoing = self.outgoing(hidden.collect()).await?;
        let mut onto = tip.commit.clone();
        for slice in outgoing.slices() {
            let commit = self.push_slice(remote, onto.as_ref(), &slice).await?;
            done.commits.push(commit.as_str().to_owned());
            done.pull.commit = Some(commit.as_str().to_owned());
            done.published.extend(slice.docs.into_keys());
            onto = Some(commit);
        }
        done.published.sort();
        done.published.dedup();
        if !(outgoing.marks.is_empty() && outgoing.versions.is_empty()) {
            let mut write = self.write().await?;
            repository::pushed(&mut write, &self.project, outgoing.revision, None).await?;
            write.commit().await?;
        }
        Ok(())
    }

    async fn outgoing(&self, hidden: BTreeSet<DocPath>) -> Result<Outgoing, Trouble> {
        let mut read = self.app.store.read().await?;
        let found = projects::find(&mut read, self.project.as_str()).await?;
        let found = found.ok_or_else(|| Error::no_project(self.project.as_str()))?;
        let known = repository::find(&mut read, &self.project).await?.ok_or(Trouble::Reconnected)?;
        let ours: Manifest = docs::manifest(&mut read, &self.project).await?;
        let base = repository::base(&mut read, &self.project).await?;
        let conflicts = repository::conflicts(&mut read, &self.project).await?;
        Ok(Outgoing {
            revision: found.public.revision,
            ours: ours.iter().map(|(path, entry)| (path.clone(), Some(entry.hash))).collect(),
            base: base.into_iter().map(|(path, known)| (path, Some(known.entry.hash))).collect(),
            marks: repository::marks(&mut read, &self.project).await?,
            versions: repository::versions(&mut read, &self.project, known.pushed_revision).await?,
            left_out: conflicts.into_keys().chain(hidden).collect(),
        })
    }

    /// Makes one commit. What it holds is noted before, so that a push whose answer is lost is no
    /// change of somebody else's afterwards.
    async fn push_slice(
        &self,
        remote: &Remote,
        onto: Option<&CommitId>,
        slice: &Slice,
    ) -> Result<CommitId, Trouble> {
        let mut changes = BTreeMap::new();
        let mut read = self.app.store.read().await?;
        for (path, hash) in &slice.docs {
            let bytes = match hash {
                Some(hash) => Some(docs::content(&mut read, hash).await?),
                None => None,
            };
            changes.insert(path.clone(), bytes);
        }
        drop(read);
        let mut write = self.write().await?;
        let at = slice.saves.iter().map(|save| save.at).max().unwrap_or(write.now());
        repository::send(&mut write, &self.project, &slice.docs).await?;
        write.commit().await?;

        let said = describe(slice.reason.as_deref(), &slice.saves, &slice.kinds);
        let author = Author { name: said.author.name, email: said.author.email };
        let git = &self.app.repositories.git;
        let commit = git.push(&self.project, remote, onto, &changes, &author, &said.message, at).await?;
        tracing::info!(project = %self.project, commit = commit.as_str(), docs = changes.len(), "pushed");

        let mut write = self.write().await?;
        for (path, bytes) in changes {
            let known = bytes.map(|bytes| Known {
                entry: Entry { hash: ContentHash::of(&bytes), size: bytes.len() as u64 },
                git_blob: git_blob(&bytes, &commit),
            });
            repository::settle(&mut write, &self.project, &path, known.as_ref()).await?;
        }
        repository::pushed(&mut write, &self.project, slice.up_to, Some(&commit)).await?;
        let data = json!({ "projectId": self.project, "commit": commit.as_str(), "docs": slice.docs.len() });
        write.emit(&Room::project(&self.project), types::DOCS_PUBLISHED, self.by(), data).await?;
        write.commit().await?;
        Ok(commit)
    }
}

impl Outgoing {
    /// One commit for each mark, and one for what was saved since; the last brings everything to
    /// where the platform is. A doc that came from the repository, or was merged with it, after a
    /// mark would take that back there, so it goes with the first commit that has all of it.
    fn slices(&self) -> Vec<Slice> {
        let by_people = || self.versions.iter().filter(|version| version.save.by.id != GIT);
        let mut ends = self.marks.clone();
        let marked = ends.last().map_or(0, |mark| mark.revision);
        if ends.is_empty() || by_people().any(|version| version.revision > marked) {
            ends.push(Mark { revision: self.revision, reason: None });
        }
        let mut from_git: BTreeMap<&DocPath, Offset> = BTreeMap::new();
        for version in self.versions.iter().filter(|version| version.save.by.id == GIT) {
            from_git.insert(&version.path, version.revision);
        }
        let mut running = self.base.clone();
        let mut wanted = Hashes::new();
        let mut saves: BTreeMap<&DocPath, Vec<&Saved>> = BTreeMap::new();
        let mut rest = by_people().peekable();
        let mut slices = Vec::new();
        for (number, end) in ends.iter().enumerate() {
            let is_last = number + 1 == ends.len();
            while let Some(version) = rest.next_if(|version| is_last || version.revision <= end.revision) {
                wanted.insert(version.path.clone(), version.hash);
                saves.entry(&version.path).or_default().push(version);
            }
            if is_last {
                wanted = self.base.keys().map(|path| (path.clone(), None)).collect();
                wanted.extend(self.ours.clone());
            }
            let mut slice = Slice {
                up_to: if is_last { self.revision } else { end.revision },
                reason: end.reason.clone(),
                saves: Vec::new(),
                docs: Hashes::new(),
                kinds: BTreeMap::new(),
            };
            let mut versions = Vec::new();
            for (path, target) in &wanted {
                let comes_later = !is_last && from_git.get(path).is_some_and(|at| *at > end.revision);
                let now = running.get(path).copied().flatten();
                if self.left_out.contains(path) || comes_later || now == *target {
                    continue;
                }
                let kind = match (now, target) {
                    (None, _) => Change::Added,
                    (_, None) => Change::Removed,
                    _ => Change::Changed,
                };
                slice.docs.insert(path.clone(), *target);
                slice.kinds.insert(path.clone(), kind);
                versions.extend(saves.remove(path).unwrap_or_default());
                running.insert(path.clone(), *target);
            }
            versions.sort_by_key(|version| version.revision);
            slice.saves = versions.into_iter().map(|version| version.save.clone()).collect();
            if !slice.docs.is_empty() {
                slices.push(slice);
            }
        }
        slices
    }
}

/// Git's id of a blob, by the hash that the repository uses.
fn git_blob(bytes: &[u8], like: &CommitId) -> String {
    let algorithm = match like.as_str().len() {
        64 => &digest::SHA256,
        _ => &digest::SHA1_FOR_LEGACY_USE_ONLY,
    };
    let mut context = digest::Context::new(algorithm);
    context.update(format!("blob {}\0", bytes.len()).as_bytes());
    context.update(bytes);
    context.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use aitk_shared::event::Actor;
    use aitk_shared::time::Timestamp;

    fn doc(text: &str) -> DocPath {
        DocPath::parse(text).unwrap()
    }

    fn hash(text: &str) -> ContentHash {
        ContentHash::of(text.as_bytes())
    }

    fn hashes(docs: &[(&str, &str)]) -> Hashes {
        docs.iter().map(|(path, text)| (doc(path), Some(hash(text)))).collect()
    }

    fn saved(revision: Offset, who: &str, path: &str, text: Option<&str>) -> Saved {
        let by = Actor { id: who.into(), name: who.into() };
        let save = Save { by, message: None, at: Timestamp::from_millis(0) };
        Saved { path: doc(path), revision, hash: text.map(hash), save }
    }

    fn mark(revision: Offset, reason: &str) -> Mark {
        Mark { revision, reason: Some(reason.into()) }
    }

    /// Reason, people, and docs with their text's hash of each commit.
    fn told(outgoing: &Outgoing) -> Vec<(Option<String>, Vec<String>, Hashes)> {
        let people = |slice: &Slice| slice.saves.iter().map(|save| save.by.name.clone()).collect();
        outgoing
            .slices()
            .into_iter()
            .map(|slice| (slice.reason.clone(), people(&slice), slice.docs))
            .collect()
    }

    fn outgoing() -> Outgoing {
        Outgoing {
            revision: 0,
            ours: Hashes::new(),
            base: Hashes::new(),
            marks: Vec::new(),
            versions: Vec::new(),
            left_out: BTreeSet::new(),
        }
    }

    #[test]
    fn each_lock_is_a_commit_and_what_was_saved_since_is_one_more() {
        let all = Outgoing {
            revision: 5,
            ours: hashes(&[("a", "2"), ("b", "1"), ("c", "1")]),
            base: hashes(&[("a", "0"), ("d", "0")]),
            marks: vec![mark(2, "first"), mark(4, "second")],
            versions: vec![
                saved(1, "Ann", "a", Some("1")),
                saved(2, "Bo", "d", None),
                saved(3, "Ann", "a", Some("2")),
                saved(4, "Ann", "b", Some("1")),
                saved(5, "Cy", "c", Some("1")),
            ],
            ..outgoing()
        };
        let first = Hashes::from([(doc("a"), Some(hash("1"))), (doc("d"), None)]);
        assert_eq!(
            told(&all),
            [
                (Some("first".into()), vec!["Ann".into(), "Bo".into()], first),
                (Some("second".into()), vec!["Ann".into(), "Ann".into()], hashes(&[("a", "2"), ("b", "1")])),
                (None, vec!["Cy".into()], hashes(&[("c", "1")])),
            ]
        );
    }

    #[test]
    fn a_doc_that_was_merged_goes_with_the_commit_that_has_all_of_it() {
        let all = Outgoing {
            revision: 4,
            ours: hashes(&[("a", "merged"), ("b", "1")]),
            base: hashes(&[("a", "theirs")]),
            marks: vec![mark(2, "first"), mark(3, "second")],
            versions: vec![
                saved(1, "Ann", "a", Some("1")),
                saved(2, "Ann", "b", Some("1")),
                saved(4, GIT, "a", Some("merged")),
            ],
            ..outgoing()
        };
        assert_eq!(
            told(&all),
            [
                (Some("first".into()), vec!["Ann".into()], hashes(&[("b", "1")])),
                (Some("second".into()), vec!["Ann".into()], hashes(&[("a", "merged")])),
            ]
        );
    }

    #[test]
    fn what_is_in_conflict_stays_and_what_came_to_nothing_is_no_commit() {
        let all = Outgoing {
            revision: 3,
            ours: hashes(&[("a", "mine"), ("b", "0")]),
            base: hashes(&[("a", "0"), ("b", "0")]),
            marks: vec![mark(3, "r")],
            versions: vec![
                saved(1, "Ann", "a", Some("mine")),
                saved(2, "Ann", "b", Some("1")),
                saved(3, "Ann", "b", Some("0")),
            ],
            left_out: BTreeSet::from([doc("a")]),
        };
        assert_eq!(told(&all), []);
    }

    #[test]
    fn docs_whose_saves_are_forgotten_go_all_the_same() {
        let all = Outgoing { revision: 9, ours: hashes(&[("a", "1")]), ..outgoing() };
        assert_eq!(told(&all), [(None, vec![], hashes(&[("a", "1")]))]);
    }

    #[test]
    fn a_blobs_id_is_gits_own() {
        let like = |text: &str| CommitId::parse(text).unwrap();
        // `printf hello | git hash-object --stdin`, in a repository of either kind.
        for (commit, blob) in [
            ("0".repeat(40), "b6fc4c620b67d95f953a5c1c1230aaab5db5a1b0"),
            ("0".repeat(64), "8aec4e4876f854f688d0ebfc8f37598f38e5fd6903cccc850ca36591175aeb60"),
        ] {
            assert_eq!(git_blob(b"hello", &like(&commit)), blob);
        }
    }
}
