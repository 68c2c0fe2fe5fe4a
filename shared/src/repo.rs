//! Names of a git repository: its address, a branch, a commit. They end up in a program's arguments and
//! settings, so only plain forms are taken, and none that two programs could read in two ways.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

use crate::limits;
use crate::text::printable;

/// Why a text cannot be a repository's address. Every message finishes the sentence "the repository URL …".
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
pub enum RepoUrlError {
    /// No characters at all.
    #[error("is empty")]
    Empty,
    /// Over [`limits::REPO_URL_BYTES`].
    #[error("is longer than {} bytes", limits::REPO_URL_BYTES)]
    TooLong,
    /// A space, a control character, or one that does not show.
    #[error("has white space, a control character or an invisible one")]
    Invisible,
    /// A separator on Windows, which some programs read as '/'.
    #[error("has a backslash; write '/'")]
    Backslash,
    /// Neither of the schemes nor the scp form.
    #[error("must begin with https:// or ssh://, or be of the form git@host:path")]
    Scheme,
    /// A path alone.
    #[error("is a path; begin it with file://")]
    Path,
    /// A user name or a password where a token belongs.
    #[error("holds credentials; leave them out and give the token by --token-stdin instead")]
    Credentials,
    /// `?` or `#`.
    #[error("has a query or a fragment; leave out everything from '?' or '#'")]
    Query,
    /// No host.
    #[error("names no host")]
    NoHost,
    /// A host that is neither a name nor an address, or not in its one usual form.
    #[error("has a host that is neither a plain name (xn--… for other scripts) nor a plain address")]
    Host,
    /// A user name of ssh.
    #[error("has a user name with other characters than letters, digits, '.', '_', '+' and '-'")]
    User,
    /// A port.
    #[error("has a port that is no number from 1 to 65535")]
    Port,
    /// No path below the host.
    #[error("names no repository on the host")]
    NoPath,
    /// Host, user or path that a program could take for an option.
    #[error("has a part that begins with '-'")]
    Option,
    /// `..` in the path.
    #[error("has a '.' or '..' segment")]
    Dots,
    /// An escaped control character, or a '%' without two digits.
    #[error("has a '%' that is no escape of a visible character")]
    Escape,
    /// `file://host/path`.
    #[error("names a host; write file:///path")]
    FileHost,
}

/// How a repository is reached.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Scheme {
    /// `https://host/path`.
    Https,
    /// `http://host/path`.
    Http,
    /// `ssh://user@host/path`, or `user@host:path`.
    Ssh,
    /// `file:///path`, on the server itself.
    File,
}

impl Scheme {
    /// The word before `://`.
    pub fn as_str(self) -> &'static str {
        match self {
            Scheme::Https => "https",
            Scheme::Http => "http",
            Scheme::Ssh => "ssh",
            Scheme::File => "file",
        }
    }

    fn default_port(self) -> Option<u16> {
        match self {
            Scheme::Https => Some(443),
            Scheme::Http => Some(80),
            Scheme::Ssh => Some(22),
            Scheme::File => None,
        }
    }
}

/// Where a git repository is. Holds no credentials and nothing that does not show, so it is safe to print.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RepoUrl {
    text: String,
    scheme: Scheme,
    host: String,
    port: Option<u16>,
}

impl RepoUrl {
    /// Accepts `https://`, `http://`, `ssh://`, `file://` and `user@host:path`; which of them a server goes
    /// to is its own policy. Scheme and host become lower case; nothing else is changed.
    pub fn parse(text: &str) -> Result<Self, RepoUrlError> {
        check_characters(text)?;
        match text.split_once("://") {
            Some((scheme, rest)) => parse_url(scheme, rest),
            None => parse_scp(text),
        }
    }

    /// The address as text, as git takes it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// How it is reached.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The host's name or address, without brackets; empty for a file.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, also where it is the scheme's own; none for a file.
    pub fn port(&self) -> Option<u16> {
        self.port.or(self.scheme.default_port())
    }

