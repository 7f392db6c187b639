//! Operators.

use super::{Evaluation, Frame, deep_equal, same};
use crate::ast::{Kind, Node, Operator};
use crate::error::{Fault, Result, fail};
use crate::functions::string;
use crate::value::{Flags, Value, compare_text};

/// What a node is evaluated with.
pub(super) type Scope<'a> = (Value<'a>, &'a Frame<'a>);

/// The range operator's own limit; memory ends most before.
const RANGE_MAX: f64 = 1e7;

impl<'a> Evaluation<'a> {
    pub(super) fn binary(
        &self,
        operator: Operator,
        nodes: &'a (Node, Node),
        position: u32,
        scope: Scope<'a>,
    ) -> Result<Value<'a>> {
        let left = self.eval(&nodes.0, scope.0, scope.1)?;
        let right = self.eval(&nodes.1, scope.0, scope.1)?;
        self.operate(operator, left, right).map_err(|fault| fault.at(position).token(shown(operator)))
    }

    #[inline]
    fn operate(&self, operator: Operator, left: Value<'a>, right: Value<'a>) -> Result<Value<'a>> {
        match operator {
            Operator::Add | Operator::Subtract | Operator::Multiply | Operator::Divide | Operator::Remainder => {
                arithmetic(operator, left, right)
            }
            Operator::Equal | Operator::Unequal if left.is_undefined() || right.is_undefined() => {
                Ok(Value::Bool(false))
            }
            Operator::Equal => Ok(Value::Bool(deep_equal(self, left, right, 0)?)),
            Operator::Unequal => Ok(Value::Bool(!deep_equal(self, left, right, 0)?)),
            Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual => {
                self.comparison(operator, left, right)
            }
            Operator::Concatenate => self.concatenate(left, right),
            Operator::Range => self.range(left, right),
            Operator::In => self.includes(left, right),
        }
    }

    fn comparison(&self, operator: Operator, left: Value<'a>, right: Value<'a>) -> Result<Value<'a>> {
        let comparable = |value: Value<'a>| matches!(value, Value::Undefined | Value::Number(_) | Value::Text(_));
        if !comparable(left) || !comparable(right) {
            let left_is_wrong = !matches!(left, Value::Number(_) | Value::Text(_));
            return Err(Fault::new("T2010").value(if left_is_wrong { left } else { right }));
        }
        let holds = match (left, right) {
            (Value::Undefined, _) | (_, Value::Undefined) => return Ok(Value::Undefined),
            (Value::Number(left), Value::Number(right)) => match operator {
                Operator::Less => left < right,
                Operator::LessOrEqual => left <= right,
                Operator::Greater => left > right,
                _ => left >= right,
            },
            (Value::Text(left), Value::Text(right)) => {
                self.read(left)?;
                let order = compare_text(left, right);
                match operator {
                    Operator::Less => order.is_lt(),
                    Operator::LessOrEqual => order.is_le(),
                    Operator::Greater => order.is_gt(),
                    _ => order.is_ge(),
                }
            }
            _ => return Err(Fault::new("T2009").value(left).value2(right)),
        };
        Ok(Value::Bool(holds))
    }

    fn concatenate(&self, left: Value<'a>, right: Value<'a>) -> Result<Value<'a>> {
        let left = string(self, left, false)?;
        let right = string(self, right, false)?;
        if right.is_empty() {
            return Ok(Value::Text(left));
        }
        if left.is_empty() {
            return Ok(Value::Text(right));
        }
        self.arena.spend(left.len() + right.len())?;
        let mut joined = String::with_capacity(left.len() + right.len());
        joined.push_str(left);
        joined.push_str(right);
        self.arena.text(&joined)
    }

    fn range(&self, left: Value<'a>, right: Value<'a>) -> Result<Value<'a>> {
        let whole = |value: Value<'a>, code| match value {
            Value::Undefined => Ok(None),
            Value::Number(number) if number.fract() == 0.0 && number.is_finite() => Ok(Some(number)),
            _ => Err(Fault::new(code).value(value)),
        };
        let (left, right) = (whole(left, "T2003")?, whole(right, "T2004")?);
        let (Some(left), Some(right)) = (left, right) else { return Ok(Value::Undefined) };
        if left > right {
            return Ok(Value::Undefined);
        }
        let count = right - left + 1.0;
        if count > RANGE_MAX {
            return Err(Fault::new("D2014").value(Value::Number(count)));
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 1 to ten millions")]
        let count = count as usize;
        self.work(count)?;
        self.arena.spend_items(count)?;
        let items: Vec<Value<'a>> = (0..count).map(|place| Value::Number(left + place as f64)).collect();
        Ok(self.arena.counted_list(&items, Flags::SEQUENCE))
    }

    fn includes(&self, left: Value<'a>, right: Value<'a>) -> Result<Value<'a>> {
        if left.is_undefined() || right.is_undefined() {
            return Ok(Value::Bool(false));
        }
        let items = right.as_items();
        self.work(items.len())?;
        for item in items.iter() {
            if let Value::Text(text) = left {
                self.read(text)?;
            }
            if same(item, left) {
                return Ok(Value::Bool(true));
            }
        }
        Ok(Value::Bool(false))
    }

    /// `and` and `or`. Whatever fails on the right side is told as a failure of the operator.
    pub(super) fn logic(
        &self,
        nodes: &'a (Node, Node),
        both: bool,
        position: u32,
        scope: Scope<'a>,
    ) -> Result<Value<'a>> {
        let left = self.eval(&nodes.0, scope.0, scope.1)?;
        let whole = || {
            if self.is_true(left)? != both {
                return Ok(Value::Bool(!both));
            }
            let right = self.eval(&nodes.1, scope.0, scope.1)?;
            Ok(Value::Bool(self.is_true(right)?))
        };
        whole().map_err(|fault: Box<Fault>| fault.at(position).token(if both { "and" } else { "or" }))
    }

    pub(super) fn negate(&self, inner: &'a Node, position: u32, scope: Scope<'a>) -> Result<Value<'a>> {
        let value = self.eval(inner, scope.0, scope.1)?;
        if value.is_undefined() {
            return Ok(value);
        }
        match value.numeric()? {
            Some(number) => Ok(Value::Number(-number)),
            None => Err(Fault::new("D1002").at(position).token("-").value(value)),
        }
    }

    /// `[a, b]`: arrays in it are taken apart, but for those that are written as such.
    pub(super) fn array(&self, nodes: &'a [Node], constructs: bool, scope: Scope<'a>) -> Result<Value<'a>> {
        let mut out = Vec::with_capacity(nodes.len());
        for node in nodes {
            let value = self.eval(node, scope.0, scope.1)?;
            if matches!(node.kind, Kind::Array(_)) {
                if !value.is_undefined() {
                    self.push(&mut out, value)?;
                }
            } else {
                self.append(&mut out, value)?;
            }
        }
        let flags = if constructs { Flags::CONSTRUCTED } else { Flags::PLAIN };
        Ok(self.arena.counted_list(&out, flags))
    }
}

