//! What has happened in an execution, as the events of Step Functions: a projection of the interpreter's steps.
//!
//! It is written beside each step and read by people and APIs; no execution goes on from it. What must be known to
//! number and link the next events is the [`Cursor`], which is kept with the frames.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use asl::{Change, Outcome, QueryLanguage, StateKind, StateMachine, Step, TaskId};
use serde_json::{Map, Value, json};
use types::Timestamp;

use crate::integration::{Errand, Kind, Until};

/// The most events of one execution. The last of them says that there were too many.
pub(crate) const EVENTS_MAX: u64 = 25_000;

/// Where a history stands. Kept as JSON with the frames of its execution.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct Cursor {
    /// The number of the last event.
    last: u64,
    /// No event is earlier than the one before.
    at: Timestamp,
    frames: BTreeMap<u64, Standing>,
    tasks: BTreeMap<u64, Asked>,
    /// The tasks of these that were handed over: now somebody else is to answer.
    submitted: BTreeSet<u64>,
}

/// Where one branch of it stands.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
struct Standing {
    /// The event that the next one follows from.
    last: u64,
    parent: Option<(u64, usize)>,
    /// The event with which its branches or iterations began.
    spread: Option<u64>,
}

/// Who answers a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
enum Answer {
    /// Whoever does it.
    Worker,
    /// Somebody outside, by its token.
    Token,
    /// An execution that it starts.
    Child,
}

/// A task that has been asked for and has no answer.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub(crate) struct Asked {
    frame: u64,
    kind: Kind,
    answer: Answer,
}

/// The events of a step, before they are written.
#[derive(Debug)]
pub(crate) struct History {
    pub(crate) cursor: Cursor,
    machine: Arc<StateMachine>,
    region: String,
    events: Vec<Value>,
    /// Tasks whose tokens nobody may answer by any more.
    closed: Vec<u64>,
}

/// What is asked for, as an event says it.
pub(crate) struct Request<'r> {
    pub(crate) task: TaskId,
    pub(crate) resource: &'r str,
    pub(crate) input: &'r Value,
    pub(crate) timeout: Option<Duration>,
    pub(crate) heartbeat: Option<Duration>,
}

/// What the first event says of an execution.
pub(crate) fn start_details(input: &str, role_arn: &str) -> Value {
    json!({ "input": input, "inputDetails": { "truncated": false }, "roleArn": role_arn })
}

/// The first event of an execution, by itself: it is written with the execution.
pub(crate) fn started(at: Timestamp, details: &Value) -> String {
    let event = json!({
        "timestamp": at.as_micros(), "type": "ExecutionStarted", "id": 1, "previousEventId": 0,
        "executionStartedEventDetails": details,
    });
    Value::Array(vec![event]).to_string()
}

impl Cursor {
    /// Whether the task has been asked for, and has no answer.
    pub(crate) fn knows(&self, task: TaskId) -> bool {
        self.tasks.contains_key(&task.get())
    }

    /// Whether it starts an execution whose start has not been noted: the end of that one must wait for it.
    pub(crate) fn is_starting(&self, task: TaskId) -> bool {
        let of_child = self.tasks.get(&task.get()).is_some_and(|asked| asked.answer == Answer::Child);
        of_child && !self.is_submitted(task)
    }

    /// Whether nothing is left to do for it here.
    pub(crate) fn is_submitted(&self, task: TaskId) -> bool {
        self.submitted.contains(&task.get())
    }

    /// After the first event.
    pub(crate) fn started(at: Timestamp) -> Self {
        // The first state follows from nothing, as in Step Functions.
        Self { last: 1, at, frames: BTreeMap::from([(0, Standing::default())]), ..Self::default() }
    }
}

impl History {
    pub(crate) fn new(machine: Arc<StateMachine>, region: String, cursor: Cursor) -> Self {
        Self { cursor, machine, region, events: Vec::new(), closed: Vec::new() }
    }

