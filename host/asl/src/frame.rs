//! Frames: where each machine and branch of a run stands, and what it waits for.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use types::Timestamp;

use crate::data::Document;
use crate::state::StateIndex;
use crate::variables::Variables;

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

/// A machine, a branch, or an iteration, at one of its states.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub(crate) id: FrameId,
    pub(crate) parent: Option<Parent>,
    pub(crate) state: StateIndex,
    pub(crate) entered_at: Timestamp,
    /// The raw input of the state.
    pub(crate) input: Document,
    pub(crate) tries: Tries,
    /// The variables of this frame's own scope.
    pub(crate) variables: Variables,
    pub(crate) doing: Doing,
}

/// Which branch or iteration of which frame's state a frame is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parent {
    pub(crate) frame: FrameId,
    /// The place of the branch, or of the item.
    pub(crate) branch: usize,
}

/// The retries of one visit of a state.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tries {
    /// Of all Retriers together.
    pub(crate) retries: u32,
    /// By Retrier; empty until the first retry.
    pub(crate) by_retrier: Vec<u32>,
    /// The try that the retries repeat; none until the first retry.
    pub(crate) first: Option<TaskId>,
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
    Mapping(Mapping),
}

/// A task that was asked for, or is about to be.
#[derive(Debug, Clone)]
pub(crate) struct Invoking {
    pub(crate) task: TaskId,
    /// The effective input, when it is not the raw one. (A second hold on the raw input would make every result be
    /// placed into a copy.)
    pub(crate) input: Option<Document>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) heartbeat: Option<Duration>,
    pub(crate) times_out_at: Option<Timestamp>,
    pub(crate) beats_until: Option<Timestamp>,
}

/// A Parallel or Map state whose branches or iterations run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Joining {
    pub(crate) results: Vec<Option<Arc<Value>>>,
    /// How many have no result, be they begun or not.
    pub(crate) open: usize,
    /// How much the results hold, in bytes of JSON text.
    pub(crate) bytes: usize,
}

/// A Map state whose iterations run.
#[derive(Debug, Clone)]
pub(crate) struct Mapping {
    pub(crate) joining: Joining,
    /// An array.
    pub(crate) items: Document,
    /// What `ItemSelector` is filled from; none where there is no such field.
    pub(crate) input: Option<Document>,
    /// The first item that has not begun.
    pub(crate) next: usize,
}

impl Joining {
    pub(crate) fn of(count: usize) -> Self {
        Self { results: vec![None; count], open: count, bytes: 0 }
    }

    /// Whether none has ended.
    pub(crate) const fn is_new(&self) -> bool {
        self.open == self.results.len()
    }
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
            Doing::Ready | Doing::Joining(_) | Doing::Mapping(_) => None,
        }
    }

    /// What its branches or iterations have come to.
    pub(crate) fn joining_mut(&mut self) -> Option<&mut Joining> {
        match &mut self.doing {
            Doing::Joining(joining) | Doing::Mapping(Mapping { joining, .. }) => Some(joining),
            _ => None,
        }
    }

    /// Whether it has branches or iterations.
    pub(crate) const fn joins(&self) -> bool {
        matches!(self.doing, Doing::Joining(_) | Doing::Mapping(_))
    }

    /// Every document that it holds, with a bound on its bytes.
    pub(crate) fn documents(&self) -> Vec<(*const Value, usize)> {
        let shared = |value: &Arc<Value>, bytes| (Arc::as_ptr(value), bytes);
        let mut held = vec![shared(&self.input.value, self.input.bytes()), (std::ptr::null(), self.variables.bytes())];
        match &self.doing {
            Doing::Ready | Doing::Waiting(_) | Doing::Retrying(_) => {}
            Doing::Invoking(invoking) => {
                held.extend(invoking.input.as_ref().map(|input| shared(&input.value, input.bytes())));
            }
            Doing::Joining(joining) => held.push((std::ptr::null(), joining.bytes)),
            Doing::Mapping(mapping) => {
                held.push((std::ptr::null(), mapping.joining.bytes));
                held.push(shared(&mapping.items.value, mapping.items.bytes()));
                held.extend(mapping.input.as_ref().map(|input| shared(&input.value, input.bytes())));
            }
        }
        held
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
        // Most runs have one frame at a time, and many of them wait for long: no room is kept for three more.
        if self.0.is_empty() {
            self.0.reserve_exact(1);
        }
        self.0.push(frame);
    }

    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Frame> {
        self.0.iter()
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) const fn len(&self) -> usize {
        self.0.len()
    }

    /// How much the variables of all frames hold, in bytes of JSON text.
    pub(crate) fn variable_bytes(&self) -> usize {
        self.0.iter().map(|frame| frame.variables.bytes()).fold(0, usize::saturating_add)
    }

    /// How much all documents hold, in bytes of JSON text; one that several frames share counts once.
    pub(crate) fn held_bytes(&self) -> usize {
        let mut seen = std::collections::HashSet::new();
        let documents = self.0.iter().flat_map(Frame::documents);
        let own = documents.filter(|(place, _)| place.is_null() || seen.insert(*place));
        own.map(|(_, bytes)| bytes).fold(0, usize::saturating_add)
    }

    /// Makes the sizes of all inputs exact.
    pub(crate) fn remeasure(&mut self) {
        for frame in &mut self.0 {
            frame.input = Document::new(Arc::clone(&frame.input.value));
        }
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
