//! What a push makes of the branch, and of those who pushed meanwhile.

use super::*;

#[tokio::test]
async fn a_push_is_one_commit_that_leaves_all_else_as_it_is() {
    let world = World::new();
    let files = [
        ("docs/a.md", Entry::from("one")),
        ("docs/b.md", Entry::from("b")),
        ("docs/run.sh", Entry::Executable(b"old".to_vec())),
        ("docs/link.md", Entry::Link("a.md".into())),
        ("docs/module", Entry::Submodule),
        ("src/main.rs", Entry::from("fn main() {}")),
    ];
    let first = world.host.commit("acme", "main", &files, ANN, "first");
    let tip = world.pull().await.unwrap();
    let changes =
        [("a.md", Some("two")), ("b.md", None), ("run.sh", Some("new")), ("x/q \"ß\".md", Some("deep"))];
    let pushed = world.push(tip.commit.as_ref(), &changes).await.unwrap();
    let log = world.host.log("acme");
    assert_eq!((log.len(), log[0].id.as_str(), log[1].id.as_str()), (2, pushed.as_str(), first.as_str()));
    assert_eq!(log[0].author, "Lea Lead <lea@aitk.invalid>");
    assert_eq!(log[0].message, "docs: reworked\n\nWhy: ß");
    assert_eq!(
        world.host.tree("acme", "main"),
        [
            "100644 docs/a.md",
            "120000 docs/link.md",
            "160000 docs/module",
            "100755 docs/run.sh",
            "100644 docs/x/q \"ß\".md",
            "100644 src/main.rs",
        ]
    );
    assert_eq!(world.host.show("acme", "main", "docs/run.sh").as_deref(), Some(&b"new"[..]));
    // What was pushed is here: the next pull is one question.
    world.host.forget_requests();
    let tip = world.pull().await.unwrap();
    assert_eq!((tip.commit.as_ref(), world.host.requests().len()), (Some(&pushed), 2));
    assert_eq!(paths(&tip), ["a.md", "run.sh", "x/q \"ß\".md"]);
    // Several pushes in a row, and the bare repository stays sound.
    let again = world.push(Some(&pushed), &[("a.md", Some("three"))]).await.unwrap();
    let same = world.push(Some(&again), &[("a.md", Some("three"))]).await.unwrap();
    assert_eq!(again, same, "nothing changes, so there is no commit");
    assert_eq!(world.host.log("acme").len(), 3);
    let sound = std::process::Command::new("git")
        .args(["fsck", "--strict", "--no-dangling"])
        .current_dir(world.host.folder("acme"))
        .output()
        .unwrap();
    assert!(sound.status.success(), "{sound:?}");
}

#[tokio::test]
async fn the_first_commit_of_an_empty_repository_can_be_ours() {
    let world = World::new();
    let mut remote = world.remote();
    remote.branch = None;
    let pushed = world.push_to(&remote, None, &[("a.md", Some("one"))]).await.unwrap();
    assert_eq!(world.host.tip("acme", "main").as_deref(), Some(pushed.as_str()));
    assert_eq!(world.push_to(&remote, None, &[("a.md", Some("one"))]).await, Ok(pushed));
    assert_eq!(world.push_to(&remote, None, &[("a.md", Some("two"))]).await, Err(GitError::Moved));
    let tip = world.pull().await.unwrap();
    assert_eq!(world.texts(&tip).await, pairs(&[("a.md", "one")]));
}

