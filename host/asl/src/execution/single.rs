//! One state by itself: entered, given what its work came to, and left; no state after it is entered.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use types::Timestamp;

use super::Execution;
use super::stages::Stages;
use super::walk::Move;
use crate::context::Context;
use crate::data::Document;
use crate::failure::Failure;
use crate::frame::{Doing, FrameId};
use crate::machine::StateMachine;
use crate::recovery;
use crate::state::{Mode, StateIndex, StateName, Work};
use crate::variables::Variables;

/// The frame of the state.
const FRAME: FrameId = 0;

/// How a state was left.
#[derive(Debug, Clone, PartialEq)]
pub enum Left {
    /// Well.
    Well {
        /// The state that comes next; without one it ends its machine.
        next: Option<StateName>,
        /// What it hands on.
        output: Arc<Value>,
    },
    /// A Retrier takes the failure.
    Retrying {
        /// What is tried again after.
        failure: Failure,
        /// Which Retrier, from 0.
        retrier: usize,
        /// How long before the next try.
        delay: Duration,
    },
    /// A Catcher takes the failure.
    Caught {
        /// What is caught.
        failure: Failure,
        /// Which Catcher, from 0.
        catcher: usize,
        /// The state that comes next.
        next: StateName,
        /// What it hands on.
        output: Arc<Value>,
    },
    /// Nothing takes the failure.
    Failed(Failure),
}

/// What is around a state that is visited.
#[derive(Debug, Clone, Default)]
pub struct Around {
    /// The run that it would be in.
    pub context: Context,
    /// What the context object has instead of what follows from the run.
    pub covered: Option<Value>,
    /// What the reader of a distributed Map has read.
    pub items: Option<Arc<Value>>,
    /// The variables of its scope.
    pub variables: BTreeMap<Arc<str>, Value>,
    /// How often the Retrier that takes the failure has been used.
    pub retries: u32,
    /// When it is entered.
    pub now: Timestamp,
}

/// A visit of one state: it is entered, given what its work comes to, and left; no state after it is entered.
#[derive(Debug, Clone)]
pub struct Visit {
    run: Execution,
}

impl Visit {
    /// Stands before the state.
    ///
    /// # Errors
    ///
    /// The input is larger than a document may be.
    pub fn before(
        machine: &Arc<StateMachine>,
        state: &StateName,
        input: Value,
        around: Around,
    ) -> Result<Self, Failure> {
        let index = machine.states.iter().position(|one| one.name == *state).ok_or_else(nowhere)?;
        Ok(Self { run: Execution::before(machine, StateIndex(index), input, around)? })
    }

    /// What the state will make of its input, and of `result` after that. Changes nothing.
    pub fn stages(&self, result: Option<&Value>) -> Stages {
        self.run.stages(result)
    }

    /// Enters the state and leaves it. `answer` is what its work comes to, where it has any: a Task's, or that of the
    /// branches and iterations. A Wait is over at once.
    pub fn pass_through(&mut self, answer: Option<Result<Value, Failure>>) -> Left {
        self.run.pass_through(answer)
    }

    /// The variables of the state's scope, by name.
    pub fn variables(&self) -> Value {
        let variables = self.run.frames.get(FRAME).into_iter().flat_map(|frame| frame.variables.iter());
        Value::Object(variables.map(|(name, value)| (name.to_string(), Value::clone(value))).collect())
    }
}

/// What is said of a state's surroundings from outside.
#[derive(Debug, Clone, Default)]
pub(crate) struct Given {
    context: Option<Value>,
    pub(super) items: Option<Arc<Value>>,
}

impl Given {
    /// A document of the context object.
    pub(super) fn document(&self, pointer: &str) -> Option<&Value> {
        self.context.as_ref().and_then(|context| context.pointer(pointer))
    }

    /// Puts what was given over the context object that follows from the run.
    pub(super) fn cover(&self, context: &mut Value) {
        if let Some(given) = &self.context {
            cover(context, given);
        }
    }
}

fn cover(under: &mut Value, over: &Value) {
    match (under, over) {
        (Value::Object(under), Value::Object(over)) => {
            for (name, value) in over {
                cover(under.entry(name.as_str()).or_insert(Value::Null), value);
            }
        }
        (under, over) => *under = over.clone(),
    }
}

