//! Where the server goes.

use std::net::SocketAddr;

use aitk_shared::address::{Reach, reach};
use aitk_shared::limits;
use aitk_shared::repo::{RepoUrl, Scheme};

use super::{GitError, Policy};

/// The addresses of the host, if the server may go to every one of them.
pub(super) async fn addresses(url: &RepoUrl, policy: Policy) -> Result<Vec<SocketAddr>, GitError> {
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

#[cfg(test)]
mod tests {
    use super::*;

    const PRIVATE: Policy = Policy { allow_private: true, allow_files: false, doc_bytes: 1 };

    async fn verdict(url: &str, policy: Policy) -> Result<usize, GitError> {
        addresses(&RepoUrl::parse(url).unwrap(), policy).await.map(|addresses| addresses.len())
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
}
