//! Functions and their calls.

use super::operate::Scope;
use super::{Evaluation, Frame};
use crate::ast::{Call, Kind, Lambda, Node, Transform};
use crate::error::{Fault, Result};
use crate::functions::{self, Native};
use crate::regex::Pattern;
use crate::signature::Signature;
use crate::value::{Flags, Value};

#[derive(Debug)]
pub(crate) enum Function<'a> {
    Native(&'static Native),
    Lambda {
        lambda: &'a Lambda,
        input: Value<'a>,
        frame: &'a Frame<'a>,
    },
    /// A call in tail position, which the caller of the function makes.
    Thunk {
        call: &'a Call,
        input: Value<'a>,
        frame: &'a Frame<'a>,
    },
    /// A function some of whose arguments are known.
    Partial {
        target: &'a Function<'a>,
        bound: &'a [Value<'a>],
        holes: &'a [Value<'a>],
    },
    /// One function after another.
    Chain(&'a Function<'a>, &'a Function<'a>),
    Transform {
        transform: &'a Transform,
        frame: &'a Frame<'a>,
    },
    /// A regular expression: answers the first match of a text, and how to get the next.
    Matcher {
        pattern: &'a Pattern,
        position: u32,
    },
    /// The next match of a text.
    Next {
        pattern: &'a Pattern,
        position: u32,
        text: &'a str,
        from: usize,
    },
}

impl Function<'_> {
    /// How many arguments it can use.
    pub(crate) fn arity(&self) -> usize {
        match self {
            Self::Native(native) => native.arity,
            Self::Lambda { lambda, .. } => lambda.parameters.len(),
            Self::Partial { holes, .. } => holes.len(),
            Self::Chain(..) | Self::Transform { .. } => 1,
            Self::Matcher { .. } => 2,
            Self::Thunk { .. } | Self::Next { .. } => 0,
        }
    }
}

