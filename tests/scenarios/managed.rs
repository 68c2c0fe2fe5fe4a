//! Hooks in the settings of the whole machine, as its administrator installs them: here in a namespace
//! with an `/etc` of its own.

use aitk_tests::{Done, Scene, binary};

#[test]
fn an_administrator_installs_hooks_that_nobody_switches_off_and_takes_them_out_again() {
    let scene = Scene::synced(&[("a.md", "one\n")]);
    let mut dev = scene.dev;
    dev.find_aitk();
    let admin = |arguments: &[&str]| -> Option<Done> {
        let mut command = dev.as_administrator(binary("aitk"))?;
        Some(dev.done(command.args(arguments)))
    };
    // Where the kernel gives no namespace to a plain user, there is no machine to set up.
    let Some(done) = admin(&["init", "--scope", "managed", "--agent", "all"]) else { return };
    done.expect(0).says(&["codex", "no settings for the whole machine"]);
    let etc = |path: &str| dev.home().join("etc").join(path);
    let files = ["claude-code/managed-settings.json", "gemini-cli/settings.json"];
    for file in files {
        let text = std::fs::read_to_string(etc(file)).unwrap();
        assert!(text.contains(&format!("{} guard", binary("aitk").display())), "{text}");
    }
    assert!(
        admin(&["init", "--scope", "managed", "--agent", "all"])
            .unwrap()
            .expect(0)
            .out
            .contains("nothing to change")
    );
    assert!(
        dev.git(&["status", "--porcelain"]).lines().all(|line| line.ends_with(".aitk.toml")),
        "nothing else"
    );

    // What a repository switches off does not reach them, and doctor knows.
    dev.write(".claude/settings.json", "{\"disableAllHooks\": true}");
    let said = admin(&["doctor"]).unwrap();
    assert!(said.out.contains("claude: /etc/claude-code/managed-settings.json stops writes"), "{said:#?}");
    assert!(!said.out.contains("switches hooks off"), "{said:#?}");

    admin(&["init", "--scope", "managed", "--uninstall"]).unwrap().expect(0);
    for file in files {
        assert!(!etc(file).exists(), "{file}");
    }
    // Nobody but an administrator is let in.
    dev.aitk(&["init", "--scope", "managed", "--agent", "codex"]).expect(64).says(&["--scope user"]);
}
