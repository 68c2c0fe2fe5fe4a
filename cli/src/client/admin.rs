//! The calls about projects and keys.

use aitk_shared::api::{
    AuditPage, CreateKey, CreateProject, CreateProjectKey, Key, NewKey, Project, Team, UpdateProject,
};
use aitk_shared::id::KeyId;
use reqwest::Method;

use super::calls::{checked, named};
use super::{Client, Repeat};
use crate::error::Result;

impl Client {
    /// The projects that the key covers.
    pub async fn projects(&self) -> Result<Vec<Project>> {
        self.ask(self.request(Method::GET, &["projects"]), "the list of projects", Repeat::Safe).await
    }

    /// A project's settings.
    pub async fn project(&self, project: &str) -> Result<Project> {
        let id = checked(project)?;
        self.ask(self.request(Method::GET, &["projects", id]), &named(id), Repeat::Safe).await
    }

    /// Makes a project.
    pub async fn create_project(&self, wish: &CreateProject) -> Result<Project> {
        let request = self.request(Method::POST, &["projects"]).json(wish);
        self.ask(request, "a new project", Repeat::Never).await
    }

    /// Changes some of a project's settings.
    pub async fn update_project(&self, project: &str, wish: &UpdateProject) -> Result<Project> {
        let id = checked(project)?;
        let request = self.request(Method::PUT, &["projects", id]).json(wish);
        self.ask(request, &named(id), Repeat::Never).await
    }

    /// Removes a project with its docs, history and keys.
    pub async fn remove_project(&self, project: &str) -> Result<()> {
        let id = checked(project)?;
        self.send(self.request(Method::DELETE, &["projects", id]), &named(id), Repeat::Never).await.map(drop)
    }

    /// A page of the audit log, newest first; of one project or of all.
    pub async fn audit(&self, project: Option<&str>, before: Option<u64>, limit: u64) -> Result<AuditPage> {
        let (request, what) = match project {
            Some(project) => {
                let id = checked(project)?;
                (self.request(Method::GET, &["projects", id, "audit"]), named(id))
            }
            None => (self.request(Method::GET, &["audit"]), "the audit log".to_owned()),
        };
        let request = request.query(&[("limit", limit)]).query(&[("before", before)]);
        self.ask(request, &what, Repeat::Safe).await
    }

    /// Who reads which revision.
    pub async fn team(&self, project: &str) -> Result<Team> {
        let id = checked(project)?;
        self.ask(self.request(Method::GET, &["projects", id, "team"]), &named(id), Repeat::Safe).await
    }

    /// All keys of the server.
    pub async fn keys(&self) -> Result<Vec<Key>> {
        self.ask(self.request(Method::GET, &["keys"]), "the list of keys", Repeat::Safe).await
    }

    /// The keys that cover a project.
    pub async fn project_keys(&self, project: &str) -> Result<Vec<Key>> {
        let id = checked(project)?;
        self.ask(self.request(Method::GET, &["projects", id, "keys"]), &named(id), Repeat::Safe).await
    }

    /// Makes a key over several projects, or a server-wide one.
    pub async fn create_key(&self, wish: &CreateKey) -> Result<NewKey> {
        let request = self.request(Method::POST, &["keys"]).json(wish);
        self.ask(request, "a new key", Repeat::Never).await
    }

    /// Makes a key of one project.
    pub async fn create_project_key(&self, project: &str, wish: &CreateProjectKey) -> Result<NewKey> {
        let id = checked(project)?;
        let request = self.request(Method::POST, &["projects", id, "keys"]).json(wish);
        self.ask(request, &named(id), Repeat::Never).await
    }

    /// Ends any key.
    pub async fn revoke_key(&self, key: &KeyId) -> Result<()> {
        let request = self.request(Method::DELETE, &["keys", key.as_str()]);
        self.send(request, &format!("key '{key}'"), Repeat::Never).await.map(drop)
    }

    /// Ends a key that covers a project.
    pub async fn revoke_project_key(&self, project: &str, key: &KeyId) -> Result<()> {
        let id = checked(project)?;
        let request = self.request(Method::DELETE, &["projects", id, "keys", key.as_str()]);
        self.send(request, &format!("key '{key}' of {}", named(id)), Repeat::Never).await.map(drop)
    }
}
