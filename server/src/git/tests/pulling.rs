//! What a pull brings, and what it costs.

use std::time::{Duration, Instant};

use super::super::copy::Copy;
use super::*;

#[tokio::test]
async fn the_docs_folder_of_a_branch_comes_and_nothing_else() {
    let world = World::new();
    let files = [("docs/a.md", "one"), ("docs/x/b.md", "two"), ("src/main.rs", "fn main() {}")];
    let commit = world.host.commit("acme", "main", &files, ANN, "first");
    let tip = world.pull().await.unwrap();
    assert_eq!(tip.commit.as_ref().map(CommitId::as_str), Some(&*commit));
    assert_eq!((tip.branch.as_str(), tip.has_folder), ("main", true));
    assert_eq!(world.texts(&tip).await, pairs(&[("a.md", "one"), ("x/b.md", "two")]));
    assert_eq!((tip.docs[0].size, tip.skipped.len()), (3, 0));
    // Not even the local copy has another file.
    let copy = Copy::of(&world.git, &world.project);
    let code = world.host.show("acme", "main", "src/main.rs").unwrap();
    assert_eq!(code, b"fn main() {}");
    assert!(!copy.has(&blob_id(b"fn main() {}")).await.unwrap());
    assert!(copy.has(&blob_id(b"one")).await.unwrap());
}

/// Git's id of a file's content.
fn blob_id(content: &[u8]) -> String {
    let mut git = std::process::Command::new("git");
    git.args(["hash-object", "--stdin"]).stdin(std::process::Stdio::piped());
    let mut process = git.stdout(std::process::Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut process.stdin.take().unwrap(), content).unwrap();
    String::from_utf8(process.wait_with_output().unwrap().stdout).unwrap().trim().to_owned()
}

#[tokio::test]
async fn a_pull_where_nothing_moved_asks_the_host_once() {
    let world = World::new();
    world.host.commit("acme", "main", &[("docs/a.md", "one")], ANN, "first");
    let before = world.pull().await.unwrap();
    world.host.forget_requests();
    let after = world.pull().await.unwrap();
    assert_eq!(before.docs, after.docs);
    // The two of one question: which protocol, which branches.
    let asked = world.host.requests();
    assert_eq!(asked.len(), 2, "{asked:#?}");
}

#[tokio::test]
async fn commits_of_others_and_forced_pushes_come_as_they_are() {
    let world = World::new();
    world.host.commit("acme", "main", &[("docs/a.md", "one"), ("docs/b.md", "b")], ANN, "first");
    world.pull().await.unwrap();
    let files =
        [("docs/a.md", Entry::from("two")), ("docs/b.md", Entry::Gone), ("docs/c.md", Entry::from("c"))];
    world.host.commit("acme", "main", &files, ANN, "second");
    let tip = world.pull().await.unwrap();
    assert_eq!(world.texts(&tip).await, pairs(&[("a.md", "two"), ("c.md", "c")]));
    let forced = world.host.force("acme", "main", &[("docs/a.md", "anew"), ("docs/b.md", "b")], ANN, "anew");
    let tip = world.pull().await.unwrap();
    assert_eq!(tip.commit.as_ref().map(CommitId::as_str), Some(&*forced));
    assert_eq!(world.texts(&tip).await, pairs(&[("a.md", "anew"), ("b.md", "b")]));
}

#[tokio::test]
async fn the_default_branch_is_the_hosts() {
    let world = World::new();
    world.host.commit("acme", "main", &[("docs/a.md", "main")], ANN, "first");
    world.host.commit("acme", "next/docs", &[("docs/a.md", "next")], ANN, "first");
    let mut remote = world.remote();
    remote.branch = None;
    let tip = world.git.pull(&world.project, &remote).await.unwrap();
    assert_eq!(tip.branch.as_str(), "main");
    remote.branch = Some(Branch::parse("next/docs").unwrap());
    let tip = world.git.pull(&world.project, &remote).await.unwrap();
    assert_eq!(world.texts(&tip).await, pairs(&[("a.md", "next")]));
}

