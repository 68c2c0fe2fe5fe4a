//! `aitk lock -- CMD`: a command runs under the lock, and never longer.

use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aitk_tests::{Person, Platform, binary, signal};
use serde_json::{Value, json};

struct Scene {
    platform: Platform,
    project: String,
    ann: Person,
    bob: Person,
}

fn scene() -> Scene {
    let platform = Platform::start();
    let project = platform.project("p");
    let lead = |name| {
        let mut person = Person::of(&platform, "p", &platform.key(&project, "lead", name));
        person.find_aitk();
        person
    };
    let (ann, bob) = (lead("Ann"), lead("Bob"));
    Scene { platform, project, ann, bob }
}

impl Scene {
    fn lock(&self) -> Value {
        self.platform.call("GET", &format!("/api/projects/{}/lock", self.project), None)
    }

    fn events(&self) -> Vec<Value> {
        let path = format!("/api/rooms/project:{}/events?limit=1000", self.project);
        self.platform.call("GET", &path, None)["events"].as_array().unwrap().clone()
    }
}

#[test]
fn the_command_has_the_token_and_its_end_is_passed_on() {
    let scene = scene();
    let ann = &scene.ann;
    for (n, script, code) in [
        (1, "exit 0", 0),
        (2, "exit 3", 3),
        (3, "exit 2", 2),
        (4, "kill -9 $$", 137),
        (5, "kill -TERM $$", 143),
    ] {
        let script =
            format!("echo $AITK_LOCK_TOKEN; aitk status --json | grep -o '\"reason\":\"[^\"]*\"'; {script}");
        let done = ann.aitk(&["lock", "--", "sh", "-c", &script]).expect(code);
        assert!(done.out.starts_with(&format!("{n}\n")), "{done:#?}");
        assert!(
            done.out.contains("sh -c echo $AITK_LOCK_TOKEN"),
            "the reason is the command line: {done:#?}"
        );
        assert_eq!(scene.lock(), Value::Null);
    }
    ann.aitk(&["lock", "--", "no-such-command"]).expect(127).says(&["cannot run 'no-such-command'"]);
    ann.aitk(&["lock", "--", "/etc/passwd"]).expect(126);
    assert_eq!(scene.lock(), Value::Null);
    ann.aitk(&["lock", "--json", "--", "true"]).expect(64);
    ann.aitk(&["lock", "--renew", "--", "true"]).expect(64);
}

#[test]
fn a_lock_within_the_lock_goes_on_under_it_and_any_other_is_in_the_way() {
    let scene = scene();
    let ann = &scene.ann;
    let nested = "aitk lock -- sh -c 'echo $AITK_LOCK_TOKEN; exit 4'; echo $?; aitk status --json";
    let done = ann.aitk(&["lock", "--", "sh", "-c", nested]).expect(0);
    let lines: Vec<_> = done.out.lines().collect();
    assert_eq!(lines[..2], ["1", "4"]);
    assert!(lines[2].contains("\"token\":1"), "it is still held: {done:#?}");

    ann.aitk(&["lock", "--reason", "by hand"]).expect(0);
    ann.aitk(&["lock", "--", "true"]).expect(2).says(&["that is you", "AITK_LOCK_TOKEN=2"]);
    scene.bob.aitk(&["lock", "--", "true"]).expect(2).says(&["Ann", "by hand"]);
    ann.aitk(&["unlock"]).expect(0);
    let stale = ann.command(binary("aitk")).args(["lock", "--", "true"]).env("AITK_LOCK_TOKEN", "2").output();
    assert_eq!(stale.unwrap().status.code(), Some(7));
    assert_eq!(scene.lock(), Value::Null);
}

#[test]
fn a_stolen_lock_ends_the_command_before_the_thiefs_first_save() {
    let scene = scene();
    let script = "n=0; while :; do n=$((n+1)); echo $n | aitk docs put a.md - 2>/dev/null; echo saved; done";
    let running = scene.ann.start(&["lock", "--", "sh", "-c", script]);
    assert_eq!(running.line(), "saved");
    scene.bob.aitk(&["lock", "--steal", "--reason", "urgent"]).expect(0);
    running.wait_for("Bob has it now: urgent");
    assert_eq!(running.end(), Some(7));
    scene.bob.feed(&["docs", "put", "a.md", "-"], "Bob's").expect(0);
    let events = scene.events();
    let taken =
        events.iter().position(|e| e["type"] == "lock:acquired" && e["actor"]["name"] == "Bob").unwrap();
    let later: Vec<_> = events[taken + 1..].iter().map(|e| (&e["type"], &e["actor"]["name"])).collect();
    assert_eq!(later, [(&json!("doc:updated"), &json!("Bob"))], "nothing of Ann's came after the theft");
    assert_eq!(scene.lock()["token"], 2, "and what was Bob's stayed his");
}

