//! Whether a server is there, by its liveness route.

use std::time::{Duration, Instant};

use aitk_shared::api::Alive;
use aitk_shared::time::Timestamp;
use reqwest::Method;

use super::{Client, Repeat};
use crate::error::Result;

/// What a live server says of itself.
pub struct Health {
    /// Its version; `None` for a server that does not say.
    pub version: Option<String>,
    /// Its clock; `None` for a server that does not say.
    pub at: Option<Timestamp>,
    /// How long the answer took.
    pub took: Duration,
}

impl Client {
    /// Asks whether the server is there.
    pub async fn health(&self) -> Result<Health> {
        let begun = Instant::now();
        let request = self.http.request(Method::GET, self.server.url(["healthz"]));
        let alive: Alive = self.ask(request, "its health", Repeat::Safe).await?;
        let took = begun.elapsed();
        match alive.status.as_str() {
            "ok" => Ok(Health { version: alive.version, at: alive.server_time, took }),
            other => Err(self.protocol_error("its health", &format!("the status '{other}'"))),
        }
    }
}
