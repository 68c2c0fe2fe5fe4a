//! Many who ask for all docs at once and do not take them.

use std::io::{Read, Write};
use std::net::TcpStream;

use aitk_tests::{Person, Platform, docs::Docs};
use serde_json::json;

/// Askers that stall, and what each is owed, in bytes.
const ASKERS: usize = 50;
const DOCS: usize = 50;
const DOC_BYTES: usize = 1024 * 1024;
/// What the server may grow by: what waits for all of them, and room for its own work.
const GROWTH: u64 = 400 * 1024 * 1024;

#[test]
fn fifty_askers_that_take_nothing_neither_fill_the_servers_memory_nor_keep_others_out() {
    let platform = Platform::start();
    let project = platform.project("p");
    let text: String = "All work and no play makes a long page. ".chars().cycle().take(DOC_BYTES).collect();
    for number in 0..DOCS {
        let path = format!("/api/projects/{project}/docs/{number}.md");
        platform.call("PUT", &path, Some(json!({"content": text})));
    }
    let key = platform.key(&project, "developer", "Dan");
    let Some(before) = platform.memory() else { return };
    let stalled: Vec<TcpStream> = (0..ASKERS).map(|_| ask(&platform, &project, &key)).collect();
    let grown = platform.memory().unwrap().saturating_sub(before);
    assert!(grown < GROWTH, "{} MiB more for {} answers", grown >> 20, stalled.len());

    // Somebody who takes what he gets is served beside them.
    let dev = Person::of(&platform, "p", &key);
    dev.aitk(&["check", "--retries", "20", "--timeout", "60s"]).expect(0);
    let expected: Docs =
        (0..DOCS).map(|number| (format!("{number}.md"), text.clone().into_bytes())).collect();
    assert_eq!(dev.mirror(), expected);
}

/// Asks for everything, unpacked, and reads no further than the first byte.
fn ask(platform: &Platform, project: &str, key: &str) -> TcpStream {
    let address = platform.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "POST /api/hook/sync/{project} HTTP/1.1\r\nHost: {address}\r\nX-API-Key: {key}\r\n\
         Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}"
    )
    .unwrap();
    stream.read_exact(&mut [0]).unwrap();
    stream
}
