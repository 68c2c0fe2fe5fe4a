//! Which pages in browsers may talk to the server (RFC 6454: scheme, host and port).

use anyhow::{Result, bail};
use axum::http::Uri;

/// The origins that may come, beside the server's own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Origins {
    /// All.
    Any,
    /// These, as browsers write them.
    These(Vec<String>),
}

impl Default for Origins {
    /// None but the server's own.
    fn default() -> Self {
        Origins::These(Vec::new())
    }
}

impl Origins {
    /// Reads the setting: `*`, or origins.
    pub fn parse(texts: &[String]) -> Result<Self> {
        let texts: Vec<&str> = texts.iter().map(|text| text.trim()).filter(|text| !text.is_empty()).collect();
        if texts == ["*"] {
            return Ok(Origins::Any);
        }
        Ok(Origins::These(texts.into_iter().map(parse).collect::<Result<_>>()?))
    }

    /// Whether a page of `origin` may come to a server that it calls `host`.
    pub fn allow(&self, origin: &str, host: Option<&str>) -> bool {
        let own = || {
            // Behind a proxy that speaks https the server cannot know the scheme; host and port are enough.
            let named = origin.split_once("://").filter(|(scheme, _)| matches!(*scheme, "http" | "https"));
            named.zip(host).is_some_and(|((scheme, name), host)| {
                without_default(scheme, name).eq_ignore_ascii_case(without_default(scheme, host))
            })
        };
        match self {
            Origins::Any => true,
            Origins::These(origins) => origins.iter().any(|known| known == origin) || own(),
        }
    }
}

/// An origin as a browser writes it: lower case, without the scheme's own port.
fn parse(text: &str) -> Result<String> {
    let lower = text.to_ascii_lowercase();
    let uri: Option<Uri> = lower.trim_end_matches('/').parse().ok();
    let parts = uri.as_ref().and_then(|uri| Some((uri.scheme_str()?, uri.authority()?.as_str(), uri)));
    match parts {
        Some((scheme @ ("http" | "https"), name, uri))
            if uri.path() == "/" && uri.query().is_none() && !name.contains(['@', '*']) =>
        {
            Ok(format!("{scheme}://{}", without_default(scheme, name)))
        }
        _ => bail!("allowed-origins: '{text}' is none; give one such as https://app.example.com, or * alone"),
    }
}

fn without_default<'a>(scheme: &str, name: &'a str) -> &'a str {
    name.strip_suffix(if scheme == "https" { ":443" } else { ":80" }).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_comes_from_the_server_or_from_the_list() {
        let texts = ["https://App.example.com:443/".to_owned(), " http://localhost:5173".to_owned()];
        let listed = Origins::parse(&texts).unwrap();
        for (origin, host, allowed) in [
            ("https://app.example.com", "docs.example.com", true),
            ("http://localhost:5173", "docs.example.com", true),
            ("http://app.example.com", "docs.example.com", false),
            ("https://app.example.com.evil.example", "docs.example.com", false),
            ("https://app.example.com:8443", "docs.example.com", false),
            ("https://docs.example.com", "docs.example.com", true),
            ("https://docs.example.com", "docs.example.com:443", true),
            ("http://127.0.0.1:3001", "127.0.0.1:3001", true),
            ("http://127.0.0.1:3002", "127.0.0.1:3001", false),
            ("null", "docs.example.com", false),
            ("", "", false),
            ("file://docs.example.com", "docs.example.com", false),
        ] {
            assert_eq!(listed.allow(origin, Some(host)), allowed, "{origin} {host}");
        }
        assert!(!Origins::default().allow("https://app.example.com", None));
        assert!(Origins::parse(&["*".into()]).unwrap().allow("null", None));
    }

    #[test]
    fn what_is_no_origin_is_refused_with_its_text() {
        for bad in [
            "app.example.com",
            "https://*.example.com",
            "https://a.example/x",
            "ftp://a.example",
            "https://u@a",
        ] {
            let error = Origins::parse(&[bad.into()]).unwrap_err().to_string();
            assert!(error.contains(bad), "{error}");
        }
        assert!(Origins::parse(&["*".into(), "https://a.example".into()]).is_err());
        assert_eq!(Origins::parse(&[String::new()]).unwrap(), Origins::default());
    }
}
