//! The operations of AWS Step Functions, by its names, members and errors.
//!
//! Source: the service model of Step Functions (2016-11-23). A body comes in as the JSON that an SDK sends, and its answer
//! goes out as the JSON that an SDK reads; how it was signed is not this room's matter.

mod activities;
mod aliases;
mod callbacks;
mod check;
mod definitions;
mod executions;
mod histories;
mod listing;
mod lists;
mod machines;
mod map_runs;
mod redrive;
mod tags;
mod versions;

use std::sync::Arc;

use serde_json::{Map, Value};
use types::{OrganisationId, Timestamp};

use crate::Workflows;
use crate::standard::House;

/// Who asks, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Whose executions these are.
    pub organisation: OrganisationId,
    /// Its number in ARNs, 12 digits.
    pub account: String,
    /// The region that the request was signed for. Each region has its own machines, as at AWS.
    pub region: String,
    /// The id of the token or of the credential behind the request, or `host`: what acts of the audit chain name.
    pub actor: String,
}

impl Caller {
    /// The actor of what the host does by itself.
    pub const HOST: &str = "host";
}

/// An error by AWS's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {message}")]
pub struct OperationError {
    /// Its name, such as `StateMachineDoesNotExist`.
    pub name: &'static str,
    /// What to do, for people.
    pub message: String,
    /// Further members, such as `reason`.
    pub members: Map<String, Value>,
}

impl OperationError {
    pub(crate) fn new(name: &'static str, message: impl Into<String>) -> Self {
        Self { name, message: message.into(), members: Map::new() }
    }

    pub(crate) fn validation(message: impl Into<String>) -> Self {
        Self::new("ValidationException", message)
    }

    pub(crate) fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.members.insert(member.to_owned(), value.into());
        self
    }
}

/// Why an operation did not change the file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error(transparent)]
    Operation(#[from] OperationError),
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
}

impl From<store::WriteError<Refusal>> for OperationError {
    fn from(error: store::WriteError<Refusal>) -> Self {
        match error {
            store::WriteError::Refused(Refusal::Operation(error)) => error,
            store::WriteError::Full => Self::new("ServiceUnavailable", "The host is busy. Try again later."),
            error => {
                tracing::error!(?error, "an operation on workflows.db failed");
                Self::new("InternalFailure", "The host could not write this down. Nothing is known to have happened.")
            }
        }
    }
}

impl From<store::ReadError> for OperationError {
    fn from(error: store::ReadError) -> Self {
        tracing::error!(%error, "workflows.db could not be read");
        Self::new("InternalFailure", "The host could not look this up. Try again later.")
    }
}

pub(crate) use executions::{abort, fail_lost};
pub(crate) use machines::stop_all;
pub(crate) use redrive::until as redrivable_until;
pub(crate) use versions::resolve;

/// The operations that leave an act for the audit chain.
const ACTS: [&str; 15] = [
    "CreateStateMachine",
    "UpdateStateMachine",
    "DeleteStateMachine",
    "PublishStateMachineVersion",
    "DeleteStateMachineVersion",
    "CreateStateMachineAlias",
    "UpdateStateMachineAlias",
    "DeleteStateMachineAlias",
    "CreateActivity",
    "DeleteActivity",
    "TagResource",
    "UntagResource",
    "StopExecution",
    "RedriveExecution",
    "UpdateMapRun",
];

pub(crate) type Answered = Result<Value, OperationError>;

impl Workflows {
    /// Carries out one operation.
    ///
    /// # Errors
    ///
    /// [`OperationError`], with AWS's name for it.
    pub async fn call(&self, caller: &Caller, operation: &str, body: Value) -> Answered {
        let house = &self.0;
        if caller.region == crate::REGION && machines::CHANGES.contains(&operation) {
            let text = "The machines of the region local are those of releases: publish them.";
            return Err(OperationError::validation(text));
        }
        let answered = perform(house, caller, operation, body).await;
        if ACTS.contains(&operation) {
            house.used.notify_one();
        }
        answered
    }
}

