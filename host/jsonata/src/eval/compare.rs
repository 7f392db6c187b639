//! When two values are equal, and when they are the same.

use super::Evaluation;
use crate::error::Result;
use crate::value::{NESTING_MAX, Value, too_deep};

/// Equal in type and content; the order of fields does not count.
pub(crate) fn deep_equal<'a>(run: &Evaluation<'a>, left: Value<'a>, right: Value<'a>, depth: usize) -> Result<bool> {
    if let Value::Text(text) = left {
        run.read(text)?;
    }
    if same(left, right) {
        return Ok(true);
    }
    if depth > NESTING_MAX {
        return Err(too_deep());
    }
    if let (Some(left), Some(right)) = (left.items(), right.items()) {
        if left.len() != right.len() {
            return Ok(false);
        }
        for (left, right) in left.iter().zip(right.iter()) {
            run.work(1)?;
            if !deep_equal(run, left, right, depth + 1)? {
                return Ok(false);
            }
        }
        return Ok(true);
    }
    let (Some(fields), Some(others)) = (left.fields(), right.fields()) else { return Ok(false) };
    if fields != others {
        return Ok(false);
    }
    run.work(fields)?;
    let mut equal = true;
    left.each_field(&mut |name, value| {
        if equal {
            run.read(name)?;
            equal = match right.field(name) {
                Some(other) => deep_equal(run, value, other, depth + 1)?,
                None => false,
            };
        }
        Ok(())
    })?;
    Ok(equal)
}

/// The very same: equal scalars, or one and the same array, object or function.
pub(crate) fn same<'a>(left: Value<'a>, right: Value<'a>) -> bool {
    match (left, right) {
        (Value::Undefined, Value::Undefined) | (Value::Null, Value::Null) => true,
        (Value::Bool(left), Value::Bool(right)) => left == right,
        (Value::Number(left), Value::Number(right)) => left == right,
        (Value::Text(left), Value::Text(right)) => left == right,
        (Value::List(left, _), Value::List(right, _)) => std::ptr::eq(left, right) && !left.is_empty(),
        (Value::Rows(left), Value::Rows(right)) => std::ptr::eq(left, right) && !left.is_empty(),
        (Value::Object(left), Value::Object(right)) => std::ptr::eq(left, right),
        (Value::Record(left), Value::Record(right)) => std::ptr::eq(left, right),
        (Value::Function(left), Value::Function(right)) => std::ptr::eq(left, right),
        _ => false,
    }
}
