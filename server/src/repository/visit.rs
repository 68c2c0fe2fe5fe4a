//! One visit to a project's repository, from asking what it has to noting when to come again.

use aitk_shared::api::{PublishDone, PullDone};
use aitk_shared::event::{Actor, Room, types};
use aitk_shared::id::ProjectId;
use aitk_shared::limits;
use aitk_shared::lock::{Claim, Lease, Refusal, may_write};
use aitk_shared::repo::{Branch, RepoUrl};
use serde_json::json;

use super::failure::{Trouble, next_look, next_try};
use super::{Asker, Way};
use crate::crypto;
use crate::error::{Error, Result};
use crate::git::{GitError, Remote};
use crate::state::App;
use crate::store::Write;
use crate::store::locks;
use crate::store::projects::{self, StoredProject};
use crate::store::repository::{self, Doing, Repository};

/// The branch may move so often while a visit is made.
const MOVES: usize = 5;

/// A visit that has begun: what it goes to, and what was known then.
pub(super) struct Visit<'a> {
    pub app: &'a App,
    pub project: ProjectId,
    pub asker: &'a Asker,
    pub seen: Repository,
}

/// Visits a project's repository, and notes how that went.
///
/// Runs to its end when the asker goes away.
pub async fn visit(app: &App, project: &ProjectId, asker: Asker, way: Way) -> Result<PublishDone> {
    let (app, project) = (app.clone(), project.clone());
    let whole = async move {
        let _turn = app.repositories.turn(&project).await;
        let (visit, stored) = Visit::begin(&app, &project, &asker).await?;
        match visit.make(&stored, way).await {
            Ok(done) => {
                visit.succeeded(way).await?;
                Ok(done)
            }
            Err((doing, trouble)) => {
                visit.failed(doing, &trouble).await?;
                Err(trouble.into())
            }
        }
    };
    tokio::spawn(whole).await.map_err(|error| Error::Internal(error.into()))?
}

impl<'a> Visit<'a> {
    async fn begin(
        app: &'a App,
        project: &ProjectId,
        asker: &'a Asker,
    ) -> Result<(Visit<'a>, StoredProject)> {
        let mut read = app.store.read().await?;
        let stored = projects::find(&mut read, project.as_str()).await?;
        let stored = stored.ok_or_else(|| Error::no_project(project.as_str()))?;
        let seen = repository::find(&mut read, project).await?;
        let seen = seen.ok_or_else(|| Error::no_repository(stored.public.slug.as_str()))?;
        let visit = Visit { app, project: project.clone(), asker, seen };
        let held = locks::live(&mut read, project, app.clock.now()).await?;
        visit.may_change(held.as_ref())?;
        Ok((visit, stored))
    }

    /// Whether the asker may change docs while `held` is the lock: the same rule as for a save. The
    /// server itself waits for the end of everybody's lock.
    fn may_change(&self, held: Option<&Lease>) -> Result<()> {
        let lock = || held.map(|lease| Box::new(lease.view(self.app.clock.now())));
        let refusal = match self.asker {
            Asker::Server => held.map_or(Ok(()), |_| Err(Refusal::Held)),
            Asker::Person { actor, token, .. } => may_write(held, Claim { holder: &actor.id, token: *token }),
        };
        match (refusal, lock()) {
            (Ok(()), _) => Ok(()),
            (Err(Refusal::Held), Some(lock)) => Err(Error::Locked(lock)),
            (Err(_), lock) => Err(Error::LockLost(lock)),
        }
    }

    /// Who is named in events; nobody where the server came by itself.
    pub fn by(&self) -> Option<&Actor> {
        match self.asker {
            Asker::Server => None,
            Asker::Person { actor, .. } => Some(actor),
        }
    }

    async fn make(&self, stored: &StoredProject, way: Way) -> Result<PublishDone, (Doing, Trouble)> {
        let pull = |trouble| (Doing::Pull, trouble);
        let remote = self.remote(stored).map_err(pull)?;
        let git = &self.app.repositories.git;
        let mut whole: Option<PublishDone> = None;
        for _ in 0..MOVES {
            let tip = git.pull(&self.project, &remote).await.map_err(|error| pull(error.into()))?;
            let taken = self.take(&tip, &stored.public.docs_path).await.map_err(pull)?;
            let so_far = match whole.take() {
                None => PublishDone { pull: taken, commits: Vec::new(), published: Vec::new() },
                Some(before) => PublishDone { pull: after(before.pull, taken), ..before },
            };
            let done = whole.insert(so_far);
            if way == Way::Pull {
                return Ok(done.clone());
            }
            match self.push(&remote, &tip, done).await {
                Ok(()) => return Ok(done.clone()),
                Err(Trouble::Git(GitError::Moved)) => {}
                Err(trouble) => return Err((Doing::Push, trouble)),
            }
        }
        Err((Doing::Push, GitError::Moved.into()))
    }

