//! `POST /rooms/{room}/events` and `POST /events`: events that backends publish.

use std::collections::BTreeSet;

use aitk_shared::api::{IDEMPOTENCY_KEY_HEADER, IDEMPOTENT_REPLAY_HEADER, Publish, Published, PublishedInto};
use aitk_shared::event::{EventType, Room, known};
use aitk_shared::hash::ContentHash;
use aitk_shared::limits;
use aitk_shared::role::Role;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::body::{At, Json as Body};
use crate::auth::Credential;
use crate::error::{Error, Result};
use crate::origin::Origin;
use crate::publishing::{Draft, Publication};
use crate::state::App;
use crate::store::publications::Once;

/// Publishes one event, or a list of them, in one room.
pub async fn into_room(
    State(app): State<App>,
    who: Credential,
    At(room): At<String>,
    headers: HeaderMap,
    Body(body): Body<Value>,
) -> Result<Response> {
    let room = Room::parse(&room).map_err(|error| Error::Invalid(format!("room: {error}")))?;
    who.may_publish(&room)?;
    let (answer, replayed) = publish(&app, &who, vec![room], &headers, &body).await?;
    let offset = answer.offsets.into_values().next().flatten();
    Ok(respond(Published { epoch: answer.epoch, offset }, replayed))
}

/// Publishes the same in several rooms: `rooms`, and an event's fields or a list `events`.
pub async fn into_rooms(
    State(app): State<App>,
    who: Credential,
    headers: HeaderMap,
    Body(mut body): Body<Value>,
) -> Result<Response> {
    if !matches!(who.role, Role::Service | Role::Admin) {
        return Err(Error::Forbidden(format!(
            "{} '{}' may not publish in several rooms at once: services do",
            who.role, who.actor.name
        )));
    }
    let fields = body.as_object_mut().ok_or_else(|| Error::Invalid("the body must be an object".into()))?;
    let rooms = parse_rooms(fields.remove("rooms").unwrap_or_default())?;
    let refusals = rooms.iter().filter_map(|room| Some((room.clone(), who.may_publish(room).err()?)));
    let refusals: Vec<_> = refusals.collect();
    if !refusals.is_empty() {
        return Err(Error::Rooms(refusals));
    }
    let body = match fields.remove("events") {
        Some(events) if events.is_array() && fields.is_empty() => events,
        Some(_) => return Err(Error::Invalid("events: give a list, and no other field but rooms".into())),
        None => body,
    };
    let (answer, replayed) = publish(&app, &who, rooms, &headers, &body).await?;
    Ok(respond(answer, replayed))
}

fn respond(answer: impl serde::Serialize, replayed: bool) -> Response {
    let mut response = Json(answer).into_response();
    if replayed {
        response.headers_mut().insert(IDEMPOTENT_REPLAY_HEADER, HeaderValue::from_static("true"));
    }
    response
}

fn parse_rooms(rooms: Value) -> Result<Vec<Room>> {
    let rooms: BTreeSet<Room> =
        serde_json::from_value(rooms).map_err(|error| Error::Invalid(format!("rooms: {error}")))?;
    match rooms.len() {
        0 => Err(Error::Invalid("rooms: name at least one".into())),
        count if count > limits::PUBLISH_ROOMS => {
            Err(Error::Invalid(format!("rooms: at most {} at once", limits::PUBLISH_ROOMS)))
        }
        _ => Ok(rooms.into_iter().collect()),
    }
}

