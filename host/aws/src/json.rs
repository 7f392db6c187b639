//! JSON: the AWS JSON protocols, 1.0 and 1.1, and operations whose names are paths.

use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use serde_json::Value;

use crate::call::{ServiceFault, Unsigned};
use crate::casing;
use crate::service::{Asked, Casing};

const TARGET: HeaderName = HeaderName::from_static("x-amz-target");

pub(crate) fn request(
    asked: &Asked<'_>,
    (target, version): (&str, &str),
    parameters: &Value,
) -> Result<Unsigned, ServiceFault> {
    let value = |text: String| HeaderValue::try_from(text).map_err(|error| ServiceFault::runtime(error.to_string()));
    let headers = vec![
        (CONTENT_TYPE, value(format!("application/x-amz-json-{version}"))?),
        (TARGET, value(format!("{target}.{}", asked.operation()))?),
    ];
    let body = document(asked, parameters);
    Ok(Unsigned { method: http::Method::POST, path: "/".to_owned(), headers, body: body.into() })
}

/// The operation in the path, in small letters.
pub(crate) fn on_path(asked: &Asked<'_>, before: &str, parameters: &Value) -> Unsigned {
    let headers = vec![(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    let path = format!("{before}{}", asked.action.to_ascii_lowercase());
    Unsigned { method: http::Method::POST, path, headers, body: document(asked, parameters).into() }
}

fn document(asked: &Asked<'_>, parameters: &Value) -> String {
    let parameters = texts(asked, parameters.clone());
    match asked.service.casing {
        Casing::Capital => parameters.to_string(),
        Casing::Small => casing::small(parameters).to_string(),
    }
}

/// What the short resources take as a document and send as the text of one: a message, the detail of an event, an
/// input.
pub(crate) fn texts(asked: &Asked<'_>, mut parameters: Value) -> Value {
    if asked.is_sdk {
        return parameters;
    }
    match (asked.service.name, asked.action) {
        ("sqs", "sendMessage") => text(&mut parameters, "MessageBody"),
        ("sns", "publish") => text(&mut parameters, "Message"),
        ("eventbridge", "putEvents") => {
            for entry in parameters.get_mut("Entries").and_then(Value::as_array_mut).into_iter().flatten() {
                text(entry, "Detail");
            }
        }
        _ => {}
    }
    parameters
}

fn text(of: &mut Value, member: &str) {
    if let Some(value) = of.get_mut(member).filter(|value| !value.is_string()) {
        *value = Value::String(value.to_string());
    }
}
