//! The public face.

use bumpalo::Bump;
use serde_json::Value as Json;

use crate::ast::Program;
use crate::error::{Error, Result};
use crate::eval::{Arena, Evaluation, Function};
use crate::functions;
use crate::limits::{Binding, Bindings, Environment, Limits};
use crate::parse;
use crate::value::{Value, to_json};

/// A parsed expression, which can be evaluated any number of times, from any thread.
#[derive(Debug)]
pub struct Expression {
    text: String,
    program: Program,
}

impl Expression {
    /// Parses an expression.
    ///
    /// # Errors
    ///
    /// An [`Error`] whose code begins with `S`, or with `L` when the expression is too long or nested too deeply, or a
    /// regular expression in it is too large.
    pub fn parse(text: &str) -> std::result::Result<Self, Error> {
        let program = parse::parse(text).map_err(|fault| fault.into_error(text))?;
        Ok(Self { text: text.to_owned(), program })
    }

    /// The text that was parsed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Evaluates the expression. `None` is what the language calls undefined: nothing was found.
    ///
    /// Nothing of the input or the variables is copied but what the result holds. Equal arguments give equal results.
    ///
    /// # Errors
    ///
    /// An [`Error`] whose code begins with `T` or `D`; with `L` when a limit was reached.
    pub fn evaluate(
        &self,
        input: &Json,
        bindings: &Bindings<'_>,
        limits: Limits,
        environment: Environment,
    ) -> std::result::Result<Option<Json>, Error> {
        let bump = Bump::new();
        self.run(input, bindings, &bump, (limits, environment)).map_err(|fault| fault.into_error(&self.text))
    }

    fn run<'a>(
        &'a self,
        input: &'a Json,
        bindings: &'a Bindings<'_>,
        bump: &'a Bump,
        (limits, environment): (Limits, Environment),
    ) -> Result<Option<Json>> {
        let arena = Arena::new(bump, limits.memory_bytes);
        let input = Value::from(input);
        let mut globals = Vec::with_capacity(self.program.names.len());
        for name in &self.program.names {
            globals.push(global(name, input, bindings, &arena)?);
        }
        let run = Evaluation::new(&self.program, arena, globals, limits, environment);
        match run.run(input)? {
            Value::Undefined => Ok(None),
            result => to_json(result, limits.result_bytes).map(Some),
        }
    }
}

/// What a name stands for outside of the expression.
fn global<'a>(name: &str, input: Value<'a>, bindings: &'a Bindings<'_>, arena: &Arena<'a>) -> Result<Value<'a>> {
    if name == "$" {
        return Ok(input);
    }
    match bindings.entries.iter().rev().find(|(known, _)| *known == name) {
        Some((_, Binding::Value(value))) => Ok(Value::from(*value)),
        Some((_, Binding::Record(fields))) => {
            arena.object(fields.iter().map(|(name, value)| (*name, Value::from(*value))).collect())
        }
        None => match functions::find(name) {
            Some(native) => arena.function(Function::Native(native)),
            None => Ok(Value::Undefined),
        },
    }
}
