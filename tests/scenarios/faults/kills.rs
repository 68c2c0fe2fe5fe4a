//! `kill -9` at any moment.

use std::time::{Duration, Instant};

use aitk_tests::docs::many;
use aitk_tests::{Docs, Scene, binary};

/// A number of the environment, for longer runs on demand.
fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// xorshift: the same moments for the same seed.
struct Random(u64);

impl Random {
    fn below(&mut self, span: Duration) -> Duration {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        span.mul_f64((self.0 >> 11) as f64 / (1_u64 << 53) as f64)
    }
}

/// Two revisions that share docs, change docs, and each have docs of their own.
fn revisions() -> [Docs; 2] {
    let (mut old, mut new) = (many(300, 1), many(300, 1));
    new.extend(many(300, 22).into_iter().step_by(3));
    old.retain(|path, _| !path.contains("doc 7"));
    new.retain(|path, _| !path.starts_with("part 5"));
    [old, new]
}

#[test]
fn a_check_that_is_killed_at_any_moment_leaves_one_published_revision() {
    let kills = setting("AITK_TEST_KILLS", 60);
    let seed = setting("AITK_TEST_SEED", 20_261_120);
    let mut random = Random(seed);
    let revisions = revisions();
    let mut scene = Scene::with(&revisions[1]);
    let _memory = scene.dev.work_in_memory();
    let platform = scene.replay(&revisions);
    scene.dev.aitk(&["check"]).expect(0);
    let whole_run = |_| {
        platform.next();
        let begun = Instant::now();
        scene.dev.aitk(&["check"]).expect(0);
        begun.elapsed()
    };
    let span = (0..3).map(whole_run).min().unwrap();
    let mut cut = 0;
    for round in 0..kills {
        let new = &revisions[platform.next()];
        // Every fifth time there is nothing here yet.
        if round % 5 == 4 {
            std::fs::remove_dir_all(scene.dev.file(".docs")).unwrap();
        }
        let mut running = scene.dev.start(&["check"]);
        std::thread::sleep(random.below(span));
        running.process.kill().unwrap();
        cut += u64::from(running.process.wait().unwrap().code().is_none());
        let what = format!("kill {round} with AITK_TEST_SEED={seed}");
        if scene.dev.file(".docs").exists() {
            let there = scene.dev.mirror();
            assert!(revisions.contains(&there), "{what}: {} docs of no revision", there.len());
        } else {
            assert_eq!(round % 5, 4, "{what}: the mirror is gone");
        }
        scene.dev.aitk(&["check"]).expect(0);
        assert!(scene.dev.mirror() == *new, "{what}: the next run did not complete");
        assert_eq!(scene.dev.staging().len(), 0, "{what}: {:?}", scene.dev.staging());
    }
    assert!(cut * 4 > kills, "only {cut} of {kills} runs were killed before their end");
}

#[test]
fn a_check_that_dies_while_it_notes_a_lock_leaves_nothing_behind() {
    let docs = many(40, 1);
    let scene = Scene::with(&docs);
    scene.dev.aitk(&["check"]).expect(0);
    scene.lock("r");
    // No file may grow over half a KiB, and whoever tries dies of it: the state is larger.
    let script = format!("ulimit -f 1; exec '{}' check", binary("aitk").display());
    let done = scene.dev.command("sh").args(["-c", &script]).output().unwrap();
    assert_eq!(done.status.code(), None, "{done:?}");
    assert_eq!(scene.dev.mirror(), docs);
    scene.unlock();
    scene.recovers(&docs);
}