    /// The events since this was last asked, with the number of the first.
    pub(crate) fn take(&mut self) -> Option<(u64, String)> {
        let events = std::mem::take(&mut self.events);
        let first = (self.cursor.last + 1).checked_sub(u64::try_from(events.len()).ok()?)?;
        (!events.is_empty()).then(|| (first, Value::Array(events).to_string()))
    }

    /// Leaves out what is beyond the most events there may be, but for the one that says so; whether there is any.
    pub(crate) fn cut(&mut self) -> bool {
        let Some(over) = self.cursor.last.checked_sub(EVENTS_MAX - 1).filter(|over| *over > 0) else { return false };
        self.events.truncate(self.events.len().saturating_sub(usize::try_from(over).unwrap_or(usize::MAX)));
        self.cursor.last = EVENTS_MAX - 1;
        true
    }

    /// One step of the interpreter.
    pub(crate) fn step(&mut self, step: &Step) {
        let Some(state) = self.machine.state(step.state.as_str()) else { return };
        let (at, frame, name) = (step.at, step.frame, step.state.as_str());
        let kind = word(state.kind());
        match &step.change {
            Change::Entered(input) => {
                if !self.cursor.frames.contains_key(&frame) {
                    self.begun(step);
                }
                let details = json!({ "name": name, "input": input.to_string(), "inputDetails": whole() });
                self.follow(frame, at, &format!("{kind}StateEntered"), Some(("stateEnteredEventDetails", details)));
            }
            Change::Retrying(_) => {}
            Change::Done(task, output) => self.done(at, *task, output),
            Change::Spread(count) => {
                let details = (state.kind() == StateKind::Map)
                    .then(|| ("mapStateStartedEventDetails", json!({ "length": count })));
                let id = self.follow(frame, at, &format!("{kind}StateStarted"), details);
                if let Some(standing) = self.cursor.frames.get_mut(&frame) {
                    standing.spread = Some(id);
                }
            }
            Change::Joined => {
                if state.kind() == StateKind::Map && self.spread_of(frame).is_none() {
                    let details = ("mapStateStartedEventDetails", json!({ "length": 0 }));
                    self.follow(frame, at, "MapStateStarted", Some(details));
                }
                self.follow(frame, at, &format!("{kind}StateSucceeded"), None);
                self.gather(frame);
            }
            Change::Left { output, assigned } => {
                let mut details = json!({ "name": name, "output": output.to_string(), "outputDetails": whole() });
                if !assigned.is_empty() {
                    let values: Map<String, Value> = assigned
                        .iter()
                        .map(|(name, value)| (name.to_string(), Value::String(value.to_string())))
                        .collect();
                    details["assignedVariables"] = Value::Object(values);
                    details["assignedVariablesDetails"] = whole();
                }
                self.follow(frame, at, &format!("{kind}StateExited"), Some(("stateExitedEventDetails", details)));
            }
            Change::Ended => self.ended(step),
            Change::Failed { error, cause } => self.failed(step, (error.as_deref(), cause.as_deref())),
        }
    }

    /// A task is asked for, and begun by whoever does it.
    pub(crate) fn asked(&mut self, at: Timestamp, frame: u64, request: &Request<'_>) {
        let kind = Kind::of(request.resource);
        let mut details = match &kind {
            Kind::Lambda | Kind::Activity => {
                json!({ "resource": request.resource, "input": request.input.to_string(), "inputDetails": whole() })
            }
            Kind::Task { service, action } => json!({
                "resourceType": service, "resource": action, "region": self.region,
                "parameters": request.input.to_string(),
            }),
        };
        if let Some(timeout) = request.timeout {
            details["timeoutInSeconds"] = json!(timeout.as_secs());
        }
        if let Some(heartbeat) = request.heartbeat.filter(|_| kind != Kind::Lambda) {
            details["heartbeatInSeconds"] = json!(heartbeat.as_secs());
        }
        let word = prefix(&kind);
        let key = format!("{}ScheduledEventDetails", lower(word));
        self.follow(frame, at, &format!("{word}Scheduled"), Some((&key, details)));
        let started = match &kind {
            Kind::Activity => None,
            Kind::Lambda => Some(None),
            Kind::Task { service, action } => {
                Some(Some(("taskStartedEventDetails", json!({ "resourceType": service, "resource": action }))))
            }
        };
        if let Some(details) = started {
            self.follow(frame, at, &format!("{word}Started"), details);
        }
        let answer = match Errand::of(request.resource) {
            Errand::Start(Until::Ended | Until::EndedParsed) => Answer::Child,
            Errand::Activity | Errand::WorkThenToken | Errand::Start(Until::Token) => Answer::Token,
            Errand::Work | Errand::Start(Until::Started) => Answer::Worker,
        };
        self.cursor.tasks.insert(request.task.get(), Asked { frame, kind, answer });
    }

