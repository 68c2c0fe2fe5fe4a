//! `/rooms/{room}/events`.

use serde::{Deserialize, Serialize};

use crate::event::{Event, Offset};
use crate::id::Epoch;

/// A page of a room's events.
///
/// `E` is an event: typed, or the JSON that came where all of it has to be passed on.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct EventPage<E = Event> {
    /// The epoch in which offsets count.
    pub epoch: Epoch,
    /// The room's head.
    pub offset: Offset,
    /// Events after `since`, in order.
    pub events: Vec<E>,
}
