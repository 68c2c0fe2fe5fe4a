//! One operation of the document.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use utoipa::ToSchema;

/// The schemas that operations speak of, by name.
pub type Schemas = BTreeMap<String, Value>;

/// Refers to the schema of a type, which comes into the document with all that it speaks of.
pub fn schema<T: ToSchema>(schemas: &mut Schemas) -> Value {
    let mut found = vec![(T::name().into_owned(), T::schema())];
    T::schemas(&mut found);
    for (name, schema) in found {
        schemas.entry(name).or_insert_with(|| serde_json::to_value(schema).unwrap_or_default());
    }
    json!({"$ref": format!("#/components/schemas/{}", T::name())})
}

/// A list of them.
pub fn list<T: ToSchema>(schemas: &mut Schemas) -> Value {
    json!({"type": "array", "items": schema::<T>(schemas)})
}

/// One of them, or `null`.
pub fn nullable<T: ToSchema>(schemas: &mut Schemas) -> Value {
    json!({"oneOf": [schema::<T>(schemas), {"type": "null"}]})
}

/// One method of one path.
pub struct Operation {
    /// In lower case.
    pub method: &'static str,
    /// As the table of routes has it.
    pub path: &'static str,
    what: &'static str,
    who: &'static str,
    is_open: bool,
    parameters: Vec<Value>,
    body: Option<Value>,
    answers: Map<String, Value>,
}

impl Operation {
    /// `who` may do `what`.
    pub fn new(method: &'static str, path: &'static str, who: &'static str, what: &'static str) -> Self {
        let names = path.split('{').skip(1).filter_map(|rest| rest.split('}').next());
        let parameter = |name: &str| {
            let name = name.trim_start_matches('*');
            json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}})
        };
        Operation {
            method,
            path,
            what,
            who,
            is_open: false,
            parameters: names.map(parameter).collect(),
            body: None,
            answers: Map::new(),
        }
    }

    /// No credential is needed.
    pub fn open(mut self) -> Self {
        self.is_open = true;
        self
    }

    /// Takes a query parameter.
    pub fn query(self, name: &str, kind: &str, what: &str) -> Self {
        self.parameter("query", name, kind, what)
    }

    /// Takes a header.
    pub fn header(self, name: &str, kind: &str, what: &str) -> Self {
        self.parameter("header", name, kind, what)
    }

    fn parameter(mut self, place: &str, name: &str, kind: &str, what: &str) -> Self {
        self.parameters
            .push(json!({"name": name, "in": place, "description": what, "schema": {"type": kind}}));
        self
    }

    /// Needs a body of JSON.
    pub fn body(mut self, schema: Value) -> Self {
        self.body = Some(json!({"required": true, "content": {"application/json": {"schema": schema}}}));
        self
    }

    /// Takes a body of JSON, or none.
    pub fn maybe_body(mut self, schema: Value) -> Self {
        self.body = Some(json!({"required": false, "content": {"application/json": {"schema": schema}}}));
        self
    }

    /// Takes bytes as well, of any media type.
    pub fn or_bytes(mut self) -> Self {
        if let Some(body) = &mut self.body {
            body["content"]["*/*"] = json!({"schema": {"type": "string", "format": "binary"}});
        }
        self
    }

    /// Answers with JSON.
    pub fn answers(self, status: u16, what: &str, schema: Value) -> Self {
        self.answers_as(status, what, "application/json", schema)
    }

    /// Answers with text.
    pub fn answers_text(self, what: &str, media_type: &str) -> Self {
        self.answers_as(200, what, media_type, json!({"type": "string"}))
    }

    /// Answers without a body.
    pub fn answers_nothing(mut self, status: u16, what: &str) -> Self {
        self.answers.insert(status.to_string(), json!({"description": what}));
        self
    }

    fn answers_as(mut self, status: u16, what: &str, media_type: &str, schema: Value) -> Self {
        self.answers.insert(
            status.to_string(),
            json!({"description": what, "content": {media_type: {"schema": schema}}}),
        );
        self
    }

    /// The operation as the document has it.
    pub fn to_json(&self) -> Value {
        let mut answers = self.answers.clone();
        answers.insert("default".into(), json!({"$ref": "#/components/responses/Refusal"}));
        let mut all = json!({
            "operationId": self.id(),
            "tags": [self.tag()],
            "summary": self.what,
            "description": format!("For: {}.", self.who),
            "parameters": self.parameters,
            "responses": answers,
        });
        if let Some(body) = &self.body {
            all["requestBody"] = body.clone();
        }
        if self.is_open {
            all["security"] = json!([]);
        }
        all
    }

    /// `get_projects_id_lock`.
    fn id(&self) -> String {
        let words = self.path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        let words: Vec<_> = words.filter(|word| *word != "api").collect();
        format!("{}_{}", self.method, words.join("_"))
    }

    fn tag(&self) -> &str {
        let mut words = self.path.trim_start_matches("/api").split('/').filter(|word| !word.is_empty());
        match (words.next(), words.nth(1)) {
            (Some("projects"), Some(part)) => part,
            (Some(first), _) => first,
            (None, _) => "server",
        }
    }
}
