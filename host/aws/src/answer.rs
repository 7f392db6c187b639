//! What a service answers: the result of the task, or its error.

use http::header::HeaderMap;
use http::response::Parts;
use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::{Map, Value, json};

use crate::call::ServiceFault;
use crate::casing;
use crate::service::{Asked, Casing, Protocol};

/// How deep an answer may be nested.
const DEPTH_MAX: usize = 32;
/// Elements that are lists, however many of them there are.
const LISTS: [&str; 3] = ["Contents", "CommonPrefixes", "member"];
/// Elements that are numbers.
const NUMBERS: [&str; 3] = ["KeyCount", "MaxKeys", "Size"];
/// Headers that a service's own members come in, and their names there.
const MEMBERS: [(&str, &str); 6] = [
    ("content-type", "ContentType"),
    ("etag", "ETag"),
    ("last-modified", "LastModified"),
    ("x-amz-version-id", "VersionId"),
    ("x-amz-executed-version", "ExecutedVersion"),
    ("x-amz-log-result", "LogResult"),
];

/// A response, whole.
pub(crate) struct Answered<'a> {
    pub(crate) parts: &'a Parts,
    pub(crate) body: &'a [u8],
}

pub(crate) fn read(asked: &Asked<'_>, answered: &Answered<'_>) -> Result<Value, ServiceFault> {
    if !answered.parts.status.is_success() {
        return Err(failure(asked, answered));
    }
    match asked.service.protocol {
        Protocol::Json { .. } | Protocol::Path { .. } => {
            let answer = document(answered.body)?;
            Ok(if asked.service.casing == Casing::Small { casing::capital(answer) } else { answer })
        }
        Protocol::Query { .. } => {
            // <PublishResponse><PublishResult>…</PublishResult><ResponseMetadata/></PublishResponse>
            let result = format!("{}Result", asked.operation());
            let mut whole = xml(answered.body)?;
            Ok(whole.get_mut(&result).map_or_else(|| json!({}), Value::take))
        }
        Protocol::S3 => Ok(object(asked, answered)?),
        Protocol::Lambda => function(answered),
    }
}

fn document(body: &[u8]) -> Result<Value, ServiceFault> {
    if body.is_empty() {
        return Ok(json!({}));
    }
    serde_json::from_slice(body).map_err(|error| unreadable(&error))
}

fn unreadable(error: &dyn std::fmt::Display) -> ServiceFault {
    ServiceFault::new("States.Runtime", format!("the service's answer cannot be read: {error}"))
}

fn members(headers: &HeaderMap) -> Map<String, Value> {
    let text = |(header, member): (&str, &str)| Some((member.to_owned(), json!(headers.get(header)?.to_str().ok()?)));
    MEMBERS.into_iter().filter_map(text).collect()
}

fn object(asked: &Asked<'_>, answered: &Answered<'_>) -> Result<Value, ServiceFault> {
    if asked.action == "listObjectsV2" {
        return xml(answered.body);
    }
    let mut members = members(&answered.parts.headers);
    match asked.action {
        "getObject" => {
            let text = std::str::from_utf8(answered.body).map_err(|_| {
                ServiceFault::new("States.Runtime", "the object is no text in UTF-8: read it with a component")
            })?;
            members.insert("ContentLength".to_owned(), json!(answered.body.len()));
            members.insert("Body".to_owned(), json!(text));
        }
        "copyObject" => {
            members.insert("CopyObjectResult".to_owned(), xml(answered.body)?);
        }
        _ => {}
    }
    Ok(Value::Object(members))
}

fn function(answered: &Answered<'_>) -> Result<Value, ServiceFault> {
    let text = || Value::String(String::from_utf8_lossy(answered.body).into_owned());
    let payload = if answered.body.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(answered.body).unwrap_or_else(|_| text())
    };
    if answered.parts.headers.contains_key("x-amz-function-error") {
        let name = payload["errorType"].as_str().unwrap_or("Lambda.Unknown").to_owned();
        return Err(ServiceFault::new(name, payload.to_string()));
    }
    let mut members = members(&answered.parts.headers);
    members.shift_remove("ContentType");
    members.insert("Payload".to_owned(), payload);
    members.insert("StatusCode".to_owned(), json!(answered.parts.status.as_u16()));
    Ok(Value::Object(members))
}

