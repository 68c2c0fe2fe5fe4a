//! One connection to the server's WebSocket: frames out, frames in, and why it ended.

use std::time::Duration;

use aitk_shared::api::{API_KEY_HEADER, PROBLEM_JSON};
use aitk_shared::event::Event;
use aitk_shared::frame::{ClientFrame, ServerFrame, close};
use aitk_shared::limits;
use futures_util::{SinkExt, StreamExt};
use reqwest::header::{CONTENT_TYPE, HeaderValue, LOCATION, USER_AGENT};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::handshake::client::Response;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::client::{self, Client};
use crate::error::{Error, Kind};
use crate::output::shown;

/// A connection.
pub struct Link {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// Without a frame or a ping for so long, the line is dead.
    silence: Duration,
    /// Whether a frame ever came: what lets a socket open may still let nothing through it.
    heard: bool,
}

/// What came over it.
pub enum Frame {
    /// An answer or a word of the server.
    Server(ServerFrame),
    /// An event, and all of it as it came.
    Event(Box<Event>, Value),
}

/// Why a connection ended, or never began.
pub enum Break {
    /// Trying again will not help.
    Stop(Error),
    /// Trying again may help, after a while.
    Again {
        /// What happened.
        why: String,
        /// The server's wish, where it has one.
        after: Option<Duration>,
    },
    /// Something on the way lets no sockets through; plain requests may do.
    Blocked(String),
}

/// A break after which to try again.
pub fn again(why: impl Into<String>) -> Break {
    Break::Again { why: why.into(), after: None }
}

impl Link {
    /// Connects and shows the key; redirects are not followed.
    pub async fn open(client: &Client) -> Result<Self, Break> {
        // Two crates bring a TLS engine; the process must name one. A second call changes nothing.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let failed = |why: String| Break::Stop(Error::new(Kind::Failed, why));
        let url = client.server().socket();
        let mut request = url.as_str().into_client_request().map_err(|error| failed(error.to_string()))?;
        let mut key =
            HeaderValue::from_str(client.key().expose()).map_err(|error| failed(error.to_string()))?;
        key.set_sensitive(true);
        request.headers_mut().insert(API_KEY_HEADER, key);
        request.headers_mut().insert(USER_AGENT, HeaderValue::from_static(client::USER_AGENT));
        match timeout(client.patience(), connect_async(request)).await {
            Ok(Ok((socket, _))) => {
                let silence = limits::SOCKET_DEAD + limits::HEARTBEAT / 2;
                Ok(Link { socket, silence, heard: false })
            }
            Ok(Err(tungstenite::Error::Http(answer))) => Err(refused(client, &answer)),
            Ok(Err(tungstenite::Error::Protocol(error))) if error != ProtocolError::HandshakeIncomplete => {
                let why = shown(&error.to_string());
                Err(Break::Blocked(format!("{} does not speak WebSocket: {why}", client.server())))
            }
            Ok(Err(error)) => {
                Err(again(format!("cannot reach {}: {}", client.server(), shown(&error.to_string()))))
            }
            Err(_) => Err(Break::Blocked(format!("{} opened no socket in time", client.server()))),
        }
    }

    /// Sends a frame.
    pub async fn send(&mut self, frame: &ClientFrame) -> Result<(), Break> {
        let text =
            serde_json::to_string(frame).map_err(|error| Break::Stop(anyhow::Error::from(error).into()))?;
        self.socket.send(Message::text(text)).await.map_err(|error| again(shown(&error.to_string())))
    }

    /// Waits for the next frame.
    pub async fn next(&mut self) -> Result<Frame, Break> {
        loop {
            // The first frame comes by itself, and at once.
            let patience = if self.heard { self.silence } else { limits::SOCKET_AUTH };
            match timeout(patience, self.socket.next()).await {
                Err(_) => return Err(self.broke("the server fell silent".into())),
                Ok(None) => return Err(self.broke("the connection broke".into())),
                Ok(Some(Err(error))) => {
                    let why = format!("the connection broke: {}", shown(&error.to_string()));
                    return Err(self.broke(why));
                }
                Ok(Some(Ok(Message::Close(frame)))) => return Err(closed(frame)),
                Ok(Some(Ok(Message::Text(text)))) => {
                    let frame = decode(&text).map_err(|why| {
                        Break::Stop(Error::new(
                            Kind::Failed,
                            format!("the server sent a frame that cannot be: {why}"),
                        ))
                    })?;
                    if let Some(Frame::Server(ServerFrame::Connected { heartbeat_ms, .. })) = frame {
                        self.silence = Duration::from_millis(heartbeat_ms.clamp(1_000, 600_000)) * 5 / 2;
                    }
                    self.heard = true;
                    if let Some(frame) = frame {
                        return Ok(frame);
                    }
                }
                Ok(Some(Ok(_))) => {}
            }
        }
    }

