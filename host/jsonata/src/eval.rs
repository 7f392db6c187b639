//! Evaluates a tree over a document.

mod apply;
mod arena;
mod compare;
mod frame;
mod group;
mod lookup;
mod operate;
mod path;
mod sort;
mod transform;
mod tuple;

use std::cell::Cell;

pub(crate) use apply::Function;
pub(crate) use arena::{Arena, Entries};
pub(crate) use compare::{deep_equal, same};
pub(crate) use frame::{Binding, Frame};
pub(crate) use lookup::lookup;
pub(crate) use sort::merge_sort;
pub(crate) use tuple::Tuple;

use crate::ast::{Kind, Node, Program};
use crate::datetime::Readers;
use crate::error::{Fault, Result};
use crate::limits::{Environment, Limits, Spent};
use crate::random::Random;
use crate::value::{Flags, NESTING_MAX, Value, too_deep};

/// One evaluation.
pub(crate) struct Evaluation<'a> {
    pub(crate) arena: Arena<'a>,
    pub(crate) program: &'a Program,
    pub(crate) environment: Environment,
    pub(crate) random: Random,
    pub(crate) readers: Readers<'a>,
    /// What each name stands for that the expression does not bind.
    globals: Vec<Value<'a>>,
    limits: Limits,
    steps: Cell<u64>,
    depth: Cell<u32>,
}

impl<'a> Evaluation<'a> {
    pub(crate) fn new(
        program: &'a Program,
        arena: Arena<'a>,
        globals: Vec<Value<'a>>,
        limits: Limits,
        environment: Environment,
    ) -> Self {
        let limits = Limits { depth: limits.depth.min(Limits::DEPTH_MAX), ..limits };
        let random = Random::new(environment.seed);
        Self {
            arena,
            program,
            environment,
            random,
            readers: Readers::default(),
            globals,
            limits,
            steps: Cell::new(0),
            depth: Cell::new(0),
        }
    }

    /// Evaluates the whole expression.
    pub(crate) fn run(&self, input: Value<'a>) -> Result<Value<'a>> {
        let frame = self.arena.frame(None, None)?;
        let input = if input.is_array() { self.arena.list(&[input], Flags::WRAPPER)? } else { input };
        self.eval(&self.program.root, input, frame)
    }

    /// What it has used so far.
    pub(crate) fn spent(&self) -> Spent {
        Spent { steps: self.steps.get(), memory_bytes: self.arena.spent() }
    }

    /// Counts work.
    pub(crate) fn work(&self, steps: usize) -> Result<()> {
        let steps = self.steps.get().saturating_add(u64::try_from(steps).unwrap_or(u64::MAX));
        self.steps.set(steps);
        if steps > self.limits.steps {
            return Err(Fault::new("L1001").word(self.limits.steps.to_string()));
        }
        Ok(())
    }

    /// Evaluates a node, and unwraps what is a sequence of one.
    pub(crate) fn eval(&self, node: &'a Node, input: Value<'a>, frame: &'a Frame<'a>) -> Result<Value<'a>> {
        self.work(1)?;
        let depth = self.depth.get();
        if depth >= self.limits.depth {
            return Err(Fault::new("L1002").word(self.limits.depth.to_string()));
        }
        self.depth.set(depth + 1);
        let mut result = self.kind(node, input, frame)?;
        if let Some(more) = &node.more {
            for predicate in &more.predicates {
                result = self.filter(predicate, result, frame)?;
            }
            if let (Some(group), false) = (&more.group, matches!(node.kind, Kind::Path { .. })) {
                result = self.group(group, result, frame)?;
            }
        }
        self.depth.set(depth);
        Ok(settled(result, node.keep_array))
    }

