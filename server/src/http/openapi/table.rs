//! Every operation, in the order of the table of routes.

use aitk_shared::api::{
    Alive, AuditPage, Batch, BatchDone, CreateInvitation, CreateKey, CreateProject, CreateProjectKey, Doc,
    DocInfo, DocList, EventPage, History, HookDocs, HookStatus, IDEMPOTENCY_KEY_HEADER, Invitation, Join,
    Joined, Key, LOCK_TOKEN_HEADER, Line, Lock, NewKey, Project, Publish, PublishDone, Published,
    PublishedInto, PullDone, PullRequest, PutDoc, Ready, Released, RenewLock, Stats, SyncAnswer, SyncDoc,
    SyncRequest, TakeLock, Team, UpdateProject,
};
use aitk_shared::event::Event;
use aitk_shared::presence::Presence;
use serde_json::{Value, json};

use super::operation::{Operation, Schemas, list, nullable, schema};

const TOKEN: &str = "The fencing token of the lock that this is done under";
const MATCH: &str = "Only while the doc has this hash";

/// All of them.
pub fn operations(schemas: &mut Schemas) -> Vec<Operation> {
    let mut all = projects(schemas);
    all.extend(docs(schemas));
    all.extend(locks(schemas));
    all.extend(people(schemas));
    all.extend(hook(schemas));
    all.extend(rooms(schemas));
    all.extend(server(schemas));
    all
}

fn projects(all: &mut Schemas) -> Vec<Operation> {
    let (one, audit) = ("/api/projects/{id}", "/api/projects/{id}/audit");
    vec![
        Operation::new("get", "/api/projects", "everybody, their own", "List projects").answers(
            200,
            "The projects",
            list::<Project>(all),
        ),
        Operation::new("post", "/api/projects", "admins", "Make a project")
            .body(schema::<CreateProject>(all))
            .answers(201, "The project", schema::<Project>(all)),
        Operation::new("get", one, "members", "Show a project").answers(
            200,
            "The project",
            schema::<Project>(all),
        ),
        Operation::new("put", one, "admins", "Change a project").body(schema::<UpdateProject>(all)).answers(
            200,
            "The project",
            schema::<Project>(all),
        ),
        Operation::new("delete", one, "admins", "Remove a project and all that is in it")
            .answers_nothing(204, "It is gone"),
        Operation::new("post", "/api/projects/{id}/docs/sync", "leads", "Pull from the repository")
            .maybe_body(schema::<PullRequest>(all))
            .answers(200, "What changed", schema::<PullDone>(all)),
        Operation::new("post", "/api/projects/{id}/docs/publish", "leads", "Push to the repository").answers(
            200,
            "What was pushed",
            schema::<PublishDone>(all),
        ),
        Operation::new("post", "/api/webhooks/git/{id}", "git hosts, by signature", "Tell of a push")
            .open()
            .body(json!({}))
            .answers(200, "Nothing to do", json!({"type": "object"}))
            .answers(202, "It is pulled soon", json!({"type": "object"})),
        audit_of(Operation::new("get", audit, "leads", "Read who did what in a project"), all),
        Operation::new("get", "/api/projects/{id}/team", "leads", "See which session has which revision")
            .answers(200, "The sessions", schema::<Team>(all)),
        audit_of(Operation::new("get", "/api/audit", "admins", "Read who did what on the server"), all),
    ]
}

fn audit_of(operation: Operation, all: &mut Schemas) -> Operation {
    operation
        .query("before", "integer", "Only lines before this one")
        .query("limit", "integer", "At most so many lines")
        .answers(200, "The lines, newest first", schema::<AuditPage>(all))
}

