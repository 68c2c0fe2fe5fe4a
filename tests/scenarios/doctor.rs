//! `aitk doctor`: green where all is well, and by name what is broken.

use std::path::Path;

use aitk_tests::{Done, Person, Platform, binary};
use serde_json::{Value, json};

const CLAUDE: &str = ".claude/settings.json";

/// A developer whose agents have their hooks, with `aitk` on the PATH.
fn set_up(agents: &[&str]) -> (Platform, String, Person) {
    let platform = Platform::start();
    let project = platform.project("p");
    platform.call("PUT", &format!("/api/projects/{project}/docs/a.md"), Some(json!({"content": "x"})));
    let mut dev = Person::of(&platform, "p", &platform.key(&project, "developer", "Dan"));
    dev.find_aitk();
    for agent in agents {
        dev.aitk(&["init", "--agent", agent]).expect(0);
    }
    dev.aitk(&["check"]).expect(0);
    (platform, project, dev)
}

/// The settings in `file` after `change`.
fn edit(dev: &Person, file: &str, change: impl FnOnce(&mut Value)) {
    let mut settings: Value = serde_json::from_str(&dev.read(file)).unwrap();
    change(&mut settings);
    dev.write(file, settings.to_string());
}

/// Doctor's findings that are not ok, as `status check message`.
fn findings(done: &Done) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let checks = done.json()["checks"].as_array().unwrap().clone();
    checks
        .iter()
        .filter(|check| check["status"] != "ok")
        .map(|check| {
            format!("{} {} {}", text(&check["status"]), text(&check["check"]), text(&check["message"]))
        })
        .collect()
}

#[track_caller]
fn fails(dev: &Person, words: &[&str]) {
    let done = dev.aitk(&["doctor", "--json"]).expect(1);
    let found = findings(&done);
    let says = |line: &&String| line.starts_with("fail") && words.iter().all(|word| line.contains(word));
    assert!(found.iter().any(|line| says(&line)), "{words:?} in {found:#?}");
}

#[track_caller]
fn is_well(dev: &Person) {
    let done = dev.aitk(&["doctor", "--json"]).expect(0);
    assert_eq!(done.json()["ok"], true, "{done:#?}");
}

#[test]
fn doctor_is_content_where_all_is_well_and_changes_nothing() {
    let (_platform, _, dev) = set_up(&["claude"]);
    let before = dev.git(&["status", "--porcelain", "--ignored"]);
    let done = dev.aitk(&["doctor"]).expect(0);
    for word in
        ["server", "clock", "key", "copy", "cache", "search", "hooks", "claude: .claude/settings.json stops"]
    {
        assert!(done.out.contains(word), "no {word}: {done:#?}");
    }
    assert_eq!(dev.git(&["status", "--porcelain", "--ignored"]), before);
    assert!(!dev.file("aitk-doctor-probe.md").exists() && !dev.file(".docs/aitk-doctor-probe.md").exists());
}

#[test]
fn doctor_names_each_way_in_which_hooks_do_not_block() {
    let (_platform, _, dev) = set_up(&["claude"]);
    let whole = dev.read(CLAUDE);
    fn guard(settings: &mut Value) -> &mut Value {
        &mut settings["hooks"]["PreToolUse"][0]
    }
    type Break = fn(&mut Value);
    let broken: [(Break, &[&str]); 6] = [
        (
            |s| guard(s)["hooks"][0]["command"] = "aitk guard --agent claude || exit 1".into(),
            &["exits with 1"],
        ),
        (
            |s| guard(s)["hooks"][0]["command"] = "aitk guard --agent claude; true".into(),
            &["a write to", "would pass"],
        ),
        (|s| guard(s)["matcher"] = "Write|Edit".into(), &["matcher", "leaves Bash out"]),
        (|s| guard(s)["hooks"][0]["timeout"] = json!(0.01), &["0.01 seconds"]),
        (|s| s["disableAllHooks"] = true.into(), &["switches hooks off"]),
        (
            |s| drop(s["hooks"].as_object_mut().unwrap().remove("UserPromptSubmit")),
            &["no hook", "UserPromptSubmit"],
        ),
    ];
    for (change, words) in broken {
        edit(&dev, CLAUDE, change);
        fails(&dev, words);
        dev.write(CLAUDE, &whole);
    }
    dev.write(CLAUDE, "{");
    fails(&dev, &["cannot be read"]);
    dev.write(CLAUDE, &whole);
    is_well(&dev);
}

