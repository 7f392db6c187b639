//! What has happened in an execution, as the events of Step Functions: a projection of the interpreter's steps.
//!
//! It is written beside each step and read by people and APIs; no execution goes on from it. What must be known to
//! number and link the next events is the [`Cursor`], which is kept with the frames.

mod cursor;
mod states;
mod tasks;

pub use cursor::{Attempt, Cursor, Inquiry};
pub use tasks::Request;

use std::collections::BTreeSet;
use std::sync::Arc;

use asl::{Outcome, StateKind, StateMachine};
use serde_json::{Map, Value, json};
use stepfunctions::Kind;
use types::Timestamp;

/// The most events of one execution. The last of them says that there were too many.
const EVENTS_MAX: u64 = 25_000;

/// The events of a step, before they are written.
#[derive(Debug)]
pub struct History {
    cursor: Cursor,
    machine: Arc<StateMachine>,
    region: String,
    /// The frames whose branches or children begin again.
    resumed: BTreeSet<u64>,
    events: Vec<Value>,
    /// Tasks whose tokens nobody may answer by any more.
    closed: Vec<u64>,
    /// Jobs whose ends nobody waits for any more.
    abandoned: Vec<(Attempt, Inquiry)>,
}

/// What the first event says of an execution.
pub fn start_details(input: &str, role_arn: &str) -> Value {
    json!({ "input": input, "inputDetails": { "truncated": false }, "roleArn": role_arn })
}

/// The first event of an execution, by itself: it is written with the execution.
pub fn started(at: Timestamp, details: &Value) -> String {
    let event = json!({
        "timestamp": at.as_micros(), "type": "ExecutionStarted", "id": 1, "previousEventId": 0,
        "executionStartedEventDetails": details,
    });
    Value::Array(vec![event]).to_string()
}

impl History {
    /// Goes on from where `cursor` stands, with the states of `machine` in `region`.
    pub fn new(machine: Arc<StateMachine>, region: String, cursor: Cursor) -> Self {
        let (resumed, events, closed, abandoned) = (BTreeSet::new(), Vec::new(), Vec::new(), Vec::new());
        Self { cursor, machine, region, resumed, events, closed, abandoned }
    }

    /// Where it stands.
    pub const fn cursor(&self) -> &Cursor {
        &self.cursor
    }

    /// The events since this was last asked, with the number of the first.
    pub fn take(&mut self) -> Option<(u64, String)> {
        let events = std::mem::take(&mut self.events);
        let first = (self.cursor.last + 1).checked_sub(u64::try_from(events.len()).ok()?)?;
        (!events.is_empty()).then(|| (first, Value::Array(events).to_string()))
    }

    /// Leaves out what is beyond the most events there may be, but for the one that says so; whether there is any.
    pub fn cut(&mut self) -> bool {
        let Some(over) = self.cursor.last.checked_sub(EVENTS_MAX - 1).filter(|over| *over > 0) else { return false };
        self.events.truncate(self.events.len().saturating_sub(usize::try_from(over).unwrap_or(usize::MAX)));
        self.cursor.last = EVENTS_MAX - 1;
        true
    }

    /// The execution is over.
    pub fn over(&mut self, at: Timestamp, outcome: &Outcome) {
        // Those of states that nothing but the end of the whole has ended.
        self.abort_map_runs(at, |_| true);
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

    /// The map runs of states that are given up are, too.
    fn abort_map_runs(&mut self, at: Timestamp, is_given_up: impl Fn(u64) -> bool) {
        let aborted = self.cursor.abort_map_runs(at, is_given_up);
        self.events.extend(aborted);
    }

    fn last_of(&self, frame: u64) -> u64 {
        self.cursor.frames.get(&frame).map_or(0, |standing| standing.last)
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
        let event = self.cursor.next(at, kind, from, details);
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
        Kind::MapRun => "MapRun",
        Kind::Task { .. } => "Task",
    }
}

fn lower(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}
