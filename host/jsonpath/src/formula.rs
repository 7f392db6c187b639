//! What a definition computes from the data: a path, or a call of an intrinsic function.

use std::borrow::Cow;
use std::fmt;

use serde_json::Value;

use crate::fault::Fault;
use crate::intrinsic::Call;
use crate::path::{Found, Path};
use crate::sight::{Sight, World};
use crate::size;

/// How much of a document a failure quotes, in bytes.
const QUOTED_BYTES_MAX: usize = 4_096;

/// One compiled expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Formula {
    /// A path.
    Path(Path),
    /// A call of an intrinsic function.
    Call(Box<Call>),
}

impl Formula {
    /// Its value, borrowed where it was there before. `field` is named when nothing is found.
    ///
    /// # Errors
    ///
    /// [`Fault`]: nothing is there, an intrinsic function failed, or too much data was looked at.
    pub fn evaluate<'v>(&'v self, sight: Sight<'v>, field: &str) -> Result<Cow<'v, Value>, Fault> {
        match self {
            Self::Path(path) => path.value(sight, field),
            Self::Call(call) => call.evaluate(sight, field).map(Cow::Owned),
        }
    }

    /// Calls `visit` with each path in it.
    pub fn visit(&self, visit: &mut dyn FnMut(&Path)) {
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
    ///
    /// # Errors
    ///
    /// [`Fault`]: nothing is there, or too much data was looked at.
    pub fn value<'v>(&self, sight: Sight<'v>, field: &str) -> Result<Cow<'v, Value>, Fault> {
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
///
/// # Errors
///
/// [`Fault::TooMuch`], before anything was copied.
pub fn gather(values: Vec<&Value>, world: &World) -> Result<Value, Fault> {
    values.iter().try_for_each(|value| world.spend(size::measure(value).bytes))?;
    Ok(values.into_iter().cloned().collect())
}

/// A path leads nowhere.
fn not_found(path: &Path, document: &Value, field: &str) -> Fault {
    let mut input = document.to_string();
    if input.len() > QUOTED_BYTES_MAX {
        input.truncate(input.floor_char_boundary(QUOTED_BYTES_MAX));
        input.push('…');
    }
    Fault::NotFound { path: path.to_string(), field: field.to_owned(), input }
}