#[test]
fn doctor_sees_that_agents_would_not_find_aitk() {
    let (_platform, _, mut dev) = set_up(&["claude"]);
    let tools = dev.home().join("bin");
    std::fs::create_dir(&tools).unwrap();
    for tool in ["sh", "git"] {
        let found = std::env::split_paths(&std::env::var_os("PATH").unwrap())
            .map(|folder| folder.join(tool))
            .find(|path| path.exists())
            .unwrap();
        std::os::unix::fs::symlink(found, tools.join(tool)).unwrap();
    }
    dev.set("PATH", tools.to_str().unwrap());
    fails(&dev, &["claude", "a write to"]);
    dev.aitk(&["doctor"]).expect(1);
}

#[test]
fn doctor_knows_what_each_other_agent_needs() {
    let (_platform, _, mut dev) = set_up(&["gemini", "codex", "copilot", "claude"]);
    is_well(&dev);
    // Codex says itself what it skips.
    for (hooks, words) in [
        (
            r#"{"key":"k","currentHash":"h","trustStatus":"untrusted","command":"aitk guard --agent codex"}"#,
            "1 of 1 hooks",
        ),
        ("", "this folder is not trusted"),
    ] {
        with_codex(&mut dev, hooks);
        fails(&dev, &["codex skips", words]);
    }
    with_codex(
        &mut dev,
        r#"{"key":"k","currentHash":"h","trustStatus":"trusted","command":"aitk guard --agent codex"}"#,
    );
    is_well(&dev);
    // Seconds where milliseconds are meant: the hook is always too late.
    edit(&dev, ".gemini/settings.json", |s| s["hooks"]["BeforeTool"][0]["hooks"][0]["timeout"] = 10.into());
    fails(&dev, &["gemini", "10 milliseconds"]);
    dev.aitk(&["init", "--agent", "gemini"]).expect(0);
    // Copilot reads Claude Code's settings and drops the words after the program.
    edit(&dev, CLAUDE, |s| {
        let hook = &mut s["hooks"]["PreToolUse"][0]["hooks"][0];
        hook["command"] = "env".into();
        hook["args"] = json!(["aitk", "guard", "--agent", "claude"]);
    });
    fails(&dev, &["copilot also reads .claude/settings.json"]);
}

