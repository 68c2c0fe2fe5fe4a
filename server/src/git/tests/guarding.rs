//! Tokens, hosts that misbehave, and what of a machine's settings gets through.

use std::time::{Duration, Instant};

use super::*;

fn token(text: &str) -> Option<Zeroizing<String>> {
    Some(Zeroizing::new(text.to_owned()))
}

#[tokio::test]
async fn a_wrong_or_expired_token_is_said_and_never_shown() {
    let world = World::new();
    world.host.commit("acme", "main", &[("docs/a.md", "one")], ANN, "first");
    let mut remote = world.remote();
    for bad in [None, token("ghp_wrong"), token("somebody:ghp_wrong")] {
        remote.token = bad;
        let Err(GitError::Credentials(text)) = world.git.pull(&world.project, &remote).await else {
            panic!()
        };
        assert!(text.contains("credentials") && !text.contains("ghp_"), "{text}");
    }
    remote.token = token(&format!("somebody:{}", world.host.token()));
    let tip = world.git.pull(&world.project, &remote).await.unwrap();
    let credentials = world.host.requests().pop().unwrap().credentials;
    assert_eq!(credentials, Some(("somebody".into(), world.host.token())));
    world.host.set_token(Some("renewed"));
    let expired = world.push_to(&remote, tip.commit.as_ref(), &[("a.md", Some("two"))]).await;
    assert!(matches!(expired, Err(GitError::Credentials(_))), "{expired:?}");
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_the_token_stays() {
    let world = World::new();
    world.host.commit("acme", "main", &[("docs/a.md", "one")], ANN, "first");
    let trap = Host::start();
    trap.set_token(None);
    trap.create("acme");
    trap.commit("acme", "main", &[("docs/a.md", "trap")], ANN, "first");
    let origin = trap.url("x").replace("/x.git", "");
    world.host.redirect_to(Some(&origin));
    let Err(GitError::NotFound(text)) = world.pull().await else { panic!() };
    assert!(text.contains("another address"), "{text}");
    assert_eq!(trap.requests(), []);
}

#[tokio::test]
async fn a_host_that_says_nothing_is_given_up_with_all_that_git_started() {
    let mut world = World::new();
    world.git.patience.silence = Duration::from_secs(1);
    world.host.commit("acme", "main", &[("docs/a.md", "one")], ANN, "first");
    world.host.hang(true);
    let start = Instant::now();
    let silent = world.pull().await;
    assert!(matches!(silent, Err(GitError::Unreachable(_))), "{silent:?}");
    // git's own patience, then ours.
    world.git.patience.silence = Duration::from_secs(600);
    world.git.patience.ask = Duration::from_millis(500);
    let silent = world.pull().await;
    assert!(matches!(silent, Err(GitError::Unreachable(_))), "{silent:?}");
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
    // Whoever gives up waiting leaves no process behind.
    world.git.patience.ask = Duration::from_secs(600);
    let dropped = tokio::time::timeout(Duration::from_millis(500), world.pull()).await;
    assert!(dropped.is_err());
    let left = until_none(|| commands_with(&world.git.folder.display().to_string())).await;
    assert_eq!(left, Vec::<String>::new());
    world.host.hang(false);
    assert_eq!(paths(&world.pull().await.unwrap()), ["a.md"]);
}

#[tokio::test]
async fn the_token_is_in_no_argument_and_in_no_file() {
    let world = World::new();
    world.host.commit("acme", "main", &[("docs/a.md", "one")], ANN, "first");
    let tip = world.pull().await.unwrap();
    world.push(tip.commit.as_ref(), &[("a.md", Some("two"))]).await.unwrap();
    let secrets = [world.host.token(), base64_of(&format!("x-access-token:{}", world.host.token()))];
    let mut open = vec![world.dir.path().to_owned()];
    while let Some(here) = open.pop() {
        for entry in std::fs::read_dir(here).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            for secret in &secrets {
                let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
                assert!(!found, "in {}", path.display());
            }
        }
    }
    // A push that is under way, as the process list shows it.
    world.host.hang(true);
    let (git, project, remote) = (&world.git, &world.project, world.remote());
    let pulling = git.pull(project, &remote);
    let looking = async {
        let seen = until_some(|| commands_with(&world.host.url("acme"))).await;
        world.host.hang(false);
        seen
    };
    let (pulled, seen) = tokio::join!(pulling, looking);
    pulled.unwrap();
    assert!(!seen.is_empty());
    for line in seen {
        assert!(secrets.iter().all(|secret| !line.contains(secret.as_str())), "{line}");
    }
}

fn base64_of(text: &str) -> String {
    use base64::Engine;
    base64::prelude::BASE64_STANDARD.encode(text)
}

