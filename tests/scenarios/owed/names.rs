//! Names come from outside, and places belong to somebody.

use std::os::unix::fs::symlink;

use aitk_tests::stand_in::{add_doc, seal};
use aitk_tests::{Person, Scene, docs};
use serde_json::{Value, json};

/// Names that no mirror may hold.
const HOSTILE: [&str; 44] = [
    "../x.md",
    "../../x.md",
    "a/../../x.md",
    "a/../x.md",
    "..",
    ".",
    "./x.md",
    "a/./x.md",
    "a/..",
    "../.git/hooks/pre-commit",
    "../.claude/settings.json",
    "/x.md",
    "//x.md",
    "/etc/passwd",
    "a//x.md",
    "a/",
    "/",
    "a\\x.md",
    "..\\x.md",
    "\\\\host\\share\\x.md",
    "C:\\x.md",
    "a\0.md",
    "\0",
    "a\nb.md",
    "a\rb.md",
    "a\tb.md",
    "a\u{1b}[2J.md",
    "a\u{7f}.md",
    "a\u{85}.md",
    ".git/hooks/pre-commit",
    ".GIT/config",
    "a/.git/config",
    ".g\u{200c}it/config",
    "git~1/config",
    "CON",
    "nul.md",
    "a/com1.txt",
    "trailing.",
    "trailing ",
    "a /x.md",
    "e\u{301}.md",
    ".aitk-state.json",
    ".AITK-state.json",
    ".aitk",
];

fn is_refused(scene: &Scene, name: Value) {
    let shown = name.to_string();
    let tampered = name.clone();
    let done = scene.check_tampered(move |answer| add_doc(answer, tampered.clone(), "hostile\n"));
    assert_eq!(done.code, Some(1), "{shown}: {done:#?}");
    assert!(done.err.contains("fileName"), "the refusal names the field: {shown}: {done:#?}");
    assert!(!done.err.contains(['\u{1b}', '\0', '\r', '\u{85}']), "{shown}: {done:#?}");
}

/// All that is in somebody's home, but for what `aitk` keeps for itself.
fn home(dev: &Person) -> Vec<(String, usize)> {
    let all = aitk_tests::files(dev.home()).into_iter().map(|(name, bytes)| (name, bytes.len()));
    all.filter(|(name, _)| !name.starts_with(".local/") && !name.starts_with(".cache/")).collect()
}

#[test]
fn c01_no_name_leads_out_of_the_mirror() {
    let scene = Scene::synced(&[("a.md", "one\n")]);
    let before = home(&scene.dev);
    for name in HOSTILE {
        is_refused(&scene, name.into());
    }
    is_refused(&scene, "x".repeat(600).into());
    is_refused(&scene, format!("{}/x.md", "a/".repeat(300)).into());
    assert_eq!(home(&scene.dev), before);
    // What a delta takes away has a name, too.
    scene.check_tampered(|answer| answer["removed"] = json!(["../.aitk.toml"])).expect(1);
    // And so has the project's own docs folder.
    for folder in ["../x", "/etc", ".git"] {
        scene.check_tampered(move |answer| answer["docsPath"] = folder.into()).expect(1);
    }
    assert_eq!(home(&scene.dev), before);
    scene.recovers(&docs(&[("a.md", "one\n")]));
}

#[test]
fn c01_the_platform_takes_no_such_name_either() {
    let scene = Scene::new(&[("a.md", "one\n")]);
    for name in HOSTILE.into_iter().map(str::to_owned).chain(["x".repeat(600), String::new()]) {
        let url = format!("{}{}", scene.platform.url, scene.path("docs/batch"));
        let body = json!({"puts": [{"path": name, "content": "x"}]});
        let answer = aitk_tests::http()
            .post(url)
            .header("x-api-key", &scene.platform.admin_key)
            .json(&body)
            .send()
            .unwrap();
        assert_eq!(answer.status(), 422, "{name:?}");
    }
    scene.recovers(&docs(&[("a.md", "one\n")]));
}

#[test]
fn c01_two_names_that_some_disk_takes_for_one_are_refused() {
    for (one, other) in [("A.md", "a.md"), ("é.md", "É.md"), ("dir", "dir/x.md"), ("a.md", "a.md")] {
        let scene = Scene::synced(&[("z.md", "one\n")]);
        let done = scene.check_tampered(move |answer| {
            add_doc(answer, one, "first\n");
            add_doc(answer, other, "second\n");
        });
        assert_eq!(done.code, Some(1), "{one} {other}: {done:#?}");
        assert!(done.err.contains(other), "{one} {other}: {done:#?}");
    }
}

