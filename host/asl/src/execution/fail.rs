//! Fail states, and values that must be of one type.

use std::borrow::Cow;
use std::time::Duration;

use serde_json::Value;
use types::Timestamp;

use super::walk::Move;
use crate::data::Document;
use crate::failure::Failure;
use crate::state::{Fail, Limit, Text};
use jsonpath::Path;
use jsonpath::World;

/// Longest time that a path may give, in seconds (the specification's limit).
const SECONDS_MAX: u32 = 99_999_999;

pub(super) fn fail_as_told(fail: &Fail, input: &Document, world: &World) -> Result<Move, Failure> {
    let error = told(&fail.error, input, world, "ErrorPath")?;
    let cause = told(&fail.cause, input, world, "CausePath")?;
    Ok(Move::Fail(Failure::told(error, cause)))
}

fn told(text: &Text, input: &Document, world: &World, field: &str) -> Result<Option<String>, Failure> {
    match text {
        Text::None => Ok(None),
        Text::Fixed(text) => Ok(Some(text.clone())),
        Text::At(formula) => match formula.evaluate(input.sight(world), field)? {
            Cow::Borrowed(Value::String(text)) => Ok(Some(text.clone())),
            Cow::Owned(Value::String(text)) => Ok(Some(text)),
            _ => Err(Failure::runtime(format!("The {field} '{formula}' must give a string."))),
        },
    }
}

/// `TimeoutSeconds` or `HeartbeatSeconds`.
pub(super) fn duration(
    limit: &Limit,
    input: &Document,
    world: &World,
    field: &str,
) -> Result<Option<Duration>, Failure> {
    match limit {
        Limit::None => Ok(None),
        Limit::Fixed(duration) => Ok(Some(*duration)),
        Limit::At(path) => {
            let seconds = whole(path, input, world, (field, 1, SECONDS_MAX))?;
            Ok(Some(Duration::from_secs(seconds.into())))
        }
    }
}

/// `SecondsPath`.
pub(super) fn seconds(path: &Path, input: &Document, world: &World) -> Result<Duration, Failure> {
    let seconds = whole(path, input, world, ("SecondsPath", 0, SECONDS_MAX))?;
    Ok(Duration::from_secs(seconds.into()))
}

/// The whole number at `path`, within its bounds.
pub(super) fn whole(
    path: &Path,
    input: &Document,
    world: &World,
    (field, low, high): (&str, u32, u32),
) -> Result<u32, Failure> {
    let value = path.value(input.sight(world), field)?;
    let number = value.as_number().and_then(jsonpath::whole_number);
    number
        .filter(|number| (low..=high).contains(number))
        .ok_or_else(|| Failure::runtime(format!("The {field} '{path}' must give a whole number from {low} to {high}.")))
}

/// `TimestampPath`.
pub(super) fn moment(path: &Path, input: &Document, world: &World) -> Result<Timestamp, Failure> {
    let value = path.value(input.sight(world), "TimestampPath")?;
    value
        .as_str()
        .and_then(crate::timestamp::parse)
        .ok_or_else(|| Failure::runtime(format!("The TimestampPath '{path}' must give an RFC 3339 timestamp.")))
}