#[test]
fn what_runs_within_the_lock_within_the_lock_ends_with_it_however_deaf_it_is() {
    let scene = scene();
    let deaf = "trap '' TERM; echo $$; while :; do sleep 0.05; done";
    let running = scene.ann.start(&["lock", "--", "aitk", "lock", "--", "sh", "-c", deaf]);
    let process = rustix::process::Pid::from_raw(running.line().parse().unwrap()).unwrap();
    scene.bob.aitk(&["lock", "--steal", "--reason", "urgent"]).expect(0);
    assert_eq!(running.end(), Some(7));
    assert!(rustix::process::test_kill_process(process).is_err(), "it goes on");
}

#[test]
fn without_the_server_the_command_ends_before_its_lease_does() {
    let Scene { mut platform, ann, bob, .. } = scene();
    let script = "trap '' TERM; echo go; while :; do date +%s%N >> beats; sleep 0.05; done";
    let running = ann.start(&["lock", "--ttl", "4s", "--", "sh", "-c", script]);
    assert_eq!(running.line(), "go");
    // The lease began before this moment.
    let lease_over = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + Duration::from_secs(4);
    platform.kill();
    assert_eq!(running.end(), Some(7));
    let beats = ann.read("beats");
    let last: u128 = beats.lines().rev().find_map(|line| line.parse().ok()).unwrap();
    assert!(last < lease_over.as_nanos(), "it outlived its lease");
    platform.start_again();
    bob.aitk(&["lock", "--wait=30s"]).expect(0);
}

#[test]
fn a_server_that_comes_back_in_time_goes_unnoticed() {
    let mut scene = scene();
    let script = "echo go; until [ -e done ]; do sleep 0.05; done";
    let running = scene.ann.start(&["lock", "--ttl", "20s", "--", "sh", "-c", script]);
    assert_eq!(running.line(), "go");
    scene.platform.kill();
    scene.platform.start_again();
    let path = format!("/api/rooms/project:{}/events?since=1&wait=30", scene.project);
    let page = scene.platform.call("GET", &path, None);
    assert_eq!(page["events"][0]["type"], "lock:renewed");
    scene.ann.write("done", "");
    assert_eq!(running.end(), Some(0));
    assert_eq!(scene.lock(), Value::Null);
}

#[test]
fn a_signal_to_us_reaches_the_command_once_and_the_lock_is_released() {
    let scene = scene();
    let script = "trap 'echo bye; exit 5' TERM; echo go; while :; do sleep 0.05; done";
    let running = scene.ann.start(&["lock", "--", "sh", "-c", script]);
    assert_eq!(running.line(), "go");
    signal(&running.process);
    assert_eq!(running.line(), "bye");
    assert_eq!(running.end(), Some(5));
    assert_eq!(scene.lock(), Value::Null);
}

#[test]
fn the_terminal_is_the_commands_and_ctrl_c_reaches_it_once() {
    let scene = scene();
    let script = "trap 'n=$((n+1)); echo int $n' INT; set -- $(ps -o pgid=,tpgid= -p $$); [ $1 = $2 ] && echo in front; \
                  until read line; do :; done; echo got $line after $n; exit 6";
    scene.ann.write("script.sh", script);
    // script(1) gives it a terminal, and types what comes on its input.
    let mut typed = scene
        .ann
        .command("script")
        .args(["-qec", "aitk lock -- sh script.sh", "/dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut keys = typed.stdin.take().unwrap();
    let mut screen = std::io::BufReader::new(typed.stdout.take().unwrap());
    let mut until = |word: &str| {
        use std::io::BufRead;
        let mut line = String::new();
        while !line.contains(word) {
            line.clear();
            assert_ne!(screen.read_line(&mut line).unwrap(), 0, "no {word:?}");
        }
    };
    use std::io::Write;
    until("in front");
    keys.write_all(b"\x03").unwrap();
    until("int 1");
    keys.write_all(b"hello\n").unwrap();
    until("got hello after 1");
    let ended = typed.wait().unwrap();
    assert_eq!((ended.code(), ended.signal()), (Some(6), None));
    assert_eq!(scene.lock(), Value::Null);
}
