//! From text to a tree that can be evaluated.

mod ancestry;
mod lexer;
mod operators;
mod pratt;
mod process;
mod raw;

use std::collections::HashMap;

use crate::ast::Program;
use crate::error::{Fault, Result, fail};
use crate::value::Value;

/// An expression is a field of a state; this is far past what anyone writes into one.
pub(crate) const LENGTH_MAX: usize = 128 << 10;

/// How deep the tree may be. The evaluator's depth has a limit of its own.
pub(crate) const NESTING_MAX: u32 = 400;

/// Parses a whole expression.
pub(crate) fn parse(text: &str) -> Result<Program> {
    if text.len() > LENGTH_MAX {
        return Err(too_nested(0));
    }
    let raw = pratt::parse(text)?;
    process::program(raw)
}

pub(crate) fn too_nested(position: u32) -> Box<Fault> {
    Fault::new("L1006").at(position).word(format!("{NESTING_MAX} levels or longer than {LENGTH_MAX}"))
}

/// Names of variables, as numbers.
#[derive(Debug, Default)]
pub(crate) struct Symbols {
    numbers: HashMap<String, u32>,
    pub(crate) names: Vec<String>,
}

impl Symbols {
    pub(crate) fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        // A text of `LENGTH_MAX` bytes cannot name more than fit.
        let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.numbers.insert(name.to_owned(), number);
        self.names.push(name.to_owned());
        number
    }
}

/// An error about a place in the text, which needs no value.
fn refuse<T>(code: &'static str, position: u32) -> Result<T> {
    fail::<T>(code).map_err(|fault| fault.at(position))
}

fn shown(text: &str) -> Value<'_> {
    Value::Text(text)
}