async fn perform(house: &Arc<House>, caller: &Caller, operation: &str, body: Value) -> Answered {
    match operation {
        "CreateStateMachine" => machines::create(house, caller, check::read(body)?).await,
        "UpdateStateMachine" => machines::update(house, caller, check::read(body)?).await,
        "DescribeStateMachine" => machines::describe(house, caller, check::read(body)?).await,
        "DescribeStateMachineForExecution" => machines::of_execution(house, caller, check::read(body)?).await,
        "ListStateMachines" => machines::list(house, caller, check::read(body)?).await,
        "DeleteStateMachine" => machines::delete(house, caller, check::read(body)?).await,
        "ValidateStateMachineDefinition" => definitions::validate(check::read(body)?).await,
        "PublishStateMachineVersion" => versions::publish(house, caller, check::read(body)?).await,
        "ListStateMachineVersions" => versions::list(house, caller, check::read(body)?).await,
        "DeleteStateMachineVersion" => versions::delete(house, caller, check::read(body)?).await,
        "CreateStateMachineAlias" => aliases::create(house, caller, check::read(body)?).await,
        "UpdateStateMachineAlias" => aliases::update(house, caller, check::read(body)?).await,
        "DescribeStateMachineAlias" => aliases::describe(house, caller, check::read(body)?).await,
        "ListStateMachineAliases" => aliases::list(house, caller, check::read(body)?).await,
        "DeleteStateMachineAlias" => aliases::delete(house, caller, check::read(body)?).await,
        "StartExecution" => executions::start(house, caller, check::read(body)?).await,
        "StartSyncExecution" => executions::start_sync(house, caller, check::read(body)?).await,
        "DescribeExecution" => executions::describe(house, caller, check::read(body)?).await,
        "ListExecutions" => lists::list(house, caller, check::read(body)?).await,
        "StopExecution" => executions::stop(house, caller, check::read(body)?).await,
        "RedriveExecution" => redrive::redrive(house, caller, check::read(body)?).await,
        "DescribeMapRun" => map_runs::describe(house, caller, check::read(body)?).await,
        "ListMapRuns" => map_runs::list(house, caller, check::read(body)?).await,
        "UpdateMapRun" => map_runs::update(house, caller, check::read(body)?).await,
        "GetExecutionHistory" => histories::history(house, caller, check::read(body)?).await,
        "CreateActivity" => activities::create(house, caller, check::read(body)?).await,
        "DescribeActivity" => activities::describe(house, caller, check::read(body)?).await,
        "ListActivities" => activities::list(house, caller, check::read(body)?).await,
        "DeleteActivity" => activities::delete(house, caller, check::read(body)?).await,
        "GetActivityTask" => activities::take_up(house, caller, check::read(body)?).await,
        "SendTaskSuccess" => callbacks::success(house, caller, check::read(body)?).await,
        "SendTaskFailure" => callbacks::failure(house, caller, check::read(body)?).await,
        "SendTaskHeartbeat" => callbacks::heartbeat(house, caller, check::read(body)?).await,
        "TestState" => definitions::test_state(house, check::read(body)?).await,
        "TagResource" => tags::add(house, caller, check::read(body)?).await,
        "UntagResource" => tags::remove(house, caller, check::read(body)?).await,
        "ListTagsForResource" => tags::list(house, caller, check::read(body)?).await,
        _ => Err(OperationError::new("UnknownOperationException", format!("there is no operation {operation} here"))),
    }
}

/// A moment as SDKs read it: seconds since the epoch, with milliseconds.
pub(crate) fn seconds(at: Timestamp) -> Value {
    // Milliseconds of any moment that a clock shows have no more than 53 bits.
    #[expect(clippy::cast_precision_loss, reason = "below 2^53")]
    let millis = at.as_micros().div_euclid(1_000) as f64;
    Value::from(millis / 1_000.0)
}
