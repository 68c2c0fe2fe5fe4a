//! Power cuts and other accidents: after each, what was there is whole.
//!
//! `AITK_TEST_KILLS=500` kills more often, from `AITK_TEST_SEED` on; `AITK_TEST_ALL=1` cuts answers at
//! every length and talks twice as long.

mod crowd;
mod disk;
mod flood;
mod kills;
mod reader;
mod wire;

use std::process::Command;
use std::sync::mpsc::channel;

use aitk_tests::{Platform, binary};
use serde_json::json;

#[test]
fn every_acknowledged_save_is_there_after_kill_9_and_none_is_half() {
    let mut platform = Platform::start();
    let project = platform.project("p");
    let docs = format!("/api/projects/{project}/docs");
    let mut acknowledged = 0;
    for round in 0..5 {
        // Saves go on until the server is gone under them.
        let (url, key) = (platform.url.clone(), platform.admin_key.clone());
        let (path, (told, answers)) = (docs.clone(), channel());
        let writer = std::thread::spawn(move || {
            let http = reqwest::blocking::Client::builder().no_proxy().build().unwrap();
            for n in 0.. {
                let request = http.put(format!("{url}{path}/{round}-{n}.md")).header("x-api-key", &key);
                match request.body(format!("{round} {n}")).send() {
                    Ok(answer) => assert_eq!(answer.status(), 201),
                    Err(_) => return n,
                }
                let _ = told.send(());
            }
            0
        });
        answers.iter().take(20 + round * 7).for_each(drop);
        platform.kill();
        let saved: u64 = writer.join().unwrap();
        platform.start_again();
        acknowledged += saved;
        let list = platform.call("GET", &docs, None);
        let there = list["docs"].as_array().unwrap().len() as u64;
        // The last one may have been committed and its answer lost.
        assert!((acknowledged..=acknowledged + 1).contains(&there), "{there} of {acknowledged}");
        acknowledged = there;
        let events = platform.call("GET", &format!("/api/rooms/project:{project}/events?limit=1"), None);
        assert_eq!(
            (&events["offset"], &list["revision"]),
            (&json!(there), &json!(there)),
            "an event for every change"
        );
    }
}

#[test]
fn a_second_server_in_the_same_folder_is_refused() {
    let platform = Platform::start();
    let second = Command::new(binary("aitk-server"))
        .args(["--listen", "127.0.0.1:0", "--data"])
        .arg(platform.data())
        .output()
        .unwrap();
    assert_eq!(second.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&second.stderr).contains("another aitk-server"), "{second:?}");
}

#[test]
fn a_server_that_is_asked_to_end_does_so_with_0() {
    let mut platform = Platform::start();
    platform.project("p");
    assert_eq!(platform.terminate(), Some(0));
}
