//! The way to one client: packets in order, at the client's own pace.

use std::sync::Arc;
use std::time::Duration;

use engineioxide::{DisconnectReason, Socket, Str};
use tokio::sync::mpsc::error::TrySendError;
use tokio::time::{Instant, sleep};

use super::Inbox;
use crate::live::Closing;
use crate::state::App;

/// The engine tells nobody that it has room again, so it is asked this often.
const ROOM_AGAIN: Duration = Duration::from_millis(10);

/// The engine's connection.
pub struct Line {
    app: App,
    socket: Arc<Socket<Inbox>>,
}

/// Why nothing more is sent.
pub enum Broken {
    /// The client left, or takes nothing.
    Gone,
    /// The server closes the connection.
    Closed(Closing),
}

impl Line {
    pub fn new(app: App, socket: Arc<Socket<Inbox>>) -> Self {
        Line { app, socket }
    }

    /// The connection itself.
    pub fn socket(&self) -> &Socket<Inbox> {
        &self.socket
    }

    /// Sends a packet as soon as there is room for it; `outbox_closed` ends the wait.
    pub async fn send(
        &self,
        packet: impl Into<Str>,
        outbox_closed: impl Future<Output = Closing>,
    ) -> Result<(), Broken> {
        let mut packet = match self.socket.emit(packet) {
            Ok(()) => return Ok(()),
            Err(TrySendError::Closed(_)) => return Err(Broken::Gone),
            Err(TrySendError::Full(packet)) => packet,
        };
        let patience = Instant::now() + self.app.limits.socket_dead;
        let room = async {
            while Instant::now() < patience {
                sleep(ROOM_AGAIN).await;
                packet = match self.socket.emit(packet) {
                    Ok(()) => return Ok(()),
                    Err(TrySendError::Closed(_)) => break,
                    Err(TrySendError::Full(packet)) => packet,
                };
            }
            Err(Broken::Gone)
        };
        tokio::select! {
            sent = room => sent,
            closing = outbox_closed => Err(Broken::Closed(closing)),
            () = self.app.drained() => Err(Broken::Closed(Closing::GOING_AWAY)),
        }
    }

    /// Sends a last packet, if there is room for it now.
    pub fn send_last(&self, packet: String) {
        let _ = self.socket.emit(packet);
    }

    /// Ends the connection; the client comes back by itself.
    pub fn close(&self) {
        self.socket.close(DisconnectReason::ClosingServer);
    }
}
