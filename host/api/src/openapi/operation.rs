//! One route as the document describes it.

use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};
use types::Code;

use super::reference;
use crate::text;

/// What a route asks of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// None.
    Open,
    /// One with the scope `read`.
    Read,
    /// One with the scope `publish`.
    Publish,
    /// One with the scope `manage`.
    Manage,
}

impl Access {
    const fn scope(self) -> Option<&'static str> {
        match self {
            Self::Open => None,
            Self::Read => Some("read"),
            Self::Publish => Some("publish"),
            Self::Manage => Some("manage"),
        }
    }
}

type Schema = fn(&mut SchemaGenerator) -> Value;

/// Whether a request says which state of the thing it changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Matching {
    No,
    Maybe,
    Must,
}

/// What a repeat of a request does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Repeats {
    /// What the request says, once more.
    Plainly,
    /// Nothing, if an `Idempotency-Key` says that it is one.
    ByKey,
}

/// One route.
#[derive(Debug, Clone)]
pub struct Operation {
    /// The method, in capitals.
    pub method: &'static str,
    /// The path, as the control plane has it.
    pub path: String,
    /// What it asks of a token.
    pub access: Access,
    summary: &'static str,
    query: Option<Schema>,
    body: Option<(Schema, bool)>,
    /// The media type of a body that is no document.
    bytes: Option<&'static str>,
    answers: Vec<(u16, Schema)>,
    /// The media type of an answer that is no document.
    answers_bytes: Option<&'static str>,
    tagged: bool,
    matching: Matching,
    repeats: Repeats,
    codes: Vec<Code>,
}

impl Operation {
    pub(super) fn new(method: &'static str, path: &str, access: Access, summary: &'static str) -> Self {
        let mut codes = vec![Code::Internal, Code::Overloaded, Code::RequestInvalid];
        if access != Access::Open {
            codes.extend([Code::Unauthorised, Code::Forbidden, Code::MeteringUnavailable]);
        }
        if path.contains('{') {
            codes.push(Code::NotFound);
        }
        Self {
            method,
            path: path.to_owned(),
            access,
            summary,
            query: None,
            body: None,
            bytes: None,
            answers: Vec::new(),
            answers_bytes: None,
            tagged: false,
            matching: Matching::No,
            repeats: Repeats::Plainly,
            codes,
        }
    }

    /// It takes these parameters.
    pub(super) fn query<T: JsonSchema>(mut self) -> Self {
        self.query = Some(inline::<T>);
        self
    }

    /// It takes this document.
    pub(super) fn takes<T: JsonSchema>(mut self) -> Self {
        let schema: Schema = reference::<T>;
        self.body = Some((schema, true));
        self.codes.extend([Code::PayloadTooLarge, Code::UnsupportedMediaType, Code::RequestTimeout]);
        self
    }

    /// It takes this document, or none.
    pub(super) fn may_take<T: JsonSchema>(self) -> Self {
        let mut operation = self.takes::<T>();
        operation.body = operation.body.map(|(schema, _)| (schema, false));
        operation
    }

    /// It takes bytes of this media type.
    pub(super) fn takes_bytes(mut self, kind: &'static str) -> Self {
        self.bytes = Some(kind);
        self.codes.extend([Code::PayloadTooLarge, Code::RequestTimeout]);
        self
    }

    /// It answers with bytes: 200.
    pub(super) fn answers_bytes(mut self) -> Self {
        self.answers_bytes = Some("application/octet-stream");
        self.codes.push(Code::Conflict);
        self
    }

    /// It answers with this: 200.
    pub(super) fn answers<T: JsonSchema>(mut self) -> Self {
        self.answers.push((200, reference::<T>));
        self
    }

    /// While it is not so it answers with this: 503.
    pub(super) fn unready<T: JsonSchema>(mut self) -> Self {
        self.answers.push((503, reference::<T>));
        self.codes.retain(|code| code.status() != 503);
        self
    }

    /// It answers with what it has made: 201.
    pub(super) fn makes<T: JsonSchema>(mut self) -> Self {
        self.answers.push((201, reference::<T>));
        self
    }

