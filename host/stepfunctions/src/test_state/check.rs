//! Whether what is asked fits the state.

use std::sync::Arc;

use asl::{Failure, StateKind, StateMachine, StateName, StateView};
use serde_json::Value;

use super::wire::{FieldValidationMode, Mock, StateConfiguration};
use super::{TestState, TestStateError, refused, shape};

/// What is asked, once it fits.
pub(super) struct Checked {
    pub(super) answer: Option<Result<Value, Failure>>,
    pub(super) context: Option<Value>,
    pub(super) retries: u32,
    pub(super) failed: Option<Failed>,
    /// What the reader of a distributed Map gives.
    pub(super) items: Option<Arc<Value>>,
    pub(super) pointed: Option<String>,
}

/// How many iterations of a distributed Map have failed, and how many may.
pub(super) struct Failed {
    pub(super) count: u64,
    pub(super) tolerated_count: Option<u64>,
    pub(super) tolerated_percentage: Option<f64>,
}

impl Failed {
    /// Whether more have failed than are tolerated, of so many items.
    pub(super) fn exceeds(&self, items: Option<usize>) -> bool {
        let over_count = self.tolerated_count.map(|most| self.count > most);
        let over_share = self.tolerated_percentage.map(|most| {
            let share = |count: u64| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
            let items = items.and_then(|items| u64::try_from(items).ok()).unwrap_or(1).max(1);
            share(self.count) * 100.0 > most * share(items)
        });
        match (over_count, over_share) {
            (None, None) => self.count > 0,
            (count, share) => count == Some(true) || share == Some(true),
        }
    }
}

impl TestState {
    pub(super) fn check(&self, machine: &StateMachine, name: &StateName) -> Result<Checked, TestStateError> {
        let Some(state) = machine.state(name.as_str()) else { return refused("There is no such state.") };
        let has_work = matches!(state.kind(), StateKind::Task | StateKind::Parallel | StateKind::Map);
        let answer = match &self.mock {
            Some(_) if !has_work => {
                return refused("Only Task, Parallel and Map states take a 'mock': this one has no work.");
            }
            None if has_work => {
                let kind = state.kind().as_str();
                return refused(format!("A {kind} state needs a 'mock', which says what its work comes to."));
            }
            mock => mock.as_ref().map(|mock| mock.answer(state)).transpose()?,
        };
        if self.mock.is_none() && (self.context.is_some() || self.state_configuration != StateConfiguration::default())
        {
            return refused("'context' and 'stateConfiguration' go with a 'mock'.");
        }
        let context = self.context.as_deref().map(object).transpose()?;
        let (items, pointed) = self.read_items(state)?;
        let failed = self.failed(state)?;
        self.check_cause(machine, name)?;
        let retries = self.retries(state)?;
        Ok(Checked { answer, context, retries, failed, items, pointed })
    }

    fn retries(&self, state: StateView<'_>) -> Result<u32, TestStateError> {
        let Some(count) = self.state_configuration.retrier_retry_count else { return Ok(0) };
        if !state.has_retry() {
            return refused("'retrierRetryCount' goes with a state that has 'Retry'.");
        }
        if self.mock.as_ref().is_none_or(|mock| mock.error_output.is_none()) {
            return refused("'retrierRetryCount' goes with a mocked error.");
        }
        Ok(count)
    }

    /// `errorCausedByState`.
    fn check_cause(&self, machine: &StateMachine, tried: &StateName) -> Result<(), TestStateError> {
        let Some(name) = &self.state_configuration.error_caused_by_state else { return Ok(()) };
        if self.mock.as_ref().is_none_or(|mock| mock.error_output.is_none()) {
            return refused("'errorCausedByState' goes with a mocked error.");
        }
        let inside = machine.states().any(|state| {
            let mut around = std::iter::successors(state.parent(), |state| state.parent());
            state.name().as_str() == name && around.any(|outer| outer.name() == tried)
        });
        if inside {
            Ok(())
        } else {
            refused(format!("There is no state '{name}' inside of the one that is tried out."))
        }
    }

