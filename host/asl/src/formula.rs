//! What a definition computes from the data, in the language of its state.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use crate::failure::Failure;
use crate::query::Query;
use crate::world::Scene;
use jsonpath::Path;

/// One compiled formula.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Formula {
    /// A path or an intrinsic function.
    Jsonpath(jsonpath::Formula),
    /// An expression in `{% … %}`.
    Jsonata(Arc<Query>),
}

/// What looks at data: all that [`crate::reads`] has to know of a formula.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Look<'f> {
    Path(&'f Path),
    Query(&'f Query),
}

impl Formula {
    pub(crate) const fn path(path: Path) -> Self {
        Self::Jsonpath(jsonpath::Formula::Path(path))
    }

    /// Its value, borrowed where it was there before. `field` is named when a path finds nothing; an expression knows
    /// its own place.
    pub(crate) fn evaluate<'v>(&'v self, scene: Scene<'v>, field: &str) -> Result<Cow<'v, Value>, Failure> {
        match self {
            Self::Jsonpath(formula) => Ok(formula.evaluate(scene.sight(), field)?),
            Self::Jsonata(query) => query.evaluate(scene).map(Cow::Owned),
        }
    }

    /// The failure of a formula that gives something else than what is wanted in `field`.
    pub(crate) fn unfit(&self, field: &str, wanted: &str) -> Failure {
        match self {
            Self::Jsonpath(_) => Failure::runtime(format!("The {field} '{self}' must give {wanted}.")),
            Self::Jsonata(query) => query.unfit(wanted),
        }
    }

    /// Calls `visit` with each path or expression in it.
    pub(crate) fn visit(&self, visit: &mut dyn FnMut(Look<'_>)) {
        match self {
            Self::Jsonpath(formula) => formula.visit(&mut |path| visit(Look::Path(path))),
            Self::Jsonata(query) => visit(Look::Query(query)),
        }
    }
}

impl fmt::Display for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Jsonpath(formula) => formula.fmt(f),
            Self::Jsonata(query) => query.fmt(f),
        }
    }
}
