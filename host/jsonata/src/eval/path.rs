//! Paths: each step is evaluated for every item that the step before it found.

use super::{Evaluation, Frame, Tuple, lookup};
use crate::ast::{Kind, Node, Stage};
use crate::error::Result;
use crate::value::{Flags, Items, Stream, Value};

/// What a step found.
#[derive(Clone, Copy)]
enum Found<'a> {
    /// A sequence of one item, which needs no list.
    One(Value<'a>),
    /// An array.
    Many(Value<'a>),
}

impl<'a> Found<'a> {
    fn items(self) -> Items<'a> {
        match self {
            Self::One(item) => Items::One(item),
            Self::Many(list) => list.as_items(),
        }
    }
}

impl<'a> Evaluation<'a> {
    pub(super) fn path(
        &self,
        node: &'a Node,
        steps: &'a [Node],
        input: Value<'a>,
        frame: &'a Frame<'a>,
    ) -> Result<Value<'a>> {
        let absolute = matches!(steps.first().map(|step| &step.kind), Some(Kind::Variable(_) | Kind::Context));
        let mut found = if input.is_array() && !absolute { Found::Many(input) } else { Found::One(input) };
        let mut tuples: Option<(Vec<Tuple<'a>>, Stream)> = None;
        let mut streaming = false;
        for (place, step) in steps.iter().enumerate() {
            streaming |= step.tuple;
            if place == 0 && step.constructs {
                let result = self.eval(step, self.listed(found)?, frame)?;
                found = if steps.len() > 1 { self.constructed(result)? } else { Found::Many(result) };
            } else if streaming {
                tuples = Some(self.tuple_step(step, found.items(), tuples, frame)?);
                continue;
            } else {
                found = self.step(step, found.items(), frame, place + 1 == steps.len())?;
            }
            if !streaming && (found.items().len() == 0 || matches!(found, Found::Many(Value::Undefined))) {
                break;
            }
        }
        self.finish(node, found, tuples.as_ref().filter(|_| streaming), frame)
    }

    /// The result of all steps: kept as an array if that was asked for, and grouped.
    fn finish(
        &self,
        node: &'a Node,
        found: Found<'a>,
        tuples: Option<&(Vec<Tuple<'a>>, Stream)>,
        frame: &'a Frame<'a>,
    ) -> Result<Value<'a>> {
        let keep_singleton = matches!(node.kind, Kind::Path { keep_singleton: true, .. });
        let group = node.more.as_ref().and_then(|more| more.group.as_ref());
        let mut stream = Value::Undefined;
        let mut result = match (tuples, found) {
            (Some((tuples, flow)), _) => {
                if node.tuple || group.is_some() {
                    stream = self.arena.tuples(tuples, *flow)?;
                }
                if node.tuple {
                    stream
                } else {
                    let items: Vec<Value<'a>> = tuples.iter().map(|tuple| tuple.context).collect();
                    self.arena.list(&items, Flags::SEQUENCE)?
                }
            }
            (None, Found::One(item)) if !keep_singleton && !node.keep_array && group.is_none() => return Ok(item),
            (None, found) => self.listed(found)?,
        };
        if keep_singleton {
            result = match result {
                Value::List(_, flags) if flags.has(Flags::CONSTRUCTED) && !flags.has(Flags::SEQUENCE) => {
                    self.arena.list(&[result], Flags::KEPT)?
                }
                Value::List(items, flags) if flags.has(Flags::SEQUENCE) => Value::List(items, flags.with(Flags::KEPT)),
                other => other,
            };
        }
        match group {
            Some(group) => self.group(group, if tuples.is_some() { stream } else { result }, frame),
            None => Ok(result),
        }
    }

