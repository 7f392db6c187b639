//! One run of a state machine: frames that take events and ask for effects.
//!
//! A Parallel state opens a child frame for each branch, a Map one for each iteration that runs. `walk` goes on from an
//! event to the next effect, `enter` does what a state does when it is entered, `leave` what it does when its work is
//! done, `spread` opens and joins branches and iterations, `recover` is what follows a failure.

mod dispatch;
mod enter;
mod fail;
mod leave;
mod recover;
mod redrive;
mod single;
mod spread;
mod stages;
mod survey;
mod walk;

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use types::Timestamp;

use crate::context::Context;
use crate::data::Document;
use crate::failure::{Failure, HEARTBEAT_TIMEOUT, TIMEOUT};
use crate::frame::{Doing, Frame, FrameId, Frames, TaskId};
use crate::kind::MachineKind;
use crate::machine::StateMachine;
use crate::state::{Mode, StateName, Work};
use crate::trail::{Step, Trail, Watch};
use walk::Move;

pub use dispatch::{ItemFailed, MapItem};
pub(crate) use single::Given;
pub use single::{Around, Left, Visit};
pub use stages::Stages;

/// What must happen next. The caller performs it; this library only asks.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Do this piece of work, and answer with [`Event::Succeeded`] or [`Event::Failed`].
    Invoke {
        /// What the answer names.
        task: TaskId,
        /// The state that asks.
        state: StateName,
        /// Where it stands: see [`Step::frame`].
        frame: u64,
        /// `Resource`, as it is written.
        resource: Arc<str>,
        /// The effective input. Drop it before answering: then a result is put into the document without a copy.
        input: Arc<Value>,
        /// `TimeoutSeconds`. The run keeps it by itself, through [`Effect::WaitUntil`].
        timeout: Option<Duration>,
        /// `HeartbeatSeconds`, kept likewise.
        heartbeat: Option<Duration>,
        /// The first try of this visit of the state: the same for all its attempts, and for nothing else in the run.
        invocation: TaskId,
        /// 1, and one more for each retry of this visit of the state.
        attempt: u32,
    },
    /// Start an execution for each item of a distributed Map, and answer as to [`Effect::Invoke`].
    MapRun {
        /// What the answer names.
        task: TaskId,
        /// The Map.
        state: StateName,
        /// Where it stands: see [`Step::frame`].
        frame: u64,
        /// What its fields say, filled in: an object with `MaxConcurrency`, and `Items` where there is no `ItemReader`.
        request: Arc<Value>,
        /// What the children are.
        kind: MachineKind,
    },
    /// Send [`Event::Woke`] at this moment, the earliest for which the run waits. Takes the place of any before.
    WaitUntil(Timestamp),
    /// The run is over. Comes once, and nothing comes after it.
    Finished(Outcome),
}

/// What has happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A task is done.
    Succeeded {
        /// Which.
        task: TaskId,
        /// Its result.
        output: Arc<Value>,
    },
    /// A task has failed.
    Failed {
        /// Which.
        task: TaskId,
        /// The error's name; an empty one is `States.TaskFailed`. Cut at 256 characters.
        error: Cow<'static, str>,
        /// More about it, for people. Cut at 32,768 characters.
        cause: String,
    },
    /// A task still works.
    Heartbeat {
        /// Which.
        task: TaskId,
    },
    /// Time has passed. Too early does no harm.
    Woke,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// With this output.
    Succeeded(Arc<Value>),
    /// With an error that nothing caught. A Fail state may leave out either part.
    Failed {
        /// The error's name.
        error: Option<String>,
        /// More about it, for people.
        cause: Option<String>,
    },
    /// `TimeoutSeconds` of the machine ran out.
    TimedOut,
}

/// The event does not belong to the run as it stands, and has changed nothing; what was due at its moment has happened
/// all the same. It is never a guest's fault: a failing task is an [`Event`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// The run is over.
    #[error("the execution is over")]
    Over,
    /// The task was asked for, and is not waited for any more: it was answered, timed out, or its branch was given up.
    #[error("task {0} is not waited for any more")]
    Late(TaskId),
    /// The task was never asked for.
    #[error("task {0} was never asked for")]
    Unknown(TaskId),
}

