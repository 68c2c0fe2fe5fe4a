//! A broken platform: a small server that answers as a scenario says, in front of a real one.
//!
//! It passes every request on until it is told to misbehave, so that a person can be logged in and
//! have a copy by honest means before anything breaks. It counts bytes and requests on the way.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::docs::{docs_hash_of, sha256};

type Manner = dyn Fn(&Request) -> Reply + Send + Sync;

/// A server that does as it is told.
pub struct StandIn {
    pub url: String,
    inner: Arc<Inner>,
}

struct Inner {
    upstream: String,
    manner: Mutex<Arc<Manner>>,
    heard: Mutex<Vec<Request>>,
    over: AtomicBool,
}

impl StandIn {
    /// Stands before the server at `upstream` and passes everything on.
    pub fn before(upstream: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let inner = Arc::new(Inner {
            upstream: upstream.strip_prefix("http://").unwrap().to_owned(),
            manner: Mutex::new(Arc::new(Request::pass_on)),
            heard: Mutex::new(Vec::new()),
            over: AtomicBool::new(false),
        });
        let shared = inner.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if shared.over.load(Ordering::Relaxed) {
                    return;
                }
                let shared = shared.clone();
                std::thread::spawn(move || stream.map(|stream| shared.serve(stream)));
            }
        });
        StandIn { url, inner }
    }

    /// Answers everything so from now on, and forgets what it heard before.
    pub fn answer(&self, manner: impl Fn(&Request) -> Reply + Send + Sync + 'static) {
        *self.inner.manner.lock().unwrap() = Arc::new(manner);
        self.inner.heard.lock().unwrap().clear();
    }

    /// Passes everything on again.
    pub fn be_honest(&self) {
        self.answer(Request::pass_on);
    }

    /// What it was asked since it was last told how to answer.
    pub fn heard(&self) -> Vec<Request> {
        self.inner.heard.lock().unwrap().clone()
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.inner.over.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.url.strip_prefix("http://").unwrap());
    }
}

impl Inner {
    fn serve(&self, stream: TcpStream) {
        let Some(request) = Request::read(&stream, &self.upstream) else { return };
        self.heard.lock().unwrap().push(request.clone());
        let manner = self.manner.lock().unwrap().clone();
        manner(&request).write(stream);
    }
}

/// What somebody asked.
#[derive(Clone, Debug)]
pub struct Request {
    pub at: Instant,
    /// The first line: method, path, version.
    pub line: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// All of it, as it came.
    pub bytes: usize,
    upstream: String,
}

impl Request {
    fn read(stream: &TcpStream, upstream: &str) -> Option<Self> {
        let mut input = BufReader::new(stream);
        let (mut line, mut headers) = (String::new(), Vec::new());
        let mut bytes = input.read_line(&mut line).ok()?;
        loop {
            let mut text = String::new();
            bytes += input.read_line(&mut text).ok()?;
            match text.trim_end().split_once(": ") {
                Some((name, value)) => headers.push((name.to_ascii_lowercase(), value.to_owned())),
                None if line.is_empty() => return None,
                None => break,
            }
        }
        let line = line.trim_end().to_owned();
        let upstream = upstream.to_owned();
        let mut request = Request { at: Instant::now(), line, headers, body: Vec::new(), bytes, upstream };
        let length = request.header("content-length").and_then(|n| n.parse().ok()).unwrap_or(0);
        request.body.resize(length, 0);
        input.read_exact(&mut request.body).ok()?;
        request.bytes += length;
        Some(request)
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(its, _)| its == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// What the real server answers, not compressed.
    pub fn pass_on(&self) -> Reply {
        self.pass(&self.body, &["accept-encoding"])
    }

    /// What the real server answers, as it comes over the wire.
    pub fn pass_on_as_it_is(&self) -> Reply {
        self.pass(&self.body, &[])
    }

    /// What the real server answers to somebody without a copy: all docs.
    pub fn pass_on_for_everything(&self) -> Reply {
        self.pass(b"{}", &["accept-encoding"])
    }

    fn pass(&self, body: &[u8], without: &[&str]) -> Reply {
        let mut head = format!("{}\r\nhost: {}\r\nconnection: close\r\n", self.line, self.upstream);
        let ours = ["host", "connection", "content-length"];
        for (name, value) in &self.headers {
            if !ours.contains(&name.as_str()) && !without.contains(&name.as_str()) {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
        }
        head.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
        let answer = TcpStream::connect(&self.upstream).and_then(|mut stream| {
            stream.write_all(&[head.as_bytes(), body].concat())?;
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).map(|_| answer)
        });
        answer.ok().and_then(|answer| Reply::parse(&answer)).unwrap_or_else(Reply::reset)
    }
}

/// An answer, whole or broken.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The first lines; none for a server that says nothing at all.
    head: Option<String>,
    pub body: Vec<u8>,
    with_length: bool,
    /// How many bytes of the body are sent at all.
    cut: Option<usize>,
    /// The body goes out in parts of so many bytes, with a pause after each.
    pace: Option<(usize, Duration)>,
    /// Sent after the body.
    flood: Option<Flood>,
    end: End,
}

/// More than anybody wants to hear.
#[derive(Clone)]
struct Flood {
    count: usize,
    piece: Arc<dyn Fn(usize) -> Vec<u8> + Send + Sync>,
}

impl std::fmt::Debug for Flood {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Flood({})", self.count)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    Close,
    Reset,
    Hang,
}