#[tokio::test]
async fn nothing_that_others_pushed_meanwhile_is_lost() {
    let world = World::new();
    world.host.commit("acme", "main", &[("docs/a.md", "one")], ANN, "first");
    let tip = world.pull().await.unwrap();
    let theirs = world.host.commit("acme", "main", &[("docs/b.md", "theirs")], ANN, "second");
    let refused = world.push(tip.commit.as_ref(), &[("a.md", Some("two"))]).await;
    assert_eq!(refused, Err(GitError::Moved));
    assert_eq!(world.host.tip("acme", "main"), Some(theirs));
    let tip = world.pull().await.unwrap();
    world.push(tip.commit.as_ref(), &[("a.md", Some("two"))]).await.unwrap();
    assert_eq!(world.host.tree("acme", "main"), ["100644 docs/a.md", "100644 docs/b.md"]);
    // A branch that was pushed by force is not what the commit stands on.
    let onto = world.pull().await.unwrap().commit;
    world.host.force("acme", "main", &[("docs/a.md", "forced")], ANN, "forced");
    assert_eq!(world.push(onto.as_ref(), &[("a.md", Some("three"))]).await, Err(GitError::Moved));
}

#[tokio::test]
async fn whoever_pushes_between_the_question_and_the_push_wins() {
    let world = World::new();
    let first = world.host.commit("acme", "main", &[("docs/a.md", "one")], ANN, "first");
    let other = world.host.commit("acme", "other", &[("docs/a.md", "other")], ANN, "other");
    let tip = world.pull().await.unwrap();
    // Runs after git told the pusher where the branch is, and before it moves the branch.
    let script = format!("git update-ref refs/heads/main {other} {first}");
    world.host.hook("acme", "pre-receive", &format!("unset GIT_QUARANTINE_PATH; {script}"));
    assert_eq!(world.push(tip.commit.as_ref(), &[("a.md", Some("two"))]).await, Err(GitError::Moved));
    assert_eq!(world.host.tip("acme", "main"), Some(other));
}

#[tokio::test]
async fn a_push_whose_answer_was_lost_is_found_out_and_not_made_twice() {
    let world = World::new();
    world.host.commit("acme", "main", &[("docs/a.md", "one")], ANN, "first");
    let tip = world.pull().await.unwrap();
    world.host.lose_answers(true);
    let lost = world.push(tip.commit.as_ref(), &[("a.md", Some("two"))]).await;
    assert!(matches!(lost, Err(GitError::Unreachable(_))), "{lost:?}");
    world.host.lose_answers(false);
    let taken = world.host.tip("acme", "main");
    // A server that lost its copies as well.
    world.git.forget(&world.project).await;
    let pushed = world.push(tip.commit.as_ref(), &[("a.md", Some("two"))]).await.unwrap();
    assert_eq!(Some(pushed.as_str()), taken.as_deref());
    assert_eq!(world.host.log("acme").len(), 2);
}

#[tokio::test]
async fn a_host_that_does_not_take_the_push_says_why() {
    let world = World::new();
    world.host.commit("acme", "main", &[("docs/a.md", "one")], ANN, "first");
    let tip = world.pull().await.unwrap();
    let push = async || world.push(tip.commit.as_ref(), &[("a.md", Some("two"))]).await;
    world.host.hook(
        "acme",
        "pre-receive",
        "echo \"branch is $(printf '\\033')[31mprotected: $HTTP_AUTHORIZATION\"; exit 1",
    );
    let Err(GitError::Rejected(text)) = push().await else { panic!() };
    assert!(text.contains("pre-receive hook declined") && text.contains("protected"), "{text}");
    assert!(!text.contains('\u{1b}'), "{text}");
    world.host.set_read_only(true);
    let Err(GitError::Rejected(text)) = push().await else { panic!() };
    assert!(text.contains("write"), "{text}");
    assert_eq!(world.host.log("acme").len(), 1);
}

