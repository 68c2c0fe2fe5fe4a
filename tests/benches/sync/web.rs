//! A web server for the others: a file to download, and a git repository by `git http-backend`.
//!
//! Just enough HTTP/1.1 for curl and git: connections stay open, every body has a length.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};

/// One request.
struct Request {
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// Serves `folder`: repositories below `/git/`, everything else as files.
pub fn serve(folder: &Path) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let folder = folder.to_owned();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let folder = folder.clone();
            std::thread::spawn(move || converse(client.unwrap(), &folder));
        }
    });
    address
}

fn converse(client: TcpStream, folder: &Path) {
    client.set_nodelay(true).unwrap();
    let mut reader = BufReader::new(client.try_clone().unwrap());
    let mut writer = client;
    while let Some(request) = read_request(&mut reader) {
        let mut answer = match request.path.starts_with("/git/") {
            true => ask_git(&request, folder),
            false => file(&folder.join(request.path.trim_start_matches('/'))),
        };
        let head_ends = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let length = format!("\r\nContent-Length: {}", answer.len() - head_ends - 4);
        answer.splice(head_ends..head_ends, length.into_bytes());
        if writer.write_all(&answer).is_err() {
            return;
        }
    }
}

fn file(path: &Path) -> Vec<u8> {
    match std::fs::read(path) {
        Ok(bytes) => {
            [b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n\r\n".to_vec(), bytes].concat()
        }
        Err(_) => b"HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\n\r\n".to_vec(),
    }
}

/// The CGI of git.
fn ask_git(request: &Request, folder: &Path) -> Vec<u8> {
    let header = |name: &str| {
        let found = request.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value.as_str())
    };
    let mut backend = Command::new("git")
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", folder.join("git"))
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("GIT_CONFIG_COUNT", "1")
        .env("GIT_CONFIG_KEY_0", "safe.directory")
        .env("GIT_CONFIG_VALUE_0", "*")
        .env("REQUEST_METHOD", &request.method)
        .env("PATH_INFO", request.path.trim_start_matches("/git"))
        .env("QUERY_STRING", &request.query)
        .env("CONTENT_TYPE", header("content-type"))
        .env("CONTENT_LENGTH", request.body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", header("content-encoding"))
        .env("GIT_PROTOCOL", header("git-protocol"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = backend.stdin.take().unwrap();
    let body = request.body.clone();
    let feeding = std::thread::spawn(move || input.write_all(&body));
    let output = backend.wait_with_output().unwrap().stdout;
    let _ = feeding.join();
    // A status other than 200 is git's first header.
    let (status, rest) = match output.strip_prefix(b"Status: ") {
        Some(rest) => {
            let end = rest.windows(2).position(|two| two == b"\r\n").unwrap();
            (String::from_utf8_lossy(&rest[..end]).into_owned(), &rest[end + 2..])
        }
        None => ("200 OK".to_owned(), &output[..]),
    };
    [format!("HTTP/1.1 {status}\r\n").as_bytes(), rest].concat()
}

fn read_request(reader: &mut impl BufRead) -> Option<Request> {
    let first = read_line(reader)?;
    let mut words = first.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let mut headers = Vec::new();
    let mut length = 0;
    loop {
        let line = read_line(reader)?;
        let Some((name, value)) = line.split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().unwrap();
        }
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request { method, path: path.to_owned(), query: query.to_owned(), headers, body })
}

fn read_line(reader: &mut impl BufRead) -> Option<String> {
    let mut line = String::new();
    let length = reader.read_line(&mut line).ok()?;
    (length > 0).then(|| line.trim_end().to_owned())
}
