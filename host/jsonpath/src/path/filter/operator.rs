//! What stands between the two sides of a comparison.

use std::cmp::Ordering;

use serde_json::Value;

use crate::fault::Fault;
use crate::number::{compare, same};
use crate::sight::World;

/// How two values are compared. Values of different types are different and have no order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    NotIn,
    SubsetOf,
    AnyOf,
    NoneOf,
    Contains,
    /// An array or a text of so many items or characters.
    Size,
    /// An array, an object or a text with nothing in it, or with something.
    Empty,
}

/// How each is written, the longer before its beginning.
pub(super) const OPERATORS: [(&str, Operator); 14] = [
    ("==", Operator::Equal),
    ("!=", Operator::NotEqual),
    ("<=", Operator::LessOrEqual),
    (">=", Operator::GreaterOrEqual),
    ("<", Operator::Less),
    (">", Operator::Greater),
    ("in", Operator::In),
    ("nin", Operator::NotIn),
    ("subsetof", Operator::SubsetOf),
    ("anyof", Operator::AnyOf),
    ("noneof", Operator::NoneOf),
    ("contains", Operator::Contains),
    ("size", Operator::Size),
    ("empty", Operator::Empty),
];

impl Operator {
    /// Whether it is so; `None` is a value that is not there.
    pub(super) fn holds(self, left: Option<&Value>, right: Option<&Value>, world: &World) -> Result<bool, Fault> {
        let (Some(left), Some(right)) = (left, right) else {
            return Ok(matches!(self, Self::NotEqual | Self::NotIn) && (left.is_some() || right.is_some()));
        };
        world.spend(cost(left).saturating_mul(cost(right)))?;
        let list = |value| -> &[Value] { Value::as_array(value).map_or(&[], Vec::as_slice) };
        let among = |value: &Value, values: &[Value]| values.iter().any(|other| same(value, other));
        let shares = || list(left).iter().any(|item| among(item, list(right)));
        let are_lists = left.is_array() && right.is_array();
        Ok(match self {
            Self::Equal => same(left, right),
            Self::NotEqual => !same(left, right),
            Self::Less => order(left, right).is_some_and(Ordering::is_lt),
            Self::LessOrEqual => order(left, right).is_some_and(Ordering::is_le),
            Self::Greater => order(left, right).is_some_and(Ordering::is_gt),
            Self::GreaterOrEqual => order(left, right).is_some_and(Ordering::is_ge),
            Self::In => among(left, list(right)),
            Self::NotIn => !among(left, list(right)),
            Self::SubsetOf => are_lists && list(left).iter().all(|item| among(item, list(right))),
            Self::AnyOf => are_lists && shares(),
            Self::NoneOf => are_lists && !shares(),
            Self::Contains => match (left, right) {
                (Value::String(text), Value::String(part)) => text.contains(part.as_str()),
                _ => among(right, list(left)),
            },
            Self::Size => {
                let size = match left {
                    Value::Array(items) => items.len(),
                    Value::String(text) => text.chars().count(),
                    _ => return Ok(false),
                };
                same(right, &Value::from(size))
            }
            Self::Empty => {
                let is_empty = match left {
                    Value::Array(items) => items.is_empty(),
                    Value::Object(members) => members.is_empty(),
                    Value::String(text) => text.is_empty(),
                    _ => return Ok(false),
                };
                right.as_bool() == Some(is_empty)
            }
        })
    }
}

/// How much there is to compare with, roughly in bytes.
fn cost(value: &Value) -> usize {
    match value {
        Value::Array(items) => 8 + items.len().saturating_mul(8),
        Value::Object(members) => 8 + members.len().saturating_mul(8),
        Value::String(text) => 4 + text.len() / 8,
        _ => 4,
    }
}

fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => Some(compare(left, right)),
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        _ => None,
    }
}
