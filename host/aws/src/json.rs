//! The AWS JSON protocols, 1.0 and 1.1.

use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use serde_json::Value;

use crate::call::{ServiceFault, Unsigned};
use crate::service::Asked;

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
    let body = texts(asked, parameters.clone()).to_string();
    Ok(Unsigned { method: http::Method::POST, path: "/".to_owned(), headers, body: body.into() })
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