    /// It answers with what it has made, 201, or found there, 200.
    pub(super) fn makes_or_finds<T: JsonSchema>(self) -> Self {
        self.answers::<T>().makes::<T>().refuses(&[Code::Conflict])
    }

    /// The answer has an `ETag`.
    pub(super) fn tagged(mut self) -> Self {
        self.tagged = true;
        self
    }

    /// It takes `If-Match`.
    pub(super) fn may_match(mut self) -> Self {
        self.matching = Matching::Maybe;
        self.codes.push(Code::PreconditionFailed);
        self
    }

    /// It wants `If-Match`.
    pub(super) fn must_match(mut self) -> Self {
        self.matching = Matching::Must;
        self.codes.extend([Code::PreconditionFailed, Code::PreconditionRequired]);
        self
    }

    /// It takes an `Idempotency-Key`.
    pub(super) fn fresh(mut self) -> Self {
        self.repeats = Repeats::ByKey;
        self.codes.extend([Code::Conflict, Code::IdempotencyConflict, Code::IdempotencyMismatch]);
        self
    }

    /// It has further refusals.
    pub(super) fn refuses(mut self, codes: &[Code]) -> Self {
        self.codes.extend(codes);
        self
    }

    pub(super) fn document(&self, generator: &mut SchemaGenerator) -> Value {
        let mut document = json!({
            "operationId": self.id(),
            "summary": self.summary,
            "parameters": self.parameters(generator),
            "responses": self.responses(generator),
        });
        if let Some((schema, required)) = self.body {
            let content = json!({ "application/json": { "schema": schema(generator) } });
            document["requestBody"] = json!({ "required": required, "content": content });
        }
        if let Some(kind) = self.bytes {
            let content = json!({ kind: { "schema": { "type": "string", "format": "binary" } } });
            document["requestBody"] = json!({ "required": true, "content": content });
        }
        match self.access.scope() {
            Some(scope) => {
                document["security"] = json!([{ "token": [] }]);
                document["x-weir-scope"] = json!(scope);
            }
            None => document["security"] = json!([]),
        }
        document
    }

    /// Such as `put_apis_slug_live`.
    fn id(&self) -> String {
        let path = self.path.strip_prefix("/v1").unwrap_or(&self.path);
        let words =
            path.split(['/', '-', '.']).map(|word| word.trim_matches(['{', '}', '*'])).filter(|word| !word.is_empty());
        std::iter::once(self.method.to_ascii_lowercase().as_str()).chain(words).collect::<Vec<_>>().join("_")
    }

