//! What each state does when it is entered.

use super::Execution;
use super::fail::{duration, fail_as_told, moment, seconds};
use super::walk::Move;
use crate::data::Document;
use crate::failure::{Failure, NO_CHOICE_MATCHED};
use crate::frame::{Doing, Frame, FrameId, Invoking, TaskId};
use crate::language::QueryLanguage;
use crate::machine::StateMachine;
use crate::state::{Choice, Pass, State, Task, Until, Wait, Work};
use crate::variables::Assigned;
use crate::world::World;

impl Execution {
    /// Enters the state at which the frame stands, or tries it again.
    pub(super) fn enter(&mut self, machine: &StateMachine, id: FrameId) -> Move {
        let Some((state, frame)) = self.stand(machine, id) else { return Move::Stay };
        let world = self.world(state, frame);
        let entered = match &state.work {
            Work::Task(task) => self.begin_task(task, frame, &world).map(|invoking| self.invoke_soon(id, invoking)),
            Work::Pass(pass) => self.pass((state.language, pass), id, &world),
            Work::Choice(choice) => {
                let chosen = choose(choice, frame, &world);
                chosen.and_then(|(step, assigned)| self.assign(id, assigned).map(|()| step))
            }
            Work::Wait(wait) => self.begin_wait(wait, id, &world),
            Work::Parallel(parallel) => self.begin_branches(machine, parallel, id, &world),
            Work::Map(map) => self.begin_items(machine, (state, map), id, &world),
            Work::Succeed { flow } => {
                let output = frame.input.select(&flow.input, &world, "InputPath");
                output.and_then(|input| input.select(&flow.output, &world, "OutputPath")).map(Move::End)
            }
            Work::Fail(fail) => {
                let told = fail_as_told(fail, frame.input.scene(&world));
                self.settle(&world);
                // What the author says is passed on as it is.
                return told.unwrap_or_else(|failure| fails(state, failure));
            }
        };
        self.settle(&world);
        entered.unwrap_or_else(|failure| fails(state, failure))
    }

    pub(super) fn stand<'m>(&self, machine: &'m StateMachine, id: FrameId) -> Option<(&'m State, &Frame)> {
        let frame = self.frames.get(id)?;
        Some((machine.at(frame.state)?, frame))
    }

    /// The id of the task that is asked for next.
    pub(super) const fn coming_task(&self) -> TaskId {
        TaskId::new(self.next_task)
    }

    /// Sets variables of the frame's scope.
    pub(super) fn assign(&mut self, id: FrameId, assigned: Assigned) -> Result<(), Failure> {
        if assigned.is_empty() {
            return Ok(());
        }
        self.may_assign(id, &assigned)?;
        self.trail.assigned(&assigned);
        if let Some(frame) = self.frames.get_mut(id) {
            frame.variables.set(assigned);
        }
        Ok(())
    }

    /// Whether the run has room for these values.
    pub(super) fn may_assign(&self, id: FrameId, assigned: &Assigned) -> Result<(), Failure> {
        match self.frames.get(id) {
            Some(frame) if !assigned.is_empty() => frame.variables.check(assigned, self.frames.variable_bytes()),
            _ => Ok(()),
        }
    }

    fn begin_task(&self, task: &Task, frame: &Frame, world: &World) -> Result<Invoking, Failure> {
        let selected = frame.input.select(&task.errand.flow.input, world, "InputPath")?;
        let timeout = duration(&task.timeout, selected.scene(world), "TimeoutSecondsPath")?;
        let heartbeat = duration(&task.heartbeat, selected.scene(world), "HeartbeatSecondsPath")?;
        let input = selected.shape(task.errand.parameters.as_ref(), world, "Parameters")?;
        let is_raw = std::sync::Arc::ptr_eq(&input.value, &frame.input.value);
        Ok(Invoking {
            task: self.coming_task(),
            input: (!is_raw).then_some(input),
            timeout,
            heartbeat,
            times_out_at: timeout.map(|timeout| self.now.after(timeout)),
            beats_until: heartbeat.map(|heartbeat| self.now.after(heartbeat)),
        })
    }

    pub(super) fn invoke_soon(&mut self, id: FrameId, invoking: Invoking) -> Move {
        self.next_task += 1;
        if let Some(frame) = self.frames.get_mut(id) {
            self.asked.push_back((id, invoking.task));
            frame.doing = Doing::Invoking(invoking);
        }
        Move::Stay
    }

    fn pass(&mut self, (language, pass): (QueryLanguage, &Pass), id: FrameId, world: &World) -> Result<Move, Failure> {
        let Some(frame) = self.frames.get_mut(id) else { return Ok(Move::Stay) };
        let result = match &pass.result {
            Some(result) => Document::new(std::sync::Arc::clone(result)),
            None => {
                let selected = frame.input.select(&pass.flow.input, world, "InputPath")?;
                selected.shape(pass.parameters.as_ref(), world, "Parameters")?
            }
        };
        let assigned = match language {
            QueryLanguage::JsonPath => pass.assign.evaluate(result.scene(world))?,
            QueryLanguage::Jsonata => pass.assign.evaluate(frame.input.scene(world))?,
        };
        frame.input.place(&pass.placement, result, world)?;
        let output = frame.input.select(&pass.flow.output, world, "OutputPath")?;
        self.assign(id, assigned)?;
        Ok(Move::to(pass.then, output))
    }

    fn begin_wait(&mut self, wait: &Wait, id: FrameId, world: &World) -> Result<Move, Failure> {
        let now = self.now;
        let Some(frame) = self.frames.get_mut(id) else { return Ok(Move::Stay) };
        let input = frame.input.select(&wait.flow.input, world, "InputPath")?;
        let until = match &wait.until {
            Until::Passed(passed) => now.after(*passed),
            Until::Moment(moment) => *moment,
            Until::PassedAt(formula) => now.after(seconds(formula, input.scene(world))?),
            Until::MomentAt(formula) => moment(formula, input.scene(world))?,
        };
        if until <= now {
            return Ok(Move::Leave);
        }
        frame.doing = Doing::Waiting(until);
        Ok(Move::Stay)
    }
}

/// A failure that this library found itself says in which state.
pub(super) fn fails(state: &State, failure: Failure) -> Move {
    Move::Fail(failure.in_state(state.name.as_str()))
}

fn choose(choice: &Choice, frame: &Frame, world: &World) -> Result<(Move, Assigned), Failure> {
    let input = frame.input.select(&choice.flow.input, world, "InputPath")?;
    let mut chosen = choice.default.map(|next| (next, &choice.assign, &choice.flow.output));
    for rule in &choice.rules {
        if rule.test.holds(input.scene(world))? {
            chosen = Some((rule.next, &rule.assign, rule.output.as_ref().unwrap_or(&choice.flow.output)));
            break;
        }
    }
    let (next, assign, output) =
        chosen.ok_or_else(|| Failure::because(NO_CHOICE_MATCHED, "No rule is true, and there is no Default."))?;
    let assigned = assign.evaluate(input.scene(world))?;
    Ok((Move::Go(next, input.select(output, world, "OutputPath")?), assigned))
}
