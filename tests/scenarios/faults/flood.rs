//! A platform that does not stop talking.

use std::io::Write;
use std::time::Duration;

use aitk_tests::docs::sha256;
use aitk_tests::{Reply, Request, Scene, docs};
use serde_json::json;

/// What no run may take, in KiB.
const MEMORY: u64 = 120 * 1024;
/// So many pieces of a MiB.
const PIECES: usize = 300;

/// How often its memory is looked at.
const SAMPLE: Duration = Duration::from_millis(2);

/// Runs `aitk check`; returns its exit code and the most memory that it held, in KiB.
fn measured(scene: &Scene) -> (Option<i32>, u64) {
    let mut running = scene.dev.start(&["check", "--deadline", "60s", "--retries", "0"]);
    let (status, mut most) = (format!("/proc/{}/status", running.process.id()), 0);
    loop {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        most = line.map_or(most, |line| line.trim().trim_end_matches(" kB").parse().unwrap());
        if let Some(status) = running.process.try_wait().unwrap() {
            return (status.code(), most);
        }
        std::thread::sleep(SAMPLE);
    }
}

#[track_caller]
fn is_stopped(manner: impl Fn(&Request) -> Reply + Send + Sync + 'static) {
    let mut scene = Scene::synced(&[("a.md", "one\n")]);
    scene.dev.set("AITK_OFFLINE", "deny");
    scene.between.answer(manner);
    let (code, memory) = measured(&scene);
    assert_eq!(scene.dev.mirror(), docs(&[("a.md", "one\n")]));
    assert!(matches!(code, Some(1 | 5)), "exit code {code:?}");
    assert_eq!(scene.dev.staging().len(), 0);
    assert!(memory <= MEMORY, "{} MiB of memory", memory / 1024);
    scene.recovers(&docs(&[("a.md", "one\n")]));
}

/// The start of a whole answer, up to its first doc.
fn opening(request: &Request) -> Reply {
    let mut reply = request.pass_on_for_everything().edit(|answer| {
        answer["revision"] = 99.into();
        let docs = answer.as_object_mut().unwrap().shift_remove("docs").unwrap();
        drop(docs);
        answer["docs"] = json!([]);
    });
    let end = reply.body.len() - b"]}".len();
    reply.body.truncate(end);
    reply
}

/// The start of a doc whose content has no end.
fn opening_of_a_doc(request: &Request) -> Reply {
    let mut reply = opening(request);
    let hash = sha256(b"");
    reply.body.extend(format!("{{\"fileName\":\"a.md\",\"hash\":\"{hash}\",\"content\":\"").into_bytes());
    reply
}

#[test]
fn docs_without_end_are_stopped_in_bounded_memory() {
    is_stopped(|request| {
        let content = "x".repeat(1024 * 1024 - 200);
        let hash = sha256(content.as_bytes());
        // Each of them is written down, which takes its time.
        let pieces = if std::env::var_os("AITK_TEST_ALL").is_some() { PIECES } else { PIECES / 2 };
        opening(request).flooded(pieces, move |n| {
            format!("{{\"fileName\":\"{n}.md\",\"hash\":\"{hash}\",\"content\":\"{content}\"}},").into_bytes()
        })
    });
}

#[test]
fn a_doc_without_end_is_stopped_in_bounded_memory() {
    is_stopped(|request| opening_of_a_doc(request).flooded(PIECES, |_| vec![b'x'; 1024 * 1024]));
}

#[test]
fn a_compressed_answer_that_grows_without_end_is_stopped_in_bounded_memory() {
    is_stopped(|request| {
        let opening = opening_of_a_doc(request);
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(&opening.body).unwrap();
        (0..PIECES).for_each(|_| packed.write_all(&[b'x'; 1024 * 1024]).unwrap());
        let bomb = packed.finish().unwrap();
        assert!(bomb.len() < 4 * 1024 * 1024, "{}", bomb.len());
        Reply::new(200, bomb).header("content-encoding", "gzip")
    });
}

#[test]
fn a_refusal_without_end_is_stopped_in_bounded_memory() {
    for status in [404, 500] {
        is_stopped(move |_| {
            Reply::new(status, "{\"detail\":\"").flooded(PIECES, |_| vec![b'x'; 1024 * 1024])
        });
    }
}
