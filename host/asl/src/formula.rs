//! What a definition computes from the data: the one place where a query language meets the states.
//!
//! Templates, limits and texts hold a [`Formula`] and ask it for its value. Another query language is another variant
//! here, another way to recognise one in a [`Template`](crate::template::Template), and nothing in the interpreter.

use std::borrow::Cow;
use std::fmt;

use serde_json::Value;

use crate::failure::Failure;
use crate::intrinsic::Call;
use crate::path::{Found, Path};
use crate::sight::{Sight, World};
use crate::size;

/// How much of a document a failure quotes, in bytes.
const QUOTED_BYTES_MAX: usize = 4_096;

/// One compiled expression.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Formula {
    Path(Path),
    Call(Box<Call>),
}

impl Formula {
    /// Its value, borrowed where it was there before. `field` is named when nothing is found.
    ///
    /// # Errors
    ///
    /// Nothing is there, an intrinsic function failed, or too much data was looked at.
    pub(crate) fn evaluate<'v>(&'v self, sight: Sight<'v>, field: &str) -> Result<Cow<'v, Value>, Failure> {
        match self {
            Self::Path(path) => path.value(sight, field),
            Self::Call(call) => call.evaluate(sight, field).map(Cow::Owned),
        }
    }

    pub(crate) fn visit(&self, visit: &mut dyn FnMut(&Path)) {
        match self {
            Self::Path(path) => path.visit(visit),
            Self::Call(call) => call.visit(visit),
        }
    }
}

impl fmt::Display for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => path.fmt(f),
            Self::Call(call) => call.fmt(f),
        }
    }
}

impl Path {
    /// What the path finds, as one value.
    pub(crate) fn value<'v>(&self, sight: Sight<'v>, field: &str) -> Result<Cow<'v, Value>, Failure> {
        Ok(match self.find(sight)? {
            Found::Whole => Cow::Borrowed(sight.document),
            Found::One(value) => Cow::Borrowed(value),
            Found::Many(values) => Cow::Owned(gather(values, sight.world)?),
            Found::Made(value) => Cow::Owned(value),
            Found::Missing => return Err(not_found(self, sight.document, field)),
        })
    }
}

/// An array of copies.
pub(crate) fn gather(values: Vec<&Value>, world: &World) -> Result<Value, Failure> {
    values.iter().try_for_each(|value| world.spend(size::of(value).bytes))?;
    Ok(values.into_iter().cloned().collect())
}

/// A path leads nowhere.
pub(crate) fn not_found(path: &Path, document: &Value, field: &str) -> Failure {
    let mut input = document.to_string();
    if input.len() > QUOTED_BYTES_MAX {
        input.truncate(input.floor_char_boundary(QUOTED_BYTES_MAX));
        input.push('…');
    }
    Failure::runtime(format!(
        "The JSONPath '{path}' specified for the field '{field}' could not be found in the input '{input}'"
    ))
}