    /// Scheme, host and port alone: `https://git.example.com:8443`.
    pub fn origin(&self) -> String {
        let host = bracketed(&self.host);
        let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
        format!("{}://{host}{port}", self.scheme.as_str())
    }
}

fn check_characters(text: &str) -> Result<(), RepoUrlError> {
    if text.is_empty() {
        return Err(RepoUrlError::Empty);
    }
    if text.len() > limits::REPO_URL_BYTES {
        return Err(RepoUrlError::TooLong);
    }
    if text.chars().any(char::is_whitespace) || printable(text, text.len()) != text {
        return Err(RepoUrlError::Invisible);
    }
    if text.contains('\\') {
        return Err(RepoUrlError::Backslash);
    }
    if text.starts_with('-') {
        return Err(RepoUrlError::Option);
    }
    Ok(())
}

fn parse_url(scheme: &str, rest: &str) -> Result<RepoUrl, RepoUrlError> {
    let known = [Scheme::Https, Scheme::Http, Scheme::Ssh, Scheme::File];
    let scheme = known.into_iter().find(|known| scheme.eq_ignore_ascii_case(known.as_str()));
    let scheme = scheme.ok_or(RepoUrlError::Scheme)?;
    if rest.contains(['?', '#']) {
        return Err(RepoUrlError::Query);
    }
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (user, place) = match authority.rsplit_once('@') {
        Some((user, place)) => (Some(user), place),
        None => (None, authority),
    };
    let name = scheme.as_str();
    if scheme == Scheme::File {
        if !authority.is_empty() {
            return Err(RepoUrlError::FileHost);
        }
        check_path(path)?;
        return Ok(RepoUrl { text: format!("{name}://{path}"), scheme, host: String::new(), port: None });
    }
    match (scheme, user) {
        (Scheme::Ssh, Some(user)) => check_user(user)?,
        (_, Some(_)) => return Err(RepoUrlError::Credentials),
        (_, None) => {}
    }
    let (host, port) = split_port(place)?;
    let host = parse_host(host)?;
    check_path(path)?;
    let user = user.map(|user| format!("{user}@")).unwrap_or_default();
    let shown_port = port.map(|port| format!(":{port}")).unwrap_or_default();
    let text = format!("{name}://{user}{}{shown_port}{path}", bracketed(&host));
    Ok(RepoUrl { text, scheme, host, port })
}

/// `git@host:path`, as git hosts show it.
fn parse_scp(text: &str) -> Result<RepoUrl, RepoUrlError> {
    if text.starts_with(['/', '.', '~']) {
        return Err(RepoUrlError::Path);
    }
    let (user, rest) = text.split_once('@').ok_or(RepoUrlError::Scheme)?;
    if user.contains("::") || user.contains('/') {
        return Err(RepoUrlError::Scheme);
    }
    check_user(user)?;
    let ends = match rest.starts_with('[') {
        true => rest.find(']').map(|at| at + 1),
        false => rest.find(':'),
    };
    let (host, path) = rest.split_at(ends.ok_or(RepoUrlError::Scheme)?);
    let path = path.strip_prefix(':').ok_or(RepoUrlError::Scheme)?;
    let host = parse_host(host)?;
    if path.starts_with(':') {
        return Err(RepoUrlError::Scheme);
    }
    if path.starts_with('-') {
        return Err(RepoUrlError::Option);
    }
    check_path(&format!("/{}", path.trim_start_matches('/')))?;
    let text = format!("{user}@{}:{path}", bracketed(&host));
    Ok(RepoUrl { text, scheme: Scheme::Ssh, host, port: None })
}

fn check_user(user: &str) -> Result<(), RepoUrlError> {
    if user.starts_with('-') {
        return Err(RepoUrlError::Option);
    }
    if user.contains(':') {
        return Err(RepoUrlError::Credentials);
    }
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._+-".contains(&b);
    match !user.is_empty() && user.len() <= 64 && user.bytes().all(plain) {
        true => Ok(()),
        false => Err(RepoUrlError::User),
    }
}