impl<'a> Evaluation<'a> {
    /// A call that stands in the text, with the value that `~>` puts before its arguments.
    pub(super) fn call(
        &self,
        call: &'a Call,
        applied: Option<Value<'a>>,
        input: Value<'a>,
        frame: &'a Frame<'a>,
    ) -> Result<Value<'a>> {
        let procedure = self.eval(&call.procedure, input, frame)?;
        self.guess(procedure, call, "T1005", frame)?;
        let mut arguments = Vec::with_capacity(call.arguments.len() + 1);
        arguments.extend(applied);
        for argument in &call.arguments {
            arguments.push(self.eval(argument, input, frame)?);
        }
        self.apply(procedure, &arguments, input).map_err(|fault| told(fault, call, call.position))
    }

    /// If a name without its `$` would be a function, says so.
    fn guess(&self, procedure: Value<'a>, call: &'a Call, code: &'static str, frame: &'a Frame<'a>) -> Result<()> {
        if procedure.is_undefined()
            && let Kind::Path { steps, .. } = &call.procedure.kind
            && let Some(Kind::Name(name)) = steps.first().map(|step| &step.kind)
            && self.is_variable(name, frame)
        {
            return Err(Fault::new(code).at(call.position).token(&**name));
        }
        Ok(())
    }

    /// Calls a function, and then what it answers to be called in its place.
    pub(crate) fn apply(&self, procedure: Value<'a>, arguments: &[Value<'a>], input: Value<'a>) -> Result<Value<'a>> {
        let mut result = self.apply_once(procedure, arguments, input)?;
        while let Value::Function(Function::Thunk { call, input: inner, frame }) = result {
            self.work(1)?;
            let next = self.eval(&call.procedure, *inner, frame)?;
            let mut arguments = Vec::with_capacity(call.arguments.len());
            for argument in &call.arguments {
                arguments.push(self.eval(argument, *inner, frame)?);
            }
            result =
                self.apply_once(next, &arguments, input).map_err(|fault| told(fault, call, call.procedure.position))?;
        }
        Ok(result)
    }

    fn apply_once(&self, procedure: Value<'a>, arguments: &[Value<'a>], input: Value<'a>) -> Result<Value<'a>> {
        let Value::Function(function) = procedure else { return Err(Fault::new("T1006")) };
        match function {
            Function::Native(native) => {
                let arguments = self.validated(&native.signature, arguments, input)?;
                (native.call)(self, &arguments)
            }
            Function::Lambda { lambda, input: inner, frame } => {
                let validated;
                let mut given = arguments;
                if let Some(signature) = &lambda.signature {
                    validated = self.validated(signature, arguments, input)?;
                    given = &validated;
                }
                self.apply_lambda(lambda, given, *inner, frame)
            }
            Function::Partial { target, bound, holes } => self.apply_partial(target, (bound, holes), arguments, input),
            Function::Chain(first, second) => {
                let argument = arguments.first().copied().unwrap_or(Value::Undefined);
                let between = self.apply(Value::Function(first), &[argument], input)?;
                self.apply(Value::Function(second), &[between], input)
            }
            Function::Transform { transform, frame } => {
                let signature = functions::transform_signature();
                let arguments = self.validated(signature, arguments, input)?;
                self.transform(transform, arguments.first().copied().unwrap_or(Value::Undefined), frame)
            }
            Function::Matcher { pattern, position } => {
                let Some(Value::Text(text)) = arguments.first() else { return Ok(Value::Undefined) };
                self.next_match(pattern, *position, text, 0)
            }
            Function::Next { pattern, position, text, from } => {
                if *from >= text.len() {
                    Ok(Value::Undefined)
                } else {
                    self.next_match(pattern, *position, text, *from)
                }
            }
            Function::Thunk { .. } => Ok(procedure),
        }
    }

    fn validated(&self, signature: &Signature, arguments: &[Value<'a>], input: Value<'a>) -> Result<Vec<Value<'a>>> {
        for argument in arguments {
            if let Some(items) = argument.items() {
                self.work(items.len() / 16)?;
            }
        }
        signature.validate(arguments, input, &|value| self.arena.list(&[value], Flags::PLAIN))
    }

    fn apply_lambda(
        &self,
        lambda: &'a Lambda,
        arguments: &[Value<'a>],
        input: Value<'a>,
        frame: &'a Frame<'a>,
    ) -> Result<Value<'a>> {
        let inner = self.arena.frame(Some(frame), None)?;
        for (place, parameter) in lambda.parameters.iter().enumerate() {
            self.arena.bind(inner, *parameter, arguments.get(place).copied().unwrap_or(Value::Undefined))?;
        }
        self.eval(&lambda.body, input, inner)
    }

    fn apply_partial(
        &self,
        target: &'a Function<'a>,
        (bound, holes): (&[Value<'a>], &[Value<'a>]),
        arguments: &[Value<'a>],
        input: Value<'a>,
    ) -> Result<Value<'a>> {
        let mut all = bound.to_vec();
        for (place, hole) in holes.iter().enumerate() {
            if let Value::Number(hole) = hole
                && let Some(slot) = super::path::place(*hole, all.len()).and_then(|hole| all.get_mut(hole))
            {
                *slot = arguments.get(place).copied().unwrap_or(Value::Undefined);
            }
        }
        match target {
            // What was bound is not checked again.
            Function::Lambda { lambda, input, frame } => self.apply_lambda(lambda, &all, *input, frame),
            _ => {
                while let Some(Value::Undefined) = all.last() {
                    all.pop();
                }
                self.apply_once(Value::Function(target), &all, input)
            }
        }
    }

    /// `f(a, ?)`.
    pub(super) fn partial(&self, call: &'a Call, input: Value<'a>, frame: &'a Frame<'a>) -> Result<Value<'a>> {
        let mut bound = Vec::new();
        let mut holes = Vec::new();
        for (place, argument) in call.arguments.iter().enumerate() {
            if matches!(argument.kind, Kind::Hole) {
                holes.push(Value::Number(place as f64));
                bound.push(Value::Undefined);
            } else {
                bound.push(self.eval(argument, input, frame)?);
            }
        }
        let procedure = self.eval(&call.procedure, input, frame)?;
        self.guess(procedure, call, "T1007", frame)?;
        let Value::Function(target) = procedure else {
            let fault = Fault::new("T1008").at(call.position);
            return Err(match &call.name {
                Some(name) => fault.token(name.as_str()),
                None => fault,
            });
        };
        // More than a function takes is not passed on.
        let arity = target.arity();
        holes.retain(|hole| matches!(hole, Value::Number(hole) if *hole < arity as f64));
        bound.truncate(arity);
        let (bound, holes) = (self.arena.items(&bound)?, self.arena.items(&holes)?);
        self.arena.function(Function::Partial { target, bound, holes })
    }

    /// `a ~> f`.
    pub(super) fn application(&self, nodes: &'a (Node, Node), position: u32, scope: Scope<'a>) -> Result<Value<'a>> {
        let (input, frame) = scope;
        let left = self.eval(&nodes.0, input, frame)?;
        if let Kind::Call(call) = &nodes.1.kind {
            return self.call(call, Some(left), input, frame);
        }
        let procedure = self.eval(&nodes.1, input, frame)?;
        match (left, procedure) {
            (Value::Function(first), Value::Function(second)) => self.arena.function(Function::Chain(first, second)),
            (_, Value::Function(_)) => self.apply(procedure, &[left], Value::Null),
            _ => Err(Fault::new("T2006").at(position).value(procedure)),
        }
    }
}

/// Tells where a call failed, and of what, unless something inside told more.
fn told(mut fault: Box<Fault>, call: &Call, position: u32) -> Box<Fault> {
    if position > 0 || fault.position.is_none() {
        fault.position = Some(position);
    }
    match (&fault.token, &call.name) {
        (None, Some(name)) => fault.token(name.as_str()),
        _ => fault,
    }
}