    /// Forgets the tasks that are not live any more, and names those whose tokens are void since this was last asked.
    pub(crate) fn forget(&mut self, is_live: impl Fn(TaskId) -> bool) -> Vec<u64> {
        self.close_where(|task, _| !is_live(TaskId::new(task)));
        std::mem::take(&mut self.closed)
    }

    fn close_where(&mut self, over: impl Fn(u64, &Asked) -> bool) {
        let (closed, submitted) = (&mut self.closed, &mut self.cursor.submitted);
        self.cursor.tasks.retain(|task, asked| {
            let goes = over(*task, asked);
            if goes && asked.answer == Answer::Token {
                closed.push(*task);
            }
            if goes {
                submitted.remove(task);
            }
            !goes
        });
    }

    /// A worker has taken up an activity.
    pub(crate) fn taken_up(&mut self, at: Timestamp, task: TaskId, worker: Option<&str>) {
        let Some(frame) = self.cursor.tasks.get(&task.get()).map(|asked| asked.frame) else { return };
        let details = worker.map_or_else(|| json!({}), |worker| json!({ "workerName": worker }));
        self.follow(frame, at, "ActivityStarted", Some(("activityStartedEventDetails", details)));
    }

    /// A task was handed over; its answer comes from elsewhere. `output` is what the handing over came to.
    pub(crate) fn submitted(&mut self, at: Timestamp, task: TaskId, output: &Value) {
        let Some(asked) = self.cursor.tasks.get(&task.get()) else { return };
        self.cursor.submitted.insert(task.get());
        let Kind::Task { service, action } = &asked.kind else { return };
        let details = json!({
            "resourceType": service, "resource": action, "output": output.to_string(), "outputDetails": whole(),
        });
        let frame = asked.frame;
        self.follow(frame, at, "TaskSubmitted", Some(("taskSubmittedEventDetails", details)));
    }

    /// The execution is over.
    pub(crate) fn over(&mut self, at: Timestamp, outcome: &Outcome) {
        let from = self.last_of(0);
        match outcome {
            Outcome::Succeeded(output) => {
                let details = json!({ "output": output.to_string(), "outputDetails": whole() });
                self.push(at, "ExecutionSucceeded", from, Some(("executionSucceededEventDetails", details)));
            }
            Outcome::Failed { error, cause } => {
                let details = named(error.as_deref(), cause.as_deref());
                self.push(at, "ExecutionFailed", from, Some(("executionFailedEventDetails", details)));
            }
            Outcome::TimedOut => {
                self.push(at, "ExecutionTimedOut", from, Some(("executionTimedOutEventDetails", json!({}))));
            }
        }
    }

    /// The event that says that somebody has stopped it, with its number.
    pub(crate) fn aborted(
        mut cursor: Cursor,
        at: Timestamp,
        error: Option<&str>,
        cause: Option<&str>,
    ) -> (u64, String) {
        cursor.last += 1;
        let from = cursor.frames.get(&0).map_or(0, |standing| standing.last);
        let event = json!({
            "timestamp": cursor.at.max(at).as_micros(), "type": "ExecutionAborted", "id": cursor.last,
            "previousEventId": from, "executionAbortedEventDetails": named(error, cause),
        });
        (cursor.last, Value::Array(vec![event]).to_string())
    }

