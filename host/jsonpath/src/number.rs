//! When numbers, and values with numbers in them, are the same: `1` is `1.0`.

use std::cmp::Ordering;

use serde_json::{Number, Value};

/// Whole numbers compare exactly, beyond what a float holds too.
pub fn compare(one: &Number, other: &Number) -> Ordering {
    match (whole(one), whole(other)) {
        (Some(one), Some(other)) => one.cmp(&other),
        _ => {
            let float = |number: &Number| number.as_f64().unwrap_or_default();
            float(one).partial_cmp(&float(other)).unwrap_or(Ordering::Equal)
        }
    }
}

fn whole(number: &Number) -> Option<i128> {
    number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from))
}

/// Deep equality.
pub(crate) fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => compare(one, other).is_eq(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(key, value)| other.get(key).is_some_and(|other| same(value, other)))
        }
        _ => one == other,
    }
}

/// The nearest whole number; halves go away from zero. `None` for what is no number or is out of range.
pub(crate) fn rounded(value: &Value) -> Option<i64> {
    /// Every whole number up to here is a float of its own.
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    let number = value.as_number()?;
    if let Some(whole) = number.as_i64() {
        return Some(whole);
    }
    let rounded = number.as_f64()?.round();
    // A whole float within range prints as its digits.
    if rounded.abs() <= EXACT_MAX { format!("{rounded:.0}").parse().ok() } else { None }
}

/// The number as a `u32`, when it is whole: `5` and `5.0` are the same.
pub fn whole_number(number: &Number) -> Option<u32> {
    if let Some(whole) = number.as_u64() {
        return u32::try_from(whole).ok();
    }
    let float = number.as_f64()?;
    if float.fract() != 0.0 || !(0.0..=f64::from(u32::MAX)).contains(&float) {
        return None;
    }
    // A whole float within range prints as its digits.
    format!("{float:.0}").parse().ok()
}
