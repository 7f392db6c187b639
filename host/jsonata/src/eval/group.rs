//! Objects: constructed, and grouped by their keys.

use std::collections::HashMap;

use super::tuple::carried;
use super::{Evaluation, Frame, Tuple};
use crate::ast::{Group, Node};
use crate::error::{Fault, Result};
use crate::value::{Flags, Stream, Value};

/// What has the same key.
struct Entry<'a> {
    key: &'a str,
    pair: usize,
    first: Option<Value<'a>>,
    /// All of them, if there are more.
    items: Vec<Value<'a>>,
    tuples: Vec<Tuple<'a>>,
}

impl<'a> Evaluation<'a> {
    /// Makes an object of the keys of all items, with the value for all items of each key.
    pub(super) fn group(&self, group: &'a Group, input: Value<'a>, frame: &'a Frame<'a>) -> Result<Value<'a>> {
        let entries = match input {
            Value::Tuples(tuples, Stream::Flowing) => self.group_tuples(group, tuples, frame)?,
            Value::Tuples(tuples, Stream::Sorted) => {
                let items: Result<Vec<_>> = tuples.iter().map(|tuple| self.tuple_object(*tuple)).collect();
                self.group_items(group, self.arena.list(&items?, Flags::SEQUENCE)?, frame)?
            }
            _ => self.group_items(group, input, frame)?,
        };
        let mut object = Vec::with_capacity(entries.len());
        for entry in entries {
            let Some((_, node)) = group.pairs.get(entry.pair) else { continue };
            let value = if entry.tuples.is_empty() {
                let context = match (entry.first, entry.items.as_slice()) {
                    (Some(first), []) => first,
                    (_, [item]) => *item,
                    (_, items) => self.arena.list(items, Flags::PLAIN)?,
                };
                self.eval(node, context, frame)?
            } else {
                let merged = self.merge(&entry.tuples)?;
                self.eval(node, merged.context, self.tuple_frame(merged, frame)?)?
            };
            if !value.is_undefined() {
                object.push((entry.key, value));
            }
        }
        self.arena.object(object)
    }

    fn key(&self, node: &'a Node, input: Value<'a>, frame: &'a Frame<'a>) -> Result<Value<'a>> {
        let key = self.eval(node, input, frame)?;
        if let Value::Text(text) = key {
            self.read(text)?;
        }
        Ok(key)
    }

    fn group_items(&self, group: &'a Group, input: Value<'a>, frame: &'a Frame<'a>) -> Result<Vec<Entry<'a>>> {
        let items = input.as_items();
        // Of nothing an object can be made too.
        let count = items.len().max(1);
        let mut entries = Entries::default();
        for place in 0..count {
            let item = items.get(place);
            for (pair, (key, _)) in group.pairs.iter().enumerate() {
                let key = self.key(key, item, frame)?;
                if let Some(entry) = entries.entry(key, pair, group.position)? {
                    if entry.first.is_none() {
                        entry.first = Some(item);
                    } else {
                        // Of more than one, those that are arrays are taken apart.
                        if entry.items.is_empty() {
                            self.append(&mut entry.items, entry.first.unwrap_or(Value::Undefined))?;
                        }
                        self.append(&mut entry.items, item)?;
                    }
                }
            }
        }
        Ok(entries.list)
    }

    fn group_tuples(&self, group: &'a Group, tuples: &[Tuple<'a>], frame: &'a Frame<'a>) -> Result<Vec<Entry<'a>>> {
        let mut entries = Entries::default();
        for tuple in tuples {
            let inner = self.tuple_frame(*tuple, frame)?;
            for (pair, (key, _)) in group.pairs.iter().enumerate() {
                let key = self.key(key, tuple.context, inner)?;
                if let Some(entry) = entries.entry(key, pair, group.position)? {
                    self.work(1)?;
                    self.arena.spend(size_of::<Tuple<'_>>())?;
                    entry.tuples.push(*tuple);
                }
            }
        }
        Ok(entries.list)
    }

    /// One tuple of many: each variable has all values.
    fn merge(&self, tuples: &[Tuple<'a>]) -> Result<Tuple<'a>> {
        let [first, rest @ ..] = tuples else { return Ok(Tuple { context: Value::Undefined, carried: None }) };
        if rest.is_empty() {
            return Ok(*first);
        }
        let mut context = Vec::new();
        let mut values: Vec<(u32, Vec<Value<'a>>)> = Vec::new();
        for tuple in tuples {
            self.append(&mut context, tuple.context)?;
            for (symbol, value) in carried(tuple.carried) {
                let place = values.iter().position(|(known, _)| *known == symbol).unwrap_or_else(|| {
                    values.push((symbol, Vec::new()));
                    values.len() - 1
                });
                if let Some((_, values)) = values.get_mut(place) {
                    self.append(values, value)?;
                }
            }
        }
        let mut merged = Tuple { context: self.arena.list(&context, Flags::PLAIN)?, carried: None };
        for (symbol, values) in values {
            let value = match values.as_slice() {
                [value] => *value,
                values => self.arena.list(values, Flags::PLAIN)?,
            };
            merged.carried = Some(self.arena.binding(symbol, value, merged.carried)?);
        }
        Ok(merged)
    }

    /// Adds a value to a list, or the items of an array.
    pub(super) fn append(&self, out: &mut Vec<Value<'a>>, value: Value<'a>) -> Result<()> {
        match value {
            Value::Undefined => Ok(()),
            _ => value.as_items().iter().try_for_each(|item| self.push(out, item)),
        }
    }
}

/// Entries in the order in which their keys were seen.
#[derive(Default)]
struct Entries<'a> {
    list: Vec<Entry<'a>>,
    places: HashMap<&'a str, usize>,
}

impl<'a> Entries<'a> {
    /// The entry of a key; none for a key that is not there.
    fn entry(&mut self, key: Value<'a>, pair: usize, position: u32) -> Result<Option<&mut Entry<'a>>> {
        let key = match key {
            Value::Undefined => return Ok(None),
            Value::Text(key) => key,
            _ => return Err(Fault::new("T1003").at(position).value(key)),
        };
        let place = *self.places.entry(key).or_insert(self.list.len());
        if place == self.list.len() {
            self.list.push(Entry { key, pair, first: None, items: Vec::new(), tuples: Vec::new() });
        }
        let entry = self.list.get_mut(place);
        if entry.as_ref().is_some_and(|entry| entry.pair != pair) {
            return Err(Fault::new("D1009").at(position).value(Value::Text(key)));
        }
        Ok(entry)
    }
}
