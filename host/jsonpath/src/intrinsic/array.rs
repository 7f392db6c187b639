//! Functions of arrays.

use std::collections::HashSet;

use serde_json::{Map, Number, Value};

use super::Refusal;
use crate::number::{rounded, same};
use crate::sight::World;
use crate::size;

/// Longest array that `States.ArrayRange` makes.
const RANGE_ITEMS_MAX: u64 = 1_000;

pub(super) fn list(value: &Value) -> Result<&[Value], Refusal> {
    value.as_array().map(Vec::as_slice).ok_or(Refusal::Wrong("the first argument must be an array"))
}

pub(super) fn partition(value: &Value, length: &Value, world: &World) -> Result<Value, Refusal> {
    let items = list(value)?;
    let length = rounded(length).and_then(|length| usize::try_from(length).ok()).filter(|length| *length > 0);
    let length = length.ok_or(Refusal::Wrong("the size of a part must be a positive number"))?;
    world.spend(size::measure(value).bytes)?;
    Ok(items.chunks(length).map(|chunk| Value::from(chunk.to_vec())).collect())
}

pub(super) fn contains(value: &Value, wanted: &Value, world: &World) -> Result<Value, Refusal> {
    let items = list(value)?;
    world.spend(size::measure(value).bytes)?;
    Ok(Value::Bool(items.iter().any(|item| same(item, wanted))))
}

pub(super) fn get(value: &Value, index: &Value, world: &World) -> Result<Value, Refusal> {
    let items = list(value)?;
    let index = index.as_number().and_then(crate::number::whole_number);
    let index = index.ok_or(Refusal::Wrong("the index must be a whole number, and not negative"))?;
    let item = usize::try_from(index).ok().and_then(|index| items.get(index));
    let item = item.ok_or(Refusal::Wrong("the index is past the end of the array"))?;
    world.spend(size::measure(item).bytes)?;
    Ok(item.clone())
}

pub(super) fn range(first: &Value, last: &Value, step: &Value) -> Result<Value, Refusal> {
    let number = |value| rounded(value).ok_or(Refusal::Wrong("the arguments must be numbers"));
    let (first, last, step) = (number(first)?, number(last)?, number(step)?);
    if step == 0 {
        return Err(Refusal::Wrong("the step must not be 0"));
    }
    let runs_away = if step > 0 { first > last } else { first < last };
    if runs_away {
        return Ok(Value::Array(Vec::new()));
    }
    if first.abs_diff(last) / step.unsigned_abs() >= RANGE_ITEMS_MAX {
        return Err(Refusal::Wrong("the range must have at most 1,000 items"));
    }
    let next = |at: &i64| at.checked_add(step).filter(|at| if step > 0 { *at <= last } else { *at >= last });
    Ok(std::iter::successors(Some(first), next).map(Value::from).collect())
}

/// The first of each that are the same, in their order.
pub(super) fn unique(value: &Value, world: &World) -> Result<Value, Refusal> {
    let items = list(value)?;
    world.spend(size::measure(value).bytes.saturating_mul(2))?;
    let mut seen = HashSet::with_capacity(items.len());
    Ok(items.iter().filter(|item| seen.insert(plain(item).to_string())).cloned().collect())
}

/// The same value with each number in one form, so that the same values have the same text.
fn plain(value: &Value) -> Value {
    match value {
        Value::Number(number) => rounded(value)
            .filter(|whole| number.as_f64() == Number::from(*whole).as_f64())
            .map_or_else(|| value.clone(), Value::from),
        Value::Array(items) => items.iter().map(plain).collect(),
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(key, _)| *key);
            Value::Object(members.into_iter().map(|(key, value)| (key.clone(), plain(value))).collect::<Map<_, _>>())
        }
        other => other.clone(),
    }
}
