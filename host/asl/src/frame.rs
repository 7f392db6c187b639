//! Frames: where each machine and branch of a run stands, and what it waits for.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use types::Timestamp;

use crate::data::Document;
use crate::state::StateIndex;

/// One try of one Task state within its execution. Counted from 1; the same after a run is resumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct TaskId(u64);

impl TaskId {
    /// The task with this number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Counted from 0, the machine's own frame. A child is always younger than its parent.
pub(crate) type FrameId = u64;

/// A machine, or a branch, at one of its states.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub(crate) id: FrameId,
    pub(crate) parent: Option<Parent>,
    pub(crate) state: StateIndex,
    pub(crate) entered_at: Timestamp,
    /// The raw input of the state.
    pub(crate) input: Document,
    pub(crate) tries: Tries,
    pub(crate) doing: Doing,
}

/// Which branch of which frame's Parallel state a frame is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parent {
    pub(crate) frame: FrameId,
    pub(crate) branch: usize,
}

/// The retries of one visit of a state.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tries {
    /// Of all Retriers together.
    pub(crate) retries: u32,
    /// By Retrier; empty until the first retry.
    pub(crate) by_retrier: Vec<u32>,
}

/// What a frame waits for. Between two events no frame is `Ready`.
#[derive(Debug, Clone)]
pub(crate) enum Doing {
    Ready,
    Invoking(Invoking),
    /// A Wait state, until this moment.
    Waiting(Timestamp),
    /// Before the next try, until this moment.
    Retrying(Timestamp),
    Joining(Joining),
}

/// A task that was asked for, or is about to be.
#[derive(Debug, Clone)]
pub(crate) struct Invoking {
    pub(crate) task: TaskId,
    /// The effective input, when it is not the raw one. (A second hold on the raw input would make every result be
    /// placed into a copy.)
    pub(crate) input: Option<Arc<Value>>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) heartbeat: Option<Duration>,
    pub(crate) times_out_at: Option<Timestamp>,
    pub(crate) beats_until: Option<Timestamp>,
}

/// A Parallel state whose branches run.
#[derive(Debug, Clone)]
pub(crate) struct Joining {
    pub(crate) results: Vec<Option<Arc<Value>>>,
    pub(crate) open: usize,
}

impl Frame {
    /// When this frame has to be woken, if nothing comes before.
    pub(crate) fn due_at(&self) -> Option<Timestamp> {
        match &self.doing {
            Doing::Waiting(moment) | Doing::Retrying(moment) => Some(*moment),
            Doing::Invoking(invoking) => match (invoking.times_out_at, invoking.beats_until) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            },
            Doing::Ready | Doing::Joining(_) => None,
        }
    }

    pub(crate) fn task(&self) -> Option<TaskId> {
        match &self.doing {
            Doing::Invoking(invoking) => Some(invoking.task),
            _ => None,
        }
    }
}

/// The frames of a run, oldest first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Frames(Vec<Frame>);

impl Frames {
    pub(crate) const fn new(frames: Vec<Frame>) -> Self {
        Self(frames)
    }

    pub(crate) fn push(&mut self, frame: Frame) {
        self.0.push(frame);
    }

    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Frame> {
        self.0.iter()
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn get(&self, id: FrameId) -> Option<&Frame> {
        self.place(id).and_then(|place| self.0.get(place))
    }

    pub(crate) fn get_mut(&mut self, id: FrameId) -> Option<&mut Frame> {
        self.place(id).and_then(|place| self.0.get_mut(place))
    }

    pub(crate) fn remove(&mut self, id: FrameId) -> Option<Frame> {
        self.place(id).map(|place| self.0.remove(place))
    }

    pub(crate) fn of_task(&self, task: TaskId) -> Option<&Frame> {
        self.0.iter().find(|frame| frame.task() == Some(task))
    }

    /// Removes every frame below `ancestor`.
    pub(crate) fn remove_below(&mut self, ancestor: FrameId) {
        let mut gone = vec![ancestor];
        self.0.retain(|frame| {
            // Ids grow, and a parent stands before its children: `gone` is sorted and complete.
            let goes = frame.parent.is_some_and(|parent| gone.binary_search(&parent.frame).is_ok());
            if goes {
                gone.push(frame.id);
            }
            !goes
        });
    }

    fn place(&self, id: FrameId) -> Option<usize> {
        match self.0.as_slice() {
            [only] => (only.id == id).then_some(0),
            frames => frames.binary_search_by_key(&id, |frame| frame.id).ok(),
        }
    }
}
