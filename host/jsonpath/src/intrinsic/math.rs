//! Functions of numbers.

use serde_json::Value;

use super::{Refusal, draw};
use crate::number::rounded;
use crate::sight::World;

/// A whole number of 32 bits; a fraction is rounded to the nearest.
fn whole(value: &Value) -> Result<i64, Refusal> {
    let whole = rounded(value).filter(|whole| i32::try_from(*whole).is_ok());
    whole.ok_or(Refusal::Wrong("the arguments must be numbers from -2147483648 to 2147483647"))
}

pub(super) fn add(one: &Value, other: &Value) -> Result<Value, Refusal> {
    Ok(Value::from(whole(one)? + whole(other)?))
}

/// From `low`, and less than `high`. A seed of the caller's own gives the same number each time.
pub(super) fn random(low: &Value, high: &Value, seed: Option<&Value>, world: &World) -> Result<Value, Refusal> {
    let (low, high) = (whole(low)?, whole(high)?);
    if low >= high {
        return Err(Refusal::Wrong("the first number must be less than the second"));
    }
    let draw = match seed {
        Some(seed) => draw::of_seed(whole(seed)?),
        None => draw::next(world),
    };
    let span = u128::from(low.abs_diff(high));
    let part = (u128::from(draw) * span) >> 64;
    Ok(Value::from(low.saturating_add(i64::try_from(part).unwrap_or(0))))
}
