//! What is asked and answered, member by member as in Step Functions' API: documents are texts of JSON.

use std::sync::Arc;

use asl::Stages;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A state to try out, and what is around it.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TestState {
    /// One state in JSON; or, with `stateName`, a whole definition in JSON or YAML.
    pub definition: String,
    /// Which state of the definition, in a branch or a Map too.
    pub state_name: Option<String>,
    /// `{}` without.
    pub input: Option<String>,
    /// Names and values.
    pub variables: Option<String>,
    /// What its work comes to.
    pub mock: Option<Mock>,
    /// Members of the context object, in place of those that follow from the request. Only with a mock.
    pub context: Option<String>,
    /// More about the visit. Only with a mock.
    #[serde(default)]
    pub state_configuration: StateConfiguration,
    /// How much is answered.
    #[serde(default)]
    pub inspection_level: InspectionLevel,
}

/// How much is answered beside the status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum InspectionLevel {
    /// The output, or the error.
    #[default]
    Info,
    /// What the document was at each stage, too.
    Debug,
    /// The same here: no request is made that could be shown.
    Trace,
}

/// What the work of a state comes to: exactly one of the two.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mock {
    /// The JSON text of its result.
    pub result: Option<String>,
    /// Its failure.
    pub error_output: Option<ErrorOutput>,
    /// How the result is held against what the resource answers.
    pub field_validation_mode: Option<FieldValidationMode>,
}

/// A failure.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct ErrorOutput {
    /// Its name; without, it is `States.TaskFailed`.
    #[serde(default)]
    pub error: String,
    /// More about it.
    #[serde(default)]
    pub cause: String,
}

/// How a mocked result is held against the shape that the resource's answers have, where that is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum FieldValidationMode {
    /// Every field that is always there must be there, and each must be of its type.
    #[default]
    Strict,
    /// Those that are there must be of their types.
    Present,
    /// Not at all.
    None,
}

/// More about the visit of the state.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StateConfiguration {
    /// How often the Retrier that takes the mocked error has been used.
    pub retrier_retry_count: Option<u32>,
    /// The state inside of a Parallel or Map that the mocked error comes from.
    pub error_caused_by_state: Option<String>,
    /// How many iterations of a distributed Map have failed.
    pub map_iteration_failure_count: Option<u64>,
    /// What the reader of a distributed Map has read: JSON.
    pub map_item_reader_data: Option<String>,
}

/// What the state came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TestStateOutput {
    /// How it was left.
    pub status: TestStatus,
    /// The JSON text of its output, if it was left for another state or for the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// The state that comes next, if any does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_state: Option<String>,
    /// The name of its failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// More about the failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// The stages on the way; only where they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inspection_data: Option<InspectionData>,
}

/// How a state was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TestStatus {
    /// Well.
    Succeeded,
    /// With a failure that nothing takes.
    Failed,
    /// With a failure after which it is tried again.
    Retriable,
    /// With a failure that a Catcher takes.
    CaughtError,
}

/// What the document was at each stage: texts of JSON. A stage that the state does not have, or did not reach, is absent.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InspectionData {
    /// The raw input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    /// After `InputPath`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_input_path: Option<String>,
    /// After `Parameters`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_parameters: Option<String>,
    /// After `Arguments`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_arguments: Option<String>,
    /// The items of a Map.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_items_path: Option<String>,
    /// What `ItemsPointer` finds in what was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_items_pointer: Option<String>,
    /// The inputs of all iterations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_item_selector: Option<String>,
    /// The result of the work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// After `ResultSelector`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_result_selector: Option<String>,
    /// After `ResultPath`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_result_path: Option<String>,
    /// The variables when the state was left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variables: Option<String>,
    /// `MaxConcurrency` of a Map; 0 is no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_concurrency: Option<u32>,
    /// `ToleratedFailureCount` of a distributed Map.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tolerated_failure_count: Option<u64>,
    /// `ToleratedFailurePercentage` of a distributed Map.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tolerated_failure_percentage: Option<f64>,
    /// Which Retrier or Catcher takes the failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_details: Option<ErrorDetails>,
}

/// Which Retrier or Catcher takes the failure, from 0.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorDetails {
    /// The Catcher.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub catch_index: Option<usize>,
    /// The Retrier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_index: Option<usize>,
    /// When the next try would come; a part of a second is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_backoff_interval_seconds: Option<u64>,
}

impl TestStateOutput {
    pub(super) const fn of(status: TestStatus) -> Self {
        Self { status, output: None, next_state: None, error: None, cause: None, inspection_data: None }
    }
}

impl InspectionData {
    pub(super) fn of(stages: Stages) -> Self {
        let text = |value: Option<Arc<Value>>| value.map(|value| value.to_string());
        Self {
            after_input_path: text(stages.after_input_path),
            after_parameters: text(stages.after_parameters),
            after_arguments: text(stages.after_arguments),
            after_items_path: text(stages.after_items_path),
            after_item_selector: stages.after_item_selector.map(|value| value.to_string()),
            result: text(stages.result),
            after_result_selector: text(stages.after_result_selector),
            after_result_path: text(stages.after_result_path),
            max_concurrency: stages.max_concurrency,
            ..Self::default()
        }
    }
}
