//! `aitk check` as the hook of every agent, against a real server.

use aitk_tests::docs::docs;
use aitk_tests::{Done, Person, Reply, Scene, fixture};
use serde_json::Value;

/// A captured event of `agent`, as if it had happened in this person's repository.
fn event(person: &Person, agent: &str, name: &str) -> String {
    let text = std::fs::read_to_string(fixture(&format!("hooks/{agent}/{name}.json"))).unwrap();
    let at = person.at.to_str().unwrap();
    text.replace("/proj/", &format!("{at}/")).replace("\"/proj\"", &format!("{at:?}"))
}

fn check(person: &Person, agent: &str, name: &str) -> Done {
    person.feed(&["check", "--agent", agent], event(person, agent, name))
}

/// The context that an agent is given, wherever it reads it.
fn context(done: &Done, agent: &str) -> String {
    if agent == "opencode" {
        return done.out.trim().to_owned();
    }
    let said: Value = serde_json::from_str(&done.out).unwrap_or_else(|error| panic!("{error}: {done:#?}"));
    let text = match agent {
        "copilot" => &said["additionalContext"],
        _ => &said["hookSpecificOutput"]["additionalContext"],
    };
    text.as_str().unwrap_or_else(|| panic!("{done:#?}")).to_owned()
}

const STARTS: [(&str, &str); 7] = [
    ("claude", "SessionStart-startup"),
    ("codex", "SessionStart-startup"),
    ("gemini", "SessionStart-startup"),
    ("qwen", "SessionStart-startup"),
    ("copilot", "check-new"),
    ("droid", "SessionStart-startup"),
    ("opencode", "SessionStart-none"),
];

#[test]
fn every_agent_is_told_at_the_start_of_a_session_where_the_docs_are() {
    let scene = Scene::new(&[("README.md", "hello"), ("api/errors.md", "x")]);
    for (agent, start) in STARTS {
        let done = check(&scene.dev, agent, start).expect(0);
        assert_eq!(done.err, "", "{agent}");
        let text = context(&done, agent);
        assert!(text.contains(".docs/README.md, .docs/api/errors.md"), "{agent}: {text}");
        assert!(text.contains("2 docs at revision ") && !text.contains('\n'), "{agent}: {text}");
    }
}

#[test]
fn the_agents_instructions_name_the_docs_by_path_before_the_first_check() {
    let scene = Scene::new(&[("README.md", "hello"), ("style.md", "x"), ("api/errors.md", "x")]);
    scene.dev.aitk(&["init", "--agent", "claude", "gemini"]).expect(0);
    for file in ["CLAUDE.md", "GEMINI.md"] {
        assert!(scene.dev.read(file).contains("Start with `.docs/README.md`, `.docs/style.md`.\n"), "{file}");
    }
    // Whoever has no docs and no server at hand changes nothing.
    scene.between.answer(|_| Reply::problem(503, "unavailable", "later"));
    assert_eq!(scene.dev.aitk(&["init", "--agent", "claude", "gemini"]).expect(0).out, "nothing to change\n");
    scene.between.be_honest();
    scene.dev.aitk(&["check"]).expect(0);
    assert_eq!(scene.dev.aitk(&["init", "--agent", "claude", "gemini"]).expect(0).out, "nothing to change\n");
}

#[test]
fn a_lock_is_enforced_wherever_the_agent_can_be_stopped() {
    let scene = Scene::synced(&[("README.md", "hello")]);
    scene.lock("rewriting the guide");
    for (agent, moment, answer) in [
        ("claude", "SessionStart-startup", "exit"),
        ("claude", "UserPromptSubmit-none", "exit"),
        ("codex", "SessionStart-startup", "stopReason"),
        ("codex", "UserPromptSubmit-none", "exit"),
        ("gemini", "SessionStart-startup", "exit"),
        ("gemini", "BeforeAgent-none", "exit"),
        ("qwen", "UserPromptSubmit-none", "exit"),
        ("copilot", "check-new", "additionalContext"),
        ("copilot", "check-none", "reason"),
        ("copilot", "UserPromptSubmit-none", "reason"),
        ("droid", "SessionStart-startup", "exit"),
        ("opencode", "SessionStart-none", "exit"),
    ] {
        let done = check(&scene.dev, agent, moment);
        let reason = match answer {
            "exit" => {
                assert_eq!((done.code, done.out.as_str()), (Some(2), ""), "{agent} {moment}");
                done.err.clone()
            }
            field => {
                let said: Value = serde_json::from_str(&done.out).unwrap();
                assert_eq!(done.code, Some(0), "{agent} {moment}");
                said[field].as_str().unwrap().to_owned()
            }
        };
        assert!(reason.contains("rewriting the guide") && reason.contains("locked by"), "{agent}: {reason}");
    }
    // A subagent's task is no prompt of a person: the session began before and goes on.
    let task = check(&scene.dev, "codex", "UserPromptSubmit-none-subagent").expect(0);
    assert_eq!((task.out.as_str(), task.err.as_str()), ("", ""));
}

