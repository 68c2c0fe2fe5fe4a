//! How types that are parsed from a text or a number look to OpenAPI.

use utoipa::openapi::schema::{ObjectBuilder, SchemaFormat, SchemaType, Type};
use utoipa::openapi::{KnownFormat, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::event::Room;
use crate::hash::{ContentHash, DocsHash};
use crate::id::{DocId, Epoch, EventId, KeyId, ProjectId, Slug};
use crate::lock::FencingToken;
use crate::path::DocPath;
use crate::repo::{Branch, CommitId, RepoUrl};
use crate::time::Timestamp;

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::new(Type::String))
}

fn hash() -> ObjectBuilder {
    text().pattern(Some("^[0-9a-f]{64}$"))
}

macro_rules! opaque {
    ($($name:ty: $schema:expr, $what:literal;)*) => {$(
        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                $schema.description(Some($what)).into()
            }
        }
        impl ToSchema for $name {}
    )*};
}

opaque! {
    Room: text(), "project:, workspace:, team:, issue:, cycle:, user: or chat: and an id";
    ContentHash: hash(), "SHA-256 of a doc's bytes";
    DocsHash: hash(), "SHA-256 over a project's docs";
    Epoch: text(), "The life of the database in which offsets and revisions count";
    EventId: text(), "An event's id, the same in every room";
    DocId: text(), "A doc's id, which stays when its bytes change";
    KeyId: text(), "A key's id";
    ProjectId: text(), "A project's id";
    Slug: text(), "A project's name in paths";
    FencingToken: ObjectBuilder::new().schema_type(SchemaType::new(Type::Integer)), "Grows with every acquisition of the lock";
    DocPath: text(), "A doc's path in its project";
    Branch: text(), "A git branch";
    CommitId: text(), "A git commit";
    RepoUrl: text(), "A git repository's address";
    Timestamp: text().format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime))), "RFC 3339, in UTC";
}
