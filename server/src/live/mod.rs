//! Rooms and the sockets in them. The log in the store is the truth; everything
//! here only carries it, in order, to whoever is connected to this instance.

mod hub;
#[cfg(test)]
mod model;
mod outbox;
mod socket;

pub use hub::{Connection, Hub, Outgoing, tell_of_company};
pub use outbox::{Closing, Outbox};
pub use socket::upgrade;