fn split_port(place: &str) -> Result<(&str, Option<u16>), RepoUrlError> {
    // The colons of an address in brackets are its own.
    let from = match place.starts_with('[') {
        true => place.find(']').ok_or(RepoUrlError::Host)?,
        false => 0,
    };
    let Some(at) = place[from..].find(':').map(|at| from + at) else { return Ok((place, None)) };
    let digits = &place[at + 1..];
    let plain = digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
    match digits.parse::<u16>() {
        Ok(port) if plain => Ok((&place[..at], Some(port))),
        _ => Err(RepoUrlError::Port),
    }
}

/// Only forms that every program reads alike: `127.1`, `0x7f000001` or `2130706433` are addresses to some
/// and names to others.
fn parse_host(text: &str) -> Result<String, RepoUrlError> {
    if text.is_empty() {
        return Err(RepoUrlError::NoHost);
    }
    if let Some(inner) = text.strip_prefix('[') {
        let inner = inner.strip_suffix(']').ok_or(RepoUrlError::Host)?;
        let address: Ipv6Addr = inner.parse().map_err(|_| RepoUrlError::Host)?;
        return Ok(address.to_string());
    }
    if text.starts_with('-') {
        return Err(RepoUrlError::Option);
    }
    let host = text.to_ascii_lowercase();
    let plain = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    if host.len() > 253 || !host.split('.').all(plain) {
        return Err(RepoUrlError::Host);
    }
    let last = host.rsplit('.').next().unwrap_or_default();
    let is_number = last.bytes().all(|b| b.is_ascii_digit()) || last.starts_with("0x");
    if is_number && host.parse::<Ipv4Addr>().is_err() {
        return Err(RepoUrlError::Host);
    }
    Ok(host)
}

/// A path with its leading slash.
fn check_path(path: &str) -> Result<(), RepoUrlError> {
    if path.trim_matches('/').is_empty() {
        return Err(RepoUrlError::NoPath);
    }
    if path.split('/').any(|segment| segment == "." || segment == "..") {
        return Err(RepoUrlError::Dots);
    }
    if path.split('/').find(|segment| !segment.is_empty()).is_some_and(|first| first.starts_with('-')) {
        return Err(RepoUrlError::Option);
    }
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let escapes = path.match_indices('%').map(|(at, _)| {
        let bytes = path.as_bytes();
        digit(bytes.get(at + 1)).zip(digit(bytes.get(at + 2))).map(|(high, low)| high * 16 + low)
    });
    match { escapes }.all(|byte| byte.is_some_and(|byte| byte >= 0x20 && byte != 0x7f)) {
        true => Ok(()),
        false => Err(RepoUrlError::Escape),
    }
}

fn bracketed(host: &str) -> String {
    match host.contains(':') {
        true => format!("[{host}]"),
        false => host.to_owned(),
    }
}

impl fmt::Display for RepoUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for RepoUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.text)
    }
}

impl TryFrom<String> for RepoUrl {
    type Error = RepoUrlError;
    fn try_from(text: String) -> Result<Self, RepoUrlError> {
        RepoUrl::parse(&text)
    }
}

impl From<RepoUrl> for String {
    fn from(url: RepoUrl) -> String {
        url.text
    }
}

/// A text that cannot be a branch's name.
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
#[error("must be a branch's short name, such as main, in git's rules (git check-ref-format --branch)")]
pub struct BranchError;

/// The short name of a branch: `main`, `docs/next`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Branch(String);