#[test]
fn c02_folders_come_and_go_with_their_docs() {
    let nested = [("a.md", "one\n"), ("deep/er/est/b.md", "two\n"), ("images/c.md", "three\n")];
    let scene = Scene::synced(&nested);
    scene.publish_only(&[("a.md", "one\n"), ("images/c.md", "new\n")]);
    scene.dev.aitk(&["check"]).expect(0);
    assert!(!scene.dev.file(".docs/deep").exists(), "a folder goes with its last doc");
    // A folder of somebody's is no reason to fail, today or tomorrow.
    std::fs::create_dir_all(scene.dev.file(".docs/mine/empty")).unwrap();
    scene.publish_only(&nested);
    for _ in 0..2 {
        scene.dev.aitk(&["check"]).expect(0);
        assert_eq!(scene.dev.mirror(), docs(&nested));
    }
    // A doc where a folder was, and a folder where a doc was.
    let turned = [("a.md/b.md", "folder\n"), ("deep", "doc\n")];
    scene.publish_only(&turned);
    scene.recovers(&docs(&turned));
}

#[test]
fn c03_a_mirror_that_is_a_link_or_somebody_elses_is_refused() {
    let scene = Scene::new(&[("a.md", "one\n")]);
    let dev = &scene.dev;
    dev.write("src/a.md", "source code\n");
    symlink(dev.file("src"), dev.file(".docs")).unwrap();
    dev.aitk(&["check"]).expect(4).says(&[".docs"]);
    assert!(dev.file(".docs").is_symlink());
    assert_eq!(aitk_tests::files(&dev.file("src")), docs(&[("a.md", "source code\n")]));
    // Into nowhere, in a circle, to a file, as a file.
    for target in ["nowhere", ".docs", "src/a.md"] {
        std::fs::remove_file(dev.file(".docs")).unwrap();
        symlink(target, dev.file(".docs")).unwrap();
        dev.aitk(&["check"]).expect(4);
        assert!(dev.file(".docs").is_symlink() && !dev.file("nowhere").exists());
    }
    std::fs::remove_file(dev.file(".docs")).unwrap();
    dev.write(".docs", "a file\n");
    dev.aitk(&["check"]).expect(4);
    assert_eq!(dev.read(".docs"), "a file\n");
    // A folder with something in it that never was a mirror.
    std::fs::remove_file(dev.file(".docs")).unwrap();
    dev.write(".docs/own/notes.md", "mine\n");
    for arguments in [&["check"][..], &["sync"], &["sync", "--force"]] {
        dev.aitk(arguments).expect(4);
        assert_eq!(aitk_tests::files(&dev.file(".docs")), docs(&[("own/notes.md", "mine\n")]));
    }
    // A mirror below a link.
    std::fs::remove_dir_all(dev.file(".docs")).unwrap();
    symlink(dev.file("src"), dev.file("team")).unwrap();
    dev.write(
        ".aitk.toml",
        format!("url = \"{}\"\nproject = \"p\"\nmirror = \"team/docs\"\n", scene.between.url),
    );
    dev.aitk(&["check"]).expect(4);
    assert!(!dev.file("src/docs").exists());
}

#[test]
fn c04_a_link_inside_the_mirror_is_replaced_and_never_written_through() {
    let scene = Scene::synced(&[("a.md", "one\n"), ("sub/b.md", "two\n")]);
    let dev = &scene.dev;
    dev.write("src/a.md", "source code\n");
    dev.write("src/b.md", "more of it\n");
    let source = docs(&[("a.md", "source code\n"), ("b.md", "more of it\n")]);
    std::fs::remove_file(dev.file(".docs/a.md")).unwrap();
    symlink(dev.file("src/a.md"), dev.file(".docs/a.md")).unwrap();
    std::fs::remove_dir_all(dev.file(".docs/sub")).unwrap();
    symlink(dev.file("src"), dev.file(".docs/sub")).unwrap();
    symlink("/etc/passwd", dev.file(".docs/extra")).unwrap();
    scene.publish_only(&[("a.md", "new one\n"), ("sub/b.md", "new two\n"), ("sub/c.md", "three\n")]);
    dev.aitk(&["check"]).expect(0);
    assert_eq!(aitk_tests::files(&dev.file("src")), source);
    assert_eq!(
        dev.mirror(),
        docs(&[("a.md", "new one\n"), ("sub/b.md", "new two\n"), ("sub/c.md", "three\n")])
    );
    assert!(!dev.file(".docs/a.md").is_symlink() && !dev.file(".docs/sub").is_symlink());
    assert!(std::fs::symlink_metadata(dev.file(".docs/extra")).is_err());
    // Links to the very same bytes are no docs either.
    std::fs::remove_file(dev.file(".docs/a.md")).unwrap();
    dev.write("src/same.md", "new one\n");
    symlink(dev.file("src/same.md"), dev.file(".docs/a.md")).unwrap();
    dev.aitk(&["check"]).expect(0);
    assert!(!dev.file(".docs/a.md").is_symlink());
    // Nor is our own state where somebody's file can be reached through it.
    for own in [".sync-hash", ".aitk-state.json"] {
        std::fs::remove_file(dev.file(".docs").join(own)).unwrap();
        symlink(dev.file("src/a.md"), dev.file(".docs").join(own)).unwrap();
        dev.aitk(&["check"]).expect(0);
        assert!(!dev.file(".docs").join(own).is_symlink());
        assert_eq!(dev.read("src/a.md"), "source code\n");
    }
}