fn arithmetic<'a>(operator: Operator, left: Value<'a>, right: Value<'a>) -> Result<Value<'a>> {
    let number = |value: Value<'a>, code| match value {
        Value::Undefined => Ok(None),
        _ => match value.numeric()? {
            Some(number) => Ok(Some(number)),
            None => fail::<Option<f64>>(code).map_err(|fault| fault.value(value)),
        },
    };
    let (left, right) = (number(left, "T2001")?, number(right, "T2002")?);
    let (Some(left), Some(right)) = (left, right) else { return Ok(Value::Undefined) };
    Ok(Value::Number(match operator {
        Operator::Add => left + right,
        Operator::Subtract => left - right,
        Operator::Multiply => left * right,
        Operator::Divide => left / right,
        _ => left % right,
    }))
}

fn shown(operator: Operator) -> &'static str {
    match operator {
        Operator::Add => "+",
        Operator::Subtract => "-",
        Operator::Multiply => "*",
        Operator::Divide => "/",
        Operator::Remainder => "%",
        Operator::Equal => "=",
        Operator::Unequal => "!=",
        Operator::Less => "<",
        Operator::LessOrEqual => "<=",
        Operator::Greater => ">",
        Operator::GreaterOrEqual => ">=",
        Operator::Concatenate => "&",
        Operator::Range => "..",
        Operator::In => "in",
    }
}
