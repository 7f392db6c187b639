//! The order-by operator, and the sort that `$sort` shares with it.

use super::{Evaluation, Frame, Tuple};
use crate::ast::Term;
use crate::error::{Fault, Result};
use crate::value::{Flags, Stream, Value, compare_text};

/// Sorts by halves, each kept in order: stable, and `comes_after` is asked for the same pairs as in the official
/// implementation, whose answers may contradict each other.
pub(crate) fn merge_sort<T: Copy>(items: &[T], comes_after: &mut dyn FnMut(T, T) -> Result<bool>) -> Result<Vec<T>> {
    if items.len() <= 1 {
        return Ok(items.to_vec());
    }
    let (left, right) = items.split_at(items.len() / 2);
    let left = merge_sort(left, comes_after)?;
    let right = merge_sort(right, comes_after)?;
    let mut out = Vec::with_capacity(items.len());
    let (mut left, mut right) = (left.as_slice(), right.as_slice());
    while let ([first, left_rest @ ..], [second, right_rest @ ..]) = (left, right) {
        if comes_after(*first, *second)? {
            out.push(*second);
            right = right_rest;
        } else {
            out.push(*first);
            left = left_rest;
        }
    }
    out.extend_from_slice(left);
    out.extend_from_slice(right);
    Ok(out)
}

impl<'a> Evaluation<'a> {
    /// Sorts an array.
    pub(super) fn order(
        &self,
        terms: &'a [Term],
        input: Value<'a>,
        position: u32,
        frame: &'a Frame<'a>,
    ) -> Result<Value<'a>> {
        let items = input.as_items();
        if items.len() <= 1 {
            return Ok(input);
        }
        let items: Vec<Value<'a>> = items.iter().collect();
        self.arena.spend_items(items.len())?;
        let order = self.sorted(terms, items.len(), position, &|term, place| {
            let item = items.get(place).copied().unwrap_or(Value::Undefined);
            self.eval(&term.expression, item, frame)
        })?;
        let sorted: Vec<Value<'a>> = order.iter().filter_map(|place| items.get(*place).copied()).collect();
        self.arena.list(&sorted, Flags::PLAIN)
    }

    /// Sorts tuples, whose variables the terms may name.
    pub(super) fn order_tuples(
        &self,
        terms: &'a [Term],
        (tuples, stream): (&[Tuple<'a>], Stream),
        position: u32,
        frame: &'a Frame<'a>,
    ) -> Result<Vec<Tuple<'a>>> {
        if tuples.len() <= 1 {
            return Ok(tuples.to_vec());
        }
        let order = self.sorted(terms, tuples.len(), position, &|term, place| {
            let Some(tuple) = tuples.get(place).copied() else { return Ok(Value::Undefined) };
            match stream {
                Stream::Flowing => self.eval(&term.expression, tuple.context, self.tuple_frame(tuple, frame)?),
                Stream::Sorted => self.eval(&term.expression, self.tuple_object(tuple)?, frame),
            }
        })?;
        Ok(order.iter().filter_map(|place| tuples.get(*place).copied()).collect())
    }

    /// The places of items in their order. Each term is evaluated once for each item, when it is first needed.
    fn sorted(
        &self,
        terms: &'a [Term],
        length: usize,
        position: u32,
        key: &dyn Fn(&'a Term, usize) -> Result<Value<'a>>,
    ) -> Result<Vec<usize>> {
        self.arena.spend_items(length.saturating_mul(terms.len()))?;
        let mut keys: Vec<Option<Value<'a>>> = vec![None; length.saturating_mul(terms.len())];
        let places: Vec<usize> = (0..length).collect();
        merge_sort(&places, &mut |left, right| {
            for (number, term) in terms.iter().enumerate() {
                self.work(1)?;
                let mut known = |place: usize| -> Result<Value<'a>> {
                    let Some(slot) = keys.get_mut(place * terms.len() + number) else { return Ok(Value::Undefined) };
                    if let Some(value) = *slot {
                        return Ok(value);
                    }
                    let value = key(term, place)?;
                    *slot = Some(value);
                    Ok(value)
                };
                let (left, right) = (known(left)?, known(right)?);
                if let Value::Text(text) = left {
                    self.read(text)?;
                }
                match compare(left, right, position)? {
                    Order::Same => {}
                    Order::Missing(after) => return Ok(after),
                    Order::Before => return Ok(term.descending),
                    Order::After => return Ok(!term.descending),
                }
            }
            Ok(false)
        })
    }
}

enum Order {
    Same,
    Before,
    After,
    /// One is not there, and comes last in any direction: whether it is the left one.
    Missing(bool),
}

fn compare<'a>(left: Value<'a>, right: Value<'a>, position: u32) -> Result<Order> {
    let order = match (left, right) {
        (Value::Undefined, Value::Undefined) => return Ok(Order::Same),
        (Value::Undefined, _) => return Ok(Order::Missing(true)),
        (_, Value::Undefined) => return Ok(Order::Missing(false)),
        (Value::Number(left), Value::Number(right)) => {
            // NaN is neither the same nor less.
            if left == right {
                std::cmp::Ordering::Equal
            } else if left < right {
                std::cmp::Ordering::Less
            } else {
                std::cmp::Ordering::Greater
            }
        }
        (Value::Text(left), Value::Text(right)) => compare_text(left, right),
        (Value::Number(_) | Value::Text(_), Value::Number(_) | Value::Text(_)) => {
            return Err(Fault::new("T2007").at(position).value(left).value2(right));
        }
        (Value::Number(_) | Value::Text(_), wrong) | (wrong, _) => {
            return Err(Fault::new("T2008").at(position).value(wrong));
        }
    };
    Ok(match order {
        std::cmp::Ordering::Equal => Order::Same,
        std::cmp::Ordering::Less => Order::Before,
        std::cmp::Ordering::Greater => Order::After,
    })
}
