//! The AWS Query protocol: a form out, XML back.

use http::header::{CONTENT_TYPE, HeaderValue};
use serde_json::Value;

use crate::call::{ServiceFault, Unsigned};
use crate::json::texts;
use crate::service::Asked;

/// How deep parameters may be nested.
const DEPTH_MAX: usize = 16;

pub(crate) fn request(asked: &Asked<'_>, version: &str, parameters: &Value) -> Result<Unsigned, ServiceFault> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("Action", &asked.operation()).append_pair("Version", version);
    let Value::Object(members) = texts(asked, parameters.clone()) else {
        return Err(ServiceFault::runtime("the parameters of a service are an object"));
    };
    for (name, value) in &members {
        put(&mut form, name, value, 0)?;
    }
    let kind = HeaderValue::from_static("application/x-www-form-urlencoded; charset=utf-8");
    let body = form.finish().into();
    Ok(Unsigned { method: http::Method::POST, path: "/".to_owned(), headers: vec![(CONTENT_TYPE, kind)], body })
}

/// Lists are `NAME.member.1`, maps `NAME.entry.1.Name` and `.Value`, structures `NAME.MEMBER`. Of the maps that services
/// take, those end in `Attributes`.
fn put(
    form: &mut form_urlencoded::Serializer<'_, String>,
    name: &str,
    value: &Value,
    depth: usize,
) -> Result<(), ServiceFault> {
    if depth > DEPTH_MAX {
        return Err(ServiceFault::runtime("the parameters are nested too deeply"));
    }
    match value {
        Value::Null => {}
        Value::String(text) => drop(form.append_pair(name, text)),
        Value::Bool(_) | Value::Number(_) => drop(form.append_pair(name, &value.to_string())),
        Value::Array(items) => {
            for (place, item) in items.iter().enumerate() {
                put(form, &format!("{name}.member.{}", place + 1), item, depth + 1)?;
            }
        }
        Value::Object(members) if name.ends_with("Attributes") => {
            for (place, (key, item)) in members.iter().enumerate() {
                form.append_pair(&format!("{name}.entry.{}.Name", place + 1), key);
                put(form, &format!("{name}.entry.{}.Value", place + 1), item, depth + 1)?;
            }
        }
        Value::Object(members) => {
            for (member, item) in members {
                put(form, &format!("{name}.{member}"), item, depth + 1)?;
            }
        }
    }
    Ok(())
}
