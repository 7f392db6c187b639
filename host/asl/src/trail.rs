//! What a run has gone through, for whoever watches it: traces, histories, tests.

use std::sync::Arc;

use serde_json::Value;
use types::Timestamp;

use crate::frame::TaskId;
use crate::state::StateName;
use crate::variables::Assigned;

/// One thing that happened to one state.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// When.
    pub at: Timestamp,
    /// The machine itself is 0; each branch and each iteration has a number of its own within the run.
    pub frame: u64,
    /// The frame of the Parallel or Map state that it is a branch or an iteration of, and its place there.
    pub parent: Option<(u64, usize)>,
    /// The state.
    pub state: StateName,
    /// What happened to it.
    pub change: Change,
}

/// What happened to a state.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// It was entered, with this raw input.
    Entered(Arc<Value>),
    /// It asks for this task.
    Asked(TaskId),
    /// Its task was done, with this result.
    Done(TaskId, Arc<Value>),
    /// Its branches or iterations begin: so many there are of them.
    Spread(usize),
    /// All of them have ended.
    Joined,
    /// It was left, with this output. A failure that was caught leaves its state too.
    Left {
        /// What it hands on.
        output: Arc<Value>,
        /// The variables that it has set.
        assigned: Vec<(Arc<str>, Arc<Value>)>,
    },
    /// The branch, the iteration or the machine that it was the last state of has ended.
    Ended,
    /// It failed, whether or not that is retried or caught.
    Failed {
        /// The error's name.
        error: Option<String>,
        /// More about it, for people.
        cause: Option<String>,
    },
    /// The run was begun again after a failure, and so are those of its branches or iterations that had not ended.
    Resumed,
    /// It will be tried again at this moment.
    Retrying(Timestamp),
}

/// What has not been taken yet; `None` where nobody watches.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trail(Option<Watched>);

#[derive(Debug, Clone, Default)]
struct Watched {
    steps: Vec<Step>,
    /// What the state that is left next has set.
    assigned: Assigned,
}

impl Trail {
    pub(crate) const fn watched() -> Self {
        Self(Some(Watched { steps: Vec::new(), assigned: Vec::new() }))
    }

    pub(crate) const fn is_watched(&self) -> bool {
        self.0.is_some()
    }

    pub(crate) fn note(&mut self, step: Step) {
        if let Some(watched) = &mut self.0 {
            watched.steps.push(step);
        }
    }

    pub(crate) fn assigned(&mut self, assigned: &Assigned) {
        if let Some(watched) = &mut self.0 {
            watched.assigned.clone_from(assigned);
        }
    }

    pub(crate) fn take_assigned(&mut self) -> Vec<(Arc<str>, Arc<Value>)> {
        let assigned = self.0.as_mut().map(|watched| std::mem::take(&mut watched.assigned)).unwrap_or_default();
        assigned.into_iter().map(|(name, document)| (name, document.value)).collect()
    }

    pub(crate) fn take(&mut self) -> Vec<Step> {
        self.0.as_mut().map(|watched| std::mem::take(&mut watched.steps)).unwrap_or_default()
    }
}
