//! The services whose operations are methods and paths: objects in buckets, and functions.

use bytes::Bytes;
use http::Method;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use serde_json::Value;

use crate::call::{ServiceFault, Unsigned};
use crate::service::Asked;

/// Members of the parameters that go into the query of `listObjectsV2`, and their names there.
const LIST: [(&str, &str); 6] = [
    ("Prefix", "prefix"),
    ("Delimiter", "delimiter"),
    ("ContinuationToken", "continuation-token"),
    ("StartAfter", "start-after"),
    ("MaxKeys", "max-keys"),
    ("EncodingType", "encoding-type"),
];

/// Objects: getObject, putObject, headObject, deleteObject, copyObject and listObjectsV2, in paths rather than host names.
pub(crate) fn s3(asked: &Asked<'_>, parameters: &Value) -> Result<Unsigned, ServiceFault> {
    let text = |name: &str| {
        let value = parameters.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        value.ok_or_else(|| ServiceFault::runtime(format!("{} needs {name}", asked.action)))
    };
    let bucket = escaped(text("Bucket")?, b"");
    let object = || Ok::<_, ServiceFault>(format!("/{bucket}/{}", escaped(text("Key")?, b"/")));
    let mut headers = Vec::new();
    let mut body = Bytes::new();
    let (method, path) = match asked.action {
        "getObject" => (Method::GET, object()?),
        "headObject" => (Method::HEAD, object()?),
        "deleteObject" => (Method::DELETE, object()?),
        "copyObject" => {
            header(&mut headers, "x-amz-copy-source", text("CopySource")?)?;
            (Method::PUT, object()?)
        }
        "putObject" => {
            body = match parameters.get("Body") {
                None => Bytes::new(),
                Some(Value::String(text)) => Bytes::from(text.clone()),
                Some(document) => Bytes::from(document.to_string()),
            };
            let kind = parameters.get("ContentType").and_then(Value::as_str).unwrap_or("application/octet-stream");
            header(&mut headers, CONTENT_TYPE.as_str(), kind)?;
            (Method::PUT, object()?)
        }
        "listObjectsV2" => {
            let mut query: Vec<(&str, String)> = vec![("list-type", "2".to_owned())];
            for (member, name) in LIST {
                match parameters.get(member) {
                    Some(Value::String(text)) => query.push((name, text.clone())),
                    Some(value @ Value::Number(_)) => query.push((name, value.to_string())),
                    _ => {}
                }
            }
            query.sort();
            let query: Vec<String> =
                query.iter().map(|(name, value)| format!("{name}={}", escaped(value, b""))).collect();
            (Method::GET, format!("/{bucket}?{}", query.join("&")))
        }
        other => return Err(unknown(other)),
    };
    Ok(Unsigned { method, path, headers, body })
}

/// Functions: invoke.
pub(crate) fn lambda(asked: &Asked<'_>, parameters: &Value) -> Result<Unsigned, ServiceFault> {
    if asked.action != "invoke" {
        return Err(unknown(asked.action));
    }
    let text = |name: &str| parameters.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let name = text("FunctionName").ok_or_else(|| ServiceFault::runtime("invoke needs FunctionName"))?;
    let mut path = format!("/2015-03-31/functions/{}/invocations", escaped(name, b""));
    if let Some(qualifier) = text("Qualifier") {
        path = format!("{path}?Qualifier={}", escaped(qualifier, b""));
    }
    let mut headers = vec![(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    if let Some(kind) = text("InvocationType") {
        header(&mut headers, "x-amz-invocation-type", kind)?;
    }
    let body = match parameters.get("Payload") {
        None => Bytes::from_static(b"{}"),
        Some(Value::String(text)) if asked.is_sdk => Bytes::from(text.clone()),
        Some(document) => Bytes::from(document.to_string()),
    };
    Ok(Unsigned { method: Method::POST, path, headers, body })
}

fn unknown(action: &str) -> ServiceFault {
    ServiceFault::new("Weir.UnsupportedResource", format!("this host knows no {action} of this service"))
}

fn header(headers: &mut Vec<(HeaderName, HeaderValue)>, name: &str, value: &str) -> Result<(), ServiceFault> {
    let wrong = || ServiceFault::runtime(format!("{value:?} cannot stand in the header {name}"));
    let pair = (name.parse().map_err(|_| wrong())?, value.parse().map_err(|_| wrong())?);
    headers.push(pair);
    Ok(())
}

/// All but letters, digits, `-._~` and what is `kept` escaped, as signatures have it.
fn escaped(text: &str, kept: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || kept.contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            let digit = |value: u8| char::from(DIGITS[usize::from(value)]);
            escaped.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
    escaped
}
