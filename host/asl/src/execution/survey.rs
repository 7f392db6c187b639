//! What a state sees around it, and what a run may hold and do at one event.

use std::cell::Cell;
use std::sync::Arc;

use serde_json::Value;

use super::Execution;
use crate::context::Standing;
use crate::failure::{DATA_LIMIT_EXCEEDED, Failure};
use crate::frame::{Doing, Frame, Frames};
use crate::reads::Part;
use crate::state::{State, Work};
use crate::world::World;

/// How much one event may copy and search, in documents of the largest size: 32 MiB where that is 256 KiB. (A guess:
/// some hundredths of a second.)
pub(super) const DOCUMENTS_PER_EVENT: usize = 128;

/// How much all frames together may hold, in documents of the largest size: 64 MiB where that is 256 KiB. (A guess.)
const DOCUMENTS_HELD_MAX: usize = 256;

/// What a context object costs, in bytes.
const CONTEXT_BYTES: usize = 1_024;

/// How many documents of the largest size a frame can hold: its input and that of its task, items and results.
const DOCUMENTS_PER_FRAME: usize = 4;

impl Execution {
    /// What the state at which `frame` stands can see beside its document. [`Self::settle`] takes back what it used.
    pub(super) fn world(&self, state: &State, frame: &Frame) -> World {
        let item =
            if state.reads.has(Part::Standing) || state.reads.has(Part::Item) { self.item_around(frame) } else { None };
        self.world_with(state, frame, item)
    }

    /// The same, for one item of the Map at which `frame` stands.
    pub(super) fn world_with(&self, state: &State, frame: &Frame, item: Option<(Arc<Value>, usize)>) -> World {
        let reads = &state.reads;
        let context = if reads.has(Part::Standing) {
            let index = item.as_ref().map(|(_, index)| *index);
            let task = matches!(&state.work, Work::Task(_));
            let task = task.then(|| frame.task().unwrap_or(self.coming_task()));
            let (state, entered_at) = (state.name.as_str(), frame.entered_at);
            let standing = Standing { state, entered_at, retries: frame.tries.retries, task, item: index };
            let mut context = self.context.object(standing);
            if let Some(given) = &self.given {
                given.cover(&mut context);
            }
            context
        } else {
            Value::Null
        };
        let given = |pointer: &str| self.given.as_ref().and_then(|given| given.document(pointer));
        let item = item.or_else(|| Some((Arc::new(Value::from(vec![given("/Map/Item/Value")?.clone()])), 0)));
        let input = given("/Execution/Input").map(|input| Arc::new(input.clone())).or_else(|| self.input.clone());
        let cost = if context.is_null() { 0 } else { CONTEXT_BYTES };
        let paths = jsonpath::World {
            context,
            input: if reads.has(Part::Input) { input } else { None },
            item,
            variables: reads
                .variables
                .iter()
                .filter_map(|name| Some((Arc::clone(name), self.variable(frame, name)?)))
                .collect(),
            seed: self.context.seed,
            draws: Cell::new(self.draws),
            allowance: Cell::new(self.allowance.saturating_sub(cost)),
            limit: self.limit(),
        };
        World { paths, now: self.now }
    }

    /// Takes back what a state has used of what the run has.
    pub(super) fn settle(&mut self, world: &World) {
        self.draws = world.draws.get();
        self.allowance = world.allowance.get();
    }

    /// The frame, and those around it, from the inside out.
    fn around<'r>(&'r self, frame: &'r Frame) -> impl Iterator<Item = &'r Frame> {
        std::iter::successors(Some(frame), |frame| frame.parent.and_then(|parent| self.frames.get(parent.frame)))
    }

    /// The value of a variable, in the frame's scope or in one around it.
    fn variable(&self, frame: &Frame, name: &str) -> Option<Arc<Value>> {
        self.around(frame).find_map(|frame| frame.variables.get(name)).cloned()
    }

    /// The item of the innermost Map around the frame.
    fn item_around(&self, frame: &Frame) -> Option<(Arc<Value>, usize)> {
        self.around(frame).find_map(|inner| {
            let parent = inner.parent?;
            match &self.frames.get(parent.frame)?.doing {
                Doing::Mapping(mapping) => Some((Arc::clone(&mapping.items.value), parent.branch)),
                _ => None,
            }
        })
    }

    /// Ends a run whose frames hold too much. Few frames cannot.
    pub(super) fn check_held(&mut self) {
        let frames = self.frames.len().saturating_mul(DOCUMENTS_PER_FRAME);
        if frames <= DOCUMENTS_HELD_MAX {
            return;
        }
        let most = self.limit().saturating_mul(DOCUMENTS_HELD_MAX);
        if self.frames.held_bytes() <= most {
            return;
        }
        // Bounds only grow while members are replaced: what counts is what is there.
        self.frames.remeasure();
        if self.frames.held_bytes() > most {
            let cause = "All branches and iterations together hold too much data.";
            // Begun again from there it would fail again.
            self.frames = Frames::default();
            self.end_failed(Failure::because(DATA_LIMIT_EXCEEDED, cause));
        }
    }
}
