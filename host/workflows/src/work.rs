//! What the room asks others to do.

use std::pin::Pin;
use std::sync::Arc;

use express::{Task, TaskFailed};
use history::Attempt;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use types::{OrganisationId, Outcome, Timestamp};

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
    /// What it asks for. Its resource is without the suffix by which it waits for its token; that of a service's job keeps
    /// its own, `.sync`.
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
    /// By what a service knows the job that it has taken, of some hundred bytes: the answer is what it said to that, and
    /// its end is asked for with [`Work::ask`]. Counts for tasks that wait for a job alone. `None`: the answer is the end.
    pub job: Option<Value>,
    /// What it used, for whoever keeps the books, in their own words. Written with the step that takes the answer. `None`:
    /// such attempts are in no books.
    pub usage: Option<String>,
}

/// A job on its way.
pub type Performing = Pin<Box<dyn Future<Output = Performed> + Send>>;

/// A job that a service has taken, and that its task waits for.
#[derive(Debug, Clone)]
pub struct Submitted {
    /// Whose it is.
    pub owner: Owner,
    /// The execution's ARN.
    pub execution: String,
    /// As it was asked for, with the suffix `.sync`.
    pub resource: String,
    /// See [`Job::invocation_id`].
    pub invocation_id: String,
    /// See [`Performed::job`].
    pub handle: Value,
}

impl Submitted {
    /// The one that this attempt has started, of an execution by whose it is and its ARN.
    pub(crate) fn of((owner, execution): (&Owner, &str), attempt: &Attempt, handle: Value) -> Self {
        Self {
            owner: owner.clone(),
            execution: execution.to_owned(),
            resource: attempt.resource.clone(),
            invocation_id: format!("{execution}:{}", attempt.invocation),
            handle,
        }
    }
}

/// Where a job stands, as far as its service says.
#[derive(Debug)]
pub enum Standing {
    /// It goes on.
    Runs,
    /// It has ended with this result, or the error that Retry and Catch match.
    Ended(Result<Arc<Value>, TaskFailed>),
    /// The service did not say, for this reason. It is asked again, some times in a row.
    Unheard(TaskFailed),
    /// It does not say, and will not: the task fails with this.
    Lost(TaskFailed),
}

/// A question on its way.
pub type Asking = Pin<Box<dyn Future<Output = Standing> + Send>>;

/// A stop on its way. An error: the job may go on, and the same can be asked for again.
pub type Stopping = Pin<Box<dyn Future<Output = Result<(), TaskFailed>> + Send>>;

/// An attempt at a job that says nothing of itself: it was given up before it began, or was cut off by a crash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CutOff {
    /// The id of the organisation whose execution it was.
    pub organisation: OrganisationId,
    /// The execution's ARN.
    pub execution: String,
    /// See [`Task::resource`].
    pub resource: String,
    /// See [`Job::invocation_id`].
    pub invocation_id: String,
    /// See [`Task::attempt`].
    pub attempt: u32,
    /// When it was asked for.
    pub began: Timestamp,
    /// When nobody waited for it any more.
    pub ended: Timestamp,
    /// How it ended.
    pub outcome: Outcome,
}

impl CutOff {
    /// What is known of a job that is asked for now, should it be given up.
    pub fn of(job: &Job, now: Timestamp) -> Self {
        Self {
            organisation: job.owner.organisation,
            execution: job.execution.clone(),
            resource: job.task.resource.to_string(),
            invocation_id: job.invocation_id.clone(),
            attempt: job.task.attempt,
            began: now,
            ended: now,
            outcome: Outcome::Aborted,
        }
    }

    /// What is known of an attempt of an execution, by whose it is and its ARN, that nothing was heard of.
    pub(crate) fn unheard(
        attempt: &Attempt,
        (organisation, execution): (OrganisationId, &str),
        (ended, outcome): (Timestamp, Outcome),
    ) -> Self {
        Self {
            organisation,
            execution: execution.to_owned(),
            resource: attempt.resource.clone(),
            invocation_id: format!("{execution}:{}", attempt.invocation),
            attempt: attempt.number,
            began: attempt.began,
            ended,
            outcome,
        }
    }
}

/// Does the work of tasks: components, requests to other hosts.
pub trait Work: Send + Sync + 'static {
    /// Does one job. Its future is dropped when the host stops, and when it goes on for a second after [`Job::halt`]. It may
    /// be asked for again after a crash, under the same invocation id and attempt.
    fn perform(&self, job: Job) -> Performing;

    /// Asks where a job stands. Its future is dropped when nobody waits for the job any more.
    fn ask(&self, job: Submitted) -> Asking;

    /// Stops a job that nobody waits for any more. It may have ended.
    fn stop(&self, job: Submitted) -> Stopping;

    /// What the books are told of an attempt in place of [`Performed::usage`]. It must not wait. `None`: such attempts are
    /// in no books.
    fn cut_off(&self, attempt: &CutOff) -> Option<String>;
}