async fn publish(
    app: &App,
    who: &Credential,
    rooms: Vec<Room>,
    headers: &HeaderMap,
    body: &Value,
) -> Result<(PublishedInto, bool)> {
    let events = match body {
        Value::Array(list) => {
            let many = list.iter().enumerate();
            many.map(|(n, event)| draft(event).map_err(|error| in_list(n, error))).collect::<Result<_>>()?
        }
        one => vec![draft(one)?],
    };
    match events.len() {
        0 => return Err(Error::Invalid("the list is empty: publish at least one event".into())),
        count if count > limits::PUBLISH_EVENTS => {
            return Err(Error::TooLarge(format!("at most {} events at once", limits::PUBLISH_EVENTS)));
        }
        count if count * rooms.len() > limits::PUBLISH_COPIES => {
            let copies = limits::PUBLISH_COPIES;
            return Err(Error::TooLarge(format!("events times rooms must be at most {copies}")));
        }
        _ => {}
    }
    let text = body.to_string();
    let once = idempotency_key(headers)?.map(|key| once(who, &rooms, key, &text));
    let bytes = text.len() * rooms.len();
    let publication = Publication { actor: who.actor.clone(), rooms, events, once };
    let outcome = app.publishing.publish(publication, bytes).await?;
    Ok((outcome.answer, outcome.replayed))
}

/// Checks one event.
fn draft(event: &Value) -> Result<Draft> {
    let event: Publish = serde::Deserialize::deserialize(event)
        .map_err(|error| Error::Invalid(format!("the event: {error}")))?;
    let kind = EventType::parse(&event.kind).map_err(|error| Error::Invalid(format!("type: {error}")))?;
    if let Some(rule) = kind.reserved() {
        let what = if rule.ends_with(':') { format!("'{rule}' events") } else { format!("'{rule}'") };
        return Err(Error::Forbidden(format!(
            "type: '{kind}' comes from the server alone, as all {what} do"
        )));
    }
    known::check(kind.as_str(), &event.data).map_err(|error| Error::Invalid(error.to_string()))?;
    let bytes = event.data.to_string().len();
    if bytes > limits::EVENT_DATA_BYTES {
        return Err(Error::TooLarge(format!(
            "data: {bytes} bytes of JSON, and at most {} are taken: publish where to find it instead",
            limits::EVENT_DATA_BYTES
        )));
    }
    check_name("exclude", event.exclude.as_deref())?;
    check_name("correlationId", event.correlation_id.as_deref())?;
    Ok(Draft {
        kind: event.kind,
        data: event.data,
        ephemeral: event.ephemeral,
        exclude: event.exclude,
        correlation_id: event.correlation_id.or_else(Origin::current_correlation),
    })
}

fn in_list(index: usize, error: Error) -> Error {
    let named = |detail| format!("event {}: {detail}", index + 1);
    match error {
        Error::Invalid(detail) => Error::Invalid(named(detail)),
        Error::Forbidden(detail) => Error::Forbidden(named(detail)),
        Error::TooLarge(detail) => Error::TooLarge(named(detail)),
        other => other,
    }
}

fn check_name(field: &str, name: Option<&str>) -> Result<()> {
    let most = limits::EVENT_NAME_BYTES;
    match name {
        Some(name) if name.is_empty() || name.len() > most || name.chars().any(char::is_control) => {
            Err(Error::Invalid(format!("{field} must be 1 to {most} bytes without control characters")))
        }
        _ => Ok(()),
    }
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<&[u8]>> {
    let most = limits::IDEMPOTENCY_KEY_BYTES;
    match headers.get(IDEMPOTENCY_KEY_HEADER).map(HeaderValue::as_bytes) {
        Some(key) if key.is_empty() || key.len() > most => {
            Err(Error::Invalid(format!("Idempotency-Key must be 1 to {most} bytes")))
        }
        key => Ok(key),
    }
}

/// The same key in other rooms, or of another credential, is another publication.
fn once(who: &Credential, rooms: &[Room], key: &[u8], text: &str) -> Once {
    let names: Vec<_> = rooms.iter().map(Room::as_str).collect();
    // No room's name has a space or a line's end, and a length comes first: no two scopes read alike.
    let scope = format!("{} {} {}\n", who.actor.id.len(), who.actor.id, names.join(" "));
    Once {
        id: ContentHash::of(&[scope.as_bytes(), key].concat()),
        fingerprint: ContentHash::of(text.as_bytes()),
    }
}