    /// `mapIterationFailureCount`, with what is tolerated.
    fn failed(&self, state: StateView<'_>) -> Result<Option<Failed>, TestStateError> {
        let asked = self.state_configuration.map_iteration_failure_count;
        if !state.is_distributed() {
            return match asked {
                None => Ok(None),
                Some(_) => refused("'mapIterationFailureCount' goes with a Map of the mode DISTRIBUTED."),
            };
        }
        let is_formula = state.field("ToleratedFailureCountPath").is_some()
            || state.field("ToleratedFailurePercentagePath").is_some()
            || [state.field("ToleratedFailureCount"), state.field("ToleratedFailurePercentage")]
                .into_iter()
                .flatten()
                .any(Value::is_string);
        if is_formula && asked.is_some() {
            return refused("'mapIterationFailureCount' goes with a tolerated number that is a constant.");
        }
        Ok(Some(Failed {
            count: asked.unwrap_or_default(),
            tolerated_count: state.field("ToleratedFailureCount").and_then(Value::as_u64),
            tolerated_percentage: state.field("ToleratedFailurePercentage").and_then(Value::as_f64),
        }))
    }

    /// `mapItemReaderData`, and what `ItemsPointer` finds in it.
    fn read_items(&self, state: StateView<'_>) -> Result<(Option<Arc<Value>>, Option<String>), TestStateError> {
        let (reader, text) = match (state.field("ItemReader"), &self.state_configuration.map_item_reader_data) {
            (None, None) => return Ok((None, None)),
            (None, Some(_)) => return refused("'mapItemReaderData' goes with a Map that has an 'ItemReader'."),
            (Some(_), None) => return refused("A Map with an 'ItemReader' needs 'mapItemReaderData'."),
            (Some(reader), Some(text)) => (reader, text),
        };
        let config = |name: &str| reader.get("ReaderConfig").and_then(|config| config.get(name)?.as_str());
        if config("InputType").is_some_and(|kind| kind != "JSON") {
            return refused("Of 'mapItemReaderData' only the 'InputType' JSON is read here.");
        }
        let Ok(data) = serde_json::from_str::<Value>(text) else {
            return refused("'mapItemReaderData' must be JSON.");
        };
        let Some(pointer) = config("ItemsPointer") else { return Ok((Some(Arc::new(data)), None)) };
        match data.pointer(pointer) {
            Some(found) => Ok((Some(Arc::new(found.clone())), Some(found.to_string()))),
            None => refused("'ItemsPointer' finds nothing in 'mapItemReaderData'."),
        }
    }
}

impl Mock {
    fn answer(&self, state: StateView<'_>) -> Result<Result<Value, Failure>, TestStateError> {
        match (&self.result, &self.error_output) {
            (Some(_), Some(_)) | (None, None) => refused("A 'mock' has either 'result' or 'errorOutput'."),
            (None, Some(_)) if self.field_validation_mode.is_some() => {
                refused("'fieldValidationMode' goes with a mocked result.")
            }
            (None, Some(failed)) => Ok(Err(Failure::of_task(failed.error.clone().into(), failed.cause.clone()))),
            (Some(text), None) => {
                let Ok(result) = serde_json::from_str(text) else {
                    return refused("The mocked 'result' must be the text of JSON.");
                };
                let mode = self.field_validation_mode.unwrap_or_default();
                if mode != FieldValidationMode::None {
                    shape::check(state, &result, mode).or_else(refused)?;
                }
                Ok(Ok(result))
            }
        }
    }
}

fn object(text: &str) -> Result<Value, TestStateError> {
    match serde_json::from_str(text) {
        Ok(Value::Object(members)) => Ok(Value::Object(members)),
        _ => refused("'context' must be the JSON text of an object."),
    }
}
