//! The calls that bring docs and their git repository together. Git may take long, so they do.

use aitk_shared::api::{PublishDone, PullDone, PullRequest};
use aitk_shared::limits;
use aitk_shared::lock::FencingToken;
use reqwest::Method;

use super::calls::{checked, named, under};
use super::{Client, Repeat};
use crate::error::Result;

impl Client {
    /// Brings what is new in the repository to the platform.
    pub async fn pull_docs(
        &self,
        project: &str,
        wish: &PullRequest,
        token: Option<FencingToken>,
    ) -> Result<PullDone> {
        let id = checked(project)?;
        let request = self.request(Method::POST, &["projects", id, "docs", "sync"]).json(wish);
        self.ask(under(request, token), &named(id), Repeat::Never).await
    }

    /// Commits what was saved and pushes it.
    pub async fn publish_docs(&self, project: &str, token: Option<FencingToken>) -> Result<PublishDone> {
        let id = checked(project)?;
        let request = self.request(Method::POST, &["projects", id, "docs", "publish"]);
        self.ask(under(request, token), &named(id), Repeat::Never).await
    }

    /// The same client, which waits as long as git may take.
    pub fn with_git(mut self) -> Self {
        self.patience = self.patience.max(limits::REPOSITORY_ANSWER);
        self
    }
}
