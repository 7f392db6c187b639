//! What the states of workflows went through.

use serde_json::Value;
use types::CallId;

use crate::At;

/// How a call's workflow ended.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Run {
    /// The call.
    pub call: CallId,
    /// When the workflow began.
    pub at: At,
    /// How long it took.
    pub total_us: u64,
    /// What the call came to, as in `GET /v1/calls`.
    pub outcome: String,
    /// The error that it failed with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// `GET /v1/calls/{call}/trace`.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct CallTrace {
    /// The call.
    pub call: CallId,
    /// How its workflow ended. Absent: it runs none, or its run was not kept, or is no longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<Run>,
    /// Visits of states, in the order in which they began.
    pub states: Vec<StateVisit>,
}

/// One visit of a state.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct StateVisit {
    /// The state's name.
    pub state: String,
    /// 0 for the machine itself; each branch of a Parallel and each iteration of a Map has a number of its own.
    pub branch: u64,
    /// When it was entered.
    pub at: At,
    /// How long it took. Absent: the run ended before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_us: Option<u64>,
    /// Attempts that failed.
    pub failures: u32,
    /// Fuel that its components have used.
    pub fuel: u64,
    /// Its raw input. The beginning of a large one, as a text that ends with `…`.
    pub input: Value,
    /// What it was left with, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Value>,
    /// The name of its last error. A state that was left all the same was tried again, or its error was caught.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// More of that error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
}
