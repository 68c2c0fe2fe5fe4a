//! Server-sent events: a room over one plain answer that does not end, as `EventSource` reads it.
//!
//! The connection pulls: nothing is read from the log or taken from the outbox before the client
//! took what came before it, and no task of its own is needed.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use aitk_shared::event::{Offset, Room};
use aitk_shared::frame::ServerFrame;
use aitk_shared::id::Epoch;
use axum::http::HeaderName;
use axum::response::sse::{Event as Line, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Serialize;

use super::{Closing, Encoded, Frame, Missed, Reader};
use crate::error::{Error, Result};

/// A client that lost the line comes back after so long.
const RETRY: Duration = Duration::from_secs(2);
/// Proxies must pass on what comes at once.
const UNBUFFERED: (HeaderName, &str) = (HeaderName::from_static("x-accel-buffering"), "no");

/// One room on its way to one client.
pub struct Stream {
    reader: Reader,
    room: Room,
    /// Until live events follow.
    missed: Option<Missed>,
    lines: VecDeque<Line>,
    is_over: bool,
}

impl Stream {
    /// Answers with the room: its state or what was missed after `since`, then live events.
    pub async fn open(
        reader: Reader,
        room: Room,
        since: Option<Offset>,
        epoch: Option<Epoch>,
    ) -> Result<Response> {
        let (answer, missed) = reader.subscribe(&room, since, epoch.as_ref()).await?;
        let first = first_line(&answer, since)?.retry(RETRY);
        let heartbeat = KeepAlive::new().interval(reader.app.limits.heartbeat);
        let stream =
            Stream { reader, room, missed: Some(missed), lines: VecDeque::from([first]), is_over: false };
        let lines = stream::unfold(stream, |mut stream| async {
            let line = stream.next().await?;
            Some((Ok::<_, Infallible>(line), stream))
        });
        Ok(([UNBUFFERED], Sse::new(lines).keep_alive(heartbeat)).into_response())
    }

    async fn next(&mut self) -> Option<Line> {
        while self.lines.is_empty() && !self.is_over {
            if let Err(closing) = self.fill().await {
                self.close(closing);
            }
        }
        self.lines.pop_front()
    }

    async fn fill(&mut self) -> Result<(), Closing> {
        if let Some(missed) = &mut self.missed {
            match missed.next(&self.reader).await? {
                Some(page) => {
                    let frames = page.iter().filter_map(|event| Frame::of_event(event).ok());
                    frames.for_each(|frame| self.put(&frame));
                }
                None => self.missed = None,
            }
            return Ok(());
        }
        let app = self.reader.app.clone();
        tokio::select! {
            () = self.reader.connection.outbox.filled() => {}
            closing = self.reader.expired() => return Err(closing),
            () = app.drained() => return Err(Closing::GOING_AWAY),
        }
        let frames = self.reader.connection.outbox.take()?;
        frames.iter().for_each(|frame| self.put(frame));
        self.reader.recheck().await?;
        match self.reader.who.may_hear(&self.room) {
            true => Ok(()),
            false => Err(Closing::NO_ROOM),
        }
    }

    fn put(&mut self, frame: &Frame) {
        match frame {
            Frame::Event(event) => self.lines.push_back(line(event)),
            // All that a room says besides events: that it is no more.
            Frame::Word(_) => self.close(Closing::NO_ROOM),
        }
    }

    /// The last word.
    fn close(&mut self, closing: Closing) {
        if std::mem::replace(&mut self.is_over, true) {
            return;
        }
        let Reader { app, connection, .. } = &self.reader;
        app.hub.disconnect(connection.id, app.clock.now());
        let word = closing.word(connection.id);
        let retry = word.retry_after_ms.map(Duration::from_millis);
        if let Ok(line) = json("closed", &word) {
            self.lines.push_back(match retry {
                Some(retry) => line.retry(retry),
                None => line,
            });
        }
    }
}

/// The answer to the subscription. Who reconnects before any event came is where it is now.
fn first_line(answer: &ServerFrame, since: Option<Offset>) -> Result<Line> {
    let line = json("subscribed", answer).map_err(|error| Error::Internal(error.into()))?;
    Ok(match answer {
        ServerFrame::Subscribed { epoch, offset, recovered, .. } => {
            let at = if *recovered { since.unwrap_or(*offset) } else { *offset };
            line.id(id(epoch, at))
        }
        _ => line,
    })
}

fn line(event: &Encoded) -> Line {
    let line = Line::default().event(&event.kind).data(&*event.text);
    match &event.place {
        Some((epoch, offset)) => line.id(id(epoch, *offset)),
        None => line,
    }
}

fn json(name: &str, data: &impl Serialize) -> serde_json::Result<Line> {
    Ok(Line::default().event(name).data(serde_json::to_string(data)?))
}

fn id(epoch: &Epoch, offset: Offset) -> String {
    format!("{epoch}:{offset}")
}

/// Reads an id back: where its client stood. What is no id of ours is a place that nobody knows.
pub fn parse_id(id: &str) -> Option<(Epoch, Offset)> {
    let (epoch, offset) = id.rsplit_once(':')?;
    Some((Epoch::parse(epoch).ok()?, offset.parse().ok()?))
}
