//! Functions that call functions.

use super::argument;
use crate::error::{Fault, Result, fail};
use crate::eval::Evaluation;
use crate::value::{Flags, Value};

/// Calls a function with an item, and with where it is and in what, if it takes so much.
fn call<'a>(
    run: &Evaluation<'a>,
    function: Value<'a>,
    item: Value<'a>,
    key: Value<'a>,
    whole: Value<'a>,
) -> Result<Value<'a>> {
    let arity = if let Value::Function(function) = function { function.arity() } else { 1 };
    let all = [item, key, whole];
    run.apply(function, all.get(..arity.clamp(1, 3)).unwrap_or(&all), Value::Null)
}

pub(super) fn map<'a>(run: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    let (value, function) = (argument(arguments, 0), argument(arguments, 1));
    let Some(items) = value.items() else { return Ok(Value::Undefined) };
    let mut out = Vec::new();
    for (place, item) in items.iter().enumerate() {
        let result = call(run, function, item, Value::Number(place as f64), value)?;
        if !result.is_undefined() {
            run.push(&mut out, result)?;
        }
    }
    Ok(run.arena.counted_list(&out, Flags::SEQUENCE))
}

pub(super) fn filter<'a>(run: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    let (value, function) = (argument(arguments, 0), argument(arguments, 1));
    let Some(items) = value.items() else { return Ok(Value::Undefined) };
    let mut out = Vec::new();
    for (place, item) in items.iter().enumerate() {
        let result = call(run, function, item, Value::Number(place as f64), value)?;
        if run.is_true(result)? {
            run.push(&mut out, item)?;
        }
    }
    Ok(run.arena.counted_list(&out, Flags::SEQUENCE))
}

pub(super) fn single<'a>(run: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    let (value, function) = (argument(arguments, 0), argument(arguments, 1));
    let Some(items) = value.items() else { return Ok(Value::Undefined) };
    let mut found = None;
    for (place, item) in items.iter().enumerate() {
        run.work(1)?;
        let fits = function.is_undefined() || {
            let result = call(run, function, item, Value::Number(place as f64), value)?;
            run.is_true(result)?
        };
        if fits && found.replace(item).is_some() {
            return Err(Fault::new("D3138").index(place));
        }
    }
    found.map_or_else(|| fail("D3139"), Ok)
}

pub(super) fn reduce<'a>(run: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    let (value, function, first) = (argument(arguments, 0), argument(arguments, 1), argument(arguments, 2));
    let Some(items) = value.items() else { return Ok(Value::Undefined) };
    let arity = if let Value::Function(function) = function { function.arity() } else { 0 };
    if arity < 2 {
        return Err(Fault::new("D3050").index(1));
    }
    let mut result = first;
    for (place, item) in items.iter().enumerate() {
        if place == 0 && first.is_undefined() {
            result = item;
            continue;
        }
        let all = [result, item, Value::Number(place as f64), value];
        result = run.apply(function, all.get(..arity.min(4)).unwrap_or(&all), Value::Null)?;
    }
    Ok(result)
}

pub(super) fn each<'a>(run: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    let (value, function) = (argument(arguments, 0), argument(arguments, 1));
    let mut out = Vec::new();
    value.each_field(&mut |name, field| {
        let result = call(run, function, field, Value::Text(name), value)?;
        if result.is_undefined() { Ok(()) } else { run.push(&mut out, result) }
    })?;
    Ok(run.arena.counted_list(&out, Flags::SEQUENCE))
}

pub(super) fn sift<'a>(run: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    let (value, function) = (argument(arguments, 0), argument(arguments, 1));
    let mut entries = Vec::new();
    value.each_field(&mut |name, field| {
        let result = call(run, function, field, Value::Text(name), value)?;
        if run.is_true(result)? {
            entries.push((name, field));
        }
        Ok(())
    })?;
    if entries.is_empty() { Ok(Value::Undefined) } else { run.arena.object(entries) }
}
