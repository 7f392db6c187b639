//! Query parameters and forms.

use serde_json::{Map, Value};

use super::TaskFault;

/// How a form writes an array `a` of 1 and 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ArrayFormat {
    /// `a[0]=1&a[1]=2`
    Indices,
    /// `a=1&a=2`
    Repeat,
    /// `a=1,2`
    Commas,
    /// `a[]=1&a[]=2`
    Brackets,
    /// `a=[1,2]`
    Json,
}

/// Query parameters: an array is the same parameter several times.
pub(super) fn query(fields: &Map<String, Value>) -> Result<Vec<(String, String)>, TaskFault> {
    let mut pairs = Vec::new();
    for (name, value) in fields {
        let values = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        for value in values {
            if value.is_object() || value.is_array() {
                return Err(TaskFault::runtime(format!(
                    "the query parameter {name} is a text, a number or a list of them"
                )));
            }
            pairs.push((name.clone(), plain(value)));
        }
    }
    Ok(pairs)
}

/// The fields of a body as a form. Its depth is bounded by that of the JSON it was read from.
pub(super) fn form(fields: &Map<String, Value>, arrays: ArrayFormat) -> String {
    let mut pairs = Vec::new();
    for (name, value) in fields {
        flatten(name.clone(), value, arrays, &mut pairs);
    }
    self::pairs(&pairs)
}

fn flatten(name: String, value: &Value, arrays: ArrayFormat, pairs: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) => {
            for (field, value) in fields {
                flatten(format!("{name}[{field}]"), value, arrays, pairs);
            }
        }
        Value::Array(items) => match arrays {
            ArrayFormat::Indices => {
                for (index, item) in items.iter().enumerate() {
                    flatten(format!("{name}[{index}]"), item, arrays, pairs);
                }
            }
            ArrayFormat::Repeat => items.iter().for_each(|item| flatten(name.clone(), item, arrays, pairs)),
            ArrayFormat::Brackets => items.iter().for_each(|item| flatten(format!("{name}[]"), item, arrays, pairs)),
            ArrayFormat::Commas => pairs.push((name, items.iter().map(plain).collect::<Vec<_>>().join(","))),
            ArrayFormat::Json => pairs.push((name, value.to_string())),
        },
        _ => pairs.push((name, plain(value))),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        _ => value.to_string(),
    }
}

/// `name=value`, joined and escaped.
pub(super) fn pairs(pairs: &[(String, String)]) -> String {
    let pair = |(name, value): &(String, String)| format!("{}={}", escaped(name), escaped(value));
    pairs.iter().map(pair).collect::<Vec<_>>().join("&")
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_form_writes_arrays_as_it_is_told() {
        let body = json!({"a": [1, "x y"], "b": {"c": true, "d": null}});
        let fields = body.as_object().unwrap();
        for (format, expected) in [
            (ArrayFormat::Indices, "a%5B0%5D=1&a%5B1%5D=x%20y"),
            (ArrayFormat::Repeat, "a=1&a=x%20y"),
            (ArrayFormat::Commas, "a=1%2Cx%20y"),
            (ArrayFormat::Brackets, "a%5B%5D=1&a%5B%5D=x%20y"),
            (ArrayFormat::Json, "a=%5B1%2C%22x%20y%22%5D"),
        ] {
            assert_eq!(form(fields, format), format!("{expected}&b%5Bc%5D=true&b%5Bd%5D="), "{format:?}");
        }
    }

    #[test]
    fn a_query_repeats_what_is_an_array_and_refuses_objects() {
        let found = query(json!({"a": [1, 2], "b": "ü"}).as_object().unwrap()).unwrap();
        assert_eq!(pairs(&found), "a=1&a=2&b=%C3%BC");
        assert!(query(json!({"a": {"b": 1}}).as_object().unwrap()).is_err());
    }
}
