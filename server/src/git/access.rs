//! The way to a host: whether the server goes there, to which address, and with which credentials.

use std::ffi::OsString;
use std::net::{IpAddr, SocketAddr};

use aitk_shared::repo::{RepoUrl, Scheme};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use tempfile::NamedTempFile;
use zeroize::Zeroizing;

use super::run::Run;
use super::{Git, GitError, Remote, policy, ssh};

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
        let addresses = policy::addresses(url, git.policy).await?;
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

    /// A way that leads nowhere, for the reading of complaints.
    #[cfg(test)]
    pub fn of(url: &str, secret: &str) -> Self {
        Access {
            url: RepoUrl::parse(url).unwrap(),
            settings: Vec::new(),
            env: Vec::new(),
            secrets: vec![Zeroizing::new(secret.to_owned())],
            _identity: None,
        }
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
        let secrets = self.secrets.iter().filter(|secret| !secret.is_empty());
        secrets.fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), "***"))
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
        let pair = Zeroizing::new(format!("{user}:{password}"));
        let basic = Zeroizing::new(BASE64_STANDARD.encode(pair.as_bytes()));
        let header = Zeroizing::new(format!("Authorization: Basic {}", *basic));
        self.settings.push((format!("http.{}/.extraHeader", self.url.origin()), header));
        self.secrets.extend([basic, Zeroizing::new(token.to_owned()), Zeroizing::new(password.to_owned())]);
        Ok(())
    }

    fn by_ssh(&mut self, git: &Git, addresses: &[SocketAddr], token: Option<&str>) -> Result<(), GitError> {
        let identity = match token {
            Some(key) if key.contains("PRIVATE KEY-----") => Some(ssh::key_file(&git.folder, key)?),
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
        self.env.push(("GIT_SSH_COMMAND", ssh::command(&self.url, address, &known_hosts, path).into()));
        self.env.push(("GIT_SSH_VARIANT", "ssh".into()));
        self._identity = identity;
        Ok(())
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
