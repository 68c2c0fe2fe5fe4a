//! What every request can reach.

use std::ops::Deref;
use std::sync::Arc;

use tokio::sync::{Notify, watch};

use crate::auth::{Failures, Jwt};
use crate::clock::Clock;
use crate::config::{Limits, MetricsFor, Origins};
use crate::crypto::SecretKey;
use crate::http::Answers;
use crate::lines::Lines;
use crate::live::Hub;
use crate::metrics::Metrics;
use crate::notes::Notes;
use crate::publishing::Publishing;
use crate::repository::Repositories;
use crate::store::Store;

/// The running server. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// The parts of a running server.
pub struct Parts {
    /// The database.
    pub store: Store,
    /// The rooms of this instance.
    pub hub: Hub,
    /// What the server counts of itself.
    pub metrics: Arc<Metrics>,
    /// Who may see that.
    pub metrics_for: MetricsFor,
    /// The clock.
    pub clock: Clock,
    /// Seals what projects entrust to the server.
    pub secret: SecretKey,
    /// Bounds the guessing of credentials.
    pub failures: Failures,
    /// Checks tokens of others, if they are accepted.
    pub jwt: Option<Jwt>,
    /// Sizes and counts.
    pub limits: Limits,
    /// The way to projects' repositories.
    pub repositories: Repositories,
    /// Answers that many will ask for again.
    pub answers: Answers,
    /// What waits to be published.
    pub publishing: Publishing,
    /// What is noted beside requests.
    pub notes: Notes,
    /// Browser pages that may come.
    pub origins: Origins,
    /// Proxies of ours that every request comes through.
    pub trusted_proxies: usize,
    /// Wakes the expiry timer when a lease was taken, prolonged or ended.
    pub leases_moved: Notify,
    /// Who waits for locks.
    pub lines: Lines,
    /// Turns true when the server goes away.
    pub draining: watch::Sender<bool>,
}

impl App {
    /// Puts the parts together.
    pub fn new(parts: Parts) -> Self {
        App(Arc::new(parts))
    }

    /// Waits until the server goes away.
    pub async fn drained(&self) {
        let mut draining = self.draining.subscribe();
        // The sender lives as long as the server.
        let _ = draining.wait_for(|draining| *draining).await;
    }
}

impl Deref for App {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}
