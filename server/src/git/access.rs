//! The way to a host: whether the server goes there, to which address, and with which credentials.

use std::ffi::OsString;
use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use aitk_shared::address::{Reach, reach};
use aitk_shared::limits;
use aitk_shared::repo::{RepoUrl, Scheme};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use tempfile::NamedTempFile;
use zeroize::Zeroizing;

use super::run::Run;
use super::{Git, GitError, Policy, Remote};

/// What a run of git needs to reach one host and no other. Credentials are in its environment alone.
pub(super) struct Access {
    url: RepoUrl,
    settings: Vec<(String, Zeroizing<String>)>,
    env: Vec<(&'static str, OsString)>,
    secrets: Vec<Zeroizing<String>>,
    /// Removed with this.
    _identity: Option<NamedTempFile>,
}

impl Access {
    /// Checks the address and resolves it once; git connects to what was checked.
    pub async fn open(git: &Git, remote: &Remote) -> Result<Self, GitError> {
        let url = &remote.url;
        let addresses = check(url, git.policy).await?;
        let mut access = Access {
            url: url.clone(),
            settings: Vec::new(),
            env: vec![("GIT_ALLOW_PROTOCOL", url.scheme().as_str().into())],
            secrets: Vec::new(),
            _identity: None,
        };
        access.set("remote.origin.url", url.as_str());
        access.set(&format!("protocol.{}.allow", url.scheme().as_str()), "always");
        let token = remote.token.as_deref().map(|token| token.trim()).filter(|token| !token.is_empty());
        match url.scheme() {
            Scheme::Https | Scheme::Http => access.by_http(git, &addresses, token)?,
            Scheme::Ssh => access.by_ssh(git, &addresses, token)?,
            Scheme::File => {}
        }
        Ok(access)
    }

    /// Whom it reaches, for messages.
    pub fn place(&self) -> String {
        self.url.to_string()
    }

    /// Gives a run what it needs.
    pub fn lend<'a>(&self, mut run: Run<'a>) -> Run<'a> {
        for (name, value) in &self.settings {
            run = run.set(name, value);
        }
        for (name, value) in &self.env {
            run = run.env(name, value);
        }
        run
    }

    /// Takes every secret out of a text, should a host have sent one back.
    pub fn hide(&self, text: &str) -> String {
        self.secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), "***"))
    }

    fn set(&mut self, name: &str, value: &str) {
        self.settings.push((name.to_owned(), Zeroizing::new(value.to_owned())));
    }

    fn by_http(&mut self, git: &Git, addresses: &[SocketAddr], token: Option<&str>) -> Result<(), GitError> {
        // A host that sends no byte. A server that counts its objects sends some.
        self.set("http.lowSpeedLimit", "1");
        self.set("http.lowSpeedTime", &git.patience.silence.as_secs().max(1).to_string());
        if self.url.host().parse::<IpAddr>().is_err() {
            let list: Vec<_> = addresses.iter().map(|address| pinned(address.ip())).collect();
            let port = self.url.port().unwrap_or_default();
            let pin = format!("{}:{port}:{}", self.url.host(), list.join(","));
            self.set("http.curloptResolve", &pin);
        }
        let Some(token) = token else { return Ok(()) };
        if token.contains("PRIVATE KEY-----") {
            return Err(GitError::Credentials(
                "the token is an ssh key, and the repository is reached by http; give an access token, or the \
                 repository's ssh address"
                    .into(),
            ));
        }
        let (user, password) = token.split_once(':').unwrap_or((user_for(self.url.host(), token), token));
        let basic = Zeroizing::new(BASE64_STANDARD.encode(format!("{user}:{password}")));
        let header = Zeroizing::new(format!("Authorization: Basic {}", *basic));
        self.settings.push((format!("http.{}/.extraHeader", self.url.origin()), header));
        self.secrets.extend([basic, Zeroizing::new(token.to_owned()), Zeroizing::new(password.to_owned())]);
        Ok(())
    }

    fn by_ssh(&mut self, git: &Git, addresses: &[SocketAddr], token: Option<&str>) -> Result<(), GitError> {
        let identity = match token {
            Some(key) if key.contains("PRIVATE KEY-----") => Some(key_file(key)?),
            Some(_) => {
                return Err(GitError::Credentials(
                    "a repository reached by ssh needs a private key as its token (the text of the key file), or \
                     give its https address"
                        .into(),
                ));
            }
            None => None,
        };
        let address = addresses.first().map(|address| address.ip());
        let known_hosts = git.folder.join(".known_hosts");
        let path = identity.as_ref().map(|file| file.path());
        self.env.push(("GIT_SSH_COMMAND", ssh_command(&self.url, address, &known_hosts, path).into()));
        self.env.push(("GIT_SSH_VARIANT", "ssh".into()));
        self._identity = identity;
        Ok(())
    }
}

