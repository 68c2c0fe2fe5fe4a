//! A key goes where its user sent it, and nowhere else.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use aitk_tests::{Person, Platform};

/// A server of somebody else that writes down what it is told.
struct Stranger {
    url: String,
    heard: Arc<Mutex<String>>,
}

impl Stranger {
    fn listen(answer: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let heard = Arc::new(Mutex::new(String::new()));
        let into = heard.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut bytes = [0; 8192];
                let n = stream.read(&mut bytes).unwrap_or(0);
                into.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..n]));
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        Stranger { url, heard }
    }

    fn heard(&self) -> String {
        self.heard.lock().unwrap().clone()
    }
}

#[test]
fn a_cloned_repository_cannot_collect_keys() {
    let platform = Platform::start();
    let project = platform.project("p");
    let key = platform.key(&project, "developer", "Dan");
    let stranger = Stranger::listen("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n");
    let mut dev = Person::of(&platform, "p", &key);
    dev.write(".aitk.toml", format!("url = \"{}\"\nproject = \"p\"\n", stranger.url));
    dev.set("AITK_API_KEY", &key);
    for arguments in [&["check"][..], &["status"], &["lock"], &["watch", "--max-retries", "0"]] {
        dev.aitk(arguments).expect(3).says(&["aitk login"]);
    }
    let hook = serde_json::json!({
        "session_id": "s", "cwd": dev.at, "hook_event_name": "SessionStart", "source": "startup",
    });
    dev.feed(&["check", "--agent", "claude"], hook.to_string()).expect(2);
    assert!(!stranger.heard().contains("sk_"), "{}", stranger.heard());

    // The repository's own key is an error, and not a way to be somebody else.
    dev.write(".aitk.toml", format!("url = \"{}\"\nproject = \"p\"\napi_key = \"{key}\"\n", platform.url));
    dev.aitk(&["check"]).expect(4);
}

#[test]
fn a_redirect_does_not_carry_the_key_to_another_server() {
    let stranger = Stranger::listen("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n");
    let moved = format!("HTTP/1.1 301 Moved\r\nlocation: {}/x\r\ncontent-length: 0\r\n\r\n", stranger.url);
    let door = Stranger::listen(Box::leak(moved.into_boxed_str()));
    let mut dev = Person::new();
    dev.set("AITK_API_KEY", "sk_secret");
    let done = dev.aitk(&["check", "--url", &door.url, "--project", "p"]);
    assert_ne!(done.code, Some(0), "{done:#?}");
    assert!(door.heard().contains("sk_secret"), "the key goes where its user sent it");
    assert_eq!(stranger.heard(), "");
    assert!(done.err.contains(&stranger.url), "the refusal names where it should have gone: {done:#?}");
}

#[test]
fn plain_http_goes_to_this_machine_alone() {
    let mut dev = Person::new();
    dev.set("AITK_API_KEY", "sk_secret");
    let done = dev.aitk(&["check", "--url", "http://docs.example.invalid", "--project", "p"]).expect(3);
    assert!(done.err.contains("https"), "{done:#?}");
}

#[test]
fn two_project_ids_are_an_error_that_names_both() {
    let platform = Platform::start();
    let project = platform.project("p");
    let mut dev = Person::of(&platform, "p", &platform.key(&project, "developer", "Dan"));
    dev.set("AITK_PROJECT", "other");
    dev.aitk(&["check"]).expect(4).says(&["other", "'p'"]);
    dev.aitk(&["check", "--project", "p"]).expect(0);
}

#[test]
fn the_key_is_stored_for_its_owner_alone_and_shown_nowhere() {
    use std::os::unix::fs::PermissionsExt;
    let platform = Platform::start();
    let project = platform.project("p");
    let key = platform.key(&project, "developer", "Dan");
    let dev = Person::of(&platform, "p", &key);
    let file = dev.home().join(".config/aitk/credentials.toml");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    for arguments in [
        &["check", "--verbose"][..],
        &["status", "--verbose", "--json"],
        &["check", "--project", "x", "--verbose"],
    ] {
        let done = dev.aitk(arguments);
        assert!(!(done.out + &done.err).contains(&key), "{arguments:?}");
    }
    assert!(!platform.log().contains(&key) && !platform.log().contains(&platform.admin_key));
    dev.aitk(&["logout"]).expect(0);
    dev.aitk(&["status"]).expect(3);
}
