//! The calls about invitations.

use aitk_shared::api::{CreateInvitation, Invitation, Join, Joined};
use reqwest::Method;

use super::{Client, Repeat};
use crate::error::{Kind, Result};

impl Client {
    /// Makes an invitation.
    pub async fn create_invitation(&self, wish: &CreateInvitation) -> Result<Invitation> {
        let request = self.request(Method::POST, &["invitations"]).json(wish);
        self.ask(request, "an invitation", Repeat::Never).await
    }

    /// Turns an invitation into a key. Sent once: the server counts uses.
    pub async fn join(&self, wish: &Join) -> Result<Joined> {
        let request = self.request(Method::POST, &["join"]).json(wish);
        self.ask(request, "a key", Repeat::Never).await.map_err(|error| match error.kind {
            Kind::Unreachable => {
                let hint = error.hint.clone().unwrap_or_default();
                error.hint(format!("{hint}; then try the link again: if it is refused, ask for a new one"))
            }
            _ => error,
        })
    }
}
