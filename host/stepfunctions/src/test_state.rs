//! One state tried out by itself: `TestState` of Step Functions' API. Pure: no task is done here. What the work of a state
//! comes to is said beforehand, by a mock.

mod check;
mod shape;
mod single;
mod wire;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use asl::{Around, Context, Diagnostic, Failure, Left, MachineKind, StateMachine, StateName, Visit};
use serde_json::Value;
use types::Timestamp;

use crate::definitions::invalid_definition;
use crate::error::OperationError;
use check::Checked;

pub use wire::{
    ErrorDetails, ErrorOutput, FieldValidationMode, InspectionData, InspectionLevel, Mock, StateConfiguration,
    TestState, TestStateOutput, TestStatus,
};

/// Why a state is not tried out.
#[derive(Debug, thiserror::Error)]
pub enum TestStateError {
    /// The definition is refused, with every finding.
    #[error("the definition is not correct: {} findings", .0.len())]
    InvalidDefinition(Vec<Diagnostic>),
    /// The input is not JSON.
    #[error("the input is not JSON: {0}")]
    InvalidExecutionInput(String),
    /// The request is not one that can be served; says why.
    #[error("{0}")]
    Validation(String),
}

impl TestStateError {
    /// The name of the exception in Step Functions' API.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::InvalidDefinition(_) => "InvalidDefinition",
            Self::InvalidExecutionInput(_) => "InvalidExecutionInput",
            Self::Validation(_) => "ValidationException",
        }
    }
}

impl From<TestStateError> for OperationError {
    fn from(error: TestStateError) -> Self {
        match error {
            TestStateError::InvalidDefinition(findings) => invalid_definition(&findings),
            other => Self::new(other.code(), other.to_string()),
        }
    }
}

fn refused<T>(why: impl Into<String>) -> Result<T, TestStateError> {
    Err(TestStateError::Validation(why.into()))
}

impl TestState {
    /// Tries the state out at `now`. What looks random follows from `seed`. A Wait is over at once, and nothing is tried
    /// again: a Retrier that takes a failure is the answer.
    ///
    /// # Errors
    ///
    /// [`TestStateError`]: the request cannot be served. A state that fails is an answer.
    pub fn run(&self, now: Timestamp, seed: u64) -> Result<TestStateOutput, TestStateError> {
        let text = self.input.as_deref().unwrap_or("{}");
        let input =
            serde_json::from_str(text).map_err(|error| TestStateError::InvalidExecutionInput(error.to_string()))?;
        let given = variables(self.variables.as_deref())?;
        let (machine, state) = match &self.state_name {
            Some(name) => whole(&self.definition, name)?,
            None => single::read(&self.definition, given.keys().map(|name| &**name))?,
        };
        let checked = self.check(&machine, &state)?;
        let around = Around {
            context: Context { seed, started_at: now, ..Context::default() },
            covered: checked.context.clone(),
            items: checked.items.clone(),
            variables: given,
            retries: checked.retries,
            now,
        };
        match Visit::before(&machine, &state, input, around) {
            Ok(visit) => self.pass_through(visit, checked),
            Err(failure) => Ok(Self::output(Left::Failed(failure), None)),
        }
    }

    fn pass_through(&self, mut visit: Visit, checked: Checked) -> Result<TestStateOutput, TestStateError> {
        let Checked { mut answer, failed, .. } = checked;
        let stages = visit.stages(match &answer {
            Some(Ok(result)) => Some(result),
            _ => None,
        });
        if let Some(failed) = &failed {
            let count = stages.after_items_path.as_ref().and_then(|items| items.as_array().map(Vec::len));
            if count.is_some_and(|count| failed.count > u64::try_from(count).unwrap_or(u64::MAX)) {
                return refused("'mapIterationFailureCount' is more than the Map has items.");
            }
            if failed.exceeds(count) {
                let cause = "More iterations have failed than are tolerated.";
                answer = Some(Err(Failure::of_task("States.ExceedToleratedFailureThreshold".into(), cause.to_owned())));
            }
        }
        let input = self.inspects().then(|| self.input.clone().unwrap_or_else(|| "{}".to_owned()));
        let left = visit.pass_through(answer);
        let data = input.map(|input| InspectionData {
            input: Some(input),
            variables: Some(visit.variables().to_string()),
            tolerated_failure_count: failed.as_ref().and_then(|failed| failed.tolerated_count),
            tolerated_failure_percentage: failed.as_ref().and_then(|failed| failed.tolerated_percentage),
            after_items_pointer: checked.pointed,
            error_details: details(&left),
            ..InspectionData::of(stages)
        });
        Ok(Self::output(left, data))
    }

    const fn inspects(&self) -> bool {
        !matches!(self.inspection_level, InspectionLevel::Info)
    }

    fn output(left: Left, inspection_data: Option<InspectionData>) -> TestStateOutput {
        let failed = |status, failure: Failure| TestStateOutput {
            error: failure.error.map(Cow::into_owned),
            cause: failure.cause,
            ..TestStateOutput::of(status)
        };
        let output = match left {
            Left::Well { next, output } => TestStateOutput {
                output: Some(output.to_string()),
                next_state: next.map(|next| next.to_string()),
                ..TestStateOutput::of(TestStatus::Succeeded)
            },
            Left::Retrying { failure, .. } => failed(TestStatus::Retriable, failure),
            Left::Caught { failure, next, output, .. } => TestStateOutput {
                output: Some(output.to_string()),
                next_state: Some(next.to_string()),
                ..failed(TestStatus::CaughtError, failure)
            },
            Left::Failed(failure) => failed(TestStatus::Failed, failure),
        };
        TestStateOutput { inspection_data, ..output }
    }
}

fn details(left: &Left) -> Option<ErrorDetails> {
    match left {
        Left::Retrying { retrier, delay, .. } => Some(ErrorDetails {
            retry_index: Some(*retrier),
            retry_backoff_interval_seconds: Some(delay.as_secs()),
            catch_index: None,
        }),
        Left::Caught { catcher, .. } => Some(ErrorDetails { catch_index: Some(*catcher), ..ErrorDetails::default() }),
        Left::Well { .. } | Left::Failed(_) => None,
    }
}

/// The state `name` of a whole definition.
fn whole(definition: &str, name: &str) -> Result<(Arc<StateMachine>, StateName), TestStateError> {
    let machine = StateMachine::read(definition, MachineKind::Standard).map_err(TestStateError::InvalidDefinition)?;
    match machine.state(name).map(|state| state.name().clone()) {
        Some(state) => Ok((Arc::new(machine), state)),
        None => refused(format!("The definition has no state '{name}'.")),
    }
}

/// `variables`: an object of names and values.
fn variables(text: Option<&str>) -> Result<BTreeMap<Arc<str>, Value>, TestStateError> {
    let Some(text) = text else { return Ok(BTreeMap::new()) };
    let Ok(Value::Object(members)) = serde_json::from_str(text) else {
        return refused("'variables' must be the JSON text of an object.");
    };
    if let Some(name) = members.keys().find(|name| !jsonpath::is_variable_name(name) || *name == "states") {
        return refused(format!("'{name}' is no name for a variable."));
    }
    Ok(members.into_iter().map(|(name, value)| (name.into(), value)).collect())
}
