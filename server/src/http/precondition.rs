//! `If-Match`, `If-None-Match` (RFC 9110 §13) and `X-Lock-Token`.

use aitk_shared::api::LOCK_TOKEN_HEADER;
use aitk_shared::event::Actor;
use aitk_shared::lock::{Claim, FencingToken};
use axum::http::HeaderMap;
use axum::http::header::{ETAG, HeaderName, IF_MATCH, IF_NONE_MATCH};
use axum::response::{IntoResponse, Response};

use crate::error::{Error, Result};

/// What a write demands of the doc as it is now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Precondition {
    /// It must not be there.
    Absent,
    /// It must be there.
    Present,
    /// Its content hash must be one of these.
    Hash(Vec<String>),
}

impl Precondition {
    /// Reads the headers; `If-Match` goes before `If-None-Match`.
    pub fn of(headers: &HeaderMap) -> Result<Option<Self>> {
        if let Some(tags) = text(headers, &IF_MATCH)? {
            return Ok(Some(match tags.trim() {
                "*" => Precondition::Present,
                // Weak tags never match here (RFC 9110 §13.1.1).
                tags => {
                    Precondition::Hash(list(tags).filter(|t| !t.weak).map(|t| t.hash.to_owned()).collect())
                }
            }));
        }
        match text(headers, &IF_NONE_MATCH)?.map(str::trim) {
            None => Ok(None),
            Some("*") => Ok(Some(Precondition::Absent)),
            Some(_) => Err(Error::Invalid("If-None-Match on a write must be '*'".into())),
        }
    }

    /// Compares the demand with the present hash of what is called `name`.
    pub fn check(&self, name: &str, now: Option<&str>) -> Result<()> {
        let detail = match (self, now) {
            (Precondition::Absent, Some(_)) => "exists already".to_owned(),
            (Precondition::Present | Precondition::Hash(_), None) => "does not exist any more".to_owned(),
            (Precondition::Hash(wanted), Some(now)) if !wanted.iter().any(|hash| hash == now) => {
                format!("has changed meanwhile: it is {now} now")
            }
            _ => return Ok(()),
        };
        Err(Error::Stale(format!("'{name}' {detail}")))
    }
}

/// Whether a reader has this version already (`If-None-Match`).
pub fn is_known(headers: &HeaderMap, hash: &str) -> bool {
    let tags = headers.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or_default();
    tags.trim() == "*" || list(tags).any(|tag| tag.hash == hash)
}

/// An answer with its hash as ETag.
pub fn tagged(hash: &str, answer: impl IntoResponse) -> Response {
    ([(ETAG, format!("\"{hash}\""))], answer).into_response()
}

/// Who asks, and the fencing token that they sent.
pub fn claim<'a>(headers: &HeaderMap, actor: &'a Actor) -> Result<Claim<'a>> {
    let token = match headers.get(LOCK_TOKEN_HEADER) {
        None => None,
        Some(value) => {
            let token = value.to_str().ok().and_then(|text| FencingToken::parse(text.trim()));
            Some(token.ok_or_else(|| Error::Invalid("X-Lock-Token must be a number".into()))?)
        }
    };
    Ok(Claim { holder: &actor.id, token })
}

struct Tag<'a> {
    weak: bool,
    hash: &'a str,
}

/// Our hashes hold no commas, so a list of tags splits at them.
fn list(tags: &str) -> impl Iterator<Item = Tag<'_>> {
    tags.split(',').map(|tag| {
        let tag = tag.trim();
        let (weak, tag) = tag.strip_prefix("W/").map_or((false, tag), |rest| (true, rest));
        Tag { weak, hash: tag.trim_matches('"') }
    })
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>> {
    let text = headers.get(name).map(|value| value.to_str()).transpose();
    text.map_err(|_| Error::Invalid(format!("{name} must be visible ASCII")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn headers(name: HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn preconditions_of_a_write() {
        let of = |name, value| Precondition::of(&headers(name, value));
        assert_eq!(Precondition::of(&HeaderMap::new()).unwrap(), None);
        assert_eq!(of(IF_NONE_MATCH, "*").unwrap(), Some(Precondition::Absent));
        assert!(of(IF_NONE_MATCH, "\"a\"").is_err());
        let check = |value, now| of(IF_MATCH, value).unwrap().unwrap().check("p", now).is_ok();
        for (value, now, passes) in [
            ("\"a\"", Some("a"), true),
            ("\"b\", \"a\"", Some("a"), true),
            ("a", Some("a"), true),
            ("W/\"a\"", Some("a"), false),
            ("\"b\"", Some("a"), false),
            ("\"a\"", None, false),
            ("*", Some("a"), true),
            ("*", None, false),
        ] {
            assert_eq!(check(value, now), passes, "{value} {now:?}");
        }
    }

    #[test]
    fn a_reader_may_know_a_version_by_any_of_its_tags() {
        assert!(is_known(&headers(IF_NONE_MATCH, "\"x\", W/\"a\""), "a"));
        assert!(is_known(&headers(IF_NONE_MATCH, "*"), "a"));
        assert!(!is_known(&headers(IF_NONE_MATCH, "\"b\""), "a"));
        assert!(!is_known(&HeaderMap::new(), "a"));
    }

    #[test]
    fn a_lock_token_that_is_no_number_is_refused_and_never_ignored() {
        let actor = Actor { id: "k".into(), name: "n".into() };
        let of = |value| {
            claim(&headers(HeaderName::from_static(LOCK_TOKEN_HEADER), value), &actor).map(|c| c.token)
        };
        assert_eq!(of("7").unwrap(), Some(FencingToken::new(7)));
        assert!(of("seven").is_err() && of("").is_err());
    }
}
