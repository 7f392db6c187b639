//! Functions at the end of a path: `$.items.length()`.

use serde_json::{Number, Value};

use super::Found;
use crate::number;

/// A function of what the path before it found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    /// Of an array its items, of an object its members, of text its characters.
    Length,
    Min,
    Max,
    Sum,
    Average,
}

impl Function {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "length" => Self::Length,
            "min" => Self::Min,
            "max" => Self::Max,
            "sum" => Self::Sum,
            "avg" => Self::Average,
            _ => return None,
        })
    }

    /// `None` where the function makes no sense: of no numbers there is no smallest.
    pub(super) fn of(self, found: &Found<'_>) -> Option<Value> {
        if let (Self::Length, Some(length)) = (self, length(found)) {
            return Some(Value::from(length));
        }
        let numbers: Vec<&Number> = match found {
            Found::One(Value::Array(items)) => items.iter().filter_map(Value::as_number).collect(),
            Found::Many(values) => values.iter().filter_map(|value| value.as_number()).collect(),
            _ => return None,
        };
        let order = |one: &&&Number, other: &&&Number| number::compare(one, other);
        match self {
            Self::Length => None,
            Self::Min => numbers.iter().min_by(order).map(|number| Value::Number((**number).clone())),
            Self::Max => numbers.iter().max_by(order).map(|number| Value::Number((**number).clone())),
            Self::Sum if numbers.is_empty() => None,
            Self::Sum => Some(sum(&numbers)),
            Self::Average if numbers.is_empty() => None,
            Self::Average => {
                let floats = numbers.iter().filter_map(|number| number.as_f64());
                Number::from_f64(floats.sum::<f64>() / numbers.len() as f64).map(Value::Number)
            }
        }
    }
}

fn length(found: &Found<'_>) -> Option<usize> {
    match found {
        Found::One(Value::Array(items)) => Some(items.len()),
        Found::One(Value::Object(members)) => Some(members.len()),
        Found::One(Value::String(text)) => Some(text.chars().count()),
        Found::Many(values) => Some(values.len()),
        _ => None,
    }
}

/// Exact as long as all numbers are whole and the sum is one that JSON numbers here can hold.
fn sum(numbers: &[&Number]) -> Value {
    let whole = numbers.iter().try_fold(0_i64, |sum, number| sum.checked_add(number.as_i64()?));
    whole.map_or_else(|| Value::from(numbers.iter().filter_map(|number| number.as_f64()).sum::<f64>()), Value::from)
}
