//! Keeps projects' docs and their git repositories together: what was committed there comes here,
//! what was saved here goes there, and what was changed on both sides is merged or kept twice.
//!
//! One visit to a repository pulls and then pushes ([`visit`]). Visits are made when somebody asks
//! and by the worker ([`worker`]), one at a time for each project. Nothing is ever forced.

mod failure;
mod incoming;
mod outgoing;
mod visit;
mod worker;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aitk_shared::event::Actor;
use aitk_shared::id::ProjectId;
use aitk_shared::lock::FencingToken;
use tokio::sync::OwnedMutexGuard;

use crate::git::Git;
use crate::store::repository::GIT;

pub use visit::visit;
pub use worker::work;

/// The way to all repositories.
pub struct Repositories {
    git: Git,
    interval: Option<Duration>,
    turns: Mutex<HashMap<ProjectId, Arc<tokio::sync::Mutex<()>>>>,
}

/// On whose behalf a repository is visited.
#[derive(Clone, Debug)]
pub enum Asker {
    /// Nobody's: the time has come. It waits while anybody holds the lock.
    Server,
    /// A person's, who may hold the lock.
    Person {
        /// Who.
        actor: Actor,
        /// The fencing token sent along.
        token: Option<FencingToken>,
        /// What a repository without any doc means.
        emptied: Emptied,
    },
}

/// What it means that a repository has no doc any more, where there were some.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Emptied {
    /// A mistake, until somebody says otherwise: a renamed folder, a wrong branch.
    Refused,
    /// That all docs are to be deleted.
    Accepted,
}

/// How far a visit goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// What is new there comes here.
    Pull,
    /// And what is new here goes there.
    PullAndPush,
}

impl Repositories {
    /// All repositories, to be looked at this often by themselves.
    pub fn new(git: Git, interval: Option<Duration>) -> Self {
        Repositories { git, interval, turns: Mutex::default() }
    }

    /// Removes the local copy of a project's repository.
    pub async fn forget(&self, project: &ProjectId) {
        let _turn = self.turn(project).await;
        self.git.forget(project).await;
    }

    /// Waits until nobody else visits this project's repository.
    async fn turn(&self, project: &ProjectId) -> OwnedMutexGuard<()> {
        let turn = {
            let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            // Those that nobody waits for are made again when they are needed.
            turns.retain(|_, turn| Arc::strong_count(turn) > 1);
            turns.entry(project.clone()).or_default().clone()
        };
        turn.lock_owned().await
    }
}

/// Who brings what comes from a repository.
fn git_actor() -> Actor {
    Actor { id: GIT.into(), name: GIT.into() }
}
