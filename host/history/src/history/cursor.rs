//! Where a history stands, and the events that are written while nobody runs the execution.

use std::collections::{BTreeMap, BTreeSet};

use asl::TaskId;
use serde_json::{Value, json};
use stepfunctions::Kind;
use types::Timestamp;

use super::{EVENTS_MAX, named};

/// Where a history stands. Kept as JSON with the frames of its execution.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
pub struct Cursor {
    /// The number of the last event.
    pub(super) last: u64,
    /// No event is earlier than the one before.
    pub(super) at: Timestamp,
    pub(super) frames: BTreeMap<u64, Standing>,
    pub(super) tasks: BTreeMap<u64, Asked>,
    /// The tasks of these that were handed over: now somebody else is to answer.
    pub(super) submitted: BTreeSet<u64>,
}

/// Where one branch of it stands.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
pub(super) struct Standing {
    /// The event that the next one follows from.
    pub(super) last: u64,
    pub(super) parent: Option<(u64, usize)>,
    /// The event with which its branches or iterations began.
    pub(super) spread: Option<u64>,
}

/// Who answers a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) enum Answer {
    /// Whoever does it.
    Worker,
    /// Somebody outside, by its token.
    Token,
    /// The children of a distributed Map.
    MapRun,
    /// An execution that it starts.
    Child,
}

/// A task that has been asked for and has no answer.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub(super) struct Asked {
    pub(super) frame: u64,
    pub(super) kind: Kind,
    pub(super) answer: Answer,
    /// What does it here, if that is in the books; it is not known of what a former version wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) attempt: Option<Attempt>,
    /// The questions after the job that it has started at a service, once that has taken it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) inquiry: Option<Inquiry>,
}

/// An attempt at a task, as far as books are told of it whatever becomes of it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Attempt {
    /// Without the suffix by which it waits for its token.
    pub resource: String,
    /// The same for all attempts of one visit of one state.
    pub invocation: u64,
    /// From 1.
    pub number: u32,
    /// When it was asked for.
    pub began: Timestamp,
}

/// Where the questions after a job stand that a service does.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Inquiry {
    /// By what the service knows the job.
    pub handle: Value,
    /// When it is asked next.
    pub ask_at: Timestamp,
    /// How often it has been asked.
    pub asked: u32,
    /// How often it has not answered since it last did.
    pub unheard: u32,
}

impl Cursor {
    /// Whether the task has been asked for, and has no answer.
    pub fn knows(&self, task: TaskId) -> bool {
        self.tasks.contains_key(&task.get())
    }

    /// Whether it starts an execution whose start has not been noted: the end of that one must wait for it.
    pub fn is_starting(&self, task: TaskId) -> bool {
        let of_child = self.tasks.get(&task.get()).is_some_and(|asked| asked.answer == Answer::Child);
        of_child && !self.is_submitted(task)
    }

    /// Whether it was handed over, and its end comes from elsewhere.
    pub fn is_submitted(&self, task: TaskId) -> bool {
        self.submitted.contains(&task.get())
    }

    /// What does a task, if that is in the books.
    pub fn attempt(&self, task: TaskId) -> Option<&Attempt> {
        self.tasks.get(&task.get())?.attempt.as_ref()
    }

    /// The jobs at services whose ends are waited for, by their tasks.
    pub fn inquiries(&self) -> impl Iterator<Item = (TaskId, &Attempt, &Inquiry)> {
        self.tasks
            .iter()
            .filter_map(|(task, asked)| Some((TaskId::new(*task), asked.attempt.as_ref()?, asked.inquiry.as_ref()?)))
    }

    /// The questions after the job of a task, if there is one whose end is waited for.
    pub fn inquiry(&self, task: TaskId) -> Option<&Inquiry> {
        self.tasks.get(&task.get())?.inquiry.as_ref()
    }

