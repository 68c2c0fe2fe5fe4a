//! What came into the repository comes to the platform: planned on one picture of the docs,
//! and made as one revision if nobody saved meanwhile.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aitk_shared::api::{PullDone, SkippedFile};
use aitk_shared::event::{Offset, Room, types};
use aitk_shared::hash::ContentHash;
use aitk_shared::limits;
use aitk_shared::manifest::{Collision, Entry, Manifest};
use aitk_shared::path::DocPath;
use aitk_shared::reconcile::{Open, Sides, Step};
use serde_json::json;

use super::failure::Trouble;
use super::visit::Visit;
use super::{Asker, Emptied, git_actor};
use crate::error::{Error, Result};
use crate::git::{Found, Merged, Tip};
use crate::http::docs::edit;
use crate::store::docs::{self, Changes};
use crate::store::projects;
use crate::store::repository::{self, Conflict, Known};

/// Somebody may save so often between a plan and its making.
const TRIES: usize = 5;

/// The docs and what is known of the repository, at one moment.
struct Picture {
    revision: Offset,
    ours: Manifest,
    base: BTreeMap<DocPath, Known>,
    conflicts: BTreeMap<DocPath, Conflict>,
    sent: BTreeMap<DocPath, Option<ContentHash>>,
}

/// The repository's docs by git's ids of their bytes; the bytes where they were not known.
struct Theirs {
    docs: BTreeMap<DocPath, Known>,
    bytes: HashMap<String, Vec<u8>>,
    skipped: Vec<SkippedFile>,
    hidden: BTreeSet<DocPath>,
}

/// All that a pull will do.
#[derive(Default)]
struct Prepared {
    changes: Changes,
    settled: BTreeMap<DocPath, Option<Known>>,
    disputes: BTreeMap<DocPath, Dispute>,
    merged: Vec<DocPath>,
    restored: Vec<DocPath>,
    /// Texts of theirs that no doc here has: what the next merge is made from.
    bases: Vec<(ContentHash, Vec<u8>)>,
}

struct Dispute {
    ours: ContentHash,
    theirs: Option<(Known, Vec<u8>)>,
    merged: Option<String>,
}