/// One run of a [`StateMachine`]. Deterministic: the same events at the same moments always reach the same frames.
#[derive(Debug, Clone)]
pub struct Execution {
    pub(crate) machine: Arc<StateMachine>,
    pub(crate) context: Context,
    /// For `$$.Execution.Input`; kept only where a path reads the context object.
    pub(crate) input: Option<Arc<Value>>,
    pub(crate) now: Timestamp,
    pub(crate) deadline: Option<Timestamp>,
    pub(crate) frames: Frames,
    pub(crate) outcome: Option<Outcome>,
    /// Where a run that has failed stood then.
    pub(crate) left: Frames,
    pub(crate) next_frame: FrameId,
    pub(crate) next_task: u64,
    /// How many draws the run has made from its seed.
    pub(crate) draws: u64,
    /// Invocations that the caller has not been told, by frame. That frame may have gone on to another meanwhile.
    pub(crate) asked: VecDeque<(FrameId, TaskId)>,
    /// Branches to walk before control goes back to the caller.
    ready: VecDeque<FrameId>,
    announced: Option<Timestamp>,
    finish_told: bool,
    /// How many states the event at hand has entered.
    steps: u32,
    /// What the event at hand may still copy and search, in bytes.
    allowance: usize,
    trail: Trail,
    /// For a state that is tried out by itself.
    given: Option<Box<Given>>,
}

impl Execution {
    pub(crate) fn start(
        machine: Arc<StateMachine>,
        input: Arc<Value>,
        context: Context,
        (now, trail): (Timestamp, Trail),
    ) -> Self {
        let mut run = Self::new(machine, context, now);
        run.trail = trail;
        run.deadline = run.machine.timeout.map(|timeout| now.after(timeout));
        run.input = run.machine.reads_input.then(|| Arc::clone(&input));
        let Some(start) = run.machine.scopes.first().map(|scope| scope.start) else { return run };
        match Document::new(input).within(run.limit()) {
            Ok(input) => {
                run.open(None, start, input);
                run.walk(0, Move::Enter);
                run.check_held();
            }
            Err(failure) => run.end_failed(failure),
        }
        run
    }

    /// A run without frames, to be filled.
    pub(crate) fn new(machine: Arc<StateMachine>, context: Context, now: Timestamp) -> Self {
        Self {
            machine,
            context,
            input: None,
            now,
            deadline: None,
            frames: Frames::default(),
            outcome: None,
            left: Frames::default(),
            next_frame: 0,
            next_task: 1,
            draws: 0,
            asked: VecDeque::new(),
            ready: VecDeque::new(),
            announced: None,
            finish_told: false,
            steps: 0,
            allowance: 0,
            trail: Trail::default(),
            given: None,
        }
        .rested()
    }

    /// Ready for another event.
    fn rested(mut self) -> Self {
        self.rest();
        self
    }

    fn rest(&mut self) {
        self.steps = 0;
        self.allowance = self.limit().saturating_mul(survey::DOCUMENTS_PER_EVENT);
    }

    /// The next effect, or `None` while nothing is to be done before the next event.
    pub fn next_effect(&mut self) -> Option<Effect> {
        if let Some(outcome) = &self.outcome {
            if self.finish_told {
                return None;
            }
            self.finish_told = true;
            return Some(Effect::Finished(outcome.clone()));
        }
        while let Some((frame, task)) = self.asked.pop_front() {
            let frame = self.frames.get(frame).filter(|frame| frame.task() == Some(task));
            if let Some(invoke) = frame.and_then(|frame| self.invoke(frame)) {
                return Some(invoke);
            }
        }
        let due = self.frames.iter().filter_map(Frame::due_at).chain(self.deadline).min()?;
        if self.announced == Some(due) {
            return None;
        }
        self.announced = Some(due);
        Some(Effect::WaitUntil(due))
    }

    /// Takes one event that happened at `now`, and walks on through every state that needs no effect. A `now` before
    /// that of an earlier event counts as that earlier moment. What is due at `now` happens before the event.
    ///
    /// # Errors
    ///
    /// [`ApplyError`], for an event that does not belong to the run; it may be dropped. A late answer is normal where
    /// branches are given up or tasks time out.
    pub fn apply(&mut self, event: Event, now: Timestamp) -> Result<(), ApplyError> {
        if self.outcome.is_some() {
            return Err(ApplyError::Over);
        }
        self.now = self.now.max(now);
        self.rest();
        self.wake();
        let task = match &event {
            Event::Succeeded { task, .. } | Event::Failed { task, .. } | Event::Heartbeat { task } => *task,
            Event::Woke => {
                self.announced = None;
                self.check_held();
                return Ok(());
            }
        };
        let Some(frame) = self.frames.of_task(task).map(|frame| frame.id) else {
            let known = task.get() > 0 && task.get() < self.next_task;
            return Err(if known { ApplyError::Late(task) } else { ApplyError::Unknown(task) });
        };
        match event {
            Event::Succeeded { output, .. } => self.walk(frame, Move::Complete(output)),
            Event::Failed { error, cause, .. } => self.walk(frame, Move::Fail(Failure::of_task(error, cause))),
            Event::Heartbeat { .. } => self.beat(frame),
            Event::Woke => {}
        }
        self.check_held();
        Ok(())
    }