    /// The attempts that have not ended, by their tasks.
    pub fn attempts(&self) -> impl Iterator<Item = (TaskId, &Attempt)> {
        let open = self.tasks.iter().filter(|(task, _)| !self.submitted.contains(*task));
        open.filter_map(|(task, asked)| Some((TaskId::new(*task), asked.attempt.as_ref()?)))
    }

    /// After the first event.
    pub fn started(at: Timestamp) -> Self {
        // The first state follows from nothing, as in Step Functions.
        Self { last: 1, at, frames: BTreeMap::from([(0, Standing::default())]), ..Self::default() }
    }

    /// Reads what was kept.
    ///
    /// # Errors
    ///
    /// The text is no cursor.
    pub fn read(text: &str) -> serde_json::Result<Self> {
        serde_json::from_str(text)
    }

    /// As it is kept.
    ///
    /// # Errors
    ///
    /// None is known: its keys are numbers, its values plain.
    pub fn text(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }

    /// The number of the last event.
    pub const fn last(&self) -> u64 {
        self.last
    }

    /// The events that say that somebody has stopped the execution, as they are written.
    pub fn abort(&mut self, at: Timestamp, error: Option<&str>, cause: Option<&str>) -> String {
        self.end(at, "ExecutionAborted", ("executionAbortedEventDetails", named(error, cause)))
    }

    /// The events that say that the execution has failed by the host, as they are written.
    pub fn fail(&mut self, at: Timestamp, error: &str, cause: &str) -> String {
        self.end(at, "ExecutionFailed", ("executionFailedEventDetails", named(Some(error), Some(cause))))
    }

    /// The event that says that the execution is begun again, as it is written. What was asked for is forgotten.
    pub fn redrive(&mut self, at: Timestamp, redrives: u32) -> String {
        let details = json!({ "redriveCount": redrives });
        let event = self.next(at, "ExecutionRedriven", self.last, Some(("executionRedrivenEventDetails", details)));
        self.tasks.clear();
        self.submitted.clear();
        self.frames = BTreeMap::from([(0, Standing { last: self.last, ..Standing::default() })]);
        Value::Array(vec![event]).to_string()
    }

    /// The end that comes from outside, and before it what it ends.
    fn end(&mut self, at: Timestamp, kind: &str, details: (&str, Value)) -> String {
        let mut events = self.abort_map_runs(at, |_| true);
        let from = self.frames.get(&0).map_or(0, |standing| standing.last);
        events.push(self.next(at, kind, from, Some(details)));
        Value::Array(events).to_string()
    }

    /// The events that say that map runs are given up: those of the branches that `is_given_up` names. Whoever calls it
    /// forgets what they were asked for.
    pub(super) fn abort_map_runs(&mut self, at: Timestamp, is_given_up: impl Fn(u64) -> bool) -> Vec<Value> {
        let asked = self.tasks.values().filter(|asked| asked.kind == Kind::MapRun && is_given_up(asked.frame));
        // The last event of all that there may be is the one that ends the execution.
        let room = usize::try_from((EVENTS_MAX - 1).saturating_sub(self.last)).unwrap_or(usize::MAX);
        let frames: Vec<u64> = asked.map(|asked| asked.frame).take(room).collect();
        let mut events = Vec::with_capacity(frames.len());
        for frame in frames {
            let from = self.frames.get(&frame).map_or(0, |standing| standing.last);
            events.push(self.next(at, "MapRunAborted", from, None));
            let last = self.last;
            if let Some(standing) = self.frames.get_mut(&frame) {
                standing.last = last;
            }
        }
        events
    }

    /// The next event. No event is earlier than the one before.
    pub(super) fn next(&mut self, at: Timestamp, kind: &str, from: u64, details: Option<(&str, Value)>) -> Value {
        self.at = self.at.max(at);
        self.last += 1;
        let mut event = json!({
            "timestamp": self.at.as_micros(), "type": kind, "id": self.last, "previousEventId": from,
        });
        if let Some((key, details)) = details {
            event[key] = details;
        }
        event
    }
}