    fn kind(&self, node: &'a Node, input: Value<'a>, frame: &'a Frame<'a>) -> Result<Value<'a>> {
        match &node.kind {
            Kind::Path { steps, .. } => self.path(node, steps, input, frame),
            Kind::Name(name) => lookup(self, input, name, 0),
            Kind::Text(text) => Ok(Value::Text(text)),
            Kind::Number(number) => Ok(Value::Number(*number)),
            Kind::Bool(value) => Ok(Value::Bool(*value)),
            Kind::Null => Ok(Value::Null),
            Kind::Context => Ok(match input {
                Value::List([inner, ..], flags) if flags.has(Flags::WRAPPER) => *inner,
                _ => input,
            }),
            Kind::Variable(symbol) => Ok(self.variable(*symbol, frame)),
            Kind::Parent(slot) => {
                let symbol = self.program.parents.get(*slot).copied();
                Ok(symbol.and_then(|symbol| frame.lookup(symbol)).unwrap_or(Value::Undefined))
            }
            Kind::Wildcard => self.wildcard(input),
            Kind::Descendants => self.descendants(input),
            Kind::Binary(operator, nodes) => self.binary(*operator, nodes, node.position, (input, frame)),
            Kind::And(nodes) => self.logic(nodes, true, node.position, (input, frame)),
            Kind::Or(nodes) => self.logic(nodes, false, node.position, (input, frame)),
            Kind::Negate(inner) => self.negate(inner, node.position, (input, frame)),
            Kind::Array(items) => self.array(items, node.constructs, (input, frame)),
            Kind::Object(group) => self.group(group, input, frame),
            Kind::Call(call) => self.call(call, None, input, frame),
            Kind::TailCall(call) => self.arena.function(Function::Thunk { call, input, frame }),
            Kind::Partial(call) => self.partial(call, input, frame),
            Kind::Hole => Ok(Value::Undefined),
            Kind::Lambda(lambda) => self.arena.function(Function::Lambda { lambda, input, frame }),
            Kind::Regex(pattern) => self.arena.function(Function::Matcher { pattern, position: node.position }),
            Kind::Condition(parts) => {
                let (condition, then, otherwise) = &**parts;
                if self.is_true(self.eval(condition, input, frame)?)? {
                    self.eval(then, input, frame)
                } else {
                    otherwise.as_ref().map_or(Ok(Value::Undefined), |otherwise| self.eval(otherwise, input, frame))
                }
            }
            Kind::Default { by_truth, nodes } => {
                let value = self.eval(&nodes.0, input, frame)?;
                let stands = if *by_truth { self.is_true(value)? } else { !value.is_undefined() };
                if stands { Ok(value) } else { self.eval(&nodes.1, input, frame) }
            }
            Kind::Bind(symbol, value) => {
                let value = self.eval(value, input, frame)?;
                self.arena.bind(frame, *symbol, value)?;
                Ok(value)
            }
            Kind::Block(parts, framed) => {
                let frame = if *framed { self.arena.frame(Some(frame), None)? } else { frame };
                let mut result = Value::Undefined;
                for part in parts {
                    result = self.eval(part, input, frame)?;
                }
                Ok(result)
            }
            Kind::Apply(nodes) => self.application(nodes, node.position, (input, frame)),
            Kind::Transform(transform) => self.arena.function(Function::Transform { transform, frame }),
            // Stands in paths alone.
            Kind::Sort(_) => Ok(Value::Undefined),
        }
    }

    /// Counts the reading of a text.
    pub(crate) fn read(&self, text: &str) -> Result<()> {
        self.work(text.len() / 32)
    }

    /// Whether a value counts as true.
    ///
    /// # Errors
    ///
    /// `D1001` for infinite numbers, as wherever a number is asked whether it is one.
    pub(crate) fn is_true(&self, value: Value<'a>) -> Result<bool> {
        match value {
            Value::Undefined | Value::Null | Value::Function(_) | Value::Tuples(..) => Ok(false),
            Value::Bool(value) => Ok(value),
            Value::Number(_) => Ok(value.numeric()?.is_some_and(|number| number != 0.0)),
            Value::Text(text) => Ok(!text.is_empty()),
            Value::Object(object) => Ok(!object.entries().is_empty()),
            Value::Record(record) => Ok(!record.is_empty()),
            Value::List(..) | Value::Rows(_) => self.is_any_true(value, 0),
        }
    }

    /// Whether an item of an array counts as true. Every one is looked at, for it may be a number that is none.
    fn is_any_true(&self, value: Value<'a>, depth: usize) -> Result<bool> {
        if depth > NESTING_MAX {
            return Err(too_deep());
        }
        self.work(1)?;
        let mut any = false;
        for item in value.as_items().iter() {
            any |= if item.is_array() { self.is_any_true(item, depth + 1)? } else { self.is_true(item)? };
        }
        Ok(any)
    }

    /// Looks a variable up: in the frames if the expression binds it anywhere, else at its one place.
    pub(crate) fn variable(&self, symbol: u32, frame: &Frame<'a>) -> Value<'a> {
        let place = usize::try_from(symbol).unwrap_or(usize::MAX);
        if self.program.bound.get(place).copied().unwrap_or(false)
            && let Some(value) = frame.lookup(symbol)
        {
            return value;
        }
        self.globals.get(place).copied().unwrap_or(Value::Undefined)
    }

    /// Whether a name is that of a variable or function that is there: for errors that guess what was meant.
    pub(crate) fn is_variable(&self, name: &str, frame: &Frame<'a>) -> bool {
        let place = self.program.names.iter().position(|known| known == name);
        let value = place.and_then(|place| u32::try_from(place).ok()).map(|symbol| self.variable(symbol, frame));
        match value {
            Some(value) => !matches!(value, Value::Undefined | Value::Null | Value::Bool(false)),
            None => crate::functions::find(name).is_some(),
        }
    }
}

/// A sequence of none is nothing, one of one is its item, unless it was asked to stay.
fn settled(result: Value<'_>, keep: bool) -> Value<'_> {
    match result {
        Value::List(items, flags) if flags.has(Flags::SEQUENCE) => {
            let flags = if keep { flags.with(Flags::KEPT) } else { flags };
            match items {
                [] => Value::Undefined,
                [item] if !flags.has(Flags::KEPT) => *item,
                _ => Value::List(items, flags),
            }
        }
        other => other,
    }
}
