//! What goes out over connections: encoded once, and shared by all who get it.

use std::ops::Deref;
use std::sync::Arc;

use aitk_shared::event::{Event, Offset};
use aitk_shared::id::Epoch;
use axum::extract::ws::Utf8Bytes;

/// Something that waits to be sent. As text it is the frame of a socket.
#[derive(Clone, Debug)]
pub enum Frame {
    /// What one connection is told.
    Word(Utf8Bytes),
    /// An event.
    Event(Arc<Encoded>),
}

/// An event, with what the other transports need beside its JSON.
#[derive(Debug)]
pub struct Encoded {
    /// The event as JSON.
    pub text: Utf8Bytes,
    /// Its type.
    pub kind: String,
    /// Its place in the room, with the life of the database in which that counts; ephemeral events have none.
    pub place: Option<(Epoch, Offset)>,
}

impl Frame {
    /// Encodes an event.
    pub fn of_event(event: &Event) -> serde_json::Result<Self> {
        let text = serde_json::to_string(event)?.into();
        let place = event.offset.map(|offset| (event.epoch.clone(), offset));
        Ok(Frame::Event(Arc::new(Encoded { text, kind: event.kind.clone(), place })))
    }

    /// The same event with [`Event::after`], its last field.
    pub fn after(&self, given: Offset) -> Self {
        let Frame::Event(event) = self else { return self.clone() };
        let text = format!("{},\"after\":{given}}}", self.strip_suffix('}').unwrap_or(self)).into();
        Frame::Event(Arc::new(Encoded { text, kind: event.kind.clone(), place: event.place.clone() }))
    }

    /// As a socket sends it.
    pub fn text(&self) -> &Utf8Bytes {
        match self {
            Frame::Word(text) => text,
            Frame::Event(event) => &event.text,
        }
    }
}

impl Deref for Frame {
    type Target = str;
    fn deref(&self) -> &str {
        self.text()
    }
}

impl From<Utf8Bytes> for Frame {
    fn from(text: Utf8Bytes) -> Self {
        Frame::Word(text)
    }
}
