//! `/socket.io`: the rooms for clients of Socket.IO 4, over WebSocket or polling.
//!
//! The engine below (handshake, transports, heartbeat) is engineioxide's. Rooms are the hub's, as
//! for every transport: one log, one cursor. One task a client, which may be in both namespaces.

mod calls;
mod client;
mod line;

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use aitk_shared::limits;
use aitk_shared::rate::{Meter, Quota};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use engineioxide::config::EngineIoConfig;
use engineioxide::handler::EngineIoHandler;
use engineioxide::service::EngineIoService;
use engineioxide::{DisconnectReason, Socket, Str};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::error::{Error, Result};
use crate::origin::Origin;
use crate::state::App;
use client::Client;

/// Packets that wait in the engine for one client; what else waits is in its outbox.
const ENGINE_PACKETS: usize = 64;
/// What one client may have sent that nobody looked at yet, in bytes.
const INBOX_BYTES: usize = 256 * 1024;
/// What a message takes beside its text, in bytes.
const MESSAGE_BYTES: usize = 64;

/// The routes of the engine.
pub fn routes(app: &App) -> Router<App> {
    let config = EngineIoConfig::builder()
        .req_path("/socket.io")
        .ping_interval(app.limits.heartbeat)
        .ping_timeout(app.limits.socket_dead.saturating_sub(app.limits.heartbeat))
        .max_buffer_size(ENGINE_PACKETS)
        .max_payload(limits::FRAME_BYTES as u64)
        .ws_max_message_size(limits::FRAME_BYTES)
        .ws_max_frame_size(limits::FRAME_BYTES)
        .build();
    let service = EngineIoService::with_config(Arc::new(Clients { app: app.clone() }), config);
    let handshakes = Handshakes { app: app.clone(), meter: Arc::default() };
    Router::new()
        .route_service("/socket.io", service.clone())
        .route_service("/socket.io/", service)
        .layer(from_fn_with_state(handshakes, bound))
}

/// Counts handshakes: each makes a session before anybody showed a credential.
#[derive(Clone)]
struct Handshakes {
    app: App,
    meter: Arc<Mutex<Meter>>,
}

/// Refuses handshakes over the bound: as many a minute as there may be sockets, so that all clients
/// come back after a restart. Tells the client's task where the request came from.
async fn bound(State(handshakes): State<Handshakes>, mut request: Request, next: Next) -> Result<Response> {
    let Handshakes { app, meter } = handshakes;
    let goes_on = request.uri().query().unwrap_or_default().split('&').any(|part| part.starts_with("sid="));
    if !goes_on {
        let quota = Quota::a_minute(app.limits.sockets);
        let taken = meter.lock().unwrap_or_else(PoisonError::into_inner).take(quota, app.clock.now());
        taken.map_err(|after| Error::RateLimited { what: "too many new connections", after })?;
        if *app.draining.borrow() {
            return Err(Error::Busy("the server goes away"));
        }
        if let Some(origin) = Origin::current() {
            request.extensions_mut().insert(origin);
        }
    }
    Ok(next.run(request).await)
}

/// All clients of the engine.
struct Clients {
    app: App,
}

impl fmt::Debug for Clients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clients")
    }
}

/// What came over a connection, until its task looks at it.
#[derive(Default)]
pub struct Inbox {
    sender: Mutex<Option<UnboundedSender<Str>>>,
    waiting: AtomicUsize,
}

impl Inbox {
    fn open(&self) -> UnboundedReceiver<Str> {
        let (sender, receiver) = unbounded_channel();
        *self.sender.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
        receiver
    }

    /// False where too much waits already.
    fn put(&self, message: Str) -> bool {
        let bytes = message.len() + MESSAGE_BYTES;
        if self.waiting.fetch_add(bytes, Ordering::Relaxed) + bytes > INBOX_BYTES {
            return false;
        }
        if let Some(sender) = &*self.sender.lock().unwrap_or_else(PoisonError::into_inner) {
            // Without a receiver its client is gone.
            let _ = sender.send(message);
        }
        true
    }

    fn taken(&self, message: &Str) {
        self.waiting.fetch_sub(message.len() + MESSAGE_BYTES, Ordering::Relaxed);
    }

    fn close(&self) {
        *self.sender.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl EngineIoHandler for Clients {
    type Data = Inbox;

    fn on_connect(self: Arc<Self>, socket: Arc<Socket<Inbox>>) {
        let inbox = socket.data.open();
        tokio::spawn(Client::new(self.app.clone(), socket, inbox).run());
    }

    fn on_disconnect(&self, socket: Arc<Socket<Inbox>>, _: DisconnectReason) {
        socket.data.close();
    }

    fn on_message(self: &Arc<Self>, message: Str, socket: Arc<Socket<Inbox>>) {
        if !socket.data.put(message) {
            socket.close(DisconnectReason::TransportClose);
        }
    }

    fn on_binary(self: &Arc<Self>, _: Bytes, socket: Arc<Socket<Inbox>>) {
        socket.close(DisconnectReason::PacketParsingError);
    }
}
