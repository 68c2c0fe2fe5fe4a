//! A key goes where its user sent it, and nowhere else.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Stdio};

use aitk_tests::{Done, Person, Platform, Reply, Scene, StandIn, docs};
use serde_json::json;

/// A server of somebody else that writes down what it is told.
struct Stranger(StandIn);

impl Stranger {
    fn listen(platform: &Platform) -> Self {
        let stand_in = StandIn::before(&platform.url);
        stand_in.answer(|_| Reply::new(404, ""));
        Stranger(stand_in)
    }

    fn url(&self) -> &str {
        &self.0.url
    }

    fn heard(&self) -> String {
        self.0.heard().iter().map(|request| format!("{request:?}\n")).collect()
    }
}

#[test]
fn a_cloned_repository_cannot_collect_keys() {
    let platform = Platform::start();
    let project = platform.project("p");
    let key = platform.key(&project, "developer", "Dan");
    let stranger = Stranger::listen(&platform);
    let mut dev = Person::of(&platform, "p", &key);
    dev.write(".aitk.toml", format!("url = \"{}\"\nproject = \"p\"\n", stranger.url()));
    dev.set("AITK_API_KEY", &key);
    for arguments in [&["check"][..], &["status"], &["lock"], &["watch", "--max-retries", "0"]] {
        dev.aitk(arguments).expect(3).says(&["aitk login"]);
    }
    let hook = serde_json::json!({
        "session_id": "s", "cwd": dev.at, "hook_event_name": "SessionStart", "source": "startup",
    });
    dev.feed(&["check", "--agent", "claude"], hook.to_string()).expect(2);
    assert!(!stranger.heard().contains("sk_"), "{}", stranger.heard());

    // The repository's own key is an error, and not a way to be somebody else.
    dev.write(".aitk.toml", format!("url = \"{}\"\nproject = \"p\"\napi_key = \"{key}\"\n", platform.url));
    dev.aitk(&["check"]).expect(4);
}

/// Whoever may get the key is asked, whoever may not hears nothing.
#[track_caller]
fn hears_no_key(stranger: &Stranger, done: &Done) {
    assert_eq!(stranger.heard(), "", "{done:#?}");
}

#[test]
fn a_hook_asks_no_server_that_only_its_environment_named() {
    let scene = Scene::synced(&[("a.md", "one\n")]);
    let stranger = Stranger::listen(&scene.platform);
    let mut dev = scene.dev;
    std::fs::remove_file(dev.file(".aitk.toml")).unwrap();
    dev.set("AITK_URL", stranger.url());
    dev.set("AITK_PROJECT", "p");
    for event in ["SessionStart", "UserPromptSubmit"] {
        let done = dev.feed(&["check", "--agent", "claude"], dev.claude(event)).expect(2);
        hears_no_key(&stranger, &done);
        done.says(&["aitk login"]);
    }
    // At a command line its user has set it.
    dev.aitk(&["check"]).expect(3).says(&["there is no key"]);
    // An origin in the store is as good as any other place to name it.
    dev.set("AITK_URL", &scene.between.url);
    dev.feed(&["check", "--agent", "claude"], dev.claude("SessionStart")).expect(0);
    // The key of somebody who is not logged in anywhere, and set both together.
    let mut both = Person::new();
    both.write(".docs/.sync-hash", "");
    both.set("AITK_URL", &scene.between.url);
    both.set("AITK_PROJECT", "p");
    both.set("AITK_API_KEY", &scene.platform.key(&scene.project, "developer", "Eve"));
    both.feed(&["check", "--agent", "claude"], both.claude("SessionStart")).expect(0);
}

