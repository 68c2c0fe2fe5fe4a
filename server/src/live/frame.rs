//! What goes out over connections: encoded once, and shared by all who get it.

use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use aitk_shared::event::{Event, Offset};
use aitk_shared::id::Epoch;
use aitk_shared::socketio::{self, Namespace};
use axum::extract::ws::Utf8Bytes;
use engineioxide::Str;

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
    /// For Socket.IO, by namespace; made when the first client needs it.
    packets: [OnceLock<Option<Str>>; 2],
}

impl Encoded {
    fn new(text: Utf8Bytes, kind: &str, place: Option<(Epoch, Offset)>) -> Arc<Self> {
        Arc::new(Encoded { text, kind: kind.to_owned(), place, packets: Default::default() })
    }

    /// The event as a packet of Socket.IO.
    pub fn packet(&self, namespace: Namespace) -> Option<Str> {
        let encode = || {
            let event = serde_json::from_str(&self.text).ok()?;
            socketio::event(namespace, &event).ok().map(Str::from)
        };
        self.packets[namespace.index()].get_or_init(encode).clone()
    }
}

impl Frame {
    /// Encodes an event.
    pub fn of_event(event: &Event) -> serde_json::Result<Self> {
        let text = serde_json::to_string(event)?.into();
        let place = event.offset.map(|offset| (event.epoch.clone(), offset));
        Ok(Frame::Event(Encoded::new(text, &event.kind, place)))
    }

    /// The same event with [`Event::after`], its last field.
    pub fn after(&self, given: Offset) -> Self {
        let Frame::Event(event) = self else { return self.clone() };
        let text = format!("{},\"after\":{given}}}", self.strip_suffix('}').unwrap_or(self)).into();
        Frame::Event(Encoded::new(text, &event.kind, event.place.clone()))
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