/// The addresses of the host, if the server may go to every one of them.
async fn check(url: &RepoUrl, policy: Policy) -> Result<Vec<SocketAddr>, GitError> {
    match url.scheme() {
        Scheme::File if policy.allow_files => return Ok(Vec::new()),
        Scheme::File => {
            let why = "the server does not take repositories from its own file system; give an https or ssh address";
            return Err(GitError::Refused(why.into()));
        }
        Scheme::Http if !policy.allow_private => {
            let why = "http would send the token and the docs in the clear; give the https address";
            return Err(GitError::Refused(why.into()));
        }
        Scheme::Http | Scheme::Https | Scheme::Ssh => {}
    }
    let host = url.host();
    let port = url.port().unwrap_or_default();
    let resolve = tokio::time::timeout(limits::GIT_ASK, tokio::net::lookup_host((host, port)));
    let addresses: Vec<_> = match resolve.await {
        Ok(Ok(addresses)) => addresses.collect(),
        Ok(Err(_)) | Err(_) => {
            return Err(GitError::Unreachable(format!("no address is known for '{host}'; check its name")));
        }
    };
    let farthest = addresses.iter().map(|address| reach(address.ip())).max();
    match farthest {
        None => Err(GitError::Unreachable(format!("no address is known for '{host}'; check its name"))),
        Some(Reach::Never) => Err(GitError::Refused(format!(
            "'{host}' has an address where no repository can be (link-local, metadata service, multicast or \
             reserved); the server does not go there"
        ))),
        Some(Reach::Private) if !policy.allow_private => Err(GitError::Refused(format!(
            "'{host}' has a private address; the server goes there only with its setting allow-private-repos"
        ))),
        Some(Reach::Public) | Some(Reach::Private) if url.scheme() == Scheme::Http => {
            match addresses.iter().all(|address| reach(address.ip()) == Reach::Private) {
                true => Ok(addresses),
                false => Err(GitError::Refused(format!(
                    "http to '{host}' would send the token and the docs over the internet in the clear; give the \
                     https address"
                ))),
            }
        }
        Some(Reach::Public) | Some(Reach::Private) => Ok(addresses),
    }
}

/// The user name that a host wants beside a token. GitHub, GitLab and Gitea look at the token alone, but GitHub
/// names this one for tokens of its apps; Bitbucket tells kinds of tokens apart by it:
/// <https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/authenticating-as-a-github-app-installation>
/// <https://docs.gitlab.com/user/profile/personal_access_tokens/#clone-repository-using-personal-access-token>
/// <https://support.atlassian.com/bitbucket-cloud/docs/using-access-tokens/>
/// <https://support.atlassian.com/bitbucket-cloud/docs/using-api-tokens/>
fn user_for(host: &str, token: &str) -> &'static str {
    match host {
        "bitbucket.org" if token.starts_with("ATATT") => "x-bitbucket-api-token-auth",
        "bitbucket.org" => "x-token-auth",
        _ => "x-access-token",
    }
}

fn pinned(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}

/// A file for the eyes of this user alone, gone when it is dropped.
fn key_file(key: &str) -> Result<NamedTempFile, GitError> {
    let write = || {
        let mut file = NamedTempFile::with_prefix("aitk-git-")?;
        file.write_all(key.replace("\r\n", "\n").as_bytes())?;
        file.write_all(b"\n")?;
        file.flush()?;
        Ok(file)
    };
    write().map_err(|error: std::io::Error| GitError::Failed(format!("cannot lend ssh its key: {error}")))
}