#[test]
fn a_session_is_told_once_that_the_docs_moved_also_where_another_brought_them() {
    let scene = Scene::new(&[("README.md", "hello")]);
    check(&scene.dev, "qwen", "SessionStart-startup").expect(0);
    check(&scene.dev, "claude", "SessionStart-startup").expect(0);
    scene.publish_only(&[("README.md", "hello again")]);
    // A command has the next hook ask again, and it is the one that fetches.
    scene.dev.aitk(&["check"]).expect(0);
    let told = check(&scene.dev, "qwen", "UserPromptSubmit-none").expect(0);
    let text = context(&told, "qwen");
    assert!(text.contains("changed since this session was last told"), "{text}");
    scene.dev.aitk(&["check"]).expect(0);
    let silent = check(&scene.dev, "qwen", "UserPromptSubmit-none").expect(0);
    assert_eq!(silent.out, "");
    // The other session has not heard of it yet; what it fetches itself it is told by name.
    scene.publish_only(&[("README.md", "hello once more")]);
    scene.dev.aitk(&["sync", "--force"]).expect(0);
    scene.publish_only(&[("README.md", "at last"), ("new.md", "x")]);
    let told = context(&check(&scene.dev, "claude", "UserPromptSubmit-none").expect(0), "claude");
    assert!(told.contains("README.md") && told.contains("new.md"), "{told}");
}

#[test]
fn a_prompt_under_way_is_not_stopped_between_two_turns_of_the_model() {
    let scene = Scene::new(&[("README.md", "hello")]);
    check(&scene.dev, "qwen", "SessionStart-startup").expect(0);
    check(&scene.dev, "qwen", "UserPromptSubmit-none").expect(0);
    scene.lock("rewriting");
    // A command has the next hook ask again.
    scene.dev.aitk(&["check"]).expect(2);
    let turn = check(&scene.dev, "qwen", "UserPromptSubmit-none").expect(0);
    assert_eq!((turn.out.as_str(), turn.err.as_str()), ("", ""));
    let next = event(&scene.dev, "qwen", "UserPromptSubmit-none").replace("########0", "########1");
    scene.dev.feed(&["check", "--agent", "qwen"], next).expect(2).says(&["rewriting"]);
}

#[test]
fn at_the_top_of_a_monorepo_all_projects_that_git_tracks_are_served() {
    let mut scene = Scene::new(&[("README.md", "hello")]);
    let toml = scene.dev.read(".aitk.toml");
    std::fs::remove_file(scene.dev.file(".aitk.toml")).unwrap();
    scene.dev.write("apps/web/.aitk.toml", &toml);
    scene.dev.write("apps/untracked/.aitk.toml", &toml);
    let silent = check(&scene.dev, "claude", "SessionStart-startup").expect(0);
    assert_eq!(silent.out, "", "git tracks no project yet");
    scene.dev.git(&["add", "apps/web"]);
    let text = context(&check(&scene.dev, "claude", "SessionStart-startup").expect(0), "claude");
    assert!(text.contains("apps/web/.docs/README.md"), "{text}");
    assert!(!scene.dev.file("apps/untracked/.docs").exists());
    assert_eq!(
        scene.dev.git(&["status", "--short", "--untracked-files=all", "apps/web"]),
        "A  apps/web/.aitk.toml\n"
    );
    scene.lock("rewriting");
    check(&scene.dev, "claude", "UserPromptSubmit-none").expect(0);
    scene.dev.aitk(&["check", "--root", "apps/web"]).expect(2);
    check(&scene.dev, "claude", "UserPromptSubmit-none").expect(2).says(&["rewriting"]);
    // A person's check serves them, too, and says whose word is whose.
    scene.dev.aitk(&["check"]).expect(2).says(&["apps/web: the docs are locked"]);
    scene.unlock();
    let done = scene.dev.aitk(&["check"]).expect(0);
    assert!(done.out.starts_with("apps/web: up to date"), "{done:#?}");
    let document = scene.dev.aitk(&["check", "--json"]).expect(0).json();
    assert_eq!(
        (&document["projects"][0]["root"], document["projects"][1].is_null()),
        (&"apps/web".into(), true)
    );
    // In a new working tree, too, whose index is elsewhere.
    scene.dev.git(&["commit", "-qm", "x"]);
    scene.dev.git(&["worktree", "add", "-q", "../other"]);
    scene.dev.at = scene.dev.home().join("other");
    check(&scene.dev, "claude", "SessionStart-startup").expect(0);
    assert!(scene.dev.file("apps/web/.docs/README.md").exists());
}

#[test]
fn a_prompt_right_after_a_good_answer_is_let_through_until_anything_moved() {
    let scene = Scene::synced(&[("a.md", "one\n")]);
    let dev = &scene.dev;
    let ask = |event: &str| dev.feed(&["check", "--agent", "claude"], dev.claude(event)).expect(0);
    let requests = || scene.between.heard().len();
    scene.between.be_honest();
    ask("SessionStart");
    let asked = requests();
    for _ in 0..3 {
        assert_eq!(ask("UserPromptSubmit").out, "");
    }
    assert_eq!(requests(), asked);

    // Another copy, other settings: what was good then says nothing.
    std::fs::remove_dir_all(dev.file(".docs")).unwrap();
    ask("UserPromptSubmit");
    assert_eq!((requests(), dev.mirror()), (asked + 1, docs(&[("a.md", "one\n")])));
    dev.write(".aitk.toml", dev.read(".aitk.toml").replace("\"p\"", "\"gone\""));
    dev.feed(&["check", "--agent", "claude"], dev.claude("UserPromptSubmit")).expect(2);
}
