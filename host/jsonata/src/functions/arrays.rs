//! Arrays.

use std::collections::HashSet;

use super::argument;
use crate::error::{Result, fail};
use crate::eval::{Evaluation, deep_equal, merge_sort};
use crate::value::{Flags, Value, compare_text};

pub(super) fn count<'a>(_: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    Ok(Value::Number(argument(arguments, 0).items().map_or(0, crate::value::Items::len) as f64))
}

pub(super) fn append<'a>(run: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    let (first, second) = (argument(arguments, 0), argument(arguments, 1));
    if first.is_undefined() {
        return Ok(second);
    }
    if second.is_undefined() {
        return Ok(first);
    }
    let (first, second) = (first.as_items(), second.as_items());
    run.work(first.len() + second.len())?;
    run.arena.spend_items(first.len() + second.len())?;
    let all: Vec<Value<'a>> = first.iter().chain(second.iter()).collect();
    Ok(run.arena.counted_list(&all, Flags::PLAIN))
}

pub(super) fn reverse<'a>(run: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    let value = argument(arguments, 0);
    match value.items() {
        Some(items) if items.len() > 1 => {
            run.work(items.len())?;
            run.arena.list(&items.iter().rev().collect::<Vec<_>>(), Flags::PLAIN)
        }
        _ => Ok(value),
    }
}

pub(super) fn zip<'a>(run: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    let length = arguments.iter().map(|value| value.items().map_or(0, crate::value::Items::len)).min().unwrap_or(0);
    let mut out = Vec::new();
    for place in 0..length {
        run.work(arguments.len())?;
        let row: Vec<Value<'a>> = arguments.iter().map(|value| value.as_items().get(place)).collect();
        let row = run.arena.list(&row, Flags::PLAIN)?;
        run.push(&mut out, row)?;
    }
    Ok(run.arena.counted_list(&out, Flags::PLAIN))
}

pub(super) fn sort<'a>(run: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    let (value, comparator) = (argument(arguments, 0), argument(arguments, 1));
    let Some(items) = value.items().filter(|items| items.len() > 1) else { return Ok(value) };
    run.work(items.len())?;
    run.arena.spend_items(items.len())?;
    let items: Vec<Value<'a>> = items.iter().collect();
    if comparator.is_undefined() {
        let mut numbers = true;
        for item in &items {
            numbers &= item.numeric()?.is_some();
        }
        if !numbers && items.iter().any(|item| !matches!(item, Value::Text(_))) {
            return fail("D3070");
        }
    }
    let sorted = merge_sort(&items, &mut |left, right| {
        run.work(1)?;
        Ok(match (comparator, left, right) {
            (Value::Undefined, Value::Number(left), Value::Number(right)) => left > right,
            (Value::Undefined, Value::Text(left), Value::Text(right)) => {
                run.read(left)?;
                compare_text(left, right).is_gt()
            }
            _ => counts(run.apply(comparator, &[left, right], Value::Null)?),
        })
    })?;
    run.arena.list(&sorted, Flags::PLAIN)
}

/// What JavaScript takes for true: unlike `$boolean`, every array and object is.
fn counts(value: Value<'_>) -> bool {
    match value {
        Value::Undefined | Value::Null => false,
        Value::Bool(value) => value,
        Value::Number(number) => number != 0.0 && !number.is_nan(),
        Value::Text(text) => !text.is_empty(),
        _ => true,
    }
}

pub(super) fn shuffle<'a>(run: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    let value = argument(arguments, 0);
    let Some(items) = value.items().filter(|items| items.len() > 1) else { return Ok(value) };
    run.work(items.len())?;
    let mut shuffled: Vec<Value<'a>> = Vec::with_capacity(items.len());
    for (place, item) in items.iter().enumerate() {
        shuffled.push(item);
        shuffled.swap(place, run.random.below(place + 1));
    }
    run.arena.list(&shuffled, Flags::PLAIN)
}

pub(super) fn distinct<'a>(run: &Evaluation<'a>, arguments: &[Value<'a>]) -> Result<Value<'a>> {
    let value = argument(arguments, 0);
    let Some(items) = value.items().filter(|items| items.len() > 1) else { return Ok(value) };
    let mut out: Vec<Value<'a>> = Vec::new();
    let mut texts = HashSet::new();
    let mut numbers = HashSet::new();
    let mut others: Vec<Value<'a>> = Vec::new();
    for item in items.iter() {
        run.work(1)?;
        let new = match item {
            Value::Text(text) => {
                run.read(text)?;
                texts.insert(text)
            }
            // Zero equals its negative; NaN equals nothing.
            Value::Number(number) => number.is_nan() || numbers.insert((number + 0.0).to_bits()),
            _ => {
                let mut new = true;
                for other in &others {
                    run.work(1)?;
                    if deep_equal(run, item, *other, 0)? {
                        new = false;
                        break;
                    }
                }
                if new {
                    others.push(item);
                }
                new
            }
        };
        if new {
            run.push(&mut out, item)?;
        }
    }
    let flags = if value.is_sequence() { Flags::SEQUENCE } else { Flags::PLAIN };
    Ok(run.arena.counted_list(&out, flags))
}
