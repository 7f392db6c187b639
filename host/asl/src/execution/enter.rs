//! What each state does when it is entered, and when its work is done.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use types::Timestamp;

use super::Execution;
use super::walk::Move;
use crate::choice::Sight;
use crate::data::Document;
use crate::failure::{Failure, NO_CHOICE_MATCHED};
use crate::frame::{Doing, Frame, FrameId, Invoking, Joining, Parent, TaskId};
use crate::machine::StateMachine;
use crate::path::Found;
use crate::reference_path::ReferencePath;
use crate::state::{Choice, Errand, Fail, Flow, Limit, Parallel, Pass, State, Task, Text, Until, Wait, Work};

/// Longest time that a path may give, in seconds (the specification's limit).
const SECONDS_MAX: u32 = 99_999_999;

impl Execution {
    /// Enters the state at which the frame stands, or tries it again.
    pub(super) fn enter(&mut self, machine: &StateMachine, id: FrameId) -> Move {
        let Some((state, frame)) = self.stand(machine, id) else { return Move::Stay };
        let context = self.context_at(frame);
        let entered = match &state.work {
            Work::Task(task) => self.begin_task(task, frame, &context).map(|invoking| self.invoke_soon(id, invoking)),
            Work::Pass(pass) => self.pass(pass, id, &context),
            Work::Choice(choice) => choose(choice, frame, &context),
            Work::Wait(wait) => self.begin_wait(wait, id, &context),
            Work::Parallel(parallel) => self.begin_branches(machine, parallel, id, &context),
            Work::Succeed { flow } => through(flow, frame, &context).map(Move::End),
            Work::Fail(fail) => return fail_as_told(fail, frame).unwrap_or_else(|failure| fails(state, failure)),
        };
        entered.unwrap_or_else(|failure| fails(state, failure))
    }

    /// The work of a Task or Parallel state is done.
    pub(super) fn complete(&mut self, machine: &StateMachine, id: FrameId, result: Arc<Value>) -> Move {
        let Some((state, frame)) = self.stand(machine, id) else { return Move::Stay };
        let Some(errand) = state.errand() else { return Move::Stay };
        let context = self.context_at(frame);
        self.accept(errand, id, result, &context).unwrap_or_else(|failure| fails(state, failure))
    }

    /// A Wait state is over.
    pub(super) fn leave(&mut self, machine: &StateMachine, id: FrameId) -> Move {
        let Some((state, frame)) = self.stand(machine, id) else { return Move::Stay };
        let Work::Wait(wait) = &state.work else { return Move::Stay };
        let output = through(&wait.flow, frame, &self.context_at(frame));
        output.map_or_else(|failure| fails(state, failure), |output| Move::to(wait.then, output))
    }

    fn stand<'m>(&self, machine: &'m StateMachine, id: FrameId) -> Option<(&'m State, &Frame)> {
        let frame = self.frames.get(id)?;
        Some((machine.at(frame.state)?, frame))
    }

    fn accept(&mut self, errand: &Errand, id: FrameId, result: Arc<Value>, context: &Value) -> Result<Move, Failure> {
        let limit = self.limit();
        let result = Document::new(result).within(limit)?.shape(errand.selector.as_ref(), context, limit)?;
        let Some(frame) = self.frames.get_mut(id) else { return Ok(Move::Stay) };
        // The task's own hold on the input goes first: then it is changed in place.
        frame.doing = Doing::Ready;
        frame.input.place(&errand.placement, result, limit)?;
        Ok(Move::to(errand.then, frame.input.select(&errand.flow.output, context)?))
    }

    fn begin_task(&self, task: &Task, frame: &Frame, context: &Value) -> Result<Invoking, Failure> {
        let selected = frame.input.select(&task.errand.flow.input, context)?;
        let timeout = duration(&task.timeout, &selected, "TimeoutSecondsPath")?;
        let heartbeat = duration(&task.heartbeat, &selected, "HeartbeatSecondsPath")?;
        let input = selected.shape(task.errand.parameters.as_ref(), context, self.limit())?;
        let is_raw = Arc::ptr_eq(&input.value, &frame.input.value);
        Ok(Invoking {
            task: TaskId::new(self.next_task),
            input: (!is_raw).then_some(input.value),
            timeout,
            heartbeat,
            times_out_at: timeout.map(|timeout| self.now.after(timeout)),
            beats_until: heartbeat.map(|heartbeat| self.now.after(heartbeat)),
        })
    }

    fn invoke_soon(&mut self, id: FrameId, invoking: Invoking) -> Move {
        self.next_task += 1;
        if let Some(frame) = self.frames.get_mut(id) {
            frame.doing = Doing::Invoking(invoking);
            self.asked.push_back(id);
        }
        Move::Stay
    }

    fn pass(&mut self, pass: &Pass, id: FrameId, context: &Value) -> Result<Move, Failure> {
        let limit = self.limit();
        let Some(frame) = self.frames.get_mut(id) else { return Ok(Move::Stay) };
        let result = match &pass.result {
            Some(result) => Document::new(Arc::clone(result)),
            None => frame.input.select(&pass.flow.input, context)?.shape(pass.parameters.as_ref(), context, limit)?,
        };
        frame.input.place(&pass.placement, result, limit)?;
        Ok(Move::to(pass.then, frame.input.select(&pass.flow.output, context)?))
    }

    fn begin_wait(&mut self, wait: &Wait, id: FrameId, context: &Value) -> Result<Move, Failure> {
        let now = self.now;
        let Some(frame) = self.frames.get_mut(id) else { return Ok(Move::Stay) };
        let input = frame.input.select(&wait.flow.input, context)?;
        let until = match &wait.until {
            Until::Passed(passed) => now.after(*passed),
            Until::Moment(moment) => *moment,
            Until::PassedAt(path) => now.after(seconds(path, &input, "SecondsPath", 0)?),
            Until::MomentAt(path) => moment(path, &input)?,
        };
        if until <= now {
            return Ok(Move::Leave);
        }
        frame.doing = Doing::Waiting(until);
        Ok(Move::Stay)
    }

    fn begin_branches(
        &mut self,
        machine: &StateMachine,
        parallel: &Parallel,
        id: FrameId,
        context: &Value,
    ) -> Result<Move, Failure> {
        let Some(frame) = self.frames.get(id) else { return Ok(Move::Stay) };
        let errand = &parallel.errand;
        let input = frame.input.select(&errand.flow.input, context)?;
        let input = input.shape(errand.parameters.as_ref(), context, self.limit())?;
        let branches = parallel.branches.len();
        for (branch, scope) in parallel.branches.iter().enumerate() {
            if let Some(scope) = machine.scope(*scope) {
                let child = self.open(Some(Parent { frame: id, branch }), scope.start, input.clone());
                self.ready.push_back(child);
            }
        }
        if let Some(frame) = self.frames.get_mut(id) {
            frame.doing = Doing::Joining(Joining { results: vec![None; branches], open: branches });
        }
        Ok(Move::Stay)
    }
}