/// Puts a program on the PATH that answers as Codex's app-server does: it sees these hooks.
fn with_codex(dev: &mut Person, hooks: &str) {
    use std::os::unix::fs::PermissionsExt;
    let folder = dev.home().join("codex-bin");
    std::fs::create_dir_all(&folder).unwrap();
    let script = format!(
        "#!/bin/sh\nread -r a; echo '{{\"id\":1,\"result\":{{}}}}'\nread -r b; read -r c\n\
         echo '{{\"id\":2,\"result\":{{\"data\":[{{\"hooks\":[{hooks}]}}]}}}}'\nread -r d\n"
    );
    std::fs::write(folder.join("codex"), script).unwrap();
    std::fs::set_permissions(folder.join("codex"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = std::env::var("PATH").unwrap();
    let aitk = binary("aitk").parent().unwrap().display().to_string();
    dev.set("PATH", &format!("{}:{aitk}:{path}", folder.display()));
}

#[test]
fn doctor_tells_what_hides_the_docs_and_what_became_of_them() {
    let (mut platform, project, dev) = set_up(&["claude"]);
    let search = dev.read(".ignore");
    dev.write(".ignore", "");
    fails(&dev, &["search", ".ignore"]);
    dev.write(".ignore", search);
    dev.write(".gitignore", ".docs/\n");
    fails(&dev, &["search", ".gitignore:1", "hides"]);
    dev.write(".gitignore", "");
    is_well(&dev);

    let doc = dev.file(".docs/a.md");
    set_mode(&doc, 0o644);
    std::fs::write(&doc, "mine").unwrap();
    fails(&dev, &["copy", "not as it was written"]);
    dev.aitk(&["verify", "--repair"]).expect(0);
    is_well(&dev);

    let id = platform.call("GET", &format!("/api/projects/{project}/keys"), None)[0]["id"].clone();
    platform.call("DELETE", &format!("/api/projects/{project}/keys/{}", id.as_str().unwrap()), None);
    fails(&dev, &["key"]);
    platform.kill();
    fails(&dev, &["server", "cannot reach"]);
}

fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn e11_doctor_says_which_settings_of_the_network_are_in_force() {
    let (platform, _, mut dev) = set_up(&["claude"]);
    let done = dev.aitk(&["doctor"]).expect(0);
    assert!(!done.out.contains("PROXY"), "{done:#?}");
    // Loopback is never reached through a proxy, and what else curl would read counts for nothing.
    dev.set("HTTPS_PROXY", "http://127.0.0.1:9");
    dev.set("http_proxy", "http://127.0.0.1:9");
    std::fs::write(dev.home().join(".curlrc"), "proxy = http://127.0.0.1:9\n").unwrap();
    let done = dev.aitk(&["doctor"]).expect(0);
    let line = done.out.lines().find(|line| line.contains("network")).unwrap_or_default();
    assert!(line.contains("HTTPS_PROXY, http_proxy set, and not used for"), "{done:#?}");
    assert!(line.contains(&platform.url), "{done:#?}");
}

#[test]
fn doctor_reads_settings_with_comments_as_their_agent_does() {
    let (_platform, _, dev) = set_up(&["claude", "gemini"]);
    let comment = |file: &str| dev.write(file, dev.read(file).replacen('{', "{ // mine\n", 1));
    comment(".gemini/settings.json");
    let said = dev.aitk(&["doctor", "--json"]).out;
    assert!(!said.contains("cannot be read"), "{said}");
    dev.aitk(&["init", "--agent", "gemini"]).expect(0);
    assert!(dev.read(".gemini/settings.json").contains("// mine"));
    comment(CLAUDE);
    fails(&dev, &["claude", CLAUDE, "cannot be read", "a comment"]);
    let before = dev.read(CLAUDE);
    dev.aitk(&["init", "--agent", "claude", "--strict"]).expect(1).says(&[CLAUDE, "a comment"]);
    assert_eq!(dev.read(CLAUDE), before);
}

#[test]
fn doctor_says_which_agent_does_not_find_docs_by_name() {
    let (_platform, _, dev) = set_up(&["claude"]);
    let search = || {
        let done = dev.aitk(&["doctor"]);
        done.out.lines().find(|line| line.contains(" search ")).unwrap().to_owned()
    };
    assert!(!search().contains("qwen"), "{}", search());
    dev.aitk(&["init", "--agent", "qwen"]).expect(0);
    assert!(search().starts_with("ok") && search().contains("not by name"), "{}", search());
}

#[test]
fn doctor_knows_that_gemini_takes_ripgrep_from_the_systems_folders_alone() {
    let (_platform, _, mut dev) = set_up(&["gemini"]);
    dev.write("own/rg", "#!/bin/sh\n");
    set_mode(&dev.file("own/rg"), 0o755);
    let path = format!("{}:{}", dev.file("own").display(), std::env::var("PATH").unwrap());
    dev.set("PATH", &path);
    let said = dev.aitk(&["doctor"]).out;
    assert!(said.contains("gemini's search misses"), "{said}");
}
