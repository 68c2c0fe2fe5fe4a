//! How `aitk` takes what servers answer: strictly, patiently where that helps, and with the key
//! going to nobody else.
#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

const KEY: &str = "sk_only_for_this_server";

/// A server that gives every request the same answer, and notes what was asked.
struct Server {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

fn serve(answer: impl Into<String>) -> Server {
    let (answer, asked) = (answer.into(), Arc::new(Mutex::new(Vec::new())));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let notes = asked.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let request = read(&stream);
            notes.lock().unwrap().push(request);
            (&stream).write_all(answer.as_bytes()).unwrap();
        }
    });
    Server { url, asked }
}

/// Reads a request with its body, which must not be left unread.
fn read(stream: &TcpStream) -> String {
    let (mut reader, mut head, mut length) = (BufReader::new(stream), String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
        head.push_str(&line);
    }
    reader.take(length).read_to_end(&mut Vec::new()).unwrap();
    head
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

fn aitk(url: &str, args: &[&str]) -> Output {
    let home = tempfile::tempdir().unwrap();
    Command::new(env!("CARGO_BIN_EXE_aitk"))
        .args(args)
        .args(["--url", url, "--project", "web"])
        .current_dir(home.path())
        .env_clear()
        .env("HOME", home.path())
        .env("AITK_API_KEY", KEY)
        .output()
        .unwrap()
}

#[test]
fn an_answer_is_taken_strictly_and_tried_again_only_where_that_may_help() {
    for (answer, code, says, tries) in [
        (answer("200 OK", "", ""), 1, "an empty body", 1),
        (answer("200 OK", "", "{}"), 1, "missing field `hash`", 1),
        (answer("200 OK", "", r#"{"hash":7}"#), 1, "hash: invalid type", 1),
        (answer("204 No Content", "", ""), 1, "an empty body", 1),
        (answer("401 Unauthorized", "", ""), 3, "refuses the key", 1),
        (answer("403 Forbidden", "", "<html>"), 3, "refuses the key", 1),
        (answer("404 Not Found", "", "<html>"), 4, "project 'web'", 1),
        (answer("426 Upgrade Required", "", ""), 1, "install a current aitk", 1),
        (answer("429 Too Many Requests", "retry-after: 0\r\n", ""), 5, "HTTP 429", 2),
        (answer("500 Internal Server Error", "", ""), 5, "HTTP 500", 2),
        (answer("503 Service Unavailable", "retry-after: 3600\r\n", ""), 5, "HTTP 503", 1),
        ("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{".to_owned(), 5, "broke off", 2),
        ("SSH-2.0-OpenSSH_9.6\r\n".to_owned(), 1, "does not speak HTTP", 1),
    ] {
        let server = serve(answer.clone());
        let output = aitk(&server.url, &["docs", "ls", "--retries", "1"]);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{answer}: {stderr}");
        assert!(stderr.contains(says) && !stderr.contains(KEY), "{answer}: {stderr}");
        assert!(output.stdout.is_empty(), "{answer}");
        assert_eq!(server.asked.lock().unwrap().len(), tries, "{answer}: {stderr}");
    }
}

#[test]
fn a_write_is_never_sent_twice() {
    let server = serve(answer("503 Service Unavailable", "", ""));
    for args in [&["docs", "rm", "a.md"][..], &["lock", "--renew"], &["unlock"]] {
        assert_eq!(aitk(&server.url, args).status.code(), Some(5), "{args:?}");
        assert_eq!(server.asked.lock().unwrap().drain(..).count(), 1, "{args:?}");
    }
}

#[test]
fn the_key_follows_no_redirect_to_another_origin() {
    let elsewhere = serve(answer("200 OK", "", "[]"));
    let server = serve(answer(
        "307 Temporary Redirect",
        &format!("location: {}/\x07x\r\n", elsewhere.url).replace('\x07', "%1b"),
        "",
    ));
    for args in [&["docs", "ls"][..], &["docs", "rm", "a.md"], &["watch", "--room", "project:web"]] {
        let output = aitk(&server.url, args);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{args:?}: {stderr}");
        assert!(stderr.contains(&elsewhere.url), "the place is named: {stderr}");
    }
    assert!(elsewhere.asked.lock().unwrap().is_empty());
    assert!(server.asked.lock().unwrap().iter().all(|request| request.contains(KEY)));
}

#[test]
fn requests_name_the_client_and_carry_the_key_in_a_header_alone() {
    let server = serve(answer("404 Not Found", "", ""));
    aitk(&server.url, &["docs", "ls"]);
    let request = server.asked.lock().unwrap()[0].to_ascii_lowercase();
    assert!(request.starts_with("get /api/projects/web/docs http/1.1\r\n"), "{request}");
    assert!(request.contains(&format!("x-api-key: {KEY}\r\n")), "{request}");
    assert!(request.contains(concat!("user-agent: aitk/", env!("CARGO_PKG_VERSION"), "\r\n")), "{request}");
}

#[test]
fn a_repository_cannot_collect_keys() {
    let server = serve(answer("200 OK", "", "[]"));
    let repository = tempfile::tempdir().unwrap();
    std::fs::write(repository.path().join(".aitk.toml"), format!("url = '{}'\nproject = 'web'", server.url))
        .unwrap();
    let run = |args: &[&str], env: &[(&str, &str)]| {
        Command::new(env!("CARGO_BIN_EXE_aitk"))
            .args(args)
            .current_dir(repository.path())
            .env_clear()
            .env("HOME", repository.path())
            .envs(env.iter().copied())
            .output()
            .unwrap()
    };
    for args in [&["docs", "ls"][..], &["lock"], &["watch"], &["project", "ls"]] {
        let output = run(args, &[("AITK_API_KEY", KEY)]);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(3), "{args:?}: {stderr}");
        assert!(stderr.contains(&format!("aitk login {}", server.url)), "{stderr}");
    }
    assert!(server.asked.lock().unwrap().is_empty());
    let named = run(&["project", "ls", "--url", &server.url], &[("AITK_API_KEY", KEY)]);
    assert_eq!(named.status.code(), Some(0), "the user named it");
}