impl Execution {
    /// A run that stands before one state.
    fn before(machine: &Arc<StateMachine>, state: StateIndex, input: Value, around: Around) -> Result<Self, Failure> {
        let mut run = Self::new(Arc::clone(machine), around.context, around.now);
        let input = Document::new(Arc::new(input)).within(run.limit())?;
        run.input = Some(Arc::clone(&input.value));
        run.given = Some(Box::new(Given { context: around.covered, items: around.items }));
        run.open(None, state, input);
        if let Some(frame) = run.frames.get_mut(FRAME) {
            let variables = around.variables.into_iter();
            frame.variables =
                Variables::new(variables.map(|(name, value)| (name, Document::new(Arc::new(value)))).collect());
            let count = machine.at(state).and_then(|state| state.errand()).map_or(0, |errand| errand.retry.len());
            frame.tries.by_retrier = vec![around.retries; count];
        }
        Ok(run)
    }

    fn pass_through(&mut self, answer: Option<Result<Value, Failure>>) -> Left {
        let machine = Arc::clone(&self.machine);
        let Some((state, _)) = self.stand(&machine, FRAME) else { return Left::Failed(nowhere()) };
        let index = self.frames.get(FRAME).map(|frame| frame.state);
        let is_distributed = matches!(&state.work, Work::Map(map) if map.mode != Mode::Inline);
        // A distributed Map does not begin here; what comes before its children is tried out all the same.
        let begun = if is_distributed { self.before_items(&machine) } else { self.enter(&machine, FRAME) };
        self.ready.clear();
        let step = match begun {
            Move::Stay | Move::Complete(_) => {
                self.frames.remove_below(FRAME);
                let waits = self.frames.get(FRAME).is_some_and(|frame| matches!(frame.doing, Doing::Waiting(_)));
                match answer {
                    _ if waits => self.leave(&machine, FRAME),
                    Some(Ok(result)) => self.complete(&machine, FRAME, Arc::new(result)),
                    Some(Err(failure)) => Move::Fail(failure),
                    None => Move::Fail(nowhere()),
                }
            }
            step => step,
        };
        match step {
            Move::Go(next, output) => Left::Well { next: named(&machine, next), output: output.value },
            Move::End(output) => Left::Well { next: None, output: output.value },
            Move::Fail(failure) => self.failed(&machine, index, failure),
            Move::Enter | Move::Complete(_) | Move::Leave | Move::Stay => Left::Failed(nowhere()),
        }
    }

    fn failed(&mut self, machine: &StateMachine, state: Option<StateIndex>, failure: Failure) -> Left {
        let errand = state.and_then(|state| machine.at(state)).and_then(|state| state.errand());
        let retrier = errand
            .and_then(|errand| errand.retry.iter().position(|retrier| recovery::takes(&retrier.errors, &failure)));
        let catcher = errand
            .and_then(|errand| errand.catch.iter().position(|catcher| recovery::takes(&catcher.errors, &failure)));
        match self.recover(machine, FRAME, failure.clone()) {
            Ok(Move::Go(next, output)) => match named(machine, next) {
                Some(next) => {
                    Left::Caught { failure, catcher: catcher.unwrap_or_default(), next, output: output.value }
                }
                None => Left::Failed(failure),
            },
            Ok(_) => {
                let moment = match self.frames.get(FRAME).map(|frame| &frame.doing) {
                    Some(Doing::Retrying(moment)) => *moment,
                    _ => self.now,
                };
                Left::Retrying { failure, retrier: retrier.unwrap_or_default(), delay: moment.since(self.now) }
            }
            Err(failure) => Left::Failed(failure),
        }
    }
}

/// A state's name. Those that a checked machine leads to are there.
fn named(machine: &StateMachine, state: StateIndex) -> Option<StateName> {
    machine.at(state).map(|state| state.name.clone())
}

/// The state has work, and nobody has said what that comes to; or it is no state of the machine. Whoever asks has checked
/// it before.
fn nowhere() -> Failure {
    Failure::runtime("Nothing says what the work of this state comes to.")
}
