//! What a run has gone through, for whoever watches it: traces, histories, tests.

use std::sync::Arc;

use serde_json::Value;
use types::Timestamp;

use crate::state::StateName;

/// One thing that happened to one state.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// When.
    pub at: Timestamp,
    /// The machine itself is 0; each branch and each iteration has a number of its own within the run.
    pub frame: u64,
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
    /// It was left, with this output. A failure that was caught leaves its state too.
    Left(Arc<Value>),
    /// It failed, whether or not that is retried or caught.
    Failed {
        /// The error's name.
        error: Option<String>,
        /// More about it, for people.
        cause: Option<String>,
    },
    /// It will be tried again at this moment.
    Retrying(Timestamp),
}

/// What has not been taken yet; `None` where nobody watches.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trail(Option<Vec<Step>>);

impl Trail {
    pub(crate) const fn watched() -> Self {
        Self(Some(Vec::new()))
    }

    pub(crate) const fn is_watched(&self) -> bool {
        self.0.is_some()
    }

    pub(crate) fn note(&mut self, step: Step) {
        if let Some(steps) = &mut self.0 {
            steps.push(step);
        }
    }

    pub(crate) fn take(&mut self) -> Vec<Step> {
        self.0.as_mut().map(std::mem::take).unwrap_or_default()
    }
}