    fn broke(&self, why: String) -> Break {
        if self.heard { again(why) } else { Break::Blocked(why) }
    }
}

/// Decodes a frame; `None` for a kind of a newer server.
fn decode(text: &str) -> Result<Option<Frame>, String> {
    let frame: Value = client::decode(text.as_bytes())?;
    match frame["type"].as_str() {
        None => Err("it has no type".into()),
        Some("connected" | "subscribed" | "unsubscribed" | "pong" | "error") => {
            client::decode(text.as_bytes()).map(|frame| Some(Frame::Server(frame)))
        }
        Some(kind) if kind.contains([':', '.']) => {
            client::decode(text.as_bytes()).map(|event| Some(Frame::Event(Box::new(event), frame)))
        }
        Some(_) => Ok(None),
    }
}

fn refused(client: &Client, answer: &Response) -> Break {
    if answer.status().is_redirection() {
        let place = answer.headers().get(LOCATION).and_then(|value| value.to_str().ok()).unwrap_or("nowhere");
        return Break::Stop(Error::new(
            Kind::Failed,
            format!("{} redirects to {}, which is not followed", client.server(), shown(place)),
        ));
    }
    let media = answer.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if !media.is_some_and(|media| media.starts_with(PROBLEM_JSON)) {
        return Break::Blocked(format!(
            "a socket to {} was answered with {}",
            client.server(),
            answer.status()
        ));
    }
    let body = answer.body().as_deref().unwrap_or_default();
    let error = client::refusal(client.server(), "its event stream", answer.status(), body);
    match error.kind {
        Kind::Unreachable => again(error.message),
        _ => Break::Stop(error),
    }
}

fn closed(frame: Option<CloseFrame>) -> Break {
    let Some(frame) = frame else { return again("the server closed the connection") };
    let code = u16::from(frame.code);
    let reason = shown(&frame.reason);
    let stop = |what: &str| Break::Stop(Error::new(Kind::Credentials, format!("{what}: {reason}")));
    match code {
        close::UNAUTHENTICATED => stop("the server does not take the key (any more)"),
        close::FORBIDDEN => stop("the server does not allow this"),
        _ => again(format!("the server closed the connection ({code}: {reason})")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_told_apart_by_their_type() {
        let event = r#"{"type":"doc:updated","id":"e","room":"project:p","epoch":"x","offset":1,
            "at":"2026-11-20T19:10:00Z","actor":null,"data":{},"extra":1}"#;
        let Ok(Some(Frame::Event(event, raw))) = decode(event) else { panic!("no event") };
        assert_eq!((event.offset, raw["extra"].as_u64()), (Some(1), Some(1)));
        assert!(matches!(
            decode(r#"{"type":"error","code":"x","message":"m"}"#),
            Ok(Some(Frame::Server(ServerFrame::Error { .. })))
        ));
        assert!(matches!(decode(r#"{"type":"new-thing"}"#), Ok(None)));
        for bad in ["", "[]", "{}", r#"{"type":"doc:updated"}"#, r#"{"type":"subscribed","room":"x"}"#] {
            assert!(decode(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_a_refused_key_ends_it_for_good() {
        for (code, stops) in
            [(4401, true), (4403, true), (4008, false), (4012, false), (1006, false), (1000, false)]
        {
            let frame = CloseFrame { code: code.into(), reason: "r".into() };
            assert_eq!(matches!(closed(Some(frame)), Break::Stop(_)), stops, "{code}");
        }
        assert!(matches!(closed(None), Break::Again { .. }));
    }
}
