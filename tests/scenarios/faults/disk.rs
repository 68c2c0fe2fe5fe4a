//! A disk that is full.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use aitk_tests::docs::docs_hash;
use aitk_tests::{Docs, Scene, binary, files};

/// A small disk in a name space of its own, which goes with the process that keeps it.
struct SmallDisk {
    keeper: Child,
}

impl SmallDisk {
    /// Over `folder`; nothing where this machine does not let us.
    fn over(folder: &Path, size: &str) -> Option<Self> {
        let script = "mount -t tmpfs -o size=$2 none \"$1\" && echo ready && exec cat";
        let mut keeper = Command::new("unshare")
            .args(["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"])
            .arg(folder)
            .arg(size)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut line = String::new();
        BufReader::new(keeper.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let disk = SmallDisk { keeper };
        (line == "ready\n").then_some(disk)
    }

    /// Runs `aitk check` where the disk is, as often as it takes to enter; returns its exit code and words.
    fn check(&self, scene: &Scene) -> (Option<i32>, String) {
        let id = self.keeper.id().to_string();
        let done = scene
            .dev
            .command("nsenter")
            .args(["--target", &id, "--user", "--mount", "--preserve-credentials"])
            .arg(binary("aitk"))
            .args(["check", "--root"])
            .arg(&scene.dev.at)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        (done.status.code(), String::from_utf8(done.stderr).unwrap())
    }

    /// Everything on the disk below `folder`.
    fn files(&self, folder: &Path) -> Docs {
        files(Path::new(&format!("/proc/{}/root{}", self.keeper.id(), folder.display())))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = self.keeper.kill();
        let _ = self.keeper.wait();
    }
}

fn sized(text: &str) -> Docs {
    let doc = |n: usize| (format!("part {}/{n}.md", n % 3), text.repeat(2_000).into_bytes());
    (0..40).map(doc).collect()
}

#[test]
fn a_full_disk_is_an_error_and_the_old_revision_stays() {
    let (small, large) = (sized("1"), sized("4444"));
    let scene = Scene::with(&small);
    let project_file = scene.dev.read(".aitk.toml");
    // Room for the small revision twice and for the large one hardly once.
    let Some(disk) = SmallDisk::over(&scene.dev.at, "480k") else {
        // The tests with a limit on the size of files say the same of every machine.
        return;
    };
    let root = format!("/proc/{}/root{}", disk.keeper.id(), scene.dev.at.display());
    std::fs::write(format!("{root}/.aitk.toml"), &project_file).unwrap();
    let mirror = scene.dev.file(".docs");
    let is_whole = |docs: &Docs| {
        let there = disk.files(&mirror);
        assert!(there == *docs, "{} files", there.len());
        let mark = std::fs::read_to_string(format!("{root}/.docs/.sync-hash")).unwrap();
        assert_eq!(mark, format!("{}\n", docs_hash(docs)));
        let beside: Vec<_> =
            std::fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(beside.len(), 2, "{beside:?}");
    };
    assert_eq!(disk.check(&scene).0, Some(0));
    is_whole(&small);
    scene.publish(&large);
    for _ in 0..3 {
        let (code, said) = disk.check(&scene);
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("space"), "{said}");
        is_whole(&small);
    }
    // Fine again once it fits.
    let mut fits = small.clone();
    fits.insert("new.md".into(), b"new\n".to_vec());
    scene.publish(&fits);
    assert_eq!(disk.check(&scene).0, Some(0));
    is_whole(&fits);
}
