//! `/invitations` and `/join`: a link that turns into a personal key.

use std::time::Duration;

use aitk_shared::api::{
    CreateInvitation, Invitation, InvitedProject, JOIN_PATH, Join, Joined, NewKey, action,
};
use aitk_shared::event::Actor;
use aitk_shared::limits;
use aitk_shared::role::{Right, Role};
use aitk_shared::time::Timestamp;
use axum::Json;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, HOST};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::IntoResponse;
use serde_json::json;

use super::body::Json as Body;
use super::keys::{self, Wanted};
use crate::auth::Credential;
use crate::crypto;
use crate::error::{Error, Result};
use crate::state::App;
use crate::store::audit::{self, Line};
use crate::store::invitations::{self, StoredInvitation};

/// Makes an invitation. A lead invites developers to projects of its own, an admin also leads.
pub async fn create(
    State(app): State<App>,
    who: Credential,
    uri: Uri,
    headers: HeaderMap,
    Body(ask): Body<CreateInvitation>,
) -> Result<impl IntoResponse> {
    who.require(Right::DeveloperKeys)?;
    let address = address(&uri, &headers)?;
    if ask.role.is_server_wide() {
        return Err(Error::Invalid(format!(
            "role: an invitation is for a developer or lead, not {}",
            ask.role
        )));
    }
    if ask.role != Role::Developer {
        who.require(Right::Administer)?;
    }
    let most = limits::INVITATION_PROJECTS;
    if ask.projects.is_empty() || ask.projects.len() > most {
        return Err(Error::Invalid(format!("projects: an invitation covers 1 to {most}")));
    }
    let uses = ask.uses.unwrap_or(1);
    if !(1..=limits::INVITATION_USES).contains(&uses) {
        return Err(Error::Invalid(format!("uses must be 1 to {}", limits::INVITATION_USES)));
    }
    let mut write = app.store.write().await?;
    let expires_at = end(ask.expires_at, write.now())?;
    let mut projects: Vec<InvitedProject> = Vec::new();
    for id in &ask.projects {
        let project = who.project(write.connection(), id, Right::DeveloperKeys).await?.public;
        if projects.iter().all(|known| known.id != project.id) {
            projects.push(InvitedProject { id: project.id, slug: project.slug, name: project.name });
        }
    }
    let token = crypto::new_invitation();
    let invitation = StoredInvitation {
        hash: crypto::hash_api_key(&token),
        role: ask.role,
        projects: &projects,
        created_by: &who.actor,
        expires_at,
        uses,
    };
    invitations::insert(&mut write, &invitation).await?;
    let ids: Vec<_> = projects.iter().map(|project| project.id.clone()).collect();
    let detail = json!({"role": ask.role, "uses": uses, "expiresAt": expires_at});
    let actor = Some(&who.actor);
    let line = Line { action: action::INVITATION_CREATED, projects: &ids, actor, detail };
    audit::add(&mut write, line).await?;
    write.commit().await?;
    let link = format!("{address}/{JOIN_PATH}#{token}");
    let made = Invitation { link, projects, role: ask.role, expires_at, uses };
    Ok((StatusCode::CREATED, UNCACHED, Json(made)))
}