impl Reply {
    /// An answer with a status and a body of JSON.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        let head = format!("HTTP/1.1 {status} As Told\r\ncontent-type: application/json\r\n");
        Reply::of(Some(head), body.into())
    }

    /// A problem document of the platform's own kind.
    pub fn problem(status: u16, code: &str, detail: &str) -> Self {
        let problem = serde_json::json!({
            "type": format!("urn:aitk:problem:{code}"), "title": code, "status": status, "detail": detail, "code": code,
        });
        Reply::new(status, problem.to_string())
    }

    /// Nothing, for as long as somebody waits.
    pub fn silence() -> Self {
        Reply { end: End::Hang, ..Reply::of(None, Vec::new()) }
    }

    /// A connection that is reset instead of an answer.
    pub fn reset() -> Self {
        Reply { end: End::Reset, ..Reply::of(None, Vec::new()) }
    }

    /// Bytes that need not be HTTP.
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Reply { with_length: false, ..Reply::of(Some(String::new()), bytes.into()) }
    }

    fn of(head: Option<String>, body: Vec<u8>) -> Self {
        Reply { head, body, with_length: true, cut: None, pace: None, flood: None, end: End::Close }
    }

    fn parse(answer: &[u8]) -> Option<Self> {
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&answer[..end]);
        let (mut kept, mut chunked) = (String::new(), false);
        for line in head.split("\r\n") {
            let name = line.split(':').next().unwrap_or_default().to_ascii_lowercase();
            chunked |= name == "transfer-encoding";
            if !["content-length", "connection", "transfer-encoding", "keep-alive"].contains(&name.as_str()) {
                kept.push_str(&format!("{line}\r\n"));
            }
        }
        let body = &answer[end + 4..];
        Some(Reply::of(Some(kept), if chunked { unchunked(body) } else { body.to_vec() }))
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.head.get_or_insert_default().push_str(&format!("{name}: {value}\r\n"));
        self
    }

    /// Whether the head holds this text.
    pub fn has(&self, text: &str) -> bool {
        self.head.as_ref().is_some_and(|head| head.contains(text))
    }

    /// Changes the body's JSON.
    pub fn edit(mut self, change: impl FnOnce(&mut Value)) -> Self {
        let mut value = serde_json::from_slice(&self.body).unwrap();
        change(&mut value);
        self.body = value.to_string().into_bytes();
        self
    }

    /// Ends after so many bytes of the body, though it promised more.
    pub fn cut(self, at: usize) -> Self {
        Reply { cut: Some(at), ..self }
    }

    /// Resets the connection after so many bytes of the body.
    pub fn reset_after(self, at: usize) -> Self {
        Reply { cut: Some(at), end: End::Reset, ..self }
    }

    /// Says no more after so many bytes of the body.
    pub fn hang_after(self, at: usize) -> Self {
        Reply { cut: Some(at), end: End::Hang, ..self }
    }

    /// Does not say how long the body is: only the end of the connection tells.
    pub fn without_length(self) -> Self {
        Reply { with_length: false, ..self }
    }

    /// Sends the body in parts, with a pause after each.
    pub fn slowly(self, part: usize, pause: Duration) -> Self {
        Reply { pace: Some((part, pause)), ..self }
    }

    /// Sends `count` more pieces after the body, without having announced a length.
    pub fn flooded(self, count: usize, piece: impl Fn(usize) -> Vec<u8> + Send + Sync + 'static) -> Self {
        Reply { flood: Some(Flood { count, piece: Arc::new(piece) }), ..self.without_length() }
    }

    fn write(self, mut stream: TcpStream) {
        // Whoever does not want to hear the rest has hung up, and that is all.
        let _ = self.send(&mut stream);
        match self.end {
            End::Close => drop(stream.shutdown(Shutdown::Both)),
            End::Reset => {
                rustix::net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO)).unwrap();
            }
            End::Hang => drop(stream.read(&mut [0])),
        }
    }

    fn send(&self, stream: &mut TcpStream) -> std::io::Result<()> {
        let Some(head) = &self.head else { return Ok(()) };
        if !head.is_empty() {
            let length = match self.with_length {
                true => format!("content-length: {}\r\n", self.body.len()),
                false => String::new(),
            };
            stream.write_all(format!("{head}{length}connection: close\r\n\r\n").as_bytes())?;
        }
        let body = &self.body[..self.cut.unwrap_or(self.body.len()).min(self.body.len())];
        match self.pace {
            None => stream.write_all(body)?,
            Some((part, pause)) => {
                for part in body.chunks(part) {
                    stream.write_all(part)?;
                    stream.flush()?;
                    std::thread::sleep(pause);
                }
            }
        }
        if let Some(flood) = &self.flood {
            (0..flood.count).try_for_each(|n| stream.write_all(&(flood.piece)(n)))?;
        }
        Ok(())
    }
}

fn unchunked(mut body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(end) = body.windows(2).position(|two| two == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&body[..end]).unwrap(), 16).unwrap();
        whole.extend_from_slice(&body[end + 2..end + 2 + size]);
        body = &body[end + 2 + size + 2..];
    }
    whole
}

/// Makes a whole answer's announced hash the one of the docs that it holds now, so that nothing but
/// what was tampered with is wrong.
pub fn seal(answer: &mut Value) {
    let docs = answer["docs"].as_array().unwrap().iter();
    let lines =
        docs.filter_map(|doc| Some((doc["fileName"].as_str()?.to_owned(), doc["hash"].as_str()?.to_owned())));
    answer["hash"] = docs_hash_of(lines).into();
}

/// Adds a doc to a whole answer of the next revision, with a hash that is right.
pub fn add_doc(answer: &mut Value, name: impl Into<Value>, content: &str) {
    let hash = sha256(content.as_bytes());
    let doc = serde_json::json!({"fileName": name.into(), "content": content, "hash": hash});
    answer["docs"].as_array_mut().unwrap().push(doc);
    answer["revision"] = (answer["revision"].as_u64().unwrap() + 1).into();
    seal(answer);
}
