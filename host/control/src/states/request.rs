//! Reading a request of the protocol.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde_json::{Map, Value};

use super::JSON;
use super::fault::Fault;

const TARGET: &str = "x-amz-target";
/// The name of the service in targets.
const SERVICE: &str = "AWSStepFunctions.";
/// The longest name of an operation that is looked at: AWS's longest has 34 characters.
const OPERATION_MAX: usize = 64;
/// The largest request, as on AWS.
const BODY_MAX: usize = 1024 * 1024;
/// How long a client may take to send it.
const BODY_WITHIN: Duration = Duration::from_secs(10);

/// The operation that the target names, whether there is one or not.
pub(super) fn operation(headers: &HeaderMap) -> Result<String, Fault> {
    let mut targets = headers.get_all(TARGET).iter();
    let (Some(target), None) = (targets.next(), targets.next()) else { return Err(Fault::unknown_operation()) };
    target
        .to_str()
        .ok()
        .and_then(|target| target.strip_prefix(SERVICE))
        .filter(|name| {
            (1..=OPERATION_MAX).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
        .map(str::to_owned)
        .ok_or_else(Fault::unknown_operation)
}

/// Goes on for a body that is plain JSON 1.0. Bodies in chunks of their own, or compressed, are not offered.
pub(super) fn require_json(headers: &HeaderMap) -> Result<(), Fault> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case(JSON) {
        return Err(Fault::unreadable(format!("The Content-Type has to be {JSON}.")));
    }
    if headers.contains_key(header::CONTENT_ENCODING) {
        return Err(Fault::unreadable("A request must have no Content-Encoding."));
    }
    Ok(())
}

/// The whole body.
pub(super) async fn receive(body: Body) -> Result<Bytes, Fault> {
    let body = Limited::new(body, BODY_MAX).collect();
    match tokio::time::timeout(BODY_WITHIN, body).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Fault::too_large()),
        Ok(Err(_)) => Err(Fault::unreadable("The body broke off.")),
        Err(_) => Err(Fault::too_slow()),
    }
}

/// The members of the operation. An empty body has none.
pub(super) fn members(body: &[u8]) -> Result<Value, Fault> {
    if body.is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    match serde_json::from_slice(body) {
        Ok(members @ Value::Object(_)) => Ok(members),
        Ok(_) => Err(Fault::unreadable("The body has to be a JSON object.")),
        Err(error) => Err(Fault::unreadable(format!("The body is not JSON: {error}."))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(target: &str) -> Option<String> {
        let headers = HeaderMap::from_iter([(http::HeaderName::from_static(TARGET), target.parse().unwrap())]);
        operation(&headers).ok()
    }

    #[test]
    fn a_target_names_an_operation_of_this_service_alone() {
        assert_eq!(named("AWSStepFunctions.ListStateMachines").as_deref(), Some("ListStateMachines"));
        for other in
            ["", "ListStateMachines", "DynamoDB_20120810.ListTables", "AWSStepFunctions.", "AWSStepFunctions.a b"]
        {
            assert_eq!(named(other), None, "{other}");
        }
    }

    #[test]
    fn members_are_an_object_or_nothing() {
        assert_eq!(members(b"").unwrap(), serde_json::json!({}));
        assert_eq!(members(br#"{"name":null}"#).unwrap(), serde_json::json!({ "name": null }));
        for other in ["[]", "1", "{", "\u{feff}{}"] {
            assert!(members(other.as_bytes()).is_err(), "{other}");
        }
        assert!(members("[".repeat(10_000).as_bytes()).is_err());
    }
}