#[tokio::test]
async fn an_empty_repository_and_a_missing_branch_are_told_apart() {
    let world = World::new();
    let tip = world.pull().await.unwrap();
    assert_eq!((tip.commit, tip.branch.as_str(), tip.docs.len()), (None, "main", 0));
    world.host.commit("acme", "trunk", &[("docs/a.md", "one")], ANN, "first");
    let Err(GitError::NotFound(text)) = world.pull().await else { panic!() };
    assert!(text.contains("'main'") && text.contains("trunk"), "{text}");
    let mut remote = world.remote();
    remote.url = RepoUrl::parse(&world.host.url("nothing")).unwrap();
    let Err(GitError::NotFound(text)) = world.git.pull(&world.project, &remote).await else { panic!() };
    assert!(text.contains("no such repository"), "{text}");
}

#[tokio::test]
async fn a_folder_that_is_not_there_or_is_none_is_said() {
    let world = World::new();
    world.host.commit("acme", "main", &[("docs/a.md", "one"), ("x", "y")], ANN, "first");
    assert!(world.pull().await.unwrap().has_folder);
    world.host.commit("acme", "main", &[("docs/a.md", Entry::Gone)], ANN, "gone");
    let tip = world.pull().await.unwrap();
    assert!(tip.commit.is_some() && !tip.has_folder && tip.docs.is_empty() && tip.skipped.is_empty());
    world.host.commit("acme", "main", &[("docs", Entry::Link("elsewhere".into()))], ANN, "link");
    let tip = world.pull().await.unwrap();
    assert!(!tip.has_folder);
    assert_eq!(tip.skipped[0].path, "docs");
    assert!(tip.skipped[0].why.contains("symbolic link"), "{}", tip.skipped[0].why);
}

#[tokio::test]
async fn what_is_no_doc_is_skipped_and_named() {
    let mut world = World::new();
    world.git.policy.doc_bytes = 2_000;
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n";
    let files = [
        ("docs/a.md", Entry::from("fine")),
        ("docs/run.sh", Entry::Executable(b"#!/bin/sh".to_vec())),
        ("docs/link.md", Entry::Link("a.md".into())),
        ("docs/module", Entry::Submodule),
        (
            ".gitmodules",
            Entry::from("[submodule \"m\"]\n\tpath = docs/module\n\turl = https://x.invalid/m\n"),
        ),
        ("docs/film.mp4", Entry::from(pointer)),
        ("docs/con.md", Entry::from("x")),
        ("docs/A.md", Entry::from("twin")),
        ("docs/large.bin", Entry::from(vec![b'x'; 2_001])),
    ];
    world.host.commit("acme", "main", &files, ANN, "first");
    let tip = world.pull().await.unwrap();
    assert_eq!(paths(&tip), ["A.md", "run.sh"]);
    let skipped: Vec<_> = tip.skipped.iter().map(|skipped| skipped.path.as_str()).collect();
    assert_eq!(skipped, ["a.md", "con.md", "film.mp4", "large.bin", "link.md", "module"]);
    for (skipped, word) in tip.skipped.iter().zip(["case", "Windows", "LFS", "2000", "symbolic", "submodule"])
    {
        assert!(skipped.why.contains(word), "{skipped:?}");
    }
}

#[tokio::test]
async fn two_projects_share_a_repository_with_folders_of_their_own() {
    let world = World::new();
    world.host.commit("acme", "main", &[("docs/a.md", "a"), ("kit/hand book/b.md", "b")], ANN, "first");
    let other = ProjectId::parse("prj_2").unwrap();
    let remote = Remote { docs_path: DocPath::parse("kit/hand book").unwrap(), ..world.remote() };
    let (one, two) = tokio::join!(world.pull(), world.git.pull(&other, &remote));
    assert_eq!((paths(&one.unwrap()), paths(&two.unwrap())), (vec!["a.md"], vec!["b.md"]));
}

