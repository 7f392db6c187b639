//! Dates, times and whole numbers by the pictures of XPath.

use super::{argument, number, read_picture, text};
use crate::datetime::{self, Integer, Reader};
use crate::error::{Fault, Result};
use crate::eval::Evaluation;
use crate::value::Value;

/// To compile a picture that text is read by takes as long as so many steps.
const COMPILE_STEPS: usize = 20_000;

pub(super) fn now<'a>(run: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    written(run, run.environment.now as f64, text(arguments, 0), text(arguments, 1))
}

pub(super) fn millis<'a>(run: &Evaluation<'a>, _: &[Value<'a>]) -> Result<Value<'a>> {
    Ok(Value::Number(run.environment.now as f64))
}

pub(super) fn from_millis<'a>(run: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    match number(arguments, 0) {
        Some(millis) => written(run, millis, text(arguments, 1), text(arguments, 2)),
        None => Ok(Value::Undefined),
    }
}

fn written<'a>(run: &Evaluation<'a>, millis: f64, picture: Option<&str>, zone: Option<&str>) -> Result<Value<'a>> {
    read_picture(run, picture.unwrap_or_default())?;
    run.arena.text(&datetime::format(millis, picture, zone)?)
}

pub(super) fn to_millis<'a>(run: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    let Some(stamp) = text(arguments, 0) else { return Ok(Value::Undefined) };
    run.read(stamp)?;
    let Some(picture) = text(arguments, 1) else {
        let millis = datetime::parse_iso(stamp).ok_or_else(|| Fault::new("D3110").value(argument(arguments, 0)))?;
        return Ok(Value::Number(millis));
    };
    read_picture(run, picture)?;
    let reader = run.readers.get(picture, || {
        run.work(COMPILE_STEPS)?;
        Reader::parse(picture)
    })?;
    run.work(reader.cost(stamp.len()))?;
    let millis = reader.read(stamp, run.environment.now as f64)?;
    Ok(millis.map_or(Value::Undefined, Value::Number))
}

pub(super) fn format_integer<'a>(run: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    let Some(value) = number(arguments, 0) else { return Ok(Value::Undefined) };
    let picture = text(arguments, 1).unwrap_or_default();
    read_picture(run, picture)?;
    run.arena.text(&Integer::parse(picture)?.format(value.floor())?)
}

pub(super) fn parse_integer<'a>(run: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    let Some(value) = text(arguments, 0) else { return Ok(Value::Undefined) };
    let picture = text(arguments, 1).unwrap_or_default();
    read_picture(run, picture)?;
    run.read(value)?;
    let read = Integer::parse(picture)?.read(value)?;
    Ok(Value::Number(read))
}
