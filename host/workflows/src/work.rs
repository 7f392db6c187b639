//! What the room asks others to do.

use std::pin::Pin;
use std::sync::Arc;

use express::{Task, TaskFailed};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

/// Whose execution it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The id of the organisation.
    pub organisation: types::OrganisationId,
    /// Its number in ARNs, 12 digits.
    pub account: String,
}

/// A task of an execution that the control plane has started.
#[derive(Debug, Clone)]
pub struct Job {
    /// Whose it is.
    pub owner: Owner,
    /// The execution's ARN.
    pub execution: String,
    /// What whoever began the execution gave along: see [`crate::Begin::origin`].
    pub origin: Option<Arc<str>>,
    /// `roleArn` of the machine as it was when the execution began. `None`: it has none.
    pub role_arn: Option<Arc<str>>,
    /// What it asks for. Its resource is without the suffix that says when it counts as done.
    pub task: Task,
    /// The same for all attempts of one visit of one state, after a restart too, and for nothing else anywhere: what
    /// outside systems can tell repetitions by.
    pub invocation_id: String,
    /// Cancelled when nobody waits for the answer any more: the work is to end soon, and to say what it has used.
    pub halt: CancellationToken,
}

/// What a job came to.
#[derive(Debug)]
pub struct Performed {
    /// Its result, or the error that Retry and Catch match.
    pub answer: Result<Arc<Value>, TaskFailed>,
    /// What it used, for whoever keeps the books, in their own words. Written with the step that takes the answer.
    pub usage: Option<String>,
}

/// A job on its way.
pub type Performing = Pin<Box<dyn Future<Output = Performed> + Send>>;

/// Does the work of tasks: components, requests to other hosts.
pub trait Work: Send + Sync + 'static {
    /// Does one job. Its future is dropped when the host stops, and when it goes on for a second after [`Job::halt`]. It may
    /// be asked for again after a crash, under the same invocation id and attempt.
    fn perform(&self, job: Job) -> Performing;
}
