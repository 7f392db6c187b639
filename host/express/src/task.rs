//! The one way in which a workflow asks for work.

use std::borrow::Cow;
use std::sync::Arc;

use asl::{Step, Watch};
use serde_json::Value;

/// A piece of work that a state machine asks for.
#[derive(Debug, Clone)]
pub struct Task {
    /// The state that asks.
    pub state: asl::StateName,
    /// Where the state stands: see [`asl::Step::frame`].
    pub frame: u64,
    /// What it asks for, as its `Resource` says.
    pub resource: Arc<str>,
    /// The effective input. A result goes into the document without a copy when this is dropped before the answer.
    pub input: Arc<Value>,
    /// The same for all attempts of one visit of the state, and for no other within the run.
    pub invocation: u64,
    /// 1, and one more for each retry.
    pub attempt: u32,
}

/// A task failed in a way that the workflow may handle: by Retry, by Catch, or by ending.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error}: {cause}")]
pub struct TaskFailed {
    /// The error's name, which Retry and Catch match.
    pub error: Cow<'static, str>,
    /// More about it, for people.
    pub cause: String,
}

/// Does the work of tasks. It may watch the run, too.
pub trait Tasks: Send + Sync {
    /// How much of the run it wants to see; `None`: nothing.
    fn watch(&self) -> Option<Watch> {
        None
    }

    /// What has happened since it was told last, the oldest first. Told before any work that follows from it is asked
    /// for. It must not wait.
    fn saw(&self, steps: Vec<Step>) {
        drop(steps);
    }

    /// Does one task. Its future is dropped when the task has timed out or its branch is given up.
    fn perform(&self, task: Task) -> impl Future<Output = Result<Arc<Value>, TaskFailed>> + Send;
}
