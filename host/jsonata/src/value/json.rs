//! Results as `serde_json` holds them.

use serde_json::{Map, Number, Value as Json};

use super::{Items, NESTING_MAX, Value, shown_number, too_deep};
use crate::error::{Fault, Result};

/// A number as JSON: whole where it is whole. What JSON cannot hold becomes its name as text, as AWS answers it.
pub(crate) fn number_to_json(number: f64) -> Json {
    if number.fract() == 0.0 && number.abs() < 9.2e18 {
        #[expect(clippy::cast_possible_truncation, reason = "whole, and smaller than 2^63")]
        return Json::from(number as i64);
    }
    Number::from_f64(number).map_or_else(|| Json::from(shown_number(number)), Json::Number)
}

/// Copies a result out of its arena.
///
/// # Errors
///
/// `L1004` when it would be longer than `bytes_max` as compact JSON, `L1007` when it is nested too deeply;
/// `D3206` when a function is in it, which JSON cannot hold.
pub(crate) fn to_json(value: Value<'_>, bytes_max: usize) -> Result<Json> {
    let mut copy = Copy { left: bytes_max, bytes_max };
    copy.value(value, 0)
}

struct Copy {
    left: usize,
    bytes_max: usize,
}

impl Copy {
    fn take(&mut self, bytes: usize) -> Result<()> {
        match self.left.checked_sub(bytes) {
            Some(left) => self.left = left,
            None => return Err(Fault::new("L1004").word(self.bytes_max.to_string())),
        }
        Ok(())
    }

    fn value(&mut self, value: Value<'_>, depth: usize) -> Result<Json> {
        if depth > NESTING_MAX {
            return Err(too_deep());
        }
        Ok(match value {
            Value::Undefined | Value::Null => {
                self.take(4)?;
                Json::Null
            }
            Value::Bool(value) => {
                self.take(if value { 4 } else { 5 })?;
                Json::Bool(value)
            }
            Value::Number(number) => {
                let json = number_to_json(number);
                self.take(json.to_string().len())?;
                json
            }
            Value::Text(text) => {
                self.take(text.len() + 2)?;
                Json::from(text)
            }
            Value::Function(_) | Value::Tuples(..) => return Err(Fault::new("D3206")),
            Value::List(items, _) => self.array(Items::Made(items), depth)?,
            Value::Rows(rows) => self.array(Items::Rows(rows), depth)?,
            Value::Object(object) => self.object(object.entries().iter().copied(), depth)?,
            Value::Record(record) => {
                self.object(record.iter().map(|(key, value)| (key.as_str(), Value::from(value))), depth)?
            }
        })
    }

    fn array(&mut self, items: Items<'_>, depth: usize) -> Result<Json> {
        self.take(1 + items.len().max(1))?;
        let mut out = Vec::with_capacity(items.len());
        for item in items.iter() {
            out.push(self.value(item, depth + 1)?);
        }
        Ok(Json::Array(out))
    }

    fn object<'v>(&mut self, entries: impl Iterator<Item = (&'v str, Value<'v>)>, depth: usize) -> Result<Json> {
        self.take(2)?;
        let mut out = Map::new();
        for (key, value) in entries.filter(|(_, value)| !value.is_undefined()) {
            self.take(key.len() + 4)?;
            out.insert(key.to_owned(), self.value(value, depth + 1)?);
        }
        Ok(Json::Object(out))
    }
}
