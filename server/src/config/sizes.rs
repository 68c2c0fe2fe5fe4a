//! Sizes and counts that a server accepts.

use std::time::Duration;

use aitk_shared::limits;

/// Sizes and counts that a server accepts.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of one doc.
    pub doc_bytes: u64,
    /// Docs of one project.
    pub project_docs: u64,
    /// Bytes of all docs of one project.
    pub project_bytes: u64,
    /// Failed authentications a minute and address.
    pub auth_failures: u32,
    /// Sockets in all.
    pub sockets: u32,
    /// Sockets of one user or key.
    pub user_sockets: u32,
    /// Rooms of one socket.
    pub socket_rooms: u32,
    /// Frames a minute and socket.
    pub client_frames: u32,
    /// How often a ping goes out; no setting, for tests.
    pub heartbeat: Duration,
    /// How long a socket may be silent; no setting, for tests.
    pub socket_dead: Duration,
    /// How long a socket may show no credential; no setting, for tests.
    pub socket_auth: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            doc_bytes: limits::DOC_BYTES,
            project_docs: limits::PROJECT_DOCS,
            project_bytes: limits::PROJECT_BYTES,
            auth_failures: limits::AUTH_FAILURES,
            sockets: limits::SOCKETS,
            user_sockets: limits::USER_SOCKETS,
            socket_rooms: limits::SOCKET_ROOMS,
            client_frames: limits::CLIENT_FRAMES,
            heartbeat: limits::HEARTBEAT,
            socket_dead: limits::SOCKET_DEAD,
            socket_auth: limits::SOCKET_AUTH,
        }
    }
}
