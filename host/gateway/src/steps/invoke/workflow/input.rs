//! What a provider's own workflow is given of a request.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, header};
use serde_json::{Map, Value, json};
use types::Code;

use crate::call::Call;
use crate::refusal::Refusal;
use crate::served::Runs;

/// The headers that enter a workflow, and so its history. None of them is a credential.
const HEADERS: [&str; 12] = [
    "accept",
    "accept-language",
    "content-language",
    "content-type",
    "idempotency-key",
    "if-match",
    "if-none-match",
    "prefer",
    "traceparent",
    "user-agent",
    "x-correlation-id",
    "x-request-id",
];

/// The request as one document. A body that says it is JSON is `body`; any other is `bodyBase64`.
///
/// # Errors
///
/// 400 for a body that says it is JSON and is not.
pub(super) fn document(call: &Call, given: &HeaderMap, body: &[u8]) -> Result<Value, Box<Refusal>> {
    let asked = &call.asked;
    let (json_body, base64) = split(given, body)?;
    Ok(json!({
        "method": asked.method.as_str(),
        "path": call.path(),
        "route": &*call.route().template,
        "pathParameters": parameters(call),
        "query": query(asked.uri.query().unwrap_or_default()),
        "headers": headers(given),
        "body": json_body,
        "bodyBase64": base64,
        "caller": caller(call),
        "request": {
            "id": asked.call.to_string(),
            "executionId": super::execution(call),
            "sourceIp": asked.source.to_string(),
            "userAgent": text(given, header::USER_AGENT.as_str()),
            "time": asked.received_at.to_string(),
            "traceparent": asked.trace.to_header(),
            "deadline": deadline(call),
        },
    }))
}

/// When the call is over; an execution goes on after it.
fn deadline(call: &Call) -> Option<String> {
    let waits = !matches!(call.target.served.runs, Runs::Execution { .. });
    waits.then(|| call.asked.received_at.after(call.target.served.limits.wall).to_string())
}

fn split(given: &HeaderMap, body: &[u8]) -> Result<(Value, Value), Box<Refusal>> {
    if body.is_empty() {
        return Ok((Value::Null, Value::Null));
    }
    if !text(given, header::CONTENT_TYPE.as_str()).is_some_and(is_json) {
        return Ok((Value::Null, Value::from(STANDARD.encode(body))));
    }
    let parsed = serde_json::from_slice(body);
    parsed.map(|parsed| (parsed, Value::Null)).map_err(|error| {
        Box::new(Refusal::new(Code::RequestInvalid).detail(format!("The request body is not JSON: {error}.")))
    })
}

/// Whether a content type is JSON, such as `application/json; charset=utf-8` or `application/merge-patch+json`.
fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
        || essence.rsplit_once('+').is_some_and(|(_, suffix)| suffix.eq_ignore_ascii_case("json"))
}

fn parameters(call: &Call) -> Map<String, Value> {
    call.target.parameters.iter().map(|(name, value)| (name.to_string(), Value::from(value.as_str()))).collect()
}

/// Every name with all its values, in their order.
fn query(text: &str) -> Map<String, Value> {
    let mut names = Map::new();
    for (name, value) in form_urlencoded::parse(text.as_bytes()) {
        let values = names.entry(name).or_insert_with(|| json!([]));
        if let Value::Array(values) = values {
            values.push(Value::from(value));
        }
    }
    names
}

fn headers(given: &HeaderMap) -> Map<String, Value> {
    HEADERS.into_iter().filter_map(|name| Some((name.to_owned(), Value::from(text(given, name)?)))).collect()
}

fn text<'h>(given: &'h HeaderMap, name: &str) -> Option<&'h str> {
    given.get(name).and_then(|value| value.to_str().ok())
}

fn caller(call: &Call) -> Value {
    call.progress.caller.get().map_or(Value::Null, |caller| {
        json!({
            "appId": caller.app.to_string(),
            "keyId": caller.key.to_string(),
            "subscriptionId": caller.subscription.to_string(),
            "plan": &*caller.plan_name,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_given_twice_has_both_values() {
        assert_eq!(
            Value::from(query("q=a&tag=x%20y&q=b&empty=")),
            json!({"q": ["a", "b"], "tag": ["x y"], "empty": [""]})
        );
        assert_eq!(Value::from(query("")), json!({}));
    }

    #[test]
    fn json_is_told_by_its_content_type() {
        for yes in ["application/json", "Application/JSON; charset=utf-8", "application/problem+json"] {
            assert!(is_json(yes), "{yes}");
        }
        for no in ["text/plain", "application/jsonx", "application/x-www-form-urlencoded", ""] {
            assert!(!is_json(no), "{no}");
        }
    }
}
