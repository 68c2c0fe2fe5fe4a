//! Rooms and who listens to them: by WebSocket, event stream or Socket.IO. The log in the store is
//! the truth; everything here only carries it, in order, to whoever is connected to this instance.

mod frame;
mod hub;
#[cfg(test)]
mod model;
mod outbox;
mod reader;
mod socket;
pub(crate) mod socketio;
mod stream;

pub use frame::{Encoded, Frame};
pub use hub::{Connection, Hub, Outgoing, tell_of_company};
pub use outbox::{Closing, Outbox};
pub use reader::{Missed, Reader};
pub use socket::upgrade;
pub use stream::{Stream, parse_id};