#[tokio::test]
async fn five_thousand_docs_take_seconds_and_few_requests() {
    let world = World::new();
    let names: Vec<String> = (0..5_000).map(|n| format!("docs/part-{}/page-{n}.md", n / 100)).collect();
    let files: Vec<(&str, String)> =
        names.iter().map(|name| (name.as_str(), format!("# {name}\n{}", "text ".repeat(200)))).collect();
    world.host.commit("acme", "main", &files, ANN, "first");
    let start = Instant::now();
    let tip = world.pull().await.unwrap();
    let texts = world.texts(&tip).await;
    assert_eq!((texts.len(), tip.skipped.len()), (5_000, 0));
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
    let asked = world.host.requests();
    assert!(asked.len() < 15, "{} requests", asked.len());
    // One changed doc does not bring the others again.
    world.host.commit("acme", "main", &[("docs/part-0/page-0.md", "changed")], ANN, "second");
    world.host.forget_requests();
    assert_eq!(world.pull().await.unwrap().docs.len(), 5_000);
    let sent: usize = world.host.requests().iter().map(|asked| asked.sent).sum();
    assert!(sent < 100_000, "{sent} bytes for one doc");
}

#[tokio::test]
async fn a_host_without_filters_does_too() {
    let world = World::new();
    world.host.configure("acme", "uploadpack.allowFilter", "false");
    world.host.commit("acme", "main", &[("docs/a.md", "one"), ("x", "y")], ANN, "first");
    world.pull().await.unwrap();
    world.host.commit("acme", "main", &[("docs/a.md", "two")], ANN, "second");
    let tip = world.pull().await.unwrap();
    assert_eq!(world.texts(&tip).await, pairs(&[("a.md", "two")]));
}

#[tokio::test]
async fn a_repository_with_sha_256_does_too() {
    let world = World::new();
    std::fs::remove_dir_all(world.host.folder("acme")).unwrap();
    let init = ["init", "-q", "--bare", "-b", "main", "--object-format=sha256"];
    let made = std::process::Command::new("git").args(init).arg(world.host.folder("acme")).status().unwrap();
    assert!(made.success());
    world.host.configure("acme", "uploadpack.allowFilter", "true");
    world.host.configure("acme", "http.receivepack", "true");
    world.host.commit("acme", "main", &[("docs/a.md", "one")], ANN, "first");
    let tip = world.pull().await.unwrap();
    assert_eq!(tip.commit.as_ref().map(|commit| commit.as_str().len()), Some(64));
    let pushed = world.push(tip.commit.as_ref(), &[("a.md", Some("two"))]).await.unwrap();
    assert_eq!(world.host.tip("acme", "main").as_deref(), Some(pushed.as_str()));
}

#[tokio::test]
async fn a_damaged_or_lost_copy_is_made_again() {
    let world = World::new();
    world.host.commit("acme", "main", &[("docs/a.md", "one")], ANN, "first");
    let tip = world.pull().await.unwrap();
    world.git.forget(&world.project).await;
    assert!(!world.copy().exists());
    let blobs = [tip.docs[0].blob.clone()];
    assert!(matches!(world.git.contents(&world.project, &blobs).await, Err(GitError::Failed(_))));
    assert_eq!(world.pull().await.unwrap().docs, tip.docs);
    // A run that was killed leaves locks and half files behind.
    world.host.commit("acme", "main", &[("docs/a.md", "two")], ANN, "second");
    std::fs::write(world.copy().join("shallow.lock"), "").unwrap();
    let tip = world.pull().await.unwrap();
    assert_eq!(world.texts(&tip).await, pairs(&[("a.md", "two")]));
    for entry in std::fs::read_dir(world.copy().join("objects/pack")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "pack") {
            std::fs::remove_file(&path).unwrap();
            std::fs::write(&path, "damaged").unwrap();
        }
    }
    let tip = world.pull().await.unwrap();
    assert_eq!(world.texts(&tip).await, pairs(&[("a.md", "two")]));
}

#[tokio::test]
async fn a_repository_cannot_fill_the_disk() {
    let mut world = World::new();
    world.git.patience.copy_bytes = 1024 * 1024;
    // What does not pack.
    let mut noise = vec![0; 8 * 1024 * 1024];
    for chunk in noise.chunks_mut(4_096) {
        chunk.copy_from_slice(&crate::crypto::random::<4_096>());
    }
    world.host.commit("acme", "main", &[("docs/noise.bin", noise)], ANN, "first");
    let Err(error) = world.pull().await else { panic!("it came") };
    assert!(error.to_string().contains("more than 1 MiB"), "{error}");
    assert!(!world.copy().exists());
}
