//! A project that only its user knows: registered at home, with nothing of ours to commit.

use aitk_tests::{Person, Platform, docs::docs};
use serde_json::json;

use crate::owed::guard::writes;

/// A developer in a repository of a team that knows nothing of aitk.
fn set_up() -> (Platform, Person) {
    let platform = Platform::start();
    let project = platform.project("p");
    platform.call("PUT", &format!("/api/projects/{project}/docs/a.md"), Some(json!({"content": "one\n"})));
    let mut dev = Person::new();
    dev.feed(&["login", &platform.url], platform.key(&project, "developer", "Dan")).expect(0);
    dev.find_aitk();
    dev.write("src/a.rs", "");
    dev.git(&["add", "."]);
    dev.git(&["commit", "-qm", "theirs"]);
    (platform, dev)
}

fn init(dev: &Person, platform: &Platform) {
    let arguments = ["init", "--local", "--project", "p", "--url", &platform.url];
    dev.aitk(&[&arguments[..], &["--agent", "claude,gemini"]].concat()).expect(0);
}

fn registry(dev: &Person) -> std::path::PathBuf {
    dev.home().join(".config/aitk/projects.toml")
}

#[test]
fn a_project_of_ones_own_works_with_nothing_to_commit() {
    let (platform, dev) = set_up();
    init(&dev, &platform);
    assert_eq!(dev.git(&["status", "--porcelain"]), "");
    let listed = std::fs::read_to_string(registry(&dev)).unwrap();
    init(&dev, &platform);
    dev.aitk(&["init", "--local"]).expect(0);
    assert_eq!(std::fs::read_to_string(registry(&dev)).unwrap(), listed, "twice changes nothing");

    // Before the first check there is nothing but the user's word.
    assert_eq!(writes(&dev, "docs/a.md"), "deny");
    assert_eq!(writes(&dev, "src/a.rs"), "allow");
    let done = dev.feed(&["check", "--agent", "claude"], dev.claude("SessionStart")).expect(0);
    assert!(done.out.contains(".docs/a.md"), "{done:#?}");
    assert_eq!(dev.mirror(), docs(&[("a.md", "one\n")]));
    assert_eq!(writes(&dev, ".docs/a.md"), "deny");
    assert_eq!(dev.git(&["status", "--porcelain"]), "");
    assert_eq!(dev.aitk(&["status", "--json"]).expect(0).json()["project"], "p");
    let settings = dev.aitk(&["doctor", "--json"]).expect(0).json()["checks"][1]["message"].clone();
    assert!(settings.as_str().unwrap().contains("projects.toml"), "{settings}");
}

#[test]
fn from_a_sub_folder_and_in_another_working_tree_it_is_the_same_project() {
    let (platform, mut dev) = set_up();
    init(&dev, &platform);
    dev.git(&["worktree", "add", "-q", "../fix"]);
    for folder in [dev.file("src"), dev.home().join("fix"), dev.home().join("fix/src")] {
        dev.at = folder;
        let top = dev.git(&["rev-parse", "--show-toplevel"]);
        let top = std::path::Path::new(top.trim());
        dev.feed(&["check", "--agent", "claude"], dev.claude("SessionStart")).expect(0);
        assert!(top.join(".docs/a.md").exists(), "{top:?}");
        assert_eq!(writes(&dev, &top.join("docs/a.md").display().to_string()), "deny", "{top:?}");
        assert_eq!(dev.git(&["status", "--porcelain"]), "", "{top:?}");
    }
}

#[test]
fn uninstalling_takes_the_project_off_the_users_list_and_leaves_the_hooks_of_others() {
    let (platform, dev) = set_up();
    init(&dev, &platform);
    dev.aitk(&["init", "--uninstall"]).expect(0).says(&["--scope user"]);
    assert!(!registry(&dev).exists());
    for left in [".ignore", ".geminiignore", ".aitk.toml"] {
        assert!(!dev.file(left).exists(), "{left}");
    }
    assert!(!dev.read(".git/info/exclude").contains("aitk"));
    assert_eq!(writes(&dev, "docs/a.md"), "allow");
    assert!(dev.home().join(".claude/settings.json").exists());
}

#[test]
fn what_the_repository_says_itself_comes_first_and_an_ignore_file_of_others_is_left_alone() {
    let (platform, dev) = set_up();
    dev.write(".ignore", "*.snap\n");
    init(&dev, &platform);
    assert_eq!(dev.read(".ignore"), "*.snap\n");
    dev.write(".aitk.toml", "project = 'other'\n");
    dev.aitk(&["check"]).expect(4).says(&["other"]);
    dev.aitk(&["init", "--local"]).expect(64).says(&["--scope user"]);
}

#[test]
fn without_a_project_nothing_is_registered_and_a_broken_list_stops_writes_with_its_reason() {
    let (platform, dev) = set_up();
    dev.aitk(&["init", "--local"]).expect(4).says(&["--project"]);
    assert!(!registry(&dev).exists());
    init(&dev, &platform);
    std::fs::write(registry(&dev), "[[project]\n").unwrap();
    assert_eq!(writes(&dev, "src/a.rs"), "deny");
    dev.feed(&["check", "--agent", "claude"], dev.claude("UserPromptSubmit"))
        .expect(2)
        .says(&["projects.toml"]);
    dev.aitk(&["check"]).expect(4).says(&["projects.toml"]);
}