fn docs(all: &mut Schemas) -> Vec<Operation> {
    let one = "/api/projects/{id}/docs/{*path}";
    vec![
        Operation::new("get", "/api/projects/{id}/docs", "members", "List docs")
            .query("revision", "integer", "As they were at this revision")
            .header("if-none-match", "string", "The docs hash that is known")
            .answers(200, "The docs, with the docs hash as ETag", schema::<DocList>(all))
            .answers_nothing(304, "They have the hash that is known"),
        Operation::new("post", "/api/projects/{id}/docs/batch", "leads", "Change docs together, or none")
            .header(LOCK_TOKEN_HEADER, "integer", TOKEN)
            .body(schema::<Batch>(all))
            .answers(200, "The new revision", schema::<BatchDone>(all)),
        Operation::new("get", one, "members", "Read a doc, or with /history after its path its versions")
            .query("revision", "integer", "As it was at this revision")
            .query("before", "integer", "Only versions before this revision, of a history")
            .header("if-none-match", "string", "The hash that is known")
            .answers(200, "The doc, with its hash as ETag", {
                let (doc, history) = (schema::<Doc>(all), schema::<History>(all));
                json!({"oneOf": [doc, history]})
            })
            .answers_nothing(304, "It has the hash that is known"),
        Operation::new("put", one, "leads", "Save a doc")
            .header(LOCK_TOKEN_HEADER, "integer", TOKEN)
            .header("if-match", "string", MATCH)
            .header("if-none-match", "string", "'*': only a new doc")
            .query("message", "string", "Why, where the body is bytes")
            .body(schema::<PutDoc>(all))
            .or_bytes()
            .answers(200, "It is saved, with its hash as ETag", schema::<DocInfo>(all))
            .answers(201, "It is new, with its hash as ETag", schema::<DocInfo>(all)),
        Operation::new("delete", one, "leads", "Delete a doc")
            .header(LOCK_TOKEN_HEADER, "integer", TOKEN)
            .header("if-match", "string", MATCH)
            .query("message", "string", "Why")
            .answers(200, "The new revision", schema::<BatchDone>(all)),
        Operation::new("get", "/api/projects/{id}/history", "members", "Read the history of all docs")
            .query("before", "integer", "Only versions before this revision")
            .answers(200, "The versions, newest first", schema::<History>(all)),
    ]
}

fn locks(all: &mut Schemas) -> Vec<Operation> {
    let path = "/api/projects/{id}/lock";
    vec![
        Operation::new("get", path, "members", "Show the lock").answers(
            200,
            "The lock, or null",
            nullable::<Lock>(all),
        ),
        Operation::new("post", path, "leads", "Take the lock, or wait for it in line")
            .maybe_body(schema::<TakeLock>(all))
            .answers(200, "It was yours already", schema::<Lock>(all))
            .answers(201, "It is yours", schema::<Lock>(all))
            .answers(202, "Your turn has come: ask again", schema::<Line>(all)),
        Operation::new("put", path, "its holder", "Renew the lock")
            .header(LOCK_TOKEN_HEADER, "integer", TOKEN)
            .maybe_body(schema::<RenewLock>(all))
            .answers(200, "The lock", schema::<Lock>(all)),
        Operation::new("delete", path, "its holder; leads with force", "Release the lock")
            .header(LOCK_TOKEN_HEADER, "integer", TOKEN)
            .query("force", "boolean", "Also another's")
            .query("reason", "string", "Why")
            .answers(200, "Whether there was one to release", schema::<Released>(all)),
    ]
}

fn people(all: &mut Schemas) -> Vec<Operation> {
    let of_project = "/api/projects/{id}/keys";
    vec![
        Operation::new("get", of_project, "leads", "List a project's keys").answers(
            200,
            "The keys",
            list::<Key>(all),
        ),
        Operation::new("post", of_project, "leads, for developers; admins", "Make a key of a project")
            .body(schema::<CreateProjectKey>(all))
            .answers(201, "The key, this once", schema::<NewKey>(all)),
        Operation::new("delete", "/api/projects/{id}/keys/{key}", "leads; admins", "Revoke a project's key")
            .answers_nothing(204, "It is revoked"),
        Operation::new("get", "/api/keys", "admins", "List all keys").answers(
            200,
            "The keys",
            list::<Key>(all),
        ),
        Operation::new("post", "/api/keys", "admins", "Make a key of several projects or of the server")
            .body(schema::<CreateKey>(all))
            .answers(201, "The key, this once", schema::<NewKey>(all)),
        Operation::new("delete", "/api/keys/{key}", "admins", "Revoke a key")
            .answers_nothing(204, "It is revoked"),
        Operation::new("post", "/api/invitations", "leads", "Make a link that turns into a personal key")
            .body(schema::<CreateInvitation>(all))
            .answers(201, "The link, this once", schema::<Invitation>(all)),
        Operation::new("post", "/api/join", "who has a link", "Turn a link into a personal key")
            .open()
            .body(schema::<Join>(all))
            .answers(201, "The key, this once", schema::<Joined>(all)),
    ]
}

