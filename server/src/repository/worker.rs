//! Visits repositories when their time has come: after a quiet time, the end of a lock, a webhook,
//! a failure, or simply every few minutes. A few at a time; none while somebody holds the lock.

use std::collections::HashSet;
use std::time::Duration;

use aitk_shared::id::ProjectId;
use aitk_shared::limits;
use aitk_shared::time::Timestamp;
use tokio::task::JoinSet;

use super::{Asker, Way, visit};
use crate::error::Result;
use crate::state::App;
use crate::store::repository;

/// Waits before another try when the store cannot answer.
const RETRY: Duration = Duration::from_secs(1);

/// Runs as long as the server.
pub async fn work(app: App) {
    let mut visits = JoinSet::new();
    let mut visited: HashSet<ProjectId> = HashSet::new();
    loop {
        let next = match due(&app).await {
            Ok((due, next)) => {
                for project in due {
                    if visits.len() < limits::REPOSITORIES_AT_ONCE && visited.insert(project.clone()) {
                        visits.spawn(one(app.clone(), project));
                    }
                }
                next
            }
            Err(error) => {
                tracing::warn!(?error, "cannot see which repositories are due");
                tokio::time::sleep(RETRY).await;
                continue;
            }
        };
        let timer = async {
            match next {
                Some(next) => app.clock.sleep_until(next).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = app.store.woken() => {}
            () = timer => {}
            Some(done) = visits.join_next() => match done {
                Ok(project) => drop(visited.remove(&project)),
                // Only a bug ends a visit so; its project must not wait for ever.
                Err(_) => visited.clear(),
            },
        }
    }
}

async fn due(app: &App) -> Result<(Vec<ProjectId>, Option<Timestamp>)> {
    let mut read = app.store.read().await?;
    let now = app.clock.now();
    Ok((repository::due(&mut read, now).await?, repository::next_due(&mut read, now).await?))
}

async fn one(app: App, project: ProjectId) -> ProjectId {
    // A failure is noted with the project, and told in the log, where it happens.
    if visit(&app, &project, Asker::Server, Way::PullAndPush).await.is_err() {
        tokio::time::sleep(RETRY).await;
    }
    project
}
