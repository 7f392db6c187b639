//! How long a document is as compact JSON text, in UTF-8 bytes, without writing it, and how deep.

use serde_json::{Number, Value};

/// How deep a document may be nested. Everything that walks a document recurses, and the JSON reader stops at 127.
const DEPTH_MAX: usize = 120;

/// How large a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// The length of its compact text.
    pub bytes: usize,
    /// How many arrays and objects are nested at its deepest place.
    pub depth: usize,
}

/// Measures `value`. What is far too deep is not measured to its end: it fits nowhere.
pub fn measure(value: &Value) -> Size {
    below(value, 0)
}

fn below(value: &Value, level: usize) -> Size {
    let flat = |bytes| Size { bytes, depth: 0 };
    if level > DEPTH_MAX {
        return Size { bytes: 0, depth: DEPTH_MAX };
    }
    let of = |value: &Value| below(value, level + 1);
    match value {
        Value::Null | Value::Bool(true) => flat(4),
        Value::Bool(false) => flat(5),
        Value::Number(number) => flat(of_number(number)),
        Value::String(text) => flat(of_text(text)),
        Value::Array(items) => items.iter().map(of).fold(around(items.len()), Size::and),
        Value::Object(members) => {
            let member = |(key, value): (&String, &Value)| {
                let inner = of(value);
                Size { bytes: of_text(key) + 1 + inner.bytes, ..inner }
            };
            members.iter().map(member).fold(around(members.len()), Size::and)
        }
    }
}

impl Size {
    /// Whether a document of this size may be part of a run with this limit on bytes.
    pub const fn fits(self, bytes_max: usize) -> bool {
        self.bytes <= bytes_max && self.depth <= DEPTH_MAX
    }

    /// With one more item of these measures inside.
    fn and(self, item: Self) -> Self {
        Self { bytes: self.bytes + item.bytes, depth: self.depth.max(item.depth + 1) }
    }
}

/// Two brackets, and a comma between every two of so many items.
const fn around(items: usize) -> Size {
    Size { bytes: 2 + items.saturating_sub(1), depth: 1 }
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
            assert_eq!(super::measure(&value).bytes, serde_json::to_string(&value).unwrap().len(), "{value}");
        }
    }

    #[test]
    fn the_depth_is_that_of_the_deepest_place() {
        for (value, depth) in [(json!(1), 0), (json!([]), 1), (json!([1, {"a": []}, {}]), 3)] {
            assert_eq!(super::measure(&value).depth, depth, "{value}");
        }
    }
}
