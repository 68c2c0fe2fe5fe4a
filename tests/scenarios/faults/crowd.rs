//! Many runs at once.

use aitk_tests::docs::many;
use aitk_tests::{Person, Scene};

const CROWD: usize = 8;

/// Starts one check for each, all at once; all end well.
#[track_caller]
fn all_check(people: &[&Person]) {
    let running: Vec<_> = people.iter().map(|person| person.start(&["check", "--deadline", "30s"])).collect();
    for one in running {
        assert_eq!(one.end(), Some(0));
    }
}

#[test]
fn eight_checks_at_once_bring_one_mirror_to_one_revision() {
    let scene = Scene::with(&many(100, 1));
    for round in 1..=4 {
        let docs = many(100, round);
        scene.publish(&docs);
        if round == 3 {
            std::fs::remove_dir_all(scene.dev.file(".docs")).unwrap();
        }
        all_check(&[&scene.dev; CROWD]);
        assert_eq!(scene.dev.mirror(), docs);
        assert_eq!(scene.dev.staging().len(), 0, "{:?}", scene.dev.staging());
        scene.dev.aitk(&["verify"]).expect(0);
        assert_eq!(scene.dev.kept().len(), 0, "nothing of the platform's is taken for somebody's");
    }
}

#[test]
fn eight_worktrees_at_once_each_get_their_mirror() {
    let mut scene = Scene::with(&many(100, 1));
    let top = scene.dev.at.clone();
    scene.dev.git(&["add", ".aitk.toml"]);
    scene.dev.git(&["commit", "-q", "-m", "start"]);
    let trees: Vec<_> = (0..CROWD).map(|n| scene.dev.home().join(format!("tree {n}"))).collect();
    for tree in &trees {
        scene.dev.git(&["worktree", "add", "-q", "--detach", tree.to_str().unwrap()]);
    }
    for round in 1..=2 {
        let docs = many(100, round);
        scene.publish(&docs);
        let mut running = Vec::new();
        for tree in &trees {
            scene.dev.at = tree.clone();
            running.push(scene.dev.start(&["check", "--deadline", "30s"]));
        }
        for one in running {
            assert_eq!(one.end(), Some(0));
        }
        for tree in &trees {
            scene.dev.at = tree.clone();
            assert_eq!(scene.dev.mirror(), docs);
            assert_eq!(scene.dev.staging().len(), 0);
            assert_eq!(scene.dev.git(&["status", "--porcelain"]), "", "git does not see the mirror");
        }
        scene.dev.at = top.clone();
    }
}

#[test]
fn no_two_mirrors_share_a_file() {
    use std::os::unix::fs::MetadataExt;
    let mut scene = Scene::with(&many(20, 1));
    scene.dev.aitk(&["check"]).expect(0);
    let first = scene.dev.at.clone();
    let second = scene.dev.home().join("second");
    std::fs::create_dir(&second).unwrap();
    std::fs::copy(first.join(".aitk.toml"), second.join(".aitk.toml")).unwrap();
    scene.dev.at = second.clone();
    scene.dev.aitk(&["check"]).expect(0);
    for name in scene.dev.mirror().keys() {
        for root in [&first, &second] {
            // One name each: neither the other mirror nor a cache can be reached by writing here.
            assert_eq!(std::fs::metadata(root.join(".docs").join(name)).unwrap().nlink(), 1, "{name}");
        }
    }
}