    /// A branch or an iteration begins.
    fn begun(&mut self, step: &Step) {
        let mut standing = Standing { parent: step.parent, ..Standing::default() };
        if let Some((above, index)) = step.parent {
            standing.last = self.spread_of(above).unwrap_or_else(|| self.last_of(above));
            if let Some(name) = self.map_around(step) {
                let details = ("mapIterationStartedEventDetails", json!({ "name": name, "index": index }));
                standing.last = self.push(step.at, "MapIterationStarted", standing.last, Some(details));
            }
        }
        self.cursor.frames.insert(step.frame, standing);
    }

    /// The Map state that the step's state is directly inside of.
    fn map_around(&self, step: &Step) -> Option<String> {
        let around = self.machine.state(step.state.as_str())?.parent()?;
        (around.kind() == StateKind::Map).then(|| around.name().as_str().to_owned())
    }

    fn ended(&mut self, step: &Step) {
        let Some((above, index)) = step.parent else { return };
        let mut last = self.last_of(step.frame);
        if let Some(name) = self.map_around(step) {
            let details = ("mapIterationSucceededEventDetails", json!({ "name": name, "index": index }));
            last = self.push(step.at, "MapIterationSucceeded", last, Some(details));
        }
        self.cursor.frames.remove(&step.frame);
        // What follows the last of them follows from it.
        if let Some(above) = self.cursor.frames.get_mut(&above) {
            above.last = last;
        }
    }

    fn failed(&mut self, step: &Step, (error, cause): (Option<&str>, Option<&str>)) {
        let (at, frame) = (step.at, step.frame);
        let Some(state) = self.machine.state(step.state.as_str()) else { return };
        let kind = state.kind();
        let open = self.cursor.tasks.iter().find(|(_, asked)| asked.frame == frame).map(|(task, _)| *task);
        if let Some(asked) = open.and_then(|task| self.cursor.tasks.get(&task)).cloned() {
            self.close_where(|task, _| Some(task) == open);
            let late = matches!(error, Some("States.Timeout" | "States.HeartbeatTimeout"));
            let mut details = named(error, cause);
            if let Kind::Task { service, action } = &asked.kind {
                details["resourceType"] = json!(service);
                details["resource"] = json!(action);
            }
            let word = prefix(&asked.kind);
            let end = if late { "TimedOut" } else { "Failed" };
            let key = format!("{}{end}EventDetails", lower(word));
            self.follow(frame, at, &format!("{word}{end}"), Some((&key, details)));
        } else if self.spread_of(frame).is_some() {
            self.given_up(step, kind);
        } else if kind != StateKind::Fail && state.language() == QueryLanguage::Jsonata {
            let details = json!({
                "error": error.unwrap_or_default(), "cause": cause.unwrap_or_default(), "state": step.state.as_str(),
            });
            self.follow(frame, at, "EvaluationFailed", Some(("evaluationFailedEventDetails", details)));
        }
    }

    /// A Parallel or Map state fails with one of its branches; the others are given up.
    fn given_up(&mut self, step: &Step, kind: StateKind) {
        let (at, frame) = (step.at, step.frame);
        let below: Vec<u64> = self
            .cursor
            .frames
            .iter()
            .filter(|(_, one)| one.parent.is_some_and(|(above, _)| above == frame))
            .map(|(id, _)| *id)
            .collect();
        let mut last = self.last_of(frame);
        // The one whose events came last is the one that has failed.
        let failing = below.iter().max_by_key(|id| self.last_of(**id)).copied();
        let ordered = failing.into_iter().chain(below.iter().copied().filter(|id| Some(*id) != failing));
        for id in ordered.collect::<Vec<_>>() {
            let index = self.cursor.frames.get(&id).and_then(|one| one.parent).map_or(0, |(_, index)| index);
            let from = self.last_of(id);
            if kind == StateKind::Map {
                let end = if Some(id) == failing { "Failed" } else { "Aborted" };
                let key = format!("mapIteration{end}EventDetails");
                let details = json!({ "name": step.state.as_str(), "index": index });
                let event = self.push(at, &format!("MapIteration{end}"), from, Some((&key, details)));
                if Some(id) == failing {
                    last = event;
                }
            } else if Some(id) == failing {
                last = from;
            }
        }
        if let Some(standing) = self.cursor.frames.get_mut(&frame) {
            standing.last = last;
        }
        let word = word(kind);
        self.follow(frame, at, &format!("{word}StateFailed"), None);
        self.gather(frame);
    }

