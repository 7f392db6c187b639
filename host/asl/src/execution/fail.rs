//! Fail states, and values that must be of one type.

use std::borrow::Cow;
use std::time::Duration;

use serde_json::Value;
use types::Timestamp;

use super::walk::Move;
use crate::failure::Failure;
use crate::formula::Formula;
use crate::state::{Fail, Limit, Text};
use crate::world::Scene;

/// Longest time that a path may give, in seconds (the specification's limit).
const SECONDS_MAX: u32 = 99_999_999;

pub(super) fn fail_as_told(fail: &Fail, scene: Scene<'_>) -> Result<Move, Failure> {
    let error = told(&fail.error, scene, "ErrorPath")?;
    let cause = told(&fail.cause, scene, "CausePath")?;
    Ok(Move::Fail(Failure::told(error, cause)))
}

fn told(text: &Text, scene: Scene<'_>, field: &str) -> Result<Option<String>, Failure> {
    match text {
        Text::None => Ok(None),
        Text::Fixed(text) => Ok(Some(text.clone())),
        Text::At(formula) => match formula.evaluate(scene, field)? {
            Cow::Borrowed(Value::String(text)) => Ok(Some(text.clone())),
            Cow::Owned(Value::String(text)) => Ok(Some(text)),
            _ => Err(formula.unfit(field, "a string")),
        },
    }
}

/// `TimeoutSeconds` or `HeartbeatSeconds`.
pub(super) fn duration(limit: &Limit, scene: Scene<'_>, field: &str) -> Result<Option<Duration>, Failure> {
    match limit {
        Limit::None => Ok(None),
        Limit::Fixed(duration) => Ok(Some(*duration)),
        Limit::At(formula) => {
            let seconds = whole(formula, scene, (field, 1, SECONDS_MAX))?;
            Ok(Some(Duration::from_secs(seconds.into())))
        }
    }
}

/// The seconds of a Wait state.
pub(super) fn seconds(formula: &Formula, scene: Scene<'_>) -> Result<Duration, Failure> {
    let seconds = whole(formula, scene, ("SecondsPath", 0, SECONDS_MAX))?;
    Ok(Duration::from_secs(seconds.into()))
}

/// The whole number that `formula` gives, within its bounds.
pub(super) fn whole(formula: &Formula, scene: Scene<'_>, (field, low, high): (&str, u32, u32)) -> Result<u32, Failure> {
    let value = formula.evaluate(scene, field)?;
    let number = value.as_number().and_then(jsonpath::whole_number);
    number
        .filter(|number| (low..=high).contains(number))
        .ok_or_else(|| formula.unfit(field, &format!("a whole number from {low} to {high}")))
}

/// The moment of a Wait state.
pub(super) fn moment(formula: &Formula, scene: Scene<'_>) -> Result<Timestamp, Failure> {
    let value = formula.evaluate(scene, "TimestampPath")?;
    value
        .as_str()
        .and_then(crate::timestamp::parse)
        .ok_or_else(|| formula.unfit("TimestampPath", "an RFC 3339 timestamp"))
}