    /// What the first step constructed, as the items of the next. The official implementation takes it for an array even
    /// where a filter left one item of it, and so finds the characters of a text, and nothing in an object.
    fn constructed(&self, result: Value<'a>) -> Result<Found<'a>> {
        Ok(Found::Many(match result {
            Value::Undefined | Value::List(..) | Value::Rows(_) => result,
            Value::Text(text) => {
                let mut out = Vec::new();
                text.split_inclusive(|_| true).try_for_each(|part| self.push(&mut out, Value::Text(part)))?;
                self.arena.counted_list(&out, Flags::SEQUENCE)
            }
            _ => Value::List(&[], Flags::SEQUENCE),
        }))
    }

    fn listed(&self, found: Found<'a>) -> Result<Value<'a>> {
        match found {
            Found::One(item) => self.arena.list(&[item], Flags::SEQUENCE),
            Found::Many(list) => Ok(list),
        }
    }

    /// One step without variables: its results for all items, flat.
    fn step(&self, step: &'a Node, input: Items<'a>, frame: &'a Frame<'a>, last: bool) -> Result<Found<'a>> {
        if let Kind::Sort(terms) = &step.kind {
            let input = match input {
                Items::Made(items) => Value::List(items, Flags::SEQUENCE),
                Items::Rows(rows) => Value::Rows(rows),
                Items::One(item) => self.arena.list(&[item], Flags::SEQUENCE)?,
            };
            let sorted = self.order(terms, input, step.position, frame)?;
            return Ok(Found::Many(self.stages(step, sorted, frame)?));
        }
        if input.len() == 1 {
            return self.single(step, input.get(0), frame, last);
        }
        let mut out = Vec::new();
        let mut count = 0_usize;
        let mut sole = Value::Undefined;
        for item in input.iter() {
            let result = self.step_once(step, item, frame)?;
            if result.is_undefined() {
                continue;
            }
            count += 1;
            sole = result;
            self.add_flat(&mut out, result)?;
        }
        if last && count == 1 && sole.is_array() && !sole.is_sequence() {
            return Ok(Found::Many(sole));
        }
        Ok(Found::Many(self.arena.counted_list(&out, Flags::SEQUENCE)))
    }

    /// The step for a single item: most steps of most paths, and no list is made.
    fn single(&self, step: &'a Node, item: Value<'a>, frame: &'a Frame<'a>, last: bool) -> Result<Found<'a>> {
        let result = self.step_once(step, item, frame)?;
        Ok(match result {
            Value::Undefined => Found::Many(Value::List(&[], Flags::SEQUENCE)),
            Value::List(items, flags) if flags.has(Flags::SEQUENCE) => Found::Many(Value::List(items, Flags::SEQUENCE)),
            Value::List(..) | Value::Rows(_) if last => Found::Many(result),
            Value::List(_, flags) if flags.has(Flags::CONSTRUCTED) => Found::One(result),
            Value::List(items, _) => Found::Many(Value::List(items, Flags::SEQUENCE)),
            Value::Rows([]) => Found::Many(Value::List(&[], Flags::SEQUENCE)),
            Value::Rows(_) => Found::Many(result),
            _ => Found::One(result),
        })
    }

    fn step_once(&self, step: &'a Node, item: Value<'a>, frame: &'a Frame<'a>) -> Result<Value<'a>> {
        let mut result = match (&step.kind, &step.more) {
            // The commonest step of all, which needs none of what `eval` does.
            (Kind::Name(name), None) if !step.keep_array && !item.is_array() => {
                self.work(1)?;
                return lookup(self, item, name, 0);
            }
            _ => self.eval(step, item, frame)?,
        };
        for stage in step.stages() {
            if let Stage::Filter(predicate) = stage {
                result = self.filter(predicate, result, frame)?;
            }
        }
        Ok(result)
    }

    /// Adds a result of a step: the items of an array, but of one that was constructed the array.
    fn add_flat(&self, out: &mut Vec<Value<'a>>, result: Value<'a>) -> Result<()> {
        match result {
            Value::List(_, flags) if flags.has(Flags::CONSTRUCTED) => self.push(out, result),
            _ => match result.items() {
                Some(items) => {
                    self.work(items.len())?;
                    self.arena.spend_items(items.len())?;
                    out.extend(items.iter());
                    Ok(())
                }
                None => self.push(out, result),
            },
        }
    }

    /// The filters after a step that sorts.
    fn stages(&self, step: &'a Node, mut result: Value<'a>, frame: &'a Frame<'a>) -> Result<Value<'a>> {
        for stage in step.stages() {
            if let Stage::Filter(predicate) = stage {
                result = self.filter(predicate, result, frame)?;
            }
        }
        Ok(result)
    }

    /// Keeps the items for which a predicate is true, or whose place it names.
    pub(super) fn filter(&self, predicate: &'a Node, input: Value<'a>, frame: &'a Frame<'a>) -> Result<Value<'a>> {
        if let Value::Tuples(tuples, stream) = input {
            let kept = self.filter_tuples(predicate, tuples, stream, frame)?;
            return self.arena.tuples(&kept, stream);
        }
        let items = input.as_items();
        if let Kind::Number(number) = predicate.kind {
            let item = place(number, items.len()).map_or(Value::Undefined, |place| items.get(place));
            return match item {
                Value::Undefined => Ok(Value::List(&[], Flags::SEQUENCE)),
                _ if item.is_array() => Ok(item),
                _ => self.arena.list(&[item], Flags::SEQUENCE),
            };
        }
        let mut out = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let chosen = self.eval(predicate, item, frame)?;
            for _ in 0..self.chosen(chosen, index, items.len())? {
                self.push(&mut out, item)?;
            }
        }
        Ok(self.arena.counted_list(&out, Flags::SEQUENCE))
    }

    /// How often an item is kept: as often as its place is among the numbers, or once if the result is true.
    pub(super) fn chosen(&self, result: Value<'a>, index: usize, length: usize) -> Result<usize> {
        if let Some(number) = result.numeric()? {
            return Ok(usize::from(place(number, length) == Some(index)));
        }
        if let Some(items) = result.items() {
            let mut count = 0;
            let mut numbers = true;
            self.work(items.len())?;
            for item in items.iter() {
                match item.numeric()? {
                    Some(number) => count += usize::from(place(number, length) == Some(index)),
                    None => numbers = false,
                }
            }
            if numbers {
                return Ok(count);
            }
        }
        Ok(usize::from(self.is_true(result)?))
    }
}

/// The place that a number means, which counts from the end if it is negative.
pub(super) fn place(number: f64, length: usize) -> Option<usize> {
    let floor = number.floor();
    let place = if floor < 0.0 { floor + length as f64 } else { floor };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the length")]
    (place >= 0.0 && place < length as f64).then_some(place as usize)
}