#[tokio::test]
async fn what_is_no_doc_is_not_replaced_by_one() {
    let mut world = World::new();
    let files = [
        ("docs/a.md", Entry::from("one")),
        ("docs/link.md", Entry::Link("a.md".into())),
        ("docs/links", Entry::Link("elsewhere".into())),
        ("docs/folder/film.mp4", Entry::from("version https://git-lfs.github.com/spec/v1\noid x\n")),
    ];
    let first = world.host.commit("acme", "main", &files, ANN, "first");
    let tip = world.pull().await.unwrap();
    for path in ["link.md", "links/x.md", "folder", "folder/film.mp4", "a.md/x.md"] {
        let refused = world.push(tip.commit.as_ref(), &[(path, Some("ours"))]).await;
        assert!(matches!(&refused, Err(GitError::Rejected(_))), "{path}: {refused:?}");
    }
    assert_eq!(world.host.tip("acme", "main"), Some(first));
    // Neither where the server has no copy any more, nor what is too large to be a doc.
    world.git.forget(&world.project).await;
    let refused = world.push(tip.commit.as_ref(), &[("folder/film.mp4", Some("ours"))]).await;
    assert!(matches!(&refused, Err(GitError::Rejected(text)) if text.contains("LFS")), "{refused:?}");
    world.git.policy.doc_bytes = 2;
    let refused = world.push(tip.commit.as_ref(), &[("a.md", Some("x"))]).await;
    assert!(matches!(&refused, Err(GitError::Rejected(text)) if text.contains("too large")), "{refused:?}");
    world.git.policy.doc_bytes = limits::DOC_BYTES;
    // A file may become a folder.
    world.push(tip.commit.as_ref(), &[("a.md", None), ("a.md/x.md", Some("deep"))]).await.unwrap();
    assert_eq!(world.host.show("acme", "main", "docs/a.md/x.md").as_deref(), Some(&b"deep"[..]));
    // A docs folder that is a link is not replaced either.
    let remote = Remote { docs_path: DocPath::parse("docs/links").unwrap(), ..world.remote() };
    let tip = world.pull().await.unwrap();
    let refused = world.push_to(&remote, tip.commit.as_ref(), &[("a.md", Some("x"))]).await;
    assert!(matches!(refused, Err(GitError::Rejected(_))), "{refused:?}");
}

#[tokio::test]
async fn five_thousand_docs_go_in_one_commit() {
    let world = World::new();
    world.host.commit("acme", "main", &[("x", "y")], ANN, "first");
    let tip = world.pull().await.unwrap();
    let names: Vec<String> = (0..5_000).map(|n| format!("part-{}/page-{n}.md", n / 100)).collect();
    let texts: Vec<String> = names.iter().map(|name| format!("# {name}\n{}", "text ".repeat(100))).collect();
    let changes: Vec<_> =
        names.iter().zip(&texts).map(|(name, text)| (name.as_str(), Some(text.as_str()))).collect();
    world.push(tip.commit.as_ref(), &changes).await.unwrap();
    assert_eq!(world.host.tree("acme", "main").len(), 5_001);
    assert_eq!(world.pull().await.unwrap().docs.len(), 5_000);
}

#[tokio::test]
async fn texts_are_merged_as_git_does_and_anything_else_is_a_conflict() {
    let world = World::new();
    let merge =
        async |base: &[u8], ours: &[u8], theirs: &[u8]| world.git.merge(base, ours, theirs).await.unwrap();
    let clean = merge(b"a\nb\nc\nd\n", b"A\nb\nc\nd\n", b"a\nb\nc\nD\n").await;
    assert_eq!(clean, Merged::Clean(b"A\nb\nc\nD\n".to_vec()));
    let text = "a\n<<<<<<< platform\nours\n=======\ntheirs\n>>>>>>> repository\nc\n";
    let conflict = merge(b"a\nb\nc\n", b"a\nours\nc\n", b"a\ntheirs\nc\n").await;
    assert_eq!(conflict, Merged::Conflict(text.as_bytes().to_vec()));
    assert_eq!(merge(b"", b"x\n", b"").await, Merged::Clean(b"x\n".to_vec()));
    assert_eq!(merge(b"a", b"a\0b", b"c").await, Merged::Conflict(b"a\0b".to_vec()));
    assert_eq!(merge(b"a", b"\xff", b"c").await, Merged::Conflict(b"\xff".to_vec()));
    assert_eq!(
        std::fs::read_dir(&world.git.folder).unwrap().count(),
        1,
        "nothing is left but the empty home"
    );
}