impl Branch {
    /// Takes what `git check-ref-format --branch` takes, but no name that git or a shell could read as
    /// something else, and at most [`limits::BRANCH_BYTES`].
    pub fn parse(text: &str) -> Result<Self, BranchError> {
        let segment =
            |segment: &str| !segment.is_empty() && !segment.starts_with('.') && !segment.ends_with(".lock");
        let fits = (1..=limits::BRANCH_BYTES).contains(&text.len())
            && !text.starts_with('-')
            && !text.starts_with("refs/")
            && !["@", "HEAD"].contains(&text)
            && !text.contains("..")
            && !text.contains("@{")
            && !text.ends_with('.')
            && !text.contains(|c: char| c.is_whitespace() || "~^:?*[\\".contains(c))
            && printable(text, text.len()) == text
            && text.split('/').all(segment);
        if fits { Ok(Branch(text.to_owned())) } else { Err(BranchError) }
    }

    /// The short name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Branch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Branch {
    type Error = BranchError;
    fn try_from(text: String) -> Result<Self, BranchError> {
        Branch::parse(&text)
    }
}

impl From<Branch> for String {
    fn from(branch: Branch) -> String {
        branch.0
    }
}

/// A text that should be a commit's id and is not.
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
#[error("not a commit id in lower-case hex")]
pub struct CommitIdError;

/// The full id of a commit: SHA-1 or SHA-256.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CommitId(String);