impl Visit<'_> {
    /// Brings what the repository has at `tip` to the platform.
    pub(super) async fn take(&self, tip: &Tip, folder: &DocPath) -> Result<PullDone, Trouble> {
        for _ in 0..TRIES {
            let picture = self.look().await?;
            let mut theirs = self.theirs(tip, &picture).await?;
            let prepared = self.prepare(tip, folder, &picture, &mut theirs).await?;
            if let Some(done) = self.make_incoming(tip, &picture, theirs, prepared).await? {
                return Ok(done);
            }
        }
        Err(Trouble::Busy)
    }

    async fn look(&self) -> Result<Picture, Trouble> {
        let mut read = self.app.store.read().await?;
        let found = projects::find(&mut read, self.project.as_str()).await?;
        let found = found.ok_or_else(|| Error::no_project(self.project.as_str()))?;
        Ok(Picture {
            revision: found.public.revision,
            ours: docs::manifest(&mut read, &self.project).await?,
            base: repository::base(&mut read, &self.project).await?,
            conflicts: repository::conflicts(&mut read, &self.project).await?,
            sent: repository::sent(&mut read, &self.project).await?,
        })
    }

    /// The repository's docs with our hashes; bytes are read only where git's id is new to us.
    async fn theirs(&self, tip: &Tip, picture: &Picture) -> Result<Theirs, Trouble> {
        let limit = self.app.limits;
        let mut theirs = Theirs {
            docs: BTreeMap::new(),
            bytes: HashMap::new(),
            skipped: tip
                .skipped
                .iter()
                .map(|skipped| SkippedFile { path: skipped.path.clone(), why: skipped.why.clone() })
                .collect(),
            hidden: tip.skipped.iter().filter_map(|skipped| DocPath::parse(&skipped.path).ok()).collect(),
        };
        let in_conflict = picture.conflicts.values().filter_map(|conflict| conflict.theirs.as_ref());
        let known: HashMap<&str, Entry> =
            picture.base.values().chain(in_conflict).map(|known| (&*known.git_blob, known.entry)).collect();
        let (found, too_large): (Vec<&Found>, Vec<_>) =
            tip.docs.iter().partition(|found| found.size <= limit.doc_bytes);
        for found in too_large {
            theirs.hide(&found.path, format!("is larger than {} bytes", limit.doc_bytes));
        }
        if found.iter().map(|found| found.size).sum::<u64>() > limit.project_bytes {
            let detail = format!(
                "a project's docs hold at most {} bytes; the repository has more",
                limit.project_bytes
            );
            return Err(Error::TooLarge(detail).into());
        }
        let unknown: BTreeSet<&str> =
            found.iter().map(|found| &*found.blob).filter(|blob| !known.contains_key(blob)).collect();
        let unknown: Vec<String> = unknown.into_iter().map(str::to_owned).collect();
        if !unknown.is_empty() {
            let contents = self.app.repositories.git.contents(&self.project, &unknown).await?;
            theirs.bytes = unknown.into_iter().zip(contents).collect();
        }
        for found in found {
            let entry = match (known.get(&*found.blob), theirs.bytes.get(&found.blob)) {
                (Some(entry), _) => *entry,
                (None, Some(bytes)) => Entry { hash: ContentHash::of(bytes), size: bytes.len() as u64 },
                (None, None) => return Err(Error::Internal(anyhow::anyhow!("git left out a blob")).into()),
            };
            theirs.docs.insert(found.path.clone(), Known { entry, git_blob: found.blob.clone() });
        }
        Ok(theirs)
    }

    async fn prepare(
        &self,
        tip: &Tip,
        folder: &DocPath,
        picture: &Picture,
        theirs: &mut Theirs,
    ) -> Result<Prepared, Trouble> {
        let manifest = |docs: &BTreeMap<DocPath, Known>| {
            docs.iter().map(|(path, known)| (path.clone(), known.entry)).collect::<Manifest>()
        };
        let open = picture.conflicts.iter().map(|(path, conflict)| {
            let theirs = conflict.theirs.as_ref().map(|theirs| theirs.entry.hash);
            (path.clone(), Open { ours: Some(conflict.ours), theirs })
        });
        let (base, theirs_now, open) = (manifest(&picture.base), manifest(&theirs.docs), open.collect());
        let sides = Sides {
            base: &base,
            ours: &picture.ours,
            theirs: &theirs_now,
            hidden: &theirs.hidden,
            open: &open,
            sent: &picture.sent,
        };
        let accepted = matches!(self.asker, Asker::Person { emptied: Emptied::Accepted, .. });
        if sides.lost_everything() && !accepted {
            let (folder, branch) = (folder.clone(), tip.branch.clone());
            return Err(Trouble::Emptied { folder, branch, docs: picture.base.len() });
        }
        let mut plan = sides.plan();
        self.leave_out_collisions(picture, theirs, &mut plan);
        let mut prepared = Prepared::default();
        for (path, step) in plan {
            let known = theirs.docs.get(&path).cloned();
            match (step, known) {
                (Step::Agree, known) => drop(prepared.settled.insert(path, known)),
                // A push may have arrived unheard: then what it brought is what both have. And where
                // the repository took its change back, a conflict is over.
                (Step::Push, known) => {
                    if picture.base.get(&path) != known.as_ref() || picture.conflicts.contains_key(&path) {
                        prepared.settled.insert(path, known);
                    }
                }
                (Step::Take | Step::Restore, Some(known)) => {
                    let bytes = self.bytes(theirs, &known).await?;
                    prepared.changes.insert(path.clone(), Some(bytes));
                    if step == Step::Restore {
                        prepared.restored.push(path.clone());
                    }
                    prepared.settled.insert(path, Some(known));
                }
                (Step::Take | Step::Restore, None) => {
                    prepared.changes.insert(path.clone(), None);
                    prepared.settled.insert(path, None);
                }
                (Step::Merge, Some(known)) => {
                    let bytes = self.bytes(theirs, &known).await?;
                    self.merge(picture, &mut prepared, path, known, bytes).await?;
                }
                (Step::Merge | Step::Keep, _) => {
                    let Some(ours) = picture.ours.get(&path).map(|entry| entry.hash) else { continue };
                    prepared.disputes.insert(path, Dispute { ours, theirs: None, merged: None });
                }
            }
        }
        edit::check(self.app.limits, &picture.ours, &prepared.changes)?;
        Ok(prepared)
    }

    /// A doc of theirs that cannot stand beside one that only the platform has is left out.
    fn leave_out_collisions(
        &self,
        picture: &Picture,
        theirs: &mut Theirs,
        plan: &mut BTreeMap<DocPath, Step>,
    ) {
        let comes = |plan: &BTreeMap<DocPath, Step>, theirs: &Theirs, path: &DocPath| {
            matches!(plan.get(path), Some(Step::Take | Step::Restore)) && theirs.docs.contains_key(path)
        };
        loop {
            let goes =
                |path: &DocPath| plan.get(path) == Some(&Step::Take) && !theirs.docs.contains_key(path);
            let ours = picture.ours.iter().map(|(path, _)| path).filter(|path| !goes(path));
            let new = theirs.docs.keys().filter(|path| comes(plan, theirs, path));
            let target: BTreeSet<_> = ours.chain(new).collect();
            let Some(Collision::Twins(one, two) | Collision::Folder(one, two)) =
                Manifest::collision_of(target)
            else {
                return;
            };
            let is_new = |path: &DocPath| comes(plan, theirs, path) && picture.ours.get(path).is_none();
            let (new, other) = match (is_new(&two), is_new(&one)) {
                (true, _) => (two, one),
                (_, true) => (one, two),
                // Not of our making: the check of the whole says what is wrong.
                _ => return,
            };
            plan.remove(&new);
            theirs.docs.remove(&new);
            theirs.hide(&new, format!("cannot stand beside '{other}', which only the platform has"));
        }
    }

    async fn merge(
        &self,
        picture: &Picture,
        prepared: &mut Prepared,
        path: DocPath,
        known: Known,
        theirs: Vec<u8>,
    ) -> Result<(), Trouble> {
        let Some(ours) = picture.ours.get(&path).copied() else { return Ok(()) };
        let (base, own) = {
            let mut read = self.app.store.read().await?;
            let base = match picture.base.get(&path) {
                Some(base) => docs::content(&mut read, &base.entry.hash).await?,
                None => Vec::new(),
            };
            (base, docs::content(&mut read, &ours.hash).await?)
        };
        let merged = match self.app.repositories.git.merge(&base, &own, &theirs).await? {
            Merged::Clean(bytes) if bytes.len() as u64 <= self.app.limits.doc_bytes => {
                prepared.changes.insert(path.clone(), Some(bytes));
                prepared.merged.push(path.clone());
                prepared.bases.push((known.entry.hash, theirs));
                prepared.settled.insert(path, Some(known));
                return Ok(());
            }
            Merged::Clean(bytes) | Merged::Conflict(bytes) => bytes,
        };
        // Bytes that are no text cannot be shown in one.
        let texts = [&own, &theirs].into_iter().all(|side| std::str::from_utf8(side).is_ok());
        let merged = String::from_utf8(merged).ok().filter(|text| texts && !text.is_empty());
        prepared.disputes.insert(path, Dispute { ours: ours.hash, theirs: Some((known, theirs)), merged });
        Ok(())
    }

    async fn bytes(&self, theirs: &Theirs, known: &Known) -> Result<Vec<u8>, Trouble> {
        if let Some(bytes) = theirs.bytes.get(&known.git_blob) {
            return Ok(bytes.clone());
        }
        let mut read = self.app.store.read().await?;
        Ok(docs::content(&mut read, &known.entry.hash).await?)
    }

    /// Makes it so; `None` where the picture is out of date.
    async fn make_incoming(
        &self,
        tip: &Tip,
        picture: &Picture,
        theirs: Theirs,
        prepared: Prepared,
    ) -> Result<Option<PullDone>, Trouble> {
        let mut write = self.write_docs().await?;
        let now = projects::find(write.connection(), self.project.as_str()).await?;
        let now = now.ok_or_else(|| Error::no_project(self.project.as_str()))?;
        let conflicts = repository::conflicts(write.connection(), &self.project).await?;
        if now.public.revision != picture.revision || conflicts != picture.conflicts {
            return Ok(None);
        }
        let commit = tip.commit.as_ref();
        let short = commit.map_or("no commit", |commit| commit.as_str().get(..7).unwrap_or_default());
        let message = format!("from the repository at {short}");
        let (actor, room) = (git_actor(), Room::project(&self.project));
        let applied =
            docs::apply(&mut write, &self.project, &actor, Some(&message), &picture.ours, prepared.changes)
                .await?;
        for (hash, bytes) in prepared.bases {
            docs::keep(&mut write, hash, bytes).await?;
        }
        for (path, known) in &prepared.settled {
            repository::settle(&mut write, &self.project, path, known.as_ref()).await?;
        }
        let mut revision = applied.revision;
        for (path, dispute) in &prepared.disputes {
            let theirs_revision = match &dispute.theirs {
                Some((_, bytes)) => {
                    let other = bytes.clone();
                    let at =
                        docs::keep_beside(&mut write, &self.project, path, other, &actor, &message).await?;
                    revision = at + 1;
                    Some(at)
                }
                None => {
                    let data = json!({
                        "projectId": self.project, "path": path, "hash": dispute.ours, "theirsHash": null,
                    });
                    write.emit(&room, types::DOCS_CONFLICT, Some(&actor), data).await?;
                    None
                }
            };
            let conflict = Conflict {
                ours: dispute.ours,
                theirs: dispute.theirs.as_ref().map(|(known, _)| known.clone()),
                theirs_revision,
                merged: dispute.merged.clone(),
            };
            repository::dispute(&mut write, &self.project, path, &conflict).await?;
        }
        let mut skipped = theirs.skipped;
        skipped.sort_by(|one, other| one.path.cmp(&other.path));
        let kept = skipped.get(..limits::SKIPPED_NAMED).unwrap_or(&skipped);
        repository::pulled(&mut write, &self.project, &tip.branch, commit, kept).await?;
        let conflicts = repository::conflicts(write.connection(), &self.project).await?;
        let delta = applied.delta;
        if !delta.is_empty() || !prepared.disputes.is_empty() {
            let data = json!({
                "projectId": self.project, "hash": applied.hash, "revision": revision, "commit": commit.map(|commit| commit.as_str()),
                "added": delta.added.len(), "changed": delta.changed.len(), "removed": delta.removed.len(),
                "conflicts": conflicts.len(), "skipped": skipped.len(),
            });
            write.emit(&room, types::DOCS_SYNCED, self.by(), data).await?;
            tracing::info!(
                project = %self.project, commit = short, added = delta.added.len(), changed = delta.changed.len(),
                removed = delta.removed.len(), conflicts = conflicts.len(), "pulled"
            );
        }
        // Once, and not every few minutes.
        for file in kept.iter().filter(|file| !self.seen.skipped.contains(file)) {
            tracing::warn!(project = %self.project, path = file.path, "left out of the docs: it {}", file.why);
        }
        write.commit().await?;
        Ok(Some(PullDone {
            success: true,
            hash: applied.hash,
            revision,
            commit: commit.map(|commit| commit.as_str().to_owned()),
            added: delta.added,
            changed: delta.changed,
            removed: delta.removed,
            merged: prepared.merged,
            restored: prepared.restored,
            conflicts: conflicts.into_keys().collect(),
            skipped,
        }))
    }
}

impl Theirs {
    /// Says that what is there cannot be taken.
    fn hide(&mut self, path: &DocPath, why: String) {
        self.skipped.push(SkippedFile { path: path.to_string(), why });
        self.hidden.insert(path.clone());
    }
}
