//! Errors of a run: facts that Retry and Catch may handle.

use std::borrow::Cow;

use serde_json::{Map, Value};

/// Longest error name, in characters; a longer one is cut.
const ERROR_MAX: usize = 256;
/// Longest cause, in characters; a longer one is cut.
const CAUSE_MAX: usize = 32_768;

pub(crate) const TASK_FAILED: &str = "States.TaskFailed";
pub(crate) const TIMEOUT: &str = "States.Timeout";
pub(crate) const HEARTBEAT_TIMEOUT: &str = "States.HeartbeatTimeout";
pub(crate) const RUNTIME: &str = "States.Runtime";
pub(crate) const DATA_LIMIT_EXCEEDED: &str = "States.DataLimitExceeded";
pub(crate) const RESULT_PATH_MATCH_FAILURE: &str = "States.ResultPathMatchFailure";
pub(crate) const INTRINSIC_FAILURE: &str = "States.IntrinsicFailure";
pub(crate) const QUERY_EVALUATION_ERROR: &str = "States.QueryEvaluationError";
pub(crate) const BRANCH_FAILED: &str = "States.BranchFailed";
pub(crate) const NO_CHOICE_MATCHED: &str = "States.NoChoiceMatched";

/// Whether `name` is one that the language itself defines.
pub(crate) fn is_reserved(name: &str) -> bool {
    const OTHERS: [&str; 6] = [
        "States.ALL",
        "States.ExceedToleratedFailureThreshold",
        "States.ItemReaderFailed",
        "States.ParameterPathFailure",
        "States.Permissions",
        "States.ResultWriterFailed",
    ];
    const RAISED: [&str; 10] = [
        TASK_FAILED,
        TIMEOUT,
        HEARTBEAT_TIMEOUT,
        RUNTIME,
        DATA_LIMIT_EXCEEDED,
        RESULT_PATH_MATCH_FAILURE,
        INTRINSIC_FAILURE,
        QUERY_EVALUATION_ERROR,
        BRANCH_FAILED,
        NO_CHOICE_MATCHED,
    ];
    OTHERS.contains(&name) || RAISED.contains(&name) || name.starts_with("States.Http.")
}

/// Why a state failed. Only a Fail state leaves out the name or the cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Its name, which Retry and Catch match.
    pub error: Option<Cow<'static, str>>,
    /// More about it, for people.
    pub cause: Option<String>,
}

impl Failure {
    pub(crate) const fn named(error: &'static str) -> Self {
        Self { error: Some(Cow::Borrowed(error)), cause: None }
    }

    pub(crate) fn because(error: &'static str, cause: impl Into<String>) -> Self {
        let cause = cut(Cow::Owned(cause.into()), CAUSE_MAX).into_owned();
        Self { error: Some(Cow::Borrowed(error)), cause: Some(cause) }
    }

    /// Bad data at run time: never retried, never caught.
    pub(crate) fn runtime(cause: impl Into<String>) -> Self {
        Self::because(RUNTIME, cause)
    }

    /// A document passes its limit.
    pub(crate) fn too_large() -> Self {
        jsonpath::Fault::TooLarge.into()
    }

    /// What a Fail state says; what is too long is cut.
    pub(crate) fn told(error: Option<String>, cause: Option<String>) -> Self {
        let error = error.map(|error| cut(Cow::Owned(error), ERROR_MAX));
        Self { error, cause: cause.map(|cause| cut(Cow::Owned(cause), CAUSE_MAX).into_owned()) }
    }

    /// What a task said. Without a name it is the general failure of a task; what is too long is cut.
    pub fn of_task(error: Cow<'static, str>, cause: String) -> Self {
        let error = if error.is_empty() { Cow::Borrowed(TASK_FAILED) } else { cut(error, ERROR_MAX) };
        Self { error: Some(error), cause: Some(cut(Cow::Owned(cause), CAUSE_MAX).into_owned()) }
    }

    /// Puts the name of the state before a cause that this library wrote itself.
    pub(crate) fn in_state(mut self, state: &str) -> Self {
        if let Some(cause) = &mut self.cause {
            cause.insert_str(0, &format!("An error occurred while executing the state '{state}'. "));
        }
        self
    }

    /// The document that a Catcher passes on.
    pub(crate) fn output(&self) -> Value {
        let mut output = Map::new();
        if let Some(error) = &self.error {
            output.insert("Error".to_owned(), Value::from(&**error));
        }
        if let Some(cause) = &self.cause {
            output.insert("Cause".to_owned(), Value::from(&**cause));
        }
        Value::Object(output)
    }
}

impl From<jsonpath::Fault> for Failure {
    fn from(fault: jsonpath::Fault) -> Self {
        use jsonpath::Fault;
        let error = match &fault {
            Fault::NotFound { .. } => RUNTIME,
            Fault::Intrinsic { .. } => INTRINSIC_FAILURE,
            Fault::TooLarge | Fault::TooMuch => DATA_LIMIT_EXCEEDED,
        };
        Self::because(error, fault.to_string())
    }
}

fn cut(text: Cow<'static, str>, characters: usize) -> Cow<'static, str> {
    if text.len() <= characters {
        return text;
    }
    match text.char_indices().nth(characters) {
        Some((end, _)) => Cow::Owned(text.get(..end).unwrap_or_default().to_owned()),
        None => text,
    }
}