#[test]
fn an_agents_settings_in_a_repository_do_not_lead_the_users_key_away() {
    let scene = Scene::synced(&[("a.md", "one\n")]);
    let stranger = Stranger::listen(&scene.platform);
    for file in [".claude/settings.json", ".claude/settings.local.json"] {
        let mut dev = Person::new();
        // The user's shell has a key for every repository, and the clone brings the address along.
        dev.write(".docs/.sync-hash", "");
        dev.write(file, json!({"env": {"AITK_URL": stranger.url(), "AITK_PROJECT": "p"}}).to_string());
        dev.set("AITK_API_KEY", "sk_of_the_users_shell");
        dev.set("AITK_URL", stranger.url());
        dev.set("AITK_PROJECT", "p");
        let done = dev.feed(&["check", "--agent", "claude"], dev.claude("SessionStart")).expect(2);
        hears_no_key(&stranger, &done);
    }
}

#[test]
fn a_hook_outside_of_every_project_says_nothing_and_asks_nobody() {
    let scene = Scene::new(&[("a.md", "one\n")]);
    let mut dev = Person::new();
    dev.set("AITK_URL", &scene.between.url);
    dev.set("AITK_PROJECT", "p");
    dev.set("AITK_API_KEY", "sk_x");
    scene.between.be_honest();
    let done = dev.feed(&["check", "--agent", "claude"], dev.claude("SessionStart")).expect(0);
    assert_eq!((done.out.as_str(), done.err.as_str()), ("", ""));
    assert_eq!(scene.between.heard().len(), 0);
    // What cannot be read is denied, there as anywhere.
    dev.feed(&["check", "--agent", "claude"], "{").expect(2);
}

#[test]
fn a_redirect_does_not_carry_the_key_to_another_server() {
    let scene = Scene::new(&[("a.md", "one\n")]);
    let stranger = Stranger::listen(&scene.platform);
    for status in [301, 302, 303, 307, 308] {
        let place = format!("{}/x", stranger.url());
        let done = scene.check_against(move |_| Reply::new(status, "").header("location", &place)).expect(1);
        let heard = scene.between.heard();
        assert!(heard[0].header("x-api-key").is_some(), "the key goes where its user sent it");
        hears_no_key(&stranger, &done);
        done.says(&[stranger.url()]);
        // Another name of the same machine is another server.
        let port = scene.between.url.rsplit(':').next().unwrap();
        let place = format!("http://localhost:{port}/x");
        scene.check_against(move |_| Reply::new(status, "").header("location", &place)).expect(1);
        assert_eq!(scene.between.heard().len(), 1);
    }
    // Not even by way of the own server.
    let place = format!("{}/x", stranger.url());
    let done = scene.check_against(move |request| match request.line.contains("/there") {
        true => Reply::new(307, "").header("location", &place),
        false => Reply::new(307, "").header("location", "/there"),
    });
    hears_no_key(&stranger, &done.expect(1));
    assert_eq!(scene.between.heard().len(), 2);
}

#[test]
fn a_redirect_within_the_server_is_followed_with_the_key() {
    let scene = Scene::new(&[("a.md", "one\n")]);
    for status in [307, 308] {
        scene.between.answer(move |request| match request.line.contains("?again") {
            true => request.pass_on(),
            false => {
                let path = request.line.split(' ').nth(1).unwrap();
                Reply::new(status, "").header("location", &format!("{path}?again"))
            }
        });
        scene.dev.aitk(&["sync", "--force"]).expect(0);
        assert!(scene.between.heard().iter().all(|request| request.header("x-api-key").is_some()));
        assert_eq!(scene.dev.mirror(), docs(&[("a.md", "one\n")]));
    }
}

/// A server with TLS that answers once, as it is told.
struct Tls {
    process: Child,
    port: u16,
    certificate: std::path::PathBuf,
}

