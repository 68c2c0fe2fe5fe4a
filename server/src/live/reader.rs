//! A connection whose credential is known from its first moment: event streams and Socket.IO. It is
//! counted, limited, looked at again and ended as sockets are.

use std::future::pending;
use std::time::Duration;

use aitk_shared::event::{Event, Offset, Room};
use aitk_shared::frame::ServerFrame;
use aitk_shared::id::Epoch;

use super::socket::{attend, missed, seat, snapshot};
use super::{Closing, Connection};
use crate::auth::Credential;
use crate::error::{Error, Result};
use crate::state::App;

/// Who has too many connections tries again after so long: another may have ended.
const TOO_MANY_WAIT: Duration = Duration::from_secs(10);

/// Who listens. Dropped, it is gone from every room.
pub struct Reader {
    /// The server.
    pub app: App,
    /// The connection, as the hub knows it.
    pub connection: Connection,
    /// Its credential.
    pub who: Credential,
}

impl Reader {
    /// Takes a seat for a credential that holds, if there is one.
    pub async fn admit(app: &App, who: Credential) -> Result<Self> {
        let connection = app.hub.connect(app.limits.sockets).ok_or(Error::Busy("too many connections"))?;
        let mut reader = Reader { app: app.clone(), connection, who };
        let most = app.limits.user_sockets;
        if app.hub.identify(reader.connection.id, &reader.who.actor.id, most).is_err() {
            return Err(Error::RateLimited {
                what: "too many connections of this credential",
                after: TOO_MANY_WAIT,
            });
        }
        // Revoked since it was looked at, nobody would have told this connection.
        reader.who = reader.who.renewed(app).await?;
        Ok(reader)
    }

    /// Subscribes: the answer first, then what was missed, then live events.
    pub async fn subscribe(
        &self,
        room: &Room,
        since: Option<Offset>,
        epoch: Option<&Epoch>,
    ) -> Result<(ServerFrame, Missed)> {
        if !self.who.may_hear(room) {
            return Err(Error::NotFound(format!("no room '{room}'")));
        }
        self.app.hub.join(room, &self.connection);
        match snapshot(&self.app, room, since, epoch).await {
            Ok((mut answer @ ServerFrame::Subscribed { offset: head, .. }, from)) => {
                attend(&self.app, &self.connection, room, &self.who);
                seat(&mut answer, self.app.hub.presence(room));
                Ok((answer, Missed { room: room.clone(), head, from }))
            }
            Ok(_) => Err(Error::Internal(anyhow::anyhow!("a snapshot that is none"))),
            Err(error) => {
                self.app.hub.leave(room, self.connection.id, self.app.clock.now());
                Err(error)
            }
        }
    }

    /// Takes no more of a room's events.
    pub fn pause(&self, room: &Room) {
        self.app.hub.leave(room, self.connection.id, self.app.clock.now());
    }

    /// Waits until the credential ends by the clock.
    pub async fn expired(&self) -> Closing {
        match self.who.expires_at {
            Some(end) => self.app.clock.sleep_until(end).await,
            None => pending().await,
        }
        Closing::UNAUTHENTICATED
    }

    /// Looks again at the credential, where that was asked for. While what it covers cannot be
    /// known, the client comes back.
    pub async fn recheck(&mut self) -> Result<(), Closing> {
        if !self.connection.outbox.take_recheck() {
            return Ok(());
        }
        match self.who.renewed(&self.app).await {
            Ok(who) if !who.is_spent() => self.who = who,
            Ok(_) | Err(Error::Unauthorized(_)) => return Err(Closing::UNAUTHENTICATED),
            Err(error) => {
                tracing::error!(?error, "cannot look at a connection's credential again");
                return Err(Closing::GOING_AWAY);
            }
        }
        Ok(())
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.app.hub.disconnect(self.connection.id, self.app.clock.now());
    }
}

/// What a subscriber missed, on its way.
pub struct Missed {
    /// The room.
    pub room: Room,
    head: Offset,
    from: Option<Offset>,
}

impl Missed {
    /// Some of it, in order; `None` once that was all, and the room's live events follow.
    pub async fn next(&mut self, reader: &Reader) -> Result<Option<Vec<Event>>, Closing> {
        let Reader { app, connection, who } = reader;
        let Some(given) = self.from else {
            app.hub.start(&self.room, connection, self.head);
            return Ok(None);
        };
        if who.expires_at.is_some_and(|end| end <= app.clock.now()) {
            return Err(Closing::UNAUTHENTICATED);
        }
        // Trimmed under our hands: better to start over than to leave a hole.
        let page = missed(app, &self.room, given, self.head, &who.actor.id).await;
        let page = page.map_err(|_| Closing::SLOW)?;
        match page.last().and_then(|event| event.offset) {
            Some(last) => {
                self.from = Some(last);
                Ok(Some(page))
            }
            None => {
                app.hub.start_after(&self.room, connection, self.head, given);
                Ok(None)
            }
        }
    }
}