/// Turns an invitation into a key, for whoever has the link.
///
/// A token that was never given, one that is used up and one that has ended are refused alike.
/// The refusal is 403 and not 404: whoever gets it is at the right server, with a credential that
/// opens nothing.
pub async fn join(State(app): State<App>, Body(ask): Body<Join>) -> Result<impl IntoResponse> {
    let refused = || {
        Error::Forbidden(
            "this invitation opens nothing: it was mistyped, is used up, or has ended; ask for a new one"
                .into(),
        )
    };
    let hash = crypto::hash_api_key(&ask.token);
    // A look first: whoever guesses must not make those wait who change something.
    let mut read = app.store.read().await?;
    let holds = invitations::holds(&mut read, &hash, app.clock.now()).await?;
    drop(read);
    if !holds {
        return Err(refused());
    }
    let mut write = app.store.write().await?;
    let grant = invitations::take(&mut write, &hash).await?.ok_or_else(refused)?;
    let wanted = Wanted {
        name: &ask.name,
        role: grant.role,
        expires_at: None,
        projects: grant.projects.iter().map(|project| project.id.clone()).collect(),
        rooms: vec![],
    };
    let NewKey { key, info } = keys::add(&mut write, &grant.invited_by, wanted).await?;
    let actor = Actor { id: info.id.to_string(), name: info.name.clone() };
    let mut detail = keys::detail(&info);
    detail["invitedBy"] = grant.invited_by.as_str().into();
    let projects = &info.projects;
    let line = Line { action: action::INVITATION_USED, projects, actor: Some(&actor), detail };
    audit::add(&mut write, line).await?;
    write.commit().await?;
    let joined = Joined { key, id: info.id, name: info.name, role: info.role, projects: grant.projects };
    Ok((StatusCode::CREATED, UNCACHED, Json(joined)))
}

/// What somebody sees who opens the link in a browser, which keeps the token to itself.
pub async fn explain() -> impl IntoResponse {
    let text = "\
This is an invitation to aitk. In your project's folder, run

    aitk join '<the whole link, from your browser's address bar>'

It makes your own key, stores it, and sets the folder up. Whoever has the link can use it,
so do not pass it on.
";
    (UNCACHED, text)
}

const UNCACHED: [(axum::http::HeaderName, &str); 1] = [(CACHE_CONTROL, "no-store")];

/// When an invitation ends.
fn end(asked: Option<Timestamp>, now: Timestamp) -> Result<Timestamp> {
    let latest = now.plus(limits::INVITATION_LONGEST);
    match asked {
        None => Ok(now.plus(limits::INVITATION_TIME)),
        Some(end) if end <= now => Err(Error::Invalid("expiresAt must be in the future".into())),
        Some(end) if end > latest => Err(Error::Invalid(format!(
            "expiresAt must be at most {} days away",
            limits::INVITATION_LONGEST.as_secs() / Duration::from_hours(24).as_secs()
        ))),
        Some(end) => Ok(end),
    }
}

/// The server's address as the asker wrote it. This server speaks plain http itself, so anybody who
/// is not on its machine is taken to come by a proxy that speaks https; a client that knows better
/// puts its own address before the `#`. What a proxy adds is not believed: anybody can.
fn address(uri: &Uri, headers: &HeaderMap) -> Result<String> {
    let named = match uri.authority() {
        Some(authority) => Some(authority.clone()),
        None => headers.get(HOST).and_then(|host| Authority::try_from(host.as_bytes()).ok()),
    };
    let named = named.filter(|authority| !authority.as_str().contains('@'));
    let named = named.ok_or_else(|| Error::Malformed("the request names no host".into()))?;
    let host = named.host().trim_start_matches('[').trim_end_matches(']');
    let here = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    Ok(format!("{}://{named}", if here { "http" } else { "https" }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn the_link_begins_with_the_address_that_was_asked() {
        for (host, address_of) in [
            ("docs.example.com", Some("https://docs.example.com")),
            ("docs.example.com:8443", Some("https://docs.example.com:8443")),
            ("localhost:3001", Some("http://localhost:3001")),
            ("127.0.0.1:3001", Some("http://127.0.0.1:3001")),
            ("[::1]:3001", Some("http://[::1]:3001")),
            ("localhost.example.com", Some("https://localhost.example.com")),
            ("ann:secret@docs.example.com", None),
            ("docs.example.com/x", None),
            ("", None),
        ] {
            let headers = HeaderMap::from_iter([
                (HOST, HeaderValue::from_static(host)),
                ("x-forwarded-host".parse().unwrap(), HeaderValue::from_static("evil.example")),
                ("x-forwarded-proto".parse().unwrap(), HeaderValue::from_static("http")),
            ]);
            assert_eq!(
                address(&Uri::from_static("/api/invitations"), &headers).ok().as_deref(),
                address_of,
                "{host}"
            );
        }
        assert!(address(&Uri::from_static("/api/invitations"), &HeaderMap::new()).is_err());
    }
}
