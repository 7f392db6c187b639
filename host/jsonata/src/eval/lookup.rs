//! Fields of objects, and of all objects in arrays.

use super::Evaluation;
use crate::error::Result;
use crate::value::{Flags, NESTING_MAX, Value, member, too_deep};

/// The field of an object; of an array, those of all its items.
pub(crate) fn lookup<'a>(run: &Evaluation<'a>, input: Value<'a>, name: &str, depth: usize) -> Result<Value<'a>> {
    let items = match input {
        Value::Record(record) => return Ok(member(record, name).unwrap_or(Value::Undefined)),
        Value::Object(object) => return Ok(object.get(name).unwrap_or(Value::Undefined)),
        _ => match input.items() {
            Some(items) => items,
            None => return Ok(Value::Undefined),
        },
    };
    if depth > NESTING_MAX {
        return Err(too_deep());
    }
    run.work(items.len())?;
    let mut out = Vec::new();
    for item in items.iter() {
        let found = lookup(run, item, name, depth + 1)?;
        match found.items() {
            _ if found.is_undefined() => {}
            Some(items) => {
                run.work(items.len())?;
                run.arena.spend_items(items.len())?;
                out.extend(items.iter());
            }
            None => {
                run.arena.spend_items(1)?;
                out.push(found);
            }
        }
    }
    Ok(run.arena.counted_list(&out, Flags::SEQUENCE))
}

impl<'a> Evaluation<'a> {
    /// `*`: the values of an object or array, flat.
    pub(super) fn wildcard(&self, input: Value<'a>) -> Result<Value<'a>> {
        let input = match input {
            Value::List([inner, ..], flags) if flags.has(Flags::WRAPPER) => *inner,
            _ => input,
        };
        let mut out = Vec::new();
        // A value that is an array is appended, and what was appended to is no sequence any more.
        let mut flags = Flags::SEQUENCE;
        each_child(input, &mut |value| {
            if value.is_array() {
                flags = Flags::PLAIN;
                self.flatten(value, &mut out, 0)
            } else {
                self.push(&mut out, value)
            }
        })?;
        Ok(self.arena.counted_list(&out, flags))
    }

    /// `**`: the value and all that is in it.
    pub(super) fn descendants(&self, input: Value<'a>) -> Result<Value<'a>> {
        if input.is_undefined() {
            return Ok(input);
        }
        let mut out = Vec::new();
        self.descend(input, &mut out, 0)?;
        Ok(match out.as_slice() {
            [only] => *only,
            _ => self.arena.counted_list(&out, Flags::SEQUENCE),
        })
    }

    fn descend(&self, value: Value<'a>, out: &mut Vec<Value<'a>>, depth: usize) -> Result<()> {
        if depth > NESTING_MAX {
            return Err(too_deep());
        }
        self.work(1)?;
        if !value.is_array() {
            self.push(out, value)?;
        }
        each_child(value, &mut |child| self.descend(child, out, depth + 1))
    }

    /// Adds all items of an array, and of the arrays in it.
    fn flatten(&self, value: Value<'a>, out: &mut Vec<Value<'a>>, depth: usize) -> Result<()> {
        if depth > NESTING_MAX {
            return Err(too_deep());
        }
        self.work(1)?;
        match value.items() {
            Some(items) => items.iter().try_for_each(|item| self.flatten(item, out, depth + 1)),
            None => self.push(out, value),
        }
    }

    /// Adds an item to a list on its way.
    pub(crate) fn push(&self, out: &mut Vec<Value<'a>>, value: Value<'a>) -> Result<()> {
        self.work(1)?;
        self.arena.spend_items(1)?;
        out.push(value);
        Ok(())
    }
}

/// Calls for each item of an array, and each value of an object.
fn each_child<'a>(value: Value<'a>, each: &mut dyn FnMut(Value<'a>) -> Result<()>) -> Result<()> {
    match value.items() {
        Some(items) => items.iter().try_for_each(each),
        None => value.each_field(&mut |_, child| each(child)),
    }
}
