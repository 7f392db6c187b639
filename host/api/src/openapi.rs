//! The OpenAPI 3.1 document of the control plane, made from the types of this crate.
//!
//! [`operations`] names every route with what it takes and answers; [`document`] writes that down. The control plane
//! holds the list against the routes that it serves, and a test the text against the committed one.

mod operation;
mod routes;
mod sent;
mod stored;

use schemars::generate::{Contract, SchemaSettings};
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

pub use operation::{Access, Operation};
pub use routes::operations;

use crate::Problem;

/// Where the document is served.
pub const PATH: &str = "/v1/openapi.json";

/// The whole document.
pub fn document() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
        // As a reader sees it: what may be left out, may be left out.
        settings.contract = Contract::Deserialize;
    });
    let mut generator = settings.into_generator();
    let mut paths: Map<String, Value> = Map::new();
    for operation in operations() {
        let path = paths.entry(operation.path.replace("{*", "{")).or_insert_with(|| json!({}));
        if let Value::Object(methods) = path {
            methods.insert(operation.method.to_ascii_lowercase(), operation.document(&mut generator));
        }
    }
    let problem = reference::<Problem>(&mut generator);
    let schemas = generator.take_definitions(true);
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Weir control plane",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Organisations, APIs, releases, plans, apps, keys and subscriptions of a host, and what it \
                can account for. Refusals are problem documents (RFC 9457); `code` is a stable word, with a page in \
                docs/errors. Lists are read page by page: `next` of one is `after` of the following. Things with a \
                name of their own are made once however often the request comes; for keys and tokens, which have \
                none, `Idempotency-Key` does that.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": { "Problem": {
                "description": "A refusal: `code` says which.",
                "content": { crate::PROBLEM_JSON: { "schema": problem } },
            } },
            "securitySchemes": { "token": {
                "type": "http",
                "scheme": "bearer",
                "description": "A token of this host. Its scopes are read, publish and manage; none contains another.",
            } },
        },
    });
    bound_integers(&mut document);
    document
}

/// Says of every integer how far it goes: a format alone tells no reader that larger ones are refused.
fn bound_integers(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(bound_integers),
        Value::Object(members) => {
            let format = members.get("format").and_then(Value::as_str);
            let (least, most) = match format {
                Some("uint16") => (json!(0), json!(u16::MAX)),
                Some("uint32") => (json!(0), json!(u32::MAX)),
                Some("uint64" | "uint") => (json!(0), json!(u64::MAX)),
                Some("int64") => (json!(i64::MIN), json!(i64::MAX)),
                _ => (Value::Null, Value::Null),
            };
            if !least.is_null() {
                members.entry("minimum").or_insert(least);
                members.entry("maximum").or_insert(most);
            }
            members.values_mut().for_each(bound_integers);
        }
        _ => {}
    }
}

/// The document as it is committed and served: indented, with a newline at its end.
pub fn text() -> String {
    // A document of maps, lists and texts: there is nothing in it that JSON cannot hold.
    let mut text = serde_json::to_string_pretty(&document()).unwrap_or_default();
    text.push('\n');
    text
}

fn reference<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    generator.subschema_for::<T>().to_value()
}
