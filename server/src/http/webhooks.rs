//! `/webhooks/git/{id}`: a git host tells that somebody pushed.
//!
//! GitHub signs the body (`X-Hub-Signature-256`), Gitea and Forgejo too (`X-Gitea-Signature`),
//! Bitbucket as well (`X-Hub-Signature`); GitLab sends the secret itself (`X-Gitlab-Token`).
//! <https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries>

use aitk_shared::limits;
use aws_lc_rs::hmac;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use subtle::ConstantTimeEq;

use super::body::At;
use crate::error::{Error, Result};
use crate::state::App;
use crate::store::{projects, repository};

/// What a push's document says that matters here.
#[derive(Deserialize)]
struct Push {
    #[serde(rename = "ref")]
    reference: Option<String>,
    repository: Option<About>,
}

#[derive(Deserialize)]
struct About {
    default_branch: Option<String>,
}

/// Has the repository looked at soon (202), or nothing where another branch moved (200).
pub async fn pushed(
    State(app): State<App>,
    At(id): At<String>,
    request: Request,
) -> Result<(StatusCode, Json<Value>)> {
    let hidden = || Error::NotFound("no such webhook".into());
    let (project, branch, secret) = {
        let mut read = app.store.read().await?;
        let found = projects::find(&mut read, &id).await?.ok_or_else(hidden)?;
        let sealed = found.sealed_webhook.as_ref().ok_or_else(hidden)?;
        let project = found.public.id;
        let known = repository::find(&mut read, &project).await?.ok_or_else(hidden)?;
        let secret = app.secret.open(&format!("{project}/webhookSecret"), sealed)?;
        let seen = known.branch.map(|branch| branch.as_str().to_owned());
        (project, found.public.branch.or(seen), secret)
    };
    let (parts, body) = request.into_parts();
    let too_large = |_| Error::TooLarge(format!("a webhook holds at most {} bytes", limits::WEBHOOK_BYTES));
    let body = axum::body::to_bytes(body, limits::WEBHOOK_BYTES).await.map_err(too_large)?;
    if !is_signed(&parts.headers, &body, secret.as_bytes()) {
        return Err(Error::Unauthorized("the webhook's signature or token does not fit its secret"));
    }
    if let Some(why) = ignored(&body, branch.as_deref()) {
        return Ok((StatusCode::OK, Json(json!({ "pulling": false, "message": why }))));
    }
    let mut write = app.store.write().await?;
    repository::wish(&mut write, &project).await?;
    write.commit().await?;
    Ok((StatusCode::ACCEPTED, Json(json!({ "pulling": true }))))
}

fn is_signed(headers: &HeaderMap, body: &Bytes, secret: &[u8]) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(token) = text("x-gitlab-token") {
        return bool::from(token.as_bytes().ct_eq(secret));
    }
    let prefixed = |name| text(name).and_then(|value| value.strip_prefix("sha256="));
    let signature = prefixed("x-hub-signature-256")
        .or_else(|| text("x-gitea-signature"))
        .or_else(|| prefixed("x-hub-signature"));
    let Some(signature) = signature.and_then(bytes_of_hex) else { return false };
    hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, secret), body, &signature).is_ok()
}

fn bytes_of_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.is_ascii() && text.len().is_multiple_of(2);
    let pairs = digits.then(|| (0..text.len()).step_by(2))?;
    pairs.map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}

/// Why a delivery needs no look; what cannot be understood, though signed, gets one.
fn ignored(body: &[u8], branch: Option<&str>) -> Option<&'static str> {
    let push: Push = serde_json::from_slice(body).ok()?;
    let Some(reference) = push.reference else { return Some("no push") };
    let default = push.repository.and_then(|about| about.default_branch);
    let ours = branch.map(str::to_owned).or(default)?;
    let moved = reference.strip_prefix("refs/heads/").unwrap_or(&reference);
    (moved != ours).then_some("another branch")
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    fn signed(name: &'static str, value: &str, body: &'static [u8], secret: &[u8]) -> bool {
        let value = HeaderValue::from_str(value).unwrap();
        let headers = HeaderMap::from_iter([(HeaderName::from_static(name), value)]);
        is_signed(&headers, &Bytes::from_static(body), secret)
    }

    #[test]
    fn each_hosts_signature_is_known_and_no_other() {
        // GitHub's own example: https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
        let (secret, body) = (b"It's a Secret to Everybody", b"Hello, World!");
        let good = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        for (name, value, passes) in [
            ("x-hub-signature-256", format!("sha256={good}"), true),
            ("x-hub-signature", format!("sha256={good}"), true),
            ("x-gitea-signature", good.to_owned(), true),
            ("x-gitlab-token", "It's a Secret to Everybody".to_owned(), true),
            ("x-hub-signature-256", good.to_owned(), false),
            ("x-hub-signature-256", format!("sha256={}", good.replace('7', "8")), false),
            ("x-hub-signature-256", "sha256=".to_owned(), false),
            ("x-hub-signature-256", "sha256=zz".to_owned(), false),
            ("x-hub-signature", format!("sha1={good}"), false),
            ("x-gitea-signature", String::new(), false),
            ("x-gitlab-token", "It's".to_owned(), false),
            ("x-gitlab-token", String::new(), false),
            ("x-other", good.to_owned(), false),
        ] {
            assert_eq!(signed(name, &value, body, secret), passes, "{name}: {value}");
        }
    }

    #[test]
    fn only_pushes_of_the_own_branch_matter() {
        for (body, branch, matters) in [
            (r#"{"ref":"refs/heads/main"}"#, Some("main"), true),
            (r#"{"ref":"refs/heads/dev"}"#, Some("main"), false),
            (r#"{"ref":"refs/tags/main"}"#, Some("main"), false),
            (r#"{"ref":"refs/heads/a/b"}"#, Some("a/b"), true),
            (r#"{"ref":"refs/heads/dev"}"#, None, true),
            (r#"{"ref":"refs/heads/dev","repository":{"default_branch":"main"}}"#, None, false),
            (r#"{"ref":"refs/heads/main","repository":{"default_branch":"main"}}"#, None, true),
            (r#"{"zen":"Keep it logically awesome."}"#, Some("main"), false),
            ("payload=%7B%7D", Some("main"), true),
        ] {
            assert_eq!(ignored(body.as_bytes(), branch).is_none(), matters, "{body} {branch:?}");
        }
    }
}