impl CommitId {
    /// Parses 40 or 64 lower-case hex digits.
    pub fn parse(text: &str) -> Result<Self, CommitIdError> {
        match [40, 64].contains(&text.len()) && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            true => Ok(CommitId(text.to_owned())),
            false => Err(CommitIdError),
        }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for CommitId {
    type Error = CommitIdError;
    fn try_from(text: String) -> Result<Self, CommitIdError> {
        CommitId::parse(&text)
    }
}

impl From<CommitId> for String {
    fn from(commit: CommitId) -> String {
        commit.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_as_git_hosts_show_them_are_taken() {
        for (text, scheme, host, port) in [
            ("https://github.com/acme/web.git", Scheme::Https, "github.com", Some(443)),
            ("https://dev.azure.com/acme/My%20Project/_git/web", Scheme::Https, "dev.azure.com", Some(443)),
            ("https://git.example.com:8443/a/b/", Scheme::Https, "git.example.com", Some(8443)),
            ("http://127.0.0.1:3000/acme/web", Scheme::Http, "127.0.0.1", Some(3000)),
            ("https://[2001:db8::1]/x.git", Scheme::Https, "2001:db8::1", Some(443)),
            ("ssh://git@git.example.com:2222/acme/web.git", Scheme::Ssh, "git.example.com", Some(2222)),
            ("ssh://git.example.com/~ann/web.git", Scheme::Ssh, "git.example.com", Some(22)),
            ("git@github.com:acme/web.git", Scheme::Ssh, "github.com", Some(22)),
            ("git@[::1]:/srv/web.git", Scheme::Ssh, "::1", Some(22)),
            ("file:///srv/git/web.git", Scheme::File, "", None),
        ] {
            let url = RepoUrl::parse(text).unwrap_or_else(|why| panic!("{text} {why}"));
            assert_eq!((url.scheme(), url.host(), url.port()), (scheme, host, port), "{text}");
            assert_eq!(url.as_str(), text);
            assert_eq!(RepoUrl::parse(url.as_str()).as_ref(), Ok(&url));
        }
        let url = RepoUrl::parse("HTTPS://GitHub.COM/Acme/Web").unwrap();
        assert_eq!((url.as_str(), &*url.origin()), ("https://github.com/Acme/Web", "https://github.com"));
        assert_eq!(RepoUrl::parse("https://[::1]:8443/x").unwrap().origin(), "https://[::1]:8443");
    }

    #[test]
    fn everything_else_is_refused_with_the_reason() {
        use RepoUrlError::*;
        for (text, why) in [
            ("", Empty),
            (&*format!("https://a/{}", "x".repeat(2_048)), TooLong),
            ("https://a/b c", Invisible),
            ("https://a/b\n", Invisible),
            ("https://a/\u{202e}b", Invisible),
            ("https:\\\\a\\b", Backslash),
            ("git://a/b", Scheme),
            ("ftp://a/b", Scheme),
            ("ext::sh", Scheme),
            ("ext::sh@a:b", Scheme),
            ("fd::17/x", Scheme),
            ("https::https://a/b", Scheme),
            ("github.com/acme/web", Scheme),
            ("host:path", Scheme),
            ("git@host", Scheme),
            ("/srv/git", Path),
            ("../web", Path),
            ("--upload-pack=x", Option),
            ("https://user:password@a/b", Credentials),
            ("https://ghp_token@a/b", Credentials),
            ("http://@a/b", Credentials),
            ("ssh://git:password@a/b", Credentials),
            ("ssh://-oProxyCommand=x@a/b", Option),
            ("ssh://-oProxyCommand=x/b", Option),
            ("-oProxyCommand=x@a:b", Option),
            ("git@-oProxyCommand=x:b", Option),
            ("git@a:-b", Option),
            ("ssh://git@a/-b", Option),
            ("ssh://g'it@a/b", User),
            ("https://a/b?x", Query),
            ("https://a/b#x", Query),
            ("https:///b", NoHost),
            ("https://:443/b", NoHost),
            ("https://a..b/c", Host),
            ("https://a./c", Host),
            ("https://a%2eb/c", Host),
            ("https://ä/c", Host),
            ("https://a,b/c", Host),
            ("https://[::1/c", Host),
            ("https://[::1%25eth0]/c", Host),
            ("https://127.1/c", Host),
            ("https://0177.0.0.1/c", Host),
            ("https://0x7f000001/c", Host),
            ("https://2130706433/c", Host),
            ("https://a:0/c", Port),
            ("https://a:/c", Port),
            ("https://a:65536/c", Port),
            ("https://a:+1/c", Port),
            ("https://a", NoPath),
            ("https://a//", NoPath),
            ("git@a:", NoPath),
            ("https://a/../b", Dots),
            ("git@a:../b", Dots),
            ("https://a/%0a", Escape),
            ("https://a/%00", Escape),
            ("https://a/%zz", Escape),
            ("https://a/b%2", Escape),
            ("file://host/a", FileHost),
        ] {
            assert_eq!(RepoUrl::parse(text), Err(why), "{text:?}");
        }
    }

    #[test]
    fn branches_are_what_git_takes() {
        for good in ["main", "docs/next", "v1.2", "a@b", "überarbeitung", "x-y_z", "a.lock.b"] {
            assert_eq!(Branch::parse(good).map(String::from).as_deref(), Ok(good));
        }
        for bad in [
            "",
            "-f",
            "a b",
            "a..b",
            "a~1",
            "a^",
            "a:b",
            "a?",
            "a*",
            "a[",
            "a\\b",
            "/a",
            "a/",
            "a//b",
            ".a",
            "a/.b",
            "a.",
            "a.lock",
            "a.lock/b",
            "@",
            "a@{1}",
            "HEAD",
            "refs/heads/main",
            "a\nb",
            "a\u{7f}",
            "a\u{200b}b",
        ] {
            assert_eq!(Branch::parse(bad), Err(BranchError), "{bad:?}");
        }
    }

    #[test]
    fn a_commit_is_named_in_full() {
        for good in ["0123456789abcdef0123456789abcdef01234567", &"f".repeat(64)] {
            assert_eq!(CommitId::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", "HEAD", "abc", &"F".repeat(40), &"f".repeat(41)] {
            assert_eq!(CommitId::parse(bad), Err(CommitIdError), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn an_accepted_address_is_plain_and_reads_the_same_again(
            text in "(https|ssh|http|file)://[a-z@:%/.\\-\\[\\]0-9 ]{0,30}|[a-z@:/.\\-]{0,20}"
        ) {
            if let Ok(url) = RepoUrl::parse(&text) {
                prop_assert!(!url.as_str().starts_with('-') && !url.host().starts_with('-'));
                prop_assert_eq!(RepoUrl::parse(url.as_str()), Ok(url.clone()));
                prop_assert_eq!(printable(url.as_str(), 4_096), url.as_str());
            }
        }
    }
}