#[test]
fn c05_no_doc_takes_our_own_names_or_none() {
    let scene = Scene::synced(&[("a.md", "one\n")]);
    for name in [".sync-hash", ".SYNC-HASH", ".sync-hash/x.md", ".aitk-state.json", "", " "] {
        is_refused(&scene, name.into());
    }
    for name in [Value::Null, json!(0), json!(false), json!([]), json!({})] {
        is_refused(&scene, name);
    }
    let done = scene.check_tampered(|answer| {
        answer["docs"][0].as_object_mut().unwrap().shift_remove("fileName");
        seal(answer);
    });
    assert_eq!(done.expect(1).err.matches("fileName").count(), 1);
    scene.recovers(&docs(&[("a.md", "one\n")]));
}

#[test]
fn c06_a_check_from_any_depth_serves_the_one_mirror_at_the_root() {
    let mut scene = Scene::new(&[("a.md", "one\n")]);
    scene.dev.write("src/deep/er/main.rs", "");
    let top = scene.dev.at.clone();
    for below in ["src/deep/er", "src", "."] {
        scene.dev.at = top.join(below);
        scene.dev.aitk(&["check"]).expect(0);
    }
    scene.publish_only(&[("a.md", "two\n")]);
    scene.dev.at = top.join("src/deep/er");
    scene.dev.aitk(&["check"]).expect(0);
    assert!(!scene.dev.file(".docs").exists());
    // Elsewhere, with --root.
    scene.dev.at = scene.dev.home().to_owned();
    scene.dev.aitk(&["check", "--root", "repo", "--json"]).expect(0);
    assert!(!scene.dev.file(".docs").exists());
    // Without a project file it is the top of the repository.
    scene.dev.at = top.clone();
    assert_eq!(scene.dev.mirror(), docs(&[("a.md", "two\n")]));
    std::fs::remove_dir_all(top.join(".docs")).unwrap();
    std::fs::remove_file(top.join(".aitk.toml")).unwrap();
    scene.dev.at = top.join("src/deep");
    scene.dev.aitk(&["check", "--url", &scene.between.url, "--project", "p"]).expect(0);
    scene.dev.at = top;
    assert_eq!(scene.dev.mirror(), docs(&[("a.md", "two\n")]));
}

#[test]
fn c07_a_repository_never_gets_another_projects_docs() {
    let mut scene = Scene::synced(&[("a.md", "one\n")]);
    let other = scene.platform.project("q");
    let path = format!("/api/projects/{other}/docs/q.md");
    scene.platform.call("PUT", &path, Some(json!({"content": "other\n"})));
    let key = scene.platform.key(&other, "developer", "Dan");
    // One global id in the environment, against the project's own file.
    scene.dev.set("AITK_PROJECT", "q");
    scene.dev.aitk(&["check"]).expect(4).says(&["'p'", "'q'"]);
    scene.dev.set("AITK_PROJECT", "");
    // The file names another project than the one whose docs are here.
    scene.dev.feed(&["login", &scene.between.url], &key).expect(0);
    scene.dev.write(".aitk.toml", format!("url = \"{}\"\nproject = \"q\"\n", scene.between.url));
    for arguments in [&["check"][..], &["sync"]] {
        scene.dev.aitk(arguments).expect(4).says(&["p of", "q of", "--force"]);
        assert_eq!(scene.dev.mirror(), docs(&[("a.md", "one\n")]));
    }
    // Nor does it count for the other project when the platform is away.
    scene.platform.kill();
    let done = scene.dev.aitk(&["check"]);
    assert!(matches!(done.code, Some(4 | 5)), "{done:#?}");
    scene.platform.start_again();
    scene.dev.aitk(&["sync", "--force"]).expect(0);
    assert_eq!(scene.dev.mirror(), docs(&[("q.md", "other\n")]));
}
