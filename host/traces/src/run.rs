//! What the states of a call's workflow went through.

use serde_json::Value;
use types::{ApiId, CallId, Timestamp};

/// One visit of a state.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct StateTrace {
    /// Its name.
    pub state: String,
    /// The machine itself is 0; each branch of a Parallel and each iteration of a Map has a number of its own.
    pub frame: u64,
    /// When it was entered.
    pub entered_us: i64,
    /// How long it took. `None`: the run ended before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub took_us: Option<u64>,
    /// Attempts that failed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub failures: u32,
    /// Fuel that the components of its attempts have used.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub fuel: u64,
    /// Its raw input. The beginning of a large one, as a text that ends with `…`.
    pub input: Value,
    /// What it was left with, likewise. `None`: it was not left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Value>,
    /// The name of its last error. One that was left all the same was tried again with success, or caught.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// More of that error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
}

fn is_zero<N: Default + PartialEq>(number: &N) -> bool {
    *number == N::default()
}

/// How a call's workflow ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunSummary {
    /// Its place among all of them: a reader asks for those before the last one that it has seen.
    pub seq: i64,
    /// The call.
    pub call: CallId,
    /// The API that was called.
    pub api: ApiId,
    /// When it began.
    pub started: Timestamp,
    /// How long it took.
    pub took_us: u64,
    /// What the call came to, as its row says.
    pub outcome: String,
    /// The error that it failed with.
    pub error: Option<String>,
}

/// A call's workflow, on its way to the file.
#[derive(Debug, Clone)]
pub struct NewRun {
    /// The call.
    pub call: CallId,
    /// The API that was called.
    pub api: ApiId,
    /// When it began.
    pub started: Timestamp,
    /// How long it took.
    pub took_us: u64,
    /// What the call came to.
    pub outcome: String,
    /// The error that it failed with.
    pub error: Option<String>,
    /// What its states went through, in the order in which they were entered. Whoever hands it over has bounded it.
    pub states: Vec<StateTrace>,
}

/// The same, with its states as they lie in the file.
#[derive(Debug)]
pub(crate) struct PendingRun {
    pub(crate) run: NewRun,
    pub(crate) states: String,
}

impl PendingRun {
    /// `None`: the states cannot be written down, which only a map with keys that are no texts could cause.
    pub(crate) fn of(run: NewRun) -> Option<Self> {
        let states = serde_json::to_string(&run.states).ok()?;
        Some(Self { run: NewRun { states: Vec::new(), ..run }, states })
    }
}

/// A run that was kept.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptRun {
    /// How it ended.
    pub summary: RunSummary,
    /// What its states went through.
    pub states: Vec<StateTrace>,
}
