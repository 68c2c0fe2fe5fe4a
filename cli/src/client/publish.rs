//! The call that publishes an event.

use aitk_shared::api::{IDEMPOTENCY_KEY_HEADER, Publish, Published};
use aitk_shared::event::Room;
use reqwest::Method;
use reqwest::header::HeaderValue;

use super::{Client, Repeat};
use crate::error::{Error, Kind, Result};

impl Client {
    /// Publishes an event once, however often it has to be sent under this key.
    pub async fn publish(&self, room: &Room, event: &Publish, key: &str) -> Result<Published> {
        let key = HeaderValue::from_str(key)
            .map_err(|_| Error::new(Kind::Usage, "an idempotency key must not hold control characters"))?;
        let request = self.request(Method::POST, &["rooms", room.as_str(), "events"]);
        let request = request.header(IDEMPOTENCY_KEY_HEADER, key).json(event);
        self.ask(request, &format!("room '{room}'"), Repeat::Safe).await
    }
}
