//! What a state does when its work is done.

use std::sync::Arc;

use serde_json::Value;

use super::Execution;
use super::enter::fails;
use super::walk::Move;
use crate::data::Document;
use crate::failure::Failure;
use crate::frame::{Doing, FrameId};
use crate::language::QueryLanguage;
use crate::machine::StateMachine;
use crate::state::{Errand, Wait, Work};
use crate::world::{Scene, World};

impl Execution {
    /// The work of a Task, Parallel or Map state is done.
    pub(super) fn complete(&mut self, machine: &StateMachine, id: FrameId, result: Arc<Value>) -> Move {
        let Some((state, frame)) = self.stand(machine, id) else { return Move::Stay };
        let Some(errand) = state.errand() else { return Move::Stay };
        let world = self.world(state, frame);
        let accepted = self.accept((state.language, errand), id, result, &world);
        self.settle(&world);
        accepted.unwrap_or_else(|failure| fails(state, failure))
    }

    /// A Wait state is over.
    pub(super) fn leave(&mut self, machine: &StateMachine, id: FrameId) -> Move {
        let Some((state, frame)) = self.stand(machine, id) else { return Move::Stay };
        let Work::Wait(wait) = &state.work else { return Move::Stay };
        let world = self.world(state, frame);
        let left = self.end_wait(wait, id, &world);
        self.settle(&world);
        left.unwrap_or_else(|failure| fails(state, failure))
    }

    fn accept(
        &mut self,
        (language, errand): (QueryLanguage, &Errand),
        id: FrameId,
        result: Arc<Value>,
        world: &World,
    ) -> Result<Move, Failure> {
        let raw = Document::new(result).within(world.limit)?;
        let Some(frame) = self.frames.get(id) else { return Ok(Move::Stay) };
        let scene = match language {
            QueryLanguage::JsonPath => raw.scene(world),
            QueryLanguage::Jsonata => Scene { result: Some(&raw.value), ..frame.input.scene(world) },
        };
        let assigned = errand.assign.evaluate(scene)?;
        self.may_assign(id, &assigned)?;
        let selector = errand.selector.as_ref();
        let made = selector.map(|selector| Document::made(selector, scene, "ResultSelector")).transpose()?;
        let result = made.unwrap_or(raw);
        self.trail.assigned(&assigned);
        let Some(frame) = self.frames.get_mut(id) else { return Ok(Move::Stay) };
        // The task's own hold on the input goes first: then it is changed in place.
        frame.doing = Doing::Ready;
        frame.input.place(&errand.placement, result, world)?;
        let output = frame.input.select(&errand.flow.output, world, "OutputPath")?;
        frame.variables.set(assigned);
        Ok(Move::to(errand.then, output))
    }

    fn end_wait(&mut self, wait: &Wait, id: FrameId, world: &World) -> Result<Move, Failure> {
        let Some(frame) = self.frames.get(id) else { return Ok(Move::Stay) };
        let input = frame.input.select(&wait.flow.input, world, "InputPath")?;
        let assigned = wait.assign.evaluate(input.scene(world))?;
        let output = input.select(&wait.flow.output, world, "OutputPath")?;
        self.assign(id, assigned)?;
        Ok(Move::to(wait.then, output))
    }
}
