//! The same over ssh, where the machine has an ssh server that this user can start (`AITK_TEST_SSHD` names it,
//! `/usr/sbin/sshd` otherwise).

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::*;

struct Sshd {
    process: Child,
    port: u16,
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn make_key(file: &Path) -> String {
    let file = file.display().to_string();
    let made =
        Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f", &file]).status().unwrap();
    assert!(made.success());
    std::fs::read_to_string(file).unwrap()
}

/// A server that lets this user in by one key.
fn start(folder: &Path, host_key: &str) -> Option<Sshd> {
    let program = std::env::var("AITK_TEST_SSHD").unwrap_or("/usr/sbin/sshd".into());
    if !Path::new(&program).exists() {
        return None;
    }
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let at = |name: &str| folder.join(name).display().to_string();
    let config = format!(
        "ListenAddress 127.0.0.1\nPort {port}\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\nStrictModes no\n\
         UsePAM no\nPasswordAuthentication no\nPermitRootLogin prohibit-password\n",
        at(host_key),
        at("user.pub")
    );
    std::fs::write(at("config"), config).unwrap();
    let log = std::fs::File::create(at("log")).unwrap();
    let mut command = Command::new(program);
    command.args(["-D", "-e", "-f", &at("config")]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    let mut sshd = Sshd { process: command.spawn().ok()?, port };
    let until = Instant::now() + Duration::from_secs(10);
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        if sshd.process.try_wait().unwrap().is_some() || Instant::now() > until {
            return None;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Some(sshd)
}

#[tokio::test]
async fn a_repository_is_read_and_written_by_ssh_with_a_key() {
    let world = World::new();
    let folder = tempfile::tempdir().unwrap();
    if Command::new("ssh-keygen").arg("-?").output().is_err() {
        return;
    }
    let key = make_key(&folder.path().join("user"));
    make_key(&folder.path().join("host"));
    make_key(&folder.path().join("other_host"));
    let Some(sshd) = start(folder.path(), "host") else { return };
    let user = String::from_utf8(Command::new("id").arg("-un").output().unwrap().stdout).unwrap();
    let address = |port: u16| {
        let url = format!("ssh://{}@localhost:{port}{}", user.trim(), world.host.folder("acme").display());
        RepoUrl::parse(&url).unwrap()
    };
    let mut remote = Remote { url: address(sshd.port), token: None, ..world.remote() };
    let pull = async |remote: &Remote| world.git.pull(&world.project, remote).await;
    world.host.commit("acme", "main", &[("docs/a.md", "one"), ("x", "y")], ANN, "first");

    let Err(GitError::Credentials(text)) = pull(&remote).await else { panic!("without a key") };
    assert!(text.contains("credentials"), "{text}");
    remote.token = Some(Zeroizing::new(key));
    let tip = pull(&remote).await.unwrap();
    assert_eq!(world.texts(&tip).await, pairs(&[("a.md", "one")]));
    let pushed = world.push_to(&remote, tip.commit.as_ref(), &[("a.md", Some("two"))]).await.unwrap();
    assert_eq!(world.host.tip("acme", "main").as_deref(), Some(pushed.as_str()));

    let mut missing = remote.clone();
    missing.url = RepoUrl::parse(&remote.url.as_str().replace("acme", "nothing")).unwrap();
    let refused = pull(&missing).await;
    assert!(matches!(refused, Err(GitError::NotFound(_))), "{refused:?}");

    // Somebody else answers in the host's place.
    let known = std::fs::read_to_string(world.git.folder.join(".known_hosts")).unwrap();
    drop(sshd);
    let other = start(folder.path(), "other_host").unwrap();
    let moved = known.replace(&format!("]:{}", remote.url.port().unwrap()), &format!("]:{}", other.port));
    std::fs::write(world.git.folder.join(".known_hosts"), moved).unwrap();
    remote.url = address(other.port);
    let Err(GitError::Unreachable(text)) = pull(&remote).await else { panic!("another host key") };
    assert!(text.contains("another ssh host key"), "{text}");
}
