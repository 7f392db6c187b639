//! Values as text: `$string()` and what messages show.

use std::cmp::Ordering;

use super::{Items, NESTING_MAX, Value, shown_number, significant, too_deep};
use crate::error::{Fault, Result};

/// JSON as it is written, up to a limit.
#[derive(Debug)]
struct Writer {
    out: String,
    bytes_max: usize,
    indent: Option<usize>,
}

/// Writes a value as `$string` does: numbers of at most 15 digits, functions as nothing.
pub(crate) fn write_json(value: Value<'_>, pretty: bool, bytes_max: usize) -> Result<String> {
    let mut writer = Writer { out: String::new(), bytes_max, indent: pretty.then_some(0) };
    writer.value(value, 0)?;
    Ok(writer.out)
}

impl Writer {
    fn value(&mut self, value: Value<'_>, depth: usize) -> Result<()> {
        if self.out.len() > self.bytes_max {
            return Err(Fault::new("L1003").word(self.bytes_max.to_string()));
        }
        if depth > NESTING_MAX {
            return Err(too_deep());
        }
        match value {
            Value::Undefined | Value::Null => self.out.push_str("null"),
            Value::Bool(value) => self.out.push_str(if value { "true" } else { "false" }),
            Value::Number(_) => {
                let number = value.numeric()?;
                match number {
                    Some(number) if number.fract() == 0.0 => self.out.push_str(&shown_number(number)),
                    Some(number) => self.out.push_str(&shown_number(significant(number))),
                    None => self.out.push_str("null"),
                }
            }
            Value::Text(text) => quote(text, &mut self.out),
            Value::Function(_) | Value::Tuples(..) => self.out.push_str("\"\""),
            Value::List(items, _) => self.array(Items::Made(items), depth)?,
            Value::Rows(rows) => self.array(Items::Rows(rows), depth)?,
            Value::Object(object) => self.object(object.entries().iter().copied(), depth)?,
            Value::Record(record) => {
                self.object(record.iter().map(|(key, value)| (key.as_str(), Value::from(value))), depth)?;
            }
        }
        Ok(())
    }

    fn array(&mut self, items: Items<'_>, depth: usize) -> Result<()> {
        self.out.push('[');
        for (place, item) in items.iter().enumerate() {
            self.separate(place, 1);
            self.value(item, depth + 1)?;
        }
        self.close(items.len() == 0, ']');
        Ok(())
    }

    fn object<'v>(&mut self, entries: impl Iterator<Item = (&'v str, Value<'v>)>, depth: usize) -> Result<()> {
        self.out.push('{');
        let mut empty = true;
        for (key, value) in entries.filter(|(_, value)| !value.is_undefined()) {
            self.separate(usize::from(!empty), 1);
            empty = false;
            quote(key, &mut self.out);
            self.out.push_str(if self.indent.is_some() { ": " } else { ":" });
            self.value(value, depth + 1)?;
        }
        self.close(empty, '}');
        Ok(())
    }

    fn separate(&mut self, place: usize, deeper: usize) {
        if place > 0 {
            self.out.push(',');
        } else if let Some(indent) = &mut self.indent {
            *indent += deeper;
        }
        self.line();
    }

    fn close(&mut self, empty: bool, end: char) {
        if !empty {
            if let Some(indent) = &mut self.indent {
                *indent -= 1;
            }
            self.line();
        }
        self.out.push(end);
    }

    fn line(&mut self) {
        if let Some(indent) = self.indent {
            self.out.push('\n');
            for _ in 0..indent {
                self.out.push_str("  ");
            }
        }
    }
}

impl Value<'_> {
    /// The value in a message, cut at so many bytes.
    pub(crate) fn shown(self, bytes_max: usize) -> String {
        let text = match self {
            Value::Undefined => return "undefined".to_owned(),
            Value::Number(number) if number.is_finite() => return shown_number(number),
            Value::Number(_) => return "null".to_owned(),
            _ => {
                let mut writer = Writer { out: String::new(), bytes_max, indent: None };
                // What was written before a limit or an odd number is shown.
                match writer.value(self, 0) {
                    Ok(()) | Err(_) => writer.out,
                }
            }
        };
        match text.char_indices().nth(bytes_max) {
            Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
            None => text,
        }
    }
}

/// A JSON string.
fn quote(text: &str, out: &mut String) {
    out.push('"');
    let mut rest = text;
    while let Some(place) = rest.find(|next: char| next == '"' || next == '\\' || next < ' ') {
        let (plain, after) = rest.split_at(place);
        out.push_str(plain);
        let mut chars = after.chars();
        match chars.next().unwrap_or_default() {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control => out.push_str(&format!("\\u{:04x}", u32::from(control))),
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
    out.push('"');
}

/// The order of JavaScript: by UTF-16 code units.
pub(crate) fn compare_text(left: &str, right: &str) -> Ordering {
    // Up to U+D7FF, which is below the byte 0xee, the bytes of UTF-8 are in the same order.
    if left.bytes().chain(right.bytes()).all(|byte| byte < 0xee) {
        return left.cmp(right);
    }
    left.encode_utf16().cmp(right.encode_utf16())
}
