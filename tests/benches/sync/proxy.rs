//! A TCP proxy that makes latency and counts bytes.
//!
//! A client's bytes wait once a request: when they are the first ones, and when they follow bytes of
//! the server. That is a round trip on an open connection; connecting costs nothing.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread::{sleep, spawn};
use std::time::Duration;

pub struct Proxy {
    pub address: SocketAddr,
    traffic: Arc<Traffic>,
}

#[derive(Default)]
struct Traffic {
    up: AtomicU64,
    down: AtomicU64,
    /// Connections that are open.
    open: AtomicUsize,
    /// What clients sent since the count began.
    request: Mutex<Vec<u8>>,
    manner: Mutex<Manner>,
}

/// What becomes of a new connection.
#[derive(Clone, Copy, Default)]
enum Manner {
    #[default]
    Serve,
    /// Taken, and never answered.
    Hang,
    /// Refused, now and for ever.
    Refuse,
}

/// Only the first bytes of a request are remembered.
const REMEMBERED: usize = 64 * 1024;

impl Proxy {
    /// Stands in front of a server; each request takes `delay` longer.
    pub fn before(server: SocketAddr, delay: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let traffic = Arc::new(Traffic::default());
        let shared = Arc::clone(&traffic);
        spawn(move || {
            let mut hanging = Vec::new();
            for client in listener.incoming() {
                let manner = *shared.manner.lock().unwrap();
                match manner {
                    Manner::Serve => carry(client.unwrap(), server, delay, &shared),
                    Manner::Hang => hanging.push(client),
                    Manner::Refuse => return,
                }
            }
        });
        Proxy { address, traffic }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on connections are taken and never answered.
    pub fn hang(&self) {
        *self.traffic.manner.lock().unwrap() = Manner::Hang;
    }

    /// From now on connections are refused.
    pub fn refuse(&self) {
        *self.traffic.manner.lock().unwrap() = Manner::Refuse;
        while TcpStream::connect(self.address).is_ok() {
            sleep(Duration::from_millis(1));
        }
    }

    pub fn count_anew(&self) {
        self.wait_for_silence();
        self.traffic.up.store(0, SeqCst);
        self.traffic.down.store(0, SeqCst);
        self.traffic.request.lock().unwrap().clear();
    }

    /// Bytes up and down since the count began, when the last connection is closed.
    pub fn counted(&self) -> (u64, u64) {
        self.wait_for_silence();
        (self.traffic.up.load(SeqCst), self.traffic.down.load(SeqCst))
    }

    /// What clients sent since the count began.
    pub fn request(&self) -> Vec<u8> {
        self.wait_for_silence();
        self.traffic.request.lock().unwrap().clone()
    }

    fn wait_for_silence(&self) {
        for _ in 0..1_000 {
            if self.traffic.open.load(SeqCst) == 0 {
                return;
            }
            sleep(Duration::from_millis(1));
        }
    }
}

/// Two threads a connection, one each way.
fn carry(client: TcpStream, server: SocketAddr, delay: Duration, traffic: &Arc<Traffic>) {
    let Ok(server) = TcpStream::connect(server) else { return };
    client.set_nodelay(true).unwrap();
    server.set_nodelay(true).unwrap();
    traffic.open.fetch_add(2, SeqCst);
    let is_answered = Arc::new(AtomicBool::new(true));
    let (up_from, up_to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    let (seen, answered) = (Arc::clone(traffic), Arc::clone(&is_answered));
    spawn(move || {
        pass_on(up_from, up_to, |bytes| {
            seen.up.fetch_add(bytes.len() as u64, SeqCst);
            let mut request = seen.request.lock().unwrap();
            let room = REMEMBERED - request.len();
            request.extend_from_slice(&bytes[..bytes.len().min(room)]);
            drop(request);
            if answered.swap(false, SeqCst) {
                sleep(delay);
            }
        });
        seen.open.fetch_sub(1, SeqCst);
    });
    let seen = Arc::clone(traffic);
    spawn(move || {
        pass_on(server, client, |bytes| {
            seen.down.fetch_add(bytes.len() as u64, SeqCst);
            is_answered.store(true, SeqCst);
        });
        seen.open.fetch_sub(1, SeqCst);
    });
}

fn pass_on(mut from: TcpStream, mut to: TcpStream, mut see: impl FnMut(&[u8])) {
    let mut bytes = vec![0; 64 * 1024];
    loop {
        match from.read(&mut bytes) {
            Ok(length) if length > 0 => {
                see(&bytes[..length]);
                if to.write_all(&bytes[..length]).is_ok() {
                    continue;
                }
            }
            _ => {}
        }
        let _ = to.shutdown(Shutdown::Write);
        let _ = from.shutdown(Shutdown::Read);
        return;
    }
}
