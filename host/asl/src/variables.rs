//! Variables: what `Assign` sets, and where it is kept.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::data::{Budget, Document};
use crate::failure::Failure;
use crate::formula::Look;
use crate::template::Template;
use crate::world::Scene;

/// How much all live variables of a run may hold, in bytes of JSON text (the limit of Step Functions).
pub(crate) const ALL_BYTES_MAX: usize = 10 * 1_048_576;

/// `Assign`: names and what they get; empty where there is none.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Assign(pub(crate) Box<[(Arc<str>, Template)]>);

/// The values of one `Assign`, before they are set.
pub(crate) type Assigned = Vec<(Arc<str>, Document)>;

/// The variables of one scope: of the machine, of a branch or of an iteration.
#[derive(Debug, Clone, Default)]
pub(crate) struct Variables(BTreeMap<Arc<str>, Document>);

impl Assign {
    /// Computes all values from the variables as they were.
    ///
    /// # Errors
    ///
    /// A formula failed; or one value, or all of them together, are larger than a document may be.
    pub(crate) fn evaluate(&self, scene: Scene<'_>) -> Result<Assigned, Failure> {
        let mut budget = Budget::of(scene.world.limit);
        let mut assigned = Vec::with_capacity(self.0.len());
        for (name, template) in &self.0 {
            let value = template.fill(scene, &mut budget, name)?;
            assigned.push((Arc::clone(name), Document::new(Arc::new(value)).within(scene.world.limit)?));
        }
        Ok(assigned)
    }

    /// Calls `visit` with each path or expression in it.
    pub(crate) fn visit(&self, visit: &mut dyn FnMut(Look<'_>)) {
        self.0.iter().for_each(|(_, template)| template.visit(visit));
    }
}

impl Variables {
    pub(crate) const fn new(variables: BTreeMap<Arc<str>, Document>) -> Self {
        Self(variables)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Arc<Value>> {
        self.0.get(name).map(|document| &document.value)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &Arc<Value>)> {
        self.0.iter().map(|(name, document)| (name, &document.value))
    }

    /// How much they hold, in bytes of JSON text.
    pub(crate) fn bytes(&self) -> usize {
        self.0.values().map(Document::bytes).fold(0, usize::saturating_add)
    }

    pub(crate) fn set(&mut self, assigned: Assigned) {
        self.0.extend(assigned);
    }

    /// Whether these may be set when the run holds `all` bytes of variables by now.
    pub(crate) fn check(&self, assigned: &Assigned, all: usize) -> Result<(), Failure> {
        let old = |name: &str| self.0.get(name).map_or(0, Document::bytes);
        let left = all.saturating_sub(assigned.iter().map(|(name, _)| old(name)).sum());
        let added = assigned.iter().map(|(_, document)| document.bytes()).fold(left, usize::saturating_add);
        if added > ALL_BYTES_MAX { Err(Failure::too_large()) } else { Ok(()) }
    }
}
