//! What the formulas of a state see, in either language.

use std::ops::Deref;

use serde_json::Value;
use types::Timestamp;

use jsonpath::Sight;

/// The surroundings of one state while it is entered or left: those that paths know, and the time.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) paths: jsonpath::World,
    /// The moment of the event at hand: what `$now()` answers.
    pub(crate) now: Timestamp,
}

impl Deref for World {
    type Target = jsonpath::World;

    fn deref(&self) -> &jsonpath::World {
        &self.paths
    }
}

/// What one formula can look at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scene<'v> {
    /// `$` of a path; `$states.input` of an expression.
    pub(crate) document: &'v Value,
    /// `$states.result`.
    pub(crate) result: Option<&'v Value>,
    /// `$states.errorOutput`.
    pub(crate) error: Option<&'v Value>,
    pub(crate) world: &'v World,
}

impl<'v> Scene<'v> {
    pub(crate) const fn of(document: &'v Value, world: &'v World) -> Self {
        Self { document, result: None, error: None, world }
    }

    pub(crate) const fn sight(self) -> Sight<'v> {
        Sight { document: self.document, world: &self.world.paths }
    }
}
