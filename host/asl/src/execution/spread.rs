//! Parallel branches and Map iterations: opened, and joined when they end.

use std::sync::Arc;

use serde_json::Value;

use super::Execution;
use super::enter::fails;
use super::fail::whole;
use super::walk::Move;
use crate::data::Document;
use crate::failure::{DATA_LIMIT_EXCEEDED, Failure};
use crate::frame::{Doing, Frame, FrameId, Joining, Mapping, Parent, Tries};
use crate::machine::StateMachine;
use crate::state::{Concurrency, Map, Parallel, Selection, State, StateIndex, Work};
use crate::template::Template;
use crate::variables::Variables;
use crate::world::World;

/// How many iterations of one Map run at a time at most (the limit of Step Functions).
const CONCURRENCY_MAX: usize = 40;

/// How many frames a run may have. (A guess; three Maps within one another have 64,000.)
const FRAMES_MAX: usize = 10_000;

impl Execution {
    /// Opens a frame at `state`.
    pub(super) fn open(&mut self, parent: Option<Parent>, state: StateIndex, input: Document) -> FrameId {
        let id = self.next_frame;
        self.next_frame += 1;
        let (tries, variables, entered_at) = (Tries::default(), Variables::default(), self.now);
        self.frames.push(Frame { id, parent, state, entered_at, input, tries, variables, doing: Doing::Ready });
        id
    }

    fn check_room(&self, count: usize) -> Result<(), Failure> {
        if self.frames.len().saturating_add(count) <= FRAMES_MAX {
            return Ok(());
        }
        let cause = format!("More than {FRAMES_MAX} branches and iterations would run at the same time.");
        Err(Failure::because(DATA_LIMIT_EXCEEDED, cause))
    }

    pub(super) fn begin_branches(
        &mut self,
        machine: &StateMachine,
        parallel: &Parallel,
        id: FrameId,
        world: &World,
    ) -> Result<Move, Failure> {
        let Some(frame) = self.frames.get(id) else { return Ok(Move::Stay) };
        let errand = &parallel.errand;
        let input = frame.input.select(&errand.flow.input, world, "InputPath")?;
        let input = input.shape(errand.parameters.as_ref(), world, "Parameters")?;
        self.check_room(parallel.branches.len())?;
        for (branch, scope) in parallel.branches.iter().enumerate() {
            if let Some(scope) = machine.scope(*scope) {
                let child = self.open(Some(Parent { frame: id, branch }), scope.start, input.clone());
                self.ready.push_back(child);
            }
        }
        if let Some(frame) = self.frames.get_mut(id) {
            frame.doing = Doing::Joining(Joining::of(parallel.branches.len()));
        }
        Ok(Move::Stay)
    }

    pub(super) fn begin_items(
        &mut self,
        machine: &StateMachine,
        (state, map): (&State, &Map),
        id: FrameId,
        world: &World,
    ) -> Result<Move, Failure> {
        if let Some(plan) = &map.distributed {
            return self.begin_run((map, plan), id, world);
        }
        let Some(frame) = self.frames.get(id) else { return Ok(Move::Stay) };
        let input = frame.input.select(&map.errand.flow.input, world, "InputPath")?;
        let concurrency = concurrency(map, &input, world)?;
        let items = input.select(&map.items, world, "ItemsPath")?;
        let Some(count) = items.value.as_array().map(Vec::len) else { return Err(no_items(map)) };
        if count == 0 {
            return Ok(Move::Complete(Arc::new(Value::Array(Vec::new()))));
        }
        let most = usize::try_from(concurrency).ok().filter(|most| *most > 0).unwrap_or(CONCURRENCY_MAX);
        let first = most.min(CONCURRENCY_MAX).min(count);
        self.check_room(first)?;
        let input = map.errand.parameters.is_some().then_some(input);
        if let Some(frame) = self.frames.get_mut(id) {
            frame.doing = Doing::Mapping(Mapping { joining: Joining::of(count), items, input, next: 0 });
        }
        self.settle(world);
        for _ in 0..first {
            let begun = self.begin_next(machine, (state, map), id);
            // What the iterations use is counted off the run, and this state's own count must not undo that.
            world.allowance.set(self.allowance);
            world.draws.set(self.draws);
            begun?;
        }
        Ok(Move::Stay)
    }

    /// Begins the next iteration of the Map at which frame `id` stands, if there is one.
    fn begin_next(&mut self, machine: &StateMachine, (state, map): (&State, &Map), id: FrameId) -> Result<(), Failure> {
        let Some(frame) = self.frames.get(id) else { return Ok(()) };
        let Doing::Mapping(mapping) = &frame.doing else { return Ok(()) };
        let branch = mapping.next;
        let Some(item) = mapping.items.value.get(branch) else { return Ok(()) };
        let Some(scope) = machine.scope(map.processor) else { return Ok(()) };
        let input = match &mapping.input {
            None => {
                let bytes = jsonpath::measure(item).bytes;
                self.allowance = self.allowance.checked_sub(bytes).ok_or_else(Failure::too_large)?;
                Document::new(Arc::new(item.clone()))
            }
            Some(input) => {
                let world = self.world_with(state, frame, Some((Arc::clone(&mapping.items.value), branch)));
                let input = input.clone().shape(map.errand.parameters.as_ref(), &world, "ItemSelector");
                self.settle(&world);
                input?
            }
        };
        if let Some(Doing::Mapping(mapping)) = self.frames.get_mut(id).map(|frame| &mut frame.doing) {
            mapping.next += 1;
        }
        let child = self.open(Some(Parent { frame: id, branch }), scope.start, input);
        self.ready.push_back(child);
        Ok(())
    }

    /// A branch or an iteration of the state at which frame `id` stands has ended.
    pub(super) fn join(&mut self, machine: &StateMachine, id: FrameId, branch: usize, output: Document) -> Move {
        let limit = self.limit();
        let Some(state) = self.frames.get(id).and_then(|frame| machine.at(frame.state)) else { return Move::Stay };
        let Some(joining) = self.frames.get_mut(id).and_then(Frame::joining_mut) else { return Move::Stay };
        joining.bytes = joining.bytes.saturating_add(jsonpath::measure(&output.value).bytes);
        if joining.bytes > limit {
            // All of them in one list would pass the limit too: no need to hold more.
            return fails(state, Failure::too_large());
        }
        if let Some(slot) = joining.results.get_mut(branch) {
            *slot = Some(output.value);
        }
        joining.open = joining.open.saturating_sub(1);
        if joining.open > 0 {
            if let Work::Map(map) = &state.work
                && let Err(failure) = self.begin_next(machine, (state, map), id)
            {
                return fails(state, failure);
            }
            return Move::Stay;
        }
        let results = std::mem::take(&mut joining.results);
        let own = |result: Option<Arc<Value>>| result.map_or(Value::Null, Arc::unwrap_or_clone);
        Move::Complete(Arc::new(results.into_iter().map(own).collect()))
    }
}

/// `MaxConcurrency`; 0 where there is none.
pub(super) fn concurrency(map: &Map, input: &Document, world: &World) -> Result<u32, Failure> {
    match &map.concurrency {
        Concurrency::Fixed(most) => Ok(*most),
        Concurrency::At(formula) => whole(formula, input.scene(world), ("MaxConcurrencyPath", 0, u32::MAX)),
    }
}

/// What the Map would iterate over is no array.
pub(super) fn no_items(map: &Map) -> Failure {
    match &map.items {
        Selection::Made(Template::Filled(formula)) => formula.unfit("Items", "an array"),
        _ => Failure::runtime("The items of a Map must be an array."),
    }
}