/// The name and message of a failure, wherever the service says them.
fn failure(asked: &Asked<'_>, answered: &Answered<'_>) -> ServiceFault {
    let status = answered.parts.status;
    let header = |name: &str| answered.parts.headers.get(name)?.to_str().ok().map(str::to_owned);
    let said = serde_json::from_slice(answered.body).or_else(|_| xml(answered.body)).unwrap_or(Value::Null);
    let of = |value: &Value, names: [&str; 4]| {
        names.into_iter().find_map(|name| value.get(name)?.as_str().map(str::to_owned))
    };
    let error = said.get("Error").unwrap_or(&said);
    let name = header("x-amzn-errortype").or_else(|| of(error, ["__type", "Code", "code", "Type"]));
    let name = name.unwrap_or_else(|| format!("Status{}", status.as_u16()));
    let message = of(error, ["message", "Message", "errorMessage", "Reason"]);
    let message = message.unwrap_or_else(|| status.canonical_reason().unwrap_or_default().to_owned());
    let cause = format!("{message} (Service: {}, Status Code: {})", asked.service.errors, status.as_u16());
    ServiceFault { status: Some(status.as_u16()), ..ServiceFault::new(asked.error(&name), cause) }
}

/// The members of a document's root.
fn xml(body: &[u8]) -> Result<Value, ServiceFault> {
    let mut reader = Reader::from_str(std::str::from_utf8(body).map_err(|error| unreadable(&error))?);
    let mut open: Vec<(String, Map<String, Value>, String)> = Vec::new();
    loop {
        match reader.read_event().map_err(|error| unreadable(&error))? {
            Event::Start(start) => {
                if open.len() >= DEPTH_MAX {
                    return Err(unreadable(&"it is nested too deeply"));
                }
                open.push((start.local_name().as_ref().to_owned(), Map::new(), String::new()));
            }
            Event::Empty(empty) => {
                let name = empty.local_name().as_ref().to_owned();
                if let Some((_, members, _)) = open.last_mut() {
                    put(members, name, json!(""));
                }
            }
            Event::Text(text) => {
                if let Some((_, _, said)) = open.last_mut() {
                    said.push_str(&text);
                }
            }
            Event::GeneralRef(entity) => {
                let text = match entity.resolve_char_ref().map_err(|error| unreadable(&error))? {
                    Some(letter) => letter.to_string(),
                    None => quick_xml::escape::resolve_predefined_entity(&entity).unwrap_or_default().to_owned(),
                };
                if let Some((_, _, said)) = open.last_mut() {
                    said.push_str(&text);
                }
            }
            Event::End(_) => {
                let Some((name, members, text)) = open.pop() else { return Err(unreadable(&"it ends too early")) };
                let value = if members.is_empty() { plain(&name, text) } else { lists(members) };
                match open.last_mut() {
                    Some((_, above, _)) => put(above, name, value),
                    None => return Ok(if value.is_object() { value } else { json!({}) }),
                }
            }
            Event::Eof => return Err(unreadable(&"it breaks off")),
            _ => {}
        }
    }
}

fn plain(name: &str, text: String) -> Value {
    match text.trim() {
        "true" => json!(true),
        "false" => json!(false),
        number if NUMBERS.contains(&name) => number.parse::<u64>().map_or(Value::String(text), Value::from),
        _ => Value::String(text),
    }
}

/// An element whose children are `member`s is the list of these.
fn lists(mut members: Map<String, Value>) -> Value {
    match (members.len(), members.shift_remove("member")) {
        (1, Some(list)) => list,
        (_, Some(list)) => {
            members.insert("member".to_owned(), list);
            Value::Object(members)
        }
        _ => Value::Object(members),
    }
}

fn put(members: &mut Map<String, Value>, name: String, value: Value) {
    let is_list = LISTS.contains(&&*name);
    match members.get_mut(&name) {
        Some(Value::Array(list)) => list.push(value),
        Some(known) => *known = Value::Array(vec![known.take(), value]),
        None => drop(members.insert(name, if is_list { Value::Array(vec![value]) } else { value })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xml_becomes_the_members_of_its_root() {
        let text = b"<?xml version='1.0'?><R xmlns='u'><Name>a &amp; b&#33;</Name><KeyCount>1</KeyCount>\
            <IsTruncated>false</IsTruncated><Contents><Key>k</Key><Size>5</Size></Contents>\
            <List><member>x</member></List><Empty/></R>";
        let expected = json!({
            "Name": "a & b!", "KeyCount": 1, "IsTruncated": false, "Contents": [{ "Key": "k", "Size": 5 }],
            "List": ["x"], "Empty": "",
        });
        assert_eq!(xml(text).unwrap(), expected);
    }

    #[test]
    fn xml_that_is_none_or_too_deep_is_an_error() {
        for text in ["", "<a>", "text", "<a></b>", &"<a>".repeat(100)] {
            assert!(xml(text.as_bytes()).is_err(), "{text:.20}");
        }
    }
}
