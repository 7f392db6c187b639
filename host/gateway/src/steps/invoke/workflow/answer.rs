//! The HTTP response that a workflow's output describes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value};

use crate::steps::invoke::Answer;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const BYTES: HeaderValue = HeaderValue::from_static("application/octet-stream");
/// More header fields than any client needs.
const HEADERS_MAX: usize = 100;

/// `{"status": 200, "headers": {…}, "body": …}` as it says, or with `bodyBase64`; any other output as JSON with status 200.
///
/// # Errors
///
/// What is wrong with the output, for its provider.
pub(super) fn of(output: &Value) -> Result<Answer, String> {
    let described = output.as_object().and_then(|members| Some((members, members.get("status")?.as_u64()?)));
    match described {
        Some((members, status)) => described_by(members, status),
        None => {
            let body = Bytes::from(output.to_string());
            Ok(Answer { status: StatusCode::OK, headers: HeaderMap::from_iter([(CONTENT_TYPE, JSON)]), body })
        }
    }
}

fn described_by(members: &Map<String, Value>, status: u64) -> Result<Answer, String> {
    let status = u16::try_from(status).ok().filter(|status| (200..=599).contains(status));
    let status = status.and_then(|status| StatusCode::from_u16(status).ok());
    let status = status.ok_or("the output's status is not between 200 and 599")?;
    let mut headers = headers(members.get("headers"))?;
    let (body, kind) = body(members)?;
    if let Some(kind) = kind {
        headers.entry(CONTENT_TYPE).or_insert(kind);
    }
    Ok(Answer { status, headers, body })
}

fn headers(given: Option<&Value>) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    let given = match given {
        None | Some(Value::Null) => return Ok(headers),
        Some(Value::Object(given)) => given,
        Some(_) => return Err("the output's headers are no object".to_owned()),
    };
    for (name, value) in given {
        let field = HeaderName::try_from(name.as_str()).map_err(|_| format!("{name:?} is no name of a header"))?;
        let values = match value {
            Value::Array(values) => values.as_slice(),
            one => std::slice::from_ref(one),
        };
        for value in values {
            let text = value.as_str().ok_or_else(|| format!("the header {name} is no text"))?;
            let value = HeaderValue::from_str(text).map_err(|_| format!("the header {name} holds what none may"))?;
            if headers.len() >= HEADERS_MAX {
                return Err(format!("the output has more than {HEADERS_MAX} headers"));
            }
            headers.append(&field, value);
        }
    }
    Ok(headers)
}

/// The body, and what it is where no header says so.
fn body(members: &Map<String, Value>) -> Result<(Bytes, Option<HeaderValue>), String> {
    match (members.get("body"), members.get("bodyBase64")) {
        (None | Some(Value::Null), Some(Value::String(text))) => {
            let bytes =
                STANDARD.decode(text).map_err(|error| format!("the output's bodyBase64 is not base64: {error}"))?;
            Ok((bytes.into(), Some(BYTES)))
        }
        (_, Some(other)) if !other.is_null() => {
            Err("the output has a body twice, or a bodyBase64 that is no text".to_owned())
        }
        (None | Some(Value::Null), _) => Ok((Bytes::new(), None)),
        (Some(Value::String(text)), _) => Ok((Bytes::copy_from_slice(text.as_bytes()), Some(TEXT))),
        (Some(body), _) => Ok((Bytes::from(body.to_string()), Some(JSON))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shown(output: &Value) -> Result<(u16, Option<String>, String), String> {
        of(output).map(|answer| {
            let kind = answer.headers.get(CONTENT_TYPE).map(|kind| kind.to_str().unwrap().to_owned());
            (answer.status.as_u16(), kind, String::from_utf8_lossy(&answer.body).into_owned())
        })
    }

    #[test]
    fn an_output_without_a_numeric_status_is_the_answer_as_json() {
        for (output, body) in [
            (json!({"total": 3}), r#"{"total":3}"#),
            (json!({"status": "shipped"}), r#"{"status":"shipped"}"#),
            (json!([1, 2]), "[1,2]"),
            (json!(null), "null"),
        ] {
            assert_eq!(shown(&output), Ok((200, Some("application/json".to_owned()), body.to_owned())));
        }
    }

    #[test]
    fn an_output_may_say_status_headers_and_body() {
        let output =
            json!({"status": 201, "headers": {"Location": "/orders/7", "x-tag": ["a", "b"]}, "body": {"id": 7}});
        let answer = of(&output).unwrap();
        assert_eq!(
            (answer.status.as_u16(), &answer.headers["location"]),
            (201, &HeaderValue::from_static("/orders/7"))
        );
        assert_eq!(answer.headers.get_all("x-tag").iter().count(), 2);
        assert_eq!(&answer.body[..], br#"{"id":7}"#);
        assert_eq!(
            shown(&json!({"status": 404, "body": "gone"})).unwrap().1.as_deref(),
            Some("text/plain; charset=utf-8")
        );
        let html = json!({"status": 200, "headers": {"content-type": "text/html"}, "body": "<p>"});
        assert_eq!(shown(&html), Ok((200, Some("text/html".to_owned()), "<p>".to_owned())));
        assert_eq!(shown(&json!({"status": 200, "bodyBase64": "AAE="})).unwrap().2, "\u{0}\u{1}");
        assert_eq!(shown(&json!({"status": 204})), Ok((204, None, String::new())));
    }

    #[test]
    fn an_output_that_no_response_can_be_made_of_is_told_to_its_provider() {
        for output in [
            json!({"status": 99}),
            json!({"status": 700}),
            json!({"status": 200, "headers": []}),
            json!({"status": 200, "headers": {"a b": "c"}}),
            json!({"status": 200, "headers": {"a": 1}}),
            json!({"status": 200, "headers": {"a": "line\r\nbreak"}}),
            json!({"status": 200, "bodyBase64": "%"}),
            json!({"status": 200, "bodyBase64": 5}),
            json!({"status": 200, "body": "a", "bodyBase64": "YQ=="}),
        ] {
            assert!(of(&output).is_err(), "{output}");
        }
    }
}