    /// Forgets everything below a frame, and what it asked for.
    fn gather(&mut self, frame: u64) {
        let mut gone = vec![frame];
        // A child is younger than its parent: one pass finds all.
        for (id, one) in &self.cursor.frames {
            if one.parent.is_some_and(|(above, _)| gone.contains(&above)) {
                gone.push(*id);
            }
        }
        gone.retain(|id| *id != frame);
        self.cursor.frames.retain(|id, _| !gone.contains(id));
        self.close_where(|_, asked| gone.contains(&asked.frame));
        if let Some(standing) = self.cursor.frames.get_mut(&frame) {
            standing.spread = None;
        }
    }

    fn done(&mut self, at: Timestamp, task: TaskId, output: &Value) {
        let Some(asked) = self.cursor.tasks.remove(&task.get()) else { return };
        self.cursor.submitted.remove(&task.get());
        let mut details = json!({ "output": output.to_string(), "outputDetails": whole() });
        if let Kind::Task { service, action } = &asked.kind {
            details["resourceType"] = json!(service);
            details["resource"] = json!(action);
        }
        let word = prefix(&asked.kind);
        let key = format!("{}SucceededEventDetails", lower(word));
        self.follow(asked.frame, at, &format!("{word}Succeeded"), Some((&key, details)));
    }

    fn last_of(&self, frame: u64) -> u64 {
        self.cursor.frames.get(&frame).map_or(0, |standing| standing.last)
    }

    fn spread_of(&self, frame: u64) -> Option<u64> {
        self.cursor.frames.get(&frame).and_then(|standing| standing.spread)
    }

    /// The next event of a branch.
    fn follow(&mut self, frame: u64, at: Timestamp, kind: &str, details: Option<(&str, Value)>) -> u64 {
        let id = self.push(at, kind, self.last_of(frame), details);
        if let Some(standing) = self.cursor.frames.get_mut(&frame) {
            standing.last = id;
        }
        id
    }

    fn push(&mut self, at: Timestamp, kind: &str, from: u64, details: Option<(&str, Value)>) -> u64 {
        self.cursor.at = self.cursor.at.max(at);
        self.cursor.last += 1;
        let mut event = json!({
            "timestamp": self.cursor.at.as_micros(), "type": kind, "id": self.cursor.last, "previousEventId": from,
        });
        if let Some((key, details)) = details {
            event[key] = details;
        }
        self.events.push(event);
        self.cursor.last
    }
}

/// No text of an event is ever cut.
fn whole() -> Value {
    json!({ "truncated": false })
}

fn named(error: Option<&str>, cause: Option<&str>) -> Value {
    let members = [("error", error), ("cause", cause)];
    members.into_iter().filter_map(|(name, text)| Some((name.to_owned(), json!(text?)))).collect::<Map<_, _>>().into()
}

const fn word(kind: StateKind) -> &'static str {
    match kind {
        StateKind::Task => "Task",
        StateKind::Pass => "Pass",
        StateKind::Choice => "Choice",
        StateKind::Wait => "Wait",
        StateKind::Parallel => "Parallel",
        StateKind::Map => "Map",
        StateKind::Succeed => "Succeed",
        StateKind::Fail => "Fail",
    }
}

const fn prefix(kind: &Kind) -> &'static str {
    match kind {
        Kind::Lambda => "LambdaFunction",
        Kind::Activity => "Activity",
        Kind::Task { .. } => "Task",
    }
}

fn lower(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}