/// A failure that this library found itself says in which state.
fn fails(state: &State, failure: Failure) -> Move {
    Move::Fail(failure.in_state(state.name.as_str()))
}

fn through(flow: &Flow, frame: &Frame, context: &Value) -> Result<Document, Failure> {
    frame.input.select(&flow.input, context)?.select(&flow.output, context)
}

fn choose(choice: &Choice, frame: &Frame, context: &Value) -> Result<Move, Failure> {
    let input = frame.input.select(&choice.flow.input, context)?;
    let sight = Sight { document: &input.value, context };
    let mut chosen = choice.default;
    for rule in &choice.rules {
        if rule.test.holds(sight)? {
            chosen = Some(rule.next);
            break;
        }
    }
    let next =
        chosen.ok_or_else(|| Failure::because(NO_CHOICE_MATCHED, "No rule is true, and there is no Default."))?;
    Ok(Move::Go(next, input.select(&choice.flow.output, context)?))
}

fn fail_as_told(fail: &Fail, frame: &Frame) -> Result<Move, Failure> {
    let error = told(&fail.error, &frame.input)?.map(std::borrow::Cow::Owned);
    let cause = told(&fail.cause, &frame.input)?;
    Ok(Move::Fail(Failure { error, cause }))
}

fn told(text: &Text, input: &Document) -> Result<Option<String>, Failure> {
    match text {
        Text::None => Ok(None),
        Text::Fixed(text) => Ok(Some(text.clone())),
        Text::At(path) => match at(path, input)?.as_str() {
            Some(text) => Ok(Some(text.to_owned())),
            None => Err(Failure::runtime(format!("The value at '{}' is not a string.", path.path()))),
        },
    }
}

fn at<'v>(path: &ReferencePath, input: &'v Document) -> Result<&'v Value, Failure> {
    match path.path().find(&input.value, &Value::Null) {
        Found::Whole => Ok(&input.value),
        Found::One(value) => Ok(value),
        Found::Many(_) | Found::Missing => {
            Err(Failure::runtime(format!("The JSONPath '{}' was not found in the input.", path.path())))
        }
    }
}

fn duration(limit: &Limit, input: &Document, field: &str) -> Result<Option<Duration>, Failure> {
    match limit {
        Limit::None => Ok(None),
        Limit::Fixed(duration) => Ok(Some(*duration)),
        Limit::At(path) => seconds(path, input, field, 1).map(Some),
    }
}

fn seconds(path: &ReferencePath, input: &Document, field: &str, least: u32) -> Result<Duration, Failure> {
    let number = at(path, input)?.as_number().and_then(crate::document::whole_number);
    match number.filter(|number| (least..=SECONDS_MAX).contains(number)) {
        Some(number) => Ok(Duration::from_secs(number.into())),
        None => Err(Failure::runtime(format!(
            "The {field} '{}' must give a whole number from {least} to {SECONDS_MAX}.",
            path.path()
        ))),
    }
}

fn moment(path: &ReferencePath, input: &Document) -> Result<Timestamp, Failure> {
    at(path, input)?.as_str().and_then(crate::timestamp::parse).ok_or_else(|| {
        Failure::runtime(format!("The TimestampPath '{}' must give an RFC 3339 timestamp.", path.path()))
    })
}
