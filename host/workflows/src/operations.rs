//! The operations of AWS Step Functions, by its names, members and errors.
//!
//! Source: the service model of Step Functions (2016-11-23). A body comes in as the JSON that an SDK sends, and its answer
//! goes out as the JSON that an SDK reads; how it was signed is not this room's matter.

mod activities;
mod aliases;
mod callbacks;
mod definitions;
mod executions;
mod histories;
mod lists;
mod machines;
mod map_runs;
mod redrive;
mod tags;
mod versions;

use std::sync::Arc;

use rusqlite::Connection;
use serde_json::Value;
use stepfunctions::{Arn, OperationError, check};
use store::WriteError;
use types::OrganisationId;

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

    /// Whether the ARN can name something of the caller's.
    fn may_own(&self, arn: &Arn) -> bool {
        arn.account == self.account && arn.region == self.region
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

/// What an operation answers that the file did not take.
pub(crate) fn unwritten(error: WriteError<Refusal>) -> OperationError {
    match error {
        WriteError::Refused(Refusal::Operation(error)) => error,
        WriteError::Full => OperationError::new("ServiceUnavailable", "The host is busy. Try again later."),
        error => {
            tracing::error!(?error, "an operation on workflows.db failed");
            let text = "The host could not write this down. Nothing is known to have happened.";
            OperationError::new("InternalFailure", text)
        }
    }
}

impl House {
    /// Writes for an operation.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        op: impl FnOnce(&Connection) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, OperationError> {
        self.store.write(op).await.map_err(unwritten)
    }

    /// Reads for an operation.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        op: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, OperationError> {
        self.store.read(op).await.map_err(|error| {
            tracing::error!(%error, "workflows.db could not be read");
            OperationError::new("InternalFailure", "The host could not look this up. Try again later.")
        })
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
        "GetExecutionHistory" => histories::events(house, caller, check::read(body)?).await,
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