#[tokio::test]
async fn only_the_checked_address_is_connected_to() {
    let world = World::new();
    world.host.commit("acme", "main", &[("docs/a.md", "one")], ANN, "first");
    let mut remote = world.remote();
    // A name is resolved once, here; git gets the addresses.
    let url = world.host.url("acme").replace("127.0.0.1", "localhost");
    remote.url = RepoUrl::parse(&url).unwrap();
    let tip = world.git.pull(&world.project, &remote).await.unwrap();
    assert_eq!(paths(&tip), ["a.md"]);
    let strict = Git::new(world.dir.path().join("strict"), Policy::default());
    let before = world.host.requests().len();
    for url in [url.clone(), world.host.url("acme"), url.replace("http:", "https:")] {
        remote.url = RepoUrl::parse(&url).unwrap();
        let refused = strict.pull(&world.project, &remote).await;
        assert!(matches!(refused, Err(GitError::Refused(_))), "{url}: {refused:?}");
    }
    assert_eq!(world.host.requests().len(), before);
}

#[tokio::test]
async fn git_asks_no_resolver_once_the_address_is_checked() {
    let world = World::new();
    world.host.commit("acme", "main", &[("docs/a.md", "one")], ANN, "first");
    let port = RepoUrl::parse(&world.host.url("acme")).unwrap().port().unwrap();
    // A name that nobody can resolve.
    let url = format!("http://pinned.invalid:{port}/acme.git");
    let listed = run::Run::new(&world.git, &["ls-remote", &url])
        .env("GIT_ALLOW_PROTOCOL", "http")
        .set("http.curloptResolve", &format!("pinned.invalid:{port}:127.0.0.1"))
        .set(&format!("http.http://pinned.invalid:{port}/.extraHeader"), &{
            format!("Authorization: Basic {}", base64_of(&format!("x:{}", world.host.token())))
        });
    std::fs::create_dir_all(&world.git.folder).unwrap();
    let done = listed.output().await.unwrap();
    assert!(done.success, "{}", done.stderr);
}

#[tokio::test]
async fn tls_is_checked_and_a_closed_port_is_told() {
    let world = World::new();
    let mut remote = world.remote();
    remote.url = RepoUrl::parse(&world.host.url("acme").replace("http:", "https:")).unwrap();
    let Err(GitError::Unreachable(text)) = world.git.pull(&world.project, &remote).await else { panic!() };
    assert!(text.contains("https://127.0.0.1"), "{text}");
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    remote.url = RepoUrl::parse(&format!("http://{free}/acme")).unwrap();
    let closed = world.git.pull(&world.project, &remote).await;
    assert!(matches!(closed, Err(GitError::Unreachable(_))), "{closed:?}");
}

#[tokio::test]
async fn files_are_taken_only_where_the_operator_says_so() {
    let world = World::new();
    world.host.commit("acme", "main", &[("docs/a.md", "one")], ANN, "first");
    let mut remote = world.remote();
    remote.url = RepoUrl::parse(&format!("file://{}", world.host.folder("acme").display())).unwrap();
    let refused = world.git.pull(&world.project, &remote).await;
    assert!(matches!(refused, Err(GitError::Refused(_))), "{refused:?}");
    let policy = Policy { allow_files: true, ..Policy::default() };
    let open = Git::new(world.dir.path().join("open"), policy);
    assert_eq!(paths(&open.pull(&world.project, &remote).await.unwrap()), ["a.md"]);
}

#[tokio::test]
async fn an_ssh_repository_wants_a_key_and_http_wants_none() {
    let world = World::new();
    let mut remote = world.remote();
    remote.url = RepoUrl::parse("git@127.0.0.1:acme.git").unwrap();
    let wrong = world.git.pull(&world.project, &remote).await;
    assert!(matches!(wrong, Err(GitError::Credentials(_))), "{wrong:?}");
    remote = world.remote();
    remote.token = token("-----BEGIN OPENSSH PRIVATE KEY-----\nx\n-----END OPENSSH PRIVATE KEY-----\n");
    let wrong = world.git.pull(&world.project, &remote).await;
    assert!(matches!(wrong, Err(GitError::Credentials(_))), "{wrong:?}");
    assert_eq!(world.host.requests(), []);
}

#[tokio::test]
async fn what_a_killed_server_had_lent_is_removed() {
    let world = World::new();
    std::fs::create_dir_all(world.git.folder.join(".merge-1")).unwrap();
    std::fs::write(world.git.folder.join(".key-1"), "secret").unwrap();
    world.pull().await.unwrap();
    assert!(!world.git.folder.join(".merge-1").exists() && !world.git.folder.join(".key-1").exists());
}

/// Command lines of running processes that hold a word.
fn commands_with(word: &str) -> Vec<String> {
    let Ok(processes) = std::fs::read_dir("/proc") else { return Vec::new() };
    let read = |entry: std::fs::DirEntry| {
        let of = |name: &str| std::fs::read(entry.path().join(name)).unwrap_or_default();
        let shown = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).replace('\0', " ");
        (shown(of("cmdline")), shown(of("environ")))
    };
    let all = processes.flatten().map(read);
    let is_git = |line: &str| line.contains("git");
    all.filter(|(line, environ)| is_git(line) && (line.contains(word) || environ.contains(word)))
        .map(|(line, _)| line)
        .collect()
}

async fn until_some(look: impl Fn() -> Vec<String>) -> Vec<String> {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let seen = look();
        if !seen.is_empty() || Instant::now() > until {
            return seen;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn until_none(look: impl Fn() -> Vec<String>) -> Vec<String> {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let seen = look();
        if seen.is_empty() || Instant::now() > until {
            return seen;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
