//! A reader that never looks away.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use aitk_tests::docs::{docs_hash, many};
use aitk_tests::{Docs, Scene};
use rustix::fs::{Mode, OFlags, openat};

/// Reads one file below an open folder.
fn read_at(folder: &File, name: &str) -> Option<Vec<u8>> {
    let mut file: File = openat(folder, name, OFlags::RDONLY | OFlags::NOFOLLOW, Mode::empty()).ok()?.into();
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// Reads the whole mirror once; nothing where it was switched meanwhile.
fn look(mirror: &Path, revisions: &[(String, Docs)]) -> Option<Result<(), String>> {
    let folder = match File::open(mirror) {
        Ok(folder) => folder,
        Err(error) => return Some(Err(format!("there is no mirror: {error}"))),
    };
    let mark = read_at(&folder, ".sync-hash");
    let revision = revisions.iter().find(|(its, _)| Some(its.as_bytes()) == mark.as_deref());
    let wrong = revision.map(|(_, docs)| {
        let differs = |(name, bytes): &(&String, &Vec<u8>)| read_at(&folder, name).as_ref() != Some(*bytes);
        docs.iter().find(differs).map(|(name, _)| name.clone())
    });
    // A folder that is open keeps its number for itself, so the same number is the same folder.
    let still = std::fs::metadata(mirror).ok()?.ino() == folder.metadata().unwrap().ino();
    match wrong {
        _ if !still => None,
        None => Some(Err(format!("the mark is of no revision: {mark:?}"))),
        Some(Some(name)) => Some(Err(format!("'{name}' is of another revision"))),
        Some(None) => Some(Ok(())),
    }
}

#[test]
fn a_reader_sees_one_revision_or_the_next_while_200_syncs_run() {
    let revisions = [many(25, 1), many(25, 22)];
    let mut scene = Scene::with(&revisions[0]);
    let _memory = scene.dev.work_in_memory();
    let platform = scene.replay(&revisions);
    scene.dev.aitk(&["check"]).expect(0);
    let marked = revisions.clone().map(|docs| (format!("{}\n", docs_hash(&docs)), docs));
    let (mirror, over) = (scene.dev.file(".docs"), AtomicBool::new(false));
    let looks = std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut looks = 0;
            while !over.load(Ordering::Relaxed) {
                if let Some(seen) = look(&mirror, &marked) {
                    seen.unwrap();
                    looks += 1;
                }
            }
            looks
        });
        for _ in 0..200 {
            platform.next();
            scene.dev.aitk(&["sync"]).expect(0);
            if reader.is_finished() {
                break;
            }
        }
        over.store(true, Ordering::Relaxed);
        reader.join().unwrap()
    });
    assert!(looks > 200, "only {looks} looks");
    assert_eq!(scene.dev.mirror(), revisions[0]);
}