    /// What has happened to its states since this was last asked, oldest first. Nothing for a run that is not watched.
    pub fn take_steps(&mut self) -> Vec<Step> {
        self.trail.take()
    }

    /// The same run, of which so much is watched from now on.
    #[must_use]
    pub fn watched(mut self, watch: Watch) -> Self {
        self.trail = Trail::watched(watch);
        self
    }

    /// How the run ended, once it has.
    pub const fn outcome(&self) -> Option<&Outcome> {
        self.outcome.as_ref()
    }

    /// Whether an answer for this task is still waited for.
    pub fn is_live(&self, task: TaskId) -> bool {
        self.frames.of_task(task).is_some()
    }

    /// What the run knows about itself, as it was when it began.
    pub const fn context(&self) -> &Context {
        &self.context
    }

    /// The machine that runs.
    pub const fn machine(&self) -> &Arc<StateMachine> {
        &self.machine
    }

    /// Does everything that is due.
    fn wake(&mut self) {
        if self.deadline.is_some_and(|deadline| deadline <= self.now) {
            self.end(Outcome::TimedOut);
            return;
        }
        // What is walked into now becomes due after `now`, or went on at once; but a retry may come back at `now`.
        let due: Vec<FrameId> = self
            .frames
            .iter()
            .filter(|frame| frame.due_at().is_some_and(|due| due <= self.now))
            .map(|frame| frame.id)
            .collect();
        for id in due {
            let Some(frame) = self.frames.get(id) else { continue };
            let step = match &frame.doing {
                Doing::Waiting(moment) if *moment <= self.now => Move::Leave,
                Doing::Retrying(moment) if *moment <= self.now => Move::Enter,
                Doing::Invoking(invoking) if invoking.times_out_at.is_some_and(|due| due <= self.now) => {
                    Move::Fail(Failure::named(TIMEOUT))
                }
                Doing::Invoking(invoking) if invoking.beats_until.is_some_and(|due| due <= self.now) => {
                    Move::Fail(Failure::named(HEARTBEAT_TIMEOUT))
                }
                _ => continue,
            };
            self.walk(id, step);
        }
    }

    fn beat(&mut self, id: FrameId) {
        let now = self.now;
        if let Some(Doing::Invoking(invoking)) = self.frames.get_mut(id).map(|frame| &mut frame.doing) {
            invoking.beats_until = invoking.heartbeat.map(|heartbeat| now.after(heartbeat));
        }
    }

    fn invoke(&self, frame: &Frame) -> Option<Effect> {
        let Doing::Invoking(invoking) = &frame.doing else { return None };
        let state = self.machine.at(frame.state)?;
        let task = match &state.work {
            Work::Task(task) => task,
            Work::Map(map) => {
                let Mode::Distributed(kind) = map.mode else { return None };
                let request = Arc::clone(&invoking.input.as_ref()?.value);
                let (task, state) = (invoking.task, state.name.clone());
                return Some(Effect::MapRun { task, state, frame: frame.id, request, kind });
            }
            _ => return None,
        };
        Some(Effect::Invoke {
            task: invoking.task,
            state: state.name.clone(),
            frame: frame.id,
            resource: Arc::clone(&task.resource),
            input: Arc::clone(&invoking.input.as_ref().unwrap_or(&frame.input).value),
            timeout: invoking.timeout,
            heartbeat: invoking.heartbeat,
            invocation: frame.tries.first.unwrap_or(invoking.task),
            attempt: frame.tries.retries.saturating_add(1),
        })
    }

    fn end_failed(&mut self, failure: Failure) {
        let error = failure.error.map(Cow::into_owned);
        self.end(Outcome::Failed { error, cause: failure.cause });
    }

    fn end(&mut self, outcome: Outcome) {
        let frames = std::mem::take(&mut self.frames);
        if !matches!(outcome, Outcome::Succeeded(_)) {
            self.left = frames;
        }
        self.asked.clear();
        self.ready.clear();
        self.outcome = Some(outcome);
    }

    fn limit(&self) -> usize {
        self.context.document_bytes_max.to_usize()
    }
}