fn hook(all: &mut Schemas) -> Vec<Operation> {
    schema::<SyncDoc>(all);
    vec![
        Operation::new("get", "/api/hook/status/{id}", "members", "Ask whether the docs are locked").answers(
            200,
            "Whether, and by whom",
            schema::<HookStatus>(all),
        ),
        Operation::new("get", "/api/hook/docs/{id}", "members", "Ask which docs are current").answers(
            200,
            "Their hash",
            schema::<HookDocs>(all),
        ),
        Operation::new("post", "/api/hook/sync/{id}", "members", "Get what changed, and the lock")
            .maybe_body(schema::<SyncRequest>(all))
            .answers(200, "Docs and lock of one moment", schema::<SyncAnswer>(all)),
    ]
}

fn rooms(all: &mut Schemas) -> Vec<Operation> {
    let events = "/api/rooms/{room}/events";
    // What stands for a type's parameter does not come with it.
    schema::<Event>(all);
    let one_or_many =
        |all: &mut Schemas| -> Value { json!({"oneOf": [schema::<Publish>(all), list::<Publish>(all)]}) };
    let into_rooms = |all: &mut Schemas| {
        let rooms = json!({"type": "array", "items": {"type": "string"}});
        let events = list::<Publish>(all);
        let needs = json!({"type": "object", "required": ["rooms"]});
        let mut body = needs;
        body["properties"] = json!({
            "rooms": rooms, "events": events, "type": {"type": "string"}, "data": {},
            "ephemeral": {"type": "boolean"}, "exclude": {"type": "string"}, "correlationId": {"type": "string"},
        });
        body
    };
    let once = "Repeated with the same key, nothing is published twice";
    vec![
        Operation::new("get", events, "subscribers", "Read a room's events, or wait for them")
            .query("since", "integer", "Only events after this offset")
            .query("limit", "integer", "At most so many events")
            .query("wait", "integer", "Wait so many seconds for the first")
            .answers(200, "Events, in order", schema::<EventPage<Event>>(all)),
        Operation::new("post", events, "services; leads, in their projects' rooms", "Publish events")
            .header(IDEMPOTENCY_KEY_HEADER, "string", once)
            .body(one_or_many(all))
            .answers(200, "The last one's offset", schema::<Published>(all)),
        Operation::new("get", "/api/rooms/{room}/presence", "subscribers", "See who is there").answers(
            200,
            "How many, and of few each",
            schema::<Presence>(all),
        ),
        Operation::new("post", "/api/events", "services", "Publish events in several rooms")
            .header(IDEMPOTENCY_KEY_HEADER, "string", once)
            .body(into_rooms(all))
            .answers(200, "The last one's offset in each room", schema::<PublishedInto>(all)),
        Operation::new("get", "/ws", "everybody", "Open a WebSocket: frames of JSON, in both directions")
            .open()
            .query("token", "string", "The credential, where no header can be set")
            .answers_nothing(101, "The socket is open"),
    ]
}

fn server(all: &mut Schemas) -> Vec<Operation> {
    vec![
        Operation::new("get", "/api/ws/stats", "admins", "See what goes through the sockets").answers(
            200,
            "The figures",
            schema::<Stats>(all),
        ),
        Operation::new("get", "/api/openapi.json", "everybody", "Read this document").open().answers(
            200,
            "It",
            json!({"type": "object"}),
        ),
        Operation::new("get", "/join", "who has a link", "Read what a link is for, in a browser")
            .open()
            .answers_text("What to run", "text/plain"),
        Operation::new("get", "/healthz", "everybody", "Ask whether the server lives").open().answers(
            200,
            "It does",
            schema::<Alive>(all),
        ),
        Operation::new("get", "/readyz", "everybody", "Ask whether the server can work")
            .open()
            .answers(200, "It can", schema::<Ready>(all))
            .answers(503, "It cannot now", schema::<Ready>(all)),
        Operation::new("get", "/metrics", "this machine; admins", "Read the server's figures for Prometheus")
            .open()
            .answers_text("The figures", "text/plain"),
    ]
}