    fn parameters(&self, generator: &mut SchemaGenerator) -> Vec<Value> {
        let mut parameters = Vec::new();
        for name in self.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
            // What goes on over the rest of the path is no id.
            let (name, schema) = match name.strip_prefix('*') {
                Some(name) => (name, json!({ "type": "string", "minLength": 1 })),
                None => (name, path_schema(name)),
            };
            parameters.push(json!({ "name": name, "in": "path", "required": true, "schema": schema }));
        }
        let query = self.query.map(|schema| schema(generator)).unwrap_or_default();
        let required = query["required"].as_array().cloned().unwrap_or_default();
        for (name, schema) in query["properties"].as_object().unwrap_or(&Map::new()) {
            let mut schema = schema.clone();
            let description = schema.as_object_mut().and_then(|schema| schema.shift_remove("description"));
            not_null(&mut schema);
            let required = required.contains(&json!(name));
            let mut parameter = json!({ "name": name, "in": "query", "required": required, "schema": schema });
            if let Some(description) = description {
                parameter["description"] = description;
            }
            parameters.push(parameter);
        }
        if self.matching != Matching::No {
            parameters.push(json!({
                "name": "If-Match", "in": "header", "required": self.matching == Matching::Must,
                "description": "The ETag of the thing as it was seen, or `*`. Of a plan that is changed, the API's.",
                "schema": { "type": "string", "pattern": "^(\\*|\"[0-9]{1,9}\")$" }, "example": "*",
            }));
        }
        if self.repeats == Repeats::ByKey {
            parameters.push(json!({
                "name": "Idempotency-Key", "in": "header", "required": false,
                "description": "A repeat within a day makes no second thing: 409 names the first.",
                "schema": { "type": "string", "pattern": "^[!-~]([ -~]{0,253}[!-~])?$" },
            }));
        }
        parameters
    }

    fn responses(&self, generator: &mut SchemaGenerator) -> Value {
        let mut responses = Map::new();
        if let Some(kind) = self.answers_bytes {
            let content = json!({ kind: { "schema": {} } });
            responses.insert("200".to_owned(), json!({ "description": "Its bytes.", "content": content }));
        }
        for (status, schema) in &self.answers {
            let description = match status {
                201 => "It is made, or in force from now on.",
                503 => "It is not so; the reasons.",
                _ => "As asked.",
            };
            let mut response = json!({
                "description": description,
                "content": { "application/json": { "schema": schema(generator) } },
            });
            if self.tagged {
                response["headers"] = json!({ "ETag": { "schema": { "type": "string" } } });
            }
            responses.insert(status.to_string(), response);
        }
        let mut codes = self.codes.clone();
        codes.sort_unstable();
        codes.dedup();
        for code in codes {
            let status = code.status().to_string();
            let response = responses.entry(status).or_insert_with(|| {
                json!({
                    "description": "",
                    "content": { crate::PROBLEM_JSON: { "schema": { "$ref": "#/components/schemas/Problem" } } },
                })
            });
            let said = response["description"].as_str().unwrap_or_default();
            let said = if said.is_empty() { format!("`{code}`") } else { format!("{said}, `{code}`") };
            response["description"] = json!(said);
        }
        Value::Object(responses)
    }
}

fn inline<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    T::json_schema(generator).to_value()
}

/// A parameter that is absent is absent: there is no `null` in a query.
fn not_null(schema: &mut Value) {
    if let Some(kinds) = schema["type"].as_array() {
        let mut kinds: Vec<Value> = kinds.iter().filter(|kind| **kind != "null").cloned().collect();
        if let (Some(kind), true) = (kinds.pop(), kinds.is_empty()) {
            schema["type"] = kind;
        }
    }
    if let Some(choices) = schema["anyOf"].as_array() {
        let mut choices: Vec<Value> = choices.iter().filter(|choice| choice["type"] != "null").cloned().collect();
        if let (Some(only), true) = (choices.pop(), choices.is_empty()) {
            *schema = only;
        }
    }
    if let Some(schema) = schema.as_object_mut() {
        schema.shift_remove("default");
    }
}

fn path_schema(name: &str) -> Value {
    let id = |prefix: &str| json!({ "type": "string", "pattern": format!("^{prefix}_[0-7][0-9A-HJKMNP-TV-Z]{{25}}$") });
    match name {
        "slug" => json!({ "type": "string", "pattern": "^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$" }),
        "number" => json!({ "type": "integer", "minimum": 1, "maximum": u32::MAX }),
        "digest" => json!({ "type": "string", "pattern": "^[0-9a-f]{64}$" }),
        "organisation" => id("org"),
        "token" => id("tok"),
        "invitation" => id("inv"),
        "plan" => id("plan"),
        "app" => id("app"),
        "key" => id("key"),
        "subscription" => id("sub"),
        "call" => id("call"),
        "webhook" => id("whk"),
        "delivery" => id("dlv"),
        "schedule" => json!({ "type": "string", "pattern": text::SCHEDULE }),
        "arn" => json!({ "type": "string", "minLength": 1 }),
        "access_key" => json!({ "type": "string", "pattern": "^WEIR[A-Z2-7]{16}$" }),
        "role" => json!({ "type": "string", "pattern": "^[A-Za-z0-9_+=,.@-]{1,64}$" }),
        "name" => json!({ "type": "string", "pattern": "^[a-z][a-z0-9_-]{0,62}$" }),
        _ => json!({ "type": "string" }),
    }
}
