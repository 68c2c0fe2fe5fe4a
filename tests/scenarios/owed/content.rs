//! What arrives is what was saved, byte for byte.

use aitk_tests::{Done, Scene, docs};
use serde_json::Value;

/// Brings contents down, and reads them back.
#[track_caller]
fn round_trips(contents: &[&[u8]]) {
    let names: Vec<_> = (0..contents.len()).map(|n| format!("folder/{n}.md")).collect();
    let pairs: Vec<_> = names.iter().map(String::as_str).zip(contents.iter().copied()).collect();
    let scene = Scene::new(&pairs);
    scene.dev.aitk(&["check"]).expect(0);
    assert_eq!(scene.dev.mirror(), docs(&pairs));
    scene.dev.aitk(&["verify"]).expect(0);
}

#[test]
fn b01_no_newline_is_added_to_a_doc_that_has_none() {
    round_trips(&[b"no newline", b"", b"x", b"\r", b"a\nb"]);
}

#[test]
fn b02_blank_lines_at_the_end_stay() {
    round_trips(&[b"text\n\n\n", b"\n", b"\n\n", b"text \t \n", b"a\r\n\r\n", b" "]);
}

#[test]
fn b03_a_doc_that_says_n_or_e_is_not_an_option() {
    round_trips(&[b"-n", b"-e", b"-E", b"-n\n", b"-ne", b"--", b"$(id)", b"`id`", b"%s%n", b"*", b"'\"\\"]);
}

#[test]
fn b04_a_zero_byte_and_every_other_byte_stay() {
    let every: Vec<u8> = (0..=255).collect();
    let text = "zero \u{0} and \u{1b}[31m and \u{feff}\u{202e}\u{10ffff}".as_bytes();
    round_trips(&[b"a\0b", b"\0", b"\0\0\n", text, &every, b"\xff\xfe", b"\xef\xbb\xbfbom"]);
}

#[test]
fn b05_the_shells_settings_change_no_doc() {
    let pairs = [("a.md", "back\\slash \\n \\t \\0101 \\c end\nnext\n"), ("b.md", "\\\\\n")];
    let mut scene = Scene::new(&pairs);
    for (name, value) in
        [("BASHOPTS", "xpg_echo"), ("SHELLOPTS", "noglob"), ("POSIXLY_CORRECT", "1"), ("IFS", "e")]
    {
        scene.dev.set(name, value);
    }
    scene.dev.write("run.sh", format!("exec '{}' check\n", aitk_tests::binary("aitk").display()));
    for shell in ["sh", "bash"] {
        let Ok(done) = scene.dev.command(shell).arg("run.sh").output() else { continue };
        assert_eq!(done.status.code(), Some(0), "{done:?}");
        assert_eq!(scene.dev.mirror(), docs(&pairs));
        std::fs::remove_dir_all(scene.dev.file(".docs")).unwrap();
    }
}

#[test]
fn b06_content_is_checked_against_its_hash_and_the_set_against_its_sum() {
    let scene = Scene::synced(&[("a.md", "one\n"), ("b.md", "two\n")]);
    scene.publish_only(&[("a.md", "one\n"), ("b.md", "three\n"), ("c/d.md", "four\n")]);
    let refused = |named: &str, tamper: fn(&mut Value)| -> Done {
        let done = scene.check_tampered(tamper).expect(1);
        assert!(done.err.contains(named), "no {named:?}: {done:#?}");
        done
    };
    refused("c/d.md", |answer| answer["docs"][2]["content"] = "four".into());
    refused("b.md", |answer| answer["docs"][1]["content"] = "".into());
    refused("b.md", |answer| answer["docs"][1]["hash"] = answer["docs"][0]["hash"].clone());
    refused("", |answer| answer["hash"] = "0".repeat(64).into());
    refused("", |answer| answer["docs"][1]["fileName"] = "e.md".into());
    // A delta is summed up with what is here.
    let done = scene.check_against(|request| {
        request.pass_on().edit(|answer| drop(answer["docs"].as_array_mut().unwrap().pop()))
    });
    assert_eq!(done.code, Some(1), "{done:#?}");
    scene.recovers(&docs(&[("a.md", "one\n"), ("b.md", "three\n"), ("c/d.md", "four\n")]));
}

#[test]
fn b07_local_edits_are_seen_said_and_undone() {
    let pairs = [
        ("a.md", "one\n"),
        ("b.md", "two\n"),
        ("c/d.md", "three\n"),
        ("quiet.md", "four\n"),
        ("same.md", "five\n"),
    ];
    let scene = Scene::synced(&pairs);
    let replace = |name: &str, text: &str| {
        std::fs::remove_file(scene.dev.file(name)).unwrap();
        scene.dev.write(name, text);
    };
    replace(".docs/a.md", "changed\n");
    replace(".docs/b.md", "");
    std::fs::remove_file(scene.dev.file(".docs/c/d.md")).unwrap();
    // In place, of the same length, and with the old time put back.
    let same = scene.dev.file(".docs/same.md");
    let times = std::fs::metadata(&same).unwrap().modified().unwrap();
    let mode = |mode| {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&same, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(0o644);
    std::fs::write(&same, "5ive\n").unwrap();
    std::fs::File::options().write(true).open(&same).unwrap().set_modified(times).unwrap();
    mode(0o444);

    scene.dev.aitk(&["verify"]).expect(6);
    let done = scene.dev.aitk(&["check"]).expect(0);
    for name in ["a.md", "b.md", "c/d.md", "same.md"] {
        assert!(done.out.contains(name), "no {name}: {done:#?}");
    }
    assert!(!done.out.contains("quiet.md"), "{done:#?}");
    assert_eq!(scene.dev.mirror(), docs(&pairs));
    assert_eq!(scene.dev.kept(), docs(&[("a.md", "changed\n"), ("b.md", ""), ("same.md", "5ive\n")]));
    scene.dev.aitk(&["verify"]).expect(0);
    // Also when the platform has something new at the same time.
    replace(".docs/a.md", "changed again\n");
    scene.publish_only(&[("a.md", "one\n"), ("b.md", "new\n")]);
    scene.dev.aitk(&["check"]).expect(0);
    assert_eq!(scene.dev.mirror(), docs(&[("a.md", "one\n"), ("b.md", "new\n")]));
}

#[test]
fn b08_an_empty_or_ill_formed_hash_is_not_that_of_an_absent_copy() {
    let fresh = Scene::new(&[("a.md", "one\n")]);
    let synced = Scene::synced(&[("a.md", "one\n")]);
    for scene in [&fresh, &synced] {
        for hash in
            ["", " ", "0", "abc", "null", &"g".repeat(64), &"A".repeat(64), &"0".repeat(63), &"0".repeat(65)]
        {
            let hash = hash.to_owned();
            let done = scene.check_tampered(move |answer| answer["hash"] = hash.clone().into());
            assert_eq!(done.code, Some(1), "{done:#?}");
            let done = scene.check_tampered(|answer| answer["hash"] = Value::Null).expect(1);
            assert!(done.err.contains("hash"), "{done:#?}");
        }
        // Nothing to do and nothing there are two things.
        scene
            .check_tampered(|answer| {
                answer["base"] = answer["hash"].clone();
                answer["docs"] = serde_json::json!([]);
            })
            .expect(if scene.dev.file(".docs").exists() { 0 } else { 1 });
    }
    assert!(!fresh.dev.file(".docs").exists());
    fresh.recovers(&docs(&[("a.md", "one\n")]));
}
