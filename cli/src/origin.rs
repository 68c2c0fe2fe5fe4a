//! A server's address, and the origin that keys belong to.

use std::fmt;

use reqwest::Url;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Kind, Result};
use crate::output::shown;

/// Scheme, host and port of a server: `https://docs.example.com`, default ports left out.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Origin(String);

/// The address of an aitk-server: an origin, and a path where a proxy puts it below one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Server {
    base: Url,
}

impl Origin {
    /// The origin as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Server {
    /// Accepts an http or https URL without user, query and fragment.
    pub fn parse(url: &str) -> Result<Self> {
        let refuse = |why: &str| {
            // The address may hold a password, so a refusal does not repeat what stands before '@'.
            let address = shown(url.rsplit('@').next().unwrap_or_default());
            Error::new(Kind::Usage, format!("'{address}' is not a server's address: {why}"))
                .hint("give a URL such as https://docs.example.com")
        };
        let base = Url::parse(url.trim_end_matches('/')).map_err(|e| refuse(&e.to_string()))?;
        if !matches!(base.scheme(), "http" | "https") {
            return Err(refuse("it must start with https:// or http://"));
        }
        if !base.username().is_empty() || base.password().is_some() {
            return Err(refuse("it must not hold a user or a password"));
        }
        if base.query().is_some() || base.fragment().is_some() {
            return Err(refuse("it must end before '?' and '#'"));
        }
        Ok(Server { base })
    }

    /// What keys are stored under.
    pub fn origin(&self) -> Origin {
        Origin(self.base.origin().ascii_serialization())
    }

    /// Whether a key would cross a network unencrypted: plain http to another machine.
    pub fn is_exposed(&self) -> bool {
        self.is_plain() && !self.is_loopback()
    }

    /// Whether it is spoken to unencrypted.
    pub fn is_plain(&self) -> bool {
        self.base.scheme() == "http"
    }

    /// Whether the server is on this machine.
    pub fn is_loopback(&self) -> bool {
        let host = self.base.host_str().unwrap_or_default();
        let address = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost" || address.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }

    /// The URL of a resource; each segment is escaped.
    pub fn url<'a>(&self, segments: impl IntoIterator<Item = &'a str>) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }

    /// The URL of the server's WebSocket.
    pub fn socket(&self) -> Url {
        let mut url = self.url(["ws"]);
        let scheme = if self.base.scheme() == "https" { "wss" } else { "ws" };
        // Cannot fail: both are schemes of the same class as http.
        let _ = url.set_scheme(scheme);
        url
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.base.as_str().trim_end_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_one_server_share_an_origin() {
        for (url, origin) in [
            ("https://docs.example.com", "https://docs.example.com"),
            ("HTTPS://Docs.Example.com:443/", "https://docs.example.com"),
            ("https://docs.example.com/aitk/", "https://docs.example.com"),
            ("http://localhost:3001", "http://localhost:3001"),
            ("http://[::1]:3001", "http://[::1]:3001"),
        ] {
            assert_eq!(Server::parse(url).unwrap().origin().as_str(), origin, "{url}");
        }
        for bad in
            ["", "docs.example.com", "ftp://x", "https://", "https://u:p@x", "https://x?a", "https://x#a"]
        {
            assert_eq!(Server::parse(bad).unwrap_err().kind, Kind::Usage, "{bad}");
        }
    }

    #[test]
    fn a_refused_address_does_not_show_its_password() {
        let error = Server::parse("https://ann:secret@x").unwrap_err();
        assert!(!error.message.contains("secret"), "{}", error.message);
    }

    #[test]
    fn only_this_machine_is_loopback() {
        for (url, exposed) in [
            ("http://localhost:3001", false),
            ("http://127.1.2.3", false),
            ("http://[::1]:3001", false),
            ("https://example.com", false),
            ("http://example.com", true),
            ("http://localhost.example.com", true),
            ("http://0.0.0.0:3001", true),
            ("http://192.168.0.1", true),
        ] {
            assert_eq!(Server::parse(url).unwrap().is_exposed(), exposed, "{url}");
        }
    }

    #[test]
    fn resources_are_escaped_below_the_base() {
        let server = Server::parse("https://x/base/").unwrap();
        assert_eq!(server.url(["api", "a b/c?#%"]).as_str(), "https://x/base/api/a%20b%2Fc%3F%23%25");
        assert_eq!(server.socket().as_str(), "wss://x/base/ws");
        assert_eq!(Server::parse("http://x").unwrap().socket().as_str(), "ws://x/ws");
        assert_eq!(Server::parse("http://x").unwrap().to_string(), "http://x");
    }
}
