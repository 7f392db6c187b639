//! How long a document is as compact JSON text, in UTF-8 bytes, without writing it, and how deep.

use serde_json::{Number, Value};

/// How deep a document may be nested. Everything that walks a document recurses, and the JSON reader stops at 127.
pub(crate) const DEPTH_MAX: usize = 120;

/// How many arrays and objects are nested in `value` at its deepest place.
pub(crate) fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// The length of `value` as compact JSON.
pub(crate) fn of(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(true) => 4,
        Value::Bool(false) => 5,
        Value::Number(number) => of_number(number),
        Value::String(text) => of_text(text),
        Value::Array(items) => items.iter().map(of).sum::<usize>() + punctuation(items.len()),
        Value::Object(members) => {
            let inner: usize = members.iter().map(|(key, value)| of_text(key) + 1 + of(value)).sum();
            inner + punctuation(members.len())
        }
    }
}

/// Two brackets, and a comma between every two.
const fn punctuation(length: usize) -> usize {
    2 + length.saturating_sub(1)
}

fn of_number(number: &Number) -> usize {
    const fn digits(number: u64) -> usize {
        match number.checked_ilog10() {
            Some(log) => log as usize + 1,
            None => 1,
        }
    }
    if let Some(whole) = number.as_u64() {
        digits(whole)
    } else if let Some(negative) = number.as_i64() {
        digits(negative.unsigned_abs()) + 1
    } else {
        number.to_string().len()
    }
}

fn of_text(text: &str) -> usize {
    let escapes: usize = text.bytes().map(extra).sum();
    text.len() + 2 + escapes
}

const fn extra(byte: u8) -> usize {
    match byte {
        b'"' | b'\\' | 0x08 | 0x09 | 0x0a | 0x0c | 0x0d => 1,
        0..0x20 => 5,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn the_size_is_that_of_the_compact_text() {
        for value in [
            json!(null),
            json!([true, false, [], {}, {"a": 1}, ["x"]]),
            json!({"a\"b": "\u{1}\n\t\\é漢", "n": [0, -1, 10, 99, 100, -100, u64::MAX, i64::MIN, 1.5, -0.25, 1e21]}),
        ] {
            assert_eq!(super::of(&value), serde_json::to_string(&value).unwrap().len(), "{value}");
        }
    }
}