impl Tls {
    /// Nothing where there is no `openssl`.
    fn answering(reply: &str, folder: &std::path::Path) -> Option<Self> {
        let (key, certificate) = (folder.join("key.pem"), folder.join("certificate.pem"));
        let settings = folder.join("openssl.cnf");
        let text = "[req]\nprompt = no\ndistinguished_name = dn\nx509_extensions = ext\n[dn]\nCN = localhost\n\
                    [ext]\nbasicConstraints = critical, CA:FALSE\nsubjectAltName = IP:127.0.0.1\n";
        std::fs::write(&settings, text).unwrap();
        let made = std::process::Command::new("openssl")
            .args([
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
                "-days",
                "2",
            ])
            .arg("-config")
            .arg(&settings)
            .arg("-keyout")
            .arg(&key)
            .arg("-out")
            .arg(&certificate)
            .stderr(Stdio::null())
            .status();
        if !made.is_ok_and(|status| status.success()) {
            return None;
        }
        let mut process = std::process::Command::new("openssl")
            .args(["s_server", "-accept", "127.0.0.1:0", "-naccept", "1", "-key"])
            .arg(&key)
            .arg("-cert")
            .arg(&certificate)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let line = lines.find_map(|line| line.ok()?.strip_prefix("ACCEPT ").map(str::to_owned)).unwrap();
        let port = line.trim().rsplit(':').next().unwrap().parse().unwrap();
        // It shows what it is asked, and sends what it is given.
        let (mut input, reply) = (process.stdin.take().unwrap(), reply.to_owned());
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if line.contains(" HTTP/1.1") {
                    input.write_all(reply.as_bytes()).unwrap();
                }
            }
        });
        Some(Tls { process, port, certificate })
    }
}

impl Drop for Tls {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn a_redirect_from_https_to_http_is_never_followed() {
    let scene = Scene::new(&[("a.md", "one\n")]);
    let stranger = Stranger::listen(&scene.platform);
    let mut dev = Person::new();
    let reply = format!(
        "HTTP/1.1 307 Moved\r\nlocation: {}/x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        stranger.url()
    );
    let Some(server) = Tls::answering(&reply, dev.home()) else { return };
    dev.set("SSL_CERT_FILE", server.certificate.to_str().unwrap());
    dev.set("AITK_API_KEY", "sk_secret");
    let url = format!("https://127.0.0.1:{}", server.port);
    let done = dev.aitk(&["check", "--url", &url, "--project", "p", "--retries", "0"]).expect(1);
    hears_no_key(&stranger, &done);
    done.says(&[stranger.url()]);
}

#[test]
fn plain_http_goes_to_this_machine_alone() {
    let mut dev = Person::new();
    dev.set("AITK_API_KEY", "sk_secret");
    let done = dev.aitk(&["check", "--url", "http://docs.example.invalid", "--project", "p"]).expect(3);
    assert!(done.err.contains("https"), "{done:#?}");
}

#[test]
fn two_project_ids_are_an_error_that_names_both() {
    let platform = Platform::start();
    let project = platform.project("p");
    let mut dev = Person::of(&platform, "p", &platform.key(&project, "developer", "Dan"));
    dev.set("AITK_PROJECT", "other");
    dev.aitk(&["check"]).expect(4).says(&["other", "'p'"]);
    dev.aitk(&["check", "--project", "p"]).expect(0);
}

#[test]
fn the_key_is_stored_for_its_owner_alone_and_shown_nowhere() {
    use std::os::unix::fs::PermissionsExt;
    let platform = Platform::start();
    let project = platform.project("p");
    let key = platform.key(&project, "developer", "Dan");
    let dev = Person::of(&platform, "p", &key);
    let file = dev.home().join(".config/aitk/credentials.toml");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    for arguments in [
        &["check", "--verbose"][..],
        &["status", "--verbose", "--json"],
        &["check", "--project", "x", "--verbose"],
    ] {
        let done = dev.aitk(arguments);
        assert!(!(done.out + &done.err).contains(&key), "{arguments:?}");
    }
    assert!(!platform.log().contains(&key) && !platform.log().contains(&platform.admin_key));
    dev.aitk(&["logout"]).expect(0);
    dev.aitk(&["status"]).expect(3);
}
