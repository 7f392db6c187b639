//! Objects, and values of any type.

use std::collections::HashMap;

use super::{argument, text};
use crate::error::{Fault, Result};
use crate::eval::{Entries, Evaluation, lookup};
use crate::value::{Flags, NESTING_MAX, Value, too_deep};

pub(super) fn boolean<'a>(run: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    let value = argument(arguments, 0);
    if value.is_undefined() { Ok(value) } else { Ok(Value::Bool(run.is_true(value)?)) }
}

pub(super) fn not<'a>(run: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    let value = argument(arguments, 0);
    if value.is_undefined() { Ok(value) } else { Ok(Value::Bool(!run.is_true(value)?)) }
}

pub(super) fn exists<'a>(_: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    Ok(Value::Bool(!argument(arguments, 0).is_undefined()))
}

pub(super) fn type_of<'a>(_: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    let value = argument(arguments, 0);
    Ok(Value::Text(match value {
        Value::Undefined => return Ok(value),
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => match value.numeric()? {
            Some(_) => "number",
            // What JavaScript makes of a number that is none.
            None => "object",
        },
        Value::Text(_) => "string",
        Value::List(..) | Value::Rows(_) | Value::Tuples(..) => "array",
        Value::Object(_) | Value::Record(_) => "object",
        Value::Function(_) => "function",
    }))
}

pub(super) fn keys<'a>(run: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    let mut names = Names::default();
    collect(run, argument(arguments, 0), &mut names, 0)?;
    // As an object has them: whole numbers first.
    let object = run.arena.object(names.entries)?;
    let mut out = Vec::new();
    object.each_field(&mut |name, _| run.push(&mut out, Value::Text(name)))?;
    Ok(run.arena.counted_list(&out, Flags::SEQUENCE))
}

/// Names, each once, in the order in which they were seen.
#[derive(Default)]
struct Names<'a> {
    entries: Entries<'a>,
    places: HashMap<&'a str, usize>,
}

impl<'a> Names<'a> {
    /// Sets the value of a name; whether it is new.
    fn set(&mut self, name: &'a str, value: Value<'a>) {
        let place = *self.places.entry(name).or_insert(self.entries.len());
        match self.entries.get_mut(place) {
            Some(entry) => entry.1 = value,
            None => self.entries.push((name, value)),
        }
    }
}

fn collect<'a>(run: &Evaluation<'a>, value: Value<'a>, names: &mut Names<'a>, depth: usize) -> Result<()> {
    if depth > NESTING_MAX {
        return Err(too_deep());
    }
    run.work(1)?;
    match value.items() {
        Some(items) => items.iter().try_for_each(|item| collect(run, item, names, depth + 1)),
        None => value.each_field(&mut |name, _| {
            run.work(1 + name.len() / 32)?;
            names.set(name, Value::Null);
            Ok(())
        }),
    }
}

pub(super) fn field<'a>(run: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    let Some(name) = text(arguments, 1) else { return Ok(Value::Undefined) };
    run.read(name)?;
    lookup(run, argument(arguments, 0), name, 0)
}

pub(super) fn spread<'a>(run: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    spread_at(run, argument(arguments, 0), 0)
}

fn spread_at<'a>(run: &Evaluation<'a>, value: Value<'a>, depth: usize) -> Result<Value<'a>> {
    if depth > NESTING_MAX {
        return Err(too_deep());
    }
    run.work(1)?;
    let mut out = Vec::new();
    // What something was appended to is no sequence any more.
    let mut flags = Flags::SEQUENCE;
    if let Some(items) = value.items() {
        for item in items.iter() {
            let parts = spread_at(run, item, depth + 1)?;
            if !parts.is_undefined() {
                flags = Flags::PLAIN;
                parts.as_items().iter().try_for_each(|part| run.push(&mut out, part))?;
            }
        }
    } else if value.fields().is_some() {
        value.each_field(&mut |name, field| {
            let part = run.arena.object(vec![(name, field)])?;
            run.push(&mut out, part)
        })?;
    } else {
        return Ok(value);
    }
    Ok(run.arena.counted_list(&out, flags))
}

pub(super) fn merge<'a>(run: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    let Some(items) = argument(arguments, 0).items() else { return Ok(Value::Undefined) };
    let mut names = Names::default();
    for item in items.iter() {
        item.each_field(&mut |name, value| {
            run.work(1 + name.len() / 32)?;
            names.set(name, value);
            Ok(())
        })?;
    }
    run.arena.object(names.entries)
}

pub(super) fn clone<'a>(run: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    run.copy(argument(arguments, 0), 0)
}

pub(super) fn error<'a>(_: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    let message = text(arguments, 0).filter(|message| !message.is_empty());
    Err(Fault::new("D3137").word(message.unwrap_or("$error() function evaluated")))
}

pub(super) fn assert<'a>(_: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    if matches!(argument(arguments, 0), Value::Bool(true)) {
        return Ok(Value::Undefined);
    }
    let message = text(arguments, 1).filter(|message| !message.is_empty());
    Err(Fault::new("D3141").word(message.unwrap_or("$assert() statement failed")))
}
