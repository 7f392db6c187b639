//! The public face.

use bumpalo::Bump;
use serde_json::Value as Json;

use crate::ast::Program;
use crate::error::{Error, Result};
use crate::eval::{Arena, Evaluation, Function};
use crate::functions;
use crate::limits::{Binding, Bindings, Environment, Limits, Spent};
use crate::mention::{self, Mention};
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
        self.evaluate_counted(input, bindings, limits, environment).0
    }

    /// The same, and what it took.
    pub fn evaluate_counted(
        &self,
        input: &Json,
        bindings: &Bindings<'_>,
        limits: Limits,
        environment: Environment,
    ) -> (std::result::Result<Option<Json>, Error>, Spent) {
        let bump = Bump::new();
        let mut spent = Spent::default();
        let result = self.run(input, bindings, (&bump, &mut spent), (limits, environment));
        (result.map_err(|fault| fault.into_error(&self.text)), spent)
    }

    /// Calls `visit` with everything in the expression that looks outside of it, in no order that counts.
    pub fn visit<'e>(&'e self, visit: &mut dyn FnMut(Mention<'e>)) {
        mention::visit(&self.program, visit);
    }

    fn run<'a>(
        &'a self,
        input: &'a Json,
        bindings: &'a Bindings<'_>,
        (bump, spent): (&'a Bump, &mut Spent),
        (limits, environment): (Limits, Environment),
    ) -> Result<Option<Json>> {
        let arena = Arena::new(bump, limits.memory_bytes);
        let input = Value::from(input);
        let mut globals = Vec::with_capacity(self.program.names.len());
        for name in &self.program.names {
            globals.push(global(name, input, bindings, &arena)?);
        }
        let run = Evaluation::new(&self.program, arena, globals, limits, environment);
        let result = run.run(input);
        *spent = run.spent();
        match result? {
            Value::Undefined => Ok(None),
            result => to_json(result, limits.result_bytes).map(Some),
        }
    }
}

/// By its text: the same text is the same expression.
impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

/// What a name stands for outside of the expression.
fn global<'a>(name: &str, input: Value<'a>, bindings: &'a Bindings<'_>, arena: &Arena<'a>) -> Result<Value<'a>> {
    if name == "$" {
        return Ok(input);
    }
    match bindings.entries.iter().rev().find(|(known, _)| *known == name) {
        Some((_, binding)) => bound(binding, arena),
        None => match functions::find(name) {
            Some(native) => arena.function(Function::Native(native)),
            None => Ok(Value::Undefined),
        },
    }
}

fn bound<'a>(binding: &'a Binding<'_>, arena: &Arena<'a>) -> Result<Value<'a>> {
    match binding {
        Binding::Value(value) => Ok(Value::from(*value)),
        Binding::Record(fields) => {
            let fields = fields.iter().map(|(name, field)| Ok((*name, bound(field, arena)?)));
            arena.object(fields.collect::<Result<_>>()?)
        }
    }
}
