//! `/rooms/{room}/events`.

use serde::{Deserialize, Serialize};

use crate::event::{Event, Offset};
use crate::id::Epoch;

/// A page of a room's events.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct EventPage {
    /// The epoch in which offsets count.
    pub epoch: Epoch,
    /// The room's head.
    pub offset: Offset,
    /// Events after `since`, in order.
    pub events: Vec<Event>,
}