/// What git gives to `sh`. No user's settings, agent or password; a host's key is remembered at first sight.
fn ssh_command(
    url: &RepoUrl,
    address: Option<IpAddr>,
    known_hosts: &Path,
    identity: Option<&Path>,
) -> String {
    let file = |path: &Path| format!("\"{}\"", path.display().to_string().replace('%', "%%"));
    let alias = match url.port() {
        Some(22) | None => url.host().to_owned(),
        Some(port) => format!("[{}]:{port}", url.host()),
    };
    let mut options = vec![
        "BatchMode=yes".to_owned(),
        "StrictHostKeyChecking=accept-new".into(),
        format!("UserKnownHostsFile={}", file(known_hosts)),
        "GlobalKnownHostsFile=none".into(),
        format!("HostKeyAlias={alias}"),
        "CheckHostIP=no".into(),
        "UpdateHostKeys=no".into(),
        "IdentitiesOnly=yes".into(),
        "IdentityAgent=none".into(),
        format!("IdentityFile={}", identity.map_or("none".into(), file)),
        "PreferredAuthentications=publickey".into(),
        "ControlMaster=no".into(),
        "ControlPath=none".into(),
        "ClearAllForwardings=yes".into(),
        "ForwardAgent=no".into(),
        "PermitLocalCommand=no".into(),
        "ProxyCommand=none".into(),
        "LogLevel=ERROR".into(),
        format!("ConnectTimeout={}", limits::GIT_SSH_CONNECT.as_secs()),
        "ServerAliveInterval=15".into(),
        "ServerAliveCountMax=4".into(),
    ];
    if let Some(address) = address {
        options.push(format!("HostName={address}"));
    }
    let quoted = |option: String| format!(" -o '{}'", option.replace('\'', "'\\''"));
    format!("ssh -F none{}", options.into_iter().map(quoted).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRIVATE: Policy = Policy { allow_private: true, allow_files: false, doc_bytes: 1 };

    async fn verdict(url: &str, policy: Policy) -> Result<usize, GitError> {
        check(&RepoUrl::parse(url).unwrap(), policy).await.map(|addresses| addresses.len())
    }

    #[tokio::test]
    async fn the_server_goes_only_where_its_policy_lets_it() {
        let public = Policy::default();
        for url in [
            "https://127.0.0.1/x",
            "https://localhost/x",
            "https://10.0.0.1/x",
            "https://[::1]/x",
            "https://[::ffff:192.168.0.1]/x",
            "ssh://git@192.168.1.1/x",
            "git@localhost:x",
            "http://127.0.0.1/x",
            "http://140.82.121.3/x",
            "https://169.254.169.254/x",
            "https://[fd00:ec2::254]/x",
            "file:///srv/x",
        ] {
            assert!(matches!(verdict(url, public).await, Err(GitError::Refused(_))), "{url}");
        }
        for url in ["https://140.82.121.3/x", "ssh://git@140.82.121.3/x"] {
            assert_eq!(verdict(url, public).await, Ok(1), "{url}");
        }
        for url in ["http://127.0.0.1/x", "https://10.0.0.1/x", "ssh://git@[::1]/x", "https://140.82.121.3/x"]
        {
            assert_eq!(verdict(url, PRIVATE).await, Ok(1), "{url}");
        }
        for url in
            ["https://169.254.169.254/x", "https://[fe80::1]/x", "http://140.82.121.3/x", "https://0.0.0.0/x"]
        {
            assert!(matches!(verdict(url, PRIVATE).await, Err(GitError::Refused(_))), "{url}");
        }
        assert_eq!(verdict("file:///srv/x", Policy { allow_files: true, ..public }).await, Ok(0));
        assert!(matches!(verdict("https://host.invalid/x", PRIVATE).await, Err(GitError::Unreachable(_))));
    }

    #[test]
    fn ssh_gets_the_checked_address_and_no_setting_of_a_user() {
        let url = RepoUrl::parse("ssh://git@git.example.com:2222/x").unwrap();
        let (hosts, key) = (Path::new("/data/it's 5%/.known_hosts"), Path::new("/tmp/key"));
        let command = ssh_command(&url, Some("140.82.121.3".parse().unwrap()), hosts, Some(key));
        for part in [
            "ssh -F none ",
            "'HostName=140.82.121.3'",
            "'HostKeyAlias=[git.example.com]:2222'",
            "'BatchMode=yes'",
            "'StrictHostKeyChecking=accept-new'",
            "'IdentityFile=\"/tmp/key\"'",
            "'UserKnownHostsFile=\"/data/it'\\''s 5%%/.known_hosts\"'",
        ] {
            assert!(command.contains(part), "{part} in {command}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_lent_key_is_for_this_user_alone_and_goes() {
        use std::os::unix::fs::PermissionsExt;
        let file = key_file("-----BEGIN OPENSSH PRIVATE KEY-----\r\nx\r\n").unwrap();
        let path = file.path().to_owned();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!std::fs::read_to_string(&path).unwrap().contains('\r'));
        drop(file);
        assert!(!path.exists());
    }
}