    /// Where the project's settings lead.
    fn remote(&self, stored: &StoredProject) -> Result<Remote, Trouble> {
        let public = &stored.public;
        let refused = |text: String| Trouble::Git(GitError::Refused(text));
        let url = public.repo_url.as_deref().ok_or(Trouble::Reconnected)?;
        let url = RepoUrl::parse(url).map_err(|why| refused(format!("the repository's URL: {why}")))?;
        let branch = public.branch.as_deref().map(Branch::parse).transpose();
        let branch = branch.map_err(|why| refused(format!("the branch: {why}")))?;
        let open = |sealed: &Vec<u8>| self.app.secret.open(&format!("{}/token", self.project), sealed);
        let token = stored.sealed_token.as_ref().map(open).transpose().map_err(|_| {
            Trouble::Git(GitError::Credentials(
                "the server's secret key does not open the repository's token; set the token again".into(),
            ))
        })?;
        Ok(Remote { url, branch, docs_path: public.docs_path.clone(), token })
    }

    /// Begins a change of the docs or of what is known of the repository, if both are still the
    /// ones that this visit went to.
    pub async fn write(&self) -> Result<Write, Trouble> {
        let mut write = self.app.store.write().await?;
        let known = repository::find(write.connection(), &self.project).await?;
        match known.is_some_and(|known| known.connection == self.seen.connection) {
            true => Ok(write),
            false => Err(Trouble::Reconnected),
        }
    }

    /// The same for a change of docs, which the lock may forbid.
    pub async fn write_docs(&self) -> Result<Write, Trouble> {
        let mut write = self.write().await?;
        let now = write.now();
        let held = locks::live(write.connection(), &self.project, now).await?;
        self.may_change(held.as_ref())?;
        Ok(write)
    }

    async fn succeeded(&self, way: Way) -> Result<()> {
        let mut write = self.app.store.write().await?;
        let left = match way {
            Way::PullAndPush => false,
            Way::Pull => repository::unpublished(write.connection(), &self.project).await? > 0,
        };
        // What was to go sooner still does, however often others pull.
        let soon = write.now().plus(limits::REPOSITORY_QUIET);
        let next = match left {
            true => Some(self.seen.due_at.map_or(soon, |due| due.min(soon))),
            false => next_look(write.now(), self.app.repositories.interval, chance()),
        };
        repository::succeeded(&mut write, &self.project, &self.seen, next).await?;
        write.commit().await
    }

    async fn failed(&self, doing: Doing, trouble: &Trouble) -> Result<()> {
        let Some((lasting, why)) = trouble.note() else { return Ok(()) };
        match trouble {
            Trouble::Here(Error::Internal(cause)) => {
                tracing::error!(project = %self.project, ?doing, "repository: {cause:#}");
            }
            _ => tracing::warn!(project = %self.project, ?doing, "repository: {why}"),
        }
        let mut write = self.app.store.write().await?;
        let next = next_try(write.now(), self.seen.tries, lasting, chance());
        repository::failed(&mut write, &self.project, &self.seen, doing, &why, Some(next)).await?;
        if self.seen.tries == 0 {
            let data = json!({ "projectId": self.project, "doing": doing.as_str(), "message": why });
            write.emit(&Room::project(&self.project), types::DOCS_FAILED, None, data).await?;
        }
        write.commit().await
    }
}

/// Between 0 and 1.
fn chance() -> f64 {
    f64::from(u16::from_be_bytes(crypto::random())) / f64::from(u16::MAX)
}

/// Two pulls of one visit as one.
fn after(before: PullDone, now: PullDone) -> PullDone {
    let both = |mut one: Vec<_>, other: Vec<_>| {
        one.extend(other);
        one.sort();
        one.dedup();
        one
    };
    PullDone {
        added: both(before.added, now.added),
        changed: both(before.changed, now.changed),
        removed: both(before.removed, now.removed),
        merged: both(before.merged, now.merged),
        restored: both(before.restored, now.restored),
        ..now
    }
}
